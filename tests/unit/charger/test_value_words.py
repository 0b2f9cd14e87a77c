"""Raw values of the charger's objects in words, typed from the vendor's glossary."""

from __future__ import annotations

import pytest

from deltaq_master.charger.value_words import words
from deltaq_master.dictionary.address import Address


@pytest.mark.parametrize(
    ("address", "raw", "said"),
    [
        (Address(0x6000), 0, "not ready"),
        (Address(0x6000), 1, "ready"),
        (Address(0x4201), 0, "no label"),
        (Address(0x4201), 3, "labels the logged cycle as equalize and maintenance"),
        (Address(0x2006), 0x1270, "AC detected, enabled, remote, charging, above 80 %, charge cycle"),
        (Address(0x2008), 0x09, "AC voltage, AC current limit"),
        (Address(0x2011), 16, "heartbeat or RPDO lost"),
        (Address(0x2250), 1, "charging"),
        (Address(0x2060), 0, "no error"),
        (Address(0x2061), 0x20808130, "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"),
        (Address(0x1003, 254), 0x20808130, "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"),
    ],
)
def test_a_value_in_words(address: Address, raw: int, said: str) -> None:
    assert words(address, raw) == said


@pytest.mark.parametrize(
    ("address", "raw"),
    [(Address(0x2101), 5), (Address(0x2101), 0), (Address(0x6000), 0x100), (Address(0x2006), -1)],
)
def test_what_has_no_words_and_what_does_not_fit(address: Address, raw: int) -> None:
    assert words(address, raw) == ""
