"""What of ours the driver has not sent yet, where it confirms no frame: reckoned from the interface's own count."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable
from typing import Final

GRACE: Final = 0.02
"""Time that a driver is given for a frame [s]: what was queued just now says nothing yet."""


class Backlog:
    """Frames that were queued, the oldest first, less those that were sent.

    Frames of others count as well: the queue is one for all, so if theirs leave, ours do.
    """

    def __init__(self, sent: int) -> None:
        """`sent` frames were counted so far, of whomever."""
        self._sent = sent
        self._queued: list[float] = []
        self._more = 0
        self._counted = -math.inf

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._queued)

    def add(self, times: Iterable[float]) -> None:
        """So many frames were queued, when [s]."""
        for time in times:
            insort(self._queued, time)

    def count(self, before: int, sent: int, now: float) -> None:
        """The interface has `sent` so many frames; `before` so many when the look at what was queued began."""
        new, self._sent = max(0, sent - self._sent), sent
        gone = min(len(self._queued), self._more + new)
        # What left while we looked is counted and may be unseen. Whatever else was sent was not ours.
        self._more = max(0, min(new - max(0, gone - self._more), sent - before))
        self._counted = now
        del self._queued[:gone]

    def due(self, now: float) -> bool:
        """Whether it is time to count again, to know what waits."""
        return now - self._counted > GRACE or self.waits(now)

    def waits(self, now: float) -> bool:
        """Whether a frame waits for longer than a driver takes."""
        return bool(self._queued) and now - self._queued[0] > GRACE

    def clear(self) -> None:
        """The kernel has thrown away what waited."""
        self._queued.clear()
