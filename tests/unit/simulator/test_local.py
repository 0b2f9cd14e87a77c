"""Local mode: silence is not off where an algorithm is installed (G)."""

from __future__ import annotations

import pytest

from tests.unit.simulator.virtual_wire import EMCY, HEARTBEAT, NMT, OFF, READY_1_84V_10A, RPDO1, TPDO1, Make


def test_without_an_algorithm_it_never_starts_by_itself(wire: Make) -> None:
    bus = wire()
    bus.run(3600)
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x2242) == 0
    assert bus.number(0x2241) == 0xFFFFFFFF


def test_with_an_algorithm_it_starts_after_its_wait(wire: Make) -> None:
    """In pre-operational, with nothing written and nobody on the bus: up to 20.8 A and 1200 W."""
    bus = wire(algorithm="1")
    bus.run(10.1)
    assert bus.charger.measure(bus.now).current == 0
    bus.run(0.2)
    measured = bus.charger.measure(bus.now)
    assert measured.current * measured.voltage == pytest.approx(1200)
    assert bus.number(0x2242) == 1
    assert bus.number(0x2241) & 0xFFFF == 233
    bus.send(NMT, "01 0A")
    bus.run(0.5)
    assert bus.status == 0x1130
    assert bus.number(0x2008) == 0


def test_local_charge_completes_at_the_voltage_of_its_cells(wire: Make) -> None:
    bus = wire(algorithm="1", speed="400", soc="90", complete="never")
    bus.run(0.5)
    bus.send(NMT, "01 0A")
    bus.run(60)
    assert bus.status == 0x0430
    assert max(int.from_bytes(frame.data[2:4], "little") for frame in bus.all(TPDO1)) == 84 * 256
    assert bus.number(0x2011) == 1


def test_master_ends_a_local_charge(wire: Make) -> None:
    bus = wire(algorithm="1")
    bus.run(15)
    assert bus.charger.measure(bus.now).current > 0
    bus.every(0.1, HEARTBEAT, "05")
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x2011) == 5
    bus.run(60)
    assert bus.charger.measure(bus.now).current == 0
    bus.send(NMT, "01 0A")
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert bus.status == 0x1170


@pytest.mark.parametrize(
    ("kept", "ready", "starts"), [("no", 0, True), ("no", 1, True), ("yes", 0, False), ("yes", 1, True)]
)
def test_after_a_master_has_left(wire: Make, kept: str, ready: int, starts: bool) -> None:
    """A 0 in 6000h holds it back only if 6000h outlives the heartbeat, and that is not known."""
    bus = wire(algorithm="1", ready_kept=kept)
    bus.charge()
    bus.every(0.1, RPDO1, OFF if ready == 0 else READY_1_84V_10A)
    bus.run(1)
    bus.end(HEARTBEAT, RPDO1)
    bus.run(11.9)
    assert bus.charger.measure(bus.now).current == 0
    bus.run(0.3)
    assert (bus.charger.measure(bus.now).current > 0) is starts
    assert [frame.data[3] for frame in bus.all(EMCY)] == [0, 0x20, 0x1E]


def test_charge_up_to_a_reset_is_in_the_battery(wire: Make) -> None:
    """20 s at 1200 W and 71 V, with nobody looking: 0.19 % of 50 Ah."""
    bus = wire(algorithm="1", local_wait="0", fault="reboot@boot+20.2")
    bus.run(20.3)
    assert bus.charger.measure(bus.now).soc == pytest.approx(20.186, abs=0.002)


def test_it_may_be_one_that_waits_to_be_told(wire: Make) -> None:
    bus = wire(algorithm="1", local_start="never")
    bus.run(100)
    assert bus.charger.measure(bus.now).current == 0


def test_local_wait_is_an_option(wire: Make) -> None:
    bus = wire(algorithm="2", local_wait="3")
    bus.run(3.1)
    assert bus.charger.measure(bus.now).current == 0
    bus.run(0.2)
    assert bus.charger.measure(bus.now).current > 0


@pytest.mark.parametrize(
    "options", [{"ac": "0"}, {"battery": "no"}, {"fault": "alarm:0x14"}, {"fault": "disabled"}]
)
def test_what_keeps_a_local_charge_from_starting(wire: Make, options: dict[str, str]) -> None:
    bus = wire(algorithm="1", **options)
    bus.run(30)
    assert bus.charger.measure(bus.now).current == 0
    # A remote charge later is not taken for a local one.
    bus.charge()
    assert bus.number(0x2011) == 0


def test_local_charge_ends_with_the_mains(wire: Make) -> None:
    bus = wire(algorithm="1", fault="ac-loss@2")
    bus.run(20)
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x2011) == 3
