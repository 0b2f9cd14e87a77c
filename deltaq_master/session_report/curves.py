"""The curves of a session: what each is, its points, and fewer points of the same shape for a picture."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from deltaq_master.units import quantity

SILENCE: Final = 2.5
"""No line is drawn over a gap of more [s]: what was not heard is not known."""
DIGITS: Final = 6
"""Of a time or value in texts: microseconds are what a log keeps."""


@dataclass(frozen=True, slots=True)
class CurveKind:
    """What a curve shows."""

    id: str
    title: str
    unit: str
    panel: str
    """Curves of one panel share an axis."""
    stepped: bool = False
    """True for what is asked for: it holds until it is asked for anew."""
    untrusted: bool = False
    """True for a reading that is not to be taken for what it says."""


PANELS: Final = {
    "voltage": "Voltage [V]",
    "current": "Current [A]",
    "power": "Power [W]",
    "temperature": "Temperature [°C]",
    "soc": "SOC [%]",
    "ah": "Returned [Ah]",
    "mains": "Mains [V]",
}
"""Titles of the panels, from top to bottom."""

KINDS: Final = (
    CurveKind("voltage", "battery, by the charger", "V", "voltage"),
    CurveKind("voltage_request", "requested", "V", "voltage", stepped=True),
    CurveKind("voltage_bms", "battery, by its BMS", "V", "voltage"),
    CurveKind("voltage_told", "battery, as the charger was told", "V", "voltage"),
    CurveKind("current", "charger", "A", "current"),
    CurveKind("current_untrusted", "charger, untrusted reading: no amperes", "A", "current", untrusted=True),
    CurveKind("current_request", "requested", "A", "current", stepped=True),
    CurveKind("current_bms", "battery, by its BMS", "A", "current"),
    CurveKind("current_told", "battery, as the charger was told", "A", "current"),
    CurveKind("power", "charger", "W", "power"),
    CurveKind("temperature_bms", "battery, by its BMS", "°C", "temperature"),
    CurveKind("temperature_told", "battery, as the charger was told", "°C", "temperature"),
    CurveKind("soc", "charger, coarse", "%", "soc"),
    CurveKind("soc_bms", "battery, by its BMS", "%", "soc"),
    CurveKind("soc_told", "battery, as the charger was told", "%", "soc"),
    CurveKind("ah", "charger", "Ah", "ah"),
    CurveKind("ac_voltage", "mains, by the charger", "V", "mains"),
)
"""All curves that there may be. Power is voltage times a current that may be believed."""


@dataclass(slots=True)
class Curve:
    """The points of one curve, in the order of their times; NaN is no valid value."""

    kind: CurveKind
    times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, time: float, value: float | None) -> None:
        """Add a point at a time [s]; None ends the line until the next one."""
        if value is None and (not self.values or math.isnan(self.values[-1])):
            return
        self.times.append(time)
        self.values.append(math.nan if value is None else value)

    @property
    def points(self) -> int:
        """How many valid values it has."""
        return sum(not math.isnan(value) for value in self.values)

    @property
    def last(self) -> float | None:
        """Its last valid value."""
        return next((value for value in reversed(self.values) if not math.isnan(value)), None)

    @property
    def greatest(self) -> float | None:
        """Its greatest valid value."""
        return max((value for value in self.values if not math.isnan(value)), default=None)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve for a picture: None is where its line is broken."""

    times: tuple[float, ...] = quantity("s", "since the beginning")
    values: tuple[float | None, ...] = ()


def drawn(curve: Curve, most: int) -> Drawn:
    """A curve in about `most` points: of each stretch the first, the least, the greatest and the last."""
    times: list[float] = []
    values: list[float | None] = []
    for run in _runs(curve):
        if times:
            # Just behind the last point, so that the line ends there.
            times.append(times[-1])
            values.append(None)
        stretch = max(1, math.ceil(4 * len(curve.times) / most))
        for begin in range(run.start, run.stop, stretch):
            for place in _kept(curve, range(begin, min(begin + stretch, run.stop))):
                times.append(round(curve.times[place], DIGITS))
                values.append(round(curve.values[place], DIGITS))
    return Drawn(tuple(times), tuple(values))


def _runs(curve: Curve) -> Iterator[range]:
    """The parts of a curve without a break, as ranges of its points."""
    begin: int | None = None
    for place, value in enumerate(curve.values):
        broken = math.isnan(value)
        gap = begin is not None and curve.times[place] - curve.times[place - 1] > SILENCE
        if begin is not None and (broken or gap):
            yield range(begin, place)
            begin = None
        if begin is None and not broken:
            begin = place
    if begin is not None:
        yield range(begin, len(curve.values))


def _kept(curve: Curve, places: range) -> list[int]:
    if len(places) <= 4:
        return list(places)
    least = min(places, key=curve.values.__getitem__)
    greatest = max(places, key=curve.values.__getitem__)
    return sorted({places[0], least, greatest, places[-1]})


class Curves:
    """All curves of a session, by their names."""

    def __init__(self) -> None:
        self._curves = {kind.id: Curve(kind) for kind in KINDS}

    def __getitem__(self, name: str) -> Curve:
        return self._curves[name]

    def add(self, name: str, time: float, value: float | None) -> None:
        """Add a point to a curve."""
        self._curves[name].add(time, value)

    def present(self) -> tuple[Curve, ...]:
        """The curves that have a point, in their order."""
        return tuple(curve for curve in self._curves.values() if curve.points)
