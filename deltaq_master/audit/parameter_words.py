"""PDO parameters in words: which PDO an address belongs to, what it is, and what its bytes say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import (
    COB_ID,
    DISABLED,
    EVENT,
    EXTENDED,
    INHIBIT,
    NO_RTR,
    TO_MAPPING,
    TRANSMISSION,
)
from deltaq_master.dictionary.ordering import pdo_name

if TYPE_CHECKING:
    from deltaq_master.audit.context import Context

_COMMUNICATION: Final = {
    0: "highest sub-index",
    COB_ID: "COB-ID",
    TRANSMISSION: "transmission type",
    INHIBIT: "inhibit time",
    4: "reserved entry",
    EVENT: "event timer",
    6: "SYNC start value",
}


def pdo_of(address: Address) -> str:
    """`RPDO1`, for any of its parameters."""
    return pdo_name(address.index)


def optional(address: Address) -> bool:
    """True for what a device need not have: all but COB-ID, transmission type and the number of slots."""
    if address.index & TO_MAPPING:
        return address.sub > 0
    return address.sub not in (COB_ID, TRANSMISSION)


def parameter(address: Address) -> tuple[str, int | None]:
    """What a parameter is, and the slot that it is of."""
    if address.index & TO_MAPPING:
        return (f"slot {address.sub}", address.sub) if address.sub else ("number of slots", None)
    return _COMMUNICATION.get(address.sub, f"sub-index {address.sub:02X}h"), None


def said(context: Context, address: Address, data: bytes) -> str:
    """What the bytes of a parameter say: `20Ah, enabled`, `6070h:00, 16 bit`, `FFh`, `500 ms`."""
    number = int.from_bytes(data, "little")
    if address.index & TO_MAPPING:
        return _slot(context, number) if address.sub else str(number)
    if address.sub == COB_ID:
        return cob_word(number)
    if address.sub == TRANSMISSION:
        return f"{number:02X}h"
    if address.sub == EVENT:
        return f"{number} ms"
    if address.sub == INHIBIT:
        return f"{number} x 100 us"
    return str(number)


def cob_word(word: int) -> str:
    """A COB-ID with its flags in words: `20Ah, enabled`."""
    extended = word & EXTENDED
    flags = [f"{word & 0x1FFFFFFF:08X}h" if extended else f"{word & 0x7FF:03X}h"]
    flags.append("disabled" if word & DISABLED else "enabled")
    if extended:
        flags.append("29 bit")
    elif word & 0x1FFFF800:
        flags.append(f"bits 11 to 28 not 0 ({word:08X}h)")
    if word & NO_RTR:
        flags.append("no RTR")
    return ", ".join(flags)


def _slot(context: Context, word: int) -> str:
    if not word:
        return "empty"
    return f"{context.named(Address(word >> 16, word >> 8 & 0xFF))}, {word & 0xFF} bit"
