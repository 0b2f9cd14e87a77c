"""A PDO dump as a table and as JSON: every slot, every flag, and what is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deltaq_master.audit import dump_words as words
from deltaq_master.audit.dump_json import document, json_of
from deltaq_master.audit.dump_text import text_of
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.dictionary.pdo_reading import PdoReading, eds_reading
from tests.unit.audit.pdo_readings import pdo, reading

RPDO, TPDO = PdoKind.RPDO, PdoKind.TPDO


def block(found: PdoReading, name: str) -> str:
    """The lines of one PDO."""
    return next(text for text in text_of(found).split("\n\n") if text.startswith(f"{name}:"))


def entries(found: PdoReading, name: str) -> list[list[str]]:
    """The cells of its slots."""
    lines = block(found, name).partition("Entries:\n")[2].splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell] for line in lines[1:]]


# --- the table --------------------------------------------------------------------------------------------

NOTES = """\
RPDO1:
  Comm idx: 1400h   Map idx: 1600h
  COB-ID: 20Ah   enabled, 11 bits, RTR allowed (0000020Ah)
  Type: FFh, event-driven (device profile)   Event timer: off
  Map count: 6   Total bits: 64 (8 bytes)
  Entries:
    at   bytes  object    name                        type        bits  scale    raw
    0.0  0      2FFAh:01  Zero-Filling.ZeroRxFilling  UNSIGNED8   8              2FFA0108h
    1.0  1      6081h:00  Battery State of Charge     UNSIGNED8   8     1 %      60810008h
    2.0  2      4201h:00  External Override 0         UNSIGNED8   8              42010008h
    3.0  3-4    2276h:00  Voltage Request U16 Q8      UNSIGNED16  16    1/256 V  22760010h
    5.0  5-6    6070h:00  Charge Current Requested    UNSIGNED16  16    1/16 A   60700010h
    7.0  7      6000h:00  Battery Status              UNSIGNED8   8              60000008h"""


def test_the_rpdo_of_the_notes(dictionary: Dictionary) -> None:
    assert block(eds_reading(dictionary, 10), "RPDO1") == NOTES


def test_duplicates_are_kept(dictionary: Dictionary) -> None:
    rows = entries(eds_reading(dictionary, 10), "RPDO2")
    assert [row[:4] for row in rows[:2]] == [
        ["0.0", "0", "2FFAh:01", "Zero-Filling.ZeroRxFilling"],
        ["1.0", "1", "2FFAh:01", "Zero-Filling.ZeroRxFilling #2"],
    ]


def test_what_does_not_fill_bytes_has_its_bits() -> None:
    # BOOLEAN, a filler of 8 bits, an object of no bits, one mapped too short, one that nobody knows.
    told = pdo(
        TPDO, 1, "85 01 00 40", "01 00 04 20", "08 00 05 00", "00 00 00 20", "0C 00 01 20", "03 07 FF 5F"
    )
    assert entries(reading(told, [(TPDO, 1)]), "TPDO1") == [
        ["0.0", "0.0-0.0", "2004h:00", "Switch", "BOOLEAN", "1", "20040001h"],
        ["0.1", "0.1-1.0", "0005h:00", "Dummy0005", "UNSIGNED8", "8", "00050008h", "filler: its bits mean nothing"],
        ["1.1", "-", "2000h:00", "Flags", "UNSIGNED8", "0", "20000000h", "mapped with 0 bits, and the object has 8"],
        ["1.1", "1.1-2.4", "2001h:00", "Speed", "INTEGER16", "12", "0.1 rpm", "2001000Ch",
         "mapped with 12 bits, and the object has 16"],
        ["2.5", "2.5-2.7", "5FFFh:07", "(unknown)", "?", "3", "5FFF0703h", "the EDS does not know this object"],
    ]  # fmt: skip


def test_a_string_has_no_length_of_its_own() -> None:
    told = pdo(TPDO, 1, "85 01 00 00", "10 00 05 20")
    assert entries(reading(told, [(TPDO, 1)]), "TPDO1")[0][-1] == (
        "mapped with 16 bits, and the object has no fixed length"
    )


def test_timers_and_flags_of_a_tpdo() -> None:
    timers = {(0x1801, 3): "0F 00", (0x1801, 5): "F4 01", (0x1801, 6): "03"}
    told = {**pdo(TPDO, 2, "85 02 00 C0", transmission="0A"), **timers}
    assert block(reading(told, [(TPDO, 2)]), "TPDO2").splitlines()[2:] == [
        "  COB-ID: 285h   disabled, 11 bits, no RTR (C0000285h)",
        "  Type: 0Ah, on every 10th SYNC   Inhibit time: 1.5 ms   Event timer: 500 ms   SYNC start value: 3",
        "  Map count: 0   Total bits: 0 (0 bytes)",
    ]


def test_a_29_bit_cob_id_is_shown_whole() -> None:
    lines = block(reading(pdo(RPDO, 1, "85 02 00 20"), [(RPDO, 1)]), "RPDO1").splitlines()
    assert lines[0] == "RPDO1:  (incomplete)"
    assert lines[2] == "  COB-ID: 00000285h   enabled, 29 bits, RTR allowed (20000285h)"
    assert lines[-1] == "  Problem: 29-bit COB-ID 00000285h is not supported"


def test_more_than_a_frame_holds_is_said() -> None:
    told = pdo(RPDO, 1, "05 02 00 00", *(["20 00 02 20"] * 3))
    assert "Total bits: 96 (12 bytes, more than a frame holds)" in block(reading(told, [(RPDO, 1)]), "RPDO1")


def test_what_could_not_be_read_hides_nothing() -> None:
    told = {
        **pdo(RPDO, 1, "05 02 00 00", "08 00 00 20", "00 00 00 00", "10 00 01 20", "20 00 02 20"),
        (0x1600, 2): None,
        (0x1600, 4): "08",
    }
    found = reading(told, [(RPDO, 1), (RPDO, 2)])
    assert block(found, "RPDO1").splitlines()[4:] == [
        "  Map count: 4   Total bits: 8 (1 byte) as far as known",
        "  Entries:",
        "    at   bytes  object    name   type       bits  scale  raw",
        "    0.0  0      2000h:00  Flags  UNSIGNED8  8            20000008h",
        "  Further: slot 3 holds 20010010h, its place is not known",
        "  Further: slot 4 holds 08h, its place is not known",
        "  Problem: 1600h:02 (mapped object) is not known",
    ]
    assert block(found, "RPDO2").splitlines()[2:5] == [
        "  COB-ID: not known   not known",
        "  Type: not known   Event timer: not there",
        "  Map count: not known   Total bits: 0 (0 bytes)",
    ]
    assert text_of(found).splitlines()[-2:] == ["node 5: 2 PDOs, 1 enabled", "Incomplete: RPDO1 to RPDO2"]


def test_the_device_as_a_whole() -> None:
    found = replace(
        reading(pdo(RPDO, 9, "05 02 00 00"), [(RPDO, 9)]),
        absent=("RPDO3", "RPDO4", "RPDO6", "TPDO7", "TPDO8"),
        beyond=("RPDO9",),
        problems=("whether it has TPDO9 is not known: not answered",),
    )
    lines = text_of(found).splitlines()
    assert lines[0] == "RPDO9:  (not in the EDS)"
    assert lines[-3:] == [
        "node 5: 1 PDO, 1 enabled",
        "In the EDS, and not in the device: RPDO3 to RPDO4, RPDO6, TPDO7 to TPDO8",
        "Not known: whether it has TPDO9 is not known: not answered",
    ]


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        (TPDO, 0, "on SYNC, after an event"),
        (TPDO, 1, "on every SYNC"),
        (TPDO, 240, "on every 240th SYNC"),
        (TPDO, 241, "reserved"),
        (TPDO, 251, "reserved"),
        (TPDO, 252, "on RTR alone, sampled at SYNC"),
        (TPDO, 253, "on RTR alone"),
        (TPDO, 254, "event-driven (manufacturer's rule)"),
        (RPDO, 0, "takes effect at the next SYNC"),
        (RPDO, 240, "takes effect at the next SYNC"),
        (RPDO, 253, "reserved"),
        (RPDO, 255, "event-driven (device profile)"),
        (RPDO, None, "not known"),
    ],
)
def test_transmission_types(kind: PdoKind, raw: int | None, said: str) -> None:
    assert words.transmission(kind, raw) == said


# --- JSON -------------------------------------------------------------------------------------------------


def test_json_has_every_word(dictionary: Dictionary) -> None:
    made: dict[str, Any] = json.loads(json_of(eds_reading(dictionary, 10)))
    assert (made["schema"], made["node"], made["source"]) == ("deltaq.pdo-dump/1", 10, "EDS defaults")
    assert (made["complete"], len(made["pdos"])) == (True, 16)
    first = made["pdos"][0]
    slots = first.pop("slots")
    assert first == {
        "name": "RPDO1",
        "kind": "RPDO",
        "number": 1,
        "communication_index": "1400h",
        "mapping_index": "1600h",
        "in_eds": True,
        "complete": True,
        "problems": [],
        "cob_word": 0x20A,
        "cob_id": 0x20A,
        "enabled": True,
        "rtr_allowed": True,
        "extended": False,
        "transmission": 255,
        "transmission_words": "event-driven (device profile)",
        "inhibit_100us": None,
        "event_timer_ms": 0,
        "sync_start": None,
        "count": 6,
        "words": [0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008],
        "bits": 64,
        "bytes": 8,
        "parameters": {
            "1400h:01": "0A020000",
            "1400h:02": "FF",
            "1400h:05": "0000",
            "1600h:00": "06",
            "1600h:01": "0801FA2F",
            "1600h:02": "08008160",
            "1600h:03": "08000142",
            "1600h:04": "10007622",
            "1600h:05": "10007060",
            "1600h:06": "08000060",
        },
    }
    assert slots[3] == {
        "position": 3,
        "object": "2276h:00",
        "word": 0x22760010,
        "name": "Voltage Request U16 Q8",
        "known": True,
        "occurrence": 1,
        "type": "UNSIGNED16",
        "signed": False,
        "bits": 16,
        "first_bit": 24,
        "byte": 3,
        "bit": 0,
        "opaque": False,
        "factor": 1 / 256,
        "unit": "V",
        "remark": "",
    }


def test_json_says_what_is_not_known() -> None:
    told = {**pdo(TPDO, 1, "", "03 07 FF 5F"), (0x1800, 1): None}
    made: dict[str, Any] = document(replace(reading(told, [(TPDO, 1)]), beyond=("TPDO1",), absent=("RPDO1",)))
    assert (made["complete"], made["absent"]) == (False, ["RPDO1"])
    first = made["pdos"][0]
    assert (first["in_eds"], first["complete"]) == (False, False)
    assert first["problems"] == ["1800h:01 (COB-ID) is not known"]
    asked = [first[key] for key in ("cob_word", "cob_id", "enabled", "rtr_allowed", "extended")]
    assert asked == [None] * 5
    assert first["parameters"]["1800h:01"] is None
    slot = first["slots"][0]
    assert [slot[key] for key in ("known", "name", "type", "signed", "factor", "unit")] == [
        False,
        *[None] * 5,
    ]
    assert (slot["object"], slot["word"], slot["opaque"]) == ("5FFFh:07", 0x5FFF0703, True)
