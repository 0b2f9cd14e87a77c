"""Every switch: a charge works in every position of each, and each position does what it says."""

from __future__ import annotations

import pytest

from deltaq_master.simulator.options import SWITCHES, show
from tests.unit.simulator.virtual_wire import (
    EMCY,
    HEARTBEAT,
    NMT,
    OFF,
    READY_0_84V_0A,
    READY_1_84V_0A,
    READY_1_84V_10A,
    RPDO1,
    RPDO2,
    STATE,
    TPDO1,
    TPDO3,
    Make,
    Wire,
)

POSITIONS = [(switch.key, show(switch.key, value)) for switch in SWITCHES.values() for value in switch.values]


@pytest.mark.parametrize(("key", "value"), POSITIONS)
def test_charge_works_in_every_position(wire: Make, key: str, value: str) -> None:
    """Start in the careful order, charging indication, rising Ah, end by ready 0."""
    bus = wire(speed="400", soc="95", **{key: value})
    bus.charge()
    assert bus.indication in (1, 2, 3, 7)
    assert bus.charger.measure(bus.now).current > 5
    assert bus.number(0x2009, 1) > 0
    bus.run(8)
    assert bus.charger.measure(bus.now).soc > 99
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    assert bus.status == 0x0070
    assert bus.charger.measure(bus.now).current == 0


def test_idle_current_stale(wire: Make) -> None:
    """19.48 A until something flows, then the truth, then what flowed last."""
    bus = wire(idle="stale")
    bus.remote()
    assert bus.last(TPDO1)[:2] == b"\x7c\x13"
    bus.every(0.1, RPDO1, READY_0_84V_0A)
    bus.run(0.5)
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert bus.last(TPDO1)[:2] == b"\x00\x0a"
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    assert bus.last(TPDO1)[:2] == b"\x00\x0a"
    assert bus.charger.measure(bus.now).current == 0


def test_idle_current_offset(wire: Make) -> None:
    """19.48 A too much, always."""
    bus = wire(idle="offset")
    bus.charge()
    assert bus.last(TPDO1)[:2] == b"\x7c\x1d"
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    assert bus.last(TPDO1)[:2] == b"\x7c\x13"


@pytest.mark.parametrize(("edge", "starts"), [("yes", False), ("no", True)])
def test_ready_edge(wire: Make, edge: str, starts: bool) -> None:
    bus = wire(edge=edge)
    bus.remote()
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(2)
    assert (bus.indication == 1) is starts


@pytest.mark.parametrize(("zero_edge", "starts"), [("tolerated", True), ("refused", False)])
def test_no_current_at_the_edge(wire: Make, zero_edge: str, starts: bool) -> None:
    bus = wire(zero_edge=zero_edge)
    bus.charge(ready=READY_1_84V_0A)
    assert bus.indication == 0
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert (bus.indication == 1) is starts


@pytest.mark.parametrize(
    ("timer", "kept", "lost"), [("any", RPDO2, None), ("rpdo1", RPDO1, RPDO2), ("rpdo2", RPDO2, RPDO1)]
)
def test_rpdo_that_carries_the_time_out(wire: Make, timer: str, kept: int, lost: int | None) -> None:
    frames = {RPDO1: READY_1_84V_10A, RPDO2: "00 00 FF FF FF FF 00 80"}
    bus = wire(rpdo_timer=timer)
    bus.charge()
    bus.every(0.1, RPDO2, frames[RPDO2])
    bus.run(1)
    bus.end(RPDO1 if kept == RPDO2 else RPDO2)
    bus.run(2)
    assert bus.indication == 1
    if lost is not None:
        bus.every(0.1, lost, frames[lost])
        bus.end(kept)
        bus.run(1)
        assert bus.last(EMCY)[3] == 0x20
        assert bus.indication == 0


@pytest.mark.parametrize(("recovery", "emcy"), [("resume", 0), ("latch", 0x20)])
def test_recovery_of_the_command(wire: Make, recovery: str, emcy: int) -> None:
    bus = wire(rpdo_recovery=recovery)
    bus.charge()
    bus.end(RPDO1)
    bus.run(1)
    bus.every(0.1, RPDO1, READY_0_84V_0A)
    bus.run(1)
    assert bus.last(EMCY)[3] == emcy
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert (bus.indication == 1) is (emcy == 0)
    # Losing and finding the heartbeat clears it in any case.
    bus.end(HEARTBEAT, RPDO1)
    bus.run(3)
    bus.send(HEARTBEAT, "05")
    bus.run(0.1)
    assert bus.last(EMCY) == bytes(8)


@pytest.mark.parametrize("id_", ["0x20", "0x44"])
def test_alarm_of_a_lost_command_without_a_charge(wire: Make, id_: str) -> None:
    bus = wire(idle_loss=id_)
    bus.remote()
    bus.every(0.1, RPDO1, OFF)
    bus.run(1)
    bus.end(RPDO1)
    bus.run(1)
    assert bus.last(EMCY) == bytes((0x30, 0x81, 1, int(id_, 16), 0x80, 0, 0, 0))
    bus.send(RPDO1, OFF)
    bus.run(0.1)
    assert bus.last(EMCY) == bytes(8)


def test_alarm_of_a_lost_command_after_completion(wire: Make) -> None:
    """Complete is not charging any more."""
    bus = wire(idle_loss="0x44", speed="400", soc="99")
    bus.charge()
    bus.run(10)
    assert bus.indication == 4
    bus.end(RPDO1)
    bus.run(1)
    assert bus.last(EMCY)[3] == 0x44


@pytest.mark.parametrize(("code", "data"), [("0x8130", "30 81 01 1e 80"), ("0x9000", "00 90 01 1e 80")])
def test_code_of_a_lost_heartbeat(wire: Make, code: str, data: str) -> None:
    bus = wire(heartbeat_code=code)
    bus.remote()
    bus.end(HEARTBEAT)
    bus.run(3)
    assert bus.last(EMCY)[:5].hex(" ") == data


def test_override_with_heartbeat_and_pdo(wire: Make) -> None:
    """G: from SW 7.0.0 on it needs both."""
    bus = wire(override="heartbeat+pdo")
    bus.remote()
    assert bus.status == 0x0030
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    assert bus.status == 0x0070


@pytest.mark.parametrize("code", ["0x08000022", "0x08000020", "0x06010002", "0x08000000"])
def test_abort_of_writes_without_heartbeat(wire: Make, code: str) -> None:
    bus = wire(write_abort=code)
    bus.run(0.5)
    assert bus.write(0x6070, 0, b"\x10\0") == int(code, 16)


@pytest.mark.parametrize(("order", "data"), [("dbc", "30 81 80 20"), ("msw", "80 20 30 81")])
def test_word_order_of_errors(wire: Make, order: str, data: str) -> None:
    """DBC: 545292592 = 20808130h; G: 8130_2080h; both little-endian on the wire."""
    bus = wire(error_order=order, current_error="shown")
    bus.charge()
    assert bus.last(TPDO3)[:4] == bytes(4)
    bus.end(RPDO1)
    bus.run(2)
    assert bus.last(TPDO3)[:4].hex(" ") == data
    assert bus.read(0x1003, 1).hex(" ") == data


def test_error_history(wire: Make) -> None:
    """1003h keeps the newest first, ten at most, and is cleared by writing 0 (CiA 301)."""
    bus = wire(fault=",".join(f"alarm:{n}@boot+{n}" for n in range(1, 13)))
    bus.run(0.5)
    assert bus.number(0x1003) == 0
    assert bus.number(0x1003, 1) == 0
    bus.run(12)
    assert bus.number(0x1003) == 10
    assert bus.number(0x1003, 1) == 0x0C809000
    assert bus.number(0x1003, 10) == 0x03809000
    assert bus.write(0x1003, 0, b"\1") == 0x06090030
    assert bus.write(0x1003, 0, b"\0") == 0
    assert bus.number(0x1003) == 0
    assert bus.number(0x1001) == 1


def test_current_error_stays_silent(wire: Make) -> None:
    bus = wire(current_error="silent")
    bus.charge()
    bus.end(RPDO1)
    bus.run(2)
    assert bus.last(TPDO3)[:4] == bytes(4)
    assert bus.number(0x2060) == 0


@pytest.mark.parametrize(("bits", "alarm", "fault"), [("off", 0x0050, 0x0054), ("on", 0x0052, 0x0057)])
def test_alarm_bits_of_the_status(wire: Make, bits: str, alarm: int, fault: int) -> None:
    bus = wire(alarm_bits=bits, fault="alarm:0x2D@1,hardware-fault:0x07@2")
    bus.charge()
    bus.run(1)
    assert bus.status == alarm
    bus.run(1)
    assert bus.status == fault


@pytest.mark.parametrize(("scale", "raw"), [("10", 720), ("0.1", 6464)])
def test_elapsed_scale(wire: Make, scale: str, raw: int) -> None:
    """Two hours are 7200 s: 720 x 10 s, or 72000 x 0.1 s, which 16 bits count as 6464."""
    bus = wire(elapsed_scale=scale, speed="100", ah="1000")
    bus.charge()
    bus.run(72 - (bus.now - _charging_since(bus)))
    assert bus.number(0x2005, 1) == pytest.approx(raw, abs=11)


def _charging_since(bus: Wire) -> float:
    return next(frame.time for frame in bus.all(TPDO1) if frame.data[5] & 0xF) - 0.15


@pytest.mark.parametrize(("scale", "factor"), [("1", 1), ("0.0625", 16)])
def test_watt_hour_scale(wire: Make, scale: str, factor: int) -> None:
    bus = wire(wh_scale=scale, speed="100")
    bus.charge()
    bus.run(10)
    assert bus.number(0x200A, 1) == pytest.approx(factor * bus.number(0x2009, 1) / 8 * 71.9, rel=0.03)


def test_charger_that_never_completes(wire: Make) -> None:
    bus = wire(complete="never", speed="400", soc="99")
    bus.charge()
    bus.run(30)
    assert bus.status == 0x1370
    assert bus.last(TPDO1)[2:4] == b"\x00\x54"
    assert bus.number(0x2011) == 0


def test_indication_of_power_supply_mode(wire: Make) -> None:
    bus = wire(indication="supply", speed="400", soc="95")
    bus.charge()
    assert bus.indication == 7
    assert bus.number(0x2250) == 0
    bus.run(20)
    assert bus.indication == 4
    other = wire()
    other.run(0.5)
    assert other.number(0x2250) == 1


def test_auto_operational(wire: Make) -> None:
    """G: 1F80h bit 3."""
    bus = wire(auto_operational="yes")
    bus.run(1.3)
    assert bus.last(STATE) == b"\x05"
    assert bus.number(0x1F80) == 8
    assert bus.all(TPDO1)
    other = wire()
    other.run(0.5)
    assert other.number(0x1F80) == 0


def test_auto_operational_is_read_at_the_next_boot(wire: Make) -> None:
    """Written by SDO it holds until reset communication puts 1F80h back."""
    bus = wire()
    bus.run(0.5)
    assert bus.write(0x1F80, 0, b"\x08\0\0\0") == 0
    bus.run(1)
    assert bus.last(STATE) == b"\x7f"
    bus.send(NMT, "82 0A")
    bus.run(1.3)
    assert bus.last(STATE) == b"\x7f"


def test_power_objects_may_be_absent(wire: Make) -> None:
    bus = wire(power_objects="absent")
    bus.run(0.5)
    for index in (0x4209, 0x4212):
        assert bus.ask(bytes((0x40, index & 0xFF, index >> 8, 0, 0, 0, 0, 0)))[4:].hex() == "00000206"


def test_bms_check(wire: Make) -> None:
    """3Dh and 3Eh, after 5 s of disagreement; FFFFh is no measurement."""
    bus = wire(bms_check="on")
    bus.charge()
    # 10 A and 71.4 V are true; 90 V is not.
    bus.every(0.1, RPDO2, "00 00 00 0A 00 5A C8 00")
    bus.run(4.9)
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}
    bus.every(0.1, RPDO2, "00 00 00 0A 00 47 C8 00")
    bus.run(0.3)
    bus.every(0.1, RPDO2, "00 00 00 1A FF FF C8 00")
    bus.run(5.3)
    assert bus.last(EMCY).hex(" ") == "00 90 01 3d 80 00 00 00"
    bus.every(0.1, RPDO2, "00 00 FF FF 00 5A C8 00")
    bus.run(5.3)
    assert bus.last(EMCY)[3] == 0x3E
    assert bus.status == 0x0050


def test_without_the_check_no_measurement_alarms(wire: Make) -> None:
    """CAP2: 82.0 V and 10.0 A received, 78.27 V and 0 A true, no alarm; reading goes on showing its own."""
    bus = wire()
    bus.remote()
    bus.every(0.1, RPDO2, "00 00 00 1A 00 5A 30 02")
    bus.run(10)
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}
    assert bus.number(0x2101) == 71 * 256


def test_mains_off_and_dark(wire: Make) -> None:
    dark = wire(ac_off="dark", ac="0")
    dark.run(5)
    assert dark.heard == []
    bus = wire(ac_off="dark", fault="ac-loss@1")
    bus.charge()
    bus.run(1)
    bus.heard.clear()
    bus.run(10)
    assert bus.heard == []
    talking = wire(ac_off="talks", ac="0")
    talking.run(5)
    assert len(talking.all(STATE)) == 5
