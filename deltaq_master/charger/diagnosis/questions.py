"""What a live diagnosis reads: by SDO reads alone, so that nothing of it changes what is diagnosed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from deltaq_master.charger import objects
from deltaq_master.charger.startup import CONSUMERS, DEVICE_TYPE, VENDOR_ID
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import reading_plan

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

ERRORS: Final = Address(0x1003)
MOST_ERRORS: Final = 8
"""Entries of 1003h that are read: what happened last."""

_FIRST: Final = (
    objects.STATUS,
    DEVICE_TYPE,
    VENDOR_ID,
    Address(CONSUMERS.index, 1),
    Address(CONSUMERS.index, 2),
    Address(0x1017),
    objects.ALGORITHM_COUNT,
    objects.ALGORITHM,
    objects.DERATE_CAUSE,
    objects.TERMINATION,
    objects.ERROR,
)
_LAST: Final = (
    objects.VOLTAGES[0],
    objects.CURRENT,
    objects.AC_VOLTAGE,
    objects.CHARGER_SOC,
    objects.ERROR,
    objects.DERATE_CAUSE,
    objects.STATUS,
)
"""What changes is read last: it must still be fresh when it is judged."""


def questions(dictionary: Dictionary, found: Mapping[Address, bytes | None]) -> Iterator[Address]:
    """Addresses to read, in their order; `found`, which holds the answers so far, is looked at meanwhile."""
    yield from (address for address in _FIRST if address in dictionary)
    yield from reading_plan(dictionary, found)
    if ERRORS in dictionary:
        yield ERRORS
        count = int.from_bytes(found.get(ERRORS) or b"", "little")
        for sub in range(1, min(count, MOST_ERRORS) + 1):
            yield Address(ERRORS.index, sub)
    yield from (address for address in _LAST if address in dictionary)
