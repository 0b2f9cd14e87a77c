"""The address of an entry of the object dictionary: index and sub-index (CiA 301)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deltaq_master.errors import UsageError

_WRITTEN = re.compile(r"(?:0x([0-9a-f]{1,4})|([0-9a-f]{1,4})h)(?::(?:0x)?([0-9a-f]{1,2})h?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Index 0000h..FFFFh and sub-index 00h..FFh; prints as `6070h:00`."""

    index: int
    sub: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.index <= 0xFFFF and 0 <= self.sub <= 0xFF):
            raise UsageError(f"index {self.index:X}h, sub-index {self.sub:X}h is no address of CANopen")

    def __str__(self) -> str:
        return f"{self.index:04X}h:{self.sub:02X}"

    def __hash__(self) -> int:
        # Addresses are looked up a lot; the generated hash builds a tuple each time.
        return self.index << 8 | self.sub

    @classmethod
    def written(cls, text: str) -> bool:
        """True when the text has the form of an address (and is not a name)."""
        return _WRITTEN.fullmatch(text.strip()) is not None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Address as it is written: `0x6070:00`, `6070h:00`, or `0x6070` for sub-index 0; all hexadecimal.

        Raises UsageError.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise UsageError(f"{text!r} is no address", "write 0x6070:00 or 6070h:00, both in hexadecimal")
        prefixed, suffixed, sub = match.groups()
        return cls(int(prefixed or suffixed, 16), int(sub or "0", 16))
