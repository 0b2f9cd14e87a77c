"""The charge of a recording, from lines typed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from deltaq_master.session_report.curves import Curves
from deltaq_master.session_report.recorded_charges import RecordedCharges
from deltaq_master.session_report.session import Band, ChargeRun, Event, EventKind

BEGIN: dict[str, Any] = {"kind": "machine", "machine": 1, "type": "charge", "node_id": 10, "begun": 100.0}


def phase(word: str) -> dict[str, Any]:
    return {"is": "ChargeView", "phase": {"enum": "Phase", "value": word}}


def step(now: float, *effects: dict[str, Any], event: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"machine": 1, "now": now, "event": event or {"is": "Tick"}, "effects": list(effects)}


class Told:
    """What came of some steps, the times counted from 100 s."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.curves = Curves()
        self.events: list[Event] = []
        self._charges = RecordedCharges(self.curves, self.events.append)
        self._charges.machine(BEGIN, 100.0)
        for each in steps:
            self._charges.step(each, 100.0)
        self.last = self._charges.last

    @property
    def charge(self) -> ChargeRun:
        (found,) = self._charges.result()
        return found


def test_phases_are_bands_up_to_the_last_step() -> None:
    told = Told(step(100.5, phase("listening")), step(103.0, phase("booting")), step(104.25))
    assert told.charge.phases == (Band(0.5, 3.0, "listening"), Band(3.0, 4.25, "booting"))
    assert (told.charge.begun, told.charge.ended, told.charge.steps, told.last) == (0.0, 4.25, 3, 4.25)
    assert (told.charge.outcome, told.charge.cause, told.charge.target) == ("", "", "")


def test_readings_of_the_battery_are_curves_of_their_own() -> None:
    reading = {"is": "BatteryReading", "voltage": 80.5, "current": 9.5, "temperature": 21, "soc": None}
    view = {"is": "ChargeView", "reading": reading}
    told = Told(step(101.0, view), step(102.0, {"is": "ChargeView", "reading": None}))
    assert list(told.curves["voltage_bms"].times) == [1.0, 2.0]
    assert told.curves["voltage_bms"].last == 80.5
    assert told.curves["temperature_bms"].last == 21.0
    assert told.curves["soc_bms"].points == 0


def test_the_end_has_its_cause_once() -> None:
    cause = {"is": "Cause", "id": "over-voltage", "text": "85.1 V is over the limit of 84.2 V"}
    ended = {"is": "ChargeView", "cause": cause, "outcome": {"enum": "Outcome", "value": "fault"}, "ah": 1.5}
    told = Told(step(110.0, phase("fault") | ended), step(111.0, {"is": "ChargeView", "unconfirmed": True}))
    assert (told.charge.outcome, told.charge.cause, told.charge.caused) == ("fault", "over-voltage", 10.0)
    assert (told.charge.ah, told.charge.unconfirmed, told.charge.off_confirmed) == (1.5, True, False)
    assert told.events == [
        Event(10.0, EventKind.CAUSE, "85.1 V is over the limit of 84.2 V"),
        Event(10.0, EventKind.OUTCOME, "fault"),
    ]


def test_alarms_and_warnings_are_told_when_they_are_new() -> None:
    told = Told(
        step(101.0, {"is": "ChargeView", "alarms": ["E-0-3-2"], "warnings": ["hot"]}),
        step(102.0, {"is": "ChargeView", "alarms": []}),
        step(103.0, {"is": "ChargeView", "alarms": ["E-0-3-2", "E-0-0-1"]}),
    )
    assert [(event.time, event.kind.value, event.text) for event in told.events] == [
        (1.0, "alarm", "E-0-3-2"),
        (1.0, "warning", "hot"),
        (3.0, "alarm", "E-0-0-1"),
    ]
    assert told.charge.alarms == ("E-0-3-2", "E-0-0-1")


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        ({"is": "Stop", "reason": "SIGTERM"}, "stop", "asked to stop: SIGTERM"),
        ({"is": "Release"}, "stop", "asked to leave the bus"),
        ({"is": "Clear"}, "stop", "the end was acknowledged"),
        ({"is": "Paused", "gap": 0.327}, "bus", "the program did not run for 0.327 s"),
        ({"is": "BusLost", "problem": "down"}, "bus", "the bus was lost: down"),
        ({"is": "BatteryLost", "problem": "no more"}, "bus", "no battery readings: no more"),
    ],
)
def test_what_was_asked_and_what_befell_it_are_events(event: dict[str, Any], kind: str, text: str) -> None:
    assert Told(step(107.0, event=event)).events == [Event(7.0, EventKind(kind), text)]


def test_a_program_that_broke_says_so() -> None:
    told = Told({**step(101.0), "broke": "ValueError: no"})
    assert told.events == [Event(1.0, EventKind.CAUSE, "the program broke: ValueError: no")]


def test_a_further_part_goes_on_with_the_charge() -> None:
    charges = RecordedCharges(Curves(), lambda event: None)
    charges.machine(BEGIN, 100.0)
    charges.step(step(101.0, phase("armed")), 100.0)
    charges.machine({**BEGIN, "again": True}, 100.0)
    charges.step(step(102.0, phase("enabling")), 100.0)
    assert [band.text for band in charges.result()[0].phases] == ["armed", "enabling"]


@pytest.mark.parametrize(
    "broken",
    [
        {"machine": 2, "now": 101.0, "effects": []},
        {"machine": 1, "now": None, "effects": []},
        {"machine": 1, "now": 101.0},
        step(101.0, event={"is": "Stop"}),
    ],
)
def test_a_step_that_is_none_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a step without|without its reason"):
        Told(broken)
