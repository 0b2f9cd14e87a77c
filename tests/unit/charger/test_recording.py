"""A charge as it is recorded, and made again; frames are typed by hand, answers are those of `walk.DEVICE`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from deltaq_master.charger import events
from deltaq_master.charger.battery import Battery, BatteryReading, Window
from deltaq_master.charger.limits import Target
from deltaq_master.charger.plan import Accepted, ChargePlan, Consent, Timing
from deltaq_master.charger.recording import ChargeRecord, record_of, session_of
from deltaq_master.charger.replay import ChargeReplay, rows
from deltaq_master.charger.session import ChargeSession
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import LimitError
from deltaq_master.protocol.boot import BootTiming
from deltaq_master.protocol.events import Effect, Frame, Paused, Tick
from deltaq_master.protocol.presence import Presence
from deltaq_master.protocol.recorded_values import line
from tests.unit.charger.walk import answer, plan

NOW = 50.0
BOOT_UP = Frame(0x70A, b"\x00", NOW)
STATUS = Frame(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"), NOW)


def recorded(more: Iterable[tuple[object, float]] = ()) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The beginning and the steps of a charge that boots, and then hears these events."""
    session = ChargeSession(plan(), NOW)
    record = ChargeRecord(session)
    begin, steps = record.begin(), []
    pending: list[tuple[object, float]] = [(BOOT_UP, NOW)]
    later = list(more)
    while pending or later:
        event, now = pending.pop(0) if pending else later.pop(0)
        effects: list[Effect] = list(session.handle(event, now))
        steps.append(record.step(event, now, effects)[0])
        pending += [(found, now) for effect in effects if (found := answer(effect)) is not None]
    # What a file keeps.
    return json.loads(line(begin)), [json.loads(line(step)) for step in steps]


CHARGED: tuple[tuple[object, float], ...] = (
    (STATUS, NOW),
    (Tick(), NOW + 0.1),
    (events.Battery(BatteryReading(NOW + 0.15, voltage=78.0, soc=40.0)), NOW + 0.15),
    (Tick(), NOW + 0.6),
    (STATUS._replace(time=NOW + 0.65), NOW + 0.65),
    (events.Stop("requested"), NOW + 0.7),
    (Paused(0.4), NOW + 1.1),
)


def test_a_plan_comes_back_as_it_was(dictionary: Dictionary) -> None:
    full = ChargePlan(
        dictionary,
        plan().limits,
        Target(80.5, 7.25),
        master_id=3,
        battery=Battery(cells=20, capacity=60.0, temperature=Window(None, 45.0)),
        external=True,
        duration=90.0,
        max_ah=3.5,
        taper=0.7,
        consent=Consent.HOLD,
        accepted=Accepted(0x101A3, None),
        first_ready_current=False,
        timing=Timing(ramp=1.0, boot=BootTiming(whole=30.0)),
    )
    begin = json.loads(line(ChargeRecord(ChargeSession(full, 7.5)).begin()))
    assert (begin["type"], begin["node_id"], begin["begun"]) == ("charge", 10, 7.5)
    again = session_of(begin, dictionary)
    assert again.plan == full
    assert again.state.since == 7.5


def test_a_step_has_its_event_its_time_and_what_was_decided() -> None:
    _, (first, second, *_) = recorded()
    assert first["event"] == {"is": "Frame", "cob_id": 0x70A, "data": {"hex": "00"}, "time": NOW}
    assert first["now"] == NOW
    read, view = first["effects"]
    assert read == {"is": "Read", "index": 0x1000, "sub": 0}
    assert view["is"] == "ChargeView"
    assert view["phase"] == {"enum": "Phase", "value": "booting"}
    assert "time" not in view
    # The charger's own 1000h: A3 01 00 00, CiA 419.
    assert second["event"] == {"is": "ReadDone", "index": 0x1000, "sub": 0, "data": {"hex": "A3010000"}}
    # Of the next view only what has changed: nothing that can be seen.
    assert second["effects"][-1] == {"is": "ChargeView"}


def test_the_mapping_is_recorded_as_the_words_that_the_device_told() -> None:
    _, steps = recorded()
    (mapped,) = [each for step in steps for each in step["effects"] if each["is"] == "Mapped"]
    rpdo1 = next(each for each in mapped["pdos"] if each["pdo"] == "RPDO1")
    assert rpdo1["cob"] & 0x7FF == 0x20A
    assert mapped["commands"] == [0x20A]
    assert mapped["found"]["1000h:00"] == "A3010000"


def test_what_changes_the_phase_is_important() -> None:
    session = ChargeSession(plan(), NOW)
    record = ChargeRecord(session)
    assert record.step(BOOT_UP, NOW, session.handle(BOOT_UP, NOW))[1]
    assert not record.step(Tick(), NOW, session.handle(Tick(), NOW))[1]


def test_a_charge_is_recorded_and_another_machine_is_not() -> None:
    assert isinstance(record_of(ChargeSession(plan(), NOW)), ChargeRecord)
    assert record_of(Presence(10, 1, frozenset(), 2.5, NOW)) is None


def test_made_again_it_decides_the_same(dictionary: Dictionary) -> None:
    begin, steps = recorded(CHARGED)
    for _ in range(2):
        replay = ChargeReplay(begin, dictionary)
        assert line(replay.begin) == line(begin)
        again = [replay.step(step) for step in steps]
        assert [line(each.step) for each in again] == [line(step) for step in steps]
        assert again[0].frame == BOOT_UP
        assert again[1].frame is None
        assert again[0].views[-1].phase.value == "booting"
        assert replay.plan.target == plan().target


def test_another_time_is_another_decision(dictionary: Dictionary) -> None:
    begin, steps = recorded(CHARGED)
    later = [{**step, "now": step["now"] + 0.2 * (step["now"] > NOW)} for step in steps]
    replay = ChargeReplay(begin, dictionary)
    assert [replay.step(step).step["effects"] for step in later] != [step["effects"] for step in steps]


def test_a_machine_that_breaks_breaks_again(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, steps = recorded()
    replay = ChargeReplay(begin, dictionary)

    def broken(*_: object) -> Iterable[Effect]:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(replay._session, "handle", broken)
    again = replay.step(steps[0])
    assert again.step["broke"] == "ZeroDivisionError: by nothing"
    assert again.step["effects"] == []
    assert "  broke: ZeroDivisionError: by nothing" in list(rows(NOW, again.step))


def test_a_step_in_rows() -> None:
    _, steps = recorded()
    told = list(rows(NOW - 1, steps[0]))
    assert told[0] == '1.000000 s  {"cob_id":1802,"data":{"hex":"00"},"is":"Frame","time":50.0}'
    assert told[1] == '  {"index":4096,"is":"Read","sub":0}'
    assert '    phase: {"enum":"Phase","value":"booting"}' in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plan": None}, "missing"),
        ({"begun": "now"}, "missing"),
        ({"plan": {"limits": None, "speed": 1}}, "a plan of another version"),
    ],
)
def test_a_broken_beginning_is_refused(change: dict[str, Any], words: str, dictionary: Dictionary) -> None:
    begin, _ = recorded()
    with pytest.raises(ValueError, match=words):
        ChargeReplay({**begin, **change}, dictionary)


def test_a_beginning_without_a_plan_is_refused(dictionary: Dictionary) -> None:
    with pytest.raises(ValueError, match="has no 'plan'"):
        ChargeReplay({"begun": 1.0}, dictionary)


def test_a_plan_over_the_limits_is_refused(dictionary: Dictionary) -> None:
    begin, _ = recorded()
    begin["plan"]["target"]["voltage"] = 100.0
    with pytest.raises(LimitError):
        ChargeReplay(begin, dictionary)


@pytest.mark.parametrize(
    "broken", [{"now": 1.0}, {"event": {"is": "Tick"}}, {"event": {"is": "Tick"}, "now": "1"}]
)
def test_a_broken_step_is_refused(broken: dict[str, Any], dictionary: Dictionary) -> None:
    begin, _ = recorded()
    with pytest.raises(ValueError, match="without its event or its time"):
        ChargeReplay(begin, dictionary).step(broken)
