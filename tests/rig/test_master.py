"""The master through its public door, on the simulated bus, in real time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import canopen
import pytest

from deltaq_master import (
    BatteryReading,
    BootError,
    CallError,
    Charger,
    Consent,
    LimitError,
    Limits,
    Master,
    NodeError,
    Outcome,
    Phase,
    RefusedError,
    SdoAbortError,
    Target,
    UsageError,
)
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.gate import Gate
from deltaq_master.link.pdo.pdo_map import PdoMap
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import NmtCommand, NmtState
from tests.rig.wire_rules import check_limits, check_start_order, check_stop_order

LIMITS = Limits(84.2, 12.0)
_numbers = itertools.count()


def opened(**options: Any) -> Master:
    """A master on a simulated bus of its own."""
    return Master.open("deltaq_sim", f"test_master_{next(_numbers)}", **options)


@pytest.fixture
def master() -> Iterator[Master]:
    with opened(speed=1000, soc=97) as one:
        yield one


def record(gate: Gate) -> list[Frame]:
    frames: list[Frame] = []
    gate.subscribe_frames(frames.append)
    return frames


def test_it_charges_to_complete_and_the_wire_shows_the_safe_order(master: Master) -> None:
    frames = record(master.network.gate)
    charger = master.charger()
    with charger.charge(84.0, 10.0, limits=LIMITS, duration=60.0) as run:
        phases = [phase for phase, _ in itertools.groupby(view.phase for view in run)]
    assert phases[-1] is Phase.COMPLETE
    assert run.result.outcome is Outcome.COMPLETE
    assert run.result.off_confirmed
    check_limits(frames)
    check_start_order(frames)
    check_stop_order(frames, fault=False, slack=0.2)


def test_after_a_boot_the_remote_node_has_the_devices_own_maps(master: Master) -> None:
    charger = master.charger()
    with charger.boot(limits=LIMITS) as run:
        rpdo1, rpdo2 = charger.node.rpdo[1], charger.node.rpdo[2]
        assert isinstance(rpdo1, PdoMap)
        assert isinstance(rpdo2, PdoMap)
        assert [(slot.index, slot.subindex, slot.offset, slot.length) for slot in rpdo1.map] == [
            (0x2FFA, 1, 0, 8),
            (0x6081, 0, 8, 8),
            (0x4201, 0, 16, 8),
            (0x2276, 0, 24, 16),
            (0x6070, 0, 40, 16),
            (0x6000, 0, 56, 8),
        ]
        assert [slot.index for slot in rpdo2.map][:2] == [0x2FFA, 0x2FFA]
        assert charger.dump.source == "node 10"
        with pytest.raises(CallError, match="the charge"):
            rpdo1.transmit()
        assert charger.nmt.commanded is None
        assert run.view is not None
        assert run.view.phase is Phase.ARMED


def test_boot_then_charge_then_stop(master: Master) -> None:
    charger = master.charger()
    with charger.boot(limits=LIMITS, duration=60.0) as run:
        with pytest.raises(LimitError):
            run.charge(Target(90.0, 5.0))
        run.charge(Target(84.0, 5.0))
        for view in run:
            if view.phase is Phase.CHARGING:
                run.stop("enough")
        assert run.wait(10.0).cause is not None
    assert run.result.outcome is Outcome.STOPPED
    assert run.over


def test_leaving_the_block_stops_in_the_safe_order() -> None:
    with opened(speed=10, soc=50) as master:
        frames = record(master.network.gate)
        charger = master.charger()
        with pytest.raises(ZeroDivisionError):
            _broken_program(charger)
        check_stop_order(frames, fault=False, slack=0.2)


def _broken_program(charger: Charger) -> None:
    with charger.charge(84.0, 10.0, limits=LIMITS, duration=60.0) as run:
        with pytest.raises(CallError, match="under way"):
            run.result  # noqa: B018  it raises
        for view in run:
            if view.phase is Phase.CHARGING:
                raise ZeroDivisionError


def test_set_points_over_limits_raise_before_anything_is_sent(master: Master) -> None:
    frames = record(master.network.gate)
    charger = master.charger()
    for voltage, current, limits in [
        (90.0, 10.0, LIMITS),
        (float("nan"), 10.0, LIMITS),
        (84.0, 30.0, Limits(84.2, 40.0)),
        (86.0, 10.0, Limits(90.0, 12.0)),
    ]:
        with pytest.raises(LimitError):
            charger.charge(voltage, current, limits=limits, duration=60.0)
    with pytest.raises(UsageError, match="nothing would end"):
        charger.charge(84.0, 10.0, limits=LIMITS)
    assert not [frame for frame in frames if frame.sent]


def test_a_refusal_raises_from_boot() -> None:
    with opened(fault="wrong-identity") as master, pytest.raises(BootError, match="CiA 401"):
        master.charger().boot(limits=LIMITS)


def test_the_batterys_readings_come_from_a_callable_in_a_thread_of_its_own() -> None:
    with opened(speed=1000, soc=97) as master:
        charger = master.charger()
        frames = record(master.network.gate)

        def bms() -> BatteryReading:
            return BatteryReading(time.monotonic(), voltage=82.0, current=5.0, temperature=25.0, soc=97.0)

        with charger.charge(84.0, 10.0, limits=LIMITS, duration=3.0, readings=bms) as run:
            result = run.wait(30.0)
        assert result.outcome in (Outcome.COMPLETE, Outcome.STOPPED)
        measured = [frame.data for frame in frames if frame.cob_id == 0x30A]
        assert bytes.fromhex("00 00 00 05 00 52 C8 00") in measured  # 5 A, 82 V, 25 °C


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (iter([]), "no more readings"),
        (iter([3]), "not int"),
        (lambda: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_broken_source_of_readings_is_stale_data(source: object, words: str) -> None:
    with opened(speed=1, soc=50) as master:
        run = master.charger().charge(84.0, 10.0, limits=LIMITS, duration=60.0, readings=source)  # type: ignore[arg-type]
        result = run.wait(20.0)
        assert result.cause is not None
        assert result.cause.id == "battery-stale"
        assert words in result.cause.text


def test_reading_and_writing_objects(master: Master) -> None:
    charger = master.charger()
    frames = record(master.network.gate)
    assert charger.nmt.wait_heard(3.0)
    assert charger.read("Battery Voltage Q8.8") == pytest.approx(83.0, abs=1.5)
    assert charger.read(Address(0x1017)) == 1000
    charger.write("0x1017:00", 500)
    assert charger.read("0x1017") == 500
    with pytest.raises(RefusedError, match="EDS forbids"):
        charger.write("0x4208:00", 84.0)
    with pytest.raises(RefusedError, match="command object"):
        charger.write("Charge Current Requested", 5.0)
    with pytest.raises(RefusedError, match="watch over its master"):
        charger.write("0x1016:01", 0)
    with pytest.raises(RefusedError, match="access"):
        charger.write("0x1000", 1)
    with pytest.raises(SdoAbortError):
        charger.write("0x6000", 0)  # allowed, but not without our heartbeat
    assert {frame.cob_id for frame in frames if frame.sent} == {0x60A}


def test_a_write_under_our_heartbeat(master: Master) -> None:
    charger = master.charger()
    frames = record(master.network.gate)
    charger.write("0x6000", 0, heartbeat=True)
    assert [frame.data for frame in frames if frame.sent and frame.cob_id == 0x701]
    time.sleep(0.25)
    count = len([frame for frame in frames if frame.sent])
    time.sleep(0.25)
    assert len([frame for frame in frames if frame.sent]) == count


def test_a_wrong_device_is_not_given_our_heartbeat() -> None:
    with opened(fault="wrong-identity") as master:
        frames = record(master.network.gate)
        with pytest.raises(RefusedError, match="CiA 401"):
            master.charger().write("0x6000", 0, heartbeat=True)
        assert {frame.cob_id for frame in frames if frame.sent} == {0x60A}


def test_nmt_reports_the_devices_own_word(master: Master) -> None:
    charger = master.charger()
    assert charger.nmt.wait_heard(3.0)
    assert charger.nmt.reported is not None
    charger.nmt.command(NmtCommand.START)
    assert charger.nmt.commanded is NmtCommand.START
    assert charger.nmt.wait_for(frozenset({NmtState.OPERATIONAL}), 3.0)
    assert charger.nmt.age is not None
    assert charger.nmt.age < 3.0


def test_one_charge_at_a_time_and_one_object_per_node_id(master: Master) -> None:
    charger = master.charger()
    with charger.charge(84.0, 10.0, limits=LIMITS, duration=60.0):
        with pytest.raises(CallError, match="already"):
            charger.charge(84.0, 10.0, limits=LIMITS, duration=60.0)
        with pytest.raises(CallError):
            master.charger()


def test_a_held_bus_is_released_on_request() -> None:
    with opened(speed=1000, soc=97, algorithm=1) as master:
        charger = master.charger()
        with charger.charge(84.0, 10.0, limits=LIMITS, duration=60.0, consent=Consent.HOLD) as run:
            for _ in run:
                pass
            assert not run.over
            run.release()
            assert run.wait(2.0).released


def test_a_ten_line_script_with_plain_canopen_reads_volts() -> None:
    network = canopen.Network()
    network.connect(interface="deltaq_sim", channel="plain")
    try:
        node = canopen.RemoteNode(10, str(eds_path()))
        network.add_node(node)
        assert node.sdo[0x2101].phys == pytest.approx(74.0, abs=5.0)
    finally:
        network.disconnect()


def test_a_node_that_does_not_answer_says_so(master: Master) -> None:
    silent = master.charger(20)
    with pytest.raises(NodeError, match="node 20"):
        silent.read("0x1000")
