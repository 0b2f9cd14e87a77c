"""What the master asks for: 6000h, 6070h, the voltage request, and their aliases (G).

All aliases of one parameter are one value: each reads back what any of them has set, in its own scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from deltaq_master.dictionary.address import Address
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.objects import Abort, Cell, Value
from deltaq_master.simulator.options import Options

READY = Address(0x6000)
CURRENTS = tuple(map(Address, (0x6070, 0x2070, 0x2071, 0x2072, 0x2073)))
VOLTAGES = tuple(map(Address, (0x2271, 0x2276, 0x2277, 0x2278, 0x2279, 0x227A, 0x227B)))
GUARDED = frozenset((READY, *CURRENTS, *VOLTAGES))
"""Writable only while the master's heartbeat is there (N for 6000h, G for the others) [C]."""


class Commands:
    """The request as it stands."""

    def __init__(self, node: Node, options: Options, changed: Callable[[], None]) -> None:
        self._node = node
        self._changed = changed
        self._keep = options.ready_kept == "yes"
        self._refusal = Abort(options.write_abort)
        self.ready: bool | None = None
        """Battery ready; None: nothing was written since power-on."""
        self.amps: float | None = 0.0
        """Current request [A]; None: invalid."""
        self.volts: float | None = None
        """Voltage request [V]; None: none, the charger's maximum holds."""
        for address, take in self._takers():
            cell = node.objects.cells.get(address)
            if cell is not None:
                cell.guard = self._guard
                cell.effect = partial(take, cell)
                cell.live = partial(self._read, cell)

    def _takers(self) -> Iterator[tuple[Address, Callable[[Cell, bytes], None]]]:
        yield READY, self._set_ready
        yield from ((address, self._set_amps) for address in CURRENTS)
        yield from ((address, self._set_volts) for address in VOLTAGES)

    def _read(self, cell: Cell) -> Value:
        address = cell.entry.address
        if address == READY:
            return int(bool(self.ready))
        return cell.raw(self.amps if address in CURRENTS else self.volts)

    def _guard(self, _: bytes) -> Abort | None:
        return None if self._node.hears_master else self._refusal

    def _set_ready(self, _: Cell, data: bytes) -> None:
        self.ready = bool(data[0] & 1)
        self._changed()

    def _set_amps(self, cell: Cell, data: bytes) -> None:
        self.amps = cell.phys(data)
        self._changed()

    def _set_volts(self, cell: Cell, data: bytes) -> None:
        self.volts = cell.phys(data)
        self._changed()

    def link_lost(self) -> None:
        """The heartbeat is gone: 0 A, no voltage request (G) [C]; whether 6000h stays is [U]."""
        self.amps, self.volts = 0.0, None
        if not self._keep:
            self.ready = None

    def reset(self) -> None:
        """Power-on."""
        self.link_lost()
        self.ready = None
