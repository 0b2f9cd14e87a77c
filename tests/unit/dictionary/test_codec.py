"""The codec against bytes typed by hand, and against a slow one that moves bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.dictionary.codec import Codec, Field
from deltaq_master.errors import LimitError, UsageError


def codec(*fields: tuple[int, bool]) -> Codec:
    return Codec(Field(bits, signed, f"field {number}") for number, (bits, signed) in enumerate(fields, 1))


U1, U4, U8, U16, U32, U64 = ((bits, False) for bits in (1, 4, 8, 16, 32, 64))
I4, I8, I16, I24, I64 = ((bits, True) for bits in (4, 8, 16, 24, 64))


@pytest.mark.parametrize(
    ("fields", "raws", "data"),
    [
        # the first field takes the lowest bits
        ((U4, U4), (0x1, 0x2), "21"),
        # signed 4 bits: -8 is 1000b, and its neighbour stays what it is
        ((I4, U4), (-8, 0x5), "58"),
        ((I4, I4), (7, -1), "F7"),
        # 16 bits from bit 4 on: 1234h << 4, with 5h below and 6h above
        ((U4, U16, U4), (0x5, 0x1234, 0x6), "45 23 61"),
        ((U4, I16, U4), (0x0, -2, 0x0), "E0 FF 0F"),
        # 64 bits
        ((U64,), (0xFEDCBA9876543210,), "10 32 54 76 98 BA DC FE"),
        ((I64,), (-2,), "FE FF FF FF FF FF FF FF"),
        # BOOLEANs packed: bits 0, 2 and 3
        ((U1, U1, U1, U1), (1, 0, 1, 1), "0D"),
        ((U1, U16, U1), (1, 0x8001, 1), "03 00 03"),
        # whole bytes
        ((U8, I8, U16, I16, U16), (0xFF, -1, 0x1234, -32768, 0x4E46), "FF FF 34 12 00 80 46 4E"),
        ((U32, I24, U8), (0x20808130, -1, 7), "30 81 80 20 FF FF FF 07"),
        ((), (), ""),
    ],
)
def test_bytes_typed_by_hand(fields: tuple[tuple[int, bool], ...], raws: tuple[int, ...], data: str) -> None:
    layout = codec(*fields)
    assert layout.encode(raws) == bytes.fromhex(data)
    assert layout.decode(bytes.fromhex(data)) == raws
    assert layout.length == len(bytes.fromhex(data))


def test_bits_behind_the_last_field_are_sent_as_0_and_not_looked_at() -> None:
    layout = codec(U4, U8)
    assert layout.encode((0xF, 0xFF)) == bytes.fromhex("FF 0F")
    assert layout.decode(bytes.fromhex("FF FF")) == (0xF, 0xFF)
    assert (layout.bits, layout.length) == (12, 2)


@pytest.mark.parametrize("length", [0, 7, 9])
def test_another_length_is_no_pdo(length: int) -> None:
    for layout in (codec(U16, U16, U32), codec(U4, U4, U8, U16, U32)):
        with pytest.raises(ValueError, match=f"{length} bytes of data, the mapping has 8"):
            layout.decode(bytes(length))


@pytest.mark.parametrize(
    ("field", "raw", "limit"),
    [
        (U8, 256, "within 0 to 255"),
        (U8, -1, "within 0 to 255"),
        (I8, 128, "within -128 to 127"),
        (I4, -9, "within -8 to 7"),
        (U1, 2, "within 0 to 1"),
        (U64, 1 << 64, "within 0 to 18446744073709551615"),
    ],
)
def test_nothing_spills_into_the_neighbours(field: tuple[int, bool], raw: int, limit: str) -> None:
    with pytest.raises(LimitError, match=f"field 1 .* is not {limit}"):
        codec(field).encode((raw,))


def test_one_value_for_each_field() -> None:
    with pytest.raises(ValueError, match="1 values, the mapping has 2 slots"):
        codec(U8, U8).encode((1,))
    with pytest.raises(ValueError, match="3 values, the mapping has 2 slots"):
        codec(U8, U8).encode((1, 2, 3))


def test_refuses_what_is_no_pdo() -> None:
    with pytest.raises(UsageError, match="mapped to 65 bits; a CAN frame holds 64"):
        codec(U64, U1)
    with pytest.raises(UsageError, match="field 2 is mapped with 0 bits"):
        codec(U8, (0, False))


# --- any legal mapping ------------------------------------------------------------------------------------


@st.composite
def layouts(draw: st.DrawFn) -> list[tuple[int, bool]]:
    """Fields of any length and sign, 64 bits together at most."""
    sizes = st.one_of(st.sampled_from([1, 4, 8, 16, 24, 32, 64]), st.integers(1, 64))
    fields: list[tuple[int, bool]] = []
    left = 64
    for bits in draw(st.lists(sizes, max_size=64)):
        if bits > left:
            break
        fields.append((bits, draw(st.booleans())))
        left -= bits
    return fields


def slow_decode(fields: list[tuple[int, bool]], data: bytes) -> tuple[int, ...]:
    """Bit by bit, with a list of bits and nothing of the codec's arithmetic."""
    bits = [data[place // 8] >> place % 8 & 1 for place in range(8 * len(data))]
    raws = []
    for length, signed in fields:
        taken, bits = bits[:length], bits[length:]
        weights = [2**place for place in range(length)]
        if signed:
            weights[-1] = -weights[-1]
        raws.append(sum(bit * weight for bit, weight in zip(taken, weights, strict=True)))
    return tuple(raws)


def slow_encode(fields: list[tuple[int, bool]], raws: list[int]) -> bytes:
    """Bit by bit; the bits of a negative number are those of its complement, turned over."""
    bits: list[int] = []
    for (length, _), raw in zip(fields, raws, strict=True):
        rest, turned = (-raw - 1, 1) if raw < 0 else (raw, 0)
        for _ in range(length):
            bits.append(rest % 2 ^ turned)
            rest //= 2
    bits += [0] * (-len(bits) % 8)
    return bytes(
        sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8)
    )


@given(layouts(), st.binary(min_size=8, max_size=8))
def test_decodes_any_mapping(fields: list[tuple[int, bool]], data: bytes) -> None:
    layout = codec(*fields)
    assert layout.decode(data[: layout.length]) == slow_decode(fields, data[: layout.length])


@given(layouts(), st.data())
def test_encodes_any_mapping(fields: list[tuple[int, bool]], data: st.DataObject) -> None:
    raws = [
        data.draw(
            st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
            if signed
            else st.integers(0, (1 << bits) - 1)
        )
        for bits, signed in fields
    ]
    layout = codec(*fields)
    encoded = layout.encode(raws)
    assert encoded == slow_encode(fields, raws)
    assert layout.decode(encoded) == tuple(raws)
