"""The one listener of a bus: every frame is stamped, counted and shown, and only sound ones reach canopen.

What a frame meets, in this order, in the receive thread:

1. the clock of the machines: `Frame.time` is when we had it. A driver's own timestamp is not used for that:
   its epoch differs from one interface to the next. SocketCAN's is the kernel's, of this computer's clock, and is
   moved to ours: what waited in a socket while the program was stopped is as old as it is;
2. the pump's queue, if there is a pump: nothing below can delay a decision about the charge;
3. monitors and recorders (`subscribe_frames`), which see everything: 29-bit, remote, error and FD frames too;
4. canopen's subscribers, each by itself, for 11-bit data frames of a length that their service can have.

Callbacks run in the receive thread or in a sender's: they store, they do not work, wait or send.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple, Protocol

import can
import canopen
from canopen.network import MessageListener

from deltaq_master.link import clock
from deltaq_master.link.bus.causes import cause_of, known_cause
from deltaq_master.link.bus.sorting import CLASSIC_LENGTH, Counts, frame_of, length_fits
from deltaq_master.link.socketcan.socketcan import LeaseMessage
from deltaq_master.protocol.events import BusLost, Frame

logger = logging.getLogger(__name__)

FrameCallback = Callable[[Frame], None]


class Turn(NamedTuple):
    """The bus was lost, for another cause than it was before, or is heard again."""

    time: float
    """On the clock of the machines [s]."""
    lost: str
    """Why, and what mends it; '' where it is heard again."""


TurnCallback = Callable[[Turn], None]


class Repeating(Protocol):
    """A bus whose kernel repeats frames on a lease (SocketCAN)."""

    def renew(self, cob_id: int, data: bytes, period: float, due: float) -> None:
        """Have it sent every `period` [s] for a few periods more, as was `due`; raises BusError or CallError."""

    def cease(self, cob_id: int | None = None) -> None:
        """End one of them, or all."""

    def listen(self) -> None:
        """What is wanted has changed."""


GARBLED_LIMIT = 3
"""Unreadable inputs in a row that count as a lost bus: one is a glitch on an adapter's serial line."""
BACK_OFF_FIRST = 0.005
"""Seconds of rest after the first failed receive; doubled after each further one."""
BACK_OFF_MOST = 0.5
"""Longest rest [s]; a dead bus then costs two tries a second instead of a busy processor."""


class Gate(MessageListener):
    """Listener between python-can's receive thread and everyone who wants frames; canopen's own stands aside.

    The network's `notify` must not raise.
    """

    def __init__(self, network: canopen.Network) -> None:
        super().__init__(network)
        self.queue: SimpleQueue[object] | None = None
        """Where the pump wants 11-bit data frames and losses of the bus first."""
        self.lost = ""
        """Why the bus is taken as lost, '' while it is not."""
        self.reopens = False
        """Whether this kind of bus is opened again by itself once it is there; others are lost for good."""
        self.repeating: Repeating | None = None
        """Where the pump has frames repeated by the kernel; None on a bus that cannot."""
        self.name = "the bus"
        """What the bus is called in sentences."""
        self._watchers: tuple[FrameCallback, ...] = ()
        self._turned: tuple[TurnCallback, ...] = ()
        self._latest_turn = Turn(0.0, "")
        self._wanted_by: dict[FrameCallback, frozenset[int] | None] = {}
        self._heard_by_pump: frozenset[int] | None = None
        self._editing = threading.Lock()
        self._receiver = 0
        self._failures = 0
        self._closing = threading.Event()
        # Held while a frame of ours goes out, so that whoever watches sees a request before its answer.
        self.order = threading.RLock()
        self._received = self._sent = self._refused = 0
        self._extended = self._remote = self._error = self._fd = self._wrong_length = 0
        self._raised = self._receive_errors = 0

    @property
    def counts(self) -> Counts:
        """The counters as they stand."""
        return Counts(
            self._received,
            self._sent,
            self._refused,
            self._extended,
            self._remote,
            self._error,
            self._fd,
            self._wrong_length,
            self._raised,
            self._receive_errors,
        )

    def subscribe_frames(self, callback: FrameCallback, cob_ids: frozenset[int] | None = None) -> None:
        """Show every frame to `callback`, received and sent, of every kind; it must only store.

        Frames come in the order of the bus as far as it can be known: a request before its answer. One who needs
        these `cob_ids` alone, and sorts them out itself, keeps no kernel from filtering.
        """
        with self._editing:
            self._watchers = (*self._watchers, callback)
            self._wanted_by[callback] = cob_ids
        self._listen()

    def unsubscribe_frames(self, callback: FrameCallback) -> None:
        """Show no more frames to `callback`; nothing happens if it was not subscribed."""
        with self._editing:
            self._watchers = tuple(watcher for watcher in self._watchers if watcher != callback)
            self._wanted_by.pop(callback, None)
        self._listen()

    def subscribe_turns(self, callback: TurnCallback) -> None:
        """Tell `callback` of every loss and return of the bus, in the order of the frames; it must only store.

        A bus that is lost already is told at once: one that is down fails before anybody can ask.
        """
        with self._editing:
            self._turned = (*self._turned, callback)
            if self._latest_turn.lost:
                callback(self._latest_turn)

    @property
    def gone(self) -> str:
        """Why the bus is lost for good, '' while it is there or may come back by itself."""
        return "" if self.reopens else self.lost

    @property
    def wanted(self) -> frozenset[int] | None:
        """COB-IDs of the pump and of those who watch; None while somebody wants everything, or no pump runs."""
        with self._editing:
            found = self._heard_by_pump
            for cob_ids in self._wanted_by.values():
                if found is None or cob_ids is None:
                    return None
                found |= cob_ids
            return found

    def hear(self, cob_ids: frozenset[int] | None) -> None:
        """The pump says what its machines listen to; None when it has ended."""
        self._heard_by_pump = cob_ids
        self._listen()

    def _listen(self) -> None:
        if self.repeating is not None:
            self.repeating.listen()

    def in_receive_thread(self) -> bool:
        """Whether the caller runs in a receive callback, where waiting for an answer would wait for ever."""
        return self._receiver == threading.get_ident()

    # --- the receive thread -------------------------------------------------------------------------------

    def on_message_received(self, msg: can.Message) -> None:
        """Take one frame from python-can."""
        time = clock.now()
        if self.repeating is not None:
            time -= clock.age(msg.timestamp)
        if isinstance(msg, LeaseMessage):
            with self.order:
                self.sent(msg, time)
            return
        frame = frame_of(msg, time)
        self._receiver = threading.get_ident()
        try:
            self._received += 1
            # An error frame is the interface's own word; only the bus can say that it is there again.
            if self._failures and not frame.error:
                self._recovered(frame.time)
            sound = frame.plain and len(frame.data) <= CLASSIC_LENGTH
            queue = self.queue
            if sound and queue is not None:
                queue.put(frame)
            if self._watchers:
                with self.order:
                    watchers = self._watchers
                self._show(watchers, frame)
            if not sound:
                self._count(frame)
            elif length_fits(frame.cob_id, len(frame.data)):
                self.network.notify(frame.cob_id, msg.data, msg.timestamp)
            else:
                self._wrong_length += 1
        finally:
            self._receiver = 0

    def on_error(self, exc: Exception) -> None:
        """Take a failure of the receiver: report it once, and rest before the next try."""
        # canopen's check() would raise it again after every send, for ever.
        # By way of the registry, since the thread may fail before the network has stored its notifier.
        if self.network.bus is not None:
            for notifier in can.Notifier.find_instances(self.network.bus):
                notifier.exception = None
        self._receive_errors += 1
        self._failures += 1
        # A single line that cannot be parsed is not a lost bus; whatever the interface itself reports is.
        if not self.lost and (isinstance(exc, (can.CanError, OSError)) or self._failures >= GARBLED_LIMIT):
            self._turn(str(cause_of(exc, self.name)), clock.now())
            logger.warning("bus lost: %s", self.lost, exc_info=exc)
            if self.queue is not None:
                self.queue.put(BusLost(self.lost))
        elif self.lost and (known := known_cause(exc, self.name)) and str(known) != self.lost:
            # An interface that is removed goes down first; what is back may be down still. Each has its own remedy.
            self._turn(str(known), clock.now())
            logger.warning("bus still lost: %s", self.lost)
        self._closing.wait(min(BACK_OFF_FIRST * 2 ** min(self._failures - 1, 10), BACK_OFF_MOST))

    def _recovered(self, time: float) -> None:
        self._failures = 0
        if self.lost:
            logger.warning("bus heard again after: %s", self.lost)
            self._turn("", time)

    def _turn(self, lost: str, time: float) -> None:
        self.lost = lost
        with self._editing:
            self._latest_turn = turn = Turn(time, lost)
            for callback in self._turned:
                callback(turn)

    def _count(self, frame: Frame) -> None:
        self._extended += frame.extended
        self._remote += frame.remote
        self._error += frame.error
        self._fd += frame.fd
        self._wrong_length += frame.plain

    # --- the sender's thread ------------------------------------------------------------------------------

    def sent(self, message: can.Message, time: float) -> None:
        """Count and show a frame of ours that went out at `time`; the caller holds `order`."""
        self._sent += 1
        if self._watchers:
            self._show(self._watchers, frame_of(message, time, sent=True))

    def refused(self) -> None:
        """Count a frame of ours that the bus did not take."""
        self._refused += 1

    def raised(self, what: str) -> None:
        """Count a callback that raised, and log its traceback; call it while handling the exception."""
        self._raised += 1
        logger.exception("%s raised; the others get the frame all the same", what)

    def _show(self, watchers: tuple[FrameCallback, ...], frame: Frame) -> None:
        for callback in watchers:
            try:
                callback(frame)
            except Exception:  # noqa: BLE001  a watcher's mistake must not end the receive thread or a send
                self.raised(f"frame callback {callback!r}")

    # --- opening and closing ------------------------------------------------------------------------------

    def opened(self, name: str, repeating: Repeating | None = None, *, reopens: bool = False) -> None:
        """A bus is there, called `name` in sentences; failures are rested after."""
        self.name = name
        self.reopens = reopens
        self.repeating = repeating
        self._closing.clear()
        self._failures = 0
        self.lost = ""

    def closing(self) -> None:
        """The bus is about to go: a rest in the receive thread ends at once."""
        self._closing.set()
