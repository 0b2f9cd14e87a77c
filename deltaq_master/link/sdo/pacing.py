"""How fast SDO requests may follow each other: so many unanswered at a time, so long a gap between two.

A request is *young* from when it is sent until it is answered, or for a few milliseconds if it is not. Devices that
are there answer within that; whoever is not there must not hold up the others for a whole time-out. So what is
bounded is the number of young requests, and a late answer is awaited all the same.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import canopen

from deltaq_master.errors import CallError, UsageError
from deltaq_master.link.sdo.client import SdoClient
from deltaq_master.protocol.sdo_frames import ANSWER_BASE, REQUEST_BASE
from deltaq_master.units import quantity

PROMPT: Final = 0.02
"""How long a request is young [s]: devices answer within 1 to 15 ms, slow ones later."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds for the requests of one job, whichever clients make them. Raises UsageError for what bounds nothing."""

    most: int = quantity("", "requests that may be young at a time", default=16)
    young: float = quantity("s", "how long an unanswered request counts as young", default=PROMPT)
    gap: float = quantity("s", "least time from one request to the next", default=0.0)

    def __post_init__(self) -> None:
        if not (self.most >= 1 and 0 <= self.young < math.inf and 0 <= self.gap < math.inf):
            raise UsageError(f"{self} is no pace", "at least 1 request, and times of 0 s or more")


class Turns:
    """Who may send when, by a pace; pure: the time is an argument."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._ends: dict[int, float] = {}
        """When each turn stops being young; infinite until its request was sent."""
        self._next = -math.inf
        self._given = 0

    def wait(self, now: float) -> float:
        """Seconds until the next request may go: 0 is now, infinite is not before another was sent or answered."""
        for turn in [turn for turn, end in self._ends.items() if end <= now]:
            del self._ends[turn]
        room = 0.0 if len(self._ends) < self._pace.most else min(self._ends.values()) - now
        return max(room, self._next - now, 0.0)

    def take(self, now: float) -> int:
        """Take a turn; ask `wait` before."""
        self._given += 1
        self._ends[self._given] = math.inf
        self._next = now + self._pace.gap
        return self._given

    def sent(self, turn: int, now: float) -> None:
        """The request of a turn has gone out; from now on it grows older."""
        if turn in self._ends:
            self._ends[turn] = min(self._ends[turn], now + self._pace.young)

    def give_back(self, turn: int) -> None:
        """The request was answered, or will not be."""
        self._ends.pop(turn, None)


class Pacer:
    """Turns for the threads of one job. Of all that wait two are awake: a known device's, and then a newcomer's."""

    def __init__(self, pace: Pace, now: Callable[[], float] = time.monotonic) -> None:
        self._turns = Turns(pace)
        self._now = now
        self._changed = threading.Condition()
        # A hundred threads woken at each answer would cost more than the scan: only the first of each kind waits
        # for the change itself, the others for their place at the head.
        self._first_known = threading.Lock()
        self._first_newcomer = threading.Lock()
        self._known = 0
        """Requests to known devices that wait; newcomers let them go first."""
        self._closed = False

    def close(self) -> None:
        """No more turns: who waits for one, or asks for one, gets CallError."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @contextmanager
    def turn(self, newcomer: bool = False) -> Iterator[Callable[[], None]]:
        """A turn for one request and its answer; call what is given as soon as the request is sent.

        A `newcomer` asks a device that nobody knows to be there. Raises CallError after `close`.
        """
        turn = self._newcomers_turn() if newcomer else self._known_ones_turn()
        try:
            yield lambda: self._sent(turn)
        finally:
            with self._changed:
                self._turns.give_back(turn)
                self._changed.notify_all()

    def _newcomers_turn(self) -> int:
        with self._first_newcomer, self._changed:
            return self._take(newcomer=True)

    def _known_ones_turn(self) -> int:
        with self._changed:
            self._known += 1
        try:
            with self._first_known, self._changed:
                return self._take(newcomer=False)
        finally:
            with self._changed:
                self._known -= 1
                self._changed.notify_all()

    def _take(self, newcomer: bool) -> int:
        while not self._closed:
            left = math.inf if newcomer and self._known else self._turns.wait(self._now())
            if left <= 0:
                return self._turns.take(self._now())
            self._changed.wait(None if left == math.inf else left)
        raise CallError("the job that this request belongs to was ended; nothing was sent")

    def _sent(self, turn: int) -> None:
        with self._changed:
            self._turns.sent(turn, self._now())
            self._changed.notify_all()


class PacedClient(SdoClient):
    """An SDO client whose every request waits for its turn; the time-out counts from when it is sent."""

    def __init__(self, node_id: int, od: canopen.ObjectDictionary, pacer: Pacer) -> None:
        super().__init__(REQUEST_BASE + node_id, ANSWER_BASE + node_id, od, node_id)
        self._pacer = pacer
        self._sent: Callable[[], None] | None = None
        self._known = False

    def request_response(self, sdo_request: bytes) -> bytes:
        """As in SdoClient, within a turn; CallError if the pacer was closed."""
        with self._pacer.turn(newcomer=not self._known) as self._sent:
            try:
                return super().request_response(sdo_request)
            finally:
                self._sent = None

    def send_request(self, request: bytes, deadline: float | None = None) -> None:
        """As in SdoClient; the turn learns that it was sent."""
        super().send_request(request, deadline)
        if self._sent is not None:
            self._sent()

    def on_response(self, can_id: int, data: bytes | bytearray, timestamp: float) -> None:
        """As in SdoClient; whoever answers is known to be there."""
        self._known = True
        super().on_response(can_id, data, timestamp)
