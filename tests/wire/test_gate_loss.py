"""A bus that fails to receive: reported once, tried again with rest, and taken back when it is heard."""

from __future__ import annotations

import errno
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import can
import pytest

from deltaq_master.link import clock
from deltaq_master.link.bus.gate import BACK_OFF_FIRST, BACK_OFF_MOST, Turn
from deltaq_master.link.bus.network import Network
from deltaq_master.protocol.events import BusLost, Frame

if TYPE_CHECKING:
    from tests.wire.conftest import ScriptedBus

NETWORK_DOWN = can.CanOperationError("Error receiving: Network is down", errno.ENETDOWN)
PATIENCE = 5.0


class Rests:
    """Stands in for the event that the receive thread rests on."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return False


def test_dead_bus_is_reported_once_and_does_not_spin(network: Network, bus: ScriptedBus) -> None:
    queue: SimpleQueue[object] = SimpleQueue()
    network.gate.queue = queue
    bus.dead = NETWORK_DOWN
    lost = queue.get(timeout=PATIENCE)
    assert lost == BusLost("scripted0 is down; bring it up: ip link set scripted0 up type can bitrate 500000")
    before = bus.receives
    assert not threading.Event().wait(0.3)
    # Doubled from 5 ms: seven tries take 0.3 s; without the rest there would be thousands.
    assert bus.receives - before <= 8
    assert queue.empty()
    assert network.gate.lost == lost.problem
    network.check()

    bus.dead = None
    bus.hear(0x70A, "05")
    heard = queue.get(timeout=PATIENCE)
    assert isinstance(heard, Frame)
    bus.settle()
    assert network.gate.lost == ""


def test_a_loss_without_a_pump_is_kept(network: Network, bus: ScriptedBus) -> None:
    bus.fail(NETWORK_DOWN)
    bus.settle()
    assert network.gate.lost.startswith("scripted0 is down")


def test_a_second_loss_is_reported_again(network: Network, bus: ScriptedBus) -> None:
    queue: SimpleQueue[object] = SimpleQueue()
    network.gate.queue = queue
    for _ in range(2):
        bus.fail(NETWORK_DOWN)
        bus.hear(0x70A, "05")
    bus.settle()
    kinds = [type(queue.get_nowait()) for _ in range(queue.qsize())]
    assert kinds == [BusLost, Frame, BusLost, Frame]
    assert network.gate.counts.receive_errors == 2


def test_losses_and_returns_are_told_in_the_order_of_the_frames(network: Network, bus: ScriptedBus) -> None:
    told: SimpleQueue[Frame | Turn] = SimpleQueue()
    network.gate.subscribe_frames(told.put)
    network.gate.subscribe_turns(told.put)
    bus.hear(0x70A, "05")
    bus.fail(NETWORK_DOWN)
    bus.fail(NETWORK_DOWN)
    bus.hear(0x70A, "7F")
    bus.hear(0x70A, "05")
    bus.settle()
    first, lost, back, second, third = (told.get_nowait() for _ in range(told.qsize()))
    assert isinstance(lost, Turn)
    assert isinstance(back, Turn)
    assert [type(each) for each in (first, second, third)] == [Frame, Frame, Frame]
    assert lost.lost == "scripted0 is down; bring it up: ip link set scripted0 up type can bitrate 500000"
    assert back.lost == ""
    assert first.time <= lost.time <= back.time == second.time


def test_who_asks_late_is_told_of_a_bus_that_is_lost(network: Network, bus: ScriptedBus) -> None:
    bus.fail(NETWORK_DOWN)
    bus.settle()
    told: SimpleQueue[Turn] = SimpleQueue()
    network.gate.subscribe_turns(told.put)
    assert told.get_nowait().lost == network.gate.lost != ""
    bus.hear(0x70A, "05")
    bus.settle()
    network.gate.subscribe_turns(told.put)
    assert told.get_nowait().lost == ""
    assert told.empty()


def test_another_cause_of_the_same_loss_has_its_own_remedy(network: Network, bus: ScriptedBus) -> None:
    """An interface that is removed goes down first; the pump hears of one loss all the same."""
    queue: SimpleQueue[object] = SimpleQueue()
    network.gate.queue = queue
    turns: SimpleQueue[Turn] = SimpleQueue()
    network.gate.subscribe_turns(turns.put)
    bus.fail(NETWORK_DOWN)
    for _ in range(3):
        bus.fail(can.CanOperationError("Error receiving: No such device", errno.ENODEV))
    # What nobody knows by its number says no more than what is known already.
    bus.fail(can.CanOperationError("zz"))
    bus.settle()
    removed = "there is no device scripted0; is the adapter plugged in, and its driver loaded?"
    assert [turns.get_nowait().lost for _ in range(turns.qsize())][1:] == [removed]
    assert network.gate.lost == removed
    assert isinstance(queue.get_nowait(), BusLost)
    assert queue.empty()


def test_only_a_bus_that_is_opened_again_may_come_back(network: Network, bus: ScriptedBus) -> None:
    """python-can's adapters are not: who waits for one would wait for ever."""
    assert network.gate.gone == ""
    bus.fail(NETWORK_DOWN)
    bus.settle()
    assert network.gate.gone == network.gate.lost != ""
    network.gate.opened("can0", reopens=True)
    network.gate.on_error(NETWORK_DOWN)
    assert network.gate.lost.startswith("can0 is down")
    assert network.gate.gone == ""


def test_one_garbled_line_is_no_lost_bus(network: Network, bus: ScriptedBus) -> None:
    """A serial adapter's line that cannot be parsed raises ValueError in python-can's slcan."""
    queue: SimpleQueue[object] = SimpleQueue()
    network.gate.queue = queue
    garbled = ValueError("invalid literal for int() with base 16: 'zz'")
    for _ in range(2):
        bus.fail(garbled)
        bus.fail(garbled)
        bus.hear(0x70A, "05")
    bus.settle()
    assert [type(queue.get_nowait()) for _ in range(queue.qsize())] == [Frame, Frame]
    for _ in range(3):
        bus.fail(garbled)
    bus.settle()
    assert queue.get_nowait() == BusLost("scripted0: invalid literal for int() with base 16: 'zz'")


def test_rests_grow_up_to_a_limit_and_start_anew(bus: ScriptedBus, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(bus)
    rests = Rests()
    monkeypatch.setattr(network.gate, "_closing", rests)
    for _ in range(40):
        network.gate.on_error(NETWORK_DOWN)
    assert rests.seconds[:4] == [BACK_OFF_FIRST, 2 * BACK_OFF_FIRST, 4 * BACK_OFF_FIRST, 8 * BACK_OFF_FIRST]
    assert rests.seconds[-1] == BACK_OFF_MOST
    assert rests.seconds == sorted(rests.seconds)
    network.gate.on_message_received(can.Message(arbitration_id=0x70A, is_extended_id=False, data=b"\x05"))
    network.gate.on_error(NETWORK_DOWN)
    assert rests.seconds[-1] == BACK_OFF_FIRST


def test_closing_does_not_wait_for_the_rest(bus: ScriptedBus) -> None:
    network = Network(bus).connect()
    queue: SimpleQueue[object] = SimpleQueue()
    network.gate.queue = queue
    resting = threading.Event()

    class LongRest(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            resting.set()
            return super().wait(PATIENCE)

    network.gate._closing = LongRest()
    bus.dead = NETWORK_DOWN
    assert resting.wait(PATIENCE)
    reader = next(thread for thread in threading.enumerate() if "scripted" in thread.name)
    started = clock.now()
    network.disconnect()
    assert not reader.is_alive()
    assert clock.now() - started < PATIENCE / 2


def test_python_cans_exception_is_forgotten(network: Network, bus: ScriptedBus) -> None:
    """canopen's check() would raise it again after every send."""
    bus.fail(NETWORK_DOWN)
    bus.settle()
    network.check()
    network.send_message(0x60A, bytes(8))
    assert bus.sent == [(0x60A, bytes(8))]
