"""How punctual this computer is: the pump waits as this measures."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from deltaq_master.link import clock
from deltaq_master.link.pump.switching import quick_switching

WAIT = 0.01


def lateness(count: int = 50) -> float:
    """The longest that one of `count` waits of 10 ms was late [s], waited for as the pump does."""
    nothing: SimpleQueue[None] = SimpleQueue()
    latest = 0.0
    with quick_switching():
        for _ in range(count):
            begun = clock.now()
            try:
                nothing.get(timeout=WAIT)
            except Empty:
                latest = max(latest, clock.now() - begun - WAIT)
    return latest
