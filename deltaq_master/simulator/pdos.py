"""PDOs of a simulated device, live from its own 14xxh/16xxh and 18xxh/1Axxh (CiA 301).

Mapping words are taken apart and bits are moved here by hand, not by `dictionary.mapping`: the master uses
that, and a mistake in it would otherwise cancel out in every test of the two together.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from deltaq_master.dictionary.address import Address
from deltaq_master.simulator.objects import Abort, Cell, Code, Objects

DISABLED = 1 << 31
EXTENDED = 1 << 29
ID_BITS = 0x7FF
EVENT_DRIVEN = 0xFE
"""Lowest transmission type that is not tied to SYNC; lower ones neither send nor take effect here."""
MAX_BITS = 64
_DUMMY_BITS = {1: 1, 2: 8, 3: 16, 4: 32, 5: 8, 6: 16, 7: 32}
"""Lengths of the data types that CiA 301 lets be mapped."""
MAX_PDOS = 512


class Slot(NamedTuple):
    """One mapping word, with its place in the frame."""

    cell: Cell | None
    """None: the device does not have the object, its bits mean nothing."""
    mask: int
    offset: int
    size: int
    """Bytes of the object's value."""


class Pdo(NamedTuple):
    """One PDO as the device's objects describe it at this moment."""

    receive: bool
    number: int
    cob_id: int
    """0 while it is disabled, or tied to SYNC."""
    event_timer: int
    """[ms]"""
    length: int
    """Bytes of its frame."""
    slots: tuple[Slot, ...]


class Pdos:
    """All PDOs of a device."""

    def __init__(self, objects: Objects, dummies: frozenset[int], changed: Callable[[], None]) -> None:
        self._objects = objects
        self._dummies = dummies
        self._changed = changed
        self.rpdos: dict[int, Pdo] = {}
        """Enabled RPDOs by COB-ID."""
        self.tpdos: tuple[Pdo, ...] = ()
        """Enabled TPDOs in the order of their numbers."""
        self._fixed: set[int] = set()
        """Mapping parameters whose number of slots cannot be written."""
        self._numbers = tuple(self._find())
        for receive, number in self._numbers:
            communication, mapping = self._indices(receive, number)
            self._guard(communication, mapping, receive)
        self.reload()

    @staticmethod
    def _indices(receive: bool, number: int) -> tuple[int, int]:
        return (0x1400 if receive else 0x1800) + number - 1, (0x1600 if receive else 0x1A00) + number - 1

    def _find(self) -> Iterator[tuple[bool, int]]:
        for receive in (True, False):
            for number in range(1, MAX_PDOS + 1):
                communication, mapping = self._indices(receive, number)
                if self._objects.get(communication, 1) and self._objects.get(mapping):
                    yield receive, number

    def fix_counts(self) -> None:
        """Let every PDO have as many slots as there are mapping words, for good; 0 in a slot maps nothing."""
        for receive, number in self._numbers:
            mapping = self._indices(receive, number)[1]
            used, room = self._objects.integer(mapping), self._room(mapping)
            for sub in range(used + 1, room + 1):
                self._objects.begin_with(mapping, sub, 0)
            self._objects.begin_with(mapping, 0, room)
            self._fixed.add(mapping)
        self.reload()

    def _room(self, mapping: int) -> int:
        return sum(1 for address in self._objects.cells if address.index == mapping and address.sub)

    def _bits(self, mapping: int) -> int:
        integer = self._objects.integer
        return sum(integer(mapping, sub + 1) & 0xFF for sub in range(integer(mapping)))

    def reload(self) -> None:
        """Take what the objects say now."""
        pdos = [self._pdo(receive, number) for receive, number in self._numbers]
        self.rpdos = {pdo.cob_id: pdo for pdo in pdos if pdo.receive and pdo.cob_id}
        self.tpdos = tuple(pdo for pdo in pdos if not pdo.receive and pdo.cob_id)

    def _written(self, _: bytes) -> None:
        self.reload()
        self._changed()

    def _pdo(self, receive: bool, number: int) -> Pdo:
        integer = self._objects.integer
        communication, mapping = self._indices(receive, number)
        word = integer(communication, 1)
        off = word & DISABLED or integer(communication, 2) < EVENT_DRIVEN
        words = [integer(mapping, sub + 1) for sub in range(integer(mapping))]
        timer = integer(communication, 5)
        length = (sum(word & 0xFF for word in words) + 7) // 8
        return Pdo(receive, number, 0 if off else word & ID_BITS, timer, length, tuple(self._slots(words)))

    def _slots(self, words: list[int]) -> Iterator[Slot]:
        offset = 0
        for word in words:
            bits = word & 0xFF
            cell = self._objects.get(word >> 16, word >> 8 & 0xFF)
            yield Slot(cell, (1 << bits) - 1, offset, (bits + 7) // 8)
            offset += bits

    # --- frames ------------------------------------------------------------------------------------------

    def pack(self, pdo: Pdo) -> bytes:
        """Data of a TPDO from the present values; bits of objects that the device does not have are 0."""
        word = 0
        for cell, mask, offset, _ in pdo.slots:
            if cell is not None:
                word |= (int.from_bytes(cell.get(), "little") & mask) << offset
        return word.to_bytes(pdo.length, "little")

    def unpack(self, pdo: Pdo, data: bytes) -> Iterator[tuple[Cell, bytes]]:
        """Objects of an RPDO that the device has, with their new bytes."""
        word = int.from_bytes(data, "little")
        for cell, mask, offset, size in pdo.slots:
            if cell is not None:
                yield cell, (word >> offset & mask).to_bytes(size, "little")

    # --- changes by SDO, in the order of CiA 301 ---------------------------------------------------------

    def _guard(self, communication: int, mapping: int, receive: bool) -> None:
        objects = self._objects

        def enabled() -> bool:
            return not objects.integer(communication, 1) & DISABLED

        def cob_id(data: bytes) -> Abort | None:
            """The COB-ID of a PDO that exists may not change in one step: it is disabled first."""
            word = struct.unpack("<I", data)[0]
            moved = (word ^ objects.integer(communication, 1)) & ~DISABLED & 0xFFFFFFFF
            if word & EXTENDED or (enabled() and not word & DISABLED and moved):
                return Abort(Code.INVALID)
            # Where the number of slots is fixed nothing else checks the mapping as a whole.
            if not word & DISABLED and self._bits(mapping) > MAX_BITS:
                return Abort(Code.PDO_LENGTH)
            return None

        def count(data: bytes) -> Abort | None:
            """The mapping is taken into use as a whole, while the PDO is disabled."""
            if mapping in self._fixed:
                return Abort(Code.READ_ONLY)
            if enabled():
                return Abort(Code.UNSUPPORTED)
            words = [objects.integer(mapping, sub + 1) for sub in range(data[0])]
            if len(words) > room or sum(word & 0xFF for word in words) > MAX_BITS:
                return Abort(Code.PDO_LENGTH)
            refusals = (self._mappable(word, receive) for word in words)
            return next((refusal for refusal in refusals if refusal), None)

        def word(data: bytes) -> Abort | None:
            """Words change only while the PDO is disabled and its count is 0, or fixed."""
            if enabled() or (objects.integer(mapping) and mapping not in self._fixed):
                return Abort(Code.UNSUPPORTED)
            value = struct.unpack("<I", data)[0]
            return self._mappable(value, receive) if value else None

        cells = {a: cell for a, cell in objects.cells.items() if a.index in (communication, mapping)}
        room = self._room(mapping)
        if not cells[Address(mapping)].entry.writable:
            self._fixed.add(mapping)
        for address, cell in cells.items():
            cell.effect = self._written
            if address.index == mapping:
                cell.guard = word if address.sub else count
            elif address.sub == 1:
                cell.guard = cob_id

    def _mappable(self, word: int, receive: bool) -> Abort | None:
        address = Address(word >> 16, word >> 8 & 0xFF)
        if receive and address.index in self._dummies:
            # A filler: bits of a data type, which an RPDO may carry and nobody takes.
            return None if word & 0xFFFF == _DUMMY_BITS[address.index] else Abort(Code.NOT_MAPPABLE)
        cell = self._objects.find(address)
        if isinstance(cell, Abort):
            return cell
        entry = cell.entry
        way = entry.writable if receive else entry.readable
        if not (entry.pdo_mappable and way and entry.bits == word & 0xFF):
            return Abort(Code.NOT_MAPPABLE)
        return None
