"""SocketCAN by sockets of our own: what a master needs of it beyond python-can's adapter.

`SocketCan` is a python-can bus, so that canopen and the gate work with it as with any other. Added are receive
filters in the kernel, its timestamps, error frames as states, frames that the kernel repeats on a lease
(lease.py), a bound on what waits to be sent, and an interface that goes and comes back. docs/socketcan.md
tells the whole.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import time
from collections.abc import Iterable
from typing import Final

import can

from deltaq_master.link import clock
from deltaq_master.link.bus.causes import cause_of
from deltaq_master.link.socketcan.kernel import (
    EFF_MASK,
    ERROR,
    EXTENDED,
    REMOTE,
    SFF_MASK,
    Kernel,
    Raw,
    Received,
    packed_frame,
)
from deltaq_master.link.socketcan.lease import GONE, ONE, Leases
from deltaq_master.link.socketcan.losses import WENT_OFF, LossError, about
from deltaq_master.link.socketcan.states import BUS_OFF, Controller

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 0.2
"""Longest time for which a frame of ours may wait in the kernel before no further one is sent [s]."""
ROOM_LOOK: Final = 0.001
"""How often a sender that waits for room looks again [s]."""
ALWAYS: Final = (
    (0x000, ONE),
    (0x080, 0x780 | EXTENDED),
    (0x600, 0x780 | EXTENDED),
    (0x700, 0x780 | EXTENDED),
)
"""Received in any case: NMT; SYNC and EMCY; SDO requests; heartbeats, every other master's included."""
MOST_FILTERS: Final = 500
"""The kernel takes 512 at most; whoever wants more gets everything."""
PATIENT: Final = range(0x600, 0x680)
"""COB-IDs whose frames wait for room: SDO requests. All others go before them, or not at all."""


class LeaseMessage(can.Message):
    """A frame of ours that the kernel sent on a lease, come back when it left."""

    __slots__ = ()


class SocketCan(can.BusABC):
    """One SocketCAN interface, for a master or for somebody who listens."""

    def __init__(self, channel: str, kernel: Kernel | None = None) -> None:
        """Open the interface; it may be down. Raises OSError, for one that is not there above all."""
        self.channel = channel
        self.channel_info = f"socketcan channel '{channel}'"
        self._kernel = kernel or Kernel()
        self._raw: Raw = self._kernel.raw(channel)
        self.leases = Leases(channel, self._kernel)
        """Frames that the kernel repeats for us."""
        self.controller = Controller()
        """The controller, as its error frames describe it."""
        self.dropped = 0
        """Received frames that the kernel had no room for, since the bus was opened."""
        self._dropped_before = 0
        self._accepted: list[tuple[int, int]] | None = None
        self._gone = False
        self._failure: LossError | None = None
        self._empty = -math.inf
        super().__init__(channel)

    # --- receiving ----------------------------------------------------------------------------------------

    def hear(self, cob_ids: Iterable[int] | None) -> None:
        """Have the kernel drop what is neither in `cob_ids` nor in ALWAYS; None receives everything."""
        filters = None if cob_ids is None else [*ALWAYS, *((cob_id, ONE) for cob_id in sorted(cob_ids))]
        if filters is not None and len(filters) > MOST_FILTERS:
            filters = None
        if filters != self._accepted:
            self._accepted = filters
            with contextlib.suppress(OSError):  # an interface that is gone gets its filters when it is back
                self._raw.accept(filters)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        try:
            if self._gone:
                self._reopen()
            received = self._raw.receive(timeout)
        except OSError as error:
            self._gone = self._gone or error.errno in GONE
            self.controller = Controller()  # with its interface down it is reset, and says nothing of it
            self.leases.lose(cause_of(error, self.channel), emptied=True)
            raise can.CanOperationError(f"cannot receive: {error.strerror}", error.errno) from error
        return None if received is None else self._message(received), False

    def _reopen(self) -> None:
        """Take up an interface again that was removed and has come back, with sockets of its own."""
        fresh = self._kernel.raw(self.channel)
        fresh.accept(self._accepted)
        old, self._raw = self._raw, fresh
        with contextlib.suppress(OSError):
            old.close()
        self._gone = False
        self._dropped_before = self.dropped
        logger.warning("%s is back", self.channel)

    def _message(self, received: Received) -> can.Message | None:
        self.dropped = self._dropped_before + received.dropped
        can_id = received.can_id
        kind = can.Message
        if can_id & ERROR:
            self._error(can_id & EFF_MASK, received.data)
        elif received.own:
            return None  # shown when it was sent
        elif received.local and self.leases.ledger.ours(can_id, received.data, received.stamp):
            kind = LeaseMessage
        else:
            self.leases.heard = clock.now()
        extended, remote = bool(can_id & EXTENDED), bool(can_id & REMOTE)
        return kind(
            timestamp=received.stamp,
            arbitration_id=can_id & (EFF_MASK if extended or can_id & ERROR else SFF_MASK),
            is_extended_id=extended,
            is_remote_frame=remote,
            is_error_frame=bool(can_id & ERROR),
            dlc=received.length,
            data=None if remote else received.data,
            channel=self.channel,
            is_rx=kind is can.Message,
        )

    def _error(self, can_id: int, data: bytes) -> None:
        before = self.controller
        self.controller = after = before.after(can_id, data)
        if after.state is not before.state:
            logger.warning("%s: %s", self.channel, after)
        # Each word of it counts: not every driver says that it was restarted in between.
        if can_id & BUS_OFF:
            cause = about(WENT_OFF, self.channel)
            self.leases.lose(cause)
            self._failure = LossError(cause)

    # --- sending ------------------------------------------------------------------------------------------

    def make_room(self, cob_id: int) -> None:
        """Let an SDO request wait until nothing of ours waits in the kernel; never called by the pump.

        Raises CanOperationError if that takes longer than MOST_WAITING.
        """
        if cob_id not in PATIENT:
            return
        until = clock.now() + MOST_WAITING
        while self._waits():
            if clock.now() >= until:
                raise can.CanOperationError("nothing leaves the transmit queue", errno.ENOBUFS)
            time.sleep(ROOM_LOOK)

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send one frame at once, or raise CanOperationError: nothing is kept for later."""
        now = clock.now()
        if not self._waits():
            self._empty = now
        elif now - self._empty > MOST_WAITING:
            raise can.CanOperationError("older frames still wait", errno.ENOBUFS)
        can_id = msg.arbitration_id
        can_id |= EXTENDED if msg.is_extended_id else 0
        can_id |= (REMOTE if msg.is_remote_frame else 0) | (ERROR if msg.is_error_frame else 0)
        try:
            self._raw.send(packed_frame(can_id, bytes(msg.data), msg.dlc))
        except OSError as error:
            raise can.CanOperationError(f"cannot send: {error.strerror}", error.errno) from error

    def _waits(self) -> bool:
        try:
            return self._raw.waiting() > 0
        except OSError as error:
            raise can.CanOperationError(f"cannot send: {error.strerror}", error.errno) from error

    def shutdown(self) -> None:
        """End what the kernel repeats for us, and close the interface."""
        super().shutdown()
        self.leases.close()
        self._raw.close()
