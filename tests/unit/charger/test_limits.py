"""Limits at the door: what may be asked for at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.charger.limits import Limits, Target, admit, hardware_limits
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import LimitError
from deltaq_master.units import units_of

LIMITS = Limits(84.2, 12.0)
HARDWARE = Limits(85.0, 25.0)

NO_NUMBERS = [0.0, -0.0, -1.0, math.nan, math.inf, -math.inf]


def changed(tmp_path: Path, change: Callable[[str], str]) -> Dictionary:
    """The shipped EDS with a change in its text."""
    path = tmp_path / "changed.eds"
    path.write_text(change(eds_path().read_text()))
    return load(path, 10)


def test_units() -> None:
    assert units_of(Limits) == {"max_voltage": "V", "max_current": "A"}
    assert units_of(Target) == {"voltage": "V", "current": "A"}


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_limit_is_a_number_above_0(value: float) -> None:
    with pytest.raises(LimitError, match=r"^max-voltage .* V is not a number above 0"):
        Limits(value, 12.0)
    with pytest.raises(LimitError, match=r"^max-current .* A is not a number above 0"):
        Limits(84.2, value)


def test_the_lower_one_wins_value_by_value() -> None:
    assert Limits(84.2, 12.0).tighten(Limits(85.0, 10.0)) == Limits(84.2, 10.0)
    assert Limits(85.0, 10.0).tighten(Limits(84.2, 12.0)) == Limits(84.2, 10.0)


def test_the_hardware_of_the_shipped_eds(dictionary: Dictionary) -> None:
    # SPEC: at most 85 VDC and 25.0 A.
    assert hardware_limits(dictionary) == Limits(85.0, 25.0)


def test_the_lowest_of_all_names_is_the_hardwares_limit(tmp_path: Path) -> None:
    # 227Ah counts 0.1 V, 2072h is REAL32 in A.
    def lowered(text: str) -> str:
        text = text.replace("HighLimit=850\n", "HighLimit=840\n", 1)
        head, tail = text.split("[2072]")
        return head + "[2072]" + tail.replace("HighLimit=25\n", "HighLimit=20.5\n", 1)

    assert hardware_limits(changed(tmp_path, lowered)) == Limits(84.0, 20.5)


@pytest.mark.parametrize(("kind", "first"), [("voltage", "2276"), ("current", "6070")])
def test_an_eds_without_any_limit_is_refused(tmp_path: Path, kind: str, first: str) -> None:
    wanted = {
        "voltage": ("2271", "2276", "2277", "2278", "2279", "227A", "227B"),
        "current": ("6070", "2070", "2071", "2072", "2073"),
    }[kind]

    def unlimited(text: str) -> str:
        for index in wanted:
            head, tail = text.split(f"[{index}]")
            end = tail.index("\n[")
            text = head + f"[{index}]" + tail[:end].replace("HighLimit=", ";HighLimit=") + tail[end:]
        return text

    dictionary = changed(tmp_path, unlimited)
    assert dictionary[Address(int(first, 16))].high is None
    with pytest.raises(LimitError, match=f"gives no HighLimit for a {kind} request") as caught:
        hardware_limits(dictionary)
    assert "changed.eds" in caught.value.source
    assert caught.value.unit == {"voltage": "V", "current": "A"}[kind]


def test_a_target_at_its_limits_is_admitted() -> None:
    admit(Target(84.2, 12.0), LIMITS, HARDWARE)
    admit(Target(85.0, 25.0), Limits(90.0, 30.0), HARDWARE)
    admit(Target(50.0, 0.5), LIMITS, HARDWARE)


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_target_is_a_number_above_0(value: float) -> None:
    with pytest.raises(LimitError, match=r"^voltage .* V is not a number above 0"):
        admit(Target(value, 10.0), LIMITS, HARDWARE)
    with pytest.raises(LimitError, match=r"^current .* A is not a number above 0"):
        admit(Target(84.0, value), LIMITS, HARDWARE)


@pytest.mark.parametrize(
    ("target", "limits", "name", "limit", "source"),
    [
        (Target(84.3, 10.0), LIMITS, "voltage", "at most 84.2 V", "max-voltage"),
        (Target(90.0, 10.0), LIMITS, "voltage", "at most 84.2 V", "max-voltage"),
        (Target(84.0, 12.1), LIMITS, "current", "at most 12 A", "max-current"),
        (
            Target(85.1, 10.0),
            Limits(90.0, 40.0),
            "voltage",
            "at most 85 V",
            "the charger's hardware, from its EDS",
        ),
        (
            Target(84.0, 30.0),
            Limits(90.0, 40.0),
            "current",
            "at most 25 A",
            "the charger's hardware, from its EDS",
        ),
    ],
)
def test_over_a_limit_is_refused_with_whose_limit_it_is(
    target: Target, limits: Limits, name: str, limit: str, source: str
) -> None:
    with pytest.raises(LimitError) as caught:
        admit(target, limits, HARDWARE)
    error = caught.value
    assert (error.name, error.limit, error.source) == (name, limit, source)
    assert error.asked == getattr(target, name)
    assert error.unit == {"voltage": "V", "current": "A"}[name]


@given(st.floats(), st.floats())
def test_nothing_outside_the_limits_is_ever_admitted(volts: float, amperes: float) -> None:
    target = Target(volts, amperes)
    within = 0 < volts <= 84.2 and 0 < amperes <= 12.0
    try:
        admit(target, LIMITS, HARDWARE)
    except LimitError:
        assert not within
    else:
        assert within


@given(st.floats(0.001, 200), st.floats(0.001, 200))
def test_the_hardware_rules_over_any_limit_of_the_user(volts: float, amperes: float) -> None:
    wide = replace(LIMITS, max_voltage=1000.0, max_current=1000.0)
    try:
        admit(Target(volts, amperes), wide, HARDWARE)
    except LimitError:
        assert volts > 85 or amperes > 25
    else:
        assert volts <= 85
        assert amperes <= 25
