"""Defaults and limits of an EDS as values of their data type, repaired where writers often go wrong."""

from __future__ import annotations

import math
import struct
from typing import Final

from deltaq_master.dictionary.entry import DataType, Value
from deltaq_master.dictionary.numerals import bare, decimal, number
from deltaq_master.dictionary.sections import Reading, Section

_REALS: Final = {DataType.REAL32: struct.Struct(">f"), DataType.REAL64: struct.Struct(">d")}


def default(reading: Reading, section: Section, key: str, kind: DataType) -> Value | None:
    """Value of DefaultValue or ParameterValue, None where there is none, or none of this type (warned).

    Raises FileError where a number is needed and none is there.
    """
    text = section.text(key)
    if not text:
        return None
    if kind.whole:
        return _whole(reading, section, key, kind)
    if kind.floating:
        return _real(reading, section, key, kind)
    return text if kind.text else _bytes(reading, section, key, kind)


def limit(reading: Reading, section: Section, key: str, kind: DataType) -> int | float | None:
    """Value of LowLimit or HighLimit, None where there is none, or none of this type (warned).

    Raises FileError where a number is needed and none is there.
    """
    text = section.text(key)
    if not text:
        return None
    if kind.whole:
        return _whole(reading, section, key, kind)
    if kind.floating:
        return _real(reading, section, key, kind)
    _not_taken(reading, section, key, f"{kind.name} has no limits")
    return None


def _whole(reading: Reading, section: Section, key: str, kind: DataType) -> int | None:
    value = number(reading, section, key)
    if value is None or kind.lowest <= value <= kind.highest:
        return value
    if kind.signed and 0 <= value <= 2 * kind.highest + 1:
        value -= 2 * kind.highest + 2
        text, line, spelling = section.keys[key]
        reading.warn(line, f"{spelling}={text}: taken for the bits of {kind.name}, which are {value}")
        return value
    _not_taken(reading, section, key, f"{kind.name} holds {kind.lowest} to {kind.highest}")
    return None


def _real(reading: Reading, section: Section, key: str, kind: DataType) -> float | None:
    text, line, spelling = section.keys[key]
    text = bare(text)
    if not text:
        return None
    form = _REALS[kind]
    value = decimal(text)
    if value is None:
        # Writers differ: some give the number, some its bits.
        bits = number(reading, section, key) if text[:2].lower() == "0x" else None
        if bits is None:
            raise reading.broken(line, f"{text!r} is no number", key=spelling)
        if 0 <= bits < 1 << 8 * form.size:
            value = float(form.unpack(bits.to_bytes(form.size, "big"))[0])
            reading.warn(line, f"{spelling}={text}: taken for the bits of {kind.name}, which are {value:g}")
    if value is None or not math.isfinite(value) or not _fits(form, value):
        _not_taken(reading, section, key, f"{kind.name} holds no such number")
        return None
    return value


def _fits(form: struct.Struct, value: float) -> bool:
    try:
        form.pack(value)
    except OverflowError:
        return False
    return True


def _bytes(reading: Reading, section: Section, key: str, kind: DataType) -> bytes | None:
    try:
        data = bytes.fromhex(bare(section.text(key)).lower().removeprefix("0x"))
    except ValueError:
        _not_taken(reading, section, key, f"{kind.name} is written in hexadecimal")
        return None
    if kind.size not in (None, len(data)):
        _not_taken(reading, section, key, f"{kind.name} has {kind.size} bytes")
        return None
    return data


def _not_taken(reading: Reading, section: Section, key: str, reason: str) -> None:
    text, line, spelling = section.keys[key]
    reading.warn(line, f"{spelling}={text} is not taken: {reason}")
