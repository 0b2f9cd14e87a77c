"""Values with their names and units, out of entries and slots."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry, Value
from deltaq_master.dictionary.mapping import DUMMIES, PdoKind, PdoMapping, PdoRecord, Slot
from deltaq_master.protocol.fields import Field, decodable, slot_field, value_field

ADDRESS = Address(0x2101)


def entry(kind: DataType, unit: str = "", factor: float | None = None) -> Entry:
    return Entry(ADDRESS, "Reading", kind, Access.RO, True, factor=factor, unit=unit)


@pytest.mark.parametrize(
    ("kind", "unit", "factor", "raw", "value", "shown"),
    [
        (DataType.UNSIGNED16, "A", 1 / 256, 0x1374, 19.453125, "19.453 A"),
        (DataType.UNSIGNED16, "V", 1 / 256, 0x4E45, 78.26953125, "78.27 V"),
        (DataType.UNSIGNED16, "V", 1 / 16, 0x07BA, 123.625, "123.6 V"),
        (DataType.UNSIGNED16, "V", 1 / 256, 0x5200, 82.0, "82.0 V"),
        (DataType.UNSIGNED16, "V", 1 / 256, 0x63FC, 99.984375, "99.984 V"),
        (DataType.UNSIGNED16, "V", 1 / 256, 0x6410, 100.0625, "100.1 V"),
        (DataType.INTEGER16, "°C", 0.125, 0x0230, 70.0, "70.0 °C"),
        (DataType.INTEGER16, "°C", 0.125, -8, -1.0, "-1.0 °C"),
        (DataType.UNSIGNED8, "%", 1.0, 76, 76, "76 %"),
        (DataType.UNSIGNED8, "%", None, 76, 76, "76 %"),
        (DataType.UNSIGNED8, "%", None, 0xFF, None, "no valid value"),
        (DataType.UNSIGNED16, "V", 1 / 256, 0xFFFF, None, "no valid value"),
        (DataType.INTEGER16, "°C", 0.125, -0x8000, None, "no valid value"),
        (DataType.UNSIGNED8, "", None, 0xFF, 0xFF, "255"),
        (DataType.UNSIGNED16, "", None, 0x0070, 0x70, "0070h"),
        (DataType.UNSIGNED32, "", None, 0x1A3, 0x1A3, "000001A3h"),
        (DataType.INTEGER16, "", None, -5, -5, "-5"),
        (DataType.REAL32, "V", None, 82.5, 82.5, "82.5 V"),
        (DataType.REAL32, "V", None, float("nan"), None, "no valid value"),
        (DataType.VISIBLE_STRING, "", None, "ICL1500", "ICL1500", "ICL1500"),
        (DataType.DOMAIN, "", None, b"\x01\xab", "01 AB", "01 AB"),
        (DataType.BOOLEAN, "", None, True, True, "True"),
    ],
)
def test_value_and_words(
    kind: DataType, unit: str, factor: float | None, raw: Value, value: Value | None, shown: str
) -> None:
    field = value_field(entry(kind, unit, factor), raw)
    assert field.value == value
    assert field.shown == shown
    assert field.name == "Reading"
    assert field.address == ADDRESS


@pytest.mark.parametrize(
    ("kind", "raw", "note"),
    [
        (DataType.UNSIGNED8, 0xFF, "FFh"),
        (DataType.UNSIGNED16, 0xFFFF, "FFFFh"),
        (DataType.INTEGER16, -0x8000, "8000h"),
        (DataType.REAL32, float("inf"), "not a number"),
    ],
)
def test_invalid_says_what_it_was(kind: DataType, raw: Value, note: str) -> None:
    assert value_field(entry(kind, "V"), raw).note == note


def test_a_whole_factor_gives_whole_numbers() -> None:
    assert isinstance(value_field(entry(DataType.UNSIGNED8, "%", 1.0), 76).value, int)


def test_as_text() -> None:
    assert str(Field("Current", 19.453125, "A", "untrusted")) == "Current = 19.453 A (untrusted)"
    assert str(Field("Ready", 1)) == "Ready = 1"


def slot(kind: DataType | None, bits: int, number: int = 1) -> Slot:
    known = entry(kind, "V", 0.5 if kind and kind.integer else None) if kind else None
    return Slot(ADDRESS, bits, 0, "", known, number)


def test_slots() -> None:
    assert slot_field(slot(DataType.UNSIGNED16, 16), 3) == Field("Reading", 1.5, "V", "", ADDRESS, 16)
    assert slot_field(slot(DataType.UNSIGNED16, 16, 2), 3).name == "Reading #2"
    assert slot_field(slot(DataType.BOOLEAN, 1), 1).value == 1
    # 82.5 as IEEE 754 single precision.
    assert slot_field(slot(DataType.REAL32, 32), 0x42A5_0000).value == 82.5


def test_opaque_slots_are_bits_with_a_reason() -> None:
    assert slot_field(slot(None, 16), 0xABCD) == Field("2101h:00", 0xABCD, "", "not in the EDS", ADDRESS, 16)
    shorter = slot_field(slot(DataType.UNSIGNED16, 8), 7)
    assert shorter == Field("Reading", 7, "", "8 bits mapped, unlike in the EDS", ADDRESS, 8)


def test_dummies_are_not_told() -> None:
    address = Address(0x0005)
    field = slot_field(Slot(address, 8, 0, "", DUMMIES[address]), 0)
    assert not field.told
    assert field.address == address


class Nothing:
    indices: frozenset[int] = frozenset()

    def get(self, address: Address) -> None:
        return None


@pytest.mark.parametrize(
    ("words", "count", "answer"),
    [
        ((0x2101_0010,), 1, True),
        ((0x2101_0020, 0x2101_0120), 2, True),
        ((0x2101_0020, 0x2101_0121), 2, False),
        ((0x2101_0010,), 2, False),
        ((0x2101_0010, 0x2101_0000), 2, False),
        ((), 0, False),
        ((), None, False),
    ],
)
def test_decodable(words: tuple[int, ...], count: int | None, answer: bool) -> None:
    mapping = PdoMapping.of(words, Nothing())
    record = PdoRecord(PdoKind.TPDO, 1, 0x18A, 0xFF, None, None, count, words, mapping)
    assert decodable(record) is answer
