"""The charge cycle, step by step: what moves it, in which order endings count, what is sent meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deltaq_master.charger import events
from deltaq_master.charger.charge import deadline, step
from deltaq_master.charger.endings import ENDINGS, INCIDENTS, incident
from deltaq_master.charger.phases import ASKING, ENDED, RUNNING, SAFE, SILENT, TRANSITIONS, Phase, Trigger
from deltaq_master.charger.plan import Consent
from deltaq_master.charger.report import Report
from deltaq_master.charger.sending import allowed, request
from deltaq_master.charger.state import Outcome
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import Cease, Hold, Paused, Read, ReadDone, Renew, Tick
from deltaq_master.protocol.nmt import NmtState
from tests.unit.charger.walk import (
    ALARM,
    BELOW_80,
    COMPLETE,
    DISABLED,
    IDLE,
    LOCAL,
    NO_AC,
    SHUT_DOWN,
    STEP,
    Walker,
    plan,
    reading,
    report,
)


def at(walker: Walker) -> Phase:
    return walker.state.phase


def cause(walker: Walker) -> str:
    assert walker.state.cause is not None
    return walker.state.cause.id


def test_the_table_names_every_phase_and_ends_only_in_ends() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert SILENT | RUNNING | ENDED | {Phase.BOOTING, Phase.STOPPING} == set(Phase)
    assert not SAFE & ASKING
    for phase in ASKING:
        assert {Trigger.FAILED, Trigger.STOP_ASKED} <= set(TRANSITIONS[phase])
    for phase in ENDED:
        assert Trigger.CLEARED in TRANSITIONS[phase]


def test_every_cause_has_a_summary_and_a_name_of_its_own() -> None:
    causes = [ending.cause for ending in ENDINGS]
    assert len(set(causes)) == len(causes)
    assert all(ending.summary for ending in ENDINGS)
    assert all(INCIDENTS.values())


def test_a_quiet_bus_is_listened_to_for_two_and_a_half_seconds() -> None:
    walker = Walker(plan())
    walker.meet(events.Heard(NmtState.PRE_OPERATIONAL), Tick(), after=2.4)
    assert at(walker) is Phase.LISTENING
    assert not walker.effects
    assert deadline(walker.plan, walker.state) == pytest.approx(102.5)
    walker.meet(Tick(), after=0.1)
    assert at(walker) is Phase.BOOTING


def test_a_pause_while_listening_begins_the_listening_anew() -> None:
    walker = Walker(plan()).meet(Paused(0.5), after=2.0).meet(Tick(), after=1.0)
    assert at(walker) is Phase.LISTENING


def test_armed_lasts_half_a_second_from_the_first_ready_0() -> None:
    walker = Walker(plan()).to(Phase.ARMED)
    first = next(time for time, effect in walker.effects if isinstance(effect, Renew))
    walker.wait(1.0)
    edge = next(time for time, e in walker.effects if isinstance(e, Renew) and e.data[7] == 1)
    assert edge - first >= 0.5 - 1e-9


@pytest.mark.parametrize(
    ("status", "expected"),
    [(NO_AC, "ac-lost"), (SHUT_DOWN, "shutdown"), (LOCAL, "override-lost"), (DISABLED, "disabled")],
)
def test_conditions_are_awaited_while_armed_and_then_refuse(status: int, expected: str) -> None:
    walker = Walker(plan()).to(Phase.ARMED).wait(4.5, status)
    assert at(walker) is Phase.ARMED
    walker.wait(1.0, status)
    assert walker.state.outcome is Outcome.REFUSED
    assert cause(walker) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (NO_AC & ~0x60, "ac-lost"),  # enabled and remote go with it: AC is the cause
        (SHUT_DOWN & ~0x20, "shutdown"),
        (LOCAL & ~0x20, "override-lost"),
        (DISABLED, "disabled"),
        (ALARM, "alarm"),
    ],
)
def test_of_several_endings_the_first_in_the_table_is_the_cause(status: int, expected: str) -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    walker.meet(events.Reported(report(status)), after=STEP)
    assert at(walker) is Phase.FAULT
    assert cause(walker) == expected


def test_the_alarm_bits_and_the_error_word_are_alarms() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    walker.meet(events.Reported(report(BELOW_80, error=0x20808130)), after=STEP)
    assert walker.state.cause is not None
    assert "E-0-3-2" in walker.state.cause.text


def test_an_alarm_left_over_has_a_second_of_our_heartbeat_to_be_cleared() -> None:
    alarm = events.EmergencyHeard(Emergency.parse(bytes.fromhex("30 81 01 20 80 00 00 00")))
    walker = Walker(plan()).to(Phase.ARMED).meet(alarm).wait(0.7)
    assert at(walker) is Phase.ARMED
    cleared = events.EmergencyHeard(Emergency.parse(bytes(8)))
    assert Walker(plan()).to(Phase.ARMED).meet(alarm, cleared).wait(1.0).state.phase is Phase.ENABLING
    walker.wait(0.5)
    assert walker.state.outcome is Outcome.REFUSED
    assert cause(walker) == "alarm"


def test_charging_is_indication_1_2_3_or_7_and_nothing_else() -> None:
    for status, charges in [(0x1170, True), (0x1270, True), (0x1370, True), (0x1770, True), (0x1570, False)]:
        walker = Walker(plan()).to(Phase.ENABLING)
        walker.meet(events.Reported(report(status)), after=STEP)
        assert (at(walker) is Phase.CHARGING) is charges, hex(status)


def test_resting_after_a_charge_is_waited_for_as_long_as_a_start() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).wait(29.9, 0x1570)
    assert at(walker) is Phase.ENABLING
    walker.wait(0.3, 0x1570)
    assert cause(walker) == "no-start"


def test_a_complete_that_stood_there_before_is_not_about_this_charge() -> None:
    walker = Walker(plan()).to(Phase.ARMED).wait(1.0, COMPLETE)
    assert at(walker) is Phase.ENABLING
    walker.wait(1.0, COMPLETE)
    assert at(walker) is Phase.ENABLING
    walker.wait(1.0, BELOW_80, current=1.0).wait(0.1, COMPLETE)
    assert walker.state.outcome is Outcome.COMPLETE


def test_finishing_begins_within_half_a_volt_of_the_target_and_ends_a_volt_below() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).wait(0.1, BELOW_80, voltage=83.4)
    assert at(walker) is Phase.CHARGING
    walker.wait(0.1, BELOW_80, voltage=83.5)
    assert at(walker) is Phase.FINISHING
    walker.wait(0.1, BELOW_80, voltage=83.0)
    assert at(walker) is Phase.FINISHING
    walker.wait(0.1, BELOW_80, voltage=82.9)
    assert at(walker) is Phase.CHARGING


def test_the_taper_current_has_to_be_held_for_ten_seconds_at_the_target() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    walker.wait(4.0, BELOW_80, current=3.0).wait(
        1.0, BELOW_80, current=8.0
    )  # trusted: it moved with the ramp
    assert walker.state.trust.trusted
    walker.wait(1.0, BELOW_80, current=2.5, voltage=83.9)
    walker.wait(9.0, BELOW_80, current=2.5, voltage=83.9)
    assert at(walker) is Phase.FINISHING
    walker.wait(0.1, BELOW_80, current=2.6, voltage=83.9).wait(9.9, BELOW_80, current=2.5, voltage=83.9)
    assert at(walker) is Phase.FINISHING
    walker.wait(0.3, BELOW_80, current=2.5, voltage=83.9)
    assert cause(walker) == "taper"
    assert walker.state.outcome is Outcome.COMPLETE


def test_a_request_below_the_taper_current_is_no_taper() -> None:
    walker = Walker(plan(external=True)).to(Phase.FINISHING)
    for _ in range(150):
        low = events.Battery(reading(walker.now + STEP, voltage=83.8, current=1.0, max_current=1.0))
        told = events.Reported(report(BELOW_80, current=1.0, voltage=83.8), ah=True)
        walker.meet(events.Heard(NmtState.OPERATIONAL), told, low, Tick(), after=STEP)
    assert at(walker) is Phase.FINISHING


def test_a_current_over_the_limit_ends_it_after_one_second() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    walker.wait(4.0, BELOW_80, current=3.0).wait(1.0, BELOW_80, current=8.0)
    walker.wait(0.9, BELOW_80, current=12.1).wait(0.1, BELOW_80, current=12.0)
    walker.wait(1.0, BELOW_80, current=12.1)
    assert at(walker) is Phase.CHARGING
    walker.wait(0.2, BELOW_80, current=12.1)
    assert cause(walker) == "over-current"


def test_status_that_no_longer_comes_ends_it_after_one_second() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(Tick(), after=0.9)
    assert at(walker) is Phase.CHARGING
    walker.meet(Tick(), after=0.1)
    assert cause(walker) == "reports-stale"


def test_a_lost_heartbeat_ends_it_although_tpdos_go_on() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    for _ in range(24):
        walker.meet(events.Reported(report(BELOW_80, current=1.0), ah=True), Tick(), after=STEP)
    assert at(walker) is Phase.CHARGING
    walker.meet(events.Reported(report(BELOW_80, current=1.0), ah=True), Tick(), after=0.2)
    assert cause(walker) == "heartbeat-lost"


def test_ah_that_are_not_reported_any_more_end_a_charge_that_they_limit() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    for _ in range(60):
        told = events.Reported(report(BELOW_80, current=1.0))
        walker.meet(events.Heard(NmtState.OPERATIONAL), told, Tick(), after=STEP)
    assert cause(walker) == "ah-stale"


def test_an_ah_limit_counts_from_ready_and_survives_a_counter_that_starts_anew() -> None:
    walker = Walker(plan()).to(Phase.ARMED).wait(0.6, IDLE, ah=20.0)
    walker.wait(1.0, BELOW_80, current=1.0, ah=25.0)
    assert at(walker) is Phase.CHARGING
    assert walker.state.ah_returned == 5.0
    walker.wait(0.1, BELOW_80, current=1.0, ah=2.0)
    assert walker.state.ah_returned == 7.0
    walker.wait(0.1, BELOW_80, current=1.0, ah=24.9)
    assert at(walker) is Phase.CHARGING
    walker.wait(0.1, BELOW_80, current=1.0, ah=25.0)
    assert cause(walker) == "ah-limit"


def test_no_battery_data_at_all_is_a_refusal() -> None:
    walker = Walker(plan(external=True))
    walker.meet(Tick(), after=2.5).meet(events.Heard(NmtState.PRE_OPERATIONAL))
    for _ in range(60):
        walker.meet(
            events.Heard(NmtState.OPERATIONAL), events.Reported(report(IDLE), ah=True), Tick(), after=STEP
        )
    assert walker.state.outcome is Outcome.REFUSED
    assert walker.state.cause is not None
    assert walker.state.cause.text == "no battery data came yet"


def test_an_unknown_battery_voltage_is_a_refusal() -> None:
    walker = Walker(plan()).to(Phase.ARMED)
    unknown = replace(report(IDLE), voltage=None)
    for _ in range(60):
        walker.meet(events.Heard(NmtState.OPERATIONAL), events.Reported(unknown, ah=True), Tick(), after=STEP)
    assert walker.state.cause is not None
    assert "not known" in walker.state.cause.text


def test_without_a_target_no_pack_is_expected() -> None:
    walker = Walker(plan(with_target=False)).to(Phase.ARMED)
    missing = next(ending for ending in ENDINGS if ending.cause == "no-battery")
    assert missing.find(walker.plan, walker.state, walker.now) is None


def test_a_report_without_a_status_decides_nothing() -> None:
    walker = Walker(plan()).to(Phase.ARMED)
    walker.state = replace(walker.state, report=Report())
    walker.meet(events.Reported(Report(voltage=78.0)), Tick())
    assert at(walker) is Phase.ARMED


def test_a_stop_asks_for_0_a_with_ready_and_then_for_ready_0() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    walker.effects.clear()
    walker.meet(events.Stop("test")).wait(1.0, BELOW_80, current=0.0)
    frames = [
        (round(time - walker.effects[0][0], 1), e) for time, e in walker.effects if isinstance(e, Renew)
    ]
    assert [(at, e.data[7]) for at, e in frames[:5]] == [(0.0, 1), (0.1, 1), (0.2, 1), (0.3, 1), (0.4, 1)]
    assert all(e.data[7] == 0 for at, e in frames if at > 0.55)
    assert all(e.data[5:7] == b"\0\0" for _, e in frames)


def test_ready_0_does_not_wait_for_the_next_period() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(Tick(), after=0.03).meet(events.Stop("test"), after=0.04)
    begun = walker.now
    while walker.state.ready:
        walker.meet(Tick(), after=max(0.0001, deadline(walker.plan, walker.state) - walker.now))
    assert walker.now - begun == pytest.approx(0.49, abs=0.001)


def test_ready_is_taken_away_as_soon_as_the_charger_says_off() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(events.Stop("test"))
    walker.wait(0.1, IDLE)
    assert not walker.state.ready
    walker.wait(0.2, IDLE)
    assert at(walker) is Phase.STOPPED
    assert walker.state.released


@pytest.mark.parametrize("event", [events.BootUp(), events.Foreign(0x701, b"\x05"), Paused(0.5)])
def test_a_fault_while_stopping_takes_ready_away_and_keeps_the_first_cause(event: object) -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(events.Stop("test")).meet(event, after=STEP)
    assert not walker.state.ready
    assert at(walker) is Phase.STOPPING
    assert cause(walker) == "request"


def test_an_output_that_is_not_confirmed_off_is_a_fault_that_says_so() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(events.Stop("test")).wait(3.7, BELOW_80)
    assert walker.state.outcome is Outcome.FAULT
    assert walker.state.cause is not None
    assert "remove AC" in walker.state.cause.text
    assert walker.state.unconfirmed


def test_the_status_is_read_by_sdo_while_no_tpdo_brings_it() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(events.BootUp(), after=STEP)
    walker.effects.clear()
    for _ in range(7):
        walker.meet(Tick(), after=STEP)
    reads = [effect for _, effect in walker.effects if isinstance(effect, Read)]
    assert reads == [Read(0x2006, 0)]
    walker.meet(ReadDone(0x2006, 0, b"\x70\x00"))
    assert walker.state.off_confirmed
    assert walker.state.released


def test_rpdo_and_heartbeat_end_together() -> None:
    walker = Walker(plan()).to(Phase.CHARGING).meet(events.Stop("test")).wait(1.0, IDLE)
    ends = [(time, effect) for time, effect in walker.effects if isinstance(effect, Cease | Hold)]
    assert [effect for _, effect in ends] == [Hold(True), Cease(0x20A), Hold(False)]
    assert ends[1][0] == ends[2][0]


def test_alarms_that_follow_from_our_own_end_are_expected() -> None:
    held = replace(plan(), consent=Consent.HOLD)
    walker = Walker(held).to(Phase.CHARGING).meet(events.Stop("test"), after=STEP)
    lost = Emergency.parse(bytes.fromhex("30 81 01 20 80 00 00 00"))
    other = Emergency.parse(bytes.fromhex("00 90 01 08 80 00 00 00"))
    walker.meet(Tick(), after=0.6).meet(events.EmergencyHeard(lost))
    assert not walker.state.alarms
    walker.meet(events.EmergencyHeard(other))
    assert len(walker.state.alarms) == 1


def test_the_request_never_goes_below_the_window_of_the_voltage() -> None:
    walker = Walker(plan(external=True)).to(Phase.CHARGING)
    walker.meet(events.Battery(reading(walker.now + STEP, max_voltage=10.0)), after=STEP)
    target = allowed(walker.plan, walker.state)
    assert target.voltage == pytest.approx(50.4)
    assert target.current == 0


def test_a_reading_that_grew_old_is_not_passed_on() -> None:
    walker = Walker(plan(external=True)).to(Phase.CHARGING)
    assert request(walker.plan, walker.state, walker.now).reading is not None
    assert request(walker.plan, walker.state, walker.now + 2.0).reading is None


def test_events_that_say_nothing_move_nothing() -> None:
    walker = Walker(plan()).to(Phase.CHARGING)
    assert incident(walker.plan, walker.state, ReadDone(0x1000, 0, b"")) is None
    after, effects = step(walker.plan, walker.state, ReadDone(0x2006, 0, b"\x00"), walker.now)
    assert after is walker.state or after == walker.state
    assert effects == ()
    assert ChargerStatus.of(IDLE).off
