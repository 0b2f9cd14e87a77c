"""The loop that checks is the loop that sends: one thread runs the machines and sends what they say.

`Pump.step(now, events)` does all the work and names its next deadline; the thread only waits. A test or a
simulation calls `step` by itself, on any clock.

In one step, in this order: `Paused` to every machine if the program was away for over PAUSE_LIMIT; the
events, each with its effects at once; `Tick` to the machines that are due; the master's heartbeat. A cyclic
frame leaves only in the step in which its machine decided on it, or, where the kernel repeats frames, within two
periods after it (docs/socketcan.md). Whatever stops the steps (a hang, a crash, SIGSTOP) stops the frames: silence
is the fail-safe.
"""

from __future__ import annotations

import functools
import logging
import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple, assert_never

from deltaq_master.errors import CallError
from deltaq_master.link import clock as link_clock
from deltaq_master.link.bus.gate import Gate
from deltaq_master.link.pump.outlet import Outlet
from deltaq_master.link.pump.priority import go_first
from deltaq_master.link.pump.seats import Handle, Publisher, Seat, Seats
from deltaq_master.link.pump.switching import quick_switching
from deltaq_master.protocol.events import (
    BusLost,
    Cease,
    Effect,
    Frame,
    Hold,
    Machine,
    Paused,
    Publish,
    Read,
    Renew,
    Send,
    Tick,
    Transfer,
    Write,
)
from deltaq_master.protocol.heartbeat import HeartbeatProducer
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState

logger = logging.getLogger(__name__)

PAUSE_LIMIT = 0.3
"""Seconds between two steps over which the program counts as having been away."""
WAKE_LIMIT = 0.1
"""Longest wait [s], so that a pause shows even when nothing is due."""
HEARTBEAT_PERIOD = 0.1
"""Period of the master's heartbeat [s]; the charger's own limit is 2 s."""
STUCK_RETRY = 0.001
"""Seconds until a machine that did not move its deadline is asked again, instead of at once."""
MASTER_ID = 1
"""Our node-ID by default, as the charger's 1016h:01 names it."""

TICK = Tick()

TransferCall = Callable[[int, Transfer, Callable[[object], None]], None]


class Addressed(NamedTuple):
    """An event for one machine alone."""

    machine: Machine
    event: object


@dataclass(frozen=True, slots=True)
class MachineFailed:
    """Published in a machine's name when it broke: nothing is sent for it any more."""

    problem: str


class Pump:
    """Runs machines on one bus.

    `send(cob_id, data)` puts a frame on the bus or raises BusError. `transfer(node_id, what, answer)` starts
    a Read or Write elsewhere and has `answer` called with its outcome, from any thread. With a `clock` the
    pump can run a thread of its own (`start`); without one it lives by calls of `step`. `recorded` gives the
    `handle` that a machine's events go to: its own, or a recorder's around it.
    """

    def __init__(
        self,
        send: Callable[[int, bytes], None],
        transfer: TransferCall,
        clock: Callable[[], float] | None = link_clock.now,
        master_id: int = MASTER_ID,
        heartbeat_period: float = HEARTBEAT_PERIOD,
        recorded: Callable[[Machine], Handle] = lambda machine: machine.handle,
    ) -> None:
        self._transfer = transfer
        self._clock = clock
        self._recorded = recorded
        self._heartbeat = HeartbeatProducer(heartbeat_period)
        self._heartbeat_frame = (HEARTBEAT_BASE + master_id, bytes((NmtState.OPERATIONAL,)))
        self.queue: SimpleQueue[object] = SimpleQueue()
        """Frames, losses of the bus and addressed events for the next step; any thread may put."""
        self._outlet = Outlet(send, self.queue.put)
        self.pauses = 0
        """Times that the program was away for over PAUSE_LIMIT."""
        self.failure = ""
        """What broke the thread, '' for nothing."""
        self._last = math.inf
        self._seats = Seats()
        # Held through a step: after `remove` has returned, nothing leaves for that machine.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stopping = False

    @property
    def refused(self) -> int:
        """Frames that the bus did not take."""
        return self._outlet.refused

    # --- machines -----------------------------------------------------------------------------------------

    def add(self, machine: Machine, publish: Publisher) -> None:
        """Run a machine; `publish` gets its values in the pump's thread, and only stores them."""
        with self._lock:
            self._seats.take(machine, publish, self._recorded(machine))
        self.queue.put(None)  # the thread may be waiting for something later than this machine's deadline

    def remove(self, machine: Machine) -> None:
        """Run a machine no more: no frame leaves for it after this, and its heartbeat is let go."""
        with self._lock:
            seat = self._seats.of(machine)
            if seat is not None:
                self._vacate(seat)

    def post(self, machine: Machine, event: object) -> None:
        """Give a machine an event in the next step; it is dropped if the machine does not run by then."""
        self.queue.put(Addressed(machine, event))

    def _vacate(self, seat: Seat) -> None:
        self._seats.vacate(seat)
        self._release(seat)
        for cob_id in seat.renewed:
            self._outlet.cease(cob_id)

    def _release(self, seat: Seat) -> None:
        self._heartbeat.release(id(seat))
        if self._heartbeat.deadline == math.inf:
            self._outlet.cease(self._heartbeat_frame[0])

    # --- one step -----------------------------------------------------------------------------------------

    def step(self, now: float, events: Iterable[object] = ()) -> float:
        """Handle these events and the queue's, then what is due at `now`; return when to come back [s]."""
        with self._lock:
            gap = now - self._last
            self._last = now
            if gap > PAUSE_LIMIT:
                self.pauses += 1
                self._tell_all(Paused(gap), now)
            for event in events:
                self._dispatch(event, now)
            for _ in range(self.queue.qsize()):
                self._dispatch(self.queue.get_nowait(), now)
            deadline = now + WAKE_LIMIT
            for seat in self._seats.all:
                if seat.deadline <= now:
                    self._handle(seat, TICK, now)
                    if seat.deadline <= now:
                        seat.deadline = now + STUCK_RETRY
                if seat.deadline < deadline:
                    deadline = seat.deadline
            due = self._heartbeat.deadline
            if self._heartbeat.due(now):
                self._outlet.renew(*self._heartbeat_frame, self._heartbeat.period, due)
            return min(deadline, self._heartbeat.deadline) if self.queue.empty() else now

    def _dispatch(self, event: object, now: float) -> None:
        if type(event) is Frame:
            # The gate queues plain frames alone, but a log may hold a 29-bit 70Ah, which is no heartbeat.
            if event.plain:
                for seat in self._seats.listening(event.cob_id):
                    self._handle(seat, event, now)
        elif type(event) is Addressed:
            found = self._seats.of(event.machine)
            if found is not None:
                self._handle(found, event.event, now)
        elif type(event) is BusLost:
            self._tell_all(event, now)

    def _tell_all(self, event: object, now: float) -> None:
        for seat in self._seats.all:
            self._handle(seat, event, now)

    def _handle(self, seat: Seat, event: object, now: float) -> None:
        if not seat.taken:
            return
        problem = self._attempt("a machine", self._run_machine, seat, event, now)
        if problem:
            self._vacate(seat)
            self._attempt("a publisher", seat.publish, MachineFailed(problem))

    def _attempt(self, who: str, action: Callable[..., None], *arguments: object) -> str:
        """Run what may break, and say how it broke, '' if it did not."""
        try:
            action(*arguments)
        except Exception as error:  # whatever it is: it silences the one that broke, and nobody else
            logger.exception("%s broke", who)
            return f"{type(error).__name__}: {error}"
        return ""

    def _run_machine(self, seat: Seat, event: object, now: float) -> None:
        for effect in seat.handle(event, now):
            self._perform(seat, effect, now)
            if not seat.taken:
                return
        if seat.refresh():
            self._seats.index()

    def _perform(self, seat: Seat, effect: Effect, now: float) -> None:
        if isinstance(effect, Renew):
            # If the program was stopped since the machine's check, that is void; the next step asks again.
            if self._clock is None or self._clock() - now <= PAUSE_LIMIT:
                seat.renewed.add(effect.cob_id)
                self._outlet.renew(effect.cob_id, effect.data, effect.period, min(now, seat.deadline))
        elif isinstance(effect, Publish):
            seat.publish(effect.value)
        elif isinstance(effect, Send):
            self._outlet.send(effect.cob_id, effect.data)
        elif isinstance(effect, Read | Write):
            self._transfer(seat.machine.node_id, effect, functools.partial(self.post, seat.machine))
        elif isinstance(effect, Hold):
            if not effect.on:
                self._release(seat)
            elif self._heartbeat.hold(id(seat), now):
                self._outlet.renew(*self._heartbeat_frame, self._heartbeat.period, now)
        elif isinstance(effect, Cease):
            seat.renewed.discard(effect.cob_id)
            self._outlet.cease(effect.cob_id)
        else:
            assert_never(effect)

    # --- the thread ---------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the pump's thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, gate: Gate) -> None:
        """Run in a thread, fed by a gate; CallError if this pump ran before, or another one has the gate."""
        if self._clock is None:
            raise CallError("a pump without a clock lives by calls of step")
        if self._thread is not None:
            raise CallError("a pump is started once")
        if gate.queue is not None:
            raise CallError("another pump already runs on this bus")
        gate.queue = self.queue
        self._outlet.repeating = gate.repeating
        self._seats.indexed = gate.hear
        gate.hear(self._seats.cob_ids)
        # A daemon: a program that ends without stopping its pump falls silent.
        self._thread = threading.Thread(target=self._run, args=(gate, self._clock), name="pump", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """End the thread, and every frame of ours with it; in the thread itself, after the step under way."""
        self._stopping = True
        self.queue.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self, gate: Gate, clock: Callable[[], float]) -> None:
        go_first()
        with quick_switching():
            self.failure = self._attempt("the pump", self._loop, clock)
        with self._lock:
            self._outlet.cease()
            self._outlet.repeating = None
            self._seats.indexed = lambda _: None
            gate.hear(None)
        gate.queue = None
        if self.failure:
            for seat in self._seats.all:
                self._attempt("a publisher", seat.publish, MachineFailed(f"the pump broke: {self.failure}"))

    def _loop(self, clock: Callable[[], float]) -> None:
        deadline = clock()
        while not self._stopping:
            try:
                events: tuple[object, ...] = (self.queue.get(timeout=max(deadline - clock(), 0.0)),)
            except Empty:
                events = ()
            deadline = self.step(clock(), events)
