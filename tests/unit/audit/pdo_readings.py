"""Readings of devices for the forms of a dump: small catalogues, and answers typed as they are on the wire."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.dictionary.mapping import PdoKind, assemble
from deltaq_master.dictionary.pdo_reading import PdoReading
from deltaq_master.dictionary.widened import Widened

Answers = Mapping[tuple[int, int], str | None]


@dataclass(frozen=True)
class Few:
    """A catalogue of a few entries."""

    entries: Mapping[Address, Entry] = field(default_factory=dict)

    @property
    def indices(self) -> Collection[int]:
        return {address.index for address in self.entries}

    def get(self, address: Address) -> Entry | None:
        return self.entries.get(address)


def few(*entries: Entry) -> Few:
    return Few({entry.address: entry for entry in entries})


OBJECTS = few(
    Entry(Address(0x2000), "Flags", DataType.UNSIGNED8, Access.RO, description='[I] "Eight" flags\\lamps.'),
    Entry(Address(0x2001), "Speed", DataType.INTEGER16, Access.RWW, factor=0.1, unit="rpm", low=-500, high=9000),
    Entry(Address(0x2002), "Torque", DataType.REAL32, Access.RO, unit="N·m"),
    Entry(Address(0x2003, 1), "A", DataType.UNSIGNED16, Access.RO, factor=1 / 16, unit="A", parent_name="Phase"),
    Entry(Address(0x2004), "Switch", DataType.BOOLEAN, Access.RO),
    Entry(Address(0x2005), "Serial", DataType.VISIBLE_STRING, Access.RO),
    Entry(Address(0x2006), "Speed", DataType.UNSIGNED8, Access.RO, factor=2.5, unit="Ω"),
    Entry(Address(0x2007, 1), "2nd of a name that no tool takes whole", DataType.UNSIGNED8, Access.RO,
          parent_name="An object"),
)  # fmt: skip


def reading(
    answers: Answers, pdos: Iterable[tuple[PdoKind, int]], objects: Few = OBJECTS, node_id: int = 5
) -> PdoReading:
    """The reading of a device that gave these answers, bytes in hexadecimal and None for none of use."""
    values = {Address(*at): None if text is None else bytes.fromhex(text) for at, text in answers.items()}
    dump = assemble(Widened(objects, pdos), values, f"node {node_id}")
    return PdoReading(node_id, dump, values)


def pdo(kind: PdoKind, number: int, cob_word: str, *words: str, transmission: str = "FF") -> Answers:
    """Answers of one PDO: its COB-ID and its mapping words as they are on the wire."""
    communication, mapping = kind.communication_index(number), kind.mapping_index(number)
    return {
        (communication, 1): cob_word,
        (communication, 2): transmission,
        (mapping, 0): f"{len(words):02X}",
        **{(mapping, sub): word for sub, word in enumerate(words, 1)},
    }
