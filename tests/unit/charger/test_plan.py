"""A plan that exists may be carried out: what is refused when it is made, and the times it goes by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from deltaq_master.charger.battery import Battery, Window
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.plan import Accepted, ChargePlan, Consent, Timing
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import LimitError, UsageError
from deltaq_master.protocol.boot import BootTiming
from deltaq_master.units import units_of

Make = Callable[..., ChargePlan]


@pytest.fixture
def make(dictionary: Dictionary) -> Make:
    """Makes the README's plan: 84 V, 10 A, limits 84.2 V and 12 A, at most 12 h."""

    def make(**changes: Any) -> ChargePlan:
        settings: dict[str, Any] = {
            "dictionary": dictionary,
            "limits": Limits(84.2, 12.0),
            "target": Target(84.0, 10.0),
            "duration": 12 * 3600.0,
        }
        return ChargePlan(**(settings | changes))

    return make


def test_a_plan_that_may_be_carried_out(make: Make) -> None:
    plan = make()
    assert plan.node_id == 10
    assert plan.master_id == 1
    assert plan.consent is Consent.NONE
    assert plan.accepted == Accepted(None, None)
    assert plan.first_ready_current
    assert not plan.external
    assert not plan.holds


def test_holding_is_a_consent_of_its_own(make: Make) -> None:
    assert make(consent=Consent.HOLD).holds
    assert not make(consent=Consent.RELEASE).holds
    assert [consent.value for consent in Consent] == ["refuse", "hold", "release-to-local"]


# --- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Target(90.0, 10.0), "voltage"),
        (Target(84.3, 10.0), "voltage"),
        (Target(math.nan, 10.0), "voltage"),
        (Target(math.inf, 10.0), "voltage"),
        (Target(0.0, 10.0), "voltage"),
        (Target(84.0, 12.5), "current"),
        (Target(84.0, math.nan), "current"),
        (Target(84.0, -1.0), "current"),
        (Target(84.0, 0.0), "current"),
    ],
)
def test_set_points_outside_the_limits(make: Make, target: Target, name: str) -> None:
    with pytest.raises(LimitError) as caught:
        make(target=target)
    assert caught.value.name == name


@pytest.mark.parametrize("target", [Target(85.5, 10.0), Target(84.0, 30.0)])
def test_the_hardwares_limit_holds_under_any_other(make: Make, target: Target) -> None:
    with pytest.raises(LimitError, match="the charger's hardware, from its EDS"):
        make(target=target, limits=Limits(90.0, 40.0))


def test_the_batterys_window_is_a_limit_too(make: Make) -> None:
    narrow = Battery(voltage=Window(60.0, 83.5))
    with pytest.raises(LimitError) as caught:
        make(battery=narrow)
    error = caught.value
    assert (error.name, error.asked, error.unit) == ("voltage", 84.0, "V")
    assert (error.limit, error.source) == ("at most 83.5 V", "the battery's window")
    assert make(battery=narrow, target=Target(83.5, 10.0)).target == Target(83.5, 10.0)
    assert make(battery=Battery(voltage=Window(low=60.0))).target == Target(84.0, 10.0)


@pytest.mark.parametrize("volts", [0.001, 0.003, 0.099])
def test_a_voltage_that_would_be_sent_as_0_is_refused(make: Make, volts: float) -> None:
    # The coarsest name of the voltage request counts 0.1 V; 0 in that slot means something else.
    with pytest.raises(LimitError, match=r"^voltage .* V is not at least 0.1 V"):
        make(target=Target(volts, 10.0))


@pytest.mark.parametrize("volts", [0.1, 0.5, 60.0])
def test_a_voltage_of_a_step_or_more_is_not_0(make: Make, volts: float) -> None:
    assert make(target=Target(volts, 10.0)).target == Target(volts, 10.0)


def test_a_target_that_comes_later_is_checked_in_the_same_way(make: Make) -> None:
    plan = make(target=None)
    plan.check(Target(84.0, 10.0))
    with pytest.raises(LimitError):
        plan.check(Target(90.0, 10.0))


# --- what ends it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": 7200.0},
        {"duration": None, "max_ah": 40.0},
        {"duration": None, "battery": Battery(capacity=50.0)},
        {"duration": None, "battery": Battery(capacity=50.0), "taper": 1.0},
        {"duration": 7200.0, "taper": 1.0},
    ],
)
def test_something_ends_it_for_certain(make: Make, changes: dict[str, Any]) -> None:
    assert make(**changes).target == Target(84.0, 10.0)


@pytest.mark.parametrize("changes", [{}, {"taper": 2.0}, {"external": True}, {"battery": Battery(cells=20)}])
def test_nothing_would_end_it_for_certain(make: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^nothing would end this charge for certain") as caught:
        make(duration=None, **changes)
    for option in ("--for", "--max-ah", "profile"):
        assert option in caught.value.remedy


def test_a_plan_without_a_target_ends_nothing_and_so_needs_no_end(make: Make) -> None:
    plan = make(target=None, duration=None)
    with pytest.raises(UsageError, match="nothing would end this charge"):
        plan.check(Target(84.0, 10.0))


@pytest.mark.parametrize(
    ("field", "name", "unit"), [("duration", "for", "s"), ("max_ah", "max-ah", "Ah"), ("taper", "taper", "A")]
)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("target", [None, Target(84.0, 10.0)])
def test_an_end_is_a_number_above_0(
    make: Make, field: str, name: str, unit: str, value: float, target: Target | None
) -> None:
    with pytest.raises(LimitError, match=f"^{name} .* {unit} is not a number above 0") as caught:
        make(target=target, **{field: value})
    assert caught.value.source == "the end of the charge"


def test_the_taper_current(make: Make) -> None:
    assert make().taper_current is None
    assert make(battery=Battery(capacity=50.0)).taper_current == 2.5
    assert make(battery=Battery(capacity=50.0), taper=1.5).taper_current == 1.5
    assert make(taper=1.5).taper_current == 1.5
    assert make(battery=Battery(capacity=50.0), timing=Timing(taper_share=0.1)).taper_current == 5.0


# --- who is who -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("master_id", [0, -1, 128, 255, 10])
def test_a_master_id_that_cannot_be(make: Make, master_id: int) -> None:
    with pytest.raises(UsageError, match=f"^master node-ID {master_id} cannot be used") as caught:
        make(master_id=master_id)
    assert caught.value.remedy == "1 to 127, but not the charger's 10"


@pytest.mark.parametrize("master_id", [1, 9, 11, 33, 127])
def test_a_master_id_that_can_be(make: Make, master_id: int) -> None:
    assert make(master_id=master_id).master_id == master_id


# --- times ----------------------------------------------------------------------------------------------------


def test_the_defaults_are_what_the_documents_say() -> None:
    timing = Timing()
    # The charge as it was asked for.
    assert timing.listening == 2.5
    assert timing.ramp == 2.0
    assert timing.start_timeout == 30.0
    assert (timing.taper_share, timing.taper_hold, timing.near_target) == (0.05, 10.0, 0.5)
    # The safe order, and when what is known grows old.
    assert 0.5 <= timing.armed <= 0.6
    assert timing.rpdo_period == 0.1
    assert 0 < timing.stop_current <= 0.5
    assert timing.stop_confirm == 3.0
    assert (timing.over_current, timing.report_stale) == (1.0, 1.0)
    assert (timing.window_low, timing.below_target) == (0.6, 1.0)
    # The boot.
    assert timing.boot == BootTiming()
    assert (timing.boot.start_repeat, timing.boot.start_attempts) == (1.5, 3)
    assert timing.boot.alarm_grace == 1.0
    # The charger's own 500 ms and 2000 ms, and its heartbeat of 1 s.
    assert timing.rpdo_period * 4 < 0.5
    assert timing.listening > 2.0
    assert 2.0 < timing.heartbeat_lost <= 3.0
    assert timing.off_read < timing.report_stale < timing.stop_confirm


def test_every_time_has_its_unit_and_its_sentence() -> None:
    others = {
        "ramp": "A/s",
        "near_target": "V",
        "below_target": "V",
        "taper_share": "A/Ah",
        "window_low": "",
        "boot": "",
    }
    for name, unit in units_of(Timing).items():
        assert unit == others.get(name, "s"), name
    assert all(field.metadata["doc"] for field in fields(Timing) if field.name != "boot")


def test_units_of_a_plan() -> None:
    assert {name: unit for name, unit in units_of(ChargePlan).items() if unit} == {
        "duration": "s",
        "max_ah": "Ah",
        "taper": "A",
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_a_time_is_a_number_and_not_negative(value: float) -> None:
    for name in (field.name for field in fields(Timing) if field.name != "boot"):
        changed: dict[str, Any] = {name: value}
        with pytest.raises((LimitError, UsageError), match=name):
            Timing(**changed)


def test_most_times_may_be_0() -> None:
    assert Timing(off_settle=0.0, taper_hold=0.0).off_settle == 0


@pytest.mark.parametrize("period", [0.0, 0.5, 2.0])
def test_a_period_with_which_the_charger_would_time_out_is_refused(period: float) -> None:
    # It stops 0.5 s after the last command RPDO; with a period of 0 nothing could be due after now.
    with pytest.raises((LimitError, UsageError), match="rpdo_period"):
        Timing(rpdo_period=period)


def test_a_taper_current_has_to_lie_below_the_current(make: Make) -> None:
    with pytest.raises(UsageError, match=r"taper current of 2\.5 A is not below the current of 2 A"):
        make(target=Target(84.0, 2.0), battery=Battery(capacity=50.0))
    assert make(target=Target(84.0, 2.0), battery=Battery(capacity=50.0), taper=0.5).taper_current == 0.5
