"""The pump in virtual time: what a step does, in which order, and what a broken part costs."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable

import pytest

from deltaq_master.errors import BusError, CallError
from deltaq_master.link.pump.pump import PAUSE_LIMIT, WAKE_LIMIT, MachineFailed, Pump
from deltaq_master.protocol.events import (
    BusLost,
    Cease,
    Effect,
    Frame,
    Hold,
    Paused,
    Publish,
    Read,
    ReadDone,
    Renew,
    Send,
    Tick,
    Transfer,
    Write,
)

HEARTBEAT = (0x701, b"\x05")
Reply = Callable[["Machine", object, float], Iterable[Effect]]


def silent(machine: Machine, event: object, now: float) -> Iterable[Effect]:
    return ()


class Machine:
    """A machine that notes what it is given, and answers as the test says."""

    def __init__(
        self, reply: Reply = silent, deadline: float = math.inf, cob_ids: Iterable[int] = (0x18A,)
    ) -> None:
        self.node_id = 10
        self.cob_ids = frozenset(cob_ids)
        self.deadline = deadline
        self.reply = reply
        self.heard: list[tuple[float, object]] = []

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        self.heard.append((now, event))
        return self.reply(self, event, now)

    @property
    def events(self) -> list[object]:
        return [event for _, event in self.heard]

    @property
    def ticks(self) -> list[float]:
        return [now for now, event in self.heard if event == Tick()]


class Rig:
    """A pump whose bus, transfers and watchers are lists."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, int, bytes]] = []
        self.transfers: list[tuple[int, Transfer, Callable[[object], None]]] = []
        self.published: list[object] = []
        self.refusal: BusError | None = None
        self.steps = 0
        self.pump = Pump(self._send, self._transfer, clock)

    def _send(self, cob_id: int, data: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((self.now, cob_id, data))

    def _transfer(self, node_id: int, transfer: Transfer, answer: Callable[[object], None]) -> None:
        self.transfers.append((node_id, transfer, answer))

    def add(self, machine: Machine) -> Machine:
        self.pump.add(machine, self.published.append)
        return machine

    def step(self, now: float, *events: object) -> float:
        self.now = now
        self.steps += 1
        return self.pump.step(now, events)

    def run(self, until: float) -> None:
        """Step at every deadline that the pump names, from where it stands."""
        while self.now < until:
            self.now = self.step(self.now)

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        return [(cob_id, data) for _, cob_id, data in self.sent]

    def times(self, cob_id: int) -> list[float]:
        return [time for time, sent, _ in self.sent if sent == cob_id]


def cyclic(period: float, cob_id: int = 0x20A) -> Reply:
    """Renew a frame on absolute deadlines, as a command machine does."""

    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        if isinstance(event, Tick):
            machine.deadline = now + period
            yield Renew(cob_id, bytes(8), period)

    return reply


def on(kind: type, *effects: Effect) -> Reply:
    """Answer events of one type with these effects."""

    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        return effects if isinstance(event, kind) else ()

    return reply


def frame(cob_id: int, data: bytes = b"", time: float = 0.0, *, extended: bool = False) -> Frame:
    return Frame(cob_id, data, time, extended=extended)


# --- events to machines -----------------------------------------------------------------------------------


def test_frames_go_to_those_who_want_them() -> None:
    rig = Rig()
    first = rig.add(Machine(cob_ids=(0x18A, 0x70A)))
    second = rig.add(Machine(cob_ids=(0x70A, 0x70B)))
    for cob_id in (0x18A, 0x70A, 0x70B, 0x70C):
        rig.step(0.0, frame(cob_id))
    assert [event.cob_id for event in first.events if isinstance(event, Frame)] == [0x18A, 0x70A]
    assert [event.cob_id for event in second.events if isinstance(event, Frame)] == [0x70A, 0x70B]


def test_a_29_bit_frame_of_a_log_is_no_heartbeat() -> None:
    rig = Rig()
    machine = rig.add(Machine(cob_ids=(0x70A,)))
    rig.step(0.0, frame(0x70A, extended=True))
    assert machine.events == []


def test_cob_ids_may_change_with_any_event() -> None:
    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        machine.cob_ids = frozenset({0x28A})
        return ()

    rig = Rig()
    machine = rig.add(Machine(reply))
    rig.step(0.0, frame(0x28A), frame(0x18A), frame(0x18A), frame(0x28A))
    assert machine.events == [frame(0x18A), frame(0x28A)]


def test_addressed_events_reach_their_machine_alone() -> None:
    """Machines in equal states are still two machines."""

    class Equal(Machine):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    rig = Rig()
    first, second = rig.add(Equal()), rig.add(Equal())
    rig.pump.post(second, "request")
    assert rig.step(0.0) > 0.0
    assert (first.events, second.events) == ([], ["request"])


def test_events_for_machines_that_left_are_dropped() -> None:
    rig = Rig()
    machine = rig.add(Machine())
    rig.pump.post(machine, "request")
    rig.pump.remove(machine)
    rig.pump.remove(machine)
    rig.step(0.0, frame(0x18A))
    assert machine.events == []


def test_a_machine_runs_once() -> None:
    rig = Rig()
    machine = rig.add(Machine())
    with pytest.raises(CallError, match="already runs"):
        rig.add(machine)
    rig.pump.remove(machine)
    rig.add(machine)
    rig.step(0.0, frame(0x18A))
    assert machine.events == [frame(0x18A)]


def test_coming_and_stopping_wake_the_thread() -> None:
    """It may be waiting for something that is due much later."""
    wakes: tuple[Callable[[Rig], object], ...] = (lambda rig: rig.add(Machine()), lambda rig: rig.pump.stop())
    for wake in wakes:
        rig = Rig()
        wake(rig)
        assert not rig.pump.queue.empty()


def test_publish_goes_to_the_machines_own_watcher() -> None:
    rig = Rig()
    rig.add(Machine(on(Frame, Publish("value"))))
    other: list[object] = []
    rig.pump.add(Machine(cob_ids=()), other.append)
    rig.step(0.0, frame(0x18A))
    assert (rig.published, other) == (["value"], [])


# --- order and deadlines ----------------------------------------------------------------------------------


def test_order_of_a_step() -> None:
    """Paused; given events; queued events; ticks; heartbeat. Effects leave in the order in which they are."""

    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        if isinstance(event, Tick):
            machine.deadline = math.inf
            return (Send(0x300, b""),)
        if isinstance(event, Frame):
            return Hold(on=True), Send(0x100 + event.data[0], b"")
        return (Send(0x200, b""),)

    rig = Rig()
    machine = rig.add(Machine(reply, deadline=5.0))
    rig.step(0.0, frame(0x18A, b"\x00"))
    rig.sent.clear()
    machine.heard.clear()
    rig.pump.queue.put(frame(0x18A, b"\x02"))
    rig.pump.post(machine, "posted")
    rig.step(5.0, frame(0x18A, b"\x01"))
    assert machine.events == [Paused(5.0), frame(0x18A, b"\x01"), frame(0x18A, b"\x02"), "posted", Tick()]
    assert [cob_id for cob_id, _ in rig.frames] == [0x200, 0x101, 0x102, 0x200, 0x300, 0x701]


def test_deadlines_name_the_next_step() -> None:
    rig = Rig()
    near = rig.add(Machine(deadline=0.07))
    rig.add(Machine(deadline=9.0))
    assert rig.step(0.0) == 0.07
    assert near.events == []
    near.deadline = 0.13
    assert rig.step(0.07) == 0.13
    assert near.ticks == [0.07]
    near.deadline = math.inf
    assert rig.step(0.13) == 0.13 + WAKE_LIMIT


def test_a_deadline_may_move_with_any_event() -> None:
    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        machine.deadline = now + 0.02 if isinstance(event, Frame) else math.inf
        return ()

    rig = Rig()
    machine = rig.add(Machine(reply))
    assert rig.step(1.0, frame(0x18A)) == 1.02
    rig.step(1.02)
    assert machine.ticks == [1.02]


def test_a_machine_that_stands_still_does_not_spin() -> None:
    rig = Rig()
    machine = rig.add(Machine(deadline=0.0))
    rig.run(until=0.1)
    assert len(machine.ticks) <= 101


def test_what_is_posted_in_a_step_comes_in_the_next_and_at_once() -> None:
    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        if event == "first":
            rig.pump.post(machine, "second")
        return ()

    rig = Rig()
    machine = rig.add(Machine(reply))
    rig.pump.post(machine, "first")
    assert rig.step(1.0) == 1.0
    assert machine.events == ["first"]
    assert rig.step(1.0) > 1.0
    assert machine.events == ["first", "second"]


def test_missed_periods_are_skipped() -> None:
    """After a gap one heartbeat leaves, and the next ones keep to the old raster."""
    rig = Rig()
    rig.add(Machine(on(Frame, Hold(on=True))))
    rig.step(0.0, frame(0x18A))
    assert rig.step(0.1) == pytest.approx(0.2)
    assert rig.step(0.47) == pytest.approx(0.5)
    rig.step(0.5)
    assert rig.times(0x701) == [0.0, 0.1, 0.47, 0.5]


# --- the heartbeat and who holds it -----------------------------------------------------------------------


def test_heartbeat_starts_at_once_and_before_what_follows() -> None:
    rig = Rig()
    rig.add(Machine(on(Frame, Hold(on=True), Send(0x000, b"\x01\x0a"))))
    rig.step(0.0, frame(0x18A))
    assert rig.frames == [HEARTBEAT, (0x000, b"\x01\x0a")]


def test_heartbeat_lasts_while_anybody_holds_it() -> None:
    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        return (Hold(on=event == "hold"),)

    rig = Rig()
    first, second = rig.add(Machine(reply)), rig.add(Machine(reply))
    for number, (event, machine, held) in enumerate(
        (
            ("hold", first, True),
            ("hold", first, True),
            ("hold", second, True),
            ("let go", first, True),
            ("let go", first, True),
            ("let go", second, False),
            ("let go", second, False),
            ("hold", second, True),
        )
    ):
        rig.pump.post(machine, event)
        rig.step(0.2 * number)
        rig.sent.clear()
        rig.step(0.2 * number + 0.1)
        assert rig.frames == ([HEARTBEAT] if held else []), (number, event)


def test_leaving_lets_the_heartbeat_go() -> None:
    rig = Rig()
    machine = rig.add(Machine(on(Frame, Hold(on=True))))
    rig.step(0.0, frame(0x18A))
    rig.pump.remove(machine)
    rig.run(until=2.0)
    assert rig.frames == [HEARTBEAT]


def test_our_node_id_and_period() -> None:
    sent: list[tuple[int, bytes]] = []
    pump = Pump(
        lambda cob_id, data: sent.append((cob_id, data)),
        lambda *transfer: None,
        clock=None,
        master_id=0x21,
        heartbeat_period=0.05,
    )
    machine = Machine(on(Frame, Hold(on=True)))
    pump.add(machine, lambda value: None)
    assert pump.step(0.0, (frame(0x18A),)) == pytest.approx(0.05)
    assert sent == [(0x721, b"\x05")]


# --- pauses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "paused"), [(0.3, False), (0.301, True)])
def test_pause(gap: float, paused: bool) -> None:
    rig = Rig()
    machine = rig.add(Machine())
    rig.step(0.0)
    rig.step(gap)
    assert machine.events == ([Paused(gap)] if paused else [])
    assert rig.pump.pauses == paused


def test_the_first_step_is_no_pause() -> None:
    rig = Rig()
    machine = rig.add(Machine())
    rig.step(1e6)
    assert machine.events == []


def test_an_idle_pump_asks_to_be_woken_in_time_to_see_a_pause() -> None:
    assert Rig().step(0.0) == WAKE_LIMIT
    assert WAKE_LIMIT < PAUSE_LIMIT


def test_a_check_that_is_too_old_sends_nothing() -> None:
    """The program was stopped between the machine's decision and the send."""
    late = iter((0.31, 0.0))
    rig = Rig(clock=lambda: rig.now + next(late))
    rig.add(Machine(cyclic(0.1), deadline=0.0))
    rig.step(0.0)
    assert rig.frames == []
    rig.step(0.1)
    assert rig.frames == [(0x20A, bytes(8))]


# --- what breaks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["at once", "half-way", "publish", "deadline"])
def test_a_machine_that_raises_is_silenced_and_nobody_else(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Machine):
        broken = False

        @property
        def deadline(self) -> float:
            if self.broken and where == "deadline":
                raise ZeroDivisionError("in deadline")
            return self._deadline

        @deadline.setter
        def deadline(self, value: float) -> None:
            self._deadline = value

    def reply(machine: Machine, event: object, now: float) -> Iterable[Effect]:
        assert isinstance(machine, Broken)
        machine.deadline = now + 0.1
        if event == "break" and where == "at once":
            raise ZeroDivisionError
        yield Hold(on=True)
        yield Renew(0x20A, bytes(8), 0.1)
        if event == "break":
            machine.broken = True
            yield Publish("break")
            if where == "half-way":
                raise ZeroDivisionError
            yield Cease(0x20A)

    published: list[object] = []

    def publish(value: object) -> None:
        if value == "break" and where == "publish":
            raise ZeroDivisionError
        published.append(value)

    rig = Rig()
    broken = Broken(reply, deadline=0.0)
    rig.pump.add(broken, publish)
    whole = rig.add(Machine(cyclic(0.1, 0x20B), deadline=0.0))
    rig.run(until=1.0)
    assert len(rig.times(0x20A)) == len(rig.times(0x20B)) > 8
    rig.pump.post(broken, "break")
    rig.step(rig.now)
    heard = len(broken.heard)
    rig.sent.clear()
    rig.run(until=rig.now + 1.0)
    rig.step(rig.now, frame(0x18A))
    assert {cob_id for cob_id, _ in rig.frames} == {0x20B}
    assert len(broken.heard) == heard
    assert len(whole.ticks) > 16
    failure = published[-1]
    assert isinstance(failure, MachineFailed)
    assert failure.problem.startswith("ZeroDivisionError")
    assert "Traceback" in caplog.text


def test_a_broken_watcher_of_a_broken_machine_stops_nobody_else() -> None:
    def publish(value: object) -> None:
        raise ZeroDivisionError

    rig = Rig()
    rig.pump.add(Machine(on(Frame, Publish("value"))), publish)
    whole = rig.add(Machine())
    rig.step(0.0, frame(0x18A))
    rig.step(0.1, frame(0x18A))
    assert len(whole.events) == 2


def test_a_machine_that_is_removed_by_its_watcher_sends_no_more() -> None:
    rig = Rig()
    machine = Machine(on(Frame, Publish("end"), Hold(on=True), Send(0x20A, b"")))
    rig.pump.add(machine, lambda value: rig.pump.remove(machine))
    rig.step(0.0, frame(0x18A), frame(0x18A))
    rig.run(until=1.0)
    assert (rig.frames, len(machine.events)) == ([], 1)


def test_a_machine_that_is_removed_by_another_hears_no_more_of_the_same_step() -> None:
    rig = Rig()
    second = Machine()
    rig.pump.add(Machine(on(Frame, Publish("end"))), lambda value: rig.pump.remove(second))
    rig.add(second)
    rig.step(0.0, frame(0x18A))
    assert second.events == []


# --- a bus that takes nothing -----------------------------------------------------------------------------


def test_loss_is_told_once_to_everybody_and_again_after_a_recovery() -> None:
    rig = Rig()
    sender = rig.add(Machine(cyclic(0.1), deadline=0.0))
    bystander = rig.add(Machine())
    rig.run(until=0.25)
    rig.refusal = BusError("can0 is down", "bring it up")
    rig.run(until=0.65)
    lost = BusLost("can0 is down; bring it up")
    assert bystander.events == [lost]
    assert sender.events.count(lost) == 1
    assert rig.pump.refused >= 4
    rig.refusal = None
    rig.run(until=1.05)
    assert len(rig.times(0x20A)) >= 6
    rig.refusal = BusError("can0 is down", "bring it up")
    rig.run(until=1.45)
    assert bystander.events == [lost, lost]


def test_a_machine_that_answers_a_loss_with_frames_makes_no_busy_loop() -> None:
    rig = Rig()
    rig.add(Machine(on(BusLost, Send(0x20A, b""), Send(0x20A, b""))))
    rig.add(Machine(cyclic(0.1, 0x20B), deadline=0.0))
    rig.refusal = BusError("can0 is down")
    rig.run(until=1.0)
    assert rig.steps <= 13


def test_the_receivers_loss_is_told_too() -> None:
    rig = Rig()
    machine = rig.add(Machine())
    rig.pump.queue.put(BusLost("receiver"))
    rig.step(0.0)
    assert machine.events == [BusLost("receiver")]


# --- transfers --------------------------------------------------------------------------------------------


def test_transfers_are_handed_over_and_answered_to_their_machine() -> None:
    rig = Rig()
    machine = rig.add(Machine(on(Frame, Read(0x1000, 0), Write(0x6000, 0, b"\x00"))))
    other = rig.add(Machine(cob_ids=()))
    rig.step(0.0, frame(0x18A))
    assert [(node_id, transfer) for node_id, transfer, _ in rig.transfers] == [
        (10, Read(0x1000, 0)),
        (10, Write(0x6000, 0, b"\x00")),
    ]
    answer = rig.transfers[0][2]
    answer(ReadDone(0x1000, 0, b"\xa3\x01\x00\x00"))
    rig.step(0.1)
    assert machine.events[-1] == ReadDone(0x1000, 0, b"\xa3\x01\x00\x00")
    assert other.events == []


# --- how fast ---------------------------------------------------------------------------------------------


def test_an_hour_of_bus_time_takes_a_moment() -> None:
    """72 000 frames, heartbeat and command, each in its own period."""
    best = min(hour_of_bus_time() for _ in range(5))
    if sys.gettrace() is None:  # a coverage run is several times slower
        assert best < 0.2


def hour_of_bus_time() -> float:
    """Processor seconds that it takes."""
    sent: list[int] = []
    pump = Pump(lambda cob_id, data: sent.append(cob_id), lambda *transfer: None, clock=None)
    pump.add(Machine(hour, deadline=0.0), lambda value: None)
    start = time.process_time()
    now, steps = 0.0, 0
    while now < 3600.0:
        now = pump.step(now)
        steps += 1
    took = time.process_time() - start
    assert sent.count(0x20A) == pytest.approx(36_000, abs=2)
    assert sent.count(0x701) == pytest.approx(36_000, abs=2)
    assert steps == pytest.approx(36_000, abs=2)
    return took


COMMAND = (Renew(0x20A, bytes(8), 0.1),)


def hour(machine: Machine, event: object, now: float) -> Iterable[Effect]:
    machine.deadline = now + 0.1
    return COMMAND if now else (Hold(on=True), *COMMAND)
