"""Addresses of the object dictionary."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import UsageError


def test_prints_as_in_prose() -> None:
    assert str(Address(0x6070)) == "6070h:00"
    assert str(Address(0x1A00, 0x0B)) == "1A00h:0B"


@pytest.mark.parametrize(
    ("text", "index", "sub"),
    [
        ("0x6070:00", 0x6070, 0),
        ("6070h:00", 0x6070, 0),
        ("0x6070", 0x6070, 0),
        (" 2ffah:01 ", 0x2FFA, 1),
        ("0X1A00:b", 0x1A00, 11),
        ("0x1003:10", 0x1003, 16),  # sub-indices are hexadecimal, as they are printed
        ("0x1003:0x0A", 0x1003, 10),
    ],
)
def test_parses_what_is_written(text: str, index: int, sub: int) -> None:
    assert Address.parse(text) == Address(index, sub)
    assert Address.written(text)


@pytest.mark.parametrize(
    "text", ["", "6070", "6070:00", "0x60700", "0x6070:100", "0x6070:", "Vendor Id", "0xG"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    assert not Address.written(text)
    with pytest.raises(UsageError, match="is no address; write 0x6070:00"):
        Address.parse(text)


def test_order_is_index_then_sub() -> None:
    assert sorted([Address(0x2000, 1), Address(0x1018, 4), Address(0x2000)]) == [
        Address(0x1018, 4),
        Address(0x2000),
        Address(0x2000, 1),
    ]


def test_is_a_key() -> None:
    assert {Address(0x2000, 1): "a"}[Address(0x2000, 1)] == "a"
    assert hash(Address(0x2000, 1)) != hash(Address(0x2001, 0))


@pytest.mark.parametrize(("index", "sub"), [(0x10000, 0), (-1, 0), (0x1000, 0x100), (0x1000, -1)])
def test_refuses_what_no_device_can_have(index: int, sub: int) -> None:
    with pytest.raises(UsageError, match="no address of CANopen"):
        Address(index, sub)
