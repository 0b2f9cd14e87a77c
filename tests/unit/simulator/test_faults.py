"""The fault script: every fault, at its time, with its effect on the wire."""

from __future__ import annotations

import struct

import pytest

from deltaq_master.simulator.script import FAULTS
from tests.unit.simulator.virtual_wire import (
    EMCY,
    HEARTBEAT,
    READY_1_84V_10A,
    RPDO1,
    STATE,
    TPDO1,
    TPDO3,
    Make,
    Wire,
)


def _amps(bus: Wire) -> float:
    return bus.charger.measure(bus.now).current


def _charging(wire: Make, fault: str, **options: str) -> Wire:
    """A charge that has run for 0.9 to 1.1 s, with the fault due at 2 s."""
    bus = wire(fault=f"{fault}@2", **options)
    bus.charge()
    bus.run(0.4)
    assert bus.status == 0x1170
    assert _amps(bus) == pytest.approx(10)
    return bus


def test_time_counts_from_the_first_charging_indication(wire: Make) -> None:
    """In real seconds, whatever the speed, and once."""
    bus = wire(fault="alarm:0x20@3", speed="60")
    bus.run(100)
    assert not bus.all(EMCY)
    bus.charge()
    shown = next(frame.time for frame in bus.all(TPDO1) if frame.data[5] & 0xF)
    bus.run(5)
    (alarm,) = [frame for frame in bus.all(EMCY) if frame.data[3]]
    assert 2.8 <= alarm.time - shown <= 3.0


def test_time_may_count_from_power_on(wire: Make) -> None:
    bus = wire(fault="alarm:0x20@boot+2.5")
    bus.run(2.4)
    assert not bus.all(EMCY)
    bus.run(0.2)
    assert bus.all(EMCY)[0].time == 2.5


def test_without_a_time_it_is_there_from_power_on(wire: Make) -> None:
    """The EMCY follows the boot-up message, and again our first heartbeat: a later master knows it, too."""
    bus = wire(fault="alarm:0x20")
    bus.run(1)
    assert [(frame.cob_id, frame.data[:4].hex(" ")) for frame in bus.heard] == [
        (STATE, "00"),
        (EMCY, "30 81 01 20"),
    ]
    bus.every(0.1, HEARTBEAT, "05")
    bus.run(1)
    assert len(bus.all(EMCY)) == 2
    assert bus.last(EMCY) == bytes(8)


def test_alarm_of_its_own_survives_our_heartbeat(wire: Make) -> None:
    bus = wire(fault="alarm:0x2D")
    bus.run(1)
    bus.every(0.1, HEARTBEAT, "05")
    bus.run(1)
    assert [frame.data.hex(" ") for frame in bus.all(EMCY)] == ["00 90 01 2d 80 00 00 00"] * 2
    assert bus.number(0x6001) == 0


@pytest.mark.parametrize(
    ("fault", "data"),
    [
        ("alarm:0x20", "30 81 01 20 80 00 00 00"),
        ("alarm:0x01", "00 90 01 01 80 00 00 00"),
        ("alarm:0x0E", "00 10 01 0e 80 00 00 00"),
        ("alarm:0x25", "00 60 01 25 80 00 00 00"),
        ("alarm:0x62", "30 81 01 62 80 00 00 00"),
        ("hardware-fault", "00 50 01 07 c0 00 00 00"),
        ("hardware-fault:0x0D", "00 50 01 0d c0 00 00 00"),
    ],
)
def test_alarms_and_faults_end_the_charge(wire: Make, fault: str, data: str) -> None:
    bus = _charging(wire, fault)
    bus.run(2)
    assert bus.last(EMCY).hex(" ") == data
    assert _amps(bus) == 0
    assert bus.number(0x1001) == 1
    if "0x20" not in fault:
        assert bus.number(0x2011) == 8


def test_alarm_is_said_once(wire: Make) -> None:
    bus = wire(fault="alarm:0x2D@boot+1,alarm:0x2D@boot+2")
    bus.run(5)
    assert len(bus.all(EMCY)) == 1


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("ac-loss", 0x0040, 3),
        ("disabled", 0x0050, 8),
        ("override-lost", 0x0030, 16),
        ("stall", 0x1570, 0),
        ("equalize", 0x1670, 0),
        ("derate", 0x1178, 0),
        ("battery-loss", 0x0050, 4),
    ],
)
def test_faults_that_the_status_word_shows(wire: Make, fault: str, status: int, reason: int) -> None:
    bus = _charging(wire, fault)
    bus.run(1.5)
    assert bus.status == status
    assert bus.number(0x2011) == reason
    # 600 W are left to a derated output: 8.41 A into 71.0 V and 40 mOhm.
    expected = {"equalize": 10.0, "derate": 8.41}.get(fault, 0.0)
    assert _amps(bus) == pytest.approx(expected, abs=0.01)


def test_mains_lost(wire: Make) -> None:
    bus = _charging(wire, "ac-loss")
    bus.run(2)
    assert bus.last(TPDO3)[4:6] == b"\0\0"
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}


def test_battery_lost(wire: Make) -> None:
    bus = _charging(wire, "battery-loss")
    bus.run(1.5)
    assert bus.last(TPDO1)[2:4] == b"\0\0"
    assert bus.last(EMCY)[3] == 0x2D
    idle = wire(fault="battery-loss")
    idle.remote()
    assert idle.last(EMCY) == bytes(8)
    assert idle.last(TPDO1)[2:4] == b"\0\0"


def test_derating_halves_what_is_available(wire: Make) -> None:
    bus = wire(fault="derate:0x02@2")
    bus.charge(ready="00 4C 00 00 54 40 01 01")
    bus.run(2.5)
    measured = bus.charger.measure(bus.now)
    assert measured.current * measured.voltage == pytest.approx(600)
    assert bus.number(0x2008) == 2


def test_silence_is_silent_and_deaf(wire: Make) -> None:
    bus = _charging(wire, "silence")
    bus.run(1)
    bus.heard.clear()
    bus.run(10)
    assert bus.heard == []
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == []
    # It hears no master either, and stops by itself.
    assert _amps(bus) == 0


def test_reboot(wire: Make) -> None:
    bus = _charging(wire, "reboot")
    bus.run(3)
    assert b"\0" in [frame.data for frame in bus.all(STATE)[2:]]
    assert bus.last(STATE) == b"\x7f"
    assert _amps(bus) == 0


def test_it_may_leave_operational_by_itself(wire: Make) -> None:
    bus = _charging(wire, "nmt-preop")
    bus.run(2)
    assert bus.last(STATE) == b"\x7f"
    assert bus.number(0x2011) == 17
    waiting = wire(fault="nmt-preop")
    waiting.run(1)
    assert [frame.data for frame in waiting.all(STATE)] == [b"\0"]


def test_no_start(wire: Make) -> None:
    bus = wire(fault="no-start")
    bus.charge()
    bus.run(60)
    assert bus.status == 0x0070
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}


def test_stall_from_the_beginning_starts_no_clock(wire: Make) -> None:
    """Resting is no charging indication."""
    bus = wire(fault="stall,alarm:0x2D@1")
    bus.charge()
    bus.run(5)
    assert bus.status == 0x1570
    assert bus.last(EMCY) == bytes(8)


@pytest.mark.parametrize(
    ("fault", "place", "true", "shown"), [("over-voltage", 2, 71.4, 73.4), ("over-current", 0, 10, 15)]
)
def test_measurements_may_read_too_high(
    wire: Make, fault: str, place: int, true: float, shown: float
) -> None:
    bus = _charging(wire, fault)
    assert _field(bus, place) == pytest.approx(true, abs=0.01)
    bus.run(1.5)
    assert _field(bus, place) == pytest.approx(shown, abs=0.01)
    measured = bus.charger.measure(bus.now)
    assert (measured.voltage if place else measured.current) == pytest.approx(true, abs=0.01)


def _field(bus: Wire, place: int) -> float:
    return int.from_bytes(bus.last(TPDO1)[place : place + 2], "little") / 256


def test_over_current_with_the_offset(wire: Make) -> None:
    bus = wire(fault="over-current:1", idle="offset")
    bus.remote()
    assert _field(bus, 0) == pytest.approx(20.48, abs=0.01)


@pytest.mark.parametrize(
    ("fault", "ends", "goes_on"), [("heartbeat-stop", STATE, TPDO1), ("tpdo-stop", TPDO1, STATE)]
)
def test_one_service_may_end(wire: Make, fault: str, ends: int, goes_on: int) -> None:
    bus = _charging(wire, fault)
    bus.run(2)
    bus.heard.clear()
    bus.run(3)
    assert not bus.all(ends)
    assert bus.all(goes_on)
    assert _amps(bus) == pytest.approx(10)


def test_sdo_slow(wire: Make) -> None:
    """Late answers come in their order, and none is lost."""
    bus = wire(fault="sdo-slow:150")
    bus.run(1)
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == []
    bus.run(0.05)
    assert bus.send(0x60A, "40 18 10 01 00 00 00 00") == []
    bus.run(0.3)
    assert [(round(frame.time, 3), frame.data[1:4].hex()) for frame in bus.all(0x58A)] == [
        (1.15, "001000"),
        (1.2, "181001"),
    ]


def test_slow_answers_do_not_time_out_by_themselves(wire: Make) -> None:
    """The client's next request can come only after the late answer."""
    bus = wire(fault="sdo-slow:3000")
    bus.run(1)
    bus.send(0x60A, "40 08 10 00 00 00 00 00")
    bus.run(3.5)
    bus.send(0x60A, "60 00 00 00 00 00 00 00")
    bus.run(3.5)
    assert [frame.data[0] for frame in bus.all(0x58A)] == [0x41, 0x00]


def test_sdo_slow_survives_no_reset(wire: Make) -> None:
    bus = wire(fault="sdo-slow:500")
    bus.run(1)
    bus.send(0x60A, "40 00 10 00 00 00 00 00")
    bus.send(0, "81 0A")
    bus.run(2)
    assert not bus.all(0x58A)


def test_sdo_lossy(wire: Make) -> None:
    """About a fifth of a thousand answers is lost, the same ones each time."""
    answered = []
    for _ in range(2):
        bus = wire(fault="sdo-lossy:20", seed="7")
        bus.run(1)
        answered.append([len(bus.send(0x60A, "40 00 10 00 00 00 00 00")) for _ in range(1000)])
    assert answered[0] == answered[1]
    assert 740 < sum(answered[0]) < 860


def test_sdo_abort(wire: Make) -> None:
    bus = wire(fault="sdo-abort:0x06090011")
    bus.run(1)
    assert bus.ask("40 00 10 00 00 00 00 00").hex(" ") == "80 00 10 00 11 00 09 06"
    assert bus.write(0x6081, 0, b"\1") == 0x06090011
    assert bus.send(0x60A, "80 00 10 00 00 00 04 05") == []


def test_sdo_dead(wire: Make) -> None:
    bus = wire(fault="sdo-dead:0x2242")
    bus.run(1)
    assert bus.send(0x60A, "40 42 22 00 00 00 00 00") == []
    assert bus.number(0x1000) == 0x1A3


def test_object_may_be_absent(wire: Make) -> None:
    bus = wire(fault="no-object:0x2242")
    bus.run(1)
    assert bus.ask("40 42 22 00 00 00 00 00").hex(" ") == "80 42 22 00 00 00 02 06"
    assert bus.number(0x2241) == 0xFFFFFFFF


@pytest.mark.parametrize(
    ("fault", "index", "sub", "value"),
    [
        ("wrong-identity", 0x1000, 0, 0x000F0191),
        ("wrong-identity:0x00030192", 0x1000, 0, 0x00030192),
        ("wrong-vendor", 0x1018, 1, 0x0000029C),
    ],
)
def test_wrong_identity(wire: Make, fault: str, index: int, sub: int, value: int) -> None:
    bus = wire(fault=fault)
    bus.run(1)
    assert bus.number(index, sub) == value
    bus.send(0, "81 0A")
    bus.run(1)
    assert bus.number(index, sub) == value


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("cia419", {1: [0x60100010, 0x60000008], 3: [0x60700010, 0x60810008]}),
        ("ennoid", {1: [], 2: [], 3: [0x60700010, 0x60000008, 0x22710020]}),
        ("opaque", {1: [0x2FF00108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008]}),
    ],
)
def test_wrong_mapping(wire: Make, layout: str, words: dict[int, list[int]]) -> None:
    bus = wire(fault=f"wrong-mapping:{layout}")
    bus.run(1)
    for number, expected in words.items():
        index = 0x1600 + number - 1
        assert [bus.number(index, sub + 1) for sub in range(bus.number(index))] == expected


def test_charge_by_another_layout(wire: Make) -> None:
    """ENNOID's seven bytes in 40Ah; the voltage is x 1024."""
    bus = wire(fault="wrong-mapping:ennoid")
    bus.remote()
    bus.every(0.5, 0x40A, "00 00 00 00 00 00 00")
    bus.run(0.5)
    bus.every(0.5, 0x40A, "A0 00 01 00 50 01 00")
    bus.run(1)
    assert bus.status == 0x1170
    assert bus.read(0x2276) == b"\x00\x54"


def test_unknown_object_in_an_rpdo_moves_nothing(wire: Make) -> None:
    bus = wire(fault="wrong-mapping:opaque")
    bus.charge(ready="FF 4C 00 00 54 A0 00 01")
    assert bus.status == 0x1170
    assert bus.number(0x6081) == 76


@pytest.mark.parametrize(
    ("role", "heartbeat", "rpdo"), [("both", 10, 10), ("heartbeat", 10, 0), ("rpdo", 0, 10)]
)
def test_second_master(wire: Make, role: str, heartbeat: int, rpdo: int) -> None:
    """Its frames are on the wire, and the charger hears them."""
    bus = wire(fault=f"second-master:{role}@boot+1")
    bus.run(1.95)
    assert [frame.data for frame in bus.all(HEARTBEAT)] == [b"\x05"] * heartbeat
    assert [frame.data.hex(" ") for frame in bus.all(RPDO1)] == ["00 4c 00 00 52 50 00 01"] * rpdo
    assert len(bus.all(EMCY)) == (1 if heartbeat else 0)


def test_babbling_node(wire: Make) -> None:
    bus = wire(fault="babble:200@boot+1")
    bus.run(1.999)
    assert len(bus.all(0x001)) == 200
    assert bus.number(0x1000) == 0x1A3


def test_every_fault_of_the_catalogue_can_be_carried_out(wire: Make) -> None:
    """Nothing in the catalogue is without an effect, and none of them breaks the charger."""
    for kind in FAULTS.values():
        name = kind.usage.partition("[")[0].replace(":ID", ":1").replace(":INDEX", ":0x1000")
        name = name.replace("ADDRESS=NUMBER", "0x1018:03=7")
        bus = wire(fault=name.replace(":K", ":1") if kind.counted else f"{name}@1,{name}@boot+0")
        bus.run(0.5)
        bus.send(0, "01 0A")
        bus.every(0.1, HEARTBEAT, "05")
        bus.every(0.1, RPDO1, READY_1_84V_10A.replace("01", "00"))
        bus.run(0.5)
        bus.every(0.1, RPDO1, READY_1_84V_10A)
        bus.run(3)
        bus.send(0x60A, struct.pack("<BHB4x", 0x40, 0x1008, 0))


def test_fixed_counts_of_the_charger(wire: Make) -> None:
    """RPDO1 has six of its eight slots mapped; 0 in a slot maps nothing."""
    bus = wire(fault="fixed-counts")
    bus.run(0.5)
    assert bus.read(0x1600) == b"\x08"
    assert bus.read(0x1600, 7) == bus.read(0x1600, 8) == bytes(4)
    assert bus.write(0x1600, 0, b"\x06") == 0x06010002
    # Before anything else: the PDO is still enabled.
    assert bus.write(0x1600, 1, bytes(4)) == 0x06010000
    assert bus.write(0x1400, 1, bytes.fromhex("0A 02 00 80")) == 0
    assert bus.write(0x1600, 0, b"\x00") == 0x06010002
    assert bus.write(0x1600, 2, bytes.fromhex("08 00 00 60")) == 0
    assert bus.write(0x1600, 6, bytes.fromhex("00 00 00 00")) == 0
    assert bus.write(0x1400, 1, bytes.fromhex("0A 02 00 00")) == 0
    # Filler, ready, override, volts, amps: seven bytes, and the last slots are empty.
    bus.remote()
    bus.every(0.1, RPDO1, "00 00 00 00 54 A0 00")
    bus.run(0.55)
    bus.every(0.1, RPDO1, "00 01 00 00 54 A0 00")
    bus.run(1.5)
    assert bus.status == 0x1170


def test_values_from_power_on(wire: Make) -> None:
    """SOC, filler and override slots exchanged for what no SDO write could map."""
    bus = wire(fault="value:0x1A00:01=0x10180220,value:0x1A00:02=0x21010010,value:0x1A00:00=2")
    bus.remote()
    assert bus.last(TPDO1).hex(" ") == "81 a0 d4 00 00 47"
