"""A PDO dump as a DBC file: what is on the bus of this very device, for tools that know no EDS.

`cantools` writes the text; it is imported when it is needed.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from deltaq_master.audit import dump_words as words
from deltaq_master.dictionary.bit_fields import BitField, BitFields
from deltaq_master.dictionary.mapping import PdoKind, PdoRecord, Slot
from deltaq_master.dictionary.pdo_reading import PdoReading

if TYPE_CHECKING:
    from cantools.database.can import Message, Signal
    from cantools.database.namedsignalvalue import NamedSignalValue

ENCODING: Final = "cp1252"
"""What tools expect of a DBC file."""
LONGEST: Final = 32
"""Characters of a name that every tool takes."""
MASTER: Final = "Master"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9]+")


def node_name(node_id: int) -> str:
    """The device's name in the DBC."""
    return f"Node{node_id}"


def message_name(record: PdoRecord, node_id: int) -> str:
    """The name of a PDO in the DBC: `RPDO1_node10`."""
    return f"{record.name}_node{node_id}"


def dbc_of(reading: PdoReading, fields: BitFields | None = None) -> str:
    """The enabled PDOs as a DBC file; `fields` are the objects whose bits are several values.

    What is not in it, and why, is said in the comment of the device and by `left_out`.
    """
    from cantools.database.can import Database, Node

    missing = dict(_left_out(reading))
    messages = [
        _message(reading.node_id, record, fields or {})
        for record in reading.dump.records
        if record.name not in missing
    ]
    about = "".join(
        (f"PDOs of {reading.dump.source}.", *(f" Not here: {text}." for text in left_out(reading)))
    )
    nodes = [Node(MASTER, ""), Node(node_name(reading.node_id), _text(about))]
    text = Database(messages, nodes, version="").as_dbc_string(sort_signals=None)
    return text.replace("\r\n", "\n")


def left_out(reading: PdoReading) -> tuple[str, ...]:
    """PDOs that a DBC cannot hold, with the reason: `RPDO3 to RPDO8: disabled`."""
    reasons: dict[str, list[str]] = {}
    for name, reason in _left_out(reading):
        reasons.setdefault(reason, []).append(name)
    return tuple(f"{', '.join(words.spans(names))}: {reason}" for reason, names in reasons.items())


def _left_out(reading: PdoReading) -> Iterator[tuple[str, str]]:
    taken: dict[int | None, str] = {}
    for record in reading.dump.records:
        bits = record.mapping.bits
        if not record.complete:
            yield record.name, f"incomplete, {record.problems[0]}"
        elif not record.enabled:
            yield record.name, "disabled"
        elif not record.mapping.slots:
            yield record.name, "nothing mapped"
        elif bits > words.CLASSIC:
            yield record.name, f"{bits} bits mapped, and a frame holds {words.CLASSIC}"
        elif not all(slot.bits for slot in record.mapping.slots):
            yield record.name, "an object mapped with 0 bits"
        elif record.cob_id in taken:
            yield record.name, f"its COB-ID {words.cob_id(record)} is that of {taken[record.cob_id]}"
        else:
            taken[record.cob_id] = record.name


class _Piece(NamedTuple):
    """What becomes one signal."""

    name: str
    start: int
    bits: int
    choices: Mapping[int, str]
    slot: Slot
    whole: bool


def _message(node_id: int, record: PdoRecord, fields: BitFields) -> Message:
    from cantools.database.can import Message

    receive = record.kind is PdoKind.RPDO
    ends = (MASTER, node_name(node_id)) if receive else (node_name(node_id), MASTER)
    pieces = [piece for slot in record.mapping.slots for piece in _pieces(slot, fields)]
    names = _unique([piece.name for piece in pieces])
    timer = f", event timer {record.event_timer_ms} ms" if record.event_timer_ms else ""
    about = f"{record.communication_index:04X}h, {record.mapping_index:04X}h: "
    about += f"{words.transmission(record.kind, record.transmission)}{timer}"
    assert record.cob_id is not None  # a PDO without one is left out
    return Message(
        record.cob_id,
        message_name(record, node_id),
        record.mapping.length,
        [_signal(name, piece, ends[1]) for name, piece in zip(names, pieces, strict=True)],
        comment=_text(about),
        senders=[ends[0]],
        strict=True,
    )


def _pieces(slot: Slot, fields: BitFields) -> Iterator[_Piece]:
    plain = _Piece(_slot_name(slot), slot.offset, slot.bits, {}, slot, whole=True)
    parts = () if slot.opaque else fields.get(slot.address, ())
    if any(part.start + part.bits > slot.bits for part in parts):
        # Fields of another object than this device has.
        parts = ()
    if not parts:
        yield plain
    for part in parts:
        yield plain._replace(choices=part.choices) if part.bits == slot.bits else _part(slot, part)


def _part(slot: Slot, part: BitField) -> _Piece:
    return _Piece(part.name, slot.offset + part.start, part.bits, part.choices, slot, whole=False)


def _slot_name(slot: Slot) -> str:
    """The full name where it fits, else that of the sub-object alone."""
    if slot.entry is None:
        return f"Object {slot.address}"
    full = slot.entry.full_name
    return full if len(full) <= LONGEST else slot.entry.name


def _signal(name: str, piece: _Piece, receiver: str) -> Signal:
    from cantools.database.can import Signal
    from cantools.database.conversion import BaseConversion

    entry = piece.slot.entry if piece.whole and not piece.slot.opaque else None
    scale = None if entry is None else entry.scale
    factor = 1 if scale is None else scale.factor
    floating = entry is not None and entry.data_type.floating
    choices: OrderedDict[int, str | NamedSignalValue] = OrderedDict(
        (raw, _text(word)) for raw, word in piece.choices.items()
    )
    return Signal(
        name,
        piece.start,
        piece.bits,
        byte_order="little_endian",
        is_signed=piece.slot.signed and piece.whole,
        conversion=BaseConversion.factory(factor, 0, choices or None, floating),
        minimum=None if entry is None or entry.low is None else entry.low * factor,
        maximum=None if entry is None or entry.high is None else entry.high * factor,
        unit=None if entry is None or not entry.unit else _text(entry.unit),
        comment=_text(_about(piece)),
        receivers=[receiver],
    )


def _about(piece: _Piece) -> str:
    slot = piece.slot
    if slot.entry is None:
        return f"{slot.address}: {words.remark(slot)}"
    first = piece.start - slot.offset
    last = first + piece.bits - 1
    place = "" if piece.whole else f", bit {first}" if first == last else f", bits {first}-{last}"
    sentences = (f"{slot.address} {slot.entry.full_name}{place}.", words.remark(slot), slot.entry.description)
    return " ".join(filter(None, sentences))


def _unique(names: list[str]) -> Iterator[str]:
    """Names that a DBC allows, `_2` and so on behind those that come again."""
    taken: set[str] = set()
    for name in names:
        legal = _NO_NAME.sub("_", name).strip("_") or "Signal"
        legal = f"_{legal}" if legal[0].isdigit() else legal
        chosen, times = legal[:LONGEST].rstrip("_"), 1
        while chosen in taken:
            times += 1
            ending = f"_{times}"
            chosen = legal[: LONGEST - len(ending)] + ending
        taken.add(chosen)
        yield chosen


def _text(text: str) -> str:
    """A text without what ends a text in a DBC, in the characters that it has."""
    plain = " ".join(text.replace('"', "'").replace("\\", "/").split())
    return plain.encode(ENCODING, "replace").decode(ENCODING)
