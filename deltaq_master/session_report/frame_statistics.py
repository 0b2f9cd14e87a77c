"""What can be counted of the frames of a log: how many, in which rhythm, with which gaps, and the load of the bus."""

from __future__ import annotations

import itertools
import statistics
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from deltaq_master.protocol.events import Frame
from deltaq_master.session_report.frame_bits import frame_bits
from deltaq_master.units import quantity

LATE: Final = 2.0
"""A gap over so many periods is a late frame, or a lost one."""
FEWEST: Final = 3
"""Frames that a rhythm takes."""
BITRATES: Final = (125_000, 250_000, 500_000, 1_000_000)
"""Usual bit rates, for a log that does not say its own."""
WINDOW: Final = 1.0
"""Over how long [s] the peak of the load is taken."""


@dataclass(frozen=True, slots=True)
class StreamStatistics:
    """The frames of one identifier."""

    cob_id: int
    extended: bool
    title: str
    """What they are: `node 10 TPDO1`."""
    count: int
    sent: int
    """How many of them were ours."""
    first: float = quantity("s", "time of the first")
    last: float = quantity("s", "time of the last")
    period: float | None = quantity("s", "median of the gaps, None below three frames", default=None)
    jitter: float | None = quantity("s", "standard deviation of the gaps", default=None)
    shortest: float | None = quantity("s", "shortest gap", default=None)
    longest: float | None = quantity("s", "longest gap", default=None)
    longest_at: float | None = quantity("s", "when the longest gap began", default=None)
    late: int = 0
    """Gaps of over two periods."""
    bits: int = 0
    """What they took of the bus, stuff bits and intermission included; 0 for FD frames."""

    @property
    def identifier(self) -> str:
        """`18Ah`, eight digits where it has 29 bits."""
        return f"{self.cob_id:0{8 if self.extended else 3}X}h"


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the bus was."""

    bits: int
    seconds: float = quantity("s", "from the first frame to the last")
    peak_bits: int = 0
    """The most in one second."""
    peak_at: float | None = quantity("s", "when that second began", default=None)

    def share(self, bitrate: int) -> float | None:
        """Mean load [%] at a bit rate [bit/s], None for a log without length."""
        return 100 * self.bits / (bitrate * self.seconds) if self.seconds > 0 else None

    def peak(self, bitrate: int) -> float:
        """Load of the busiest second [%]."""
        return 100 * self.peak_bits / (bitrate * WINDOW)


@dataclass(frozen=True, slots=True)
class FrameStatistics:
    """The frames of a log."""

    frames: int
    streams: tuple[StreamStatistics, ...]
    """By identifier."""
    load: Load
    error_frames: int = 0
    fd_frames: int = 0
    """Frames of CAN FD: as error frames, they are not in the load."""


class Counting:
    """Takes frames in their order; it keeps their times, eight bytes each."""

    def __init__(self, title: Callable[[Frame], str]) -> None:
        """`title` says what a frame is; it is asked for the first of each identifier."""
        self._title = title
        self._times: dict[tuple[int, bool], array[float]] = {}
        self._titles: dict[tuple[int, bool], str] = {}
        self._sent: Counter[tuple[int, bool]] = Counter()
        self._bits: Counter[tuple[int, bool]] = Counter()
        self._frames = self._errors = self._fd = 0
        self._begun = self._ended = 0.0
        self._second = self._second_bits = self._peak_bits = 0
        self._peak_second: int | None = None

    def take(self, frame: Frame) -> None:
        """Count a frame."""
        if not self._frames:
            self._begun = frame.time
        self._frames += 1
        self._ended = frame.time
        if frame.error:
            self._errors += 1
            return
        key = frame.cob_id, frame.extended
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = array("d")
            self._titles[key] = self._title(frame)
        times.append(frame.time)
        self._sent[key] += frame.sent
        bits = frame_bits(frame)
        if bits is None:
            self._fd += 1
            return
        self._bits[key] += bits
        second = int((frame.time - self._begun) // WINDOW)
        if second != self._second:
            self._second, self._second_bits = second, 0
        self._second_bits += bits
        if self._second_bits > self._peak_bits:
            self._peak_bits, self._peak_second = self._second_bits, second

    def result(self) -> FrameStatistics:
        """All that was counted."""
        streams = tuple(self._stream(key) for key in sorted(self._times, key=lambda key: (key[1], key[0])))
        at = None if self._peak_second is None else self._begun + self._peak_second * WINDOW
        load = Load(self._bits.total(), self._ended - self._begun, self._peak_bits, at)
        return FrameStatistics(self._frames, streams, load, self._errors, self._fd)

    def _stream(self, key: tuple[int, bool]) -> StreamStatistics:
        times, (cob_id, extended) = self._times[key], key
        told = StreamStatistics(
            cob_id,
            extended,
            self._titles[key],
            len(times),
            self._sent[key],
            times[0],
            times[-1],
            bits=self._bits[key],
        )
        return told if len(times) < FEWEST else _with_rhythm(told, times)


def _with_rhythm(told: StreamStatistics, times: Iterable[float]) -> StreamStatistics:
    known = list(times)
    gaps = [after - before for before, after in itertools.pairwise(known)]
    period, longest = statistics.median(gaps), max(gaps)
    return replace(
        told,
        period=period,
        jitter=statistics.pstdev(gaps),
        shortest=min(gaps),
        longest=longest,
        longest_at=known[gaps.index(longest)],
        late=sum(gap > LATE * period for gap in gaps),
    )
