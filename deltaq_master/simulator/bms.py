"""The battery's own measurements, received in 2002h and 2101h, against the charger's (G, alarms 3Dh and 3Eh).

What makes newer firmware raise these alarms is not known: margin and patience are choices of this simulator.
In CAP2 82.0 V and 10.0 A were received while 78.27 V and 0 A were true, and no alarm came.
"""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.dictionary.address import Address
from deltaq_master.simulator.alarms import Alarms
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.output import Output

MARGIN = 5.0
"""Largest difference that is borne [V, A]."""
PATIENCE = 5.0
"""How long a larger one is borne [s]."""
CURRENT_DISAGREES, VOLTAGE_DISAGREES = 0x3D, 0x3E


class BmsCheck:
    """Compares each received measurement with the charger's own."""

    def __init__(self, node: Node, output: Output, alarms: Alarms, changed: Callable[[], None]) -> None:
        self._node = node
        self._alarms = alarms
        self._changed = changed
        self._since: dict[int, float] = {}
        self._watch(Address(0x2002), CURRENT_DISAGREES, lambda: output.amps)
        self._watch(Address(0x2101), VOLTAGE_DISAGREES, lambda: output.volts)

    def _watch(self, address: Address, alarm: int, own: Callable[[], float]) -> None:
        cell = self._node.objects.cells[address]
        cell.effect = lambda data: self._compare(alarm, cell.phys(data), own())

    def _compare(self, alarm: int, received: float | None, own: float) -> None:
        if received is None or abs(received - own) <= MARGIN:
            self._since.pop(alarm, None)
        elif self._node.schedule.now - self._since.setdefault(alarm, self._node.schedule.now) > PATIENCE:
            self._alarms.begin(alarm)
            self._changed()
