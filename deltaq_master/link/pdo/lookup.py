"""How slots are looked up in PDOs: by name, index or address, and never the wrong one."""

from __future__ import annotations

from collections.abc import Iterable

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import UsageError
from deltaq_master.link.pdo.variable import PdoVariable

Key = int | str | Address
"""Index, name, or address; as text an address is `0x2FFA:01`, and an index is hexadecimal as in canopen."""


class NotMappedError(UsageError, KeyError, IndexError):
    """Nothing of that name, index or position is mapped here; canopen's KeyError and IndexError too."""

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem


def matching(variables: Iterable[PdoVariable], key: Key) -> list[PdoVariable]:
    """All slots that a key may mean."""
    variables = tuple(variables)
    if isinstance(key, str):
        named = [variable for variable in variables if key in variable.names]
        if named:
            return named
    place = _place(key) if isinstance(key, str) else key
    if isinstance(place, Address):
        return [variable for variable in variables if variable.slot.address == place]
    return [variable for variable in variables if variable.index == place]


def only(found: list[PdoVariable], key: Key, here: str, mapped: Iterable[PdoVariable]) -> PdoVariable:
    """The one slot that was found; UsageError that lists the places of several, or what is mapped instead."""
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{one.pdo_parent.name} position {one.position} ({one.name})" for one in found)
        raise UsageError(
            f"{written(key)} is mapped {len(found)} times in {here}", f"take one by its position: {places}"
        )
    names = ", ".join(repr(variable.name) for variable in mapped) or "nothing"
    raise NotMappedError(f"{written(key)} is not mapped in {here}", f"mapped is {names}")


def written(key: Key) -> str:
    """What was looked up, as a sentence names it."""
    if isinstance(key, int):
        return f"{key:04X}h"
    return repr(key) if isinstance(key, str) else str(key)


def _place(text: str) -> int | Address | None:
    """An index or address as it is written, None for any other text."""
    if ":" in text and Address.written(text):
        return Address.parse(text)
    try:
        return int(text.strip().rstrip("hH"), 16)
    except ValueError:
        return None
