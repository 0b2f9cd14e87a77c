"""Any frame of any CANopen bus in words (CiA 301, 305): passive, and honest about what it cannot know.

Services are told by their COB-IDs, of the pre-defined connection set or of the PDOs that a dump names. What is
not CANopen, or breaks it, is said as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.dictionary.entry import Catalogue, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoKind, PdoRecord
from deltaq_master.protocol import aborts
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import Field, decodable, slot_field, value_field
from deltaq_master.protocol.sdo_frames import LENGTH, SdoChannel, SdoFrame, SdoKind
from deltaq_master.protocol.services import (
    BROADCASTS,
    Decoded,
    Service,
    emergency_message,
    heartbeat,
    hexadecimal,
    listed,
    unmapped,
    unusual,
    wrong_length,
)

_SDO_WORDS = {
    SdoKind.READ: "read {object}",
    SdoKind.VALUE: "{object} is {value}",
    SdoKind.VALUE_FOLLOWS: "{object} follows in segments, {size}",
    SdoKind.WRITE: "write {object} = {value}",
    SdoKind.WRITE_FOLLOWS: "write {object} in segments, {size}",
    SdoKind.WRITE_TAKEN: "{object} taken",
    SdoKind.SEGMENT: "segment of {object}: {value}",
    SdoKind.SEGMENT_ASKED: "next segment of {object}, please",
    SdoKind.SEGMENT_TAKEN: "segment of {object} taken",
    SdoKind.BLOCK_READ: "read {object} in blocks",
    SdoKind.BLOCK_READ_STARTED: "start the blocks of {object}",
    SdoKind.BLOCK_VALUE_FOLLOWS: "{object} follows in blocks, {size}",
    SdoKind.BLOCK_WRITE: "write {object} in blocks, {size}",
    SdoKind.BLOCK_WRITE_TAKEN: "blocks of {object} may come",
    SdoKind.BLOCK_SEGMENT: "segment in a block of {object}: {value}",
    SdoKind.BLOCK_ACKNOWLEDGED: "block of {object} taken",
    SdoKind.BLOCK_END: "end of the blocks of {object}",
    SdoKind.BLOCK_END_TAKEN: "end of the blocks of {object} taken",
    SdoKind.ABORT: "{object} aborted: {value}",
    SdoKind.LENGTH: "{value}",
    SdoKind.UNKNOWN: "unknown command: {value}",
}


Annotate = Callable[[Field, Service], Field]
"""Adds to a value of the device what only its own floor knows: notes, and what is not worth telling."""


class ServiceDecoder:
    """Decoder of the frames of one bus, to be given in their order.

    With the dictionary of one device its SDO values get names and units, with its PDO dump its PDOs get fields.
    """

    def __init__(
        self,
        node_id: int = 0,
        dictionary: Catalogue | None = None,
        dump: PdoDump | None = None,
        annotate: Annotate = lambda field, _service: field,
    ) -> None:
        """The device that is known better: its node-ID (0 for none), and what is known of it."""
        self._node_id = node_id
        self._dictionary = dictionary
        self._annotate = annotate
        self._pdos: dict[int, PdoRecord] = {}
        for record in dump.records if dump else ():
            if record.cob_id is not None and record.enabled and not record.extended:
                self._pdos.setdefault(record.cob_id, record)
        self._channels: dict[int, SdoChannel] = {}

    def decode(self, frame: Frame) -> Decoded:
        """What a frame says; nothing that can be on a bus is refused."""
        cob_id, data = frame.cob_id, frame.data
        if not frame.plain:
            return unusual(frame)
        if (record := self._pdos.get(cob_id)) is not None:
            return self._pdo(record, data)
        if (broadcast := BROADCASTS.get(cob_id)) is not None:
            return broadcast(data)
        # The pre-defined connection set (CiA 301): a function code of four bits, then the node-ID.
        node_id = cob_id & 0x7F
        match cob_id >> 7 if node_id else 0:
            case 1:
                return emergency_message(node_id, data)
            case 3 | 5 | 7 | 9 as function:
                return unmapped(Service.TPDO, node_id, function // 2, data)
            case 4 | 6 | 8 | 10 as function:
                return unmapped(Service.RPDO, node_id, function // 2 - 1, data)
            case 11:
                return self._sdo(Service.SDO_ANSWER, node_id, self._channel(node_id).answer(data))
            case 12:
                return self._sdo(Service.SDO_REQUEST, node_id, self._channel(node_id).request(data))
            case 14:
                return heartbeat(node_id, data)
        return Decoded(Service.OTHER, None, f"no service of CANopen at {cob_id:03X}h: {hexadecimal(data)}")

    def _channel(self, node_id: int) -> SdoChannel:
        return self._channels.setdefault(node_id, SdoChannel())

    def _pdo(self, record: PdoRecord, data: bytes) -> Decoded:
        service = Service.TPDO if record.kind is PdoKind.TPDO else Service.RPDO
        mapping, number = record.mapping, record.number
        if not decodable(record):
            return unmapped(service, self._node_id, number, data)
        if len(data) != mapping.length:
            text = wrong_length(data, mapping.length)
            return Decoded(service, self._node_id, text, (), number, ("not the length of its mapping",))
        raws = mapping.codec.decode(data)
        fields = tuple(
            self._annotate(slot_field(slot, raw), service)
            for slot, raw in zip(mapping.slots, raws, strict=True)
        )
        return Decoded(service, self._node_id, listed(fields), fields, number)

    def _sdo(self, service: Service, node_id: int, frame: SdoFrame) -> Decoded:
        known = self._dictionary if node_id == self._node_id else None
        entry = known.get(frame.address) if known and frame.address else None
        field = _sdo_field(frame, entry)
        if field is not None and entry is not None:
            field = self._annotate(field, service)
        named = str(frame.address) if frame.address else "an object that was not named yet"
        text = _SDO_WORDS[frame.kind].format(
            object=f"{named} {entry.name}" if entry else named,
            value=_sdo_value(frame, field),
            size="length not told" if frame.size is None else f"{frame.size} bytes",
        )
        return Decoded(service, node_id, text, (field,) if field else ())


def _sdo_field(frame: SdoFrame, entry: Entry | None) -> Field | None:
    """The value that a frame carries whole, or its abort code."""
    if frame.code is not None:
        return Field("abort code", frame.code, "", aborts.meaning(frame.code), None, 32)
    if frame.address is None or frame.kind not in (SdoKind.VALUE, SdoKind.WRITE):
        return None
    if entry is None:
        return Field(str(frame.address), hexadecimal(frame.data), address=frame.address)
    data = frame.data if frame.sized else frame.data[: entry.data_type.size]
    try:
        return value_field(entry, entry.decode(data))
    except ValueError:
        note = f"{len(data)} bytes, unlike in the EDS"
        return Field(entry.name, hexadecimal(data), "", note, frame.address)


def _sdo_value(frame: SdoFrame, field: Field | None) -> str:
    if frame.kind is SdoKind.LENGTH:
        return wrong_length(frame.data, LENGTH)
    if frame.code is not None:
        return f"{aborts.meaning(frame.code)} ({frame.code >> 16:04X} {frame.code & 0xFFFF:04X}h)"
    if field is not None:
        return field.shown + (f" ({field.note})" if field.note else "")
    text = frame.data.rstrip(b"\0").decode("latin-1")
    readable = f" {text!r}" if text and text.isascii() and text.isprintable() else ""
    return hexadecimal(frame.data) + readable + (", the last one" if frame.last else "")
