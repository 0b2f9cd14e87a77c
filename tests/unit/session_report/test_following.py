"""Frames typed by hand into marks, bands, curves and objects."""

from __future__ import annotations

import pytest

from deltaq_master.charger.diagnosis import Subject
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.events import Frame
from deltaq_master.session_report.curves import Curves
from deltaq_master.session_report.following import Following
from deltaq_master.session_report.objects_seen import absent_of, objects_of, pdos_of
from deltaq_master.session_report.session import Event


class Followed:
    """What came of a log, each frame as candump writes it: `0.1 18A#...`, with T for ours."""

    def __init__(self, dictionary: Dictionary, *lines: str) -> None:
        self.curves = Curves()
        self.events: list[Event] = []
        self.following = Following(Subject(dictionary), self.curves, self.events.append)
        self.dictionary = dictionary
        for text in lines:
            self.take(text)

    def take(self, text: str) -> None:
        time, written, *ours = text.split()
        cob_id, _, data = written.partition("#")
        self.following.take(
            Frame(int(cob_id, 16), bytes.fromhex(data), float(time), sent=bool(ours), length=-1)
        )

    def told(self) -> list[str]:
        return [f"{event.time:g} {event.kind.value}: {event.text}" for event in self.events]


def test_states_commands_and_ready_are_marks(dictionary: Dictionary) -> None:
    followed = Followed(
        dictionary,
        "0 70A#00",
        "1 70A#7F",
        "1.5 701#05 T",
        "2 000#010A T",
        "2.1 000#0203",
        "3 70A#05",
        "4 20A#0000000054000000 T",
        "5 20A#0000000054A00001 T",
        "6 20A#0000000054A00001 T",
        "7 000#8000",
        "8 70A#7F",
    )
    assert followed.told() == [
        "0 NMT: boot-up message of the charger",
        "0 NMT: the charger is pre-operational",
        "2 NMT: NMT: start node 10 (ours)",
        "3 NMT: the charger is operational",
        "4 ready: ready (6000h) is 0",
        "5 ready: ready (6000h) is 1",
        "7 NMT: NMT: set all nodes pre-operational (heard)",
        "8 NMT: the charger is pre-operational",
    ]
    assert [(band.begun, band.ended, band.text) for band in followed.following.bands()] == [
        (0.0, 3.0, "pre-operational"),
        (3.0, 8.0, "operational"),
        (8.0, 8.0, "pre-operational"),
    ]


def test_an_alarm_is_a_mark_once_and_its_reset_too(dictionary: Dictionary) -> None:
    # Code 8130h, register 11h, then id 20h of class 80h: E-0-3-2.
    alarm = "08A#3081112080000000"
    followed = Followed(dictionary, f"1 {alarm}", f"2 {alarm}", "3 08A#0000000000000000")
    first, last = followed.told()
    assert first.startswith("1 EMCY: E-0-3-2")
    assert last == "3 EMCY: error reset"


def test_a_reading_at_rest_is_no_current(dictionary: Dictionary) -> None:
    # 2002h 1374h = 19.453 A, 2101h 4E45h = 78.27 V, status 0070h: indication 0.
    followed = Followed(dictionary, "0 70A#05", "1 18A#7413454E70000000")
    assert followed.curves["current"].points == 0
    assert followed.curves["power"].points == 0
    assert followed.curves["current_untrusted"].last == 0x1374 / 256
    assert followed.curves["voltage"].last == 0x4E45 / 256


def test_a_current_that_followed_the_request_is_one(dictionary: Dictionary) -> None:
    # At rest it shows 19.45 A; then indication 1 (0170h), and the request goes to 5 A: 0050h in 1/16 A.
    followed = Followed(
        dictionary,
        "0 70A#05",
        "1 18A#7413454E70000000",
        "2 20A#0000000054500001 T",
        "2.1 18A#0005454E70110000",
    )
    assert followed.curves["current_request"].last == 5.0
    assert (followed.curves["current"].last, followed.curves["current_untrusted"].points) == (5.0, 1)
    assert followed.curves["power"].last == 5.0 * 0x4E45 / 256
    # Without ready nothing is believed, whatever it indicates.
    followed = Followed(
        dictionary,
        "0 70A#05",
        "1 18A#7413454E70000000",
        "2 20A#0000000054500000 T",
        "2.1 18A#0005454E70110000",
    )
    assert followed.curves["current"].points == 0


def test_a_frame_of_another_length_is_no_point(dictionary: Dictionary) -> None:
    followed = Followed(dictionary, "0 70A#05", "1 18A#7413454E7000", "2 20A#00000000545000 T")
    assert followed.curves.present() == ()


def test_a_tpdo_that_we_sent_is_none_of_the_chargers(dictionary: Dictionary) -> None:
    followed = Followed(dictionary, "0 70A#05", "1 18A#7413454E70000000 T")
    assert followed.curves.present() == ()
    titles = [stream.title for stream in followed.following.counting.result().streams]
    assert titles == ["a TPDO of the charger, sent by us", "node 10 heartbeat"]


def test_a_mapping_that_is_read_counts_from_then_on(dictionary: Dictionary) -> None:
    """TPDO1 has 2101h alone, as the charger tells; the EDS has three objects in it."""
    followed = Followed(
        dictionary,
        "0 70A#05",
        "1 60A#4000180100000000 T",
        "1.01 58A#430018018A010040",
        "1.02 60A#4000180200000000 T",
        "1.03 58A#4F001802FF000000",
        "1.04 60A#40001A0000000000 T",
        "1.05 58A#4F001A0001000000",
        "1.06 60A#40001A0100000000 T",
        "1.07 58A#43001A0110000121",
        "2 18A#454E",
    )
    assert followed.curves["voltage"].last == 0x4E45 / 256
    assert followed.curves["current_untrusted"].points == 0
    told = {pdo.record.name: pdo.told for pdo in pdos_of(followed.following.diagnosis.facts.known)}
    assert (told["TPDO1"], told["TPDO2"]) == (True, False)


def test_objects_are_what_transfers_showed(dictionary: Dictionary) -> None:
    followed = Followed(
        dictionary,
        "1 60A#4018100100000000 T",
        "1.1 58A#4318100110010000",
        "2 60A#2F00600000000000 T",
        "2.1 58A#6000600000000000",
        "3 60A#4011200000000000 T",
        "3.1 58A#8011200000000206",
        # 1008h in segments: "abcdefghij".
        "4 60A#4008100000000000 T",
        "4.1 58A#410810000A000000",
        "4.2 60A#6000000000000000 T",
        "4.3 58A#0061626364656667",
        "4.4 60A#7000000000000000 T",
        "4.5 58A#1968696A00000000",
    )
    known = followed.following.diagnosis.facts.known
    identity, others = objects_of(dictionary, known, followed.following.texts)
    assert [(each.address, each.value, each.how, each.time) for each in identity] == [
        ("1018h:01", "00000110h", "read", 1.1),
        ("1008h:00", "abcdefghij", "read", 4.5),
    ]
    assert [(each.address, each.value, each.note, each.how) for each in others] == [
        ("6000h:00", "0", "not ready", "written"),
    ]
    assert [text.partition(" ")[0] for text in absent_of(dictionary, known)] == ["2011h:00"]


def test_a_text_that_was_given_up_is_none(dictionary: Dictionary) -> None:
    followed = Followed(
        dictionary,
        "4 60A#4008100000000000 T",
        "4.1 58A#410810000A000000",
        "4.2 60A#6000000000000000 T",
        "4.3 58A#8008100000000405",
        "4.5 58A#1968696A00000000",
    )
    assert followed.following.texts.held == {}


@pytest.mark.parametrize("data", ["01", "010A00", "FF0A"])
def test_an_odd_command_is_told_as_it_is_or_not_at_all(dictionary: Dictionary, data: str) -> None:
    told = Followed(dictionary, f"1 000#{data}").told()
    assert told == (["1 NMT: NMT: unknown command FFh for node 10 (heard)"] if data == "FF0A" else [])
