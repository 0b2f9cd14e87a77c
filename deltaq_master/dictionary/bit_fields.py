"""Objects whose bits are several values: an EDS cannot say it, so who knows the device gives it as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaq_master.dictionary.address import Address


@dataclass(frozen=True, slots=True)
class BitField:
    """One value inside an object; one as wide as its object keeps that one's name, scale and unit."""

    name: str
    """'' for the object's own."""
    start: int
    """Its lowest bit in the object."""
    bits: int
    choices: Mapping[int, str] = field(default_factory=dict)
    """Words for raw values (signed where the object is), as many as are known."""


BitFields = Mapping[Address, tuple[BitField, ...]]
"""The fields of each object that has some, without overlap; bits of no field are reserved."""
