"""The writes that bring a configuration into a device of which nothing is known: for a CANopen manager."""

from __future__ import annotations

from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, TO_MAPPING
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.ordering import PDO_PARAMETERS, Step, Values, group_of, order, unknown

_ENABLED: Final = 0x7F
"""Mask of the highest byte of a COB-ID whose PDO is enabled."""


def for_a_manager(
    dictionary: Dictionary, values: Values, further: Values, left_out: dict[Address, str]
) -> tuple[Step, ...]:
    """Every value in the order of CiA 301, each PDO disabled first; why one is left out goes into `left_out`.

    `further` has the numbers of slots that are read-only. Left out are objects that the EDS protects, and PDOs of
    which a part is not known.
    """
    wanted: dict[Address, bytes] = {}
    for address, data in values.items():
        entry = dictionary[address]
        if entry.refuse_write:
            left_out[address] = f"the EDS forbids to write it: {entry.description or 'ObjFlags = 1'}"
        else:
            wanted[address] = data
    mappings = {a.index for a in wanted if a.index in PDO_PARAMETERS and a.index & TO_MAPPING}
    fixed = {index for index in mappings if Address(index) not in wanted and Address(index) in further}
    counts = {Address(index): further[Address(index)] for index in fixed}
    for missing in unknown(wanted, wanted | counts):
        for address in [a for a in wanted if group_of(a) == group_of(missing)]:
            left_out[address] = f"{missing} of the same PDO is not known"
            del wanted[address]
    held = {address: _anything_but(address, data) for address, data in wanted.items()}
    return order(wanted, held | counts, fixed)


def _anything_but(address: Address, data: bytes) -> bytes:
    """What a device holds that must be told everything: every other value, and all its PDOs enabled."""
    if address.index in PDO_PARAMETERS and not address.index & TO_MAPPING and address.sub == COB_ID:
        return data[:-1] + bytes([data[-1] & _ENABLED])
    return bytes(byte ^ 0xFF for byte in data) or b"\0"
