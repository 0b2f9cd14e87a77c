"""Numbers as EDS files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.dictionary.numerals import Numeral, bare, decimal, numeral


@pytest.mark.parametrize(
    ("text", "constant", "node_ids"),
    [
        ("0", 0, 0),
        ("10", 10, 0),
        ("0x1A3", 0x1A3, 0),
        ("0X1a3", 0x1A3, 0),
        ("-5", -5, 0),
        ("+5", 5, 0),
        ("-0x10", -16, 0),
        ("001", 1, 0),
        ("000", 0, 0),
        ("$NODEID", 0, 1),
        ("$NODEID+0x200", 0x200, 1),
        ("0x200+$NODEID", 0x200, 1),
        ("$nodeid + 0x200", 0x200, 1),
        ("0x40000000 + $NodeId + 0x180", 0x40000180, 1),
        ("0x600-$NODEID", 0x600, -1),
        ("$NODEID+$NODEID", 0, 2),
    ],
)
def test_numbers(text: str, constant: int, node_ids: int) -> None:
    assert numeral(text) == Numeral(constant, node_ids, "")


@pytest.mark.parametrize(
    ("text", "constant", "remark"),
    [
        ("010", 8, "read as octal, which is 8"),
        ("08", 8, "no octal number, read as 8"),
        ("0199", 199, "no octal number, read as 199"),
        ("0x-5", -5, "a sign does not belong behind 0x"),
    ],
)
def test_guesses_are_said(text: str, constant: int, remark: str) -> None:
    assert numeral(text) == Numeral(constant, 0, remark)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0x",
        "1_000",
        "0x1 0x2",
        "1 2",
        "1.5",
        "$NODEID 0x200",
        "$NODE",
        "12h",
        "0b1",
        "²",
        "5-",
        "9" * 5000,
    ],
)
def test_no_numbers(text: str) -> None:
    assert numeral(text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text: str) -> None:
    numeral(text)
    decimal(text)


def test_decimals() -> None:
    assert decimal("0.0625") == 0.0625
    assert decimal("-1.5e-3") == -0.0015
    assert decimal(".5") == 0.5
    for text in ("0,0625", "nan", "inf", "1_0", "", "1/16", "١"):
        assert decimal(text) is None


def test_comments_behind_numbers() -> None:
    assert bare("0x10 ; sixteen") == "0x10"
    assert bare("0x10") == "0x10"
    assert bare("; nothing") == ""
