"""The time-out of the command RPDOs (CAP1; G, 2011h and alarms 20h and 44h)."""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.simulator.node import Node
from deltaq_master.simulator.options import Options

LATENCY = 0.005
"""How late the loss is found [s]: EMCY 505.7 ms after the last 20Ah (CAP1) [C]."""

_WATCHED = {"any": (1, 2, 3, 4, 5, 6, 7, 8), "rpdo1": (1,), "rpdo2": (2,)}


class RpdoWatchdog:
    """Watches the RPDOs from the first one on; which of them carries the time-out is [I]."""

    def __init__(self, node: Node, options: Options, changed: Callable[[], None]) -> None:
        self._node = node
        self._changed = changed
        self._watched = _WATCHED[options.rpdo_timer]
        self._timeout = options.rpdo_timeout / 1000
        self._latch = options.rpdo_recovery == "latch"
        self.lost = False
        """The RPDOs have ended."""
        self.seen = False
        """One has come since the master's heartbeat is there."""

    def feed(self, number: int) -> None:
        """An RPDO has come."""
        self.seen = True
        if number not in self._watched or (self.lost and self._latch):
            return
        timer = self._node.objects.integer(0x13FF + number, 5) / 1000 or self._timeout
        if timer:
            self._node.schedule.after("rpdo", timer + LATENCY, self._expire)
        if self.lost:
            self.lost = False
            self._changed()

    def _expire(self) -> None:
        self.lost = True
        self._changed()

    def stop(self) -> None:
        """Nothing is watched until the next RPDO."""
        self._node.schedule.cancel("rpdo")
        self.lost = self.seen = False
