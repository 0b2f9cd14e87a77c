"""What may not be mapped, and what may but is worth a word: a profile against what the EDS says of the objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deltaq_master.dictionary.entry import Access
from deltaq_master.dictionary.mapping import DUMMIES, MAX_BITS, PdoDump, PdoKind, PdoRecord, Slot
from deltaq_master.dictionary.pdo_profile import PdoProfile
from deltaq_master.protocol.cob_ids import restricted

_RESERVED: Final = range(0xF1, 0xFC)
_RTR: Final = range(0xFC, 0xFE)
"""Transmission types of TPDOs that are sent when a remote frame asks for them."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Something about a wanted PDO."""

    text: str
    forbidden: bool
    """False: it is done, and said."""


def objections(profile: PdoProfile, after: PdoDump, services: Mapping[int, str]) -> Iterator[Objection]:
    """What there is to say of a profile, given all PDOs as they would be `after` it.

    `services` are COB-IDs of the device that are no PDO's, with their names. PDOs that the profile does not
    speak of are looked at for their COB-IDs alone.
    """
    wanted = {pdo.name: pdo for pdo in profile.pdos}
    others = list(after.records)
    for record in after.records:
        pdo = wanted.get(record.name)
        if pdo is None:
            continue
        others.remove(record)  # so that each pair is looked at once
        if pdo.words is not None or (pdo.enabled and record.enabled):
            yield from _mapping(record)
        yield from _transmission(record, pdo.transmission)
        if record.enabled and record.cob_id is not None and not record.extended:
            yield from _cob_id(record, record.cob_id, others, services)
        if record.enabled and record.kind is PdoKind.RPDO:
            left = (other for other in after.rpdos if other.enabled and other.name not in wanted)
            yield from _also_in(record, left)


def _mapping(record: PdoRecord) -> Iterator[Objection]:
    mapping = record.mapping
    for number, slot in enumerate(mapping.slots, 1):
        yield from _slot(record, f"{record.name} slot {number} ({slot.name})", slot)
    if mapping.bits > MAX_BITS:
        text = f"{record.name} would be {mapping.bits} bits long, and a CAN frame holds {MAX_BITS}"
        yield Objection(text, True)
    elif record.enabled and not mapping.bits:
        yield Objection(f"{record.name} is enabled and maps nothing", False)


def _slot(record: PdoRecord, place: str, slot: Slot) -> Iterator[Objection]:
    receives = record.kind is PdoKind.RPDO
    entry = slot.entry
    if entry is None:
        text = f"{place} is not in the EDS: {slot.bits} bits that nobody here can read or set"
        yield Objection(text, False)
        return
    if not entry.pdo_mappable:
        yield Objection(f"{place} cannot be mapped (PDOMapping=0 in the EDS)", True)
    if slot.address in DUMMIES and not receives:
        yield Objection(f"{place} is a dummy, which only RPDOs may map (CiA 301)", True)
    elif slot.address not in DUMMIES:
        access = entry.access
        if access in ((Access.RO, Access.CONST) if receives else (Access.WO,)):
            way = "received" if receives else "sent"
            yield Objection(f"{place} cannot be {way}: its access is {access.value} in the EDS", True)
        elif access is (Access.RWR if receives else Access.RWW):
            other = "TPDOs" if receives else "RPDOs"
            yield Objection(f"{place} is meant for {other}: its access is {access.value} in the EDS", False)
    if entry.bits != slot.bits:
        has = f"has {entry.bits}" if entry.bits else "has no fixed length"
        yield Objection(f"{place} is mapped with {slot.bits} bits, and the object {has}", False)


def _also_in(record: PdoRecord, left_alone: Iterable[PdoRecord]) -> Iterator[Objection]:
    """Objects that stay mapped in another RPDO, which the profile does not speak of.

    What one PDO maps twice only fills it up, as dummies do.
    """
    for other in left_alone:
        for address in (slot.address for slot in record.mapping.slots if slot.address not in DUMMIES):
            if len(record.mapping.slots_of(address)) == len(other.mapping.slots_of(address)) == 1:
                text = f"{address} is in {record.name} and stays in {other.name}: the device takes both"
                yield Objection(text, False)


def _transmission(record: PdoRecord, wanted: int | None) -> Iterator[Objection]:
    if wanted is None:
        return
    if wanted in _RESERVED:
        yield Objection(f"{record.name}: transmission type {wanted:02X}h is reserved (CiA 301)", True)
    elif wanted in _RTR and record.kind is PdoKind.RPDO:
        yield Objection(f"{record.name}: transmission type {wanted:02X}h is for TPDOs (CiA 301)", True)


def _cob_id(
    record: PdoRecord, cob_id: int, others: Iterable[PdoRecord], services: Mapping[int, str]
) -> Iterator[Objection]:
    if restricted(cob_id):
        yield Objection(f"{record.name}: COB-ID {cob_id:03X}h is kept for other services (CiA 301)", True)
    if cob_id in services:
        yield Objection(f"{record.name}: COB-ID {cob_id:03X}h is the device's {services[cob_id]}", True)
    for other in others:
        if other.enabled and other.cob_id == cob_id:
            yield Objection(f"{record.name} and {other.name} would both have COB-ID {cob_id:03X}h", True)
