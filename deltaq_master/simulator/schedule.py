"""What a simulated device is to do, and when: named actions on a clock that is an argument."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

Action = Callable[[], None]


class Schedule:
    """Named actions in the order of their times; two of one time run in the order of their setting."""

    def __init__(self, now: float) -> None:
        self.now = now
        """Time of the action that runs, else of the last `run` [s]."""
        self._heap: list[tuple[float, int, str]] = []
        self._actions: dict[str, tuple[int, Action]] = {}
        self._count = 0

    def at(self, name: str, when: float, action: Action) -> None:
        """Run `action` at `when` [s]; it replaces what was set under this name."""
        self._count += 1
        self._actions[name] = (self._count, action)
        heapq.heappush(self._heap, (when, self._count, name))

    def after(self, name: str, delay: float, action: Action) -> None:
        """Run `action` in `delay` seconds; it replaces what was set under this name."""
        self.at(name, self.now + delay, action)

    def cancel(self, name: str) -> None:
        """Forget what was set under this name, if anything was."""
        self._actions.pop(name, None)

    def named(self, kind: str) -> list[str]:
        """Names that are set and whose first word is `kind`."""
        return [name for name in self._actions if name.partition(" ")[0] == kind]

    @property
    def deadline(self) -> float:
        """Time of the next action [s], infinite if there is none."""
        while self._heap:
            when, count, name = self._heap[0]
            if self._actions.get(name, (0,))[0] == count:
                return when
            heapq.heappop(self._heap)
        return math.inf

    def run(self, now: float) -> None:
        """Run everything due by `now`, each action at its own time."""
        while (when := self.deadline) <= now:
            name = heapq.heappop(self._heap)[2]
            action = self._actions.pop(name)[1]
            self.now = max(self.now, when)
            action()
        self.now = max(self.now, now)
