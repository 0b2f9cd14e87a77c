"""What a watcher of a charge sees, and what will end it first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deltaq_master.charger.battery import Battery, BatteryReading
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import ASKING, Phase
from deltaq_master.charger.plan import ChargePlan, Consent
from deltaq_master.charger.report import Report, Returned, Supply
from deltaq_master.charger.state import Cause, CycleState, Outcome
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.charger.trust import Trust
from deltaq_master.charger.view import SLOPE_SPAN, AhMark, ChargeView, forecast, next_mark, view
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.emcy import NONE_ACTIVE, Emergency
from deltaq_master.protocol.heartbeat import HeartbeatWatch
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.units import units_of

IDLE = ChargerStatus.of(0x0070)
BELOW_80 = ChargerStatus.of(0x1170)
NOW = 200.0

Make = Callable[..., ChargePlan]


@pytest.fixture
def make(dictionary: Dictionary) -> Make:
    def make(**changes: Any) -> ChargePlan:
        settings: dict[str, Any] = {"target": Target(84.0, 10.0), "duration": 3600.0}
        return ChargePlan(dictionary, Limits(84.2, 12.0), **(settings | changes))

    return make


def charging(ah: float | None = 2.5, **changes: Any) -> CycleState:
    """Charging at 10 A since 100 s ago, with 2.5 Ah returned."""
    settings: dict[str, Any] = {
        "phase": Phase.CHARGING,
        "target": Target(84.0, 10.0),
        "heartbeat": HeartbeatWatch().heard(NmtState.OPERATIONAL, 199.5),
        "report": Report(9.75, 80.0, BELOW_80, Supply(0, 122.0, 50), Returned(ah=ah)),
        "trust": Trust(trusted=True),
        "current": 10.0,
        "asked": 100.0,
        "ah_base": 0.0,
    }
    return CycleState(**(settings | changes))


def seen(plan: ChargePlan, state: CycleState) -> ChargeView:
    return view(plan, state, (), (), NOW)


# --- the view -------------------------------------------------------------------------------------------------


def test_a_charge_at_one_moment(make: Make) -> None:
    state = charging()
    found = view(make(), state, (), ("event timer 0",), NOW)
    assert found.time == NOW
    assert found.phase is Phase.CHARGING
    assert (found.request.ready, found.request.voltage, found.request.current) == (True, 84.0, 10.0)
    assert found.report is state.report
    assert found.current == 9.75
    assert found.current_note == ""
    assert found.nmt is NmtState.OPERATIONAL
    assert found.since_ready == 100.0
    assert found.ah == 2.5
    assert found.power == 780.0
    assert found.warnings == ("event timer 0",)
    assert found.reading is None
    assert found.alarms == ()
    assert found.outcome is None
    assert found.cause is None
    assert (found.off_confirmed, found.unconfirmed, found.ended, found.released) == (False,) * 4


def test_before_anything_was_heard(make: Make) -> None:
    found = seen(make(), CycleState(target=Target(84.0, 10.0)))
    assert found.phase is Phase.LISTENING
    assert (found.request.ready, found.request.current) == (False, 0.0)
    assert found.nmt is None
    assert found.current is found.power is found.since_ready is found.ah is found.time_left is None
    assert found.current_note == ""
    assert found.ahead == ""


def test_a_reading_that_is_known_to_lie_is_not_shown_as_amperes(make: Make) -> None:
    # 18A 7C 13 46 4E 70 00 00 00: 19.484 A while inactive.
    report = Report(19.484375, 78.2734375, IDLE)
    found = seen(make(), charging(phase=Phase.ARMED, report=report, trust=Trust()))
    assert found.current is None
    assert found.power is None
    assert found.report.current == 19.484375
    assert "charge indication is 0" in found.current_note


def test_a_reading_that_has_not_moved_yet_is_untrusted_too(make: Make) -> None:
    found = seen(make(), charging(trust=Trust()))
    assert found.current is None
    assert found.current_note == "untrusted: it has not moved with the request since the start"


def test_what_was_not_read_needs_no_note(make: Make) -> None:
    found = seen(make(), charging(report=Report(None, 80.0, IDLE), trust=Trust()))
    assert found.current_note == ""


def test_the_integrators_current_is_believed(make: Make) -> None:
    reading = BatteryReading(199.9, current=9.0)
    found = seen(make(), charging(reading=reading, trust=Trust()))
    assert found.current == 9.0
    assert found.power == 720.0
    assert found.reading is reading


def test_without_a_voltage_there_is_no_power(make: Make) -> None:
    found = seen(make(), charging(report=Report(9.75, None, BELOW_80)))
    assert found.current == 9.75
    assert found.power is None


def test_alarms_in_words(make: Make) -> None:
    lost = Emergency.parse(bytes.fromhex("30 81 01 20 80 00 00 00"))
    hot = Emergency.parse(bytes.fromhex("00 10 01 05 80 00 00 00"))
    found = seen(make(), charging(alarms=NONE_ACTIVE.after(lost).after(hot)))
    assert len(found.alarms) == 2
    assert "E-0-3-2" in found.alarms[0]
    assert "E-0-0-5" in found.alarms[1]


def test_an_alarm_that_names_no_code_is_said_as_such(make: Make) -> None:
    found = seen(make(), charging(alarms=NONE_ACTIVE.after(Emergency.parse(b"\x10"))))
    assert found.alarms
    assert "None" not in found.alarms[0]


@pytest.mark.parametrize(
    ("phase", "released", "hold", "confirmed", "ended"),
    [
        (Phase.STOPPING, False, False, False, False),
        (Phase.COMPLETE, False, False, False, False),
        (Phase.COMPLETE, False, False, True, True),
        (Phase.COMPLETE, True, False, True, True),
        (Phase.FAULT, True, False, False, True),
        (Phase.COMPLETE, False, True, True, True),
        (Phase.COMPLETE, True, True, True, True),
        (Phase.STOPPED, False, True, False, False),
        (Phase.CHARGING, False, True, True, False),
    ],
)
def test_ended_when_the_safe_order_was_walked_to_its_end(
    make: Make, phase: Phase, released: bool, hold: bool, confirmed: bool, ended: bool
) -> None:
    plan = make(consent=Consent.HOLD if hold else Consent.NONE)
    state = charging(phase=phase, released=released, off_confirmed=confirmed, ready_off=NOW)
    assert seen(plan, state).ended is ended


def test_a_held_charge_whose_off_was_never_confirmed_has_ended_too(make: Make) -> None:
    # The wait for off is over after 3 s; whoever iterates over the views must get to know.
    plan = make(consent=Consent.HOLD)
    state = charging(
        phase=Phase.FAULT,
        outcome=Outcome.FAULT,
        cause=Cause("not-off", "output not confirmed off: remove AC"),
        ready_off=NOW - 60,
    )
    assert seen(plan, state).unconfirmed
    assert seen(plan, state).ended


def test_the_end_is_told_with_its_cause(make: Make) -> None:
    cause = Cause("ac-lost", "the charger detects no AC")
    state = charging(phase=Phase.FAULT, outcome=Outcome.FAULT, cause=cause, ready_off=NOW - 1)
    found = seen(make(), state)
    assert found.outcome is Outcome.FAULT
    assert found.cause is cause
    assert found.unconfirmed
    assert not found.off_confirmed
    confirmed = seen(make(), replace(state, off_confirmed=True, released=True))
    assert (confirmed.unconfirmed, confirmed.off_confirmed, confirmed.released) == (False, True, True)


def test_an_armed_charger_without_a_target_is_asked_for_no_more_than_its_hardware_bears(
    dictionary: Dictionary,
) -> None:
    plan = ChargePlan(dictionary, Limits(90.0, 40.0))
    found = seen(plan, CycleState(phase=Phase.ARMED))
    assert (found.request.ready, found.request.current) == (False, 0.0)
    assert 0 < found.request.voltage <= 85.0


def test_units_of_a_view() -> None:
    units = units_of(ChargeView)
    assert {name: unit for name, unit in units.items() if unit} == {
        "time": "s",
        "current": "A",
        "since_ready": "s",
        "ah": "Ah",
        "time_left": "s",
    }


# --- the slope of the returned Ah -----------------------------------------------------------------------------


def test_marks_are_half_a_span_apart_and_two_at_most() -> None:
    assert SLOPE_SPAN == 30.0
    half = SLOPE_SPAN / 2
    marks = next_mark((), charging(0.0), 100.0)
    assert marks == (AhMark(100.0, 0.0),)
    assert next_mark(marks, charging(0.5), 100.0 + half - 0.1) == marks
    marks = next_mark(marks, charging(0.5), 100.0 + half)
    assert marks == (AhMark(100.0, 0.0), AhMark(100.0 + half, 0.5))
    marks = next_mark(marks, charging(1.0), 100.0 + 2 * half)
    assert marks == (AhMark(100.0 + half, 0.5), AhMark(100.0 + 2 * half, 1.0))


def test_marks_end_with_the_charge() -> None:
    marks = (AhMark(100.0, 0.0),)
    assert next_mark(marks, charging(0.5, phase=Phase.STOPPING), 101.0) == ()
    assert next_mark(marks, charging(None), 101.0) == ()


# --- what will end it first -----------------------------------------------------------------------------------

HALF_AN_AH_A_MINUTE = (AhMark(NOW - 60, 2.0),)


def test_a_time_limit(make: Make) -> None:
    assert forecast(make(duration=3600.0), charging(), (), NOW) == ("time-limit", 3500.0)
    assert forecast(make(duration=50.0), charging(), (), NOW) == ("time-limit", 0.0)


def test_an_ah_limit_by_the_slope(make: Make) -> None:
    plan = make(duration=None, max_ah=10.0)
    assert forecast(plan, charging(2.5), HALF_AN_AH_A_MINUTE, NOW) == ("ah-limit", 900.0)
    assert forecast(plan, charging(11.0), HALF_AN_AH_A_MINUTE, NOW) == ("ah-limit", 0.0)


def test_the_nearest_one_is_named(make: Make) -> None:
    both = make(duration=3600.0, max_ah=10.0)
    assert forecast(both, charging(2.5), HALF_AN_AH_A_MINUTE, NOW) == ("ah-limit", 900.0)
    short = make(duration=400.0, max_ah=10.0)
    assert forecast(short, charging(2.5), HALF_AN_AH_A_MINUTE, NOW) == ("time-limit", 300.0)


def test_a_full_battery_by_its_soc_and_capacity(make: Make) -> None:
    plan = make(duration=None, battery=Battery(capacity=50.0))
    state = charging(2.5, reading=BatteryReading(NOW, soc=90.0))
    # 5 Ah are missing, at half an Ah a minute.
    assert forecast(plan, state, HALF_AN_AH_A_MINUTE, NOW) == ("taper", 600.0)
    full = charging(2.5, reading=BatteryReading(NOW, soc=100.0))
    assert forecast(plan, full, HALF_AN_AH_A_MINUTE, NOW) == ("taper", 0.0)


@pytest.mark.parametrize(
    ("reading", "capacity"),
    [(None, 50.0), (BatteryReading(NOW), 50.0), (BatteryReading(NOW, soc=90.0), None)],
)
def test_without_soc_or_capacity_nothing_is_missing(
    make: Make, reading: BatteryReading | None, capacity: float | None
) -> None:
    plan = make(max_ah=10.0, duration=None, battery=Battery(capacity=capacity))
    state = charging(2.5, reading=reading)
    assert forecast(plan, state, HALF_AN_AH_A_MINUTE, NOW) == ("ah-limit", 900.0)


@pytest.mark.parametrize(
    ("ah", "marks"),
    [
        (2.5, ()),  # no slope yet
        (2.5, (AhMark(NOW, 2.5),)),  # no time has passed
        (2.5, (AhMark(NOW - 60, 2.5),)),  # nothing flows
        (2.5, (AhMark(NOW - 60, 3.0),)),  # it counts backwards
        (None, HALF_AN_AH_A_MINUTE),
    ],
)
def test_without_a_slope_no_time_can_be_told(make: Make, ah: float | None, marks: tuple[AhMark, ...]) -> None:
    state = charging(ah)
    assert forecast(make(duration=None, max_ah=10.0), state, marks, NOW) == ("indicated", None)
    full = make(duration=None, battery=Battery(capacity=50.0))
    assert forecast(full, state, marks, NOW) == ("taper", None)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in ASKING])
def test_what_does_not_charge_has_nothing_ahead(make: Make, phase: Phase) -> None:
    assert forecast(make(), charging(phase=phase), HALF_AN_AH_A_MINUTE, NOW) == ("", None)


def test_the_view_tells_what_is_ahead(make: Make) -> None:
    plan = make(max_ah=10.0)
    found = view(plan, charging(2.5), HALF_AN_AH_A_MINUTE, (), NOW)
    assert (found.ahead, found.time_left) == ("ah-limit", 900.0)
    waiting = view(plan, charging(asked=math.inf, phase=Phase.ARMED), (), (), NOW)
    assert (waiting.ahead, waiting.time_left, waiting.since_ready) == ("", None, None)
