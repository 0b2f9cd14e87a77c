"""One cyclic frame in the kernel: what it sends, and whether what it has sent has come back."""

from __future__ import annotations

import math
from typing import Final

from deltaq_master.protocol.heartbeat import next_due

PERIODS: Final = 2
"""Frames that the kernel may send after a renewal: 200 ms of commands at 100 ms."""
LAG: Final = 0.75
"""Part of a period between a renewal and the kernel's next frame."""
PULL: Final = 0.25
"""Part of its lateness that a frame makes up for; what is changed now shows two frames later, so it must be small."""
MOST_PULL: Final = 0.02
"""Most of a period that a period is changed by."""
EARLY: Final = 0.75
"""A renewal sooner than this part of a period after the last one: new bytes are urgent and leave at once, the same
ones say nothing new."""


class Job:
    """What is known of it."""

    __slots__ = (
        "_earlier",
        "_echoes",
        "_first",
        "_second",
        "_sent",
        "data",
        "due",
        "held",
        "over",
        "period",
        "started",
    )

    def __init__(self) -> None:
        self.data = b""
        """What it sends."""
        self.period = 0.0
        """And how often [s]."""
        self.due = -math.inf
        """When the last renewal was due [s]; it may have come later."""
        self.over = True
        """Whether the kernel sends nothing any more."""
        self.held = 0
        """Renewals in a row that were left out."""
        self.started = False
        """Whether its last renewal was its start."""
        self._earlier = b""
        self._first = self._second = 0.0
        self._sent = 0
        self._echoes = 0

    def renew(self, data: bytes, period: float, due: float, seen: float | None) -> float:
        """It may send PERIODS frames from now on; answers with the time from the next frame to the one after it [s].

        The kernel counts a period from when it got to send a frame, which is always a little late: left alone, the
        frames would drift over all phases and meet the renewals. So the period makes up for how late the last one,
        which was `seen` then [s], was on our raster; the frame of a start is on none.
        """
        interval = period
        if seen is not None and not self.started:
            late = math.remainder(seen - due - LAG * period, period)
            interval -= max(-MOST_PULL * period, min(PULL * late, MOST_PULL * period))
        self._take(data, period, due)
        self.started = False
        self._first = due + LAG * period
        self._second = self._first + period
        return interval

    def start(self, data: bytes, period: float, due: float, now: float) -> float:
        """It is started `now`, with a frame at once; answers with the time from there to the second one [s]."""
        self._take(data, period, due)
        self.started = True
        self.over = False
        self._first = now
        self._second = next_due(due, period, now) + LAG * period
        return self._second - now

    def _take(self, data: bytes, period: float, due: float) -> None:
        self._earlier, self.data = self.data, data
        self.period, self.due = period, due
        self._sent = self._echoes = self.held = 0

    def echo(self, data: bytes) -> None:
        """A frame with its COB-ID has come back."""
        if data in (self.data, self._earlier):
            self._echoes += 1

    def left(self, frames: int, now: float) -> list[float]:
        """The kernel says how many frames it may still send; when those left that it has sent meanwhile [s], about."""
        before, self._sent = self._sent, PERIODS - frames
        self.over = self.over or frames == 0
        return [min(time, now) for time in (self._first, self._second)[before : self._sent]]

    @property
    def missing(self) -> int:
        """How many frames that the kernel has sent since the last renewal have not come back."""
        return max(0, self._sent - self._echoes)

    def early(self, period: float, due: float) -> bool:
        """Whether a renewal that is due now is too early to be the next one of its raster."""
        return not self.over and period == self.period and due - self.due < EARLY * period
