"""A lithium-ion pack: cells in series, capacity, resistance, open-circuit curve, temperature.

A model of a pack in general, not of a certain cell: the curve is that of a common nickel-manganese-cobalt
cell, rounded. One resistance without dynamics, no ageing, no difference between cells.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import NamedTuple

from deltaq_master.simulator.limits import Limits

# State of charge (0 to 1) and open-circuit voltage of one cell [V]. The last point continues the line, so
# that a pack that is held above its full voltage goes on taking charge.
CURVE = (
    (0.00, 3.000),
    (0.05, 3.350),
    (0.10, 3.450),
    (0.20, 3.550),
    (0.30, 3.610),
    (0.40, 3.650),
    (0.50, 3.700),
    (0.60, 3.800),
    (0.70, 3.910),
    (0.80, 4.010),
    (0.90, 4.100),
    (1.00, 4.200),
    (1.10, 4.300),
)
_SOCS = [soc for soc, _ in CURVE]
_VOLTS = [volts for _, volts in CURVE]

HEAT_CAPACITY = 20.0
"""Joules per kelvin, for each cell and ampere-hour: about 1 kg of cell for 50 Ah."""
COOLING = 0.1
"""Watts per kelvin to the air, for each cell."""


def _between(x: float, xs: list[float], ys: list[float]) -> float:
    """Point of the line through (xs, ys), held at its ends."""
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = bisect_right(xs, x)
    x0, y0 = xs[i - 1], ys[i - 1]
    return y0 + (ys[i] - y0) * (x - x0) / (xs[i] - x0)


class PackState(NamedTuple):
    """What changes in a pack."""

    soc: float
    """State of charge, 0 to 1 (above 1: overcharged)."""
    temperature: float
    """Temperature of the cells [°C]."""


class Pack(NamedTuple):
    """What stays the same in a pack."""

    cells: int
    ah: float
    """Capacity [Ah]."""
    mohm: float
    """Resistance of each cell [mOhm]."""
    ambient: float
    """Temperature of the air [°C]."""

    @property
    def resistance(self) -> float:
        """Resistance of the pack [Ohm]."""
        return self.cells * self.mohm / 1000

    def open_voltage(self, state: PackState) -> float:
        """Voltage of the pack without current [V]."""
        return self.cells * _between(state.soc, _SOCS, _VOLTS)

    def soc_at(self, volts: float) -> float:
        """State of charge at which the pack without current has this voltage [V]."""
        return _between(volts / self.cells, _VOLTS, _SOCS)

    def charge_current(self, state: PackState, limits: Limits) -> float:
        """Largest current into the pack that breaks no limit [A], solved, not approached."""
        rest = self.open_voltage(state)
        ohms = self.resistance
        by_voltage = (limits.volts - rest) / ohms
        by_power = (math.sqrt(rest * rest + 4 * ohms * limits.watts) - rest) / (2 * ohms)
        return max(0.0, min(limits.amps, by_voltage, by_power))

    def terminal_voltage(self, state: PackState, amps: float, limits: Limits) -> float:
        """Voltage at the terminals [V] with a current from `charge_current`."""
        rest = self.open_voltage(state)
        # The product may round one digit past the set-point that the current was solved for.
        return min(rest + amps * self.resistance, max(limits.volts, rest))

    def after(self, state: PackState, amps: float, seconds: float, limits: Limits) -> PackState:
        """State after `seconds` at `amps`, never charged beyond where the current would have ended."""
        soc = state.soc + amps * seconds / (3600 * self.ah)
        soc = max(state.soc, min(soc, self.soc_at(limits.volts)))
        settled = self.ambient + amps * amps * self.resistance / (COOLING * self.cells)
        decay = math.exp(-seconds * COOLING / (HEAT_CAPACITY * self.ah))
        return PackState(soc, settled + (state.temperature - settled) * decay)
