"""What the charger's objects held, as the SDO transfers of a log show it: words, and the texts in segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deltaq_master.charger.diagnosis.known import READ, Held, KnownObjects
from deltaq_master.charger.value_words import words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.protocol.aborts import AbortCode
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import value_field
from deltaq_master.protocol.sdo_frames import ANSWER_BASE, REQUEST_BASE, SdoChannel, SdoKind
from deltaq_master.session_report.session import ObjectSeen, PdoSeen

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

IDENTITY: Final = (
    Address(0x1000),
    *(Address(0x1018, sub) for sub in range(1, 5)),
    Address(0x1008),
    Address(0x1009),
    Address(0x100A),
    Address(0x2251),
    Address(0x2260),
    Address(0x2261),
)
"""What says which device it is."""
_ABSENT: Final = (AbortCode.NO_OBJECT, AbortCode.NO_SUB_INDEX)


class TextsRead:
    """Follows the charger's SDO answers, and keeps the values that came in segments."""

    def __init__(self, node_id: int) -> None:
        self._request, self._answer = REQUEST_BASE + node_id, ANSWER_BASE + node_id
        self._channel = SdoChannel()
        self._begun: Address | None = None
        self._data = b""
        self.held: dict[Address, Held] = {}

    def take(self, frame: Frame) -> None:
        """Take a frame of the bus."""
        if frame.cob_id == self._request:
            self._channel.request(frame.data)
        elif frame.cob_id == self._answer:
            told = self._channel.answer(frame.data)
            if told.kind is SdoKind.VALUE_FOLLOWS:
                self._begun, self._data = told.address, b""
            elif told.kind is SdoKind.SEGMENT and self._begun is not None:
                self._data += told.data
                if told.last:
                    self.held[self._begun] = Held(self._data, frame.time, READ, "")
                    self._begun = None
            else:
                self._begun = None


def objects_of(
    dictionary: Dictionary, known: KnownObjects, texts: TextsRead
) -> tuple[tuple[ObjectSeen, ...], tuple[ObjectSeen, ...]]:
    """The identity, and what else was read or written; PDO parameters are told as maps."""
    held = {**texts.held, **known.held}
    identity = tuple(_seen(dictionary, address, held[address]) for address in IDENTITY if address in held)
    others = tuple(
        _seen(dictionary, address, held[address])
        for address in sorted(held)
        if address not in IDENTITY and address.index not in PDO_PARAMETERS
    )
    return identity, others


def absent_of(dictionary: Dictionary, known: KnownObjects) -> tuple[str, ...]:
    """Objects whose read was answered by: there is no such object."""
    found = []
    for address, code in sorted(known.absent.items()):
        entry = dictionary.get(address)
        if code in _ABSENT:
            found.append(f"{address} {entry.full_name}" if entry is not None else str(address))
    return tuple(found)


def pdos_of(known: KnownObjects) -> tuple[PdoSeen, ...]:
    """The PDOs that are in use, each as the charger told it, or as the EDS has it."""
    pdos = (*known.rpdos.values(), *known.tpdos.values())
    return tuple(PdoSeen(pdo.record, pdo.own) for pdo in pdos)


def _seen(dictionary: Dictionary, address: Address, held: Held) -> ObjectSeen:
    how = "read" if held.source == READ else "written"
    entry = dictionary.get(address)
    shown, note, name = held.data.hex(" ").upper() or "no data", "", ""
    if entry is not None:
        name = entry.full_name
        try:
            raw = entry.decode(held.data)
        except ValueError as error:
            note = str(error)
        else:
            field = value_field(entry, raw, name)
            meaning = words(address, raw) if isinstance(raw, int) else ""
            shown, note = field.shown or "(empty)", "; ".join(filter(None, (field.note, meaning)))
    return ObjectSeen(str(address), name, shown, note, how, held.time)
