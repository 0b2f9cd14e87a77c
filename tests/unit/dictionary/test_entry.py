"""Entries: values to bytes and back, limits, scales."""

from __future__ import annotations

import math

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry, Value
from deltaq_master.errors import LimitError, UsageError


def entry(kind: DataType, **options: object) -> Entry:
    return Entry(Address(0x2000, 1), "Value", kind, Access.RW, parent_name="Object", **options)  # type: ignore[arg-type]


CURRENT = Entry(
    Address(0x6070), "Current", DataType.UNSIGNED16, Access.RWW, low=0, high=400, factor=0.0625, unit="A"
)

# Bytes typed by hand: CiA 301 transfers the least significant byte first.
BYTES: list[tuple[DataType, Value, str]] = [
    (DataType.BOOLEAN, 1, "01"),
    (DataType.BOOLEAN, 0, "00"),
    (DataType.INTEGER8, -1, "FF"),
    (DataType.INTEGER16, -32768, "00 80"),
    (DataType.INTEGER24, -2, "FE FF FF"),
    (DataType.INTEGER32, 305419896, "78 56 34 12"),
    (DataType.INTEGER40, -1, "FF FF FF FF FF"),
    (DataType.INTEGER48, 1, "01 00 00 00 00 00"),
    (DataType.INTEGER56, -256, "00 FF FF FF FF FF FF"),
    (DataType.INTEGER64, -2, "FE FF FF FF FF FF FF FF"),
    (DataType.UNSIGNED8, 76, "4C"),
    (DataType.UNSIGNED16, 20992, "00 52"),
    (DataType.UNSIGNED24, 0x123456, "56 34 12"),
    (DataType.UNSIGNED32, 0x000001A3, "A3 01 00 00"),
    (DataType.UNSIGNED40, 0x0102030405, "05 04 03 02 01"),
    (DataType.UNSIGNED48, 1, "01 00 00 00 00 00"),
    (DataType.UNSIGNED56, 1, "01 00 00 00 00 00 00"),
    (DataType.UNSIGNED64, 0xFEDCBA9876543210, "10 32 54 76 98 BA DC FE"),
    (DataType.REAL32, 1.0, "00 00 80 3F"),
    (DataType.REAL64, -2.0, "00 00 00 00 00 00 00 C0"),
    (DataType.VISIBLE_STRING, "ICL", "49 43 4C"),
    (DataType.UNICODE_STRING, "°C", "B0 00 43 00"),
    (DataType.OCTET_STRING, b"\x01\x02", "01 02"),
    (DataType.DOMAIN, b"", ""),
    (DataType.TIME_OF_DAY, b"\1\2\3\4\5\6", "01 02 03 04 05 06"),
]


@pytest.mark.parametrize(("kind", "value", "data"), BYTES)
def test_bytes_of_every_data_type(kind: DataType, value: Value, data: str) -> None:
    assert entry(kind).encode(value) == bytes.fromhex(data)
    decoded = entry(kind).decode(bytes.fromhex(data))
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("kind", "bits", "size"),
    [
        (DataType.BOOLEAN, 1, 1),
        (DataType.INTEGER24, 24, 3),
        (DataType.UNSIGNED64, 64, 8),
        (DataType.REAL32, 32, 4),
        (DataType.TIME_DIFFERENCE, 48, 6),
        (DataType.VISIBLE_STRING, None, None),
        (DataType.DOMAIN, None, None),
    ],
)
def test_lengths(kind: DataType, bits: int | None, size: int | None) -> None:
    assert (entry(kind).bits, kind.size) == (bits, size)


def test_codes_of_cia_301() -> None:
    assert {kind.name: int(kind) for kind in DataType} == {
        "BOOLEAN": 0x01,
        "INTEGER8": 0x02,
        "INTEGER16": 0x03,
        "INTEGER32": 0x04,
        "UNSIGNED8": 0x05,
        "UNSIGNED16": 0x06,
        "UNSIGNED32": 0x07,
        "REAL32": 0x08,
        "VISIBLE_STRING": 0x09,
        "OCTET_STRING": 0x0A,
        "UNICODE_STRING": 0x0B,
        "TIME_OF_DAY": 0x0C,
        "TIME_DIFFERENCE": 0x0D,
        "DOMAIN": 0x0F,
        "INTEGER24": 0x10,
        "REAL64": 0x11,
        "INTEGER40": 0x12,
        "INTEGER48": 0x13,
        "INTEGER56": 0x14,
        "INTEGER64": 0x15,
        "UNSIGNED24": 0x16,
        "UNSIGNED40": 0x18,
        "UNSIGNED48": 0x19,
        "UNSIGNED56": 0x1A,
        "UNSIGNED64": 0x1B,
    }


def test_kinds() -> None:
    assert [kind.signed for kind in (DataType.INTEGER8, DataType.UNSIGNED8, DataType.REAL32)] == [
        True,
        False,
        False,
    ]
    assert [kind.integer for kind in (DataType.INTEGER64, DataType.UNSIGNED24, DataType.BOOLEAN)] == [
        True,
        True,
        False,
    ]
    assert [kind.floating for kind in (DataType.REAL64, DataType.UNSIGNED64)] == [True, False]


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        (DataType.UNSIGNED16, "01", "2000h:01 Object.Value is UNSIGNED16 of 2 bytes, not of 1: 01"),
        (DataType.UNSIGNED16, "01 02 03", "is UNSIGNED16 of 2 bytes, not of 3: 01 02 03"),
        (DataType.BOOLEAN, "", "is BOOLEAN of 1 bytes, not of 0"),
        (DataType.REAL64, "00 00 80 3F", "is REAL64 of 8 bytes, not of 4"),
        (DataType.TIME_OF_DAY, "00", "is TIME_OF_DAY of 6 bytes, not of 1"),
        (DataType.UNICODE_STRING, "41 00 42", "is no UTF-16 text: 41 00 42"),
    ],
)
def test_another_length_is_no_value(kind: DataType, data: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        entry(kind).decode(bytes.fromhex(data))


def test_strings_end_before_their_zeros_and_lose_no_byte() -> None:
    assert entry(DataType.VISIBLE_STRING).decode(b"25 \xb0C\0\0") == "25 °C"
    assert entry(DataType.UNICODE_STRING).decode(b"A\0\0\0") == "A"


def test_any_bit_makes_a_boolean_true() -> None:
    assert entry(DataType.BOOLEAN).decode(b"\x80") == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (DataType.BOOLEAN, 2),
        (DataType.INTEGER8, 128),
        (DataType.INTEGER8, -129),
        (DataType.UNSIGNED8, 256),
        (DataType.UNSIGNED8, -1),
        (DataType.UNSIGNED64, 1 << 64),
        (DataType.UNSIGNED16, math.nan),
        (DataType.REAL64, math.inf),
        (DataType.REAL32, 1e39),
    ],
)
def test_refuses_what_the_type_cannot_hold(kind: DataType, value: float) -> None:
    with pytest.raises(LimitError, match="nothing was sent"):
        entry(kind).encode(value)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (DataType.UNSIGNED8, "1", "is a number"),
        (DataType.UNSIGNED8, 1.5, "holds whole numbers, not 1.5"),
        (DataType.REAL32, b"1", "is a number"),
        (DataType.VISIBLE_STRING, 1, "is a text"),
        (DataType.VISIBLE_STRING, "25 °C", "holds ASCII only"),
        (DataType.OCTET_STRING, "a", "is no bytes"),
        (DataType.TIME_OF_DAY, b"a", "TIME_OF_DAY of 6 bytes, not of 1"),
    ],
)
def test_refuses_another_kind_of_value(kind: DataType, value: Value, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        entry(kind).encode(value)


def test_takes_a_whole_float() -> None:
    assert entry(DataType.UNSIGNED16).encode(160.0) == bytes.fromhex("A0 00")


def test_limits_of_the_eds_are_raw_and_named_in_units() -> None:
    assert CURRENT.encode(400) == bytes.fromhex("90 01")
    with pytest.raises(LimitError) as caught:
        CURRENT.encode(401)
    assert str(caught.value) == (
        "Current 25.0625 A is not at most 25 A (limit of 6070h:00 in the EDS); nothing was sent"
    )
    with pytest.raises(LimitError, match=r"Value -1\.5 V is not at least 0\.5 V"):
        entry(DataType.REAL32, low=0.5, unit="V").encode(-1.5)
    with pytest.raises(LimitError, match="Value 9 raw is not at least 10 raw"):
        entry(DataType.UNSIGNED8, low=10).encode(9)


def test_scale_is_that_of_integers_with_a_factor() -> None:
    scale = CURRENT.scale
    assert scale is not None
    assert (scale.factor, scale.unit, scale.bits, scale.signed) == (0.0625, "A", 16, False)
    assert entry(DataType.UNSIGNED16).scale is None
    assert entry(DataType.REAL32, factor=2.0).scale is None
    assert entry(DataType.INTEGER16, factor=0.125).phys(-8) == -1.0


def test_phys_and_raw() -> None:
    assert CURRENT.phys(160) == 10.0
    assert CURRENT.raw(10.0) == 160
    assert CURRENT.raw(10.06) == 160  # 160.96 sixteenths: never more than was asked
    assert entry(DataType.VISIBLE_STRING).phys("a") == "a"
    assert entry(DataType.UNSIGNED8).raw(7) == 7
    with pytest.raises(UsageError, match="is a number"):
        CURRENT.raw("10")
    with pytest.raises(LimitError, match="Current 5000 A"):
        CURRENT.raw(5000)


@pytest.mark.parametrize(
    ("kind", "invalid"),
    [
        (DataType.UNSIGNED8, 0xFF),
        (DataType.UNSIGNED16, 0xFFFF),
        (DataType.UNSIGNED32, 0xFFFFFFFF),
        (DataType.INTEGER8, -128),
        (DataType.INTEGER16, -32768),
        (DataType.BOOLEAN, None),
        (DataType.REAL32, None),
        (DataType.VISIBLE_STRING, None),
    ],
)
def test_invalid_values_of_cia_418(kind: DataType, invalid: int | None) -> None:
    assert entry(kind).invalid == invalid


@pytest.mark.parametrize(
    ("access", "readable", "writable"),
    [("ro", 1, 0), ("wo", 0, 1), ("rw", 1, 1), ("rwr", 1, 1), ("rww", 1, 1), ("const", 1, 0)],
)
def test_access(access: str, readable: bool, writable: bool) -> None:
    found = Entry(Address(0x2000), "Value", DataType.UNSIGNED8, Access(access))
    assert (found.readable, found.writable) == (readable, writable)
    assert found.access == access


def test_flags_and_names() -> None:
    assert not entry(DataType.UNSIGNED8, flags=2).refuse_write
    assert entry(DataType.UNSIGNED8, flags=3).refuse_write
    assert entry(DataType.UNSIGNED8).full_name == "Object.Value"
    assert CURRENT.full_name == "Current"


def test_default_bytes_know_no_limits() -> None:
    beyond = entry(DataType.UNSIGNED16, default=0xFFFF, high=400)
    assert beyond.default_bytes == b"\xff\xff"
    assert entry(DataType.UNSIGNED16).default_bytes is None
    assert entry(DataType.UNICODE_STRING, default="A").default_bytes == b"A\0"
    assert entry(DataType.BOOLEAN, default=1).default_bytes == b"\1"
