"""What the integrator says of the battery."""

from __future__ import annotations

import math
from typing import Any

import pytest

from deltaq_master.charger.battery import Battery, BatteryReading, Chemistry, Window, voltage_ceiling
from deltaq_master.errors import LimitError, UsageError
from deltaq_master.units import units_of

QUANTITIES = ("voltage", "current", "temperature", "soc", "max_current", "max_voltage", "max_cell_voltage")


# --- readings -------------------------------------------------------------------------------------------------


def reading(name: str, value: float) -> BatteryReading:
    """A reading with one more field, chosen by its name."""
    fields: dict[str, Any] = {"time": 1.0} | {name: value}
    return BatteryReading(**fields)


def test_only_the_time_is_needed() -> None:
    told = BatteryReading(12.5)
    assert told.time == 12.5
    assert told.ready
    assert [getattr(told, name) for name in QUANTITIES] == [None] * len(QUANTITIES)


def test_units_of_a_reading() -> None:
    assert units_of(BatteryReading) == {
        "time": "s",
        "voltage": "V",
        "current": "A",
        "temperature": "°C",
        "soc": "%",
        "ready": "",
        "max_current": "A",
        "max_voltage": "V",
        "max_cell_voltage": "V",
    }


@pytest.mark.parametrize("name", ["time", *QUANTITIES])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(LimitError, match=f"^{name} .* is not a finite number"):
        reading(name, value)


@pytest.mark.parametrize("name", ["max_current", "max_voltage", "max_cell_voltage"])
def test_a_limit_is_not_negative_but_may_be_0(name: str) -> None:
    with pytest.raises(LimitError, match=f"^{name} -0.1 is not 0 or more"):
        reading(name, -0.1)
    assert getattr(reading(name, 0.0), name) == 0


@pytest.mark.parametrize("name", ["voltage", "current", "temperature"])
def test_a_measurement_may_be_negative(name: str) -> None:
    assert getattr(reading(name, -5.0), name) == -5.0


# --- chemistry and windows ------------------------------------------------------------------------------------


def test_lead_acid_alone_may_be_equalized() -> None:
    assert {chemistry.value: chemistry.lithium for chemistry in Chemistry} == {
        "li-ion": True,
        "lifepo4": True,
        "lead-acid": False,
    }


@pytest.mark.parametrize(
    ("window", "value", "holds"),
    [
        (Window(60.0, 84.0), 60.0, True),
        (Window(60.0, 84.0), 84.0, True),
        (Window(60.0, 84.0), 59.99, False),
        (Window(60.0, 84.0), 84.01, False),
        (Window(60.0), 1e9, True),
        (Window(60.0), 59.0, False),
        (Window(high=84.0), -1e9, True),
        (Window(high=84.0), 85.0, False),
        (Window(), 1e9, True),
        (Window(60.0, 84.0), None, True),
        (Window(0.0, 45.0), 0.0, True),
        (Window(0.0, 45.0), -0.1, False),
        (Window(60.0, 84.0), math.nan, False),
    ],
)
def test_a_window_is_closed_and_an_end_may_be_open(window: Window, value: float | None, holds: bool) -> None:
    assert window.holds(value) is holds


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window(60.0, 84.2), "60 to 84.2"),
        (Window(high=45.0), "-∞ to 45"),
        (Window(0.0), "0 to ∞"),
        (Window(), "-∞ to ∞"),
    ],
)
def test_a_window_in_words(window: Window, text: str) -> None:
    assert str(window) == text


@pytest.mark.parametrize("ends", [(84.0, 60.0), (60.0, 60.0)])
def test_a_window_that_holds_nothing_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match=r"the lower end .* is not below the upper end 60"):
        Window(*ends)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_end_of_a_window_is_a_number(value: float) -> None:
    with pytest.raises(LimitError, match=r"^low "):
        Window(low=value)
    with pytest.raises(LimitError, match=r"^high "):
        Window(high=value)


# --- the pack -------------------------------------------------------------------------------------------------


def test_units_of_a_pack() -> None:
    assert {name: unit for name, unit in units_of(Battery).items() if unit} == {
        "capacity": "Ah",
        "voltage": "V",
        "cell_voltage": "V",
        "temperature": "°C",
    }


def test_of_an_unknown_pack_hardly_anything_is_known() -> None:
    battery = Battery()
    assert battery.chemistry is Chemistry.LI_ION
    assert battery.cells is None
    assert battery.capacity is None
    for window in (battery.voltage, battery.cell_voltage, battery.temperature):
        assert window == Window()


@pytest.mark.parametrize("capacity", [0.0, -50.0, math.nan, math.inf])
def test_a_capacity_is_a_number_above_0(capacity: float) -> None:
    # The taper current is a share of it: with NaN or less than 0 no current would ever be low enough.
    with pytest.raises(LimitError, match="capacity"):
        Battery(capacity=capacity)


@pytest.mark.parametrize("cells", [0, -20])
def test_a_pack_has_at_least_one_cell(cells: int) -> None:
    # The headroom of the highest cell is multiplied by it: with less than 0 it would raise the request.
    with pytest.raises(LimitError, match="cells"):
        Battery(cells=cells)


# --- the ceiling that a reading sets --------------------------------------------------------------------------

PACK = Battery(cells=20, cell_voltage=Window(2.5, 4.2))


def test_without_a_reading_there_is_no_ceiling() -> None:
    assert voltage_ceiling(PACK, None, 80.0) == math.inf
    assert voltage_ceiling(PACK, BatteryReading(1.0), 80.0) == math.inf


def test_the_batterys_own_highest_voltage() -> None:
    assert voltage_ceiling(PACK, BatteryReading(1.0, max_voltage=83.5), 80.0) == 83.5
    assert voltage_ceiling(Battery(), BatteryReading(1.0, max_voltage=0.0), None) == 0.0


@pytest.mark.parametrize(
    ("reading", "measured", "ceiling"),
    [
        # Of 20 cells the highest has 0.05 V left: the pack may rise by 1 V.
        (BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15), None, 83.0),
        # Without a voltage of its own the charger's measurement is taken.
        (BatteryReading(1.0, max_cell_voltage=4.15), 81.0, 82.0),
        (BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15), 81.0, 83.0),
        # Over its limit already: the pack has to come down.
        (BatteryReading(1.0, voltage=83.5, max_cell_voltage=4.25), None, 82.5),
        # The lower one of both.
        (BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15, max_voltage=82.5), None, 82.5),
        (BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15, max_voltage=84.0), None, 83.0),
    ],
)
def test_the_highest_cell_sets_it_by_what_it_has_left(
    reading: BatteryReading, measured: float | None, ceiling: float
) -> None:
    assert voltage_ceiling(PACK, reading, measured) == pytest.approx(ceiling)


@pytest.mark.parametrize(
    ("battery", "reading", "measured"),
    [
        (PACK, BatteryReading(1.0, max_cell_voltage=4.15), None),
        (PACK, BatteryReading(1.0, voltage=82.0), 82.0),
        (Battery(cells=20), BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15), None),
        (
            Battery(cell_voltage=Window(2.5, 4.2)),
            BatteryReading(1.0, voltage=82.0, max_cell_voltage=4.15),
            None,
        ),
    ],
)
def test_where_a_number_is_missing_the_cell_sets_nothing(
    battery: Battery, reading: BatteryReading, measured: float | None
) -> None:
    assert voltage_ceiling(battery, reading, measured) == math.inf
