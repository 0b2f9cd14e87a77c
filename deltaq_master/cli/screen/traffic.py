"""What frames alone tell of a bus: the heartbeat of each node, and an estimate of the load."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deltaq_master.protocol.nmt import HEARTBEAT_BASE, heartbeat_state
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.protocol.events import Frame

WINDOW: Final = 5
"""Seconds over which the load is taken."""
OVERHEAD: Final = 47
"""Bits of an 11-bit data frame besides its data, with the pause after it (ISO 11898-1)."""
OVERHEAD_EXTENDED: Final = 67
STUFFABLE: Final = 34
"""Bits of an 11-bit data frame besides its data that bit stuffing may lengthen."""
STUFFABLE_EXTENDED: Final = 54
ERROR_BITS: Final = 20
"""An error frame, about."""
LATE: Final = 2.5
"""A heartbeat that is out for so many of its periods is late."""
SHORTEST: Final = 0.25
"""No heartbeat is called late before so many seconds."""
UNKNOWN_PERIOD: Final = 2.5
"""When a heartbeat that came once is late [s]: most devices send theirs every second or faster."""


def bits_of(frame: Frame) -> float:
    """How long a frame keeps the bus busy [bits], with half of the stuff bits that it may have at most."""
    if frame.error:
        return ERROR_BITS
    overhead = OVERHEAD_EXTENDED if frame.extended else OVERHEAD
    stuffable = STUFFABLE_EXTENDED if frame.extended else STUFFABLE
    data = 8 * len(frame.data)
    return overhead + data + (stuffable + data - 1) // 4 / 2


@dataclass(frozen=True, slots=True)
class NodeHeard:
    """A node by its heartbeat."""

    node_id: int
    state: str
    """Its NMT state in words; '' for a heartbeat that says none."""
    ours: bool
    """True for a heartbeat that we send."""
    age: float = quantity("s", "since its last heartbeat")
    late: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the bus is, estimated."""

    share: float = quantity("%", "of the bit rate, over the last seconds")
    frames: float = quantity("1/s", "frames")


class _Heartbeat:
    __slots__ = ("ours", "period", "state", "time")

    def __init__(self) -> None:
        self.state = ""
        self.ours = False
        self.time: float | None = None
        self.period: float | None = None


class Traffic:
    """Counts frames; memory is bounded by the 127 nodes and a few seconds."""

    def __init__(self, bitrate: int) -> None:
        """`bitrate` [bit/s] is what the load is a share of."""
        self._bitrate = bitrate
        self._heartbeats: dict[int, _Heartbeat] = {}
        self._seconds: deque[tuple[int, float, int]] = deque(maxlen=WINDOW + 1)
        self.frames = 0
        self.errors = 0
        """Error frames."""

    def take(self, frame: Frame) -> None:
        """Take a frame, received or sent."""
        self.frames += 1
        self.errors += frame.error
        second, bits, count = int(frame.time), bits_of(frame), 1
        if self._seconds and self._seconds[-1][0] == second:
            _, before, frames = self._seconds.pop()
            bits, count = bits + before, frames + 1
        self._seconds.append((second, bits, count))
        if frame.plain and HEARTBEAT_BASE < frame.cob_id <= HEARTBEAT_BASE + 127:
            self._heard(frame)

    def _heard(self, frame: Frame) -> None:
        found = self._heartbeats.setdefault(frame.cob_id - HEARTBEAT_BASE, _Heartbeat())
        state = heartbeat_state(frame.data)
        found.state = "" if state is None else state.word
        found.ours = frame.sent
        if found.time is not None:
            # The slower of the last two rhythms: one heartbeat more, at a change of state, is no new rhythm.
            found.period = max(frame.time - found.time, 0.9 * (found.period or 0.0))
        found.time = frame.time

    def nodes(self, now: float) -> tuple[NodeHeard, ...]:
        """Every node whose heartbeat was heard, by its node-ID."""
        found = []
        for node_id, each in sorted(self._heartbeats.items()):
            age = max(0.0, now - (each.time or 0.0))
            limit = UNKNOWN_PERIOD if each.period is None else max(SHORTEST, LATE * each.period)
            found.append(NodeHeard(node_id, each.state, each.ours, age, age > limit))
        return tuple(found)

    def load(self, now: float) -> Load | None:
        """The load over the last whole seconds, None in the first one; times are counted from the beginning."""
        last = int(now)
        seconds = min(WINDOW, last)
        if seconds < 1:
            return None
        counted = [each for each in self._seconds if last - seconds <= each[0] < last]
        bits, frames = sum(each[1] for each in counted), sum(each[2] for each in counted)
        return Load(100 * bits / (seconds * self._bitrate), frames / seconds)
