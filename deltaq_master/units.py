"""Units that travel with their values, and scaling that refuses what it cannot say exactly enough.

House units: V, A, Ah, Wh, W, °C, s, %. Any other unit is in the name of the field (`heartbeat_ms`), or the
value is called `raw`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from deltaq_master.errors import LimitError


def quantity(unit: str, doc: str = "", **options: Any) -> Any:
    """Dataclass field with its unit (and a sentence) in the metadata; options are those of `field`."""
    return field(metadata={"unit": unit, "doc": doc}, **options)


def units_of(cls: type) -> dict[str, str]:
    """Unit of each field of a dataclass, '' where it has none."""
    return {f.name: f.metadata.get("unit", "") for f in fields(cls)}


@dataclass(frozen=True, slots=True)
class Scale:
    """Linear scale of an integer object: value = raw * factor; `bits` wide, signed or not."""

    factor: float
    unit: str
    bits: int
    signed: bool = False

    @property
    def lowest(self) -> int:
        """Lowest raw value that the bits can hold."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Highest raw value that the bits can hold."""
        return (1 << (self.bits - 1 if self.signed else self.bits)) - 1

    def decode(self, raw: int) -> float:
        """Value of a raw integer, in `unit`."""
        return raw * self.factor

    def encode(self, value: float, name: str = "value") -> int:
        """Raw integer for a value, never decoding to more than was asked (rounds towards minus infinity).

        Raises LimitError for NaN, infinity, and for what the bits cannot hold.
        """
        if not math.isfinite(value):
            raise LimitError(name, value, "a finite number", self.unit, "a set-point must be a number")
        span = f"{self.decode(self.lowest):g} to {self.decode(self.highest):g}"
        beyond = LimitError(name, value, f"within {span}", self.unit, f"{self.bits} bits hold no more")
        steps = value / self.factor
        if not self.lowest - 1 <= steps <= self.highest + 1:
            raise beyond
        raw = math.floor(steps)
        # The division may round up; the decoded raw value is what the device will do, so it decides.
        while raw * self.factor > value:
            raw -= 1
        while (raw + 1) * self.factor <= value:
            raw += 1
        if not self.lowest <= raw <= self.highest:
            raise beyond
        return raw
