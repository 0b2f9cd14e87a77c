"""The watchdog's food: a machine of the pump, so that what is alive is the loop that sends, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from deltaq_master.protocol.events import Effect, Paused, Publish, Tick

SHARE = 5
"""The watchdog is fed this many times within its limit, so that a few late ones do no harm."""


class Alive:
    """Published by `Heart` when the pump has just run a step in time."""


ALIVE = Alive()


class Heart:
    """Publishes `ALIVE` while the pump steps: run it with `pump.add(Heart(limit, now), publish)`.

    A pump that hangs, was stopped or has broken publishes nothing; one that comes back from a pause waits for the
    next full period, so that a program that runs in fits is not taken for a healthy one.
    """

    node_id = 0
    cob_ids: frozenset[int] = frozenset()

    def __init__(self, limit: float, now: float) -> None:
        """`limit` [s] is the watchdog's."""
        self.period = limit / SHARE
        self.deadline = now

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        """Take an event of the pump."""
        if isinstance(event, Paused):
            self.deadline = now + self.period
        elif isinstance(event, Tick) and now >= self.deadline:
            self.deadline = now + self.period
            return (Publish(ALIVE),)
        return ()
