"""Units that an ASCII file cannot write, as the house writes them."""

from __future__ import annotations

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path


def test_degrees_and_milliohms() -> None:
    shipped = load(eds_path(), 10)
    assert shipped[Address(0x6010)].unit == "°C"
    assert shipped[Address(0x2275)].unit == "mΩ"
    assert shipped[Address(0x6070)].unit == "A"
