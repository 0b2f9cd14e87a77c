"""Where the fields of the charger's objects lie, against section 3 of the vendor's description as typed here."""

from __future__ import annotations

import pytest

from deltaq_master.charger.bit_fields import BIT_FIELDS
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary

STATUS = [
    ("Fault", 0, 1),
    ("Alarm", 1, 1),
    ("Hardware Shutdown", 2, 1),
    ("Derating", 3, 1),
    ("AC Connection", 4, 1),
    ("Enabled", 5, 1),
    ("Override", 6, 2),
    ("Charge Indication", 8, 4),
    ("Charge Cycle Type", 12, 4),
]


def test_the_fields_of_the_status_word() -> None:
    fields = BIT_FIELDS[Address(0x2006)]
    assert [(field.name, field.start, field.bits) for field in fields] == STATUS
    assert fields[6].choices == {0: "local", 1: "remote"}
    assert fields[7].choices[4] == "complete"
    assert fields[8].choices == {0: "no cycle", 1: "charge cycle", 2: "maintenance cycle"}


@pytest.mark.parametrize("address", BIT_FIELDS, ids=str)
def test_fields_fit_into_their_object_and_words_into_their_field(
    address: Address, dictionary: Dictionary
) -> None:
    bits, signed = dictionary[address].bits, dictionary[address].data_type.signed
    assert bits is not None
    taken: set[int] = set()
    for field in BIT_FIELDS[address]:
        covered = set(range(field.start, field.start + field.bits))
        assert max(covered) < bits
        assert not covered & taken
        taken |= covered
        low = -(1 << (field.bits - 1)) if signed else 0
        assert all(low <= raw < low + (1 << field.bits) for raw in field.choices)
        # A field that is a part has a name of its own.
        assert bool(field.name) == (field.bits < bits)
