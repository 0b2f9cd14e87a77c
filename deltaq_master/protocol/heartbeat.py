"""Heartbeats on both sides (CiA 301): a consumer with a time-out, a producer on absolute deadlines."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from deltaq_master.protocol.nmt import NmtState
from deltaq_master.units import quantity


@dataclass(frozen=True, slots=True)
class HeartbeatWatch:
    """Consumer of one node's heartbeat: the state that it reported last, and when it counts as lost."""

    timeout: float = quantity("s", "silence after which the node counts as lost", default=2.5)
    state: NmtState | None = None
    """Reported state; None before the first word of the device."""
    last: float = quantity("s", "when the last heartbeat came", default=-math.inf)

    def heard(self, state: NmtState, now: float) -> HeartbeatWatch:
        """Take a heartbeat or boot-up message; a boot-up means that the node is now pre-operational."""
        reported = NmtState.PRE_OPERATIONAL if state is NmtState.INITIALISING else state
        return replace(self, state=reported, last=now)

    def lost(self, now: float) -> bool:
        """True if a node that was heard has been silent for longer than the time-out."""
        return self.state is not None and now - self.last > self.timeout


def next_due(due: float, period: float, now: float) -> float:
    """The first deadline after `now` on the grid of `due`: missed periods are skipped, never sent in a burst."""
    if now < due:
        return due
    steps = math.floor((now - due) / period) + 1
    found = due + steps * period
    # The division may round: what is due now is never the next one.
    return found if found > now else due + (steps + 1) * period


class HeartbeatProducer:
    """When the next heartbeat is due: on absolute deadlines, with no burst after a gap, and only while held.

    `period` is in seconds. A holder is any number; each counts once.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self._holders: set[int] = set()
        self.deadline = math.inf
        """Time of the next heartbeat [s], infinite while nobody holds it."""

    def hold(self, holder: int, now: float) -> bool:
        """Add a holder; True if it is the first one, and the first heartbeat is due at once."""
        first = not self._holders
        self._holders.add(holder)
        if first:
            self.deadline = now + self.period
        return first

    def release(self, holder: int) -> None:
        """Take a holder away; with the last one the heartbeat ends."""
        self._holders.discard(holder)
        if not self._holders:
            self.deadline = math.inf

    def due(self, now: float) -> bool:
        """Whether a heartbeat is due; if so the next deadline is the first of the old raster after `now`."""
        if now < self.deadline:
            return False
        self.deadline = next_due(self.deadline, self.period, now)
        return True
