"""A PDO dump for people: one block for each PDO, one line for each slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from deltaq_master.audit import dump_words as words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoKind, PdoRecord, Slot
from deltaq_master.dictionary.pdo_reading import PdoReading

COLUMNS: Final = ("at", "bytes", "object", "name", "type", "bits", "scale", "raw", "")
"""Heads of the slots; the last column holds remarks."""


def text_of(reading: PdoReading) -> str:
    """The whole dump; every PDO is there, and what is not known of it is said."""
    blocks = ["\n".join(_block(reading, record)) for record in reading.dump.records]
    return "\n\n".join([*blocks, "\n".join(_summary(reading))])


def _block(reading: PdoReading, record: PdoRecord) -> Iterator[str]:
    marks = ["incomplete"] if not record.complete else []
    marks += ["not in the EDS"] if record.name in reading.beyond else []
    mark = f"  ({', '.join(marks)})" if marks else ""
    yield f"{record.name}:{mark}"
    yield f"  Comm idx: {record.communication_index:04X}h   Map idx: {record.mapping_index:04X}h"
    word = "" if record.cob_word is None else f" ({record.cob_word:08X}h)"
    yield f"  COB-ID: {words.cob_id(record)}   {words.flags(record)}{word}"
    kind = "" if record.transmission is None else f"{record.transmission:02X}h, "
    timers = [f"Event timer: {words.milliseconds(record.event_timer_ms)}"]
    if record.kind is PdoKind.TPDO:
        timers.insert(0, f"Inhibit time: {words.milliseconds(record.inhibit_100us, of_100us=True)}")
    if record.sync_start is not None:
        timers.append(f"SYNC start value: {record.sync_start}")
    yield "   ".join((f"  Type: {kind}{words.transmission(record.kind, record.transmission)}", *timers))
    yield f"  {_size(record)}"
    if record.mapping.slots:
        yield "  Entries:"
        yield from (f"    {line}" for line in _aligned([COLUMNS, *map(_row, record.mapping.slots)]))
    yield from (f"  Further: {line}" for line in _unplaced(reading, record))
    yield from (f"  Problem: {problem}" for problem in record.problems)


def _size(record: PdoRecord) -> str:
    count = "not known" if record.count is None else str(record.count)
    bits = record.mapping.bits
    over = ", more than a frame holds" if bits > words.CLASSIC else ""
    known = "" if record.complete or not bits else " as far as known"
    return f"Map count: {count}   Total bits: {bits} ({_many(record.mapping.length, 'byte')}{over}){known}"


def _row(slot: Slot) -> tuple[str, ...]:
    return (
        words.first_bit(slot),
        words.bytes_of(slot),
        str(slot.address),
        "(unknown)" if slot.entry is None else slot.name,
        words.data_type(slot),
        str(slot.bits),
        "" if slot.entry is None else words.scale(slot.entry),
        f"{slot.word:08X}h",
        words.remark(slot),
    )


def _unplaced(reading: PdoReading, record: PdoRecord) -> Iterator[str]:
    """Slots behind one that could not be read: what they hold is known, their place is not."""
    for sub in range(len(record.words) + 1, min(record.count or 0, words.CLASSIC) + 1):
        data = reading.values.get(Address(record.mapping_index, sub))
        if data is not None:
            word = f"{int.from_bytes(data, 'little'):0{2 * len(data)}X}h"
            yield f"slot {sub} holds {word}, its place is not known"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _summary(reading: PdoReading) -> Iterator[str]:
    records = reading.dump.records
    enabled = sum(record.enabled for record in records)
    incomplete = [record.name for record in records if not record.complete]
    yield f"{reading.dump.source}: {_many(len(records), 'PDO')}, {enabled} enabled"
    if reading.absent:
        yield f"In the EDS, and not in the device: {', '.join(words.spans(reading.absent))}"
    if incomplete:
        yield f"Incomplete: {', '.join(words.spans(incomplete))}"
    yield from (f"Not known: {problem}" for problem in reading.problems)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
