"""A program that hangs falls silent, and one that comes back asks for nothing."""

from __future__ import annotations

import pytest

from deltaq_master.charger.phases import Phase
from deltaq_master.charger.state import Outcome
from tests.rig.virtual import Rig
from tests.rig.wire_rules import commands, sent

SLOW = {"speed": "60", "soc": "20"}


def frozen(seconds: float) -> Rig:
    rig = Rig(options=SLOW).run(60, until=lambda r: r.session.state.phase is Phase.CHARGING).run(6.0)
    assert commands(rig.frames)[-1].amps == 10.0
    rig.frozen = True
    rig.stopped_at = rig.now  # type: ignore[attr-defined]
    return rig.run(seconds)


def test_the_bus_falls_silent_and_the_charger_stops_by_its_own_time_outs() -> None:
    rig = frozen(4.0)
    stopped = rig.stopped_at  # type: ignore[attr-defined]
    assert not [frame for frame in rig.frames if frame.sent and frame.time > stopped]
    assert rig.charger.measure(rig.now).current == 0
    alarms = [frame for frame in rig.frames if frame.cob_id == 0x08A and frame.time > stopped]
    assert [frame.data[3] for frame in alarms] == [0x20, 0x1E]
    assert alarms[0].time - commands(rig.frames)[-1].time == pytest.approx(0.5, abs=0.02)
    assert alarms[1].time - sent(rig.frames, 0x701)[-1].time == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("seconds", [0.31, 0.45, 1.0, 4.0, 3600.0])
def test_the_first_rpdo_afterwards_is_ready_0_and_0_a(seconds: float) -> None:
    rig = frozen(seconds)
    before = len(rig.frames)
    rig.frozen = False
    rig.run(5.0)
    after = commands(rig.frames[before:])
    assert after
    assert not any(command.ready or command.amps for command in after)
    assert rig.view.outcome is Outcome.FAULT
    assert rig.view.cause is not None
    assert rig.view.cause.id == "not-run"


def test_the_text_names_the_gap() -> None:
    rig = Rig(options=SLOW).run(60, until=lambda r: r.session.state.phase is Phase.CHARGING)
    last = rig.now
    rig.frozen = True
    rig.run(0.327)
    rig.frozen = False
    rig.run(0.01)
    assert rig.view.cause is not None
    assert rig.view.cause.text.startswith("the program did not run for 3")
    assert last > 0


def test_a_short_hiccup_is_no_fault() -> None:
    rig = frozen(0.19)
    rig.frozen = False
    rig.run(5.0)
    assert rig.session.state.phase is Phase.CHARGING
