"""The pump in real time, on a network: one short run, how it ends, and what it leaves behind."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from deltaq_master.errors import CallError
from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.link.pump.pump import MachineFailed, Pump
from deltaq_master.link.pump.switching import SWITCH_INTERVAL
from deltaq_master.protocol.events import BusLost, Effect, Frame, Hold, Publish, Renew, Tick

if TYPE_CHECKING:
    from tests.wire.conftest import ScriptedBus

PATIENCE = 5.0


class Cycle:
    """Holds the heartbeat, renews a command every 20 ms, publishes every frame and loss."""

    node_id = 10
    cob_ids = frozenset({0x18A})

    def __init__(self) -> None:
        self.deadline = 0.0

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        if isinstance(event, Tick):
            first = self.deadline == 0.0
            self.deadline = now + 0.02 if first else self.deadline + 0.02
            if first:
                yield Hold(on=True)
            yield Renew(0x20A, bytes(8), 0.02)
        if isinstance(event, (Frame, BusLost)):
            yield Publish(event)


class Nothing:
    """Wants nothing."""

    node_id = 10
    cob_ids: frozenset[int] = frozenset()
    deadline = float("inf")

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        return ()


def no_transfer(*transfer: object) -> None:
    raise AssertionError("no transfer was asked for")


def test_a_short_run(network: Network, bus: ScriptedBus) -> None:
    published: SimpleQueue[object] = SimpleQueue()
    pump = Pump(network.send_frame, no_transfer)
    pump.start(network.gate)
    assert pump.alive
    cycle = Cycle()
    started = clock.now()
    pump.add(cycle, published.put)
    bus.hear(0x18A, "7C 13 46 4E 70 00 00 00")
    heard = published.get(timeout=PATIENCE)
    assert isinstance(heard, Frame)
    assert heard.data == bytes.fromhex("7C13464E70000000")
    while sum(cob_id == 0x20A for cob_id, _ in bus.sent) < 10:
        assert clock.now() - started < PATIENCE
        time.sleep(0.005)
    took = clock.now() - started
    pump.remove(cycle)
    sent = len(bus.sent)
    assert bus.sent[0] == (0x701, b"\x05")
    assert took > 0.17
    # A heartbeat every 100 ms, the first at once; a starved test computer may have skipped some.
    beats = sum(cob_id == 0x701 for cob_id, _ in bus.sent)
    assert 2 <= beats <= took / 0.1 + 2
    time.sleep(0.15)
    assert len(bus.sent) == sent
    pump.stop()
    assert (pump.alive, pump.failure, network.gate.queue) == (False, "", None)


def test_a_bus_that_takes_nothing_is_told_and_the_thread_lives(network: Network, bus: ScriptedBus) -> None:
    published: SimpleQueue[object] = SimpleQueue()
    pump = Pump(network.send_frame, no_transfer)
    bus.refusal = OSError(105, "No buffer space available")
    pump.start(network.gate)
    pump.add(Cycle(), published.put)
    lost = published.get(timeout=PATIENCE)
    assert isinstance(lost, BusLost)
    assert "transmit queue of scripted0 is full" in lost.problem
    assert pump.alive
    assert network.gate.counts.refused == pump.refused
    pump.stop()


def test_a_network_that_is_closed_under_the_pump_is_a_lost_bus(bus: ScriptedBus) -> None:
    network = Network(bus).connect()
    published: SimpleQueue[object] = SimpleQueue()
    pump = Pump(network.send_frame, no_transfer)
    pump.start(network.gate)
    pump.add(Cycle(), published.put)
    network.disconnect()
    assert published.get(timeout=PATIENCE) == BusLost("not connected to a bus: nothing was sent")
    assert pump.alive
    pump.stop()


def test_starting_once_and_alone(network: Network) -> None:
    pump = Pump(network.send_frame, no_transfer)
    pump.start(network.gate)
    with pytest.raises(CallError, match="started once"):
        pump.start(network.gate)
    with pytest.raises(CallError, match="another pump"):
        Pump(network.send_frame, no_transfer).start(network.gate)
    with pytest.raises(CallError, match="without a clock"):
        Pump(network.send_frame, no_transfer, clock=None).start(network.gate)
    pump.stop()
    pump.stop()
    with pytest.raises(CallError, match="started once"):
        pump.start(network.gate)


def test_stopping_from_the_pumps_own_thread(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    pump = Pump(network.send_frame, no_transfer)
    pump.add(Cycle(), lambda value: pump.stop())
    pump.start(network.gate)
    pump.queue.put(BusLost("a reason to publish"))
    deadline = clock.now() + PATIENCE
    while pump.alive:
        assert clock.now() < deadline
        time.sleep(0.001)
    assert (pump.failure, caplog.text) == ("", "")


def test_a_pump_that_breaks_is_visible(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    """A driver that raises what no driver may: everything falls silent, and every watcher is told."""
    published: SimpleQueue[object] = SimpleQueue()
    before = sys.getswitchinterval()

    def send(cob_id: int, data: bytes) -> None:
        if beats:
            raise ZeroDivisionError("in the driver")
        beats.append(cob_id)

    class Holder(Nothing):
        deadline = 0.0

        def handle(self, event: object, now: float) -> Iterable[Effect]:
            self.deadline = float("inf")
            yield Hold(on=True)

    beats: list[int] = []
    pump = Pump(send, no_transfer)
    pump.add(Holder(), published.put)
    pump.start(network.gate)
    told = published.get(timeout=PATIENCE)
    assert told == MachineFailed("the pump broke: ZeroDivisionError: in the driver")
    pump.stop()
    assert not pump.alive
    assert pump.failure == "ZeroDivisionError: in the driver"
    assert network.gate.queue is None
    assert sys.getswitchinterval() == pytest.approx(before)
    assert "Traceback" in caplog.text


def test_threads_switch_quickly_while_any_pump_runs(bus: ScriptedBus) -> None:
    before = sys.getswitchinterval()
    assert before > SWITCH_INTERVAL
    networks = [Network(bus), Network()]
    pumps = [Pump(network.send_frame, no_transfer) for network in networks]
    for network, pump in zip(networks, pumps, strict=True):
        pump.start(network.gate)
    deadline = clock.now() + PATIENCE
    while sys.getswitchinterval() > SWITCH_INTERVAL * 1.01:
        assert clock.now() < deadline
    pumps[0].stop()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
    pumps[1].stop()
    assert sys.getswitchinterval() == pytest.approx(before)


def test_a_quicker_setting_is_kept(network: Network) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    try:
        quicker = sys.getswitchinterval()
        pump = Pump(network.send_frame, no_transfer)
        pump.start(network.gate)
        pump.stop()
        assert sys.getswitchinterval() == quicker
    finally:
        sys.setswitchinterval(before)


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="a kernel without real-time priorities")
@pytest.mark.parametrize("permitted", [True, False])
def test_it_goes_before_other_programs_where_that_is_permitted(
    permitted: bool, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: SimpleQueue[tuple[str, int, int]] = SimpleQueue()

    def set_scheduler(process: int, policy: int, param: os.sched_param) -> None:
        assert process == 0  # the calling thread
        asked.put((threading.current_thread().name, policy, param.sched_priority))
        if not permitted:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", set_scheduler)
    pump = Pump(network.send_frame, no_transfer)
    pump.start(network.gate)
    # SCHED_FIFO is 1, SCHED_RESET_ON_FORK 40000000h (linux/sched.h).
    assert asked.get(timeout=PATIENCE) == ("pump", 0x4000_0001, 1)
    published: SimpleQueue[object] = SimpleQueue()
    pump.add(Cycle(), published.put)
    pump.queue.put(BusLost("a word"))
    assert published.get(timeout=PATIENCE) == BusLost("a word")
    pump.stop()


def test_nothing_of_it_keeps_a_program_alive(network: Network) -> None:
    pump = Pump(network.send_frame, no_transfer)
    pump.start(network.gate)
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "pump"] == [True]
    pump.stop()


def test_moments_of_the_monotonic_clock() -> None:
    """Never later than they were, so that nothing looks fresher than it is."""
    moment = time.monotonic()
    here = clock.now()
    converted = clock.from_monotonic(moment)
    assert here - 0.05 < converted <= here
    assert clock.from_monotonic(moment - 2.0) == pytest.approx(converted - 2.0, abs=0.01)
