"""What a device says it is, in words."""

from __future__ import annotations

import pytest

from deltaq_master.protocol.identity import Identity


@pytest.mark.parametrize(
    ("device_type", "words"),
    [
        (None, ""),
        (0x0000_01A3, "CiA 419 battery charger"),
        (0x0002_0192, "CiA 402 drive, additional information 0002h"),
        (0x0003_0191, "CiA 401 I/O module, digital inputs, digital outputs"),
        (0x000C_0191, "CiA 401 I/O module, analogue inputs, analogue outputs"),
        (0x0010_0191, "CiA 401 I/O module, additional information 0010h"),
        (0x0000_01FF, "CiA 511"),
        (0x0000_0000, "no standard profile"),
        (0x0000_FFFF, "several profiles in one device"),
    ],
)
def test_the_device_type(device_type: int | None, words: str) -> None:
    assert Identity(device_type).profile_words == words


def test_vendors_are_named_only_where_it_is_known() -> None:
    assert Identity().vendor_words() == ""
    assert Identity(vendor=0x110).vendor_words() == "Delta-Q (00000110h)"
    assert Identity(vendor=0x123).vendor_words() == "vendor 00000123h"
    assert Identity(vendor=0x123).vendor_words((0x123, "Somebody Ltd")) == "Somebody Ltd (00000123h)"
    assert Identity(vendor=0x123).vendor_words((0x124, "Somebody Ltd")) == "vendor 00000123h"


def test_the_revision_is_two_numbers() -> None:
    assert Identity(revision=0x0001_0800).revision_words == "1.2048"
    assert Identity().revision_words == ""
