"""A charge under a master: start, keep-alive, end, in frames and times of CAP1, CAP2 and the vendor's texts."""

from __future__ import annotations

import pytest

from tests.unit.simulator.virtual_wire import (
    EMCY,
    HEARTBEAT,
    NMT,
    OFF,
    READY_0_84V_0A,
    READY_1_82V_10A,
    READY_1_84V_0A,
    READY_1_84V_10A,
    RPDO1,
    RPDO2,
    STATE,
    TPDO1,
    TPDO2,
    TPDO3,
    Make,
)


def test_first_heartbeat_is_answered_by_an_error_reset(wire: Make) -> None:
    """CAP1, CAP2: 4.5 to 13.6 ms later, and at the first one only."""
    bus = wire()
    bus.run(1.0)
    bus.every(0.1, HEARTBEAT, "05")
    bus.run(1.0)
    (reset,) = bus.all(EMCY)
    assert reset.data == bytes(8)
    assert 1.0045 <= reset.time <= 1.0136


def test_without_a_heartbeat_it_is_in_local_mode(wire: Make) -> None:
    """N: enabled, mains, override local, inactive; 19.48 A and no error."""
    bus = wire(soc="70.3")
    bus.run(1.0)
    bus.send(NMT, "01 0A")
    bus.run(1.0)
    assert bus.last(TPDO1).hex(" ") == "7c 13 43 4e 30 00 00 00"


def test_heartbeat_alone_takes_it_into_remote_mode(wire: Make) -> None:
    """CAP1: 0070h in the first TPDO1, before any RPDO."""
    bus = wire(soc="70.3", ac="123.0625")
    bus.remote()
    assert bus.all(TPDO1)[0].data.hex(" ") == "7c 13 43 4e 70 00 00 00"
    bus.run(1.0)
    assert bus.last(TPDO3).hex(" ") == "00 00 00 00 b1 07 ff 00"
    assert bus.last(TPDO2) == bytes(8)


def test_ready_0_then_1_starts_the_charge(wire: Make) -> None:
    bus = wire()
    bus.charge()
    assert bus.status == 0x1170
    # 10 A is A00h; 71.4 V is 6647h/256 (71.0 V and 10 A through 40 mOhm).
    assert bus.last(TPDO1).hex(" ") == "00 0a 66 47 70 11 00 00"


def test_start_takes_its_delay(wire: Make) -> None:
    bus = wire(start_delay="2")
    bus.charge()
    assert bus.status == 0x0070
    bus.run(1.2)
    assert bus.status == 0x1170


def test_ready_1_from_the_first_frame_on_starts_nothing(wire: Make) -> None:
    """CAP1 (51 s) and CAP2 (31 s): no charge, no alarm."""
    bus = wire()
    bus.remote()
    bus.every(0.25, RPDO1, READY_1_82V_10A)
    bus.every(0.25, RPDO2, "00 00 00 0A 00 52 30 02")
    bus.run(51)
    assert bus.status == 0x0070
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}
    assert bus.last(TPDO2) == bytes(8)
    assert bus.number(0x6000) == 1


def test_sdo_write_of_ready_alone_starts_nothing(wire: Make) -> None:
    """N: `60 00 60 00` comes back, and nothing changes; 2271h was written x 256, which is 21 V."""
    bus = wire()
    bus.remote()
    assert bus.write(0x6000, 0, b"\1") == 0
    assert bus.write(0x2271, 0, (84 * 256).to_bytes(4, "little")) == 0
    assert bus.write(0x6070, 0, (10 * 16).to_bytes(2, "little")) == 0
    bus.run(5)
    assert bus.status == 0x0070


def test_request_below_the_battery_voltage_starts_nothing(wire: Make) -> None:
    """The other cause in N: 21 V for a pack of 71 V, even with the right edge."""
    bus = wire()
    bus.remote()
    bus.write(0x6000, 0, b"\0")
    bus.write(0x2271, 0, (84 * 256).to_bytes(4, "little"))
    bus.write(0x6070, 0, (10 * 16).to_bytes(2, "little"))
    bus.write(0x6000, 0, b"\1")
    bus.run(5)
    assert bus.status == 0x0070
    assert bus.number(0x2276) == 21 * 256
    bus.write(0x2271, 0, (84 * 1024).to_bytes(4, "little"))
    bus.run(1)
    assert bus.status == 0x1170


def test_without_a_voltage_request_the_maximum_holds(wire: Make) -> None:
    """N: "The initial value of the voltage limit in this mode is the Charger maximum voltage"."""
    bus = wire(soc="99.9", speed="1000", complete="never")
    bus.remote()
    bus.write(0x6000, 0, b"\0")
    bus.write(0x6070, 0, b"\xa0\0")
    bus.write(0x6000, 0, b"\1")
    bus.run(10)
    assert bus.number(0x2101) == 85 * 256


def test_one_frame_takes_effect_as_a_whole(wire: Make) -> None:
    """6000h before 6070h in the frame: the current of the same frame counts at the edge."""
    bus = wire(zero_edge="refused")
    bus.remote()
    for index, sub, data in (
        (0x1400, 1, "0A 02 00 80"),
        (0x1600, 0, "00"),
        (0x1600, 1, "08 00 00 60"),
        (0x1600, 2, "10 00 70 60"),
        (0x1600, 0, "02"),
        (0x1400, 1, "0A 02 00 00"),
    ):
        assert bus.write(index, sub, bytes.fromhex(data)) == 0
    bus.every(0.1, RPDO1, "00 00 00")
    bus.run(0.2)
    bus.every(0.1, RPDO1, "01 A0 00")
    bus.run(1.0)
    assert bus.indication == 1


def test_current_follows_the_request(wire: Make) -> None:
    bus = wire()
    bus.charge()
    bus.every(0.1, RPDO1, "00 4C 00 00 54 50 00 01")
    bus.run(0.5)
    assert bus.last(TPDO1)[:2] == b"\x00\x05"
    bus.every(0.1, RPDO1, READY_1_84V_0A)
    bus.run(0.5)
    assert bus.last(TPDO1)[:2] == b"\x00\x00"
    assert bus.status == 0x1170


@pytest.mark.parametrize(
    ("frame", "name"),
    [(OFF, "ready 0"), ("00 4C 00 00 54 FF FF 01", "6070h invalid")],
)
def test_charge_ends_when_the_request_does(wire: Make, frame: str, name: str) -> None:
    """2011h: 2, external disable; nothing flows, no alarm."""
    bus = wire()
    bus.charge()
    bus.every(0.1, RPDO1, frame)
    bus.run(0.5)
    assert bus.status == 0x0070, name
    assert bus.number(0x2011) == 2
    assert bus.charger.measure(bus.now).current == 0
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}


def test_ended_charge_needs_the_edge_again(wire: Make) -> None:
    bus = wire()
    bus.charge()
    bus.every(0.1, RPDO1, "00 4C 00 00 54 FF FF 01")
    bus.run(0.5)
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(2)
    assert bus.indication == 0
    bus.every(0.1, RPDO1, READY_0_84V_0A)
    bus.run(0.2)
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert bus.indication == 1


def test_ready_taken_back_before_the_start_starts_nothing(wire: Make) -> None:
    bus = wire(start_delay="2")
    bus.charge()
    bus.every(0.1, RPDO1, READY_0_84V_0A)
    bus.run(3)
    assert bus.status == 0x0070
    assert bus.number(0x2011) == 0


def test_pack_is_measured_at_the_time_asked_for(wire: Make) -> None:
    bus = wire(speed="400")
    bus.charge()
    before = bus.charger.measure(bus.now)
    after = bus.charger.measure(bus.now + 0.4)
    # 160 s of battery time at 10 A are 0.444 Ah of 50.
    assert after.soc - before.soc == pytest.approx(0.889, abs=0.001)
    # The rest of time stays where it was.
    bus.now += 0.4
    assert bus.charger.measure(bus.now) == after


# --- lost command, lost heartbeat ----------------------------------------------------------------------------


def test_lost_rpdo_without_a_charge(wire: Make) -> None:
    """CAP1: EMCY 8130h/20h 505.7 ms after the last 20Ah; "enabled" gone in the next TPDO1, remote stays."""
    bus = wire(soc="70.3")
    bus.remote()
    bus.every(0.25, RPDO1, READY_1_82V_10A)
    bus.run(5.0)
    bus.end(RPDO1)
    last = bus.sent[RPDO1]
    bus.run(1.0)
    emcy = bus.all(EMCY)[-1]
    assert emcy.data.hex(" ") == "30 81 01 20 80 00 00 00"
    assert emcy.time - last == pytest.approx(0.505, abs=0.001)
    following = next(frame for frame in bus.all(TPDO1) if frame.time > emcy.time)
    assert following.data.hex(" ") == "7c 13 43 4e 50 00 00 00"
    assert bus.number(0x1001) == 1
    # 2060h stayed 0 in the one TPDO3 that came after the alarm.
    bus.run(1.0)
    assert bus.last(TPDO3)[:4] == bytes(4)


def test_lost_rpdo_ends_a_charge(wire: Make) -> None:
    bus = wire()
    bus.charge()
    bus.end(RPDO1)
    bus.run(bus.sent[RPDO1] + 0.504 - bus.now)
    assert bus.charger.measure(bus.now).current == pytest.approx(10)
    bus.run(0.3)
    assert bus.last(EMCY).hex(" ") == "30 81 01 20 80 00 00 00"
    assert bus.charger.measure(bus.now).current == 0
    assert bus.status == 0x0050
    assert bus.number(0x2011) == 16


def test_lost_heartbeat(wire: Make) -> None:
    """CAP1: EMCY 8130h/1Eh 2.014 s after the last 701h, then `70A 7F`; TPDOs end."""
    bus = wire()
    bus.charge()
    bus.end(HEARTBEAT)
    bus.run(2.5)
    emcy = bus.all(EMCY)[-1]
    assert emcy.data.hex(" ") == "30 81 01 1e 80 00 00 00"
    assert emcy.time - bus.sent[HEARTBEAT] == pytest.approx(2.014)
    bus.run(1.0)
    assert bus.last(STATE) == b"\x7f"
    assert not [frame for frame in bus.all(TPDO1) if frame.time > emcy.time]
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x2011) == 16
    # The requests are forgotten.
    assert bus.number(0x6070) == 0
    assert bus.number(0x6000) == 0
    assert bus.number(0x2276) == 0xFFFF
    assert bus.number(0x2271) == 0xFFFFFFFF


@pytest.mark.parametrize(("behaviour", "state"), [(0, 0x7F), (1, 0x05), (2, 0x04)])
def test_state_after_the_heartbeat_is_lost_is_that_of_1029h(wire: Make, behaviour: int, state: int) -> None:
    bus = wire()
    bus.remote()
    assert bus.write(0x1029, 1, bytes((behaviour,))) == 0
    bus.end(HEARTBEAT)
    bus.run(4)
    assert bus.last(STATE) == bytes((state,))


def test_recovery_after_everything_was_lost(wire: Make) -> None:
    """The error reset comes again; NMT start is needed again, and the edge."""
    bus = wire()
    bus.charge()
    bus.end(HEARTBEAT, RPDO1)
    bus.run(4)
    assert [frame.data[3] for frame in bus.all(EMCY)] == [0, 0x20, 0x1E]
    bus.heard.clear()
    bus.every(0.1, HEARTBEAT, "05")
    bus.every(0.1, RPDO1, READY_0_84V_0A)
    bus.run(1)
    assert [frame.data for frame in bus.all(EMCY)] == [bytes(8)]
    assert not bus.all(TPDO1)
    bus.send(NMT, "01 0A")
    bus.run(0.5)
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(1)
    assert bus.status == 0x1170
    assert bus.number(0x2011) == 0


def test_command_that_comes_back_clears_its_alarm(wire: Make) -> None:
    """How the unit recovers is not known; here an RPDO clears it, and the edge is needed again."""
    bus = wire()
    bus.charge()
    bus.end(RPDO1)
    bus.run(1)
    assert bus.last(EMCY)[3] == 0x20
    bus.every(0.1, RPDO1, READY_1_84V_10A)
    bus.run(0.5)
    assert bus.last(EMCY) == bytes(8)
    assert bus.status == 0x0070
    assert bus.number(0x1001) == 0


def test_command_time_out_can_be_written(wire: Make) -> None:
    """1400h:05 in milliseconds, where it is not 0."""
    bus = wire()
    bus.charge()
    assert bus.write(0x1400, 5, b"\xd0\x07") == 0
    bus.run(0.1)
    bus.end(RPDO1)
    bus.run(1.9)
    assert bus.last(EMCY)[3] == 0
    bus.run(0.2)
    assert bus.last(EMCY)[3] == 0x20


def test_command_time_out_can_be_off(wire: Make) -> None:
    bus = wire(rpdo_timeout="0")
    bus.charge()
    bus.end(RPDO1)
    bus.run(60)
    assert bus.status == 0x1170


def test_pre_operational_ends_a_charge(wire: Make) -> None:
    """2011h: 17; no time-out alarm, for no RPDO is received any more."""
    bus = wire()
    bus.charge()
    bus.send(NMT, "80 0A")
    bus.run(2)
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x2011) == 17
    assert {frame.data for frame in bus.all(EMCY)} == {bytes(8)}


@pytest.mark.parametrize("command", ["81 0A", "82 0A"])
def test_reset_ends_a_charge(wire: Make, command: str) -> None:
    bus = wire()
    bus.charge()
    bus.send(NMT, command)
    bus.run(2)
    assert bus.charger.measure(bus.now).current == 0
    assert bus.number(0x6000) == 0
    assert bus.number(0x2011) == 0


def test_commands_need_the_heartbeat(wire: Make) -> None:
    """N, G: 6000h, 6070h and the voltage aliases are writable only under the master's heartbeat."""
    bus = wire()
    bus.run(1)
    bus.send(NMT, "01 0A")
    for index, size in (
        (0x6000, 1),
        (0x6070, 2),
        (0x2070, 2),
        (0x2271, 4),
        (0x2276, 2),
        (0x2279, 4),
        (0x227B, 2),
    ):
        assert bus.write(index, 0, bytes(size)) == 0x08000022, hex(index)
    bus.send(RPDO1, READY_1_84V_10A)
    assert bus.number(0x6070) == 0
    assert bus.number(0x6081) == 76
    bus.run(1)
    assert not bus.all(EMCY)
    bus.send(HEARTBEAT, "05")
    assert bus.write(0x6070, 0, b"\x10\0") == 0
    assert bus.number(0x6070) == 16


@pytest.mark.parametrize(
    ("index", "data", "reads"),
    [
        (0x6070, "50 00", 80),
        (0x2070, "32 00", 80),
        (0x2071, "0A", 80),
        (0x2072, "00 00 A0 40", 80),
        (0x2073, "64 00", 80),
    ],
)
def test_current_aliases_are_one_value(wire: Make, index: int, data: str, reads: int) -> None:
    """5 A in sixteenths, 100 mA, 500 mA, float and 50 mA."""
    bus = wire()
    bus.remote()
    assert bus.write(index, 0, bytes.fromhex(data)) == 0
    assert bus.number(0x6070) == reads
    assert bus.read(0x2072) == bytes.fromhex("00 00 A0 40")


@pytest.mark.parametrize(
    ("index", "data"),
    [
        (0x2271, "00 48 01 00"),
        (0x2276, "00 52"),
        (0x2277, "08 20"),
        (0x2278, "20 05"),
        (0x2279, "00 00 A4 42"),
        (0x227A, "34 03"),
        (0x227B, "68 06"),
    ],
)
def test_voltage_aliases_are_one_value(wire: Make, index: int, data: str) -> None:
    """82 V in 1/1024, 1/256, 10 mV, 1/16, float, 100 mV and 50 mV."""
    bus = wire()
    bus.remote()
    assert bus.read(0x2277) == b"\xff\xff"
    assert bus.write(index, 0, bytes.fromhex(data)) == 0
    assert bus.read(0x2276) == b"\x00\x52"
    assert bus.read(0x2271) == b"\x00\x48\x01\x00"


def test_requests_over_the_limits_of_the_hardware(wire: Make) -> None:
    """By SDO they are refused, by RPDO held: 85 V, 20.8 A and 1200 W at 122 V."""
    bus = wire()
    bus.charge(ready="00 4C 00 00 70 F4 01 01")
    amps = int.from_bytes(bus.last(TPDO1)[:2], "little") / 256
    volts = int.from_bytes(bus.last(TPDO1)[2:4], "little") / 256
    assert amps * volts == pytest.approx(1200, rel=0.002)
    assert bus.write(0x6070, 0, b"\xf4\x01") == 0x06090031
    assert bus.write(0x2276, 0, b"\x00\x70") == 0x06090031


def test_wrong_length_is_an_alarm(wire: Make) -> None:
    """G: E-0-4-6 (2Eh), 8210h; the frame is ignored, and a right one clears it."""
    bus = wire()
    bus.charge()
    bus.send(RPDO1, "00 4C 00 00 54 A0 00")
    assert bus.last(EMCY).hex(" ") == "10 82 01 2e 80 00 00 00"
    bus.run(0.25)
    assert bus.last(EMCY) == bytes(8)
    bus.send(RPDO2, "00 00 00 0A 00 52 30 02 00")
    assert bus.last(EMCY)[3] == 0x2E


# --- to the end ----------------------------------------------------------------------------------------------


def test_charge_to_complete(wire: Make) -> None:
    """Indication 1, 2, 3, 4; 84.0 V is never passed; 100 %; at speed 400 in some 40 s."""
    bus = wire(speed="400")
    bus.charge()
    while bus.indication != 4:
        bus.run(0.2)
        assert bus.now < 60
    shown = [frame.data[5] & 0xF for frame in bus.all(TPDO1)]
    assert list(dict.fromkeys(shown)) == [0, 1, 2, 3, 4]
    assert max(int.from_bytes(frame.data[2:4], "little") for frame in bus.all(TPDO1)) == 84 * 256
    assert bus.status == 0x0470
    bus.run(1.2)
    assert bus.last(TPDO3)[6] == 100
    assert bus.number(0x2011) == 1
    assert bus.number(0x6052) == pytest.approx(40 * 8, abs=4)
    bus.every(0.1, RPDO1, OFF)
    bus.run(0.5)
    assert bus.status == 0x0070


def test_counters_in_tpdo2(wire: Make) -> None:
    """One hour of battery time at 10 A: 360 x 10 s, 80/8 Ah, and 71 to 73 V times 10 Ah."""
    bus = wire(speed="100")
    bus.charge()
    bus.run(36)
    elapsed, ah, wh = (
        int.from_bytes(bus.last(TPDO2)[at : at + size], "little") for at, size in ((0, 2), (2, 4), (6, 2))
    )
    assert elapsed == pytest.approx(360, abs=10)
    assert ah == pytest.approx(80, abs=2)
    assert wh == pytest.approx(725, abs=20)


def test_new_cycle_counts_from_zero(wire: Make) -> None:
    bus = wire(speed="100")
    bus.charge()
    bus.run(10)
    for frame in (OFF, READY_1_84V_10A):
        bus.every(0.1, RPDO1, frame)
        bus.run(0.7)
    assert bus.number(0x2009, 1) < 3
    assert bus.number(0x2009, 2) > 20


def test_power_by_mains(wire: Make) -> None:
    """At 82.8 V terminal voltage 20 A would be 1656 W: derated by the mains below 200 V, with cause bit 0."""
    for ac, watts, cause in (("122", 1200, 1), ("230", 1500, 0)):
        bus = wire(ac=ac, soc="80")
        bus.charge(ready="00 4C 00 00 54 40 01 01")
        measured = bus.charger.measure(bus.now)
        assert measured.current * measured.voltage == pytest.approx(watts)
        assert bus.number(0x2008) == cause
        assert bus.status == 0x1270 | cause << 3


def test_available_power_and_current(wire: Make) -> None:
    """4209h in half watts, 4212h in sixteenths of an ampere."""
    bus = wire()
    bus.run(0.5)
    assert bus.number(0x4209) == 2400
    assert bus.number(0x4212) == pytest.approx(16 * 1200 / 71, abs=1)
    high = wire(ac="230", cells="14")
    high.run(0.5)
    assert high.number(0x4212) == 400


def test_charger_warms_with_its_output(wire: Make) -> None:
    bus = wire(temperature="20")
    bus.run(0.5)
    assert bus.number(0x2050) == 20
    bus.charge()
    assert bus.number(0x2050) == pytest.approx(20 + 0.02 * 714, abs=1)


def test_no_battery(wire: Make) -> None:
    """0 V, and no charge."""
    bus = wire(battery="no")
    bus.charge()
    assert bus.last(TPDO1).hex(" ") == "7c 13 00 00 70 00 00 00"


def test_no_mains(wire: Make) -> None:
    bus = wire(ac="0")
    bus.charge()
    assert bus.status == 0x0040
    assert bus.last(TPDO3)[4:6] == b"\0\0"
    assert bus.number(0x6001) == 0
    assert bus.number(0x4209) == 0


def test_an_hour_of_charging(wire: Make) -> None:
    """Virtual time costs little: some 50 000 frames."""
    bus = wire()
    bus.charge()
    bus.every(0.5, HEARTBEAT, "05")
    bus.every(0.25, RPDO1, READY_1_84V_10A)
    bus.run(3600)
    assert bus.charger.measure(bus.now).soc == pytest.approx(40, abs=0.1)
    assert len(bus.all(TPDO1)) == pytest.approx(5 * 3602, abs=5)
