"""What a simulated device is made from: the entries of an EDS for one node-ID, and a copy for another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry


@dataclass(frozen=True, slots=True)
class Model:
    """What a device of one kind has, as one node-ID."""

    node_id: int
    entries: tuple[Entry, ...]
    dummies: frozenset[int]
    """Data types that its EDS lets be mapped as fillers."""

    @classmethod
    def of(cls, dictionary: Dictionary | Model) -> Model:
        """The model in a loaded EDS; a model's is itself."""
        if isinstance(dictionary, Model):
            return dictionary
        dummies = (kind for kind in range(1, 8) if f"Dummy{kind:04d}" in dictionary.od.names)
        return cls(dictionary.node_id, tuple(dictionary), frozenset(dummies))


@dataclass(frozen=True, slots=True)
class Mould:
    """One EDS as node 1 and as node 2: what differs goes with the node-ID. Any other node comes from these.

    Reading a file takes ten to twenty milliseconds, a copy a tenth of one: a bus may have 127 devices.
    """

    first: Model
    second: Model

    def model(self, node_id: int) -> Model:
        """The model of another node-ID (1 to 127)."""
        return Model(node_id, tuple(self._moved(node_id - 1)), self.first.dummies)

    def _moved(self, steps: int) -> Iterator[Entry]:
        for one, two in zip(self.first.entries, self.second.entries, strict=True):
            here, there = one.default, two.default
            if here == there or not isinstance(here, int) or not isinstance(there, int):
                yield one
            else:
                yield replace(one, default=here + steps * (there - here))
