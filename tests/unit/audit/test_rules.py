"""Each rule of the audit, on bytes as they come from a device."""

from __future__ import annotations

import pytest

from deltaq_master.audit.findings import Severity
from deltaq_master.audit.rules import RULES
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.knowledge import Knowledge
from deltaq_master.protocol.nmt import NmtState
from tests.unit.audit.looking import ABSENT, NOTES, new, report, rows


def test_the_mapping_of_the_notes(dictionary: Dictionary) -> None:
    found = report(dictionary)
    assert rows(found.findings) == NOTES
    assert len(found.findings) == 4
    assert found.complete


def test_each_finding_shows_its_frames_and_says_what_to_do(dictionary: Dictionary) -> None:
    for finding in report(dictionary).findings:
        assert finding.evidence, finding.rule
        assert finding.remedy
        assert finding.text.endswith(".")
    direction = next(each for each in report(dictionary).findings if each.slot == 3)
    assert direction.evidence == ("60A#40.01.16.03.00.00.00.00", "58A#43.01.16.03.10.00.02.20")


def test_what_is_not_certain_says_so(dictionary: Dictionary) -> None:
    timer = report(dictionary).findings[0]
    assert timer.rule == "no-event-timer"
    assert "(505.7 ms in CAP1 [C])" in timer.text
    assert "is inferred [I]" in timer.text


# One row: what is changed, as bytes on the wire, and what is found for it and for nothing else.
CHANGES: dict[str, tuple[dict[str, str | None], set[tuple[str, str, str, str]]]] = {
    "an object that the EDS does not know": (
        {"1600:02": "08 00 F0 2F"},
        {("unknown-object", "error", "RPDO1 slot 2", "1600h:02")},
    ),
    "an object that may not be mapped": (
        {"1A02:03": "08 00 01 10"},  # 1001h
        {("not-mappable", "error", "TPDO3 slot 3", "1A02h:03")},
    ),
    "a ro object received": (
        {"1600:02": "08 00 80 60"},  # 6080h
        {("wrong-direction", "error", "RPDO1 slot 2", "1600h:02")},
    ),
    "a rww object sent": (
        {"1A02:03": "08 00 81 60"},  # 6081h
        {("wrong-direction", "warning", "TPDO3 slot 3", "1A02h:03")},
    ),
    "a dummy received": (
        {"1600:02": "08 00 05 00"},
        {("differs-from-eds", "warning", "RPDO1 slot 2", "1600h:02")},
    ),
    "a dummy sent": (
        {"1A02:03": "08 00 05 00"},
        {("wrong-direction", "warning", "TPDO3 slot 3", "1A02h:03")},
    ),
    "a slot that is too short": (
        {"1601:05": "08 00 10 60"},
        {("bit-length", "error", "RPDO2 slot 5", "1601h:05")},
    ),
    "a slot of no bits": (
        {"1601:05": "00 00 10 60"},
        {("bit-length", "error", "RPDO2 slot 5", "1601h:05")},
    ),
    "a command twice": (
        {"1600:02": "08 00 00 60"},
        {("duplicate-slot", "warning", "RPDO1 slot 6", "1600h:06")},
    ),
    "the same object twice in a TPDO": (
        {"1A02:04": "08 00 80 60"},
        {("differs-from-eds", "warning", "TPDO3 slot 4", "1A02h:04")},
    ),
    "80 bits": (
        {"1A00:00": "06", "1A00:06": "10 00 08 20"},  # 2008h is 8 bits long
        {
            ("bit-length", "error", "TPDO1 slot 6", "1A00h:06"),
            ("over-64-bits", "error", "TPDO1", "1A00h:00"),
        },
    ),
    "72 bits, all of them right": (
        {"1A00:00": "06", "1A00:06": "08 00 08 20"},
        {("over-64-bits", "error", "TPDO1", "1A00h:00")},
    ),
    "more slots than are mapped": (
        {"1600:00": "07"},
        {("count-against-entries", "error", "RPDO1", "1600h:00")},
    ),
    "a hole among the slots": (
        {"1600:02": "00 00 00 00"},
        {("count-against-entries", "error", "RPDO1", "1600h:00")},
    ),
    "more slots than the device has": (
        {"1600:00": "07", "1600:07": None},
        {("count-against-entries", "error", "RPDO1", "1600h:00")},
    ),
    "a count that no PDO has": (
        {"1601:00": "45"},
        {("count-against-entries", "error", "RPDO2", "1601h:00")},
    ),
    "two RPDOs on one COB-ID": (
        {"1401:01": "0A 02 00 00"},
        {("cob-id-clash", "warning", "RPDO2", "1401h:01")},
    ),
    "two TPDOs on one COB-ID": (
        {"1801:01": "8A 01 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "a TPDO on the COB-ID of an RPDO": (
        {"1801:01": "0A 03 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "a TPDO on EMCY's COB-ID": (
        {"1801:01": "8A 00 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "a TPDO on SYNC's COB-ID": (
        {"1801:01": "80 00 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "a TPDO on the SDO answers": (
        {"1801:01": "8A 05 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "EMCY is elsewhere": (
        {"1014": "8B 00 00 00", "1801:01": "8B 00 00 00"},
        {("cob-id-clash", "error", "TPDO2", "1801h:01")},
    ),
    "EMCY is off": (
        {"1014": "8A 00 00 80", "1801:01": "8A 00 00 00"},
        {("differs-from-eds", "warning", "TPDO2", "1801h:01")},
    ),
    "a restricted COB-ID": (
        {"1801:01": "01 01 00 00"},
        {("cob-id-restricted", "error", "TPDO2", "1801h:01")},
    ),
    "a 29-bit COB-ID": (
        {"1801:01": "8A 02 00 20"},
        {("differs-from-eds", "warning", "TPDO2", "1801h:01")},
    ),
    "two PDOs on one 29-bit COB-ID": (
        {"1801:01": "8A 02 01 20", "1802:01": "8A 02 01 20"},
        {("cob-id-clash", "error", "TPDO3", "1802h:01")},
    ),
    "a TPDO that is off": (
        {"1801:01": "8A 02 00 80"},
        {("disabled", "warning", "TPDO2", "1801h:01")},
    ),
    "a PDO that is on": (
        {"1803:01": "8A 04 00 00"},
        {("differs-from-eds", "warning", "TPDO4", "1803h:01")},
    ),
    "another transmission type": (
        {"1800:02": "01"},
        {("differs-from-eds", "warning", "TPDO1", "1800h:02")},
    ),
    "a slot beyond the count": (
        {"1600:08": "08 00 81 60"},
        {("differs-from-eds", "warning", "RPDO1 slot 8", "1600h:08")},
    ),
    "an entry that the EDS says is read-only": (
        {"1402:00": "06"},
        {("differs-from-eds", "warning", "RPDO3", "1402h:00")},
    ),
    "an optional entry that does nothing is absent": ({"1800:03": None, "1402:05": None}, set()),
    "an optional entry that does something is absent": (
        {"1800:05": None},
        {("differs-from-eds", "warning", "TPDO1", "1800h:05")},
    ),
    "a whole PDO is absent": (
        {f"{index}:{sub:02X}": None for index in ("1807", "1A07") for sub in range(9)},
        {("differs-from-eds", "warning", "TPDO8", "1807h:01")},
    ),
    "a PDO that the EDS does not have": (
        {"1408:01": "0A 02 00 80"},
        {("differs-from-eds", "warning", "RPDO9", "1408h:01")},
    ),
    "a CRC received": (
        {"1600:01": "08 01 FB 2F"},
        {("integrity-objects", "error", "RPDO1 slot 1", "1600h:01")},
    ),
    "a sequence count sent": (
        {"1A00:05": "08 01 FE 2F"},
        {("integrity-objects", "warning", "TPDO1 slot 5", "1A00h:05")},
    ),
    "the voltage is not commanded": (
        {"1600:04": "10 00 10 60"},
        {("command-not-mapped", "error", "2276h:00", "2276h:00")},
    ),
    "nothing is commanded": (
        {"1600:00": "00"},
        {("command-not-mapped", "error", "6000h:00", "6000h:00")},
    ),
    "the commands are in an RPDO that is off": (
        {"1400:01": "0A 02 00 80"},
        {("command-not-mapped", "error", "6000h:00", "6000h:00")},
    ),
    "the master is not watched": (
        {"1016:01": "00 00 01 00"},
        {("watchdog-off", "warning", "1016h:01", "1016h:01")},
    ),
    "another node is watched": (
        {"1016:01": "D0 07 05 00"},
        {("watchdog-off", "warning", "1016h:01", "1016h:01")},
    ),
    "the master is watched for too long": (
        {"1016:01": "D1 07 01 00"},
        {("watchdog-off", "warning", "1016h:01", "1016h:01")},
    ),
    "the master is watched by the second entry": (
        {"1016:01": "00 00 00 00", "1016:02": "E8 03 01 00"},
        set(),
    ),
    "there is no watch at all": (
        {"1016:01": None, "1016:02": None},
        {("watchdog-off", "warning", "1016h:01", "1016h:01")},
    ),
    "an alias counts otherwise": (
        {"2103": "C6 02"},  # 710, which is 7.1 V in 10 mV
        {("scale-contradicted", "warning", "2103h:00", "2103h:00")},
    ),
    "the measurement of the battery's own system counts otherwise": (
        {"6060": "00 47 00 00"},  # 71 V x 256 where 1/1024 V is due
        {("scale-contradicted", "warning", "6060h:00", "6060h:00")},
    ),
    "aliases rounded, and a bit later": ({"2105": "C9 02", "2103": "D0 1B"}, set()),
    "the request counts otherwise": (
        {"2271": "00 54 00 00", "2276": "00 54"},  # 84 V x 256 in both
        {("scale-contradicted", "warning", "2271h:00", "2271h:00")},
    ),
    "an alias of the wrong length": ({"2103": "C6"}, set()),
    "a REAL32 that is no number": ({"2104": "00 00 C0 7F"}, set()),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_found_by_its_rule(case: str, dictionary: Dictionary) -> None:
    changes, expected = CHANGES[case]
    assert new(dictionary, changes) == expected


def test_every_rule_is_tried() -> None:
    tried = {row[0] for _, expected in CHANGES.values() for row in expected} | {row[0] for row in NOTES}
    elsewhere = {"differs-from-profile", "differs-from-dbc"}
    assert tried | elsewhere == {rule.id for rule in RULES}


def test_an_event_timer_that_is_set_is_no_trouble_but_a_difference(dictionary: Dictionary) -> None:
    found = rows(report(dictionary, {"1400:05": "F4 01"}).findings)
    assert ("no-event-timer", "warning", "RPDO1", "1400h:05") not in found
    assert ("differs-from-eds", "warning", "RPDO1", "1400h:05") in found


def test_an_event_timer_that_is_absent(dictionary: Dictionary) -> None:
    timer = report(dictionary, {"1400:05": None}).findings[0]
    assert (timer.rule, timer.found) == ("no-event-timer", "absent")


def test_only_the_rpdo_with_commands_needs_its_timer(dictionary: Dictionary) -> None:
    # The ENNOID layout: everything in RPDO3.
    changes: dict[str, str | None] = {
        "1400:01": "0A 02 00 80",
        "1402:01": "0A 04 00 00",
        "1602:00": "03",
        "1602:01": "10 00 70 60",
        "1602:02": "08 00 00 60",
        "1602:03": "20 00 71 22",
    }
    found = report(dictionary, changes).findings
    assert [each.object for each in found if each.rule == "no-event-timer"] == ["1402h:05"]
    assert "command-not-mapped" not in {each.rule for each in found}


def test_words_of_a_defect_that_was_there_before_hide_no_difference(dictionary: Dictionary) -> None:
    # 2103h is rwr like 2101h, so the direction is as wrong as ever; that it is another object is new.
    found = new(dictionary, {"1601:04": "10 00 03 21"})
    assert found == {("differs-from-eds", "warning", "RPDO2 slot 4", "1601h:04")}


def test_a_fixed_number_of_slots_has_its_empty_ones_at_the_end(
    dictionary: Dictionary, fixed_counts: Dictionary
) -> None:
    changes: dict[str, str | None] = {"1600:00": "08"}
    assert ("count-against-entries", "error", "RPDO1", "1600h:00") in new(dictionary, changes)
    assert new(fixed_counts, changes) == {("differs-from-eds", "warning", "RPDO1", "1600h:00")}
    hole = new(fixed_counts, {"1600:00": "08", "1600:02": "00 00 00 00"})
    assert ("count-against-entries", "error", "RPDO1", "1600h:00") in hole


# --- TPDOs against SDO ------------------------------------------------------------------------------------

OPERATIONAL = NmtState.OPERATIONAL
SDO: dict[str, str | None] = {"2002": "7C 13", "2101": "00 47", "2006": "70 00"}


def heard(dictionary: Dictionary, frame: str, **changes: str | None) -> set[tuple[str, str, str, str]]:
    """What is found when TPDO1 says this."""
    return new(dictionary, SDO | changes, state=OPERATIONAL, frames={0x18A: frame})


@pytest.mark.parametrize(
    ("frame", "slots"),
    [
        ("7C 13 00 47 70 00 00 00", []),  # as by SDO
        ("A0 13 40 47 70 00 00 00", []),  # moved a little
        ("FF FF FF FF 70 00 00 00", []),  # no values now
        ("7C 13 00 11 70 00 00 00", [2]),  # 17 V instead of 71 V
        ("13 7C 00 47 70 00 00 00", [1]),
        ("7C 13 00 47 50 00 00 00", [3]),  # a bit of the status
    ],
)
def test_a_tpdo_says_what_sdo_says(frame: str, slots: list[int], dictionary: Dictionary) -> None:
    objects = {1: "2002h:00", 2: "2101h:00", 3: "2006h:00"}
    assert heard(dictionary, frame) == {
        ("scale-contradicted", "warning", f"TPDO1 slot {slot}", objects[slot]) for slot in slots
    }


def test_a_tpdo_of_another_length(dictionary: Dictionary) -> None:
    assert heard(dictionary, "7C 13 00 47") == {("scale-contradicted", "warning", "TPDO1", "1A00h:00")}


def test_a_tpdo_that_no_frame_can_be(dictionary: Dictionary) -> None:
    changes = SDO | {"1A00:00": "06", "1A00:06": "08 00 08 20"}
    found = new(dictionary, changes, state=OPERATIONAL, frames={0x18A: "00" * 9})
    assert found == {("over-64-bits", "error", "TPDO1", "1A00h:00")}


def test_a_tpdo_that_was_not_heard_is_noted(dictionary: Dictionary) -> None:
    quiet = report(dictionary, state=None).notes
    assert quiet == (
        "TPDO1, TPDO2, TPDO3 not heard, so not compared with SDO (no heartbeat of it was heard)",
    )
    one = report(dictionary, SDO, state=OPERATIONAL, frames={0x18A: "7C 13 00 47 70 00 00 00"}).notes
    assert one == ("TPDO2, TPDO3 not heard, so not compared with SDO (the device reports operational)",)
    frames = {0x18A: "7C 13 00 47 70 00 00 00", 0x28A: "00" * 8, 0x38A: "00" * 8}
    assert report(dictionary, SDO, state=OPERATIONAL, frames=frames).notes == ()


# --- incomplete -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "failures", "said"),
    [
        ({}, {"1601:03": "not answered"}, "RPDO2 slot 3 (1601h:03): not answered"),
        ({}, {"2103": "not answered"}, "2103h:00: not answered"),
        ({}, {"1800:02": "aborted"}, "TPDO1 transmission type (1800h:02): aborted"),
        ({"1601": None}, {}, f"RPDO2 number of slots (1601h:00): {ABSENT}"),
        ({"1401:01": None}, {}, f"RPDO2 COB-ID (1401h:01): {ABSENT}"),
        ({"1000": None}, {}, "1000h:00: every CANopen device has it"),
        (
            {"1800:05": "C8"},
            {},
            "TPDO1 event timer (1800h:05): its answer is 1 byte long, and UNSIGNED16 is 2",
        ),
        ({"1601": "FF"}, {}, "RPDO2: slots of a multiplex PDO are not audited"),
    ],
)
def test_what_is_missing_is_said(
    changes: dict[str, str | None], failures: dict[str, str], said: str, dictionary: Dictionary
) -> None:
    found = report(dictionary, changes, failures=failures)
    assert not found.complete
    assert [str(each) for each in found.missing if str(each).startswith(said)]
    assert len(found.missing) == 1
    assert "could not be audited completely: 1 thing is missing." in found.verdict


def test_half_a_pdo_is_one_thing_and_no_heap_of_differences(dictionary: Dictionary) -> None:
    gone = {f"1601:{sub:02X}": None for sub in range(9)}
    assert new(dictionary, gone) == set()


def test_many_objects_with_one_reason_are_drawn_together(dictionary: Dictionary) -> None:
    failures = {f"1601:{sub:02X}": "not answered" for sub in range(9)}
    found = report(dictionary, failures=failures)
    assert [str(each) for each in found.missing] == ["1601h:00 to 1601h:08, 9 objects: not answered"]


def test_a_command_may_be_where_nothing_could_be_read(dictionary: Dictionary) -> None:
    found = report(dictionary, failures={"1600:06": "not answered"})
    assert "command-not-mapped" not in {each.rule for each in found.findings}


def test_a_device_without_any_pdo(dictionary: Dictionary) -> None:
    every = [e.address for e in dictionary if 0x1400 <= e.address.index < 0x1C00]
    gone: dict[str, str | None] = {f"{a.index:04X}:{a.sub:02X}": None for a in every}
    found = report(dictionary, gone)
    assert [each.place for each in found.missing] == ["PDOs"]
    assert {each.rule for each in found.findings} == {"differs-from-eds", "command-not-mapped"}


def test_what_was_asked_beyond_the_eds_and_not_answered_is_no_lack(dictionary: Dictionary) -> None:
    assert report(dictionary, failures={"1408:01": "not answered"}).complete


# --- what does not apply ----------------------------------------------------------------------------------


def test_rules_that_need_to_know_the_device_say_so(dictionary: Dictionary) -> None:
    found = report(dictionary, knowledge=Knowledge())
    off = {rule.rule for rule in found.rules if rule.why_not}
    assert off == {
        *("integrity-objects", "command-not-mapped", "no-event-timer", "watchdog-off"),
        *("differs-from-profile", "differs-from-dbc"),
    }
    # What only fills a PDO up is not known either.
    assert [each.severity for each in found.findings if each.rule == "duplicate-slot"] == [Severity.WARNING]


def test_a_watch_that_was_not_read_is_not_judged(dictionary: Dictionary) -> None:
    found = report(dictionary, failures={"1016:01": "not answered"})
    assert (
        next(rule.why_not for rule in found.rules if rule.rule == "watchdog-off") == "1016h:01 was not read"
    )
    assert not found.complete


def test_another_master(dictionary: Dictionary) -> None:
    assert new(dictionary, {}, master_id=5) == {("watchdog-off", "warning", "1016h:01", "1016h:01")}
    assert new(dictionary, {"1016:02": "D0 07 05 00"}, master_id=5) == set()
