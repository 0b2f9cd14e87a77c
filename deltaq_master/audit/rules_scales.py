"""Rules about scales: one quantity read in two ways must come out the same, whatever the EDS says of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from deltaq_master.audit.context import Context, Hit
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.mapping import PdoRecord, Slot
from deltaq_master.errors import UsageError
from deltaq_master.protocol.knowledge import Family

SCALE_CONTRADICTED: Final = "scale-contradicted"
MOVED: Final = 0.1
"""Share by which a value may move between two reads; wrong scales are wrong by more."""
STEPS: Final = 4
"""Steps of either scale that two reads may be apart: rounding, and the last bit's unrest."""
UNREST: Final = 64
"""Steps that a measurement of 16 bits or more may move between an SDO read and a frame."""
WIDE: Final = 16


class Reading(NamedTuple):
    """One object's value, and the step of its scale."""

    address: Address
    value: float
    step: float
    unit: str

    def apart(self, other: Reading) -> bool:
        """True when no rounding and no movement explains the difference."""
        allowed = STEPS * (self.step + other.step) + MOVED * max(abs(self.value), abs(other.value))
        return abs(self.value - other.value) > allowed

    def __str__(self) -> str:
        return f"{self.value:.6g} {self.unit}".rstrip()


def scale_contradicted(context: Context) -> Iterator[Hit]:
    """Families of aliases by SDO, then every heard TPDO against SDO."""
    for family in context.knowledge.families:
        yield from _family(context, family)
    for record in context.observation.dump.tpdos:
        frame = None if record.cob_id is None else context.observation.frames.get(record.cob_id)
        if record.enabled and frame is not None:
            yield from _frame(context, record, frame)


def _family(context: Context, family: Family) -> Iterator[Hit]:
    readings = [reading for address in family.addresses if (reading := _read(context, address)) is not None]
    if len(readings) < 2:
        return
    # The one that most others agree with is taken for right, the first of them in doubt.
    right = max(readings, key=lambda one: sum(not one.apart(other) for other in readings))
    for reading in readings:
        if reading.apart(right):
            yield Hit(
                reading.address,
                f"{right} ({right.address})",
                str(reading),
                f"{context.named(reading.address)} reads {reading}, and {context.named(right.address)}, which is "
                f"the same {family.name}, reads {right}.",
                further=(right.address,),
                key=family.name,
            )


def _read(context: Context, address: Address) -> Reading | None:
    """The value of an object that has one now."""
    entry, data = context.dictionary.get(address), context.held(address)
    if entry is None or data is None or len(data) != entry.data_type.size:
        return None
    return _reading(entry, data)


def _reading(entry: Entry, data: bytes) -> Reading | None:
    if not (entry.scale or entry.data_type.floating):
        return None
    raw = entry.decode(data)
    value = entry.phys(raw)
    if raw == entry.invalid or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    step = 0.0 if entry.scale is None else entry.scale.factor
    return Reading(entry.address, value, step, entry.unit)


def _frame(context: Context, record: PdoRecord, frame: bytes) -> Iterator[Hit]:
    shown = f"{record.cob_id:03X}#{frame.hex('.').upper()}"
    if len(frame) != record.mapping.length:
        yield Hit(
            Address(record.mapping_index),
            f"{record.mapping.length} byte",
            f"{len(frame)} byte",
            f"{record.name} maps {record.mapping.length} byte, and a frame of {len(frame)} byte was heard.",
            record,
            frames=(shown,),
        )
        return
    try:
        values = record.mapping.codec.decode(frame)
    except UsageError:
        return  # over 64 bits, or a slot of none: another rule says so
    for number, (slot, raw) in enumerate(zip(record.mapping.slots, values, strict=True), 1):
        sdo = context.held(slot.address)
        if slot.entry is None or slot.opaque or sdo is None or len(sdo) != slot.entry.data_type.size:
            continue
        sent = (raw & (1 << slot.bits) - 1).to_bytes(len(sdo), "little")
        if (words := _contradiction(context, slot, slot.entry, sent, sdo)) is not None:
            expected, found, key = words
            yield Hit(
                slot.address,
                expected,
                found,
                f"{record.name} slot {number} says that {context.named(slot.address)} is {found}, and by SDO "
                f"it is {expected}.",
                record,
                number,
                frames=(shown,),
                key=key,
            )


def _contradiction(
    context: Context, slot: Slot, entry: Entry, sent: bytes, sdo: bytes
) -> tuple[str, str, str] | None:
    """What SDO and a frame say of one object, where they cannot both be right."""
    if sent == sdo or slot.address in context.knowledge.integrity:
        return None
    if not (entry.scale or entry.data_type.floating):
        # Bits and codes: a second look tells a state that has changed from one that is never so.
        words = tuple(data[::-1].hex().upper() + "h" for data in (sdo, sent))
        return words[0], words[1], f"{words[0]} by SDO, {words[1]} by PDO"
    here, there = _reading(entry, sent), _reading(entry, sdo)
    if here is None or there is None:
        return None  # a measurement that comes or goes
    unrest = UNREST * here.step if slot.bits >= WIDE else 0.0
    if not here.apart(there) or abs(here.value - there.value) <= unrest:
        return None
    return str(there), str(here), "TPDO against SDO"
