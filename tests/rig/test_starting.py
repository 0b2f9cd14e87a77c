"""How a charge begins, and every reason for which it does not."""

from __future__ import annotations

from typing import Any

import pytest

from deltaq_master.charger import events
from deltaq_master.charger.battery import Battery, Window
from deltaq_master.charger.limits import Target
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.plan import Accepted, Consent
from deltaq_master.charger.state import Outcome
from deltaq_master.protocol.events import Frame
from tests.rig.virtual import START, Rig, plan
from tests.rig.wire_rules import check_limits, check_start_order, commands, sent

SLOW = {"speed": "60", "soc": "20"}


def at(rig: Rig) -> Phase:
    return rig.session.state.phase


def charging(rig: Rig) -> bool:
    return at(rig) is Phase.CHARGING


def refused(rig: Rig, cause: str) -> str:
    rig.run(60, until=lambda r: r.session.state.released)
    rig.run(5.0)
    assert rig.view.outcome is Outcome.REFUSED
    assert rig.view.cause is not None
    assert rig.view.cause.id == cause
    assert not any(command.ready for command in commands(rig.frames))
    check_limits(rig.frames)
    return rig.view.cause.text


def test_a_charger_that_was_just_plugged_in() -> None:
    rig = Rig(options=SLOW).run(60, until=charging)
    check_start_order(rig.frames)
    assert rig.now - START < 3.0  # its boot-up message, with nothing foreign before it, ends the listening


def test_a_charger_that_waits_since_long() -> None:
    rig = Rig(options=SLOW, alone=10.0)
    begun = rig.now
    rig.run(60, until=charging)
    first = next(frame for frame in rig.frames if frame.sent)
    assert first.time - begun >= 2.5
    check_start_order(rig.frames)


def test_a_charger_found_operational_is_told_ready_0_first() -> None:
    rig = Rig(options=SLOW | {"auto-operational": "yes"}, alone=3.5)
    rig.run(60, until=charging)
    check_start_order(rig.frames, running=True)
    write = next(f for f in rig.frames if f.sent and f.cob_id == 0x60A and f.data[0] != 0x40)
    assert write.data == bytes.fromhex("2F 00 60 00 00 00 00 00")


def test_the_ramp_is_two_amperes_a_second() -> None:
    rig = Rig(options=SLOW).run(60, until=charging).run(8.0)
    ready = [command for command in commands(rig.frames) if command.ready]
    full = next(command for command in ready if command.amps == 10.0)
    assert full.time - ready[0].time == pytest.approx(4.9, abs=0.15)


def test_the_first_ready_frame_may_carry_0_a_by_switch() -> None:
    rig = Rig(plan(first_ready_current=False), SLOW).run(60, until=charging)
    first = next(command for command in commands(rig.frames) if command.ready)
    assert first.amps == 0


def test_nobody_there() -> None:
    rig = Rig(drop=lambda frame: True)
    text = refused(rig, "no-device")
    assert "node 10" in text
    assert not [frame for frame in rig.frames if frame.sent]


@pytest.mark.parametrize(
    ("options", "cause", "words"),
    [
        ({"fault": "wrong-identity"}, "device-type", ("1000h:00", "000001A3h", "000F0191h")),
        ({"fault": "wrong-vendor"}, "vendor", ("1018h:01", "00000110h", "0000029Ch", "--accept-vendor")),
        ({"fault": "wrong-identity:0x000101A3"}, "device-type", ("--accept-device-type 0x000101A3",)),
        ({"master": "33"}, "heartbeat-consumer", ("node 1 ", "node 33", "--master-id 33")),
        ({"algorithm": "1"}, "local-algorithm", ("2242h:00", "--hold", "--release-to-local")),
        ({"fault": "sdo-dead:0x1400"}, "sdo-silent", ("1400h:01",)),
        ({"fault": "wrong-mapping:cia419"}, "mapping", ("voltage request", "no RPDO")),
        ({"battery": "no"}, "no-battery", ("no battery, or another pack", "50.4 to 84.0 V")),
        ({"ac": "0"}, "ac-lost", ("no AC",)),
        ({"fault": "disabled@boot+0"}, "disabled", ("enabled",)),
        ({"fault": "alarm:0x08@boot+0.5"}, "alarm", ("E-0-0-8",)),
    ],
)
def test_refusals(options: dict[str, str], cause: str, words: tuple[str, ...]) -> None:
    text = refused(Rig(options=SLOW | options), cause)
    for word in words:
        assert word in text


def test_a_wrong_device_never_hears_our_heartbeat() -> None:
    rig = Rig(options={"fault": "wrong-identity"})
    refused(rig, "device-type")
    assert {frame.cob_id for frame in rig.frames if frame.sent} == {0x60A}
    assert all(frame.data[0] == 0x40 for frame in rig.frames if frame.sent)


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"fault": "wrong-vendor"}, {"accepted": Accepted(vendor_id=0x29C)}),
        ({"fault": "wrong-identity:0x000101A3"}, {"accepted": Accepted(device_type=0x000101A3)}),
        ({"algorithm": "1"}, {"consent": Consent.RELEASE}),
        ({"master": "33"}, {"master_id": 33}),
    ],
)
def test_what_the_user_accepts_or_names_charges(options: dict[str, str], changes: dict[str, Any]) -> None:
    rig = Rig(plan(**changes), SLOW | options).run(60, until=charging)
    assert at(rig) is Phase.CHARGING


def test_another_pack_by_its_profile() -> None:
    battery = Battery(voltage=Window(40.0, 60.0))
    with pytest.raises(Exception, match="window"):
        plan(battery=battery)
    rig = Rig(plan(target=Target(58.0, 10.0), battery=battery), SLOW)
    assert "40.0 to 60.0 V" in refused(rig, "no-battery")


@pytest.mark.parametrize("cob_id", [0x701, 0x20A, 0x30A])
def test_a_foreign_master_at_any_moment_before_ready(cob_id: int) -> None:
    for moment in (0.0, 0.1, 0.25, 0.4, 0.7):
        rig = Rig(options=SLOW)
        rig.at(moment, lambda rig=rig: rig.inject(cob_id, bytes(8)))  # type: ignore[misc]
        assert f"{cob_id:03X}h" in refused(rig, "foreign-master")


def test_the_listening_hears_a_foreign_master_that_is_slow() -> None:
    rig = Rig(options=SLOW, alone=5.0)
    rig.at(2.4, lambda: rig.inject(0x701, b"\x05"))
    refused(rig, "foreign-master")
    assert not [frame for frame in rig.frames if frame.sent]


def test_an_alarm_that_our_heartbeat_clears_is_history() -> None:
    rig = Rig(options=SLOW)
    rig.inject(0x08A, bytes.fromhex("30 81 01 1E 80 00 00 00"))
    rig.run(60, until=charging)
    assert at(rig) is Phase.CHARGING


def test_boot_without_a_target_stays_armed_and_charges_when_told() -> None:
    rig = Rig(plan(target=None), SLOW).run(20.0)
    assert at(rig) is Phase.ARMED
    assert not any(c.ready or c.amps for c in commands(rig.frames))
    rig.post(events.Charge(Target(82.0, 5.0)))
    rig.run(60, until=charging).run(5.0)
    assert commands(rig.frames)[-1][1:] == (True, 82.0, 5.0)


def test_hold_keeps_the_bus_after_the_end_until_it_is_released() -> None:
    rig = Rig(plan(consent=Consent.HOLD, duration=5.0), SLOW | {"algorithm": "1"})
    rig.run(60, until=lambda r: r.session.state.phase is Phase.STOPPED)
    end = rig.now
    rig.run(30.0)
    assert not rig.session.state.released
    held = [command for command in commands(rig.frames) if command.time > end]
    assert len(held) == pytest.approx(300, abs=3)
    assert not any(command.ready or command.amps for command in held)
    assert sent(rig.frames, 0x701)[-1].time > rig.now - 0.2
    rig.post(events.Release())
    rig.run(0.5)
    assert rig.view.released
    assert commands(rig.frames)[-1].time < rig.now - 0.3


def test_a_held_bus_charges_again() -> None:
    rig = Rig(plan(consent=Consent.HOLD, duration=5.0), SLOW)
    rig.run(60, until=lambda r: r.session.state.phase is Phase.STOPPED)
    rig.post(events.Charge(Target(83.0, 8.0)))
    rig.run(0.1)
    rig.run(60, until=charging)
    assert at(rig) is Phase.CHARGING


def test_a_fault_is_latched_until_it_is_cleared() -> None:
    rig = Rig(options=SLOW | {"fault": "disabled@3"}).run(60, until=lambda r: r.session.state.released)
    rig.post(events.Charge(Target(83.0, 8.0)))
    rig.run(5.0)
    assert at(rig) is Phase.FAULT
    rig.post(events.Clear())
    rig.run(0.1)
    assert at(rig) is not Phase.FAULT


def test_a_lossy_or_slow_sdo_only_takes_longer() -> None:
    for fault in ("sdo-lossy:10", "sdo-slow:200"):
        rig = Rig(options=SLOW | {"fault": fault}).run(120, until=charging)
        assert at(rig) is Phase.CHARGING


def test_no_lost_doubled_or_reordered_frame_raises_the_request() -> None:
    plain = Rig(options=SLOW).run(60, until=charging).run(3.0)
    rising = [command.amps for command in commands(plain.frames) if command.ready]
    count = 0

    def drop(frame: Frame) -> bool:
        nonlocal count
        count += 1
        return not frame.sent and frame.cob_id != 0x58A and count % 3 == 0

    rig = Rig(options=SLOW, drop=drop).run(60, until=charging)
    for frame in list(rig.frames)[-50:]:
        if not frame.sent and frame.cob_id in (0x18A, 0x28A, 0x38A, 0x70A):
            rig.pump.queue.put(frame)
            rig.pump.queue.put(frame)
    rig.run(3.0)
    for got, most in zip([c.amps for c in commands(rig.frames) if c.ready], rising, strict=False):
        assert got <= most + 1e-9
    check_limits(rig.frames)
