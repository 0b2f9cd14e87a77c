"""What findings mean, for buses with every kind of trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deltaq_master.protocol.events import Frame
from deltaq_master.service.checks import Check, Verdict, checks
from deltaq_master.service.findings import Findings, Heard, heard
from tests.unit.service.controller import CAN0

SOUND = Findings(
    "socketcan",
    "can0",
    before=CAN0,
    after=CAN0,
    heard=Heard(2.5, 3, 0, {10: "pre-operational"}),
    lateness=0.0004,
    realtime=True,
    niceness=0,
    synchronised=True,
)
SILENT = replace(SOUND, heard=Heard(2.5))


def line(found: Findings, subject: str) -> Check:
    (check,) = (each for each in checks(found) if each.subject == subject)
    return check


def test_a_sound_bus_has_nothing_to_mend() -> None:
    lines = checks(SOUND)
    assert {each.verdict for each in lines} == {Verdict.GOOD}
    assert not any(each.mend for each in lines)
    subjects = [each.subject for each in lines]
    assert subjects == [
        "interface", "state", "permission", "bit rate", "termination", "who", "settings", "queue",
        "timing", "priority", "clock",
    ]  # fmt: skip
    assert line(SOUND, "who").text == "heard: 10 (the charger, pre-operational)"


def test_an_interface_that_is_not_there() -> None:
    check = line(replace(SOUND, before=None, after=None, heard=None, others=("can1",)), "interface")
    assert check.verdict is Verdict.BAD
    assert check.text == "there is no can0; here: can1"


@pytest.mark.parametrize(
    ("bitrate", "kind", "mend"),
    [
        (None, "can", "sudo ip link set can0 up type can bitrate 500000"),
        (250_000, "can", "sudo ip link set can0 up type can bitrate 250000"),
        (None, "vcan", "sudo ip link set can0 up"),
    ],
)
def test_an_interface_that_is_down(bitrate: int | None, kind: str, mend: str) -> None:
    here = replace(CAN0, up=False, kind=kind)
    found = replace(SOUND, before=here, after=here, heard=None, bitrate=bitrate)
    check = line(found, "interface")
    assert (check.verdict, check.mend) == (Verdict.BAD, mend)
    assert [each.subject for each in checks(found)].count("permission") == 0


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("ERROR-WARNING", Verdict.WARNING),
        ("ERROR-PASSIVE", Verdict.WARNING),
        ("BUS-OFF", Verdict.BAD),
        ("STOPPED", Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_states_of_the_controller(state: str | None, verdict: Verdict) -> None:
    check = line(
        replace(SOUND, after=replace(CAN0, state=state, sent_errors=128, received_errors=1)), "state"
    )
    assert check.verdict is verdict
    assert "128 sending and 1 receiving" in check.text
    assert check.mend


def test_another_bit_rate_is_told_by_errors_without_frames() -> None:
    for found in (
        replace(SILENT, after=replace(CAN0, bus_errors=40)),
        replace(SILENT, after=replace(CAN0, received_errors=8)),
        replace(SILENT, heard=Heard(2.5, 0, 12)),
    ):
        check = line(found, "bit rate")
        assert check.verdict is Verdict.BAD
        assert check.text == "there is traffic, and none of it fits 500000 bit/s"
        assert "doctor --find-bitrate" in check.mend


def test_a_silent_bus_says_nothing_of_the_bit_rate() -> None:
    assert line(SILENT, "bit rate").verdict is Verdict.UNKNOWN
    assert line(SILENT, "termination").verdict is Verdict.UNKNOWN
    without = replace(CAN0, bus_errors=None, received_errors=None, sent_errors=None)
    assert line(replace(SILENT, before=without, after=without), "bit rate").verdict is Verdict.UNKNOWN


def test_the_termination_is_guessed_from_errors() -> None:
    check = line(replace(SOUND, after=replace(CAN0, bus_errors=5)), "termination")
    assert check.verdict is Verdict.WARNING
    assert "60 ohm" in check.mend
    alone = replace(CAN0, sent_errors=128, state="ERROR-PASSIVE")
    check = line(replace(SILENT, before=alone, after=alone), "termination")
    assert check.verdict is Verdict.BAD
    assert "nobody acknowledges" in check.text


@pytest.mark.parametrize(
    "told",
    [
        Heard(2.5, 30, 0, {1: "operational", 10: "operational"}),
        Heard(2.5, 30, 0, {10: "operational"}, frozenset({0x20A})),
    ],
)
def test_another_master_is_wrong(told: Heard) -> None:
    check = line(replace(SOUND, heard=told), "who")
    assert check.verdict is Verdict.BAD
    assert "another master is at work" in check.text


def test_a_charger_that_is_not_heard_is_a_warning() -> None:
    check = line(SILENT, "who")
    assert check.verdict is Verdict.WARNING
    assert check.text == "nobody was heard; the charger (10) was not"
    assert "node-ID 10" in check.mend


@pytest.mark.parametrize(
    ("queue", "verdict", "word"),
    [
        (10, Verdict.GOOD, "10 frames"),
        (1000, Verdict.WARNING, "the past is sent"),
        (65536, Verdict.WARNING, "newer kernels refuse"),
    ],
)
def test_the_queue(queue: int, verdict: Verdict, word: str) -> None:
    check = line(replace(SOUND, before=replace(CAN0, queue=queue)), "queue")
    assert check.verdict is verdict
    assert word in check.text


def test_a_controller_that_stays_off_is_a_warning() -> None:
    assert line(replace(SOUND, before=replace(CAN0, restart_ms=0)), "restart").verdict is Verdict.WARNING


def test_a_bus_that_cannot_be_opened() -> None:
    found = replace(SOUND, heard=None, refused="no rights to use can0; join the group")
    check = line(found, "permission")
    assert (check.verdict, check.text, check.mend) == (
        Verdict.BAD,
        "no rights to use can0",
        "join the group",
    )


def test_another_way_than_socketcan_has_no_interface() -> None:
    found = replace(SOUND, way="slcan", channel="/dev/ttyACM0", before=None, after=None)
    subjects = {each.subject for each in checks(found)}
    assert not subjects & {"interface", "state", "restart", "queue", "termination"}
    assert line(found, "permission").text == "slcan /dev/ttyACM0 can be opened"


def test_settings_that_name_another_bus_are_a_warning() -> None:
    own = {"interface": "socketcan", "channel": "can1"}
    check = line(replace(SOUND, configured=own, sources=("CAN_CHANNEL",)), "settings")
    assert check.verdict is Verdict.WARNING
    assert "channel can1 (CAN_CHANNEL)" in check.text
    assert line(replace(SOUND, configured={"interface": "socketcan"}), "settings").verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("late", "verdict"), [(0.001, Verdict.GOOD), (0.05, Verdict.WARNING), (0.3, Verdict.BAD)]
)
def test_a_computer_that_is_late(late: float, verdict: Verdict) -> None:
    check = line(replace(SOUND, lateness=late), "timing")
    assert check.verdict is verdict
    # Who has real-time priority already is not told to take it.
    assert check.mend == ("" if verdict is Verdict.GOOD else "end busy programs")
    plain = line(replace(SOUND, lateness=late, realtime=False), "timing").mend
    assert (plain == "end busy programs, or give the pump priority, as below") is (
        verdict is not Verdict.GOOD
    )


@pytest.mark.parametrize(("late", "verdict"), [(0.001, Verdict.GOOD), (0.05, Verdict.WARNING)])
def test_a_user_without_the_right_to_real_time_priority(late: float, verdict: Verdict) -> None:
    check = line(replace(SOUND, realtime=False, lateness=late), "priority")
    assert check.verdict is verdict
    assert check.text == "the pump goes on at nice 0: this user has no right to real-time priority"
    assert check.mend.startswith('echo "$USER - rtprio 1" | sudo tee /etc/security/limits.d/70-deltaq.conf')


def test_with_the_right_there_is_nothing_to_do_for_priority() -> None:
    check = line(replace(SOUND, lateness=0.05), "priority")
    assert (check.verdict, check.mend) == (Verdict.GOOD, "")


def test_a_clock_that_nobody_sets() -> None:
    assert line(replace(SOUND, synchronised=False), "clock").verdict is Verdict.WARNING


def test_who_is_heard_by_their_frames() -> None:
    frames = [
        Frame(0x70A, b"\x7f", 0.0),
        Frame(0x18A, bytes(8), 0.1),
        Frame(0x185, bytes(8), 0.1),
        Frame(0x20A, bytes(8), 0.2),
        Frame(0x70B, b"\x7f", 0.3, extended=True),
        Frame(0x004, bytes(8), 0.4, error=True),
        Frame(0x701, b"\x05", 0.5, sent=True),
    ]
    told = heard(frames, 2.5)
    assert told.nodes == {5: "without a heartbeat", 10: "pre-operational"}
    assert told.commands == {0x20A}
    assert (told.frames, told.errors) == (6, 1)
