"""Where in an EDS an object stands, so that a finding can point to its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from deltaq_master.dictionary.address import Address

_SECTION: Final = re.compile(r"\[\s*([0-9a-f]{1,4})(?:sub([0-9a-f]{1,2}))?\s*\]", re.IGNORECASE)


@dataclass(frozen=True)
class Places:
    """The sections of an EDS by their objects."""

    uri: str
    """Its name, as part of an address."""
    lines: Mapping[Address, int]
    """Line of each section, from 1 on."""

    def line(self, address: Address) -> int | None:
        """Line of an object's section, or of the object that it is in; None where the file has neither."""
        return self.lines.get(address) or self.lines.get(Address(address.index))


def places(name: str, text: str) -> Places:
    """The places in an EDS of this name, with this text."""
    lines: dict[Address, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _SECTION.match(line.strip())
        if match is not None:
            index, sub = int(match[1], 16), match[2]
            lines.setdefault(Address(index, int(sub, 16) if sub else 0), number)
    return Places(quote(name), lines)
