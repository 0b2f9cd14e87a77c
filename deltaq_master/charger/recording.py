"""What of a charge is recorded: its plan, and in each step the event, the time and what was decided.

It is all that the machine gets and all that it answers, so that the same charge can be made again from it
(`charger/replay.py`). A view is long and changes little: of each one only what differs from the one before is
written, and its time is that of the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from deltaq_master.charger import events, plan
from deltaq_master.charger.battery import Battery, BatteryReading, Chemistry, Window
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.session import ChargeSession, Mapped
from deltaq_master.charger.view import ChargeView
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol import events as protocol_events
from deltaq_master.protocol.boot import BootTiming
from deltaq_master.protocol.events import Effect, Machine, Publish
from deltaq_master.protocol.recorded_values import Form, plain_of

CHARGE: Final = "charge"
"""Name of this kind of machine in a recording."""

EVENTS: Final = Form(
    protocol_events.Frame,
    protocol_events.Tick,
    protocol_events.Paused,
    protocol_events.BusLost,
    protocol_events.ReadDone,
    protocol_events.WriteDone,
    protocol_events.TransferFailed,
    events.Battery,
    events.BatteryLost,
    events.Charge,
    events.Stop,
    events.Release,
    events.Clear,
    BatteryReading,
    Target,
)
"""What a charge hears, from the pump and from the integrator."""
PLANS: Final = Form(
    Limits, Target, Battery, Chemistry, Window, plan.Consent, plan.Accepted, plan.Timing, BootTiming
)
"""What it is told before it begins."""
_IMPORTANT: Final = frozenset({"phase", "cause", "outcome", "alarms", "released"})
"""Fields of a view whose change must not be lost with the last second before a crash."""
_SHOWN: Final = tuple(each.name for each in fields(ChargeView) if each.name != "time")


class ChargeRecord:
    """Puts the steps of one charge into words; make it before the charge takes its first step."""

    def __init__(self, session: ChargeSession) -> None:
        self._plan = session.plan
        self._begun = session.state.since
        self._shown: ChargeView | None = None
        self._important = False

    def begin(self) -> dict[str, Any]:
        """What is needed to make the machine again; the object dictionary is named elsewhere, by its hash."""
        told = {each.name: getattr(self._plan, each.name) for each in fields(self._plan)}
        del told["dictionary"]
        return {
            "type": CHARGE,
            "node_id": self._plan.node_id,
            "begun": self._begun,
            "plan": {name: plain_of(value) for name, value in told.items()},
        }

    def step(self, event: object, now: float, effects: Iterable[Effect]) -> tuple[dict[str, Any], bool]:
        """One step, and whether it is one that must be on the disk at once."""
        self._important = False
        decided = [self._effect(effect) for effect in effects]
        return {"event": plain_of(event), "now": now, "effects": decided}, self._important

    def _effect(self, effect: Effect) -> Any:
        match effect:
            case Publish(ChargeView() as view):
                return self._view(view)
            case Publish(Mapped() as mapped):
                return _mapped(mapped)
        return plain_of(effect)

    def _view(self, view: ChargeView) -> dict[str, Any]:
        before, self._shown = self._shown, view
        changed = [name for name in _SHOWN if before is None or getattr(view, name) != getattr(before, name)]
        self._important = self._important or not _IMPORTANT.isdisjoint(changed)
        return {"is": "ChargeView", **{name: plain_of(getattr(view, name)) for name in changed}}


def record_of(machine: Machine) -> ChargeRecord | None:
    """How to record a machine that a pump is about to run, None for one that is no charge."""
    return ChargeRecord(machine) if isinstance(machine, ChargeSession) else None


def _mapped(mapped: Mapped) -> dict[str, Any]:
    """The mapping as the words that the device told; what they mean follows from the EDS."""
    return {
        "is": "Mapped",
        "commands": sorted(mapped.commands),
        "found": {str(address): data and data.hex().upper() for address, data in mapped.found.items()},
        "pdos": [
            {
                "pdo": record.name,
                "cob": record.cob_word,
                "transmission": record.transmission,
                "inhibit_100us": record.inhibit_100us,
                "event_timer_ms": record.event_timer_ms,
                "words": [f"{word:08X}" for word in record.words],
            }
            for record in mapped.dump.records
        ],
        "source": mapped.dump.source,
    }


def session_of(begin: Mapping[str, Any], dictionary: Dictionary) -> ChargeSession:
    """The machine that a recording began with.

    Raises ValueError for what is no such beginning, LimitError and UsageError for a plan that may not be
    carried out.
    """
    told = begin["plan"]
    begun = begin["begun"]
    if not isinstance(told, dict) or not isinstance(begun, float | int):
        raise ValueError("the plan or the time of the beginning is missing")
    try:
        made = plan.ChargePlan(dictionary, **{name: PLANS.value(value) for name, value in told.items()})
    except TypeError as error:
        raise ValueError(f"a plan of another version: {error}") from error
    return ChargeSession(made, begun)
