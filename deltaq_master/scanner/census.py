"""Who was heard on a bus, and by what: from frames alone, live or from a log; pure.

Services are told by the COB-IDs of the pre-defined connection set (CiA 301). Heartbeat, EMCY and SDO answers are a
node's own; a PDO may have been given any COB-ID, so it is only likely to be from the node that its number names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from deltaq_master.protocol.emcy import Emergency, meaning
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import NmtState, heartbeat_state
from deltaq_master.protocol.services import Service
from deltaq_master.protocol.traffic import ServiceDecoder
from deltaq_master.scanner.answers import Answers
from deltaq_master.scanner.heartbeats import Heartbeats
from deltaq_master.units import quantity

OWN: Final = (Service.HEARTBEAT, Service.EMCY, Service.SDO_ANSWER, Service.TPDO)
"""What a node sends; the other services with a node-ID are addressed to it."""
ALL_NODES: Final = 0
GUARDING: Final = "node guarding"
"""Remote frames that ask a node for its state: its answers look like heartbeats."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one node-ID."""

    node_id: int
    sent: dict[str, int] = quantity("", "frames by service that it sent: 'heartbeat', 'TPDO1'")
    received: dict[str, int] = quantity("", "frames by service that others sent to it")
    state: NmtState | None = quantity("", "NMT state that it reported last; None if it reported none")
    period: float | None = quantity("s", "time between two heartbeats; None with fewer than two")
    boots: int = quantity("", "boot-up messages")
    emergencies: tuple[str, ...] = quantity("", "emergency messages in words, each once")
    doubts: tuple[str, ...] = quantity("", "why two devices may have this node-ID")

    @property
    def certain(self) -> bool:
        """True if it sent something that only this node sends: anything but a PDO."""
        return any(not service.startswith(Service.TPDO) for service in self.sent)


@dataclass(frozen=True, slots=True)
class Foreign:
    """What no node-ID could be read from."""

    extended: int = quantity("", "frames with 29-bit identifiers", default=0)
    remote: int = quantity("", "remote frames", default=0)
    error: int = quantity("", "error frames", default=0)
    fd: int = quantity("", "CAN FD frames", default=0)
    other: int = quantity("", "frames on identifiers that no service of CANopen has", default=0)
    broadcasts: dict[str, int] = quantity(
        "", "CANopen for all nodes: NMT, SYNC, TIME, LSS", default_factory=dict
    )

    @property
    def strange(self) -> int:
        """Frames that are not CANopen of this kind."""
        return self.extended + self.remote + self.error + self.fd + self.other


class Census:
    """Counts frames by who sent them; `heard` answers at any time."""

    def __init__(self) -> None:
        self.frames = 0
        """Frames of others so far."""
        self._decoder = ServiceDecoder()
        self._nodes: dict[int, _Tally] = {}
        self._strange: Counter[str] = Counter()
        self._broadcasts: Counter[str] = Counter()

    def take(self, frame: Frame) -> None:
        """Take a frame; frames of ours count for nothing, but their answers are matched to them."""
        self.frames += not frame.sent
        kind = _kind(frame)
        decoded = self._decoder.decode(frame)
        if kind == "remote" and decoded.node_id:
            self._tally(decoded.node_id).received[GUARDING] += not frame.sent
            return
        if kind:
            self._strange[kind] += 1
            return
        if decoded.service is Service.NMT:
            self._commanded(decoded.node_id)
        if decoded.node_id:
            self._tally(decoded.node_id).take(decoded.service, decoded.title, frame)
        elif decoded.service is Service.OTHER:
            self._strange["other"] += 1
        elif not frame.sent:
            self._broadcasts[decoded.title] += 1

    @property
    def nodes(self) -> int:
        """How many node-IDs have sent something."""
        return sum(bool(tally.sent) for tally in self._nodes.values())

    @property
    def heard(self) -> tuple[Heard, ...]:
        """Everybody who sent something or was spoken to by others, by node-ID."""
        tallies = sorted(self._nodes.items())
        return tuple(tally.summary(node_id) for node_id, tally in tallies if tally.sent or tally.received)

    @property
    def foreign(self) -> Foreign:
        """What belongs to no node."""
        return Foreign(**self._strange, broadcasts=dict(self._broadcasts))

    def _tally(self, node_id: int) -> _Tally:
        return self._nodes.setdefault(node_id, _Tally())

    def _commanded(self, node_id: int | None) -> None:
        if node_id == ALL_NODES:
            for tally in self._nodes.values():
                tally.heartbeats.commanded()
        elif node_id is not None:
            self._tally(node_id).heartbeats.commanded()


class _Tally:
    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.heartbeats = Heartbeats()
        self._answers = Answers()
        self._emergencies: dict[str, None] = {}

    def take(self, service: Service, title: str, frame: Frame) -> None:
        if service is Service.SDO_REQUEST:
            self._answers.request(frame)
        elif service is Service.SDO_ANSWER:
            self._answers.answer(frame)
        elif service is Service.EMCY:
            self._emergencies[_words(Emergency.parse(frame.data))] = None
        elif service is Service.HEARTBEAT:
            state = heartbeat_state(frame.data)
            if state is not None:
                self.heartbeats.heard(state, frame.time)
        if service in OWN:
            self.sent[title] += 1
        elif not frame.sent:
            self.received[title] += 1

    def summary(self, node_id: int) -> Heard:
        beats = self.heartbeats
        doubts = (*beats.doubts(), *filter(None, (self._answers.doubt,)))
        return Heard(
            node_id,
            dict(self.sent),
            dict(self.received),
            beats.state,
            beats.period,
            beats.boots,
            tuple(self._emergencies),
            doubts,
        )


def _kind(frame: Frame) -> str:
    """The field of `Foreign` that counts this frame, '' for an 11-bit data frame of classic CAN."""
    for kind in ("error", "extended", "fd", "remote"):
        if getattr(frame, kind):
            return kind
    return ""


def _words(emergency: Emergency) -> str:
    if emergency.code is None:
        return "shorter than its error code"
    more = f", manufacturer's data {emergency.data.hex(' ').upper()}" if any(emergency.data) else ""
    return f"{emergency.code:04X}h {meaning(emergency.code)}{more}"
