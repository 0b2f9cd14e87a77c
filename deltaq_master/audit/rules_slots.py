"""Rules about what an enabled PDO maps: does each object exist, may it be mapped, in this direction, so long?

A disabled PDO moves nothing; whether it should be disabled, and is as expected, other rules say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deltaq_master.audit.context import Context, Hit
from deltaq_master.audit.findings import Severity
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access
from deltaq_master.dictionary.mapping import DUMMIES, MAX_BITS, PdoKind, PdoRecord, Slot

_FOR_RPDOS: Final = "rw or rww"
_FOR_TPDOS: Final = "ro, rw, rwr or const"
_WRONG: Final = {
    (PdoKind.RPDO, Access.RWR): (None, _FOR_RPDOS, "which the EDS means for TPDOs"),
    (PdoKind.RPDO, Access.RO): (Severity.ERROR, _FOR_RPDOS, "which the EDS says cannot be written"),
    (PdoKind.RPDO, Access.CONST): (Severity.ERROR, _FOR_RPDOS, "which the EDS says cannot be written"),
    (PdoKind.TPDO, Access.RWW): (None, _FOR_TPDOS, "which the EDS means for RPDOs"),
    (PdoKind.TPDO, Access.WO): (Severity.ERROR, _FOR_TPDOS, "which the EDS says cannot be read"),
}
"""Accesses that do not go with a direction (CiA 306): the severity where it is graver, what would go, and why."""


def unknown_object(context: Context) -> Iterator[Hit]:
    """Objects that the EDS does not know."""
    for record, number, word, slot in _slots(context):
        if slot.entry is None:
            yield Hit(
                word,
                f"an object of {context.dictionary.path.name}",
                f"{slot.address}, {slot.bits} bit",
                f"{record.name} slot {number} maps {slot.address}, which the EDS does not know.",
                record,
                number,
                explains=frozenset((word,)),
            )


def not_mappable(context: Context) -> Iterator[Hit]:
    """Objects that the EDS says cannot be mapped."""
    for record, number, word, slot in _slots(context):
        if slot.entry is not None and not slot.entry.pdo_mappable:
            yield Hit(
                word,
                "an object with PDOMapping=1",
                f"{slot.address}, PDOMapping=0",
                f"{record.name} slot {number} maps {context.named(slot.address)}, which the EDS says "
                "cannot be mapped.",
                record,
                number,
                explains=frozenset((word,)),
            )


def wrong_direction(context: Context) -> Iterator[Hit]:
    """Objects whose access does not go with the direction of their PDO."""
    for record, number, word, slot in _slots(context):
        entry, receives = slot.entry, record.kind is PdoKind.RPDO
        if entry is None or not entry.pdo_mappable:
            continue
        if slot.address in DUMMIES:
            if receives:
                continue
            severity, expected, reason = (
                None,
                "an object with a value",
                "a dummy, which CiA 301 has for RPDOs",
            )
            found = "a dummy"
        elif (record.kind, entry.access) in _WRONG:
            severity, allowed, why = _WRONG[record.kind, entry.access]
            expected, reason = f"access {allowed}", f"{why} (access {entry.access.value})"
            found = f"access {entry.access.value} ({slot.address})"
        else:
            continue
        yield Hit(
            word,
            expected,
            found,
            f"{record.name} slot {number} {'receives' if receives else 'sends'} {context.named(slot.address)}, "
            f"{reason}.",
            record,
            number,
            severity,
            remedy=context.knowledge.meant(slot.address) if receives else "",
            explains=frozenset((word,)),
        )


def bit_length(context: Context) -> Iterator[Hit]:
    """Slots whose length is not that of their object."""
    for record, number, word, slot in _slots(context):
        entry = slot.entry
        if entry is None:
            continue
        right = slot.bits > 0 if entry.bits is None else slot.bits == entry.bits
        if not right:
            kind = entry.data_type.name
            yield Hit(
                word,
                f"{entry.bits} bit ({kind})" if entry.bits else f"a length ({kind})",
                f"{slot.bits} bit",
                f"{record.name} slot {number} maps {context.named(slot.address)} with {slot.bits} bit, "
                f"and {kind} has {entry.bits or 'a length of its own'}.",
                record,
                number,
                explains=frozenset((word,)),
            )


def duplicate_slot(context: Context) -> Iterator[Hit]:
    """Objects that one RPDO maps more than once.

    In a TPDO it is no finding: the same value is sent twice, and whoever receives it reads the same in both.
    """
    for record, number, word, slot in _slots(context):
        if record.kind is PdoKind.TPDO or slot.number == 1 or slot.address in DUMMIES:
            continue
        filler = slot.address in context.knowledge.fillers
        first = record.mapping.slots.index(record.mapping.slots_of(slot.address)[0]) + 1
        harm = "it only fills the PDO up" if filler else "the device takes one of the two values"
        yield Hit(
            word,
            "each object once",
            f"{slot.address} in slots {first} and {number}",
            f"{record.name} maps {context.named(slot.address)} in slot {first} and again in slot {number}; {harm}.",
            record,
            number,
            Severity.INFO if filler else None,
            remedy="nothing: send 0 in both" if filler else "",
            explains=frozenset((word, Address(record.mapping_index, first))),
            further=(Address(record.mapping_index, first),),
        )


def over_64_bits(context: Context) -> Iterator[Hit]:
    """PDOs that no frame can carry."""
    for record in context.enabled:
        bits = record.mapping.bits
        if bits > MAX_BITS:
            yield Hit(
                Address(record.mapping_index),
                f"at most {MAX_BITS} bit",
                f"{bits} bit",
                f"{record.name} maps {bits} bit, and a frame carries {MAX_BITS}.",
                record,
                explains=frozenset((Address(record.mapping_index), *_grown(context, record))),
                further=tuple(Address(record.mapping_index, sub) for sub in range(1, len(record.words) + 1)),
            )


def _grown(context: Context, record: PdoRecord) -> Iterator[Address]:
    """Slots that are longer than they should be."""
    for sub, word in enumerate(record.words, 1):
        address = Address(record.mapping_index, sub)
        wanted = context.expected.get(address)
        if wanted is not None and word & 0xFF > wanted[0]:
            yield address


def integrity_objects(context: Context) -> Iterator[Hit]:
    """CRC and sequence objects, which this package neither makes nor checks."""
    for record, number, word, slot in _slots(context):
        if slot.address in context.knowledge.integrity:
            receives = record.kind is PdoKind.RPDO
            harm = (
                "frames without the right one raise an alarm, and the charge is refused"
                if receives
                else "it is not checked here"
            )
            yield Hit(
                word,
                "no CRC or sequence object",
                str(slot.address),
                f"{record.name} slot {number} maps {context.named(slot.address)}, a CRC or sequence count; {harm}.",
                record,
                number,
                Severity.ERROR if receives else None,
                explains=frozenset((word,)),
            )


def _slots(context: Context) -> Iterator[tuple[PdoRecord, int, Address, Slot]]:
    for record in context.enabled:
        for number, word, slot in context.slots(record):
            yield record, number, word, slot
