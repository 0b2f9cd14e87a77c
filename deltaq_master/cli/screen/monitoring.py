"""The screen of `monitor --live`: what a bus says, without a frame of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from deltaq_master.charger.diagnosis import State
from deltaq_master.cli.bus_notes import AT_ONCE
from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.screen.curve import Curve
from deltaq_master.cli.screen.scene import (
    BAD,
    DOUBTFUL,
    GOOD,
    PLAIN,
    QUIET,
    Gauge,
    Line,
    Scene,
    bus_line,
    precondition,
)
from deltaq_master.cli.screen.sight import BusSight, Sight
from deltaq_master.link import clock

if TYPE_CHECKING:
    from deltaq_master.charger.limits import Limits

KEYS: Final = "q or Ctrl-C: leave   arrows: scroll   nothing is sent"
MISSED: Final = 10
"""So many frames may be on their way, and are no missed ones."""
TONES: Final = {State.CHARGING: GOOD, State.COMPLETE: GOOD, State.UNHEARD: BAD, State.UNKNOWN: DOUBTFUL}


def curves() -> tuple[Curve, Curve, Curve]:
    """Voltage, current and what was returned."""
    return (
        Curve("voltage", "V", None, 1.0),
        Curve("current", "A", 0.0, 1.0),
        Curve("returned", "Ah", 0.0, 0.5),
    )


def number(value: float | None, unit: str, digits: int) -> str:
    """A value for people, '-' for none."""
    return "-" if value is None else f"{value:.{digits}f} {unit}"


def share(value: float | None, full: float) -> float | None:
    """A value as a share of its full scale."""
    return None if value is None else value / full


def gauges(sight: Sight, hardware: Limits) -> Iterator[Gauge]:
    """The measurements of a charger that is watched; full scale is what its hardware can do."""
    seen = sight.measured
    current = None if seen.untrusted else seen.reading
    power = None if current is None or seen.voltage is None else current * seen.voltage

    def asked(value: float | None, unit: str) -> str:
        return "" if value is None else f"asked {value:.2f} {unit}"

    yield Gauge(
        "voltage",
        number(seen.voltage, "V", 2),
        share(seen.voltage, hardware.max_voltage),
        asked(seen.asked_voltage, "V"),
    )
    if seen.untrusted:
        yield Gauge("current", "untrusted", tone=DOUBTFUL)
    else:
        yield Gauge(
            "current",
            number(current, "A", 2),
            share(current, hardware.max_current),
            asked(seen.asked_current, "A"),
        )
    yield Gauge("power", number(power, "W", 0), share(power, hardware.max_voltage * hardware.max_current))
    yield Gauge(
        "SOC", number(seen.soc, "%", 0), share(seen.soc, 100), "" if seen.soc is None else "the charger's"
    )
    yield Gauge("returned", number(seen.ah, "Ah", 2))
    yield Gauge(
        "battery", number(seen.temperature, "°C", 1), None, "as it is told" if seen.temperature else ""
    )
    yield Gauge("mains", number(seen.ac_voltage, "V", 0))


def bus_notes(sight: Sight, lost: str) -> Iterator[Line]:
    """What is to be known of the bus itself."""
    if lost:
        yield Line(f"the bus is lost: {lost}", BAD)
    elif sight.back:
        yield Line(sight.back, DOUBTFUL)
    if sight.errors:
        yield Line(f"{sight.errors} error frames", BAD)
    if sight.missed >= MISSED:
        yield Line(f"{sight.missed} frames came too fast to be looked at", DOUBTFUL)


def notes(sight: Sight, lost: str) -> Iterator[Line]:
    """The lost bus, alarms, causes and what to do about them, then what is to be known."""
    explanation = sight.explanation
    yield from bus_notes(sight, lost)
    for alarm in explanation.history.alarms:
        yield Line(f"alarm: {alarm}", BAD)
    for found in explanation.causes:
        yield Line(
            f"{precondition(found).mark} {found.sentence}; {found.action}",
            DOUBTFUL if found.suspicious else BAD,
        )
    if not explanation.causes:
        yield Line(explanation.verdict, PLAIN)
    if (stop := explanation.history.stop) is not None:
        yield Line(f"{stop.time:.1f} s  {stop.text}", PLAIN)
    for note in explanation.notes:
        yield Line(note, QUIET)


class MonitorShowing:
    """What the screen of `monitor --live` asks."""

    def __init__(
        self,
        sight: BusSight,
        title: str,
        names: dict[int, str],
        hardware: Limits,
        bitrate: int,
        given: bool,
        now: Callable[[], float] = clock.now,
    ) -> None:
        """`bitrate` [bit/s] is the one that was `given`, or assumed; `now` is the clock [s]."""
        self._sight = sight
        self._title = title
        self._names = tuple(sorted(names.items()))
        self._hardware = hardware
        self._bitrate, self._given = bitrate, given
        self._curves = curves()
        self._now = now
        self._begun = now()
        self._left = False
        self.never_there = False
        """True for a bus that was lost from the beginning."""

    @property
    def over(self) -> bool:
        """True once somebody wants to leave, or the bus was lost for good, or from the beginning."""
        if self._sight.lost and not self._sight.latest.frames and self._now() - self._begun < AT_ONCE:
            self.never_there = True
        return self._left or self.never_there or self._sight.gone != ""

    def leave(self) -> None:
        """Leave: nothing was driven, so that there is nothing to end."""
        self._left = True

    def said(self, text: str) -> None:
        """Printed meanwhile: nothing of that belongs to a monitor."""

    def scene(self) -> Scene:
        """What is to be seen now."""
        sight = self._sight.latest
        seen, time = sight.measured, self._now() - self._begun
        state = sight.explanation.state
        current = None if seen.untrusted else seen.reading
        for curve, value in zip(self._curves, (seen.voltage, current, seen.ah), strict=True):
            curve.take(time, value)
        status = f"   {', '.join(seen.status)}" if seen.status else ""
        return Scene(
            title=self._title,
            phase=Line(f"{state.value}   {spoken(time)}{status}", TONES.get(state, PLAIN)),
            gauges=tuple(gauges(sight, self._hardware)),
            curves=self._curves,
            preconditions=tuple(precondition(each) for each in sight.explanation.preconditions),
            nodes=sight.nodes,
            node_names=self._names,
            bus=bus_line(sight.load, self._bitrate, self._given),
            notes=tuple(notes(sight, self._sight.lost)),
            keys=KEYS,
        )
