"""An entry of the object dictionary: data type, access, limits, scale, and its bytes (CiA 301, CiA 306)."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.datatypes import DataType
from deltaq_master.errors import LimitError, UsageError
from deltaq_master.units import Scale

__all__ = ["Access", "Catalogue", "DataType", "Entry", "Value"]

Value = int | float | str | bytes
"""What an entry holds: int for integers and BOOLEAN, float for REAL, str for texts, bytes for the rest."""

REFUSE_WRITE: Final = 0x1
"""ObjFlags, bit 0 (CiA 306): tools shall not write this object when they download a configuration."""

_REALS: Final = {DataType.REAL32: struct.Struct("<f"), DataType.REAL64: struct.Struct("<d")}


class Access(StrEnum):
    """Access of an entry as CiA 306 writes it; `rwr` is meant for TPDOs, `rww` for RPDOs."""

    RO = "ro"
    WO = "wo"
    RW = "rw"
    RWR = "rwr"
    RWW = "rww"
    CONST = "const"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the EDS says about one index and sub-index; values, limits and default are raw."""

    address: Address
    name: str
    data_type: DataType
    access: Access
    pdo_mappable: bool = False
    default: Value | None = None
    """DefaultValue, or ParameterValue where a DCF has one; None where the file gives neither."""
    low: int | float | None = None
    high: int | float | None = None
    factor: float | None = None
    unit: str = ""
    description: str = ""
    flags: int = 0
    """ObjFlags of CiA 306, its own and its object's."""
    parent_name: str = ""
    """Name of the object that it is a sub-object of, '' for an object without any."""
    denotation: str = ""
    """The name that a DCF gives it in the application."""

    @property
    def full_name(self) -> str:
        """Name with its object's before it: `Identity Object.Vendor Id`."""
        return f"{self.parent_name}.{self.name}" if self.parent_name else self.name

    @property
    def scale(self) -> Scale | None:
        """Scale of a scaled integer, None where the EDS gives no Factor or the type is no integer."""
        if self.factor is None or not self.data_type.integer:
            return None
        return _scale(self.factor, self.unit, self.data_type)

    @property
    def bits(self) -> int | None:
        """Length in a PDO [bit], None where the type has no fixed one."""
        return self.data_type.bits

    @property
    def readable(self) -> bool:
        """True when SDO may read it."""
        return self.access is not Access.WO

    @property
    def writable(self) -> bool:
        """True when SDO may write it."""
        return self.access not in (Access.RO, Access.CONST)

    @property
    def refuse_write(self) -> bool:
        """True when ObjFlags forbids tools to write it; `description` says why."""
        return bool(self.flags & REFUSE_WRITE)

    @property
    def invalid(self) -> int | None:
        """The raw integer that stands for "no valid value" in CiA 418, CiA 419 and Delta-Q's objects.

        All bits set for unsigned integers, the most negative value for signed ones; None for other types.
        """
        if not self.data_type.integer:
            return None
        return self.data_type.lowest if self.data_type.signed else self.data_type.highest

    @property
    def default_bytes(self) -> bytes | None:
        """The default as it lies in the device, None where there is none; limits do not apply to it."""
        return None if self.default is None else self._pack(self.default)

    def decode(self, data: bytes) -> Value:
        """Raw value of an object's bytes; trailing zeros of strings are cut off.

        Raises ValueError when the length is not that of the data type, or a UNICODE_STRING is no UTF-16.
        """
        kind = self.data_type
        if kind is DataType.VISIBLE_STRING:
            # ASCII by CiA 301; devices send more, and Latin-1 loses no byte of it.
            return data.decode("latin-1").rstrip("\0")
        if kind is DataType.UNICODE_STRING:
            try:
                return data.decode("utf-16-le").rstrip("\0")
            except UnicodeDecodeError:
                raise ValueError(f"{self._label} is no UTF-16 text: {data.hex(' ')}") from None
        size = kind.size
        if size is not None and len(data) != size:
            raise ValueError(
                f"{self._label} is {kind.name} of {size} bytes, not of {len(data)}: {data.hex(' ')}"
            )
        if kind.integer:
            return int.from_bytes(data, "little", signed=kind.signed)
        if kind is DataType.BOOLEAN:
            return int(data != b"\0")
        if kind.floating:
            value: float = _REALS[kind].unpack(data)[0]
            return value
        return bytes(data)

    def encode(self, raw: Value) -> bytes:
        """Bytes of a raw value, checked against the data type and the EDS's own limits.

        Raises LimitError for what does not fit, UsageError for a value of another kind.
        """
        kind = self.data_type
        if kind.whole or kind.floating:
            self._check(raw)
        elif kind.text:
            if not isinstance(raw, str):
                raise UsageError(f"{self._label} is a text, {raw!r} is none")
            if kind is DataType.VISIBLE_STRING and not raw.isascii():
                raise UsageError(f"{self._label} holds ASCII only, not {raw!r}")
        else:
            if not isinstance(raw, bytes):
                raise UsageError(f"{self._label} is {kind.name}, {raw!r} is no bytes")
            if kind.size is not None and len(raw) != kind.size:
                raise UsageError(f"{self._label} is {kind.name} of {kind.size} bytes, not of {len(raw)}")
        return self._pack(raw)

    def phys(self, raw: Value) -> Value:
        """Value in `unit` of a raw value; the raw value itself where the object has no scale."""
        scale = self.scale
        return raw if scale is None or not isinstance(raw, int) else scale.decode(raw)

    def raw(self, phys: Value) -> Value:
        """Raw value that never decodes to more than `phys` in `unit`; `phys` itself where there is no scale.

        Raises LimitError for what the data type cannot hold, UsageError for what is no number.
        """
        scale = self.scale
        if scale is None:
            return phys
        if not isinstance(phys, int | float):
            raise UsageError(f"{self._label} is a number, {phys!r} is none")
        return scale.encode(phys, self.full_name)

    @property
    def _label(self) -> str:
        return f"{self.address} {self.full_name}"

    def _check(self, raw: Value) -> None:
        kind = self.data_type
        if not isinstance(raw, int | float):
            raise UsageError(f"{self._label} is a number, {raw!r} is none")
        if not math.isfinite(raw):
            raise LimitError(self.full_name, raw, "a finite number", self.unit or "raw", str(self.address))
        if not kind.floating:
            if raw != int(raw):
                raise UsageError(f"{self._label} holds whole numbers, not {raw!r}")
            held = f"{kind.name} holds no more"
            self._bound(raw, kind.lowest, kind.highest, held)
        self._bound(raw, self.low, self.high, f"limit of {self.address} in the EDS")

    def _bound(self, raw: float, low: float | None, high: float | None, source: str) -> None:
        if low is not None and raw < low:
            limit, word = low, "at least"
        elif high is not None and raw > high:
            limit, word = high, "at most"
        else:
            return
        factor = 1 if self.scale is None else self.scale.factor
        unit = self.unit or "raw"
        raise LimitError(self.full_name, raw * factor, f"{word} {limit * factor:g} {unit}", unit, source)

    def _pack(self, raw: Value) -> bytes:
        kind = self.data_type
        if isinstance(raw, bytes):
            return raw
        if isinstance(raw, str):
            return raw.encode("utf-16-le" if kind is DataType.UNICODE_STRING else "latin-1")
        if kind.floating:
            try:
                return _REALS[kind].pack(raw)
            except OverflowError:
                unit = self.unit or "raw"
                held = f"{kind.name} holds no more"
                raise LimitError(self.full_name, raw, "within its range", unit, held) from None
        return int(raw).to_bytes(kind.size or 1, "little", signed=kind.signed)


class Catalogue(Protocol):
    """Where entries are looked up: a `Dictionary`, for floors that must not know how it was loaded."""

    @property
    def indices(self) -> Collection[int]:
        """Indices of all objects."""

    def get(self, address: Address) -> Entry | None:
        """The entry at an address, None where there is none."""


@lru_cache(maxsize=1024)
def _scale(factor: float, unit: str, data_type: DataType) -> Scale:
    return Scale(factor, unit, data_type.bits or 0, data_type.signed)
