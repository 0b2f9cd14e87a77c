"""Frames into events: the session around the charge cycle, with frames typed by hand."""

from __future__ import annotations

import pytest

from deltaq_master.charger.phases import Phase
from deltaq_master.charger.session import ChargeSession, Mapped
from deltaq_master.charger.view import ChargeView
from deltaq_master.protocol.events import Effect, Frame, Publish, Read, Tick
from deltaq_master.protocol.nmt import NmtState
from tests.unit.charger.walk import answer, plan

NOW = 50.0


def frame(cob_id: int, data: str, now: float = NOW, **flags: bool) -> Frame:
    return Frame(cob_id, bytes.fromhex(data), now, **flags)


def booted() -> tuple[ChargeSession, list[object], float]:
    """A session that has booted the device of `walk.DEVICE`, with what it published."""
    session = ChargeSession(plan(), NOW)
    published: list[object] = []
    pending: list[object] = [frame(0x70A, "00")]
    while pending:
        effects: list[Effect] = list(session.handle(pending.pop(0), NOW))
        published += [effect.value for effect in effects if isinstance(effect, Publish)]
        pending += [found for effect in effects if (found := answer(effect)) is not None]
    return session, published, NOW


def test_before_the_mapping_is_known_it_listens_to_what_the_eds_names() -> None:
    session = ChargeSession(plan(), NOW)
    assert {0x70A, 0x08A, 0x701, 0x20A, 0x30A} <= session.cob_ids
    assert 0x18A not in session.cob_ids


def test_a_boot_up_message_begins_the_boot() -> None:
    session = ChargeSession(plan(), NOW)
    effects = list(session.handle(frame(0x70A, "00"), NOW))
    assert effects[0] == Read(0x1000, 0)
    assert isinstance(effects[-1], Publish)


def test_the_mapping_is_published_once_and_then_tpdos_are_understood() -> None:
    session, published, now = booted()
    mapped = [value for value in published if isinstance(value, Mapped)]
    assert len(mapped) == 1
    assert mapped[0].dump.rpdo(1).cob_id == 0x20A
    assert {0x18A, 0x28A} <= session.cob_ids
    # A TPDO1 of the capture: 19.484 A, 78.273 V, 0070h.
    session.handle(frame(0x18A, "7C 13 46 4E 70 00 00 00"), now)
    assert session.state.report.voltage == pytest.approx(78.273, abs=0.001)
    assert session.state.phase is Phase.ARMED
    assert session.state.heartbeat.state is NmtState.OPERATIONAL


@pytest.mark.parametrize(
    "heard",
    [
        frame(0x70A, "42"),  # no NMT state
        frame(0x70A, "05 00"),  # no heartbeat
        frame(0x123, "00"),
        frame(0x18A, "7C 13"),  # short TPDO
        frame(0x701, "05", sent=True),  # our own, seen again
    ],
)
def test_frames_that_mean_nothing_here_do_nothing(heard: Frame) -> None:
    session, _, now = booted()
    before = session.state
    assert session.handle(heard, now) == ()
    assert session.state is before


def test_frames_before_the_mapping_are_no_reports() -> None:
    session = ChargeSession(plan(), NOW)
    assert session.handle(frame(0x18A, "7C 13 46 4E 70 00 00 00"), NOW) == ()


def test_an_emergency_is_heard_even_when_it_is_short() -> None:
    session = ChargeSession(plan(), NOW)
    session.handle(frame(0x08A, "30 81"), NOW)
    assert len(session.state.alarms) == 1


@pytest.mark.parametrize("cob_id", [0x701, 0x20A])
def test_what_only_a_master_sends_is_foreign(cob_id: int) -> None:
    session, _, now = booted()
    effects = list(session.handle(frame(cob_id, "05"), now))
    view = next(e.value for e in effects if isinstance(e, Publish) and isinstance(e.value, ChargeView))
    assert view.cause is not None
    assert view.cause.id == "foreign-master"


def test_nothing_is_published_when_nothing_changed() -> None:
    session = ChargeSession(plan(), NOW)
    assert session.handle(Tick(), NOW) == ()
    assert session.deadline == NOW + 2.5
