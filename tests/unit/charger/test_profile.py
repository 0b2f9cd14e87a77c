"""Battery profiles: the documented one, and every way to get one wrong, with its line."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from deltaq_master.charger.battery import Battery, Chemistry, Window
from deltaq_master.charger.limits import Limits
from deltaq_master.charger.profile import Profile, Wanted, profile_of
from deltaq_master.errors import FileError, LimitError, UsageError

PACK = """\
name = "20s NMC, 50 Ah"

[battery]
chemistry = "li-ion"
cells = 20
capacity = 50.0
voltage = { low = 60.0, high = 84.4 }
cell_voltage = { low = 2.8, high = 4.22 }
temperature = { low = 0, high = 45 }

[limits]
max_voltage = 84.2
max_current = 12.0

[charge]
voltage = 84.0
current = 10.0
taper = 2.5
max_ah = 55.0
duration = 28800
"""

BATTERY = Battery(
    Chemistry.LI_ION, 20, 50.0, Window(60.0, 84.4), Window(2.8, 4.22), Window(0.0, 45.0)
)  # fmt: skip


def test_a_whole_profile() -> None:
    assert profile_of(PACK, "pack.toml") == Profile(
        "20s NMC, 50 Ah", BATTERY, Limits(84.2, 12.0), Wanted(84.0, 10.0, 2.5, 55.0, 28800.0)
    )


def test_an_empty_profile_says_nothing() -> None:
    assert profile_of("", "pack.toml") == Profile(limits=None, charge=Wanted())


def test_a_window_may_be_open() -> None:
    profile = profile_of("[battery]\ncell_voltage = { high = 3.65 }\n", "pack.toml")
    assert profile.battery.cell_voltage == Window(None, 3.65)


def test_the_document_shows_a_profile_that_can_be_read() -> None:
    page = Path(__file__).parents[3] / "docs" / "battery-profiles.md"
    found = re.search(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert profile_of(found[1], str(page)) == profile_of(PACK, "pack.toml")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("cells = 20", "cels = 20", 5, "battery.cels: no such key; did you mean 'cells'?"),
        ("max_voltage", "max_votlage", 12, "limits.max_votlage: no such key; did you mean 'max_voltage'?"),
        ("[limits]", "[limit]", 11, "limit: no such key; did you mean 'limits'?"),
        ("max_ah = 55.0", "zz = 1", 19, "charge.zz: no such key; there are voltage, current"),
        ("high = 4.22", "hihg = 4.22", 8, "battery.cell_voltage.hihg: no such key; did you mean 'high'?"),
        ("capacity = 50.0", 'capacity = "50"', 6, "battery.capacity: expected `float | null`, got `str`"),
        ("cells = 20", "cells = 20.5", 5, "battery.cells: expected `int | null`, got `float`"),
        ("taper = 2.5", "taper = true", 18, "charge.taper: expected `float | null`, got `bool`"),
        ("voltage = 84.0", "voltage = { low = 1 }", 16, "charge.voltage: expected"),
        ('"li-ion"', '"lion"', 4, "'lion'; one of li-ion, lifepo4, lead-acid"),
        ("low = 60.0", "low = 90.0", 7, "battery.voltage: the lower end 90 is not below the upper end 84.4"),
        ("high = 4.22", "high = nan", 8, "battery.cell_voltage.high: nan is no finite number"),
        ("max_current = 12.0", "max_current = inf", 13, "limits.max_current: inf is no finite number"),
        ("max_current = 12.0", "max_current = 0", 13, "limits.max_current: 0 A is not a number above 0"),
        ("\nvoltage = 84.0", "\nvoltage = -84.0", 16, "charge.voltage: -84 V is not a number above 0"),
        ("duration = 28800", "duration = 0", 20, "charge.duration: 0 s is not a number above 0"),
        ("cells = 20", "cells = 0", 5, "battery.cells: 0 is not a number above 0"),
        ("capacity = 50.0", "capacity = -1", 6, "battery.capacity: -1 Ah is not a number above 0"),
        ("high = 4.22", "high = 4.1", 16, "84 V is not at most 82 V, which are 20 cells of 4.1 V"),
        ("max_current = 12.0\n", "", 11, "limits: object missing required field `max_current`"),
        ("[charge]", "[[charge]]", 15, "charge: expected `object`, got `array`"),
        ("[battery]", "battery = 3\n[x]", 4, "x: no such key; there are name, battery, limits, charge"),
        ("duration = 28800", "duration = 28800 s", 20, "no TOML: Expected newline"),
        ("[charge]", "[charge", 15, "no TOML: Expected ']'"),
        ("duration = 28800\n", "duration =", 20, "no TOML: Invalid value"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_line(old: str, new: str, line: int, said: str) -> None:
    assert PACK.count(old) == 1
    with pytest.raises(FileError) as caught:
        profile_of(PACK.replace(old, new), "pack.toml")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"pack.toml:{line}: ")
    assert said in str(caught.value)


def test_dotted_keys_have_lines_too() -> None:
    with pytest.raises(FileError, match=r"pack\.toml:2: battery\.cels: "):
        profile_of('name = "x"\nbattery.cels = 20\n', "pack.toml")


def test_quoted_keys_have_lines_too() -> None:
    with pytest.raises(FileError, match=r"pack\.toml:2: odd key: no such key"):
        profile_of('name = "x"\n"odd key" = 1\n', "pack.toml")


# --- tightening -------------------------------------------------------------------------------------------


def test_the_stricter_of_profile_and_option_wins() -> None:
    profile = Wanted(84.0, 10.0, 2.5, 55.0, 28800.0)
    assert profile.tighten(Wanted(85.0, 12.0, 1.0, 60.0, 36000.0)) == profile
    assert profile.tighten(Wanted(80.0, 5.0, 3.0, 20.0, 60.0)) == Wanted(80.0, 5.0, 3.0, 20.0, 60.0)


def test_what_one_side_does_not_say_the_other_does() -> None:
    profile = Wanted(84.0, 10.0, 2.5, 55.0, 28800.0)
    assert Wanted().tighten(profile) == profile
    assert profile.tighten(Wanted()) == profile
    assert Wanted().tighten(Wanted()) == Wanted()


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_nothing_hides_behind_a_stricter_profile(value: float) -> None:
    """min() and max() let NaN win or vanish, by the order of their arguments."""
    profile = profile_of(PACK, "pack.toml")
    for name in ("voltage", "current", "taper", "max_ah", "duration"):
        with pytest.raises(LimitError, match=name):
            Wanted(**{name: value})
    with pytest.raises(LimitError, match="max-voltage"):
        profile.tighten(max_voltage=value)
    with pytest.raises(LimitError, match="max-current"):
        profile.tighten(max_current=value)


def test_limits_are_the_lowest_of_all() -> None:
    profile = profile_of(PACK, "pack.toml")
    assert profile.tighten() == Limits(84.2, 12.0)
    assert profile.tighten(85.0, 5.0) == Limits(84.2, 5.0)
    assert profile.tighten(84.1, 20.0) == Limits(84.1, 12.0)
    assert Profile().tighten(84.2, 12.0) == Limits(84.2, 12.0)


def test_full_cells_are_a_limit() -> None:
    profile = Profile(battery=Battery(cells=20, cell_voltage=Window(high=4.15)))
    assert profile.cells_full == pytest.approx(83.0)
    assert profile.tighten(84.2, 12.0).max_voltage == pytest.approx(83.0)
    assert Profile(battery=Battery(cells=33, cell_voltage=Window(high=4.1))).cells_full == 135.3
    assert Profile(battery=Battery(cells=20)).cells_full == math.inf
    assert Profile(battery=Battery(cell_voltage=Window(high=4.15))).cells_full == math.inf


@pytest.mark.parametrize("given", [{}, {"max_voltage": 84.0}, {"max_current": 10.0}])
def test_no_limits_are_guessed(given: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="--max-voltage and --max-current"):
        Profile().tighten(**given)
