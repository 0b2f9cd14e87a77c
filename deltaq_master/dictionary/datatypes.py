"""Data types of CiA 301: their codes, lengths and ranges."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

_Kind = Literal["boolean", "signed", "unsigned", "real", "text", "bytes"]


class DataType(IntEnum):
    """Data types by their code, which is also the index of their dummy: code, length [bit], kind."""

    BOOLEAN = 0x01, 1, "boolean"
    INTEGER8 = 0x02, 8, "signed"
    INTEGER16 = 0x03, 16, "signed"
    INTEGER32 = 0x04, 32, "signed"
    UNSIGNED8 = 0x05, 8, "unsigned"
    UNSIGNED16 = 0x06, 16, "unsigned"
    UNSIGNED32 = 0x07, 32, "unsigned"
    REAL32 = 0x08, 32, "real"
    VISIBLE_STRING = 0x09, None, "text"
    OCTET_STRING = 0x0A, None, "bytes"
    UNICODE_STRING = 0x0B, None, "text"
    TIME_OF_DAY = 0x0C, 48, "bytes"
    TIME_DIFFERENCE = 0x0D, 48, "bytes"
    DOMAIN = 0x0F, None, "bytes"
    INTEGER24 = 0x10, 24, "signed"
    REAL64 = 0x11, 64, "real"
    INTEGER40 = 0x12, 40, "signed"
    INTEGER48 = 0x13, 48, "signed"
    INTEGER56 = 0x14, 56, "signed"
    INTEGER64 = 0x15, 64, "signed"
    UNSIGNED24 = 0x16, 24, "unsigned"
    UNSIGNED40 = 0x18, 40, "unsigned"
    UNSIGNED48 = 0x19, 48, "unsigned"
    UNSIGNED56 = 0x1A, 56, "unsigned"
    UNSIGNED64 = 0x1B, 64, "unsigned"

    bits: int | None
    """Length in a PDO [bit], None where the type has no fixed one; BOOLEAN is 1 bit."""
    size: int | None
    """Length in an SDO [byte], None where the type has no fixed one."""
    integer: bool
    """True for INTEGERn and UNSIGNEDn."""
    whole: bool
    """True for INTEGERn, UNSIGNEDn and BOOLEAN, whose values are integers from `lowest` to `highest`."""
    signed: bool
    """True for INTEGERn."""
    floating: bool
    """True for REAL32 and REAL64."""
    text: bool
    """True for VISIBLE_STRING and UNICODE_STRING."""
    lowest: int
    highest: int

    def __new__(cls, code: int, bits: int | None = None, kind: _Kind = "bytes") -> DataType:
        """A member of the table above."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.bits = bits
        member.size = None if bits is None else (bits + 7) // 8
        member.integer = kind in ("signed", "unsigned")
        member.whole = member.integer or kind == "boolean"
        member.signed = kind == "signed"
        member.floating = kind == "real"
        member.text = kind == "text"
        width = bits if bits is not None and member.whole else 0
        member.lowest = -(1 << (width - 1)) if member.signed else 0
        member.highest = (1 << (width - 1 if member.signed else width)) - 1
        return member
