"""The rule that holds a device against a DBC: same COB-IDs, same lengths, and each signal inside one slot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from deltaq_master.audit.context import Context, Hit
from deltaq_master.audit.dbc_wanted import Dbc, DbcFrame, DbcSignal
from deltaq_master.audit.findings import Severity
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID
from deltaq_master.dictionary.mapping import PdoRecord, Slot

PDO_RANGE: Final = range(0x180, 0x580)
"""COB-IDs of the predefined connection set that belong to PDOs (CiA 301)."""


def differs_from_dbc(context: Context) -> Iterator[Hit]:
    """Frames and signals of the DBC that the device's PDOs are not."""
    dbc = context.dbc
    assert dbc is not None  # or the rule does not apply
    frames = {(frame.extended, frame.cob_id): frame for frame in dbc.frames}
    for record in context.enabled:
        frame = frames.pop((record.extended, record.cob_id or 0), None)
        if frame is not None:
            yield from _frame(context, record, frame, dbc)
        elif record.mapping.slots:
            yield Hit(
                Address(record.communication_index, COB_ID),
                f"a frame in {dbc.name}",
                f"{record.cob_id:03X}h is not in it",
                f"{record.name} uses COB-ID {record.cob_id:03X}h, and {dbc.name} has no such frame.",
                record,
                severity=Severity.INFO,
            )
    node_id = context.observation.node_id
    for (extended, cob_id), frame in frames.items():
        # Frames of other nodes are not this device's affair.
        if not extended and cob_id in PDO_RANGE and cob_id & 0x7F == node_id:
            yield Hit(
                Address(0x1400 if cob_id & 0x80 == 0 else 0x1800),
                f"{cob_id:03X}h, {frame.name}",
                "no enabled PDO",
                f"{dbc.name} has {frame.name} on COB-ID {cob_id:03X}h, and no enabled PDO of the device uses it.",
                key=f"{cob_id:03X}h",
            )


def why_no_dbc(context: Context) -> str:
    """Why there is nothing to compare."""
    return "" if context.dbc else "no DBC was given"


def _frame(context: Context, record: PdoRecord, frame: DbcFrame, dbc: Dbc) -> Iterator[Hit]:
    if frame.length != record.mapping.length:
        yield Hit(
            Address(record.mapping_index),
            f"{frame.length} byte ({frame.name})",
            f"{record.mapping.length} byte",
            f"{record.name} is {record.mapping.length} byte long, and {frame.name} in {dbc.name} {frame.length} byte.",
            record,
        )
    for signal in frame.signals:
        number, slot = _slot_of(record, signal)
        for expected, found in _differences(signal, slot):
            where = f"slot {number}, {context.named(slot.address)}, " if slot else ""
            yield Hit(
                Address(record.mapping_index, number or 0),
                f"{expected} ({signal.name})",
                found,
                f"{record.name}: signal {signal.name} of {dbc.name} has {expected}, and {where}the device has {found}.",
                record,
                number,
                key=f"{signal.name}: {found}",
            )


def _slot_of(record: PdoRecord, signal: DbcSignal) -> tuple[int | None, Slot | None]:
    """The slot that holds a whole signal."""
    for number, slot in enumerate(record.mapping.slots, 1):
        if slot.offset <= signal.start and signal.end <= slot.offset + slot.bits:
            return number, slot
    return None, None


def _differences(signal: DbcSignal, slot: Slot | None) -> Iterator[tuple[str, str]]:
    if signal.motorola:
        yield "Motorola byte order", "Intel's, as in every PDO"
        return
    if slot is None:
        yield f"bits {signal.start} to {signal.end - 1}", "no slot that holds them all"
        return
    entry = slot.entry
    whole = (signal.start, signal.bits) == (slot.offset, slot.bits)
    if entry is None or slot.opaque or not whole or signal.multiplexed:
        return
    if signal.signed != slot.signed and not entry.data_type.floating:
        words = ("unsigned", "signed")
        yield words[signal.signed], f"{entry.data_type.name}, {words[slot.signed]}"
    if signal.floating != entry.data_type.floating:
        yield "a float" if signal.floating else "an integer", entry.data_type.name
    factor = entry.scale.factor if entry.scale else 1.0
    if not math.isclose(signal.factor, factor, rel_tol=1e-6) or signal.offset:
        offset = f", offset {signal.offset:g}" if signal.offset else ""
        yield f"factor {signal.factor:.10g}{offset}", f"factor {factor:.10g}"
    if signal.unit and entry.unit and _unit(signal.unit) != _unit(entry.unit):
        yield f"unit {signal.unit}", f"unit {entry.unit}"


def _unit(text: str) -> str:
    """A unit without the ways in which people write it."""
    plain = text.strip().lower().replace(" ", "")
    for sign in ("°", "deg", "º"):
        plain = plain.replace(sign, "")
    return {"percent": "%", "sec": "s", "volt": "v", "amp": "a", "celsius": "c"}.get(plain, plain)
