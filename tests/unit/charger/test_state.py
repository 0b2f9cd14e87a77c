"""What the state of a charge says of itself, and the table of its phases."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.facts import measure
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import (
    ASKING,
    ENDED,
    RUNNING,
    SAFE,
    SILENT,
    TRANSITIONS,
    Phase,
    Trigger,
)
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.report import Report, Returned
from deltaq_master.charger.state import NEVER, Cause, CycleState, Outcome
from deltaq_master.charger.status import ChargeIndication, ChargerStatus
from deltaq_master.charger.trust import Trust
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import PdoDump
from deltaq_master.units import units_of

CHARGING = ChargerStatus.of(0x1170)  # charge cycle, below 80 %, remote, enabled, AC


# --- the state ------------------------------------------------------------------------------------------------


def test_a_cycle_begins_knowing_and_asking_for_nothing() -> None:
    state = CycleState()
    assert state.phase is Phase.LISTENING
    assert (state.ready, state.ended, state.unconfirmed, state.released) == (False, False, False, False)
    assert not any((state.restarted, state.stale_complete, state.off_confirmed, state.leave))
    assert state.current == 0
    assert state.due == math.inf
    assert state.reported == state.sent == NEVER == -math.inf
    assert state.current_reading is state.current_measured is None
    assert state.voltage_measured is state.indication is state.ah_returned is None


def test_a_state_is_a_value() -> None:
    one = CycleState(phase=Phase.ARMED, since=1.0, reading=BatteryReading(1.0, voltage=80.0))
    other = CycleState(phase=Phase.ARMED, since=1.0, reading=BatteryReading(1.0, voltage=80.0))
    assert one == other
    assert hash(one) == hash(other)
    assert one != replace(one, current=0.5)


def test_what_was_read_of_the_device_once_does_not_make_states_differ() -> None:
    assert CycleState() == CycleState(dump=PdoDump((), "node 10"))


def test_units_of_a_state() -> None:
    units = units_of(CycleState)
    assert {name: unit for name, unit in units.items() if unit} == {
        "current": "A",
        "ah_base": "Ah",
        "ah_last": "Ah",
    }


@pytest.mark.parametrize("phase", Phase)
def test_ready_only_while_asking_and_at_the_beginning_of_a_stop(phase: Phase) -> None:
    asking = (Phase.ENABLING, Phase.CHARGING, Phase.FINISHING)
    assert CycleState(phase=phase).ready is (phase in (*asking, Phase.STOPPING))
    assert CycleState(phase=phase, ready_off=5.0).ready is (phase in asking)


@pytest.mark.parametrize("phase", Phase)
def test_ended_when_the_outcome_is_known(phase: Phase) -> None:
    ends = (Phase.COMPLETE, Phase.STOPPED, Phase.REFUSED, Phase.FAULT)
    assert CycleState(phase=phase).ended is (phase in ends)


@pytest.mark.parametrize(
    ("asked", "ready_off", "confirmed", "unconfirmed"),
    [
        (math.inf, math.inf, False, False),
        (math.inf, 5.0, False, False),  # it was never asked for anything
        (1.0, math.inf, False, False),  # it is still asked
        (1.0, 5.0, False, True),
        (1.0, 5.0, True, False),
    ],
)
def test_unconfirmed(asked: float, ready_off: float, confirmed: bool, unconfirmed: bool) -> None:
    state = CycleState(asked=asked, ready_off=ready_off, off_confirmed=confirmed)
    assert state.unconfirmed is unconfirmed


def test_the_integrators_current_first_then_a_trusted_reading_then_none() -> None:
    report = Report(current=9.5, voltage=80.0, status=CHARGING)
    state = CycleState(report=report)
    assert state.current_reading is None
    assert state.current_measured is None
    trusted = replace(state, trust=Trust(trusted=True))
    assert trusted.current_reading == 9.5
    assert trusted.current_measured == 9.5
    told = replace(trusted, reading=BatteryReading(1.0, current=9.0))
    assert told.current_measured == 9.0
    assert told.current_reading == 9.5
    assert replace(state, reading=BatteryReading(1.0, current=0.0)).current_measured == 0.0
    assert replace(trusted, reading=BatteryReading(1.0)).current_measured == 9.5
    assert replace(state, reading=BatteryReading(1.0)).current_measured is None


def test_the_integrators_voltage_first_then_the_chargers() -> None:
    state = CycleState(report=Report(voltage=80.0))
    assert state.voltage_measured == 80.0
    assert replace(state, reading=BatteryReading(1.0)).voltage_measured == 80.0
    assert replace(state, reading=BatteryReading(1.0, voltage=79.5)).voltage_measured == 79.5


def test_the_indication_is_the_reported_one() -> None:
    assert CycleState(report=Report(status=CHARGING)).indication is ChargeIndication.BELOW_80


@pytest.mark.parametrize(
    ("base", "ah", "returned"),
    [(None, 3.0, None), (0.0, None, None), (0.0, 3.0, 3.0), (2.5, 3.0, 0.5), (2.5, 2.5, 0.0)],
)
def test_ah_returned_since_the_charge_began(
    base: float | None, ah: float | None, returned: float | None
) -> None:
    assert CycleState(ah_base=base, report=Report(returned=Returned(ah=ah))).ah_returned == returned


def test_a_counter_that_the_charger_resets_counts_from_0_on(dictionary: Dictionary) -> None:
    # The last cycle's 12.5 Ah stand there when ready goes to 1; then the charger begins a new cycle.
    plan = ChargePlan(dictionary, Limits(84.2, 12.0), Target(84.0, 10.0), max_ah=20.0)
    state = CycleState(phase=Phase.ENABLING, target=plan.target)
    counted = []
    for ah in (12.5, 0.0, 5.0, 12.375, 12.5, 15.0, 20.0):
        state = measure(plan, replace(state, report=Report(returned=Returned(ah=ah))), 100.0)
        counted.append(state.ah_returned)
    assert counted == [0.0, 0.0, 5.0, 12.375, 12.5, 15.0, 20.0]


def test_a_counter_that_the_charger_resets_within_a_charge_loses_nothing(dictionary: Dictionary) -> None:
    # It rests and begins a second cycle: the limit is on what the battery got in all.
    plan = ChargePlan(dictionary, Limits(84.2, 12.0), Target(84.0, 10.0), max_ah=20.0)
    state = CycleState(phase=Phase.CHARGING, target=plan.target)
    counted = []
    for ah in (0.0, 2.5, 5.0, 0.0, 3.0, None, 4.0):
        state = measure(plan, replace(state, report=Report(returned=Returned(ah=ah))), 100.0)
        counted.append(state.ah_returned)
    assert [each for each in counted if each is not None] == [0.0, 2.5, 5.0, 5.0, 8.0, 9.0]


def test_outcomes_and_causes_are_words_for_scripts() -> None:
    assert [outcome.value for outcome in Outcome] == ["complete", "stopped", "refused", "fault"]
    assert Cause("ac-lost", "the charger detects no AC").id == "ac-lost"


# --- the table ------------------------------------------------------------------------------------------------


def test_every_phase_and_every_trigger_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert {trigger for moves in TRANSITIONS.values() for trigger in moves} == set(Trigger)


def test_what_asks_for_current_and_what_is_safe() -> None:
    assert {Phase.ENABLING, Phase.CHARGING, Phase.FINISHING} == ASKING
    assert {Phase.LISTENING, Phase.WAITING} == SILENT
    assert ASKING | {Phase.ARMED} == RUNNING
    assert set(Phase) - ASKING - {Phase.STOPPING} == SAFE
    assert {Phase(outcome.value) for outcome in Outcome} == ENDED


def test_current_is_asked_for_only_by_way_of_armed() -> None:
    for phase, moves in TRANSITIONS.items():
        for trigger, target in moves.items():
            if target in ASKING and phase not in ASKING:
                assert (phase, trigger, target) == (Phase.ARMED, Trigger.ADMITTED, Phase.ENABLING)


def test_every_phase_that_asks_can_be_stopped_and_can_fail() -> None:
    for phase in ASKING:
        assert TRANSITIONS[phase][Trigger.FAILED] is Phase.FAULT
        for trigger in (Trigger.STOP_ASKED, Trigger.COMPLETED, Trigger.LIMIT_REACHED):
            assert TRANSITIONS[phase][trigger] is Phase.STOPPING


def test_what_was_never_asked_for_anything_is_refused_and_not_at_fault() -> None:
    for phase in (Phase.LISTENING, Phase.WAITING, Phase.BOOTING, Phase.ARMED):
        assert TRANSITIONS[phase][Trigger.UNFIT] is Phase.REFUSED
        assert Trigger.FAILED not in TRANSITIONS[phase]


def test_an_end_is_left_only_by_a_word_of_the_user() -> None:
    for phase in (Phase.FAULT, Phase.REFUSED):
        assert TRANSITIONS[phase] == {Trigger.CLEARED: Phase.LISTENING}
    for phase in (Phase.COMPLETE, Phase.STOPPED):
        assert TRANSITIONS[phase] == {Trigger.AGAIN: Phase.ARMED, Trigger.CLEARED: Phase.LISTENING}


def test_a_stop_goes_on_until_off_is_confirmed_or_not() -> None:
    assert TRANSITIONS[Phase.STOPPING] == {
        Trigger.OFF_COMPLETE: Phase.COMPLETE,
        Trigger.OFF_STOPPED: Phase.STOPPED,
        Trigger.NOT_OFF: Phase.FAULT,
    }
