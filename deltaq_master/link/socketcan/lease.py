"""Cyclic frames that the kernel sends for us, on a lease (SocketCAN's broadcast manager).

Each renewal lets the kernel send PERIODS more frames, so their jitter is the kernel's, and a program that is
frozen, killed or starved is silent within PERIODS periods. The first frame leaves at once, the next one LAG of a period
after the first renewal that is due after it; from then on the kernel's own timer ticks, and a renewal changes what
is sent and how often still, and the period by a little, so that the frames keep their place between the renewals. So a
renewal may be late by LAG of a period without being seen on the bus.

Nothing is renewed while it is unconfirmed: every renewal asks the kernel first how many frames it has sent since the
last one (TX_READ), and whether so many were acknowledged. With IFF_ECHO each comes back to a socket of ours when it
was. Drivers without have no such word; there the interface's count of sent frames must have grown by as many
(backlog.py). If not, that renewal is left out; if it goes on like that everything is taken back and `LossError` raised,
until the bus is heard again and nothing waits. So at most PERIODS frames of a COB-ID wait for a bus that nobody
acknowledges on; docs/socketcan.md tells when it is one more.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import threading
from collections.abc import Callable
from typing import Final

from deltaq_master.link import clock as link_clock
from deltaq_master.link.bus.causes import Cause
from deltaq_master.link.socketcan.backlog import Backlog
from deltaq_master.link.socketcan.job import PERIODS, Job
from deltaq_master.link.socketcan.kernel import (
    COUNTEVT,
    EXTENDED,
    REMOTE,
    SETTIMER,
    SFF_MASK,
    STARTTIMER,
    Cyclic,
    Kernel,
    Raw,
    delete,
    setup,
)
from deltaq_master.link.socketcan.ledger import Ledger
from deltaq_master.link.socketcan.losses import NOBODY, NOTHING_LEAVES, LossError, about

logger = logging.getLogger(__name__)

HOLDS: Final = 2
"""Renewals in a row that may be left out before the bus is taken as lost; no frame is added by them."""
RECENT: Final = 0.2
"""Who was heard so long ago [s] is heard still, although nothing of ours leaves; HOLDS take longer."""
GONE: Final = frozenset({errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.EBADF})
"""What a socket says for ever when its interface has been removed."""
ONE: Final = SFF_MASK | EXTENDED | REMOTE
"""Mask of a receive filter for one 11-bit data frame."""


class Leases:
    """The frames that the kernel repeats for us on one interface; any thread may call."""

    def __init__(
        self,
        channel: str,
        kernel: Kernel,
        clock: Callable[[], float] = link_clock.now,
        age: Callable[[float], float] = link_clock.age,
    ) -> None:
        """Sockets are opened when they are first needed; `age` tells how long ago a stamp of the kernel's was [s]."""
        self.ledger = Ledger()
        """Tells them from foreign ones."""
        self.heard = -math.inf
        """When a frame of somebody else was received last [s]; set by the receiver."""
        self._channel = channel
        self._kernel = kernel
        self._clock = clock
        self._age = age
        self._lock = threading.Lock()
        self._cyclic: Cyclic | None = None
        self._echo: Raw | None = None
        self._backlog = Backlog(0)
        self._jobs: dict[int, Job] = {}
        self._doubt: Cause | None = None
        self._doubted = -math.inf

    @property
    def cob_ids(self) -> frozenset[int]:
        """What is being sent."""
        return frozenset(self._jobs)

    @property
    def doubt(self) -> str:
        """Why nothing is renewed, '' while it is."""
        return str(self._doubt or "")

    def renew(self, cob_id: int, data: bytes, period: float, due: float) -> None:
        """Have the kernel send `data` every `period` [s], for PERIODS more frames; it was `due` now or a while ago [s].

        Left out without a word while the last frames are unconfirmed, HOLDS times in a row. Raises LossError or
        OSError while the bus is lost: then nothing is sent any more.
        """
        with self._lock:
            now = self._clock()
            try:
                cyclic = self._open()
                self._notice(cyclic, cob_id, now)
                if self._doubt is not None:
                    self._settle(self._doubt)
                job = self._jobs.get(cob_id)
                if job is None:
                    job = self._jobs[cob_id] = Job()
                    self._listen()
                self._renew(cyclic, job, cob_id, data, period, min(due, now), now)
            except OSError as error:
                self._forget(error, now)
                raise

    def cease(self, cob_id: int) -> None:
        """End one of them at once; nothing happens if it is not sent."""
        with self._lock:
            if self._jobs.pop(cob_id, None) is not None:
                self._delete(cob_id)

    def cease_all(self) -> None:
        """End all of them at once."""
        with self._lock:
            self._delete_all()

    def lose(self, cause: Cause, *, emptied: bool = False) -> None:
        """The receiver says that the bus is lost: end all, and send nothing before it is heard again.

        `emptied` if the kernel has thrown away what waited.
        """
        with self._lock:
            self._lose(cause, self._clock())
            if emptied:
                self._backlog.clear()

    def close(self) -> None:
        """End all of them and close the sockets."""
        with self._lock:
            self._delete_all()
            self._close()

    # --- one renewal --------------------------------------------------------------------------------------

    def _renew(
        self, cyclic: Cyclic, job: Job, cob_id: int, data: bytes, period: float, due: float, now: float
    ) -> None:
        early = job.early(period, due)
        urgent = early and data != job.data
        confirmed = self._echo is None or not job.missing
        waits = self._backlog.waits(now)
        if early and not urgent and not waits and (job.started or not confirmed):
            return  # too soon to know anything new, and the lease is as good as new
        if waits or not confirmed:
            self._hold(job, cob_id, data, now, waits=waits)
            return
        start = job.over or urgent or period != job.period
        if not start:
            stamp = self.ledger.latest(cob_id)
            interval = job.renew(data, period, due, None if stamp is None else now - self._age(stamp))
            self.ledger.grant(cob_id, data, period, at_once=False)
            cyclic.command(setup(cob_id, data, SETTIMER | COUNTEVT, PERIODS, interval))
            # The last frame may have left between our look and our command, which then started nothing.
            start = cob_id in cyclic.expired()
        if start:
            interval = job.start(data, period, due, now)
            self.ledger.grant(cob_id, data, period, at_once=True)
            cyclic.command(setup(cob_id, data, SETTIMER | STARTTIMER | COUNTEVT, PERIODS, interval))

    def _hold(self, job: Job, cob_id: int, data: bytes, now: float, *, waits: bool) -> None:
        job.held += 1
        if job.held > HOLDS:
            cause = NOTHING_LEAVES if now - self.heard < RECENT else NOBODY
            self._lose(about(cause, self._channel), now)
            self._refuse()
        if data != job.data or waits:
            # What is not wanted any more must not go on. And a driver that confirms nothing hides a frame or two:
            # no more may follow them.
            self._delete(cob_id)
            job.over = True

    def _notice(self, cyclic: Cyclic, cob_id: int, now: float) -> None:
        """Take in what the kernel has sent, and what has come of it."""
        cyclic.expired()  # before we look: a lease that runs out from now on is noticed when it was renewed
        if self._echo is not None:
            # In this order: a frame that leaves meanwhile is none that is missing.
            self._look(cyclic, cob_id, now)
            self._hear(self._echo)
        elif not self._backlog.due(now):
            self._look(cyclic, cob_id, now)
        # All of them are looked at a few times in a period, however many there are, and not at every renewal.
        if self._doubt is not None or (self._echo is None and self._backlog.due(now)):
            before = self._kernel.sent(self._channel)
            for each in self._jobs:
                self._look(cyclic, each, now)
            self._backlog.count(before, self._kernel.sent(self._channel), now)

    def _hear(self, echo: Raw) -> None:
        while (frame := echo.receive(0)) is not None:
            if frame.local and frame.can_id in self._jobs:
                self._jobs[frame.can_id].echo(frame.data)

    def _look(self, cyclic: Cyclic, cob_id: int, now: float) -> None:
        job = self._jobs.get(cob_id)
        if job is not None and not job.over:
            times = job.left(cyclic.left(cob_id), now)
            if self._echo is None:
                self._backlog.add(times)

    # --- doubt --------------------------------------------------------------------------------------------

    def _lose(self, cause: Cause, now: float) -> None:
        with contextlib.suppress(OSError):
            self._reckon(now)
        self._delete_all()
        if self._doubt is None:
            logger.warning("sending stopped: %s", cause)
        self._doubt, self._doubted = cause, now

    def _reckon(self, now: float) -> None:
        """Know what waits of that which is about to be ended: before it has gone nothing is sent again."""
        if self._cyclic is None or not self._jobs:
            return
        if self._echo is not None:
            self._backlog = Backlog(self._kernel.sent(self._channel))
        for cob_id in self._jobs:
            self._look(self._cyclic, cob_id, now)
        if self._echo is not None:
            self._hear(self._echo)
            self._backlog.add(now for job in self._jobs.values() for _ in range(job.missing))

    def _settle(self, doubt: Cause) -> None:
        """Go on if the bus was heard since, is up, and nothing of ours waits any more."""
        if self.heard <= self._doubted or self._backlog or not self._kernel.up(self._channel):
            self._refuse()
        logger.warning("sending again after: %s", doubt)
        self._doubt = None

    def _refuse(self) -> None:
        assert self._doubt is not None
        raise LossError(self._doubt)

    # --- sockets ------------------------------------------------------------------------------------------

    def _open(self) -> Cyclic:
        if self._cyclic is None:
            self._close()
            if self._kernel.echoes(self._channel):
                self._echo = self._kernel.raw(self._channel, own=False, errors=False)
                self._listen()
            self._backlog = Backlog(self._kernel.sent(self._channel))
            self._cyclic = self._kernel.cyclic(self._channel)
        return self._cyclic

    def _listen(self) -> None:
        if self._echo is not None:
            self._echo.accept([(each, ONE) for each in self._jobs])

    def _forget(self, error: OSError, now: float) -> None:
        """An interface that failed: whatever was in the kernel is taken back, the doubt stays."""
        self._delete_all()
        self._backlog.clear()
        if error.errno in GONE:
            self._close()
        self._doubt, self._doubted = Cause(f"{self._channel}: {error.strerror or error}"), now

    def _delete(self, cob_id: int) -> None:
        self.ledger.end(cob_id)
        if self._cyclic is not None:
            try:
                self._cyclic.command(delete(cob_id))
            except OSError as error:
                # One that is not there any more is silent already; anything else is silenced with its socket.
                if error.errno != errno.EINVAL:
                    self._close()

    def _delete_all(self) -> None:
        for cob_id in self._jobs:
            self._delete(cob_id)
        self._jobs.clear()

    def _close(self) -> None:
        for each in (self._cyclic, self._echo):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.close()
        self._cyclic = self._echo = None
