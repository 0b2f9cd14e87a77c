"""Whose frame is it: what the kernel repeats for us comes back looking like any local program's.

The kernel marks it as sent on this computer, and no more. It is ours if it carries the bytes that we gave the
kernel, and if the kernel may have sent so many by now. Each frame takes one from an account that each period
adds one to. So a master with another content is foreign at once, and one with the same content, a second master's
heartbeat above all, as soon as there are more of them than we can have sent.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

SLACK: Final = 1.0
"""Frames more than reckoned that are taken as ours: clocks and timers are not exact."""
MOST: Final = 4.0
"""Most that an account holds, in frames: periods that passed without a frame do not add up for ever."""
AFTERWARDS: Final = 2.0
"""Frames that may still come when all is over: what waited in the kernel's queue."""
REMEMBERED: Final = 8
"""Contents that a frame may have: the present one, and those before it that may not have been read yet."""


class _Grant(NamedTuple):
    data: bytes
    period: float
    at_once: bool


class _Account:
    __slots__ = ("_contents", "_level", "_over", "_period", "last")

    def __init__(self, period: float) -> None:
        self._contents: deque[bytes] = deque(maxlen=REMEMBERED)
        self._period = period
        self._level = SLACK
        self.last: float | None = None
        self._over = False

    def grant(self, told: _Grant) -> None:
        self._period = told.period
        self._over = False
        if not self._contents or self._contents[-1] != told.data:
            self._contents.append(told.data)
        if told.at_once:
            self._level = min(MOST, self._level + 1)

    def end(self) -> None:
        self._over = True
        self._level = min(AFTERWARDS, self._level + 1)

    def take(self, data: bytes, stamp: float) -> bool:
        if data not in self._contents:
            return False
        if self.last is not None and not self._over:
            self._level = min(MOST, self._level + max(0.0, stamp - self.last) / self._period)
        self.last = stamp
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Ledger:
    """What the kernel was told to send, by COB-ID.

    The pump tells, the receiver asks, and neither waits for the other: what was told is taken up with the next frame.
    """

    def __init__(self) -> None:
        self._told: deque[tuple[int, _Grant | None]] = deque()
        self._last_told: dict[int, _Grant] = {}
        self._accounts: dict[int, _Account] = {}

    def grant(self, cob_id: int, data: bytes, period: float, *, at_once: bool) -> None:
        """The kernel is about to be told to send this every `period` [s], and one `at_once`."""
        told = _Grant(data, period, at_once)
        if at_once or self._last_told.get(cob_id) != told:
            self._last_told[cob_id] = told._replace(at_once=False)
            self._told.append((cob_id, told))

    def end(self, cob_id: int) -> None:
        """The kernel was told to send it no more."""
        if self._last_told.pop(cob_id, None) is not None:
            self._told.append((cob_id, None))

    def ours(self, cob_id: int, data: bytes, stamp: float) -> bool:
        """Whether a frame that this computer sent, and the kernel stamped [s], was sent for us; the receiver asks."""
        while self._told:
            of, told = self._told.popleft()
            if told is not None:
                self._accounts.setdefault(of, _Account(told.period)).grant(told)
            elif of in self._accounts:
                self._accounts[of].end()
        account = self._accounts.get(cob_id)
        return account is not None and account.take(data, stamp)

    def latest(self, cob_id: int) -> float | None:
        """When the kernel sent this last, by its stamp [s]; None for what nobody has seen."""
        account = self._accounts.get(cob_id)
        return None if account is None else account.last
