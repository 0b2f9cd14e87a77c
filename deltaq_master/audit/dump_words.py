"""PDO parameters and slots in words, for every form of a dump."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.mapping import DUMMIES, PdoKind, PdoRecord, Slot

CLASSIC: Final = 64
"""Bits of a classic CAN frame."""
_LAST_SYNC: Final = 0xF0
_PLAIN: Final = {
    0xFE: "event-driven (manufacturer's rule)",
    0xFF: "event-driven (device profile)",
}
_TPDO: Final = {
    0x00: "on SYNC, after an event",
    0x01: "on every SYNC",
    0xFC: "on RTR alone, sampled at SYNC",
    0xFD: "on RTR alone",
}


def transmission(kind: PdoKind, raw: int | None) -> str:
    """A transmission type in words (CiA 301)."""
    if raw is None:
        return "not known"
    if raw in _PLAIN:
        return _PLAIN[raw]
    if kind is PdoKind.RPDO:
        return "takes effect at the next SYNC" if raw <= _LAST_SYNC else "reserved"
    if raw in _TPDO:
        return _TPDO[raw]
    return f"on every {raw}th SYNC" if raw <= _LAST_SYNC else "reserved"


def cob_id(record: PdoRecord) -> str:
    """`20Ah`, eight digits where it has 29 bits."""
    if record.cob_id is None:
        return "not known"
    return f"{record.cob_id:0{8 if record.extended else 3}X}h"


def flags(record: PdoRecord) -> str:
    """The three flag bits of the COB-ID: 31, 29 and 30."""
    if record.cob_word is None:
        return "not known"
    use = "enabled" if record.enabled else "disabled"
    rtr = "no RTR" if record.no_rtr else "RTR allowed"
    return f"{use}, {29 if record.extended else 11} bits, {rtr}"


def milliseconds(raw: int | None, of_100us: bool = False) -> str:
    """A timer in ms; 0 is off."""
    if raw is None:
        return "not there"
    if not raw:
        return "off"
    return f"{raw / 10:g} ms" if of_100us else f"{raw} ms"


def scale(entry: Entry) -> str:
    """What one bit is: `1/256 V` for powers of two, `0.1 V` for the rest, '' without a Factor."""
    if entry.scale is None:
        return ""
    factor = entry.scale.factor
    inverse = round(1 / factor) if factor else 0
    halved = inverse > 1 and factor * inverse == 1 and inverse & (inverse - 1) == 0
    return f"{f'1/{inverse}' if halved else f'{factor:g}'} {entry.unit}".strip()


def data_type(slot: Slot) -> str:
    """`UNSIGNED16`, `?` for an object that the EDS does not know."""
    return "?" if slot.entry is None else slot.entry.data_type.name


def first_bit(slot: Slot) -> str:
    """Where it begins, as `byte.bit`."""
    return f"{slot.offset // 8}.{slot.offset % 8}"


def bytes_of(slot: Slot) -> str:
    """Its bytes, `3-4`; with their bits where it does not fill them, `3.4-4.1`; `-` for a slot of no bits."""
    if not slot.bits:
        return "-"
    last = slot.offset + slot.bits - 1
    if slot.offset % 8 or slot.bits % 8:
        return f"{first_bit(slot)}-{last // 8}.{last % 8}"
    first = slot.offset // 8
    return str(first) if slot.bits == 8 else f"{first}-{last // 8}"


def remark(slot: Slot) -> str:
    """What there is to say about a slot beside its object, '' for a plain one."""
    if slot.entry is None:
        return "the EDS does not know this object"
    if slot.address in DUMMIES:
        return "filler: its bits mean nothing"
    if slot.opaque:
        return f"mapped with {slot.bits} bits, and the object has {slot.entry.bits or 'no fixed length'}"
    return ""


def spans(names: Iterable[str]) -> Iterator[str]:
    """Names of PDOs with runs of numbers drawn together: `RPDO5 to RPDO8`."""
    numbered = ((name[:4], int(name[4:])) for name in names)
    for _, group in groupby(enumerate(numbered), lambda each: (each[1][0], each[1][1] - each[0])):
        run = [f"{kind}{number}" for _, (kind, number) in group]
        yield run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"
