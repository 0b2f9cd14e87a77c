"""Bit-exact encoding and decoding of a PDO over one 64-bit integer, compiled once per mapping."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from deltaq_master.errors import LimitError, UsageError

MAX_BITS: Final = 64
"""Length of a PDO on classic CAN [bit]."""

_FORMATS: Final = {8: "b", 16: "h", 32: "i", 64: "q"}


class Field(NamedTuple):
    """One field of a PDO, lying behind the one before it."""

    bits: int
    signed: bool
    name: str


class _Step(NamedTuple):
    shift: int
    mask: int
    sign: int
    """Weight of the sign bit, 0 for unsigned fields."""


class Codec:
    """Raw integers of a PDO's fields, in their order, from its bytes and back.

    Every field is an integer: signed where its object is, else the bits as they are, which holds for REAL,
    strings and unknown objects too. Bits behind the last field, up to the full byte, are sent as 0.
    """

    __slots__ = ("_fields", "_plan", "_whole", "bits", "length")

    def __init__(self, fields: Iterable[Field]) -> None:
        """Raises UsageError for a PDO over 64 bits and for a field of no bits."""
        self._fields = tuple(fields)
        self.bits = sum(field.bits for field in self._fields)
        """Length of all fields [bit]."""
        self.length = (self.bits + 7) // 8
        """Length of the PDO [byte]: the DLC of its frames."""
        if self.bits > MAX_BITS:
            raise UsageError(f"the PDO is mapped to {self.bits} bits", f"a CAN frame holds {MAX_BITS}")
        plan = []
        shift = 0
        for field in self._fields:
            if field.bits < 1:
                raise UsageError(f"{field.name} is mapped with {field.bits} bits", "correct the mapping")
            plan.append(_Step(shift, (1 << field.bits) - 1, 1 << (field.bits - 1) if field.signed else 0))
            shift += field.bits
        self._plan = tuple(plan)
        self._whole = self._compile()

    def _compile(self) -> struct.Struct | None:
        """The same layout for `struct`, several times as fast, where every field is a C integer."""
        if any(field.bits not in _FORMATS for field in self._fields):
            return None
        codes = (_FORMATS[f.bits] if f.signed else _FORMATS[f.bits].upper() for f in self._fields)
        return struct.Struct("<" + "".join(codes))

    def decode(self, data: bytes) -> tuple[int, ...]:
        """Raw integers of a frame's data. Raises ValueError when it is not `length` bytes long."""
        if len(data) != self.length:
            raise ValueError(f"{len(data)} bytes of data, the mapping has {self.length}")
        if self._whole is not None:
            return self._whole.unpack(data)
        word = int.from_bytes(data, "little")
        return tuple([((word >> shift & mask) ^ sign) - sign for shift, mask, sign in self._plan])

    def encode(self, raws: Sequence[int]) -> bytes:
        """Data of a frame from the raw integers of all fields.

        Raises ValueError for another number of them, LimitError for one that its bits cannot hold.
        """
        if len(raws) != len(self._plan):
            raise ValueError(f"{len(raws)} values, the mapping has {len(self._plan)} slots")
        word = 0
        for raw, (shift, mask, sign), field in zip(raws, self._plan, self._fields, strict=True):
            if not -sign <= raw <= mask - sign:
                limit = f"within {-sign} to {mask - sign}"
                raise LimitError(field.name, raw, limit, "raw", f"{field.bits} bits hold no more")
            word |= (raw & mask) << shift
        return word.to_bytes(self.length, "little")
