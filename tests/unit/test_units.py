"""Scaling that never says more than was asked, and units that travel with their values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.errors import LimitError
from deltaq_master.units import Scale, quantity, units_of

VOLTS_Q8 = Scale(1 / 256, "V", 16)  # 2276h
VOLTS_Q10 = Scale(1 / 1024, "V", 32)  # 2271h
AMPERES_Q4 = Scale(1 / 16, "A", 16)  # 6070h
CELSIUS = Scale(0.125, "°C", 16, signed=True)  # 6010h
TENTHS = Scale(0.1, "V", 16)  # 227Ah


class Patience(float):
    """A number that lets itself be compared a hundred times, and no more."""

    def __init__(self, value: float) -> None:
        self.left = 100

    def _compared(self) -> None:
        self.left -= 1
        assert self.left, "compared over and over"

    def __lt__(self, other: float) -> bool:
        self._compared()
        return super().__lt__(other)

    def __ge__(self, other: float) -> bool:
        self._compared()
        return super().__ge__(other)


# Raw values from charger.md, sections 2, 5 and 7.
@pytest.mark.parametrize(
    ("scale", "value", "raw"),
    [
        (VOLTS_Q8, 84.0, 0x5400),
        (VOLTS_Q8, 82.0, 0x5200),
        (VOLTS_Q8, 0.0, 0),
        (VOLTS_Q10, 84.0, 0x15000),
        (AMPERES_Q4, 10.0, 0xA0),
        (CELSIUS, 25.0, 200),
        (CELSIUS, -40.0, -320),
        (CELSIUS, 85.0, 0x02A8),
    ],
)
def test_both_ways(scale: Scale, value: float, raw: int) -> None:
    assert scale.encode(value) == raw
    assert scale.decode(raw) == value


@pytest.mark.parametrize(
    ("scale", "value", "raw"),
    [
        (VOLTS_Q8, 83.999, 0x53FF),
        (VOLTS_Q8, math.nextafter(84.0, 0), 0x53FF),
        (VOLTS_Q8, math.nextafter(84.0, 100), 0x5400),
        (CELSIUS, -0.01, -1),
        (TENTHS, 84.05, 840),
        # 3 x 0.1 is a float above 0.3: it is more than was asked.
        (TENTHS, 0.3, 2),
        # 6 x 0.1 is 0.6000000000000001, and so is not more than that.
        (TENTHS, 0.6000000000000001, 6),
    ],
)
def test_rounds_towards_minus_infinity(scale: Scale, value: float, raw: int) -> None:
    assert scale.encode(value) == raw


def test_the_product_decides_and_not_the_quotient() -> None:
    # Both are rounded floats, and they do not always agree: 0.3 / 0.1 is 2.9999999999999996.
    scale = Scale(0.05, "A", 16)
    for raw in range(1, 2000):
        for value in (raw * 0.05, math.nextafter(raw * 0.05, 0), math.nextafter(raw * 0.05, 1e9)):
            found = scale.encode(value)
            assert found * 0.05 <= value < (found + 1) * 0.05


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_refused(value: float) -> None:
    with pytest.raises(LimitError, match="a finite number") as caught:
        VOLTS_Q8.encode(value, "voltage")
    assert caught.value.name == "voltage"
    assert caught.value.unit == "V"


@pytest.mark.parametrize(
    ("scale", "lowest", "highest"),
    [
        (Scale(1.0, "%", 8), 0, 255),
        (Scale(1.0, "°C", 8, signed=True), -128, 127),
        (Scale(1.0, "V", 16), 0, 65535),
        (Scale(1.0, "V", 32, signed=True), -2147483648, 2147483647),
    ],
)
def test_what_the_bits_hold(scale: Scale, lowest: int, highest: int) -> None:
    assert (scale.lowest, scale.highest) == (lowest, highest)
    assert scale.encode(lowest) == lowest
    assert scale.encode(highest) == highest
    assert scale.encode(highest + 0.99) == highest
    for beyond in (lowest - 1, lowest - 0.01, highest + 1):
        with pytest.raises(LimitError) as caught:
            scale.encode(beyond, "it")
        assert caught.value.asked == beyond
        assert caught.value.limit == f"within {lowest:g} to {highest:g}"
        assert str(scale.bits) in caught.value.source


def test_the_limit_is_told_in_the_unit() -> None:
    with pytest.raises(LimitError, match=r"value 256 V is not within 0 to 255.996 "):
        VOLTS_Q8.encode(256.0)


@pytest.mark.parametrize("value", [1e25, 1e300, -1e300])
def test_a_number_beyond_all_bits_is_refused_at_once(value: float) -> None:
    with pytest.raises(LimitError):
        VOLTS_Q8.encode(Patience(value))


def test_a_number_that_the_division_cannot_hold_is_refused() -> None:
    with pytest.raises(LimitError):
        VOLTS_Q8.encode(1e308)


@given(
    st.sampled_from([1 / 1024, 1 / 256, 1 / 16, 0.01, 0.05, 0.1, 0.125, 0.5, 1.0, 10.0]),
    st.booleans(),
    st.floats(-2000, 2000),
)
def test_never_more_than_asked_and_less_than_one_step_below(
    factor: float, signed: bool, value: float
) -> None:
    scale = Scale(factor, "V", 32, signed)
    if value < 0 and not signed:
        with pytest.raises(LimitError):
            scale.encode(value)
        return
    raw = scale.encode(value)
    assert raw * factor <= value < (raw + 1) * factor


def test_units_are_in_the_metadata() -> None:
    @dataclass(frozen=True)
    class Reading:
        volts: float = quantity("V", "pack voltage")
        amperes: float = quantity("A", default=1.5)
        ready: bool = True

    assert units_of(Reading) == {"volts": "V", "amperes": "A", "ready": ""}
    assert Reading(84.0) == Reading(84.0, 1.5, True)
    assert Reading.__dataclass_fields__["volts"].metadata["doc"] == "pack voltage"
