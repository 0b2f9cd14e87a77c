"""One entry of an EDS or DCF out of its section (CiA 306): name, type, access, values and limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry, Value
from deltaq_master.dictionary.numerals import bare, decimal, number, numeral
from deltaq_master.dictionary.sections import Reading, Section, Sections
from deltaq_master.dictionary.values import default, limit

_ACCESS: Final = {access.value: access for access in Access}
_ABBREVIATED: Final = {"r": Access.RO, "w": Access.WO, "wr": Access.RW}
_UNITS: Final = {"degC": "°C", "mOhm": "mΩ"}
"""Units as the house writes them, for what EDS files, which are ASCII (CiA 306), cannot."""
_TYPES: Final[dict[int | None, DataType]] = {int(kind): kind for kind in DataType}


@dataclass(slots=True)
class Item:
    """One sub-object, or an object that has none."""

    entry: Entry
    default: Value | None
    value: Value | None
    """ParameterValue of a DCF."""
    relative: int | None
    """What is added to $NODEID to make the default, None where it is no such sum."""
    storage: str


def read_item(
    reading: Reading,
    sections: Sections,
    address: Address,
    section: Section,
    *,
    domain: bool = False,
    parent: str = "",
    flags: int = 0,
) -> Item:
    """The sub-object, or object without any, that a section describes; `flags` are its object's.

    Raises FileError for a broken number, access or data type.
    """
    data_type = _data_type(reading, sections, section, domain)
    value = default(reading, section, "parametervalue", data_type)
    preset = default(reading, section, "defaultvalue", data_type)
    low = limit(reading, section, "lowlimit", data_type)
    high = limit(reading, section, "highlimit", data_type)
    if low is not None and high is not None and low > high:
        reading.warn(section.line, f"[{section.name}] has its LowLimit over its HighLimit: no value fits")
    entry = Entry(
        address,
        name_of(reading, section, str(address) if parent else f"{address.index:04X}h"),
        data_type,
        _access(reading, section),
        bool(number(reading, section, "pdomapping")),
        preset if value is None else value,
        low,
        high,
        _factor(reading, section),
        _UNITS.get(section.text("unit"), section.text("unit")),
        section.text("description"),
        flags | (number(reading, section, "objflags") or 0),
        parent,
        section.text("denotation"),
    )
    relative = _relative(section) if isinstance(preset, int) else None
    return Item(entry, preset, value, relative, section.text("storagelocation"))


def name_of(reading: Reading, section: Section, otherwise: str) -> str:
    """ParameterName of a section, `otherwise` (warned) where it has none."""
    name = section.text("parametername")
    if not name:
        reading.warn(section.line, f"[{section.name}] has no ParameterName, called {otherwise}")
    return name or otherwise


def _access(reading: Reading, section: Section) -> Access:
    text = bare(section.text("accesstype"))
    access = _ACCESS.get(text.lower())
    if access is not None:
        return access
    if not text:
        reading.warn(section.line, f"[{section.name}] has no AccessType, taken for ro")
        return Access.RO
    line, spelling = section.keys["accesstype"][1:]
    access = _ABBREVIATED.get(text.lower())
    if access is None:
        known = ", ".join(_ACCESS)
        raise reading.broken(line, f"{text!r} is no access", key=spelling, remedy=f"one of {known}")
    reading.warn(line, f"{spelling}={text}: taken for {access}")
    return access


def _data_type(reading: Reading, sections: Sections, section: Section, domain: bool) -> DataType:
    code = number(reading, section, "datatype")
    if code is None:
        if domain:
            return DataType.DOMAIN
        raise reading.broken(section.line, f"[{section.name}] has no DataType")
    if code not in _TYPES:
        # CANFestival's editor makes a type of its own for each object with limits, and puts it into [A0]ff.
        own = sections.get(f"{code:x}sub1") or sections.get(f"{code:04x}sub1")
        if own is not None:
            code = number(reading, own, "defaultvalue")
    found = _TYPES.get(code)
    if found is None:
        reading.warn(
            section.keys["datatype"][1], f"[{section.name}] has an unknown DataType, taken for DOMAIN"
        )
        return DataType.DOMAIN
    return found


def _factor(reading: Reading, section: Section) -> float | None:
    text = bare(section.text("factor"))
    if not text:
        return None
    factor = decimal(text)
    if factor is None or not 0 < factor < math.inf:
        line, spelling = section.keys["factor"][1:]
        raise reading.broken(line, f"{text!r} is no number over 0", key=spelling)
    return factor


def _relative(section: Section) -> int | None:
    parsed = numeral(bare(section.text("defaultvalue")))
    if parsed is None or parsed.node_ids != 1 or parsed.constant < 0:
        return None
    return parsed.constant
