"""The object dictionary of a simulated device: values as bytes, over any EDS, with hooks.

Limits, types and access are the EDS's; what reads alive or may be refused is hooked in by the device.
Numbers become bytes here by hand and not by `Entry.encode`: the master shares that code, and a mistake in it
would otherwise cancel out in every test of the two together.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import DataType, Entry


class Code(IntEnum):
    """SDO abort codes that the server itself gives (CiA 301)."""

    TOGGLE = 0x05030000
    TIMED_OUT = 0x05040000
    COMMAND = 0x05040001
    BLOCK_SIZE = 0x05040002
    SEQUENCE = 0x05040003
    CRC = 0x05040004
    MEMORY = 0x05040005
    UNSUPPORTED = 0x06010000
    WRITE_ONLY = 0x06010001
    READ_ONLY = 0x06010002
    NO_OBJECT = 0x06020000
    NOT_MAPPABLE = 0x06040041
    PDO_LENGTH = 0x06040042
    LENGTH = 0x06070010
    TOO_LONG = 0x06070012
    TOO_SHORT = 0x06070013
    NO_SUB = 0x06090011
    INVALID = 0x06090030
    TOO_HIGH = 0x06090031
    TOO_LOW = 0x06090032
    GENERAL = 0x08000000


@dataclass(frozen=True, slots=True)
class Abort:
    """A refusal, with its SDO abort code."""

    code: int


Value = int | float | str
Live = Callable[[], Value]
Guard = Callable[[bytes], Abort | None]
Effect = Callable[[bytes], None]

_FLOATS = {DataType.REAL32: "<f", DataType.REAL64: "<d"}


class Cell:
    """One object of the device: its entry in the EDS, its value, and what the device hooks into it."""

    __slots__ = (
        "_factor",
        "_float",
        "_invalid",
        "_signed",
        "effect",
        "entry",
        "guard",
        "initial",
        "live",
        "value",
    )

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.live: Live | None = None
        """What it reads, if not what was written."""
        self.guard: Guard | None = None
        """Asked before an SDO write."""
        self.effect: Effect | None = None
        """Called with the bytes after a write, by SDO or PDO."""
        # Looked up once: properties of the entry that the wire asks for with every frame.
        self._float = _FLOATS.get(entry.data_type)
        self._signed = entry.data_type.signed
        self._factor = entry.factor or 1
        self._invalid = entry.invalid
        self.initial = entry.default_bytes or bytes(entry.data_type.size or 0)
        """Its bytes at power-on."""
        self.value = self.initial

    def get(self) -> bytes:
        """Present bytes."""
        return self.value if self.live is None else self.bytes_of(self.live())

    def put(self, data: bytes) -> None:
        """Take bytes, unchecked, with their effect."""
        self.value = data
        if self.effect is not None:
            self.effect(data)

    def bytes_of(self, value: Value) -> bytes:
        """Bytes of a value; an integer beyond its type stays at the end of its range."""
        if isinstance(value, str):
            return value.encode("latin-1")
        if self._float:
            return struct.pack(self._float, value)
        kind = self.entry.data_type
        held = max(kind.lowest, min(int(value), kind.highest))
        return held.to_bytes(kind.size or 0, "little", signed=self._signed)

    def number(self, data: bytes) -> float:
        """Number in its bytes."""
        if self._float:
            return float(struct.unpack(self._float, data)[0])
        return int.from_bytes(data, "little", signed=self._signed)

    def phys(self, data: bytes) -> float | None:
        """Physical value in its bytes, None for its word for "no value" (CiA 418/419)."""
        value = self.number(data)
        if value == self._invalid or math.isnan(value):
            return None
        return value if self._float else value * self._factor

    def raw(self, value: float | None) -> Value:
        """Raw value for a physical one, the nearest; its word for "no value" for None."""
        if self._float:
            return math.nan if value is None else value
        if value is None:
            return self._invalid or 0
        return round(value / self._factor)


class Objects:
    """Values of a device's objects, read and written as an SDO server must."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.cells = {entry.address: Cell(entry) for entry in entries}
        self.stores_wrong = False
        """True while an SDO write stores another value than it brings (fault script)."""

    def get(self, index: int, sub: int = 0) -> Cell | None:
        """The object, None if the device does not have it."""
        return self.cells.get(Address(index, sub))

    def integer(self, index: int, sub: int = 0) -> int:
        """Present value of an integer object, 0 if the device does not have it."""
        cell = self.get(index, sub)
        return int(cell.number(cell.get())) if cell is not None else 0

    def begin_with(self, index: int, sub: int, value: Value) -> None:
        """Value at power-on, and now, where the EDS's default is not it; passes over what is not there."""
        cell = self.get(index, sub)
        if cell is not None:
            cell.initial = cell.value = cell.bytes_of(value)

    def remove(self, index: int) -> None:
        """Let the device not have this object."""
        self.cells = {address: cell for address, cell in self.cells.items() if address.index != index}

    def reset(self, first: int, last: int) -> None:
        """Give the objects of an index range the values that they have at power-on."""
        for address, cell in self.cells.items():
            if first <= address.index <= last:
                cell.value = cell.initial

    # --- from outside, by SDO ----------------------------------------------------------------------------

    def find(self, address: Address) -> Cell | Abort:
        """The object, or the reason why there is none."""
        cell = self.cells.get(address)
        if cell is not None:
            return cell
        known = any(other.index == address.index for other in self.cells)
        return Abort(Code.NO_SUB if known else Code.NO_OBJECT)

    def read(self, address: Address) -> bytes | Abort:
        """Bytes for an SDO read."""
        cell = self.find(address)
        if isinstance(cell, Abort):
            return cell
        return cell.get() if cell.entry.readable else Abort(Code.WRITE_ONLY)

    def may_write(self, address: Address, length: int | None) -> Cell | Abort:
        """An object that may be written with so many bytes (None: not known yet)."""
        cell = self.find(address)
        if isinstance(cell, Abort):
            return cell
        if not cell.entry.writable:
            return Abort(Code.READ_ONLY)
        wanted = cell.entry.data_type.size
        if length is None or wanted is None or length == wanted:
            return cell
        return Abort(Code.TOO_LONG if length > wanted else Code.TOO_SHORT)

    def expedited_size(self, address: Address) -> int:
        """Bytes that an expedited write without a size brings: those of the object, at most 4."""
        cell = self.cells.get(address)
        return 4 if cell is None else min(4, cell.entry.data_type.size or 4)

    def write(self, address: Address, data: bytes) -> Abort | None:
        """Carry out an SDO write, or say why not."""
        cell = self.may_write(address, len(data))
        if isinstance(cell, Abort):
            return cell
        refused = _out_of_range(cell, data)
        if refused is None and cell.guard is not None:
            refused = cell.guard(data)
        if refused is None:
            cell.put(flipped(data) if self.stores_wrong else data)
        return refused


def flipped(data: bytes) -> bytes:
    """The same bytes with the lowest bit of the value turned over."""
    return bytes((data[0] ^ 1,)) + data[1:] if data else data


def _out_of_range(cell: Cell, data: bytes) -> Abort | None:
    entry, kind = cell.entry, cell.entry.data_type
    if kind is DataType.BOOLEAN and data > b"\1":
        return Abort(Code.INVALID)
    if not (kind.integer or kind.floating):
        return None
    value = cell.number(data)
    # The word for "no value" (CiA 418/419) lies beyond any limit, and is meant.
    if value == entry.invalid:
        return None
    if entry.high is not None and value > entry.high:
        return Abort(Code.TOO_HIGH)
    if entry.low is not None and value < entry.low:
        return Abort(Code.TOO_LOW)
    return None
