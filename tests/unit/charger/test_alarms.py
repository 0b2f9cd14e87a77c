"""The alarm catalogue: out of EMCY frames and out of error words in both orders."""

from __future__ import annotations

import pytest

from deltaq_master.charger.alarms import EXPECTED_AFTER_STOP, SEEN, Alarm, AlarmKind, catalogue
from deltaq_master.protocol.emcy import Emergency


def of(data: str) -> Alarm:
    alarm = Alarm.from_emergency(Emergency.parse(bytes.fromhex(data)))
    assert alarm is not None
    return alarm


def test_commands_lost_as_captured() -> None:
    alarm = of("30 81 01 20 80 00 00 00")
    assert alarm == Alarm(0x8130, AlarmKind.ALARM, 0x20)
    assert alarm.display == "E-0-3-2"
    assert str(alarm) == "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"
    assert alarm.known
    assert alarm.expected_after_stop
    assert alarm.source == SEEN
    assert "heartbeat" in alarm.advice
    assert alarm.remark == ""


def test_alarm_1e_means_two_things() -> None:
    older, newer = of("30 81 01 1E 80 00 00 00"), of("00 90 01 1E 80 00 00 00")
    assert older.text == "communication with the battery module lost"
    assert newer.text == "the BMS reported an error"
    for alarm in (older, newer):
        assert "8130h: communication with the battery module lost" in alarm.remark
        assert "9000h: the BMS reported an error" in alarm.remark


def test_error_reset_is_no_alarm() -> None:
    assert Alarm.from_emergency(Emergency.parse(bytes(8))) is None
    assert Alarm.from_emergency(Emergency.parse(bytes(2))) is None


def test_code_0_with_a_number_is_an_alarm() -> None:
    alarm = of("00 00 01 0B 80 00 00 00")
    assert str(alarm) == "E-0-1-1 charge ended by the vehicle (0000h)"
    assert "[U]" in alarm.remark


@pytest.mark.parametrize(
    ("data", "display", "text"),
    [
        ("00 50 01 06 C0 00 00 00", "F-0-0-6", "internal current measurements disagree"),
        ("00 90 01 02 00 00 00 00", "H-0-0-2", "status of the BMS"),
        ("10 82 01 2E 80 00 00 00", "E-0-4-6", "RPDO has the wrong length"),
        ("30 81 01 44 80 00 00 00", "E-0-6-8", "heartbeat or RPDO lost while not charging"),
        ("30 81 01 68 80 00 00 00", "E-1-0-4", "communication over J1772, DCI or the auxiliary port"),
        ("00 90 01 30 80 00 00 00", "E-0-4-8", "stacked chargers"),
        ("00 90 01 38 80 00 00 00", "E-0-5-6", "stacked chargers"),
        ("30 81 01 39 80", "E-0-5-7", "the BMS fell silent (customer's network)"),
        ("00 90 01 10 80", "E-0-1-6", "programming, USB or storage"),
        ("00 90 01 13 80", "E-0-1-9", "programming, USB or storage"),
        ("00 90 01 1A 80", "E-0-2-6", "USB"),
        ("00 90 01 1B 80", "E-0-2-7", "USB"),
        ("00 90 01 45 80", "E-0-6-9", "charging station (EVSE)"),
        ("00 90 01 4D 80", "E-0-7-7", "charging station (EVSE)"),
        ("30 81 01 61 80", "E-0-9-7", "communication over J1772, DCI or the auxiliary port"),
    ],
)
def test_classes_and_numbers(data: str, display: str, text: str) -> None:
    alarm = of(data)
    assert alarm.display == display
    assert alarm.text == text
    assert alarm.known


@pytest.mark.parametrize(
    ("data", "display", "text"),
    [
        ("10 90 01 5F 80 00 00 00", "E-0-9-5", "not in the catalogue; its CiA code means: external error"),
        ("00 50 01 20 C0 00 00 00", "F-0-3-2", "not in the catalogue; its CiA code means: device hardware"),
        (
            "30 81 01 20 40 00 00 00",
            "?-0-3-2",
            "not in the catalogue; its CiA code means: life guard or heartbeat error",
        ),
        (
            "30 81 01 20",
            "?-0-3-2",
            "not in the catalogue; its CiA code means: life guard or heartbeat error",
        ),
        (
            "30 81",
            "?-?-?-?",
            "not in the catalogue; its CiA code means: life guard or heartbeat error",
        ),
        ("30", "?-?-?-?", "the message is too short to say what it is"),
    ],
)
def test_what_is_not_known_is_said(data: str, display: str, text: str) -> None:
    alarm = of(data)
    assert not alarm.known
    assert alarm.display == display
    assert alarm.text == text
    assert alarm.advice == "look it up in the vendor's error list for this firmware"
    assert alarm.source == "no source"
    assert alarm.remark == ""
    assert not alarm.expected_after_stop


def test_no_code_at_all() -> None:
    assert str(of("")) == "?-?-?-? the message is too short to say what it is (no code)"


@pytest.mark.parametrize(
    ("word", "code", "kind", "number"),
    [
        # The glossary's order, wire 80 20 30 81, and the order of the DBC file, wire 30 81 80 20.
        (0x8130_2080, 0x8130, 0x80, 0x20),
        (0x2080_8130, 0x8130, 0x80, 0x20),
        # F-0-0-6 as the DBC file's own pattern would have it, and as it writes it: the glossary's order.
        (113266688, 0x5000, 0xC0, 0x06),
        (1342179008, 0x5000, 0xC0, 0x06),
        # High priority, H-0-0-2.
        (0x9000_0200, 0x9000, 0x00, 0x02),
        (0x0200_9000, 0x9000, 0x00, 0x02),
        # Ids that look like half a code: 10h is E-0-1-6, with its class in b0.
        (0x9000_1080, 0x9000, 0x80, 0x10),
        (0x1080_9000, 0x9000, 0x80, 0x10),
        # The code 0000h of 0Bh.
        (0x0B80_0000, 0x0000, 0x80, 0x0B),
        (0x0000_0B80, 0x0000, 0x80, 0x0B),
        # A class where both orders could have one: that in b0 wins.
        (0x0080_9080, 0x0080, 0x80, 0x90),
        (0x2080_50C0, 0x2080, 0xC0, 0x50),
        # A code that no list has in its upper half.
        (0x2080_4000, 0x2080, 0x00, 0x40),
    ],
)
def test_error_words_in_both_orders(word: int, code: int, kind: int, number: int) -> None:
    assert Alarm.from_word(word) == Alarm(code, kind, number)


def test_no_error_word() -> None:
    assert Alarm.from_word(0) is None


@pytest.mark.parametrize("alarm", catalogue(), ids=lambda alarm: alarm.display)
def test_every_alarm_survives_frame_and_both_words(alarm: Alarm) -> None:
    assert alarm.code is not None
    assert alarm.kind is not None
    assert alarm.number is not None
    low, high = alarm.code & 0xFF, alarm.code >> 8
    assert of(bytes((low, high, 1, alarm.number, alarm.kind, 0, 0, 0)).hex()) == alarm
    as_in_the_dbc = bytes((low, high, alarm.kind, alarm.number))
    as_in_the_glossary = bytes((alarm.kind, alarm.number, low, high))
    for wire in (as_in_the_dbc, as_in_the_glossary):
        assert Alarm.from_word(int.from_bytes(wire, "little")) == alarm
    assert alarm.known
    assert alarm.text
    assert alarm.advice
    assert alarm.source.endswith("[C]")


def test_catalogue_has_the_documented_numbers() -> None:
    numbers = {kind: {alarm.number for alarm in catalogue() if alarm.kind == kind} for kind in AlarmKind}
    missing = {0x3B, 0x3F, 0x4F, 0x50, 0x53, 0x56, *range(0x59, 0x5E), 0x5F, 0x60}
    assert numbers[AlarmKind.ALARM] == set(range(0x01, 0x69)) - missing
    faults = {*range(0x01, 0x08), 0x09, 0x0A, 0x0B, 0x0D, 0x0E, 0x15, 0x17, 0x1A}
    assert numbers[AlarmKind.FAULT] == faults
    assert numbers[AlarmKind.HIGH_PRIORITY] == {0x02, 0x03, 0x04}


LISTED_WITH = {
    0x0000: {0x0B},
    0x1000: {
        *(0x05, 0x09, 0x0A, 0x0E, 0x0F, 0x14, 0x18, 0x1C, 0x1F),
        *(0x21, 0x22, 0x23, 0x27, 0x28, 0x29, 0x52, 0x57, 0x58, 0x5E),
    },
    0x6000: {0x25, 0x2A, 0x54},
    0x8130: {0x20, 0x39, 0x3A, 0x3C, 0x44, *range(0x61, 0x69)},
    0x8210: {0x2E},
}
"""Alarms that the vendor's list has with another code than 9000h."""


def test_codes_of_the_list() -> None:
    for alarm in catalogue():
        if alarm.kind == AlarmKind.ALARM:
            listed = [code for code, numbers in LISTED_WITH.items() if alarm.number in numbers]
            assert [alarm.code] == (listed or [0x9000])
        else:
            assert alarm.code == (0x5000 if alarm.kind == AlarmKind.FAULT else 0x9000)


@pytest.mark.parametrize(
    ("data", "remark"),
    [
        ("00 10 01 29 80 00 00 00", ""),
        ("00 60 01 29 80 00 00 00", "documents list it with 1000h"),
        ("00 90 01 29 80 00 00 00", "documents list it with 1000h or 6000h"),
        ("00 60 01 09 C0 00 00 00", "documents list it with 5000h"),
        ("30 81 01 01 80 00 00 00", "documents list it with 9000h"),
        ("00 00 01 1A 80 00 00 00", "the sources name this id only as one of a group"),
        ("30 81 01 20 80 00 00 00", ""),
    ],
)
def test_remark_says_where_documents_differ(data: str, remark: str) -> None:
    assert of(data).remark == remark


def test_expected_after_our_own_stop() -> None:
    expected = {alarm.number for alarm in catalogue() if alarm.expected_after_stop}
    assert expected == EXPECTED_AFTER_STOP == {0x20, 0x44, 0x1E}
    assert not of("00 50 01 20 C0 00 00 00").expected_after_stop
    assert not of("00 90 01 2D 80 00 00 00").expected_after_stop
