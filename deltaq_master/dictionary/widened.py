"""A dictionary with more PDOs than its EDS describes: their parameters are those of CiA 301, without defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import (
    COB_ID,
    EVENT,
    INHIBIT,
    MAX_SLOTS,
    SYNC_START,
    TO_MAPPING,
    TRANSMISSION,
    PdoKind,
)
from deltaq_master.dictionary.entry import Access, Catalogue, DataType, Entry

PdoNumber = tuple[PdoKind, int]
"""A PDO by its kind and its number, from 1 on."""

_COMMUNICATION: Final = {
    0: ("Highest sub-index supported", DataType.UNSIGNED8),
    COB_ID: ("COB-ID", DataType.UNSIGNED32),
    TRANSMISSION: ("Transmission type", DataType.UNSIGNED8),
    INHIBIT: ("Inhibit time", DataType.UNSIGNED16),
    EVENT: ("Event timer", DataType.UNSIGNED16),
    SYNC_START: ("SYNC start value", DataType.UNSIGNED8),
}


class Widened:
    """A catalogue: everything of another one, and the parameters of further PDOs, as `include` adds them."""

    def __init__(self, dictionary: Catalogue, further: Iterable[PdoNumber] = ()) -> None:
        self._dictionary = dictionary
        self._further: dict[int, str] = {}
        for kind, number in further:
            self.include(kind, number)

    def include(self, kind: PdoKind, number: int) -> None:
        """Know this PDO (1 to 512) too; what the dictionary itself says about it stays."""
        for index, what in (
            (kind.communication_index(number), "communication"),
            (kind.mapping_index(number), "mapping"),
        ):
            if index not in self._dictionary.indices:
                self._further[index] = f"{kind.value} {what} parameter {number}"

    @property
    def indices(self) -> Collection[int]:
        """Indices of all objects."""
        known = self._dictionary.indices
        return frozenset(known) | self._further.keys() if self._further else known

    def get(self, address: Address) -> Entry | None:
        """The entry at an address, None where there is none."""
        parent = self._further.get(address.index)
        if parent is None:
            return self._dictionary.get(address)
        if address.index & TO_MAPPING:
            if address.sub > MAX_SLOTS:
                return None
            name = f"Mapped object {address.sub}" if address.sub else "Number of mapped objects"
            kind = DataType.UNSIGNED32 if address.sub else DataType.UNSIGNED8
        elif address.sub in _COMMUNICATION:
            name, kind = _COMMUNICATION[address.sub]
        else:
            return None
        return Entry(address, name, kind, Access.RW, parent_name=parent)
