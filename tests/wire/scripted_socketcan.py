"""A kernel whose interface is the test: raw sockets and a broadcast manager on a clock that the test sets.

What it does was taken from measurements on a real kernel (6.1): a setup with STARTTIMER sends at once and counts
that frame; one with SETTIMER alone changes count, interval and content and leaves the timer as it runs; a timer
whose count has run out is told (TX_EXPIRED) and stays still until it is started again.
"""

from __future__ import annotations

import errno
import os
import struct
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from deltaq_master.link.socketcan.kernel import Cyclic, Kernel, Raw, Received

FRAME_BYTES = 576
"""What one frame that waits takes in the kernel, about."""
HIDDEN = 2
"""Frames that are in adapter and driver, where nobody counts them, without IFF_ECHO."""


@dataclass
class Job:
    """One cyclic frame in the broadcast manager."""

    data: bytes
    count: int
    interval: float
    due: float


def failed(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class ScriptedRaw:
    """A raw socket; what it is to receive is put into `inbox`."""

    def __init__(self, kernel: ScriptedKernel, *, own: bool) -> None:
        self._kernel = kernel
        self._own = own
        self.inbox: SimpleQueue[Received | OSError] = SimpleQueue()
        self.filters: list[tuple[int, int]] | None = None
        self.closed = False

    def receive(self, timeout: float | None) -> Received | None:
        self._kernel.calls += 1
        if self.closed:
            raise failed(errno.EBADF)
        try:
            item = self.inbox.get(timeout != 0, timeout)
        except Empty:
            return None
        if isinstance(item, OSError):
            raise item
        return item

    def send(self, frame: bytes) -> None:
        self._kernel.check()
        can_id, length, data = struct.unpack("=IB3x8s", frame)
        self._kernel.transmit(self, can_id, data[:length], length)

    def accept(self, filters: Iterable[tuple[int, int]] | None) -> None:
        self.filters = None if filters is None else list(filters)

    def waiting(self) -> int:
        return self._kernel.waiting(self)

    def close(self) -> None:
        self.closed = True

    def hear(self, received: Received) -> None:
        matches = self.filters is None or any(received.can_id & m == i & m for i, m in self.filters)
        if not self.closed and (matches or received.can_id & 0x2000_0000) and (self._own or not received.own):
            self.inbox.put(received)


class ScriptedCyclic:
    """A broadcast manager's socket."""

    def __init__(self, kernel: ScriptedKernel) -> None:
        self._kernel = kernel
        self.jobs: dict[int, Job] = {}
        self._expired: set[int] = set()
        self.commands: list[bytes] = []

    def command(self, message: bytes) -> None:
        if not self._kernel.present:
            raise failed(errno.ENOTCONN)
        self.commands.append(message)
        self._kernel.calls += 1
        opcode, flags, count, seconds, micros, _, _, can_id, _ = struct.unpack_from("@3I4l2I0q", message)
        if opcode == 2:
            if self.jobs.pop(can_id, None) is None:
                raise failed(errno.EINVAL)
            return
        _, length, data = struct.unpack_from("=IB3x8s", message, struct.calcsize("@3I4l2I0q"))
        interval = seconds + micros / 1e6
        if flags & 2:
            self._kernel.transmit(self, can_id, data[:length], length)
            self.jobs[can_id] = Job(data[:length], count - 1, interval, self._kernel.now + interval)
        else:
            job = self.jobs.setdefault(can_id, Job(b"", 0, interval, float("inf")))
            job.data, job.count, job.interval = data[:length], count, interval

    def tick(self, until: float) -> None:
        lag = self._kernel.lag
        while due := [(job.due + lag, can_id) for can_id, job in self.jobs.items() if job.due + lag <= until]:
            time, can_id = min(due)
            job = self.jobs[can_id]
            self._kernel.now = time
            job.count -= 1
            job.due = time + job.interval if job.count else float("inf")
            if not job.count:
                self._expired.add(can_id)
            self._kernel.transmit(self, can_id, job.data, len(job.data))

    def left(self, can_id: int) -> int:
        self._kernel.check()
        self._kernel.calls += 1
        return self.jobs[can_id].count if can_id in self.jobs else 0

    def expired(self) -> set[int]:
        self._kernel.check()
        self._kernel.calls += 1
        found, self._expired = self._expired, set()
        return found

    def close(self) -> None:
        self.jobs.clear()


@dataclass
class ScriptedKernel(Kernel):
    """One interface; `acknowledges` says whether somebody is on its bus, `confirms` whether it has IFF_ECHO."""

    confirms: bool = False
    now: float = 1000.0
    acknowledges: bool = True
    is_up: bool = True
    present: bool = True
    carried: list[tuple[float, int, bytes]] = field(default_factory=list)
    """What was on the wire."""
    queue: deque[tuple[object, int, bytes, int]] = field(default_factory=deque)
    """What waits for it."""
    taken: int = 0
    """How many frames were queued."""
    lag: float = 0.0
    """How late its timers are; the next period is counted from there."""
    calls: int = 0
    """How often leases have asked it something."""
    raws: list[ScriptedRaw] = field(default_factory=list)
    cyclics: list[ScriptedCyclic] = field(default_factory=list)

    def raw(self, channel: str, *, own: bool = True, errors: bool = True) -> Raw:
        if not self.present:
            raise failed(errno.ENODEV)
        self.raws.append(ScriptedRaw(self, own=own))
        return self.raws[-1]

    def cyclic(self, channel: str) -> Cyclic:
        if not self.present:
            raise failed(errno.ENODEV)
        self.cyclics.append(ScriptedCyclic(self))
        return self.cyclics[-1]

    def up(self, channel: str) -> bool:
        return self.present and self.is_up

    def sent(self, channel: str) -> int:
        self.calls += 1
        # Without IFF_ECHO the first frame that waits has left the driver, for the adapter.
        hidden = 0 if self.confirms or not self.queue else 1
        return self.taken - len(self.queue) + hidden if self.present else -1

    def echoes(self, channel: str) -> bool:
        return self.confirms

    def check(self) -> None:
        if not self.present:
            raise failed(errno.ENXIO)
        if not self.is_up:
            raise failed(errno.ENETDOWN)

    # --- the wire -----------------------------------------------------------------------------------------

    def transmit(self, sender: object, can_id: int, data: bytes, length: int) -> None:
        if not self.up(""):
            return
        self.taken += 1
        self.queue.append((sender, can_id, data, length))
        if not self.confirms:
            self._show(sender, can_id, data, length)
        self.carry()

    def carry(self) -> None:
        """Let the wire take what waits, if somebody acknowledges."""
        while self.acknowledges and self.queue:
            sender, can_id, data, length = self.queue.popleft()
            self.carried.append((self.now, can_id, data))
            if self.confirms:
                self._show(sender, can_id, data, length)

    def _show(self, sender: object, can_id: int, data: bytes, length: int) -> None:
        for raw in self.raws:
            raw.hear(Received(can_id, data, length, self.now, local=True, own=raw is sender))

    def hear(self, can_id: int, data: str = "", *, local: bool = False, dropped: int = 0) -> None:
        """A frame of somebody else, or an error frame."""
        content = bytes.fromhex(data)
        for raw in self.raws:
            raw.hear(Received(can_id, content, len(content), self.now, local, False, dropped))

    def waiting(self, sender: object) -> int:
        counted = [who for who, *_ in self.queue][0 if self.confirms else HIDDEN :]
        return FRAME_BYTES * counted.count(sender)

    def fail(self, number: int) -> None:
        """What a raw socket is told once when its interface goes."""
        for raw in self.raws:
            raw.inbox.put(failed(number))

    def advance(self, until: float) -> None:
        """Let time pass."""
        for cyclic in self.cyclics:
            cyclic.tick(until)
        self.now = until

    def times(self, can_id: int) -> list[float]:
        """When a frame was on the wire, in milliseconds since the beginning."""
        return [round(1000 * (time - 1000.0)) for time, sent, _ in self.carried if sent == can_id]
