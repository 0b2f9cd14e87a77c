"""Concise DCF (CiA 302-3): the writes of a configuration as they lie in object 1F22h, for any CANopen manager.

Little-endian: the number of entries (UNSIGNED32), then for each its index (UNSIGNED16), sub-index (UNSIGNED8),
length in bytes (UNSIGNED32) and its data. The entries are written in this order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import UsageError

_COUNT: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<HBI")


def encode(entries: Iterable[tuple[Address, bytes]]) -> bytes:
    """The concise DCF of these writes, in their order."""
    found = [_HEAD.pack(address.index, address.sub, len(data)) + data for address, data in entries]
    return _COUNT.pack(len(found)) + b"".join(found)


def decode(data: bytes) -> list[tuple[Address, bytes]]:
    """The writes of a concise DCF in their order; an object may be written more than once.

    Raises UsageError for one that ends too early or too late, with the byte.
    """
    if len(data) < _COUNT.size:
        raise _broken(f"it has {len(data)} bytes, and its number of entries alone takes {_COUNT.size}")
    (count,) = _COUNT.unpack_from(data)
    entries: list[tuple[Address, bytes]] = []
    at = _COUNT.size
    while len(entries) < count:
        place = f"entry {len(entries) + 1} of {count}"
        start = at + _HEAD.size
        if start > len(data):
            raise _broken(f"it ends at byte {len(data)}, within the head of {place}")
        index, sub, size = _HEAD.unpack_from(data, at)
        address = Address(index, sub)
        at = start + size
        if at > len(data):
            raise _broken(f"it ends at byte {len(data)}, within the {size} bytes of {address}, {place}")
        entries.append((address, data[start:at]))
    if at != len(data):
        raise _broken(f"{len(data) - at} bytes are left behind its {count} entries")
    return entries


def _broken(problem: str) -> UsageError:
    return UsageError(f"this is no whole concise DCF: {problem}", "take a copy that was not cut off")
