"""Who was heard, by what: frames typed by hand, by the pre-defined connection set of CiA 301."""

from __future__ import annotations

from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.scanner.census import Census, Foreign, Heard


def census(*lines: str) -> Census:
    """A census of frames, written as `70A#7F`, `~` before one of ours; a second apart."""
    taken = Census()
    for number, line in enumerate(lines):
        cob_id, data = line.lstrip("~").split("#")
        frame = Frame(int(cob_id, 16), bytes.fromhex(data), float(number), sent=line.startswith("~"))
        taken.take(frame)
    return taken


def only(taken: Census) -> Heard:
    (heard,) = taken.heard
    return heard


def test_services_of_a_node_are_counted_by_their_names() -> None:
    heard = only(census("70A#00", "70A#7F", "08A#30 81 01 20 80 00 00 00", "18A#00", "28A#00", "18A#00"))
    assert heard.node_id == 10
    assert heard.sent == {"heartbeat": 2, "EMCY": 1, "TPDO1": 2, "TPDO2": 1}
    assert heard.received == {}
    assert (heard.state, heard.boots, heard.certain) == (NmtState.PRE_OPERATIONAL, 1, True)
    assert heard.emergencies == ("8130h life guard or heartbeat error, manufacturer's data 20 80 00 00 00",)


def test_an_emergency_is_told_once_and_a_short_one_too() -> None:
    reset = "08A#00 00 00 00 00 00 00 00"
    assert only(census(reset, reset)).emergencies == ("0000h error reset or no error",)
    assert only(census("08A#30")).emergencies == ("shorter than its error code",)


def test_a_pdo_alone_is_only_likely_a_nodes() -> None:
    heard = only(census("185#01 02"))
    assert heard.node_id == 5
    assert heard.sent == {"TPDO1": 1}
    assert not heard.certain


def test_what_is_sent_to_a_node_does_not_make_it_heard() -> None:
    taken = census("60A#40 00 10 00 00 00 00 00", "20A#00", "000#01 0A")
    heard = only(taken)
    assert (heard.sent, heard.certain) == ({}, False)
    assert heard.received == {"SDO request": 1, "RPDO1": 1, "NMT": 1}
    assert taken.nodes == 0


def test_our_own_requests_are_not_others() -> None:
    taken = census("~60A#40 00 10 00 00 00 00 00", "58A#43 00 10 00 A3 01 00 00")
    heard = only(taken)
    assert (heard.sent, heard.received) == ({"SDO answer": 1}, {})
    assert (taken.frames, taken.nodes) == (1, 1)
    assert census("~60A#40 00 10 00 00 00 00 00").heard == ()
    # What another job of this program sends is not the others' either.
    assert census("~080#", "~000#01 00").foreign == Foreign()


def test_frames_for_all_belong_to_no_node() -> None:
    taken = census("000#01 00", "080#", "080#", "100#00 00 00 00 00 00", "7E5#04 00 00 00 00 00 00 00")
    assert taken.heard == ()
    assert taken.foreign == Foreign(broadcasts={"NMT": 1, "SYNC": 2, "TIME": 1, "LSS": 1})
    assert taken.foreign.strange == 0


def test_what_is_not_canopen_is_counted_by_its_kind() -> None:
    taken = Census()
    for frame in (
        Frame(0x18FEF100, b"\xff", 0.0, extended=True),
        Frame(0x70A, b"", 0.1, extended=True),
        Frame(0x18A, b"", 0.2, remote=True),
        Frame(0x20000004, bytes(8), 0.3, error=True),
        Frame(0x123, bytes(12), 0.4, fd=True),
        Frame(0x7F0, b"\x00", 0.5),
    ):
        taken.take(frame)
    assert taken.heard == ()
    assert taken.foreign == Foreign(extended=2, remote=1, error=1, fd=1, other=1)
    assert (taken.foreign.strange, taken.frames) == (6, 6)


def test_node_guarding_is_a_service_and_its_answer_a_state() -> None:
    taken = Census()
    taken.take(Frame(0x70A, b"", 0.0, remote=True))
    taken.take(Frame(0x70A, b"\x85", 0.01))
    taken.take(Frame(0x70A, b"\x33", 0.02))  # no state of CiA 301
    heard = only(taken)
    assert heard.received == {"node guarding": 1}
    assert heard.sent == {"heartbeat": 2}
    assert heard.state is NmtState.OPERATIONAL
    assert census("70A#05 00").heard[0].state is None


# --- doubts -----------------------------------------------------------------------------------------------


def test_a_command_to_one_or_to_all_explains_a_change() -> None:
    assert not only(census("705#05", "000#80 05", "705#7F", "000#01 05", "705#05")).doubts
    assert not only(census("705#05", "000#80 00", "705#7F", "000#01 00", "705#05")).doubts
    other, mine = reversed(census("705#05", "000#80 06", "705#7F", "705#05").heard)
    assert (mine.node_id, other.doubts) == (5, ())
    (doubt,) = mine.doubts
    assert doubt.endswith("nobody commanded it")


READ = "~605#40 18 10 04 00 00 00 00"


def test_two_answers_to_one_request_are_two_devices() -> None:
    one, other = "585#43 18 10 04 01 00 00 00", "585#43 18 10 04 02 00 00 00"
    assert only(census(READ, one, other)).doubts == (
        "one request for 1018h:04 got two different answers:"
        " 43 18 10 04 01 00 00 00 and 43 18 10 04 02 00 00 00",
    )
    assert only(census(READ, one, one)).doubts == (
        "one request for 1018h:04 got two answers: 43 18 10 04 01 00 00 00",
    )
    # What they say differently betrays them better than what they say alike.
    alike = "585#43 00 10 00 91 01 00 00"
    first = ("~605#40 00 10 00 00 00 00 00", alike, alike, "~605#40 00 10 00 00 00 00 00", alike, alike)
    assert "1018h:04 got two different" in only(census(*first, READ, one, other, *first)).doubts[0]
    # One has the object, the other has not.
    abort = "585#80 18 10 04 11 00 09 06"
    assert "two different answers" in only(census(READ, one, abort, other)).doubts[0]


def test_a_request_that_was_repeated_may_be_answered_twice() -> None:
    answer = "585#43 18 10 04 01 00 00 00"
    assert not only(census(READ, READ, answer, answer)).doubts
    assert not only(census(READ, answer, READ, answer)).doubts
    assert only(census(READ, READ, answer, answer, answer)).doubts


def test_other_answers_and_segments_prove_nothing() -> None:
    assert not only(census("585#43 18 10 04 01 00 00 00")).doubts
    assert not only(census(READ, "585#43 18 10 03 01 00 00 00", "585#43 18 10 04 01 00 00 00")).doubts
    begun = (READ, "585#41 18 10 04 0E 00 00 00")
    segments = ("~605#60 00 00 00 00 00 00 00", "585#00 41 42 43 44 45 46 47", "585#41 18 10 04 0E 00 00 00")
    assert not only(census(*begun, *segments)).doubts
    assert not only(census(READ, "585#43 18 10 04", "585#43 18 10 04 01 00 00 00")).doubts
