"""Who is on the bus, in what state, and whether the bus lives: frames typed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Standing, State, Subject
from deltaq_master.charger.plan import Accepted
from deltaq_master.protocol.events import BusLost, Frame
from tests.unit.charger.diagnosis.scripted import dictionary
from tests.unit.charger.diagnosis.typed import BEFORE, STATUS, diagnosed, every, explained, idle, ids, of


def sentence(explanation: Explanation, name: str, standing: Standing) -> str:
    found = of(explanation, name)
    assert found.standing is standing, found
    return found.sentence


# --- the bus ----------------------------------------------------------------------------------------------


def test_frames_of_ours_that_nobody_answers() -> None:
    explanation = explained(every(0.1, ">701#05", 0.0, 2.0))
    assert ids(explanation) == ["bus"]
    assert explanation.state is State.UNHEARD
    assert explanation.verdict == "Nothing was heard: 21 frames of ours in 2.0 s, and nobody was heard."


def test_alone_for_half_a_second_says_nothing_yet() -> None:
    text = sentence(explained(every(0.1, ">701#05", 0.0, 0.5)), "bus", Standing.UNKNOWN)
    assert text == "nobody was heard in the first 0.5 s"


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        (0x20000020, "nobody acknowledges what is sent (error frames: no ACK)"),
        (0x20000088, "the controller sees error frames and no sound ones"),
    ],
)
def test_error_frames_and_nothing_sound_after_them(identifier: int, said: str) -> None:
    diagnosis = diagnosed(idle(3.0))
    diagnosis.take(Frame(identifier, bytes(8), 3.5, error=True))
    explanation = diagnosis.explain()
    assert ids(explanation) == ["bus"]
    assert sentence(explanation, "bus", Standing.UNMET) == said
    assert "1 error frames were seen" in explanation.notes


def test_an_error_frame_among_sound_ones_is_a_note() -> None:
    diagnosis = Diagnosis(Subject(dictionary()))
    diagnosis.take(Frame(0x20000008, bytes(8), 0.0, error=True))
    diagnosis.take(Frame(0x70A, b"\x05", 0.5))
    text = sentence(diagnosis.explain(), "bus", Standing.MET)
    assert text == "1 frames heard in 0.5 s, and 1 error frames"


def test_a_bus_that_was_lost() -> None:
    diagnosis = diagnosed(idle(3.0))
    diagnosis.lost(BusLost("No buffer space available"), 3.2)
    explanation = diagnosis.explain()
    assert explanation.verdict == (
        "Whether it charges was not seen: the bus was lost: No buffer space available."
    )
    assert explanation.history.changes[-1].text == "the bus was lost: No buffer space available"
    diagnosis.take(Frame(0x70A, b"\x05", 4.0))
    text = sentence(diagnosis.explain(), "bus", Standing.MET)
    assert text.endswith("; before that the bus was lost: No buffer space available")


def test_silence_is_known_by_the_time_alone() -> None:
    diagnosis = Diagnosis(Subject(dictionary()))
    diagnosis.passed(0.0)
    diagnosis.passed(5.0)
    explanation = diagnosis.explain()
    assert explanation.state is State.UNHEARD
    assert explanation.verdict == "Nothing was heard: node 10 was not heard in 5.0 s."
    assert sentence(explanation, "bus", Standing.UNKNOWN) == "nothing was heard"


def test_what_is_no_11_bit_data_frame_says_nothing() -> None:
    diagnosis = Diagnosis(Subject(dictionary()))
    frame = Frame(0x70A, b"\x05", 0.0)
    for odd in (
        frame._replace(extended=True),
        frame._replace(remote=True, data=b"", length=1),
        frame._replace(fd=True),
    ):
        diagnosis.take(odd)
    explanation = diagnosis.explain()
    assert explanation.state is State.UNHEARD
    assert explanation.notes == ("3 frames were no 11-bit data frames, and say nothing here",)


# --- the charger ------------------------------------------------------------------------------------------


def test_a_short_silence_of_the_charger_says_nothing() -> None:
    text = sentence(explained(every(0.1, "701#05", 0.0, 1.0)), "charger-heard", Standing.UNKNOWN)
    assert text == "node 10 was not heard, but only 1.0 s were listened"


def test_a_charger_with_another_node_id_is_named() -> None:
    explanation = explained(every(0.1, "701#05", 0.0, 5.0), every(1.0, "70C#7F", 0.0, 5.0))
    assert ids(explanation) == ["charger-heard"]
    assert of(explanation, "charger-heard").sentence == (
        "node 10 was not heard in 5.0 s; heard instead: heartbeats of node 12"
    )


def test_answers_that_nobody_asked_for_come_from_a_second_device() -> None:
    answers = every(0.5, "58A#4300100001A30000", 2.0, 4.0)
    explanation = explained(idle(5.0), answers)
    assert of(explanation, "one-charger").sentence.startswith("two devices seem to be node 10: 5 SDO answers")
    assert of(explanation, "device").standing is Standing.UNKNOWN


def test_one_heartbeat_is_too_few_and_an_early_one_too() -> None:
    told = "0.1 60A#4017100000000000\n0.2 58A#4B171000E8030000"
    for log in ("0.0 70A#7F", "0.0 70A#00\n0.3 70A#7F", f"0.0 70A#00\n{told}\n0.3 70A#7F"):
        text = sentence(explained(log), "one-charger", Standing.UNKNOWN)
        assert text == "too few heartbeats of node 10 to tell one device from two"


def test_the_period_of_its_heartbeat_is_the_one_that_it_tells() -> None:
    told = "0.1 60A#4017100000000000\n0.2 58A#4B171000C8000000"
    explanation = explained(every(0.2, "70A#05", 0.3, 5.0), told)
    assert of(explanation, "one-charger").standing is Standing.MET


# --- its identity -----------------------------------------------------------------------------------------

TYPE = "5.0 60A#4000100000000000\n5.1 58A#43001000{}"
VENDOR = "5.2 60A#4018100100000000\n5.3 58A#43181001{}"


@pytest.mark.parametrize(
    ("kind", "vendor", "standing", "said"),
    [
        ("A3010000", "10010000", Standing.MET, "a CiA 419 charger of the expected vendor"),
        ("91010F00", "10010000", Standing.UNMET, "node 10 is a CiA 401 device, not a CiA 419 charger"),
        ("A3010700", "10010000", Standing.UNMET, "the upper word of the device type differs: 000701A3h, not "
         "000001A3h"),
        ("A3010000", "9C020000", Standing.UNMET, "another vendor: 0000029Ch, not 00000110h"),
    ],
)  # fmt: skip
def test_the_identity(kind: str, vendor: str, standing: Standing, said: str) -> None:
    explanation = explained(idle(6.0), TYPE.format(kind), VENDOR.format(vendor))
    assert sentence(explanation, "device", standing) == said


def test_that_the_vendor_id_is_delta_qs_is_not_resolved() -> None:
    explanation = explained(idle(6.0), TYPE.format("A3010000"), VENDOR.format("9C020000"))
    assert of(explanation, "device").rule.certainty == "[U]"


def test_an_accepted_identity_is_the_right_one() -> None:
    subject = Subject(dictionary(), accepted=Accepted(0x0007_01A3, 0x29C))
    explanation = diagnosed(
        idle(6.0), TYPE.format("A3010700"), VENDOR.format("9C020000"), subject=subject
    ).explain()
    assert of(explanation, "device").standing is Standing.MET


def test_half_an_identity_is_none() -> None:
    explanation = explained(idle(6.0), TYPE.format("A3010000"))
    assert of(explanation, "device").standing is Standing.UNKNOWN


# --- the master -------------------------------------------------------------------------------------------


def test_a_heartbeat_that_ended_and_the_fall_back_that_follows_from_it() -> None:
    log = (BEFORE, every(0.1, "701#05", 1.2, 3.0), every(0.2, STATUS, 1.4, 5.0), "2.0 70A#05")
    after = "5.014 08A#3081011E80000000\n5.015 70A#7F\n6.0 70A#7F\n7.0 70A#7F"
    explanation = explained(*log, after)
    assert ids(explanation) == ["master-heartbeat", "alarm", "operational"]
    assert (
        explanation.verdict.startswith("It does not charge: the heartbeat of node 1 or 33, wanted") is False
    )
    assert of(explanation, "master-heartbeat").sentence == (
        "the heartbeat of node 1 or 33, wanted within 2000 ms (by the EDS's 1016h, which is assumed), "
        "ended 4.0 s before the end"
    )


def test_a_heartbeat_that_is_back_leaves_the_nmt_state_as_the_cause() -> None:
    log = (BEFORE, every(0.1, "701#05", 1.2, 3.0), every(0.2, STATUS, 1.4, 5.0), "2.0 70A#05")
    after = "5.015 70A#7F\n6.0 70A#7F\n7.0 70A#7F"
    explanation = explained(*log, after, every(0.1, "701#05", 6.5, 7.5))
    assert ids(explanation) == ["operational"]
    assert any("begins, after 3.5 s" in change.text for change in explanation.history.changes)


def test_a_heartbeat_that_comes_too_rarely() -> None:
    explanation = explained(BEFORE, every(3.0, "701#05", 1.2, 13.2), every(0.2, STATUS, 1.4, 13.2))
    assert of(explanation, "master-heartbeat").sentence == (
        "the heartbeat of node 1 or 33 comes too rarely: the last gaps are 100 to 3000 ms, wanted within 2000 ms "
        "(by the EDS's 1016h, which is assumed)"
    )


def test_a_first_heartbeat_has_no_rhythm() -> None:
    text = sentence(explained("0.0 70A#05\n0.5 701#05"), "master-heartbeat", Standing.MET)
    assert text.startswith("a heartbeat of node 1 or 33, wanted within")


def test_two_seconds_without_heartbeat_must_have_passed() -> None:
    text = sentence(explained("0.0 70A#7F\n1.0 70A#7F"), "master-heartbeat", Standing.UNKNOWN)
    assert text.endswith("in 1.0 s, which is not long enough to say")


def test_a_log_that_lacks_frames_proves_no_absence() -> None:
    explanation = explained(every(1.0, "70A#05", 0.0, 9.0))
    assert "does not seem to hold all frames" in sentence(explanation, "master-heartbeat", Standing.UNKNOWN)
    assert "does not seem to hold all frames" in sentence(explanation, "rpdo", Standing.UNKNOWN)
    assert ids(explanation) == []


CONSUMERS_OFF = (
    "1.0 60A#4016100100000000\n1.1 58A#4316100100000000\n1.2 60A#4016100200000000\n1.3 58A#4316100200000000"
)


def test_a_charger_that_watches_nobody() -> None:
    explanation = explained(idle(5.0), CONSUMERS_OFF)
    found = of(explanation, "master-heartbeat")
    assert found.sentence == "the charger watches nobody's heartbeat (by its 1016h)"
    assert found.action == "write 1016h:01 = 000107D0h"


def test_another_master_beside_us_is_foreign() -> None:
    explanation = explained(idle(5.0), every(0.1, ">701#05", 1.25, 5.0))
    assert of(explanation, "one-master").sentence == (
        "another master is on the bus: 701h was heard, and not sent by us"
    )


def test_we_alone_are_the_master() -> None:
    explanation = explained(every(0.1, ">701#05", 0.0, 5.0), every(1.0, "70A#7F", 0.0, 5.0))
    assert sentence(explanation, "one-master", Standing.MET) == "nobody but us sends a master's frames"


def test_a_master_of_long_ago_is_none() -> None:
    log = (every(0.1, "701#05", 0.0, 1.0), every(0.1, ">701#05", 5.0, 9.0), every(1.0, "70A#7F", 0.0, 9.0))
    assert of(explained(*log), "one-master").standing is Standing.MET


# Two programs with RPDO1: 82 V, 10 A, ready; and 84 V, 5 A, not ready.
ONE, OTHER = "20A#004C000052A00001", "20A#004C000054500000"


def test_two_senders_of_one_rpdo_show_in_content_and_times() -> None:
    explanation = explained(idle(9.0), every(0.2, ONE, 2.0, 9.0), every(0.2, OTHER, 2.05, 9.0))
    assert of(explanation, "one-master").sentence == (
        "two masters: 20Ah seems to have two senders: the last gaps are 50 to 150 ms"
    )
    assert of(explanation, "one-master").rule.certainty == "[I]"


def test_one_sender_that_goes_back_and_forth_is_one() -> None:
    explanation = explained(idle(9.0), every(0.4, ONE, 2.0, 9.0), every(0.4, OTHER, 2.2, 9.0))
    assert of(explanation, "one-master").standing is Standing.MET


def test_a_heartbeat_of_two_phases_is_two_masters() -> None:
    explanation = explained(idle(5.0), every(0.1, "701#05", 1.23, 5.0))
    assert of(explanation, "one-master").sentence.startswith("two masters: 701h seems to have two senders")


# --- NMT --------------------------------------------------------------------------------------------------


def test_nmt_commands_are_remembered_if_they_are_for_the_charger() -> None:
    log = "0.0 000#010A\n0.1 000#8100\n0.2 000#010B\n0.3 000#01\n0.4 000#770A\n0.5 >000#800A"
    texts = [change.text for change in explained(log).history.changes]
    assert texts == [
        "NMT command: start (heard)",
        "NMT command: reset node (heard)",
        "NMT command: pre operational (ours)",
    ]


def test_heartbeats_that_are_none_say_nothing() -> None:
    explanation = explained("0.0 70A#\n0.1 70A#33\n0.2 >70A#05")
    assert of(explanation, "operational").standing is Standing.UNKNOWN


def test_a_boot_up_message_makes_the_charger_forget() -> None:
    log = (idle(5.0), every(0.2, ONE, 2.0, 8.0))
    alarm, boot = "4.0 08A#0090010880000000", "5.1 70A#00"
    after = (
        every(0.1, "701#05", 5.1, 8.0),
        "5.3 000#010A",
        every(0.2, STATUS, 5.4, 8.0),
        "6.1 70A#05\n7.1 70A#05",
    )
    explanation = explained(*log, alarm, boot, *after)
    assert ids(explanation) == ["ready-edge"]
    assert of(explanation, "ready-edge").evidence[0].time == pytest.approx(5.2)
    assert of(explanation, "alarm").standing is Standing.UNKNOWN
    assert explanation.history.alarms == ()


def test_the_node_id_is_the_dictionarys() -> None:
    subject = replace(Subject(dictionary()), master_id=2)
    assert diagnosed("0.0 70A#05", subject=subject).explain().node_id == 10
