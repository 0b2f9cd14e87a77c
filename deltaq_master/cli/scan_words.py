"""Words of `deltaq scan`: node-IDs and ranges of indices as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import typer

LAST_NODE = 127
_NODES = re.compile(r"(\d+)(?:-(\d+))?")
_INDICES = re.compile(r"(?:0x)?([0-9a-f]{4})h?-(?:0x)?([0-9a-f]{4})h?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NodeIds:
    """Node-IDs that were named, each once and in their order."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IndexRange:
    """Indices from the first to the last, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first:04X}h to {self.last:04X}h"


def node_ids(text: str) -> NodeIds:
    """Node-IDs: `5`, `1-20`, `1-20,30`, each once and in their order."""
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _NODES.fullmatch(part.strip())
        if match is None:
            raise typer.BadParameter(f"{text!r} are no node-IDs; write 5, 1-20 or 1-20,30")
        first = int(match[1])
        last = int(match[2] or match[1])
        if not 1 <= first <= last <= LAST_NODE:
            raise typer.BadParameter(f"{part.strip()} is not within 1 to {LAST_NODE}, the lower one first")
        found.update(dict.fromkeys(range(first, last + 1)))
    return NodeIds(tuple(found))


def indices(text: str) -> IndexRange:
    """A range of indices, both hexadecimal and included: `2000-5FFF`, `0x2000-0x5FFF`."""
    match = _INDICES.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no range of indices; write 2000-5FFF, both in hexadecimal")
    first, last = int(match[1], 16), int(match[2], 16)
    if first > last:
        raise typer.BadParameter(f"{text!r}: the lower index stands first")
    return IndexRange(first, last)
