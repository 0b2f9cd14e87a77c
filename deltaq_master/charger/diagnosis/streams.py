"""The frames of one COB-ID as a stream: its last frame, its rhythm, and whether two senders share it.

Constant memory: the last gaps and the last returns to an earlier content are all that is kept.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

GAPS: Final = 16
"""Gaps that are remembered: enough to see a rhythm, few enough to forget a rough start."""
SHORT: Final = 0.7
"""A gap below this share of the usual one is short: one sender on a timer is late, hardly ever early."""
SHORT_GAPS: Final = 4
"""Short ones among the last gaps that speak for a second sender."""
RETURNS: Final = 6
"""Times that the content went back to what it was before that speak for a second sender."""
RETURNING: Final = 5.0
"""Within how many seconds they must lie."""

Handler = Callable[["Stream", bytes, float, bool], None]


class Stream:
    """The frames of one COB-ID."""

    __slots__ = (
        "_returns",
        "always",
        "before",
        "cob_id",
        "count",
        "data",
        "first",
        "gaps",
        "handler",
        "received",
        "sent",
        "sent_count",
        "time",
    )

    def __init__(self, cob_id: int, handler: Handler | None = None, always: bool = False) -> None:
        """`handler` is called for a frame whose data differ from the last one's, or `always`."""
        self.cob_id = cob_id
        self.handler = handler
        self.always = always
        self.data: bytes | None = None
        self.before: bytes | None = None
        """The data before the last change."""
        self.time = -math.inf
        """Of the last frame [s]."""
        self.first = -math.inf
        """Of the first one [s]."""
        self.count = 0
        self.sent_count = 0
        """How many of them were ours."""
        self.sent = -math.inf
        """Time of the last frame of ours [s]."""
        self.received = -math.inf
        """Time of the last frame of somebody else [s]."""
        self.gaps: deque[float] = deque(maxlen=GAPS)
        self._returns: deque[float] = deque(maxlen=RETURNS)

    def take(self, data: bytes, time: float, sent: bool) -> None:
        """Take a frame."""
        if self.count:
            self.gaps.append(time - self.time)
        else:
            self.first = time
        self.count += 1
        self.time = time
        if sent:
            self.sent = time
            self.sent_count += 1
        else:
            self.received = time
        if data == self.data:
            if self.always and self.handler is not None:
                self.handler(self, data, time, sent)
            return
        if data == self.before:
            self._returns.append(time)
        self.before, self.data = self.data, data
        if self.handler is not None:
            self.handler(self, data, time, sent)

    # --- its rhythm ---------------------------------------------------------------------------------------

    @property
    def usual(self) -> float | None:
        """The upper quartile of the last gaps [s], None before the second frame: a late frame does not move it."""
        if not self.gaps:
            return None
        ordered = sorted(self.gaps)
        return ordered[len(ordered) * 3 // 4]

    def late(self, limit: float) -> int:
        """How many of the last gaps were longer than a limit [s]."""
        return sum(gap > limit for gap in self.gaps)

    @property
    def irregular(self) -> bool:
        """True if many gaps are much shorter than the usual one, as two senders on their own timers make them."""
        usual = self.usual
        if usual is None or len(self.gaps) < GAPS:
            return False
        return sum(gap < SHORT * usual for gap in self.gaps) >= SHORT_GAPS

    def flapping(self, now: float) -> bool:
        """True if the content kept going back and forth in the last seconds."""
        returns = self._returns
        return len(returns) == RETURNS and now - returns[0] <= RETURNING

    def frame(self) -> str:
        """The last frame as candump writes it."""
        return written(self.cob_id, self.data or b"")


def written(cob_id: int, data: bytes) -> str:
    """A frame as candump writes it: `18A#7413454E70000000`."""
    return f"{cob_id:03X}#{data.hex().upper()}"
