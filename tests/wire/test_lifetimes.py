"""What a charge, a charger and a node leave behind when they are over: nothing, whether or not anybody closes them."""

from __future__ import annotations

import gc
import random
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.plan import ChargePlan, Timing
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import CallError
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device.node import EMERGENCIES_KEPT, Node
from deltaq_master.link.pdo.pdo_map import PdoMap
from deltaq_master.link.socketcan.socketcan import SocketCan
from deltaq_master.master import Master
from tests.wire.conftest import ScriptedBus
from tests.wire.living_bus import LivingKernel

LIMITS = Limits(84.2, 12.0)
TARGET = Target(84.0, 10.0)
SOON = Timing(listening=0.05, armed=0.12, stop_confirm=1.5)
"""The cycle as it is, with less waiting."""
PATIENCE = 20.0
LOSSES = ("cable", "down", "out", "bus off")
CAUSES = {"bus-lost", "reports-stale", "not-run", "alarm"}
LEASE = 0.3
STALE = 3
"""Commands that may come out when the cable is back; the third where the machine stalled (docs/socketcan.md)."""


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load(eds_path(), 10)


def plan(dictionary: Dictionary, **changes: Any) -> ChargePlan:
    return ChargePlan(dictionary, LIMITS, TARGET, duration=3600.0, timing=SOON, **changes)


def until(true: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


# --- each of them -----------------------------------------------------------------------------------------


def test_a_charger_that_is_closed_is_forgotten(network: Network, dictionary: Dictionary) -> None:
    with Master(network) as master:
        charger = master.charger(10, dictionary)
        closed = weakref.ref(charger)
        charger.close()
        charger.close()
        del charger
        gc.collect()
        assert closed() is None
        again = master.charger(10, dictionary)
    assert again.node.id not in network.nodes


def test_a_charge_that_is_over_is_the_programs_alone(network: Network, dictionary: Dictionary) -> None:
    """The node is not there, so each ends by itself; the charger keeps the last one, the pump none."""
    absent = Timing(listening=0.01, waiting=0.01)
    with Master(network) as master:
        charger = master.charger(10, dictionary)
        over: list[weakref.ref[Any]] = []
        for _ in range(3):
            run = charger.begin(ChargePlan(dictionary, LIMITS, TARGET, duration=60.0, timing=absent))
            assert run.wait(PATIENCE).phase is Phase.REFUSED
            over += (weakref.ref(run), weakref.ref(run.session))
            del run
        gc.collect()
        until(lambda: [ref() is None for ref in over] == [True] * 4 + [False] * 2)


def test_closing_a_charge_that_is_over_does_nothing_to_the_next(dictionary: Dictionary) -> None:
    with LivingKernel(dictionary, confirms=True) as kernel:
        bus = SocketCan("can0", kernel)
        network = Network(bus).connect()
        with Master(network) as master:
            charger = master.charger(10, dictionary)
            first = charger.begin(plan(dictionary))
            assert Phase.CHARGING in (view.phase for view in first)
            first.stop()
            first.wait(PATIENCE)
            second = charger.begin(plan(dictionary))
            assert Phase.CHARGING in (view.phase for view in second)
            first.close()
            rpdo = charger.node.rpdo[1]
            assert isinstance(rpdo, PdoMap)
            with pytest.raises(CallError, match="the charge"):
                rpdo.transmit()
        network.disconnect()
        bus.shutdown()


def test_readings_end_with_their_charge(network: Network, dictionary: Dictionary) -> None:
    absent = Timing(listening=0.01, waiting=0.01)
    told = ChargePlan(dictionary, LIMITS, TARGET, duration=60.0, timing=absent, external=True)
    with Master(network) as master:
        run = master.charger(10, dictionary).begin(
            told, lambda: BatteryReading(time.monotonic(), voltage=74.0)
        )
        assert run.wait(PATIENCE).phase is Phase.REFUSED
        until(lambda: "battery readings" not in {thread.name for thread in threading.enumerate()})


def test_emergencies_are_kept_for_a_while(network: Network, bus: ScriptedBus, dictionary: Dictionary) -> None:
    network.add_node(node := Node(10, dictionary))
    for number in range(2 * EMERGENCIES_KEPT):
        bus.hear(0x08A, f"{number & 0xFF:02X}FF8100000000{number >> 8:02X}")
    bus.settle()
    assert len(node.emcy.log) == len(node.emcy.active) == 2 * EMERGENCIES_KEPT
    bus.hear(0x08A, "AAFF8100000000BB")
    bus.settle()
    assert len(node.emcy.log) == len(node.emcy.active) == EMERGENCIES_KEPT
    assert node.emcy.log[-1].code == 0xFFAA


# --- all of it --------------------------------------------------------------------------------------------


def lose_over_and_over(dictionary: Dictionary, seed: int, cycles: int) -> list[weakref.ref[Any]]:
    """Charges on one open bus that is taken away from each: what they should leave nothing of."""
    chance = random.Random(seed)
    over: list[weakref.ref[Any]] = []
    with LivingKernel(dictionary, confirms=seed % 2 == 0) as kernel:
        bus = SocketCan("can0", kernel)
        network = Network(bus).connect()
        with Master(network) as master:
            charger = master.charger(10, dictionary)
            for _ in range(cycles):
                kernel.asked.clear()
                run = charger.begin(plan(dictionary))
                assert Phase.CHARGING in (view.phase for view in run)
                assert kernel.asked[0][1:] == (False, 0.0)
                time.sleep(chance.uniform(0.0, 0.3))
                what = chance.choice(LOSSES)
                lost = time.time()
                kernel.lose(what)
                time.sleep(chance.uniform(0.6, 0.9))
                kernel.give_back()
                cause = run.wait(PATIENCE).cause
                assert cause is not None
                assert cause.id in CAUSES, (what, cause)
                late = [asked for asked in kernel.asked if asked.ready and asked.time > lost + LEASE]
                assert len(late) <= STALE, (what, late)
                over += (weakref.ref(run), weakref.ref(run.session))
            sockets = len(kernel.open_raws)
            del run
            gc.collect()
            until(lambda: all(ref() is None for ref in over[:-2]))
        network.disconnect()
        bus.shutdown()
        assert sockets <= 2
        assert not kernel.open_raws
        assert not any(cyclic.jobs for cyclic in kernel.cyclics)
    return over


def check_nothing_left(dictionary: Dictionary, cycles: int, at_once: int) -> None:
    before = set(threading.enumerate())
    with ThreadPoolExecutor(at_once) as pool:
        tasks = [pool.submit(lose_over_and_over, dictionary, seed, cycles) for seed in range(at_once)]
        over = [ref for task in tasks for ref in task.result()]
    assert len(over) == 2 * cycles * at_once
    gc.collect()
    until(lambda: set(threading.enumerate()) <= before)
    assert [ref() for ref in over if ref() is not None] == []


def test_charges_whose_bus_is_taken_away_leave_nothing(dictionary: Dictionary) -> None:
    check_nothing_left(dictionary, cycles=2, at_once=2)


@pytest.mark.long
def test_two_hundred_charges_whose_bus_is_taken_away_leave_nothing(dictionary: Dictionary) -> None:
    check_nothing_left(dictionary, cycles=50, at_once=4)
