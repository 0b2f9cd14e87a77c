"""Slots: which bits of a PDO are which object (CiA 301, mapping parameters 16xxh and 1Axxh)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.codec import Codec, Field
from deltaq_master.dictionary.entry import Access, Catalogue, DataType, Entry
from deltaq_master.errors import UsageError

_DUMMY_TYPES: Final = (
    *(DataType(code) for code in range(0x01, 0x08)),
    DataType.INTEGER24,
    DataType.INTEGER64,
    DataType.UNSIGNED40,
    DataType.UNSIGNED64,
)

DUMMIES: Final[dict[Address, Entry]] = {
    Address(kind): Entry(Address(kind), f"Dummy{kind:04X}", kind, Access.CONST, pdo_mappable=True)
    for kind in _DUMMY_TYPES
}
"""Data types that may be mapped as fillers, by the index of the type; known whatever the EDS says."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One object in a PDO."""

    address: Address
    bits: int
    """Length as mapped [bit]."""
    offset: int
    """Place of its lowest bit in the PDO [bit]."""
    name: str
    """Full name of the object, its address where the EDS does not know it; ` #2` and so on from the second
    slot of one object on."""
    entry: Entry | None
    """What the EDS (or CiA 301, for a dummy) says about it, None where nothing does."""
    number: int = 1
    """1 for the first slot of this object in this PDO, 2 for the second."""

    @property
    def word(self) -> int:
        """The mapping word: index, sub-index and length, as 16xxh and 1Axxh hold it."""
        return self.address.index << 16 | self.address.sub << 8 | self.bits

    @property
    def opaque(self) -> bool:
        """True when its bits must not be interpreted: unknown object, or mapped with another length."""
        return self.entry is None or self.entry.bits != self.bits

    @property
    def signed(self) -> bool:
        """True when its raw integer is signed: the object is, whatever its length here."""
        return self.entry is not None and self.entry.data_type.signed


@dataclass(frozen=True)
class PdoMapping:
    """The slots of a PDO in their order. It may be over 64 bits long; its `codec` may not."""

    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, words: Iterable[int], dictionary: Catalogue) -> PdoMapping:
        """Mapping of the words of 16xxh or 1Axxh; an object that the EDS does not know moves nothing.

        Words of 0 at the end are no slots: a device with a fixed number of them has them where it needs fewer.
        """
        words = list(words)
        while words and not words[-1]:
            words.pop()
        slots: list[Slot] = []
        times: dict[Address, int] = {}
        offset = 0
        for word in words:
            address, bits = Address(word >> 16, word >> 8 & 0xFF), word & 0xFF
            entry = DUMMIES.get(address) or dictionary.get(address)
            number = times[address] = times.get(address, 0) + 1
            name = str(address) if entry is None else entry.full_name
            name += f" #{number}" if number > 1 else ""
            slots.append(Slot(address, bits, offset, name, entry, number))
            offset += bits
        return cls(tuple(slots))

    @property
    def bits(self) -> int:
        """Length of all slots [bit]."""
        return sum(slot.bits for slot in self.slots)

    @property
    def length(self) -> int:
        """Length of the PDO [byte]."""
        return (self.bits + 7) // 8

    @property
    def words(self) -> tuple[int, ...]:
        """The mapping words, as 16xxh and 1Axxh hold them from sub-index 1 on."""
        return tuple(slot.word for slot in self.slots)

    def slots_of(self, address: Address) -> tuple[Slot, ...]:
        """All slots of an object, none where it is not mapped."""
        return tuple(slot for slot in self.slots if slot.address == address)

    def slot(self, address: Address) -> Slot:
        """The only slot of an object. Raises UsageError where it is not mapped, or more than once."""
        slots = self.slots_of(address)
        if not slots:
            raise UsageError(f"{address} is not mapped in this PDO")
        if len(slots) > 1:
            places = ", ".join(
                f"{self.slots.index(slot)} ({slot.name}, from bit {slot.offset})" for slot in slots
            )
            raise UsageError(f"{address} is mapped {len(slots)} times", f"take one by its position: {places}")
        return slots[0]

    @cached_property
    def codec(self) -> Codec:
        """Its codec, made once. Raises UsageError over 64 bits, and for a slot of no bits."""
        return Codec(Field(slot.bits, slot.signed, slot.name) for slot in self.slots)
