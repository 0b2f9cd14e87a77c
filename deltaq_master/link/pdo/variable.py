"""One slot of a PDO, as canopen's `PdoVariable`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canopen.objectdictionary import ObjectDictionary, ODVariable
from canopen.pdo import base

from deltaq_master.dictionary.entry import DataType, Value
from deltaq_master.dictionary.mapping import Slot
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.link.pdo.pdo_map import PdoMap


class PdoVariable(base.PdoVariable):
    """An object at its place in a PDO.

    `raw`, `phys` and `desc` are as in canopen. A slot that cannot be interpreted (an object that the EDS does
    not know, or mapped with another length than its own) is an integer, the bits as they are.
    """

    pdo_parent: PdoMap
    offset: int  # type: ignore[assignment]

    def __init__(self, od: ODVariable, slot: Slot, position: int, parent: PdoMap) -> None:
        super().__init__(od)
        self.pdo_parent = parent
        self.slot = slot
        self.position = position
        """Place in the PDO, counted from 0."""
        self.name = slot.name
        self.index, self.subindex = slot.address.index, slot.address.sub
        self.offset, self.length = slot.offset, slot.bits

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be looked up by: its object's name, and that with its number in this PDO."""
        number = f" #{self.slot.number}"
        plain = self.slot.name.removesuffix(number) if self.slot.number > 1 else self.slot.name
        return plain, plain + number

    def get_data(self) -> bytes:
        """Its bits in the present frame, filled up to whole bytes."""
        bits = self.pdo_parent.raws()[self.position] & ((1 << self.slot.bits) - 1)
        return bits.to_bytes((self.slot.bits + 7) // 8, "little")

    def set_data(self, data: bytes) -> None:
        """Set its bits; UsageError where they are too many or too few."""
        if len(data) != (self.slot.bits + 7) // 8:
            raise UsageError(f"{self.name} is {self.slot.bits} bits long, {len(data)} bytes do not fit")
        raw = int.from_bytes(data, "little")
        if self.slot.signed and raw >> (self.slot.bits - 1):
            raw -= 1 << self.slot.bits
        self.pdo_parent.put(self.position, raw)

    @property
    def raw(self) -> Value:
        """Raw value in the present frame: bool for a BOOLEAN, as by SDO."""
        entry = self.slot.entry
        if self.slot.opaque or entry is None or entry.data_type.integer:
            return self.pdo_parent.raws()[self.position]
        value = entry.decode(self.get_data())
        return bool(value) if entry.data_type is DataType.BOOLEAN else value

    @raw.setter
    def raw(self, value: Value) -> None:
        """Set the raw value; LimitError over the EDS's limits and over what the bits can hold."""
        entry = self.slot.entry
        if isinstance(value, bytes | bytearray):
            self.set_data(bytes(value))
        elif self.slot.opaque or entry is None:
            if not isinstance(value, int):
                raise UsageError(
                    f"{self.name} is not known to the EDS in this length: only its bits can be set"
                )
            self.pdo_parent.put(self.position, value)
        else:
            self.set_data(entry.encode(value))

    @property
    def phys(self) -> Value:
        """Value in its unit, in the present frame; the raw value where the EDS gives no factor."""
        entry = self.slot.entry
        return self.raw if entry is None or self.slot.opaque else entry.phys(self.raw)

    @phys.setter
    def phys(self, value: Value) -> None:
        """Set the value in its unit: the nearest that does not decode to more. LimitError as for `raw`."""
        entry = self.slot.entry
        self.raw = value if entry is None or self.slot.opaque else entry.raw(value)


def variable_of(od: ObjectDictionary, slot: Slot, position: int, parent: PdoMap) -> PdoVariable:
    """The variable of a slot, with canopen's entry where there is one."""
    entry = od.get_variable(slot.address.index, slot.address.sub)
    if entry is None:
        entry = ODVariable(slot.name, slot.address.index, slot.address.sub)
        entry.data_type = None if slot.entry is None else int(slot.entry.data_type)
    return PdoVariable(entry, slot, position, parent)
