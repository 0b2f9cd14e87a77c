"""Where two runs of one machine part: a unified diff around the first step that is not the same."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from deltaq_master.charger.replay import rows

BEFORE: Final = 3
"""Steps shown before the first difference."""


class FirstDifference:
    """Keeps the last steps that were the same, and makes a diff of the first that is not."""

    def __init__(self) -> None:
        self.steps = 0
        """Steps that were not the same."""
        self.text: tuple[str, ...] = ()
        """The diff, empty while there is no difference."""
        self._before: deque[Iterable[str]] = deque(maxlen=BEFORE)

    def same(self, begun: float, step: Mapping[str, Any]) -> None:
        """A step that was the same."""
        if not self.text:
            # The rows are made only if they are shown.
            self._before.append(rows(begun, step))

    def different(
        self, begun: float, recorded: Mapping[str, Any], again: Mapping[str, Any], texts: tuple[str, str]
    ) -> None:
        """A step that was not; `texts` are the lines themselves, for a difference that no value shows."""
        self.steps += 1
        if self.text:
            return
        before = [row for each in self._before for row in each]
        try:
            then, now = [*before, *rows(begun, recorded)], [*before, *rows(begun, again)]
        except (KeyError, TypeError):
            then = now = before
        if then == now:
            then, now = [*before, texts[0]], [*before, texts[1]]
        context = len(before) + 1
        diff = difflib.unified_diff(then, now, "recorded", "replayed", lineterm="", n=context)
        self.text = tuple(diff)
