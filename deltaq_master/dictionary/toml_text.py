"""TOML as people write it: what tomllib does not say of a mistake, which is its line and a near match."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from deltaq_master.errors import FileError

Place = tuple[str, ...]
"""A key with the tables that it is in."""


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """The tables of a TOML text; `path` is its name in errors. Raises FileError with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error))
        problem, line = (found[1], int(found[2])) if found else (str(error), len(text.splitlines()))
        raise FileError(path, f"no TOML: {problem}", line=line) from None


def line_of(text: str, place: Place) -> int:
    """Line of a key, else of what it is in, 0 if nothing of it is found; tomllib does not keep lines."""
    table: Place = ()
    lines: dict[Place, int] = {(): 0}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\[\]]+)\]", line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := re.match(r"""\s*([\w.\-"' ]+?)\s*=""", line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return next(lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in lines)


def near_match(key: str, known: Iterable[str]) -> str:
    """What to write instead of a key that nobody knows."""
    known = tuple(known)
    near = difflib.get_close_matches(key, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _parts(dotted: str) -> Place:
    return tuple(part.strip(" \"'") for part in dotted.split("."))
