"""A charge as it is seen: rows for programs and people, and three ways to show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from deltaq_master.charger.charge import NOT_OFF
from deltaq_master.charger.state import Cause, Outcome
from deltaq_master.charger.view import ChargeView
from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.talk import show, show_json
from deltaq_master.units import quantity

SCHEMA = "deltaq.charge/1"
JSON_PERIOD = 1.0
"""An object at least this often [s] apart, while nothing but values change."""
LINE_PERIOD = 10.0
"""The same for lines [s]."""

AHEAD = {
    "taper": "taper current",
    "time-limit": "time limit",
    "ah-limit": "Ah limit",
    "indicated": "the charger's indication",
}
"""Causes that can be seen coming, in words."""


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a charge."""

    schema: str = quantity("", "deltaq.charge/1")
    event: str = quantity("", "state")
    time: float = quantity("s", "since the command began to listen")
    phase: str = quantity("", "where the charge is")
    nmt: str | None = quantity("", "NMT state that the charger reported last")
    voltage: float | None = quantity("V", "battery voltage as the charger reports it")
    current: float | None = quantity("A", "charging current that may be believed")
    reading: float | None = quantity("A", "2002h as it came")
    current_note: str = quantity("", "why that is not believed, '' if it is")
    power: float | None = quantity("W", "voltage x believed current")
    ready: bool = quantity("", "what is asked for: ready")
    requested_voltage: float = quantity("V", "what is asked for")
    requested_current: float = quantity("A", "what is asked for")
    ah: float | None = quantity("Ah", "returned since ready")
    duration: float | None = quantity("s", "since ready")
    soc: float | None = quantity("%", "state of charge as the battery says")
    charger_soc: int | None = quantity("%", "coarse state of charge as the charger says")
    ac_voltage: float | None = quantity("V", "mains")
    ahead: str = quantity("", "cause that will end this charge first, as far as can be told")
    time_left: float | None = quantity("s", "until then")
    cause: Cause | None = quantity("", "why it ends, null while it goes on: id for programs, text for people")
    alarms: tuple[str, ...] = quantity("", "active alarms")
    warnings: tuple[str, ...] = quantity("", "what is to be known about this charger")


@dataclass(frozen=True, slots=True)
class Summary:
    """How a charge ended; the last line of `--json`."""

    schema: str = quantity("", "deltaq.charge/1")
    event: str = quantity("", "summary")
    outcome: str = quantity("", "complete, stopped, fault or refused")
    cause: Cause = quantity("", "the one cause, as above")
    off_confirmed: bool = quantity("", "the charger reported that it is off")
    unconfirmed: bool = quantity("", "it was asked for current, and did not report that")
    time: float = quantity("s", "since the command began to listen")
    duration: float | None = quantity("s", "since ready, null if it never was")
    ah: float | None = quantity("Ah", "returned since ready")
    voltage: float | None = quantity("V", "battery voltage at the end")

    @property
    def sentence(self) -> str:
        """The cause, and what must not be left unsaid."""
        if self.unconfirmed and NOT_OFF not in self.cause.text:
            return f"{self.cause.text}; {NOT_OFF}"
        return self.cause.text


def state_of(view: ChargeView, time: float) -> State:
    """The row of one view."""
    return State(
        schema=SCHEMA,
        event="state",
        time=time,
        phase=view.phase.value,
        nmt=view.nmt.word if view.nmt is not None else None,
        voltage=view.report.voltage,
        current=view.current,
        reading=view.report.current,
        current_note=view.current_note,
        power=view.power,
        ready=view.request.ready,
        requested_voltage=view.request.voltage,
        requested_current=view.request.current,
        ah=view.ah,
        duration=view.since_ready,
        soc=view.reading.soc if view.reading else None,
        charger_soc=view.report.supply.soc,
        ac_voltage=view.report.supply.ac_voltage,
        ahead=view.ahead,
        time_left=view.time_left,
        cause=view.cause,
        alarms=view.alarms,
        warnings=view.warnings,
    )


def summary_of(view: ChargeView | None, outcome: Outcome, cause: Cause, begun: float) -> Summary:
    """The summary of a charge that is over; a charge that broke has no view to trust, so it is not off."""
    return Summary(
        schema=SCHEMA,
        event="summary",
        outcome=outcome.value,
        cause=cause,
        off_confirmed=view is not None and view.off_confirmed,
        unconfirmed=view is None or view.unconfirmed,
        time=view.time - begun if view else 0.0,
        duration=view.since_ready if view else None,
        ah=view.ah if view else None,
        voltage=view.report.voltage if view else None,
    )


def measured(state: State) -> str:
    """The measurements on one line, what is not known left out."""
    current = "current untrusted" if state.current_note else ""
    if state.current is not None:
        current = f"{state.current:.2f} A"
    soc = state.soc if state.soc is not None else state.charger_soc
    parts = (
        f"{state.voltage:.2f} V" if state.voltage is not None else "",
        current,
        f"{state.power:.0f} W" if state.power is not None else "",
        f"{state.ah:.2f} Ah" if state.ah is not None else "",
        f"SOC {soc:g} %" if soc is not None else "",
        coming(state),
    )
    return ", ".join(filter(None, parts))


def coming(state: State) -> str:
    """What will end the charge, and when."""
    if not state.ahead:
        return ""
    left = f" in {spoken(state.time_left)}" if state.time_left is not None else ""
    return f"ends by {AHEAD.get(state.ahead, state.ahead)}{left}"


def figures(summary: Summary) -> str:
    """The summary on one line."""
    off = "output off (confirmed)" if summary.off_confirmed else "no current was asked for"
    if summary.unconfirmed:
        off = "output NOT CONFIRMED OFF"
    parts = (
        f"{summary.outcome} after {spoken(summary.time)}",
        f"{spoken(summary.duration)} at ready" if summary.duration is not None else "",
        f"{summary.ah:.2f} Ah returned" if summary.ah is not None else "",
        f"{summary.voltage:.2f} V" if summary.voltage is not None else "",
        off,
    )
    return ", ".join(filter(None, parts))


class Reporter(Protocol):
    """Shows a charge; `time` is counted from when the command began to listen [s]."""

    def show(self, view: ChargeView, time: float) -> None:
        """Take a view."""

    def end(self, summary: Summary) -> None:
        """Take the summary."""

    def during(self, follow: Callable[[], None]) -> None:
        """Show what comes while `follow` runs: it follows the charge, and returns at its end."""


class _InOrder:
    """Shows each view at once, by the thread that follows the charge."""

    def during(self, follow: Callable[[], None]) -> None:
        """Follow it."""
        follow()


class JsonReporter(_InOrder):
    """An object per line: every change of phase or alarms, and once a second."""

    def __init__(self) -> None:
        self._last: State | None = None

    def show(self, view: ChargeView, time: float) -> None:
        """Print the state if it is news."""
        state, last = state_of(view, time), self._last
        news = last is None or (state.phase, state.alarms) != (last.phase, last.alarms)
        if last is None or news or time - last.time >= JSON_PERIOD:
            self._last = state
            show_json(state)

    def end(self, summary: Summary) -> None:
        """Print the summary."""
        show_json(summary)


class LineReporter(_InOrder):
    """A line for every change of phase, alarm and warning, and for progress every 10 s."""

    def __init__(self) -> None:
        self._phase = ""
        self._said: frozenset[str] = frozenset()
        self._cause: Cause | None = None
        self._time = 0.0

    def show(self, view: ChargeView, time: float) -> None:
        """Print what is news."""
        state = state_of(view, time)
        notes = (
            *(f"alarm: {text}" for text in state.alarms),
            *(f"warning: {text}" for text in state.warnings),
        )
        for note in notes:
            if note not in self._said:
                show(f"{time:8.1f} s  {note}")
        self._said = frozenset(notes)
        if state.phase != self._phase or time - self._time >= LINE_PERIOD:
            self._phase, self._time = state.phase, time
            show(f"{time:8.1f} s  {state.phase:<10} {measured(state)}".rstrip())
        if state.cause is not None and state.cause != self._cause:
            self._cause = state.cause
            show(f"{time:8.1f} s  because {state.cause.text}")

    def end(self, summary: Summary) -> None:
        """Print the summary."""
        show(figures(summary))


def reporter(json: bool, live: Callable[[], Reporter] | None = None) -> Reporter:
    """The way to show a charge here: JSON if asked for, a live screen where there can be one, else lines."""
    if json:
        return JsonReporter()
    return LineReporter() if live is None else live()
