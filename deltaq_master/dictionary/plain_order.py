"""In which order objects that are no PDO parameters are written: by index, with what CiA 301 wants done before.

A COB-ID of EMCY (1014h), SYNC (1005h), TIME (1012h) or an SDO channel (12xxh) must not change while it is in use:
it is switched off first. Two entries of 1016h must not watch one node: an entry gives its node up before another
takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from deltaq_master.dictionary.address import Address

CONSUMERS: Final = 0x1016
_WORD: Final = 4
_VALID_BY_0: Final = 1 << 31
"""Set in a COB-ID of EMCY and SDO that is not in use."""
_VALID_BY_1: Final = {0x1005: 1 << 30, 0x1012: 3 << 30}
"""Set in a COB-ID of SYNC and TIME that is in use."""
_SDO_CHANNELS: Final = range(0x1200, 0x1300)

Write = tuple[Address, bytes, str]
"""Object, bytes, and why where it is not for its own sake."""


def plain_writes(
    changed: Mapping[Address, bytes], present: Mapping[Address, bytes], *, backwards: bool = False
) -> Iterator[Write]:
    """The writes that bring these values into a device that holds `present`, last index first if `backwards`."""
    for address in sorted(changed):
        if _gives_way(address, changed, present):
            yield address, bytes(_WORD), "watch no node for a moment"
    for address in sorted(changed, reverse=backwards):
        off = _switched_off(address, present.get(address, b""), changed[address])
        if off:
            yield address, off, "switch its COB-ID off"
        yield address, changed[address], ""


def _switched_off(address: Address, held: bytes, wanted: bytes) -> bytes:
    """The COB-ID that is held, switched off; b'' where it need not be."""
    if len(held) != _WORD or len(wanted) != _WORD:
        return b""
    word = int.from_bytes(held, "little")
    if address == Address(0x1014) or (address.index in _SDO_CHANNELS and address.sub in (1, 2)):
        in_use, off = not word & _VALID_BY_0, word | _VALID_BY_0
    elif address.sub == 0 and address.index in _VALID_BY_1:
        in_use, off = bool(word & _VALID_BY_1[address.index]), word & ~_VALID_BY_1[address.index]
    else:
        return b""
    data = off.to_bytes(_WORD, "little")
    return data if in_use and data != wanted else b""


def _gives_way(address: Address, changed: Mapping[Address, bytes], present: Mapping[Address, bytes]) -> bool:
    """True for an entry of 1016h whose node another entry is about to watch."""
    node = _watched(address, present.get(address, b""))
    others = (other for other in changed if other != address)
    return node != 0 and any(_watched(other, changed[other]) == node for other in others)


def _watched(address: Address, data: bytes) -> int:
    """The node that an entry of 1016h watches, 0 for none."""
    if address.index != CONSUMERS or not address.sub or len(data) != _WORD:
        return 0
    word = int.from_bytes(data, "little")
    return word >> 16 & 0x7F if word & 0xFFFF else 0
