"""What the integrator says of the battery: readings that come all the time, a profile that is given once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from deltaq_master.errors import LimitError, UsageError
from deltaq_master.units import quantity


def _finite(name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise LimitError(name, value, "a finite number", "", "a battery reading or window")


@dataclass(frozen=True, slots=True)
class BatteryReading:
    """One reading of the battery by its own monitor (BMS); None is 'not measured'.

    `max_current`, `max_voltage` and `max_cell_voltage` only ever lower the request, at once.
    """

    time: float = quantity("s", "when it was measured, in `time.monotonic()` seconds")
    voltage: float | None = quantity("V", "pack voltage", default=None)
    current: float | None = quantity("A", "current into the pack, positive when charging", default=None)
    temperature: float | None = quantity("°C", "hottest or governing cell", default=None)
    soc: float | None = quantity("%", "state of charge", default=None)
    ready: bool = True
    """False: the battery does not want to be charged now."""
    max_current: float | None = quantity("A", "the most that the battery takes now", default=None)
    max_voltage: float | None = quantity("V", "the highest pack voltage allowed now", default=None)
    max_cell_voltage: float | None = quantity("V", "voltage of the highest cell", default=None)

    def __post_init__(self) -> None:
        for name in ("time", "voltage", "current", "temperature", "soc"):
            _finite(name, getattr(self, name))
        for name in ("max_current", "max_voltage", "max_cell_voltage"):
            value = getattr(self, name)
            _finite(name, value)
            if value is not None and value < 0:
                raise LimitError(name, value, "0 or more", "", "a battery reading")


class Chemistry(StrEnum):
    """Cell chemistry, where it changes how the charge is judged."""

    LI_ION = "li-ion"
    LIFEPO4 = "lifepo4"
    LEAD_ACID = "lead-acid"

    @property
    def lithium(self) -> bool:
        """True where an equalize phase (Charge_Indication 6) is a fault."""
        return self is not Chemistry.LEAD_ACID


class EmptyWindowError(UsageError, ValueError):
    """A window that holds nothing; a ValueError too, for which a reader of profiles knows the place in the file."""


@dataclass(frozen=True, slots=True)
class Window:
    """A closed range; either end may be open (None)."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _finite("low", self.low)
        _finite("high", self.high)
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise EmptyWindowError(f"the lower end {self.low:g} is not below the upper end {self.high:g}")

    def holds(self, value: float | None) -> bool:
        """True for a value within, and for one that was not measured."""
        if value is None:
            return True
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        low = "-∞" if self.low is None else f"{self.low:g}"
        high = "∞" if self.high is None else f"{self.high:g}"
        return f"{low} to {high}"


@dataclass(frozen=True, slots=True)
class Battery:
    """What is known of the pack before the charge; without a profile hardly anything."""

    chemistry: Chemistry = Chemistry.LI_ION
    cells: int | None = None
    """Cells in series."""
    capacity: float | None = quantity("Ah", "rated capacity", default=None)
    voltage: Window = quantity("V", "pack voltage", default=Window())
    cell_voltage: Window = quantity("V", "voltage of the highest cell", default=Window())
    temperature: Window = quantity("°C", "battery temperature", default=Window())

    def __post_init__(self) -> None:
        for name, value, unit in (("cells", self.cells, ""), ("capacity", self.capacity, "Ah")):
            if value is not None and not 0 < value < math.inf:
                raise LimitError(name, value, "a number above 0", unit, "a battery profile")


def voltage_ceiling(battery: Battery, reading: BatteryReading | None, pack_voltage: float | None) -> float:
    """The highest pack voltage that the reading allows to ask for now [V], infinite without one.

    The highest cell lowers it by what it runs ahead: the pack may rise by as much as all cells together would if
    each rose by the headroom that the highest one has left.
    """
    if reading is None:
        return math.inf
    ceiling = math.inf if reading.max_voltage is None else reading.max_voltage
    volts = reading.voltage if reading.voltage is not None else pack_voltage
    limit = battery.cell_voltage.high
    if None not in (reading.max_cell_voltage, volts, limit, battery.cells):
        assert reading.max_cell_voltage is not None
        assert volts is not None
        assert limit is not None
        assert battery.cells is not None
        ceiling = min(ceiling, volts + battery.cells * (limit - reading.max_cell_voltage))
    return ceiling
