"""Values on the bus with their names and units, out of the EDS's entries."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry, Value
from deltaq_master.dictionary.mapping import DUMMIES, MAX_BITS, PdoRecord, Slot


@dataclass(frozen=True, slots=True)
class Field:
    """One value in a frame."""

    name: str
    value: int | float | str | None
    """In `unit`; None where the device says that it has no valid one; bytes as hexadecimal text."""
    unit: str = ""
    note: str = ""
    """What is to be known about it: its bits in words, or why not to believe it."""
    address: Address | None = None
    """The object that it is a value of."""
    bits: int = 0
    """Its length as an integer, 0 for anything else."""
    told: bool = True
    """False for what only fills a frame up: texts leave it out."""

    @property
    def shown(self) -> str:
        """The value for people: '19.453 A', '76 %', '0070h' for a word without a unit."""
        value = self.value
        if value is None:
            return "no valid value"
        if isinstance(value, float):
            text = str(round(value, 3 if abs(value) < 100 else 1))
        elif isinstance(value, int) and self.bits >= 16 and value >= 0 and not self.unit:
            text = f"{value:0{self.bits // 4}X}h"
        else:
            text = str(value)
        return f"{text} {self.unit}".rstrip()

    def __str__(self) -> str:
        return f"{self.name} = {self.shown}" + (f" ({self.note})" if self.note else "")


def value_field(entry: Entry, raw: Value, name: str = "") -> Field:
    """Field of a raw value; a quantity whose raw value is the invalid one has the value None."""
    name = name or entry.name
    unit = entry.unit
    bits = (entry.bits or 0) if isinstance(raw, int) else 0
    if unit and isinstance(raw, int) and raw == entry.invalid:
        note = f"{raw & (1 << bits) - 1:0{bits // 4}X}h"
        return Field(name, None, unit, note, entry.address, bits)
    value = entry.phys(raw)
    if isinstance(value, float) and entry.scale is not None and entry.scale.factor.is_integer():
        value = int(value)
    if isinstance(value, float) and not math.isfinite(value):
        return Field(name, None, unit, "not a number", entry.address)
    if isinstance(value, bytes):
        value = value.hex(" ").upper()
    return Field(name, value, unit, "", entry.address, bits)


def decodable(record: PdoRecord) -> bool:
    """True for a PDO whose mapping is known whole and fits a frame: its data can be taken apart."""
    slots = record.mapping.slots
    whole = record.count == len(record.words) and bool(slots) and all(slot.bits for slot in slots)
    return whole and record.mapping.bits <= MAX_BITS


def slot_field(slot: Slot, raw: int) -> Field:
    """Field of a slot of a PDO, from its raw integer; of an opaque one the bits, with the reason."""
    entry = slot.entry
    if entry is None:
        return Field(str(slot.address), raw, "", "not in the EDS", slot.address, slot.bits)
    name = entry.name + (f" #{slot.number}" if slot.number > 1 else "")
    if slot.opaque:
        note = f"{slot.bits} bits mapped, unlike in the EDS"
        return Field(name, raw, "", note, slot.address, slot.bits)
    if slot.address in DUMMIES:
        return Field(name, raw, "", "", slot.address, slot.bits, told=False)
    if entry.data_type.integer or entry.bits == 1:
        return value_field(entry, raw, name)
    return value_field(entry, entry.decode(raw.to_bytes(slot.bits // 8, "little")), name)
