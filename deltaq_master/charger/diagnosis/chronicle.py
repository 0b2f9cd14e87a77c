"""What changed, and when: the last changes, and those before a charge ended."""

from __future__ import annotations

from collections import deque
from typing import Final

from deltaq_master.charger.diagnosis.findings import Change, Stop

REMEMBERED: Final = 40
"""Changes that are kept."""
BEFORE_STOP: Final = 5.0
"""How long before the end of a charge [s] a change may have been its cause."""


class Chronicle:
    """The latest changes; older ones are forgotten."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self.stop: Stop | None = None
        """The last charge that was seen to end."""

    def note(self, time: float, text: str) -> None:
        """Something became different."""
        self._changes.append(Change(time, text))

    def stopped(self, time: float, text: str) -> None:
        """A charge has ended: keep what came before it."""
        before = tuple(change for change in reversed(self._changes) if time - change.time <= BEFORE_STOP)
        self.stop = Stop(time, text, before)
        self.note(time, text)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The latest changes, in their order."""
        return tuple(self._changes)
