"""Our heartbeat alone: it begins by listening, and not at all beside another master."""

from __future__ import annotations

import math

import pytest

from deltaq_master.protocol.events import BusLost, Frame, Hold, Paused, Publish, Tick
from deltaq_master.protocol.presence import Absent, Leave, Presence, Present

START = 100.0
BEGUN = (Hold(True), Publish(Present()))


def presence() -> Presence:
    return Presence(10, 1, frozenset({0x20A, 0x30A}), 2.5, START)


def frame(cob_id: int, data: str, **flags: bool) -> Frame:
    return Frame(cob_id, bytes.fromhex(data), START, **flags)


def not_there(reason: str) -> tuple[Publish]:
    return (Publish(Absent(reason)),)


def gone(reason: str) -> tuple[Hold, Publish]:
    return (Hold(False), Publish(Absent(reason)))


def test_what_it_wants_to_hear() -> None:
    machine = presence()
    assert machine.node_id == 10
    assert machine.cob_ids == {0x701, 0x70A, 0x20A, 0x30A}


def test_it_listens_for_as_long_as_it_was_told_and_then_is_there() -> None:
    machine = presence()
    assert machine.deadline == START + 2.5
    assert machine.handle(Tick(), START + 2.4) == ()
    assert machine.handle(Tick(), START + 2.5) == BEGUN
    assert machine.deadline == math.inf
    assert machine.handle(Tick(), START + 100) == ()
    assert machine.handle(Leave(), START + 101) == gone("")


def test_a_boot_up_message_ends_the_listening() -> None:
    machine = presence()
    assert machine.handle(frame(0x70A, "00"), START + 0.1) == BEGUN
    assert machine.deadline == math.inf


def test_a_second_boot_up_message_changes_nothing() -> None:
    machine = presence()
    machine.handle(frame(0x70A, "00"), START + 0.1)
    assert machine.handle(frame(0x70A, "00"), START + 0.2) == ()


@pytest.mark.parametrize("data", ["05", "7F", "04", "", "00 00"])
def test_the_devices_heartbeat_is_no_boot_up_message(data: str) -> None:
    machine = presence()
    assert machine.handle(frame(0x70A, data), START + 0.1) == ()
    assert machine.deadline == START + 2.5


@pytest.mark.parametrize("cob_id", [0x701, 0x20A, 0x30A])
def test_another_master_keeps_it_away(cob_id: int) -> None:
    machine = presence()
    text = f"another master is on the bus: it sent {cob_id:03X}h"
    assert machine.handle(frame(cob_id, "05"), START + 1) == not_there(text)
    assert machine.deadline == math.inf
    assert machine.handle(Tick(), START + 3) == ()
    assert machine.handle(frame(0x70A, "00"), START + 4) == ()


def test_another_master_that_comes_later_ends_it() -> None:
    machine = presence()
    machine.handle(Tick(), START + 2.5)
    text = "another master is on the bus: it sent 701h"
    assert machine.handle(frame(0x701, "05"), START + 3) == gone(text)
    assert machine.handle(Tick(), START + 10) == ()
    assert machine.handle(frame(0x701, "05"), START + 11) == not_there(text)


def test_our_own_frames_are_not_another_masters() -> None:
    machine = presence()
    assert machine.handle(frame(0x701, "05", sent=True), START + 1) == ()
    assert machine.deadline == START + 2.5


def test_it_leaves_before_it_was_there() -> None:
    machine = presence()
    assert machine.handle(Leave(), START + 1) == not_there("")
    assert machine.handle(Tick(), START + 3) == ()


@pytest.mark.parametrize("there", [False, True])
def test_a_lost_bus_ends_it(there: bool) -> None:
    machine = presence()
    if there:
        machine.handle(Tick(), START + 2.5)
    effects = machine.handle(BusLost("no buffer space"), START + 3)
    assert effects == (gone("no buffer space") if there else not_there("no buffer space"))


def test_the_time_in_which_the_program_did_not_run_was_not_listened_through() -> None:
    machine = presence()
    assert machine.handle(Paused(60.0), START + 61) == ()
    assert machine.deadline == START + 61 + 2.5
    assert machine.handle(Tick(), START + 62) == ()


@pytest.mark.parametrize("end", [frame(0x701, "05"), Leave(), BusLost("no buffer space")])
def test_a_pause_does_not_begin_anew_what_has_ended(end: object) -> None:
    machine = presence()
    machine.handle(end, START + 1)
    assert machine.handle(Paused(60.0), START + 61) == ()
    assert machine.deadline == math.inf
    assert machine.handle(Tick(), START + 70) == ()


def test_a_pause_while_it_is_there_changes_nothing() -> None:
    machine = presence()
    machine.handle(Tick(), START + 2.5)
    assert machine.handle(Paused(60.0), START + 61) == ()
    assert machine.deadline == math.inf
    assert machine.handle(Leave(), START + 62) == gone("")


@pytest.mark.parametrize(
    ("flags", "plain"),
    [
        ({}, True),
        ({"sent": True}, True),
        ({"extended": True}, False),
        ({"remote": True}, False),
        ({"error": True}, False),
        ({"fd": True}, False),
    ],
)
def test_only_an_11_bit_data_frame_is_plain(flags: dict[str, bool], plain: bool) -> None:
    assert frame(0x70A, "05", **flags).plain is plain
