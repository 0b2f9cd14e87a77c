"""A PDO dump for programs: one object of plain values, `deltaq.pdo-dump/1`."""

from __future__ import annotations

import json
from typing import Final

from deltaq_master.audit import dump_words as words
from deltaq_master.dictionary.mapping import PdoRecord, Slot
from deltaq_master.dictionary.pdo_reading import PdoReading

SCHEMA: Final = "deltaq.pdo-dump/1"


def document(reading: PdoReading) -> dict[str, object]:
    """The whole dump; what is not known is None. Keys may be added within a version, none changes its meaning."""
    return {
        "schema": SCHEMA,
        "node": reading.node_id,
        "source": reading.dump.source,
        "complete": reading.complete,
        "absent": list(reading.absent),
        "problems": list(reading.problems),
        "pdos": [_pdo(reading, record) for record in reading.dump.records],
    }


def json_of(reading: PdoReading) -> str:
    """The document as JSON, on one line."""
    return json.dumps(document(reading), ensure_ascii=False)


def _pdo(reading: PdoReading, record: PdoRecord) -> dict[str, object]:
    known = record.cob_word is not None
    indices = (record.communication_index, record.mapping_index)
    return {
        "name": record.name,
        "kind": record.kind.value,
        "number": record.number,
        "communication_index": f"{record.communication_index:04X}h",
        "mapping_index": f"{record.mapping_index:04X}h",
        "in_eds": record.name not in reading.beyond,
        "complete": record.complete,
        "problems": list(record.problems),
        "cob_word": record.cob_word,
        "cob_id": record.cob_id,
        "enabled": record.enabled if known else None,
        "rtr_allowed": not record.no_rtr if known else None,
        "extended": record.extended if known else None,
        "transmission": record.transmission,
        "transmission_words": words.transmission(record.kind, record.transmission),
        "inhibit_100us": record.inhibit_100us,
        "event_timer_ms": record.event_timer_ms,
        "sync_start": record.sync_start,
        "count": record.count,
        "words": list(record.words),
        "bits": record.mapping.bits,
        "bytes": record.mapping.length,
        "slots": [_slot(position, slot) for position, slot in enumerate(record.mapping.slots)],
        "parameters": {
            str(address): None if data is None else data.hex().upper()
            for address, data in sorted(reading.values.items())
            if address.index in indices
        },
    }


def _slot(position: int, slot: Slot) -> dict[str, object]:
    entry = slot.entry
    return {
        "position": position,
        "object": str(slot.address),
        "word": slot.word,
        "name": None if entry is None else slot.name,
        "known": entry is not None,
        "occurrence": slot.number,
        "type": None if entry is None else entry.data_type.name,
        "signed": None if entry is None else slot.signed,
        "bits": slot.bits,
        "first_bit": slot.offset,
        "byte": slot.offset // 8,
        "bit": slot.offset % 8,
        "opaque": slot.opaque,
        "factor": None if entry is None or entry.scale is None else entry.scale.factor,
        "unit": None if entry is None else entry.unit,
        "remark": words.remark(slot),
    }
