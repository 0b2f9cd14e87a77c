"""Whose frame is it: what the kernel repeats for us comes back looking like any local program's.

The kernel marks it as sent on this computer, and no more. It is ours if it carries the bytes that we gave the
kernel, and if the kernel may have sent so many by now. Each frame takes one from an account that each period
adds one to. So a master with another content is foreign at once, and one with the same content, a second master's
heartbeat above all, as soon as there are more of them than we can have sent.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

SLACK: Final = 1.0
"""Frames more than reckoned that are taken as ours: clocks and timers are not exact."""
MOST: Final = 4.0
"""Most that an account holds, in frames: periods that passed without a frame do not add up for ever."""
AFTERWARDS: Final = 2.0
"""Frames that may still come when all is over: what waited in the kernel's queue."""
REMEMBERED: Final = 8
"""Contents that a frame may have: the present one, and those before it that may not have been read yet."""


class _Account:
    __slots__ = ("_contents", "_last", "_level", "_over", "_period")

    def __init__(self, period: float) -> None:
        self._contents: deque[bytes] = deque(maxlen=REMEMBERED)
        self._period = period
        self._level = SLACK
        self._last: float | None = None
        self._over = False

    def grant(self, data: bytes, period: float, *, at_once: bool) -> None:
        self._period = period
        self._over = False
        if not self._contents or self._contents[-1] != data:
            self._contents.append(data)
        if at_once:
            self._level = min(MOST, self._level + 1)

    def end(self) -> None:
        self._over = True
        self._level = min(AFTERWARDS, self._level + 1)

    def take(self, data: bytes, stamp: float) -> bool:
        if data not in self._contents:
            return False
        if self._last is not None and not self._over:
            self._level = min(MOST, self._level + max(0.0, stamp - self._last) / self._period)
        self._last = stamp
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Ledger:
    """What the kernel was told to send, by COB-ID; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[int, _Account] = {}

    def grant(self, cob_id: int, data: bytes, period: float, *, at_once: bool) -> None:
        """The kernel is about to be told to send this every `period` [s], and one `at_once`."""
        with self._lock:
            account = self._accounts.setdefault(cob_id, _Account(period))
            account.grant(data, period, at_once=at_once)

    def end(self, cob_id: int) -> None:
        """The kernel was told to send it no more."""
        with self._lock:
            if cob_id in self._accounts:
                self._accounts[cob_id].end()

    def ours(self, cob_id: int, data: bytes, stamp: float) -> bool:
        """Whether a frame that this computer sent, and the kernel stamped [s], was sent for us."""
        with self._lock:
            account = self._accounts.get(cob_id)
            return account is not None and account.take(data, stamp)
