"""Values as text that is the same everywhere; the texts are typed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.protocol.events import BusLost, Frame, ReadDone, Tick
from deltaq_master.protocol.recorded_values import Form, broken_by, line, plain_of


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Told:
    level: Level
    colour: Colour | None
    parts: tuple[object, ...]
    named: Mapping[int, bytes]


FORM = Form(Colour, Level, Told, Frame, Tick, BusLost, ReadDone)

CASES: list[tuple[object, str]] = [
    (None, "null"),
    (True, "true"),
    (7, "7"),
    (0.1, "0.1"),
    (1000.0, "1000.0"),
    (1e22, "1e+22"),
    (math.inf, '{"float":"inf"}'),
    (-math.inf, '{"float":"-inf"}'),
    ("80 °C", '"80 \\u00b0C"'),
    (b"\x00\xa1", '{"hex":"00A1"}'),
    ((1, "a"), '[1,"a"]'),
    (frozenset({"b", "a"}), '{"set":["a","b"]}'),
    (frozenset(range(12)), '{"set":[0,1,10,11,2,3,4,5,6,7,8,9]}'),
    ({2: b"\x01", 10: b""}, '{"map":[[10,{"hex":""}],[2,{"hex":"01"}]]}'),
    (Colour.RED, '{"enum":"Colour","value":"red"}'),
    (Level.HIGH, '{"enum":"Level","value":3}'),
    (Tick(), '{"is":"Tick"}'),
    (
        Frame(0x18A, bytes.fromhex("7C 13"), 2.5),
        '{"cob_id":394,"data":{"hex":"7C13"},"is":"Frame","time":2.5}',
    ),
    (
        Frame(0x70A, b"", 2.5, remote=True, length=1),
        '{"cob_id":1802,"data":{"hex":""},"is":"Frame","length":1,"remote":true,"time":2.5}',
    ),
    (
        Told(Level.HIGH, None, (1.0, ()), {}),
        '{"colour":null,"is":"Told","level":{"enum":"Level","value":3},"named":{"map":[]},"parts":[1.0,[]]}',
    ),
]


@pytest.mark.parametrize(("value", "text"), CASES, ids=[text for _, text in CASES])
def test_a_value_has_one_text_and_comes_back(value: object, text: str) -> None:
    plain = plain_of(value)
    assert line(plain) == text
    again = FORM.value(plain)
    assert again == value
    assert type(again) is type(value)


def test_not_a_number_comes_back_too() -> None:
    assert line(plain_of(math.nan)) == '{"float":"nan"}'
    assert math.isnan(FORM.value(plain_of(math.nan)))


def test_sequences_come_back_as_tuples_and_sets_frozen() -> None:
    assert FORM.value(plain_of([1, {2}])) == (1, frozenset({2}))
    assert FORM.value(plain_of(MappingProxyType({1: 2}))) == {1: 2}


@given(st.floats(allow_nan=False))
def test_every_float_comes_back_exactly(value: float) -> None:
    assert FORM.value(plain_of(value)) == value


@pytest.mark.parametrize("value", [object(), Tick, 1j])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be recorded"):
        plain_of(value)


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"is": "Renew"}, "Renew is not known here"),
        ({"enum": "Phase", "value": 1}, "Phase is not known here"),
        ({"enum": "Colour", "value": "blue"}, "blue"),
        ({"is": "BusLost", "reason": "x"}, "BusLost with other fields than this version has: reason"),
        ({"float": "1"}, "not a recorded value"),
        ({"hex": "0G"}, "non-hexadecimal"),
        ({}, "not a recorded value"),
    ],
)
def test_what_is_no_value_is_refused(plain: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FORM.value(plain)


def test_a_break_is_told_without_its_place() -> None:
    assert broken_by(KeyError("x")) == "KeyError: 'x'"
