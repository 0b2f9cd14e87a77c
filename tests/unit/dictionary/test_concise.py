"""Concise DCFs, their bytes typed by hand after CiA 302-3."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.concise import decode, encode
from deltaq_master.errors import UsageError

# Heartbeat 500 ms in 1017h, the COB-ID of RPDO1 twice, and a text of three letters.
THREE = bytes.fromhex(
    "04 00 00 00"
    "17 10 00 02 00 00 00 F4 01"
    "00 14 01 04 00 00 00 0A 02 00 80"
    "08 20 0F 03 00 00 00 61 62 63"
    "00 14 01 04 00 00 00 0A 02 00 00"
)
ENTRIES = [
    (Address(0x1017), b"\xf4\x01"),
    (Address(0x1400, 1), b"\x0a\x02\x00\x80"),
    (Address(0x2008, 15), b"abc"),
    (Address(0x1400, 1), b"\x0a\x02\x00\x00"),
]


def test_bytes_of_the_standard_both_ways() -> None:
    assert decode(THREE) == ENTRIES
    assert encode(ENTRIES) == THREE
    assert encode([]) == bytes(4)
    assert decode(bytes(4)) == []


def test_an_entry_without_data_is_one() -> None:
    assert decode(bytes.fromhex("01 00 00 00 08 10 00 00 00 00 00")) == [(Address(0x1008), b"")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it has 0 bytes, and its number of entries alone takes 4"),
        (THREE[:3], "it has 3 bytes, and its number of entries alone takes 4"),
        (THREE[:8], "it ends at byte 8, within the head of entry 1 of 4"),
        (THREE[:12], "it ends at byte 12, within the 2 bytes of 1017h:00, entry 1 of 4"),
        (THREE[:13], "it ends at byte 13, within the head of entry 2 of 4"),
        (THREE + b"\0\0", "2 bytes are left behind its 4 entries"),
        (bytes.fromhex("01 00 00 00 17 10 00 FF FF FF FF F4"), "within the 4294967295 bytes of 1017h:00"),
    ],
)
def test_cut_off_or_longer_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(UsageError, match="this is no whole concise DCF") as caught:
        decode(data)
    assert problem in str(caught.value)


def test_no_prefix_of_a_concise_dcf_passes() -> None:
    for length in range(len(THREE)):
        with pytest.raises(UsageError):
            decode(THREE[:length])
