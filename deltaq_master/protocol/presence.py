"""Our heartbeat alone, for objects that may be written only while the device hears its master.

It begins like every other: by listening, and not at all if another master is heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from deltaq_master.protocol.events import BusLost, Effect, Frame, Hold, Paused, Publish
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState, heartbeat_state


@dataclass(frozen=True, slots=True)
class Present:
    """Published when our heartbeat is on the bus."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Published when it will not be, or not any more; `reason` says why, '' if that was asked for."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """Event that ends the presence."""


class Presence:
    """A machine that listens for `listening` seconds and then holds our heartbeat until it is told to leave."""

    def __init__(
        self, node_id: int, master_id: int, commands: frozenset[int], listening: float, now: float
    ) -> None:
        """`commands` are the COB-IDs that only this node's master sends."""
        self.node_id = node_id
        self._device = HEARTBEAT_BASE + node_id
        self._master = HEARTBEAT_BASE + master_id
        self.cob_ids = commands | {self._master, self._device}
        self._listening = listening
        self.deadline = now + listening
        self._holding = False

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        """Take a frame or an event."""
        if isinstance(event, Frame):
            if event.sent:
                return ()
            if event.cob_id == self._device:
                booted = heartbeat_state(event.data) is NmtState.INITIALISING
                return self._begin() if booted and self.deadline < math.inf else ()
            return self._end(f"another master is on the bus: it sent {event.cob_id:03X}h")
        match event:
            case Leave():
                return self._end("")
            case BusLost(problem):
                return self._end(problem)
            case Paused() if self.deadline < math.inf:
                # What was on the bus meanwhile may not all have been kept: listen anew.
                self.deadline = now + self._listening
        return self._begin() if now >= self.deadline else ()

    def _begin(self) -> Iterable[Effect]:
        self.deadline = math.inf
        self._holding = True
        return (Hold(True), Publish(Present()))

    def _end(self, reason: str) -> Iterable[Effect]:
        self.deadline = math.inf
        held, self._holding = self._holding, False
        return (Hold(False), Publish(Absent(reason))) if held else (Publish(Absent(reason)),)
