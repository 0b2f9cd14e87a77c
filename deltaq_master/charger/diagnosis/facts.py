"""Everything that is known at one time, and the questions that the preconditions ask of it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis.asking import Asked, quantity_of, value_of
from deltaq_master.charger.diagnosis.chronicle import Chronicle
from deltaq_master.charger.diagnosis.findings import Evidence
from deltaq_master.charger.diagnosis.known import KnownObjects, KnownPdo, Seen
from deltaq_master.charger.diagnosis.streams import Stream
from deltaq_master.charger.limits import hardware_limits
from deltaq_master.charger.plan import RPDO_TIMEOUT, Accepted
from deltaq_master.charger.startup import CONSUMERS, MAX_CONSUMERS
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.emcy import EMCY_BASE, Emergency
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState
from deltaq_master.protocol.sdo_frames import ANSWER_BASE

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

HEARD_WITHIN: Final = 2.5
"""Silence [s] after which the charger counts as gone: it says something every second."""
TPDO_FRESH: Final = 2.5
"""Age [s] up to which a TPDO tells the present."""
READ_FRESH: Final = 15.0
"""Age [s] up to which an SDO read tells the present: a diagnosis by many reads takes some seconds."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a diagnosis is about.

    `dictionary` is the charger's EDS for its node-ID; its HighLimits are the hardware's limits.
    """

    dictionary: Dictionary
    master_id: int = 1
    """Node-ID of the master that is expected."""
    accepted: Accepted = Accepted()


class Raised(NamedTuple):
    """An emergency that was not reset."""

    emergency: Emergency
    time: float
    frame: str


class NmtSeen(NamedTuple):
    """An NMT state as it was seen last."""

    state: NmtState
    time: float
    source: str
    frame: str


class BusErrors:
    """Error frames of the CAN controller, and losses of the bus."""

    def __init__(self) -> None:
        self.count = 0
        self.time = -math.inf
        self.identifier = 0
        """Error class of the last one, where the driver tells it as SocketCAN does."""
        self.unacknowledged = 0
        """Error frames that said: nobody acknowledged."""
        self.problem = ""
        """How the bus was lost, '' while it was not."""
        self.lost = -math.inf


class Facts:
    """What was observed; filled by `Diagnosis`, asked by the preconditions."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.dictionary = subject.dictionary
        self.node_id = subject.dictionary.node_id
        self.limits = hardware_limits(subject.dictionary)
        self.begun: float | None = None
        self.now = -math.inf
        self.errors = BusErrors()
        self.unusual = 0
        """29-bit, remote and FD frames, which say nothing here."""
        self.streams: dict[int, Stream] = {}
        self.known = KnownObjects(subject.dictionary)
        self.chronicle = Chronicle()
        self.asked = Asked(self.chronicle)
        self.nmt: NmtSeen | None = None
        self.operational_since = -math.inf
        """Since when it is operational [s]; -inf: from before the first frame, inf: it is not."""
        self.heartbeat_since = -math.inf
        """Since when the master's heartbeat is there [s]; -inf: from before the first frame, or never."""
        self.watched_ms: dict[int, int] = {}
        """Nodes whose heartbeat the charger wants, and within what time [ms] (1016h)."""
        self.watched_read: Seen | None = None
        """The read that this is from, None where it is the EDS's default."""
        self.consumers_changed()
        self.not_operational_seen = False
        """True if it was seen in another NMT state, so that its start was seen too."""
        self.raised: dict[tuple[int | None, int | None], Raised] = {}
        self.error_reset: tuple[float, str] | None = None
        """When errors were reset last, and the frame."""
        self.status: ChargerStatus | None = None
        """The latest 2006h, whatever its age."""
        self.turned = -math.inf
        """When the charger's NMT state or the master's heartbeat changed last [s]."""
        self.ran = False
        """True if it was seen operational since its last boot-up."""
        self.unasked_answers = 0
        """SDO answers of the charger that no request came before: two devices with one node-ID give such."""
        self.refusals: deque[tuple[float, Address, int, str]] = deque(maxlen=8)
        """The last writes that the charger refused: time, object, abort code, frame."""
        self.wrong_lengths: dict[int, tuple[float, str]] = {}
        """The last frame of an RPDO that had another length than its mapping: time and frame, by COB-ID."""

    # --- time ---------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """How long it was listened [s]."""
        return 0.0 if self.begun is None else self.now - self.begun

    @property
    def frames(self) -> int:
        """Frames of every kind."""
        return sum(each.count for each in self.streams.values()) + self.unusual + self.errors.count

    @property
    def received(self) -> int:
        """Sound frames of somebody else."""
        return sum(each.count - each.sent_count for each in self.streams.values())

    def stream(self, cob_id: int) -> Stream | None:
        """The frames of a COB-ID, None if none came."""
        found = self.streams.get(cob_id)
        return found if found is not None and found.count else None

    # --- who is there -------------------------------------------------------------------------------------

    @property
    def own_cob_ids(self) -> tuple[int, ...]:
        """What only the charger sends."""
        services = (HEARTBEAT_BASE, EMCY_BASE, ANSWER_BASE)
        return (*(base + self.node_id for base in services), *self.known.tpdos)

    def heard(self) -> Stream | None:
        """The stream by which the charger was heard last, None if it never was."""
        streams = (self.stream(cob_id) for cob_id in self.own_cob_ids)
        found = [stream for stream in streams if stream is not None and stream.received > -math.inf]
        return max(found, key=lambda stream: stream.received, default=None)

    @property
    def others(self) -> tuple[int, ...]:
        """Node-IDs besides the charger's whose heartbeat was heard."""
        nodes = (cob_id - HEARTBEAT_BASE for cob_id in sorted(self.streams) if 0x701 <= cob_id <= 0x77F)
        return tuple(node for node in nodes if node != self.node_id and self.stream(HEARTBEAT_BASE + node))

    @property
    def filtered(self) -> bool:
        """True if the log seems to lack frames: an operational charger sends PDOs, and none came.

        What is missing in such a log proves nothing.
        """
        nmt = self.nmt
        if nmt is None or nmt.state is not NmtState.OPERATIONAL or nmt.source != "heartbeat":
            return False
        return not any(self.stream(cob_id) for cob_id in self.known.tpdos)

    # --- the master ---------------------------------------------------------------------------------------

    def consumers_changed(self) -> None:
        """An entry of 1016h was read or written: whom does the charger watch?"""
        self.watched_ms = {}
        entries = (self.dictionary.get(Address(CONSUMERS.index, sub)) for sub in range(1, MAX_CONSUMERS + 1))
        for entry in filter(None, entries):
            seen = self.known.number(entry.address)
            self.watched_read = seen or self.watched_read
            raw = seen.raw if seen else entry.default
            if isinstance(raw, int) and raw & 0xFFFF:
                self.watched_ms.setdefault(raw >> 16 & 0x7F, raw & 0xFFFF)

    @property
    def operational(self) -> bool | None:
        """Whether the charger takes RPDOs, None while that is not known."""
        return None if self.nmt is None else self.nmt.state is NmtState.OPERATIONAL

    def taken(self, time: float) -> bool:
        """Whether the charger took a command of this time, in the benefit of the doubt: [C] for its NMT state.

        That an RPDO needs the heartbeat as a write does is inferred [I].
        """
        if time < self.operational_since or time < self.heartbeat_since:
            return False
        last, limit = self.last_heartbeat()
        # Before any heartbeat the time since the first frame counts: one may have come just before it.
        since = self.begun if last is None else last.time
        return since is None or time - since <= limit

    def last_heartbeat(self) -> tuple[Stream | None, float]:
        """The latest heartbeat that the charger watches, and within what time [s] it wants the next."""
        found = [
            (stream, limit / 1000)
            for node, limit in self.watched_ms.items()
            if (stream := self.stream(HEARTBEAT_BASE + node)) is not None
        ]
        longest = max(self.watched_ms.values(), default=0) / 1000
        return max(found, key=lambda each: each[0].time, default=(None, longest))

    def command_pdos(self) -> tuple[tuple[Stream, KnownPdo], ...]:
        """The RPDOs that carry a command object and came, the one with 6000h first."""
        found = []
        for cob_id, pdo in self.known.rpdos.items():
            stream = self.stream(cob_id)
            addresses = {slot.address for slot in pdo.record.mapping.slots}
            if stream is not None and addresses & objects.COMMANDS:
                found.append((objects.BATTERY_STATUS not in addresses, cob_id, stream, pdo))
        return tuple((stream, pdo) for _, _, stream, pdo in sorted(found, key=lambda each: each[:2]))

    def rpdo_limit(self, pdo: KnownPdo) -> tuple[float, Seen | None]:
        """The longest gap [s] between two RPDOs that the charger bears; and the read it is from."""
        seen = self.known.number(Address(pdo.record.communication_index, 5))
        return (seen.raw / 1000, seen) if seen is not None and seen.raw else (RPDO_TIMEOUT, None)

    # --- what the charger reports -------------------------------------------------------------------------

    def reported(self, *addresses: Address) -> tuple[Address, Seen] | None:
        """The freshest value of an object under its names, None for none that tells the present."""
        found = [
            (address, seen) for address in addresses for seen in self._reports(address) if self.fresh(seen)
        ]
        return max(found, key=lambda each: each[1].time, default=None)

    def _reports(self, address: Address) -> list[Seen]:
        found = []
        read = self.known.number(address)
        # A write of ours is no report.
        if read is not None and read.source == "SDO read":
            found.append(read)
        for cob_id, pdo in self.known.tpdos.items():
            stream, slot = self.stream(cob_id), pdo.place(address)
            if stream is None or slot is None or stream.data is None:
                continue
            if len(stream.data) == pdo.record.mapping.length:
                raw = int.from_bytes(stream.data, "little") >> slot.offset & (1 << slot.bits) - 1
                found.append(Seen(raw, stream.time, pdo.record.name, stream.frame()))
        return found

    def fresh(self, seen: Seen) -> bool:
        """True if a value tells the present."""
        age = self.now - seen.time
        if seen.by_sdo:
            # What was read before the state of the charger or its master changed is of another time.
            return age <= READ_FRESH and seen.time >= self.turned
        return age <= TPDO_FRESH and self.operational is not False and seen.time >= self.operational_since

    def present_status(self) -> tuple[ChargerStatus, Seen] | None:
        """2006h, if it tells the present."""
        found = self.reported(objects.STATUS)
        return None if found is None else (ChargerStatus.of(found[1].raw & 0xFFFF), found[1])

    @property
    def charging(self) -> bool:
        """True if the charger says now that it charges."""
        found = self.present_status()
        return found is not None and found[0].charging

    def value(self, address: Address, seen: Seen) -> float | None:
        """The value of an object in its unit, None for none or an unknown object."""
        entry = self.dictionary.get(address)
        return None if entry is None else value_of(entry, seen.raw)

    def battery_voltage(self) -> tuple[float, Evidence] | None:
        """The battery voltage [V] that the charger measures."""
        found = self.reported(*objects.VOLTAGES)
        volts = None if found is None else self.value(*found)
        if found is None or volts is None:
            return None
        return volts, self.evidence(f"the charger measures {volts:.2f} V", found[1])

    # --- evidence -----------------------------------------------------------------------------------------

    def evidence(self, text: str, seen: Seen) -> Evidence:
        """A value as evidence."""
        return Evidence(text, seen.time, seen.source, seen.frame)

    def shown(self, address: Address, seen: Seen) -> str:
        """A value for people: '82.0 V'."""
        entry = self.dictionary.get(address)
        return f"{seen.raw}" if entry is None else quantity_of(entry, seen.raw)
