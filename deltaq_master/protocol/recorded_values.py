"""Frozen values as JSON that is the same everywhere, and back.

One value has one text: keys are sorted, floats are written by their shortest exact decimal, sets by the text of
their members, and nothing depends on the machine, the locale or the order of hashes. So two texts may be
compared byte for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

KIND: Final = "is"
"""Key of the type's name of a dataclass or a NamedTuple."""

_NOT_FINITE: Final = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def line(plain: object) -> str:
    """The one text of a value that `plain_of` has made plain; without a line end."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain_of(value: Any) -> Any:
    """A value in the types that JSON has. Raises TypeError for one that has no form here.

    Fields of a NamedTuple that have their defaults are left out: a frame is mostly its identifier and data.
    """
    # An IntEnum is an int too, and a NamedTuple a tuple: the narrower question comes first.
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": plain_of(value.value)}
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, bytes):
        return {"hex": value.hex().upper()}
    if is_dataclass(value) and not isinstance(value, type):
        told = {each.name: plain_of(getattr(value, each.name)) for each in fields(value)}
        return {KIND: type(value).__name__, **told}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        named: Any = value
        usual = named._field_defaults
        told = {
            name: plain_of(each)
            for name, each in named._asdict().items()
            if name not in usual or each != usual[name]
        }
        return {KIND: type(value).__name__, **told}
    if isinstance(value, tuple | list):
        return [plain_of(each) for each in value]
    if isinstance(value, frozenset | set):
        return {"set": sorted((plain_of(each) for each in value), key=line)}
    if isinstance(value, Mapping):
        pairs = [[plain_of(key), plain_of(each)] for key, each in value.items()]
        return {"map": sorted(pairs, key=line)}
    raise TypeError(f"a {type(value).__name__} cannot be recorded")


def broken_by(error: Exception) -> str:
    """How a machine broke, in the words of its exception: nothing of where the program is."""
    return f"{type(error).__name__}: {error}"


class Form:
    """Makes values again from what `plain_of` made of them; it knows the types that it is told, and no others."""

    def __init__(self, *types: type) -> None:
        self._types = {each.__name__: each for each in types}

    def value(self, plain: object) -> Any:
        """The value. Raises ValueError where it is not a known type's; what a type itself raises passes."""
        if isinstance(plain, list):
            return tuple(self.value(each) for each in plain)
        if not isinstance(plain, dict):
            return plain
        match plain:
            case {"is": str(name), **told}:
                return self._made(name, {key: self.value(each) for key, each in told.items()})
            case {"enum": str(name), "value": value}:
                return self._type(name)(self.value(value))
            case {"float": str(word)} if word in _NOT_FINITE:
                return _NOT_FINITE[word]
            case {"hex": str(digits)}:
                return bytes.fromhex(digits)
            case {"set": list(members)}:
                return frozenset(self.value(each) for each in members)
            case {"map": list(pairs)}:
                return {self.value(key): self.value(each) for key, each in pairs}
        raise ValueError(f"not a recorded value: {line(plain)[:80]}")

    def _made(self, name: str, told: dict[str, Any]) -> Any:
        kind = self._type(name)
        try:
            return kind(**told)
        except TypeError as error:
            raise ValueError(f"{name} with other fields than this version has: {', '.join(told)}") from error

    def _type(self, name: str) -> type:
        if name not in self._types:
            raise ValueError(f"{name} is not known here")
        return self._types[name]
