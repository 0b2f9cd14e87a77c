"""Numbers as EDS files write them (CiA 306): decimal, hexadecimal, octal, and sums with $NODEID."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from deltaq_master.dictionary.sections import Reading, Section

_TERM: Final = re.compile(r"([+-]?)\s*(?:(\$NODEID)|0X(-?[0-9A-F]{1,40})|([0-9]{1,40}))\s*", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)


class Numeral(NamedTuple):
    """A number as a sum: constant + node_ids * node-ID."""

    constant: int
    node_ids: int
    remark: str
    """What had to be guessed, '' for nothing."""


@lru_cache(maxsize=4096)
def numeral(text: str) -> Numeral | None:
    """Parse a number, None where it is none."""
    constant = node_ids = position = 0
    remark = ""
    text = text.upper()
    while match := _TERM.match(text, position):
        sign, node_id, hexadecimal, digits = match.groups()
        if position and not sign:
            return None
        factor = -1 if sign == "-" else 1
        if node_id:
            node_ids += factor
        elif hexadecimal:
            constant += factor * int(hexadecimal, 16)
            if hexadecimal[0] == "-":
                remark = "a sign does not belong behind 0x"
        else:
            value, remark = _digits(digits, remark)
            constant += factor * value
        position = match.end()
    return Numeral(constant, node_ids, remark) if position and position == len(text) else None


def _digits(digits: str, remark: str) -> tuple[int, str]:
    """CiA 306 takes a leading 0 for octal; writers that mean a decimal number with zeros exist."""
    decimal = int(digits)
    if digits[0] != "0" or digits.strip("0") == "":
        return decimal, remark
    if not digits.strip("01234567"):
        octal = int(digits, 8)
        return octal, remark if octal == decimal else f"read as octal, which is {octal}"
    return decimal, f"no octal number, read as {decimal}"


def bare(text: str) -> str:
    """A value without the ;comment behind it, which numbers and words may have and names may not."""
    return text.partition(";")[0].rstrip() if ";" in text else text


def number(reading: Reading, section: Section, key: str) -> int | None:
    """Number of a key, None where it is missing or empty. Raises FileError where it is no number."""
    found = section.keys.get(key)
    if found is None:
        return None
    text, line, spelling = found
    text = bare(text)
    if not text:
        return None
    parsed = numeral(text)
    if parsed is None:
        raise reading.broken(line, f"{text!r} is no number", key=spelling)
    if parsed.remark:
        reading.warn(line, f"{spelling}={text}: {parsed.remark}")
    if not parsed.node_ids:
        return parsed.constant
    if reading.node_id is None:
        raise reading.broken(
            line, f"{text} needs a node-ID", key=spelling, remedy="load it with one, 1 to 127"
        )
    return parsed.constant + parsed.node_ids * reading.node_id


def decimal(text: str) -> float | None:
    """A number with decimals, None where it is none (infinity and NaN are none)."""
    return float(text) if _DECIMAL.fullmatch(text) else None
