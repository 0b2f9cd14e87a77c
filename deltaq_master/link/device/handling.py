"""What accompanies a change of a device: a journal on disk, a watch, a stop, the patience with the device."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from deltaq_master.dictionary.ordering import Step, Values

PATIENCE: Final = 10.0
"""How long a device that does not answer is waited for before a change of it counts as not undone [s]."""


class Journal(Protocol):
    """Keeps on disk what is needed to undo a change after this program is gone."""

    def begin(self, before: Values, wanted: Values, fixed: Collection[int]) -> None:
        """A change is about to begin; raises what the disk raises, and then nothing is written to the device.

        Called once more for a change that is made again for a device with a fixed number of slots.
        """

    def writing(self, step: Step, number: int) -> None:
        """A write is about to be made; raises what the disk raises, and then the change is undone."""

    def end(self) -> None:
        """The device holds what was wanted, or what it held before: there is nothing left to undo."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has come."""

    stage: str
    """`write` or `check`."""
    done: int
    total: int
    step: Step | None = None
    """The write that comes next, None in the other stage."""


Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Handling:
    """How a change is accompanied; what is not given is not done."""

    journal: Journal | None = None
    watch: Watch | None = None
    """Called before each write and each read of the check; what it raises undoes the change."""
    stop: Callable[[], bool] | None = None
    """Asked before each write and each read of the check: True undoes the change, as Ctrl-C does."""
    restarts: Callable[[], int] | None = None
    """How often the device has restarted since the change began."""
    patience: float = PATIENCE
    """[s]"""
