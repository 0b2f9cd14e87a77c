"""The charges of a recording, out of its lines as they were written: nothing is decided anew here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from deltaq_master.session_report.curves import DIGITS, Curves
from deltaq_master.session_report.session import Band, ChargeRun, Event, EventKind

_READINGS: Final = {
    "voltage": "voltage_bms",
    "current": "current_bms",
    "temperature": "temperature_bms",
    "soc": "soc_bms",
}
"""Which value of a battery reading goes into which curve."""
_SAID: Final = {
    "Stop": (EventKind.STOP, "asked to stop: {reason}"),
    "Release": (EventKind.STOP, "asked to leave the bus"),
    "Clear": (EventKind.STOP, "the end was acknowledged"),
    "Paused": (EventKind.BUS, "the program did not run for {gap:.3f} s"),
    "BusLost": (EventKind.BUS, "the bus was lost: {problem}"),
    "BatteryLost": (EventKind.BUS, "no battery readings: {problem}"),
}
"""Events that are told, by the name of their type."""


class _Charge:
    """One charge, as its steps come."""

    def __init__(self, node_id: int, target: str, begun: float) -> None:
        self.node_id = node_id
        self.target = target
        self.begun = self.now = begun
        self.phases: list[Band] = []
        self.view: dict[str, Any] = {}
        self.caused: float | None = None
        self.alarms: list[str] = []
        self.warnings: list[str] = []
        self.steps = 0
        self._phase, self._since = "", begun

    def phase(self, word: str) -> None:
        """Another phase begins."""
        self._close()
        self._phase, self._since = word, self.now

    def _close(self) -> None:
        if self._phase:
            self.phases.append(Band(self._since, self.now, self._phase))

    def result(self) -> ChargeRun:
        """The charge as it stands after its last step."""
        self._close()
        self._phase = ""
        view = self.view
        cause = _fields(view.get("cause"))
        return ChargeRun(
            self.node_id,
            self.target,
            tuple(self.phases),
            _word(view.get("outcome")),
            str(cause.get("id", "")),
            str(cause.get("text", "")),
            self.begun,
            self.now,
            self.caused,
            _number(view.get("since_ready")),
            _number(view.get("ah")),
            view.get("off_confirmed") is True,
            view.get("unconfirmed") is True,
            tuple(self.alarms),
            tuple(self.warnings),
            self.steps,
        )


class RecordedCharges:
    """Takes the lines of a recording in their order."""

    def __init__(self, curves: Curves, events: Callable[[Event], None]) -> None:
        self._curves = curves
        self._event = events
        self._charges: dict[object, _Charge] = {}
        self.last = 0.0
        """Time of the last step [s]."""

    def machine(self, told: Mapping[str, Any], origin: float) -> None:
        """A charge begins, or goes on in another part. Raises ValueError for a line that is no such thing."""
        if told.get("type") != "charge":
            raise ValueError(f"a machine that this version does not know: {told.get('type')!r}")
        begun, node_id = _number(told.get("begun")), told.get("node_id")
        if begun is None or not isinstance(node_id, int):
            raise ValueError("a charge without its beginning or its node-ID")
        self._charges.setdefault(
            told.get("machine"),
            _Charge(node_id, _target(_fields(told.get("plan"))), round(begun - origin, DIGITS)),
        )

    def step(self, told: Mapping[str, Any], origin: float) -> None:
        """A step of a charge. Raises ValueError for a line that is no such thing."""
        charge, now = self._charges.get(told.get("machine")), _number(told.get("now"))
        effects = told.get("effects")
        if charge is None or now is None or not isinstance(effects, list):
            raise ValueError("a step without its charge, its time or its effects")
        charge.now = self.last = round(now - origin, DIGITS)
        charge.steps += 1
        event = _fields(told.get("event"))
        if (said := _SAID.get(str(event.get("is")))) is not None:
            kind, text = said
            try:
                self._event(Event(charge.now, kind, text.format_map(event)))
            except KeyError as error:
                raise ValueError(f"a {event['is']} without its {error.args[0]}") from error
        for effect in effects:
            if isinstance(effect, dict) and effect.get("is") == "ChargeView":
                self._view(charge, effect)
        if "broke" in told:
            self._event(Event(charge.now, EventKind.CAUSE, f"the program broke: {told['broke']}"))

    def result(self) -> tuple[ChargeRun, ...]:
        """All charges, in the order in which they began."""
        return tuple(charge.result() for charge in self._charges.values())

    def _view(self, charge: _Charge, changed: Mapping[str, Any]) -> None:
        now = charge.now
        charge.view.update(changed)
        if "phase" in changed:
            charge.phase(_word(changed["phase"]))
        for name, kind, known in (
            ("alarms", EventKind.ALARM, charge.alarms),
            ("warnings", EventKind.WARNING, charge.warnings),
        ):
            for text in changed.get(name) or ():
                if text not in known:
                    known.append(str(text))
                    self._event(Event(now, kind, str(text)))
        if _fields(changed.get("cause")) and charge.caused is None:
            charge.caused = now
            self._event(Event(now, EventKind.CAUSE, str(changed["cause"].get("text", ""))))
        if changed.get("outcome") is not None:
            self._event(Event(now, EventKind.OUTCOME, _word(changed["outcome"])))
        if "reading" in changed:
            reading = _fields(changed["reading"])
            for name, curve in _READINGS.items():
                self._curves.add(curve, now, _number(reading.get(name)))


def _target(plan: Mapping[str, Any]) -> str:
    target, limits = _fields(plan.get("target")), _fields(plan.get("limits"))
    if not target or not limits:
        return ""
    wanted = f"{target.get('voltage')} V, {target.get('current')} A"
    return f"{wanted} within {limits.get('max_voltage')} V and {limits.get('max_current')} A"


def _fields(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _word(value: object) -> str:
    """The value of a recorded enum."""
    return str(_fields(value).get("value", ""))
