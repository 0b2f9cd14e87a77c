"""The audit against a DBC: text typed by hand, and the one that the dump writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.audit.dbc import dbc_of
from deltaq_master.audit.dbc_wanted import Dbc, read_dbc
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.pdo_reading import eds_reading
from deltaq_master.errors import FileError
from tests.unit.audit.looking import report

Read = Callable[[str], Dbc]

RPDO1 = (
    'SG_ Fill : 0|8@1+ (1,0) [0|0] "" Node10',
    'SG_ Soc : 8|8@1+ (1,0) [0|100] "%" Node10',
    'SG_ Override : 16|8@1+ (1,0) [0|0] "" Node10',
    'SG_ Voltage : 24|16@1+ (0.00390625,0) [0|85] "V" Node10',
    'SG_ Current : 40|16@1+ (0.0625,0) [0|25] "A" Node10',
    'SG_ Ready : 56|1@1+ (1,0) [0|1] "" Node10',
)
OTHERS = """
BO_ 778 RPDO2: 8 Master
 SG_ Temperature : 48|16@1- (0.125,0) [0|0] "degC" Node10

BO_ 394 TPDO1: 8 Node10

BO_ 650 TPDO2: 8 Node10

BO_ 906 TPDO3: 8 Node10

BO_ 651 Another_nodes_TPDO2: 3 Master

BO_ 2566849546 A_frame_of_29_bits: 8 Master

BO_ 1802 Heartbeat: 1 Node10
"""


def dbc_text(*signals: str, length: int = 8, others: str = OTHERS) -> str:
    body = "\n".join(f" {signal}" for signal in signals)
    return f'VERSION ""\n\nNS_ :\n\nBS_:\n\nBU_: Master Node10\n\nBO_ 522 RPDO1: {length} Master\n{body}\n{others}'


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Dbc]:
    def reading(text: str) -> Dbc:
        path = tmp_path / "bus.dbc"
        path.write_text(text, encoding="cp1252")
        return read_dbc(path)

    return reading


def found(dictionary: Dictionary, dbc: Dbc) -> list[tuple[str, str, str, str]]:
    """Place, object, expected and found of the findings against the DBC."""
    findings = report(dictionary, dbc=dbc).findings
    return [(f.place, f.object, f.expected, f.found) for f in findings if f.rule == "differs-from-dbc"]


def test_a_dbc_that_fits(dictionary: Dictionary, read: Read) -> None:
    dbc = read(dbc_text(*RPDO1))
    assert found(dictionary, dbc) == []
    assert report(dictionary, dbc=dbc).compared[1] == "DBC bus.dbc"


def test_the_dbc_of_our_own_dump_fits(dictionary: Dictionary, read: Read) -> None:
    assert found(dictionary, read(dbc_of(eds_reading(dictionary, 10)))) == []


CASES = {
    "another factor": (
        'SG_ Voltage : 24|16@1+ (0.0009765625,0) [0|0] "V" Node10',
        ("RPDO1 slot 4", "1600h:04", "factor 0.0009765625 (Voltage)", "factor 0.00390625"),
    ),
    "an offset": (
        'SG_ Soc : 8|8@1+ (1,-40) [0|0] "%" Node10',
        ("RPDO1 slot 2", "1600h:02", "factor 1, offset -40 (Soc)", "factor 1"),
    ),
    "another sign": (
        'SG_ Current : 40|16@1- (0.0625,0) [0|0] "A" Node10',
        ("RPDO1 slot 5", "1600h:05", "signed (Current)", "UNSIGNED16, unsigned"),
    ),
    "another unit": (
        'SG_ Current : 40|16@1+ (0.0625,0) [0|0] "mA" Node10',
        ("RPDO1 slot 5", "1600h:05", "unit mA (Current)", "unit A"),
    ),
    "over the edge of a slot": (
        'SG_ Voltage : 16|16@1+ (1,0) [0|0] "" Node10',
        ("RPDO1", "1600h:00", "bits 16 to 31 (Voltage)", "no slot that holds them all"),
    ),
    "Motorola's order": (
        'SG_ Voltage : 31|16@0+ (0.00390625,0) [0|0] "V" Node10',
        ("RPDO1", "1600h:00", "Motorola byte order (Voltage)", "Intel's, as in every PDO"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_signal_that_is_not_its_slot(case: str, dictionary: Dictionary, read: Read) -> None:
    signal, expected = CASES[case]
    assert found(dictionary, read(dbc_text(signal))) == [expected]


def test_signals_about_which_nothing_can_be_said(dictionary: Dictionary, read: Read) -> None:
    bits = ('SG_ Bit : 15|1@0+ (1,0) [0|0] "" Node10', 'SG_ Half : 8|4@1+ (7,3) [0|0] "x" Node10')
    multiplexed = (
        'SG_ Which M : 0|8@1+ (2,0) [0|0] "" Node10',
        'SG_ That m1 : 24|16@1+ (9,0) [0|0] "" Node10',
    )
    for signals in (bits, multiplexed, ('SG_ Celsius : 8|8@1+ (1,0) [0|0] "percent" Node10',)):
        assert found(dictionary, read(dbc_text(*signals))) == []


def test_a_float_is_not_an_integer(dictionary: Dictionary, read: Read) -> None:
    others = OTHERS + "\nSIG_VALTYPE_ 522 Volts : 1;\n"
    text = dbc_text('SG_ Volts : 24|32@1- (1,0) [0|0] "V" Node10', others=others)
    changes = {"1600:04": "20 00 79 22", "1600:05": "08 00 00 60", "1600:00": "05"}  # 2279h, REAL32
    fits = report(dictionary, changes, dbc=read(text))
    assert not [each for each in fits.findings if each.rule == "differs-from-dbc"]
    integer = report(dictionary, changes, dbc=read(dbc_text('SG_ Volts : 24|32@1- (1,0) [0|0] "V" Node10')))
    (finding,) = [each for each in integer.findings if each.rule == "differs-from-dbc"]
    assert (finding.expected, finding.found) == ("an integer (Volts)", "REAL32")


def test_another_length(dictionary: Dictionary, read: Read) -> None:
    assert found(dictionary, read(dbc_text(length=7))) == [("RPDO1", "1600h:00", "7 byte (RPDO1)", "8 byte")]


def test_frames_that_are_in_one_of_both_only(dictionary: Dictionary, read: Read) -> None:
    text = dbc_text(others=OTHERS.replace("BO_ 650 TPDO2", "BO_ 1162 TPDO4").replace("BO_ 906", "BO_ 1034"))
    assert found(dictionary, read(text)) == [
        ("1400h:00", "1400h:00", "40Ah, TPDO3", "no enabled PDO"),
        ("1800h:00", "1800h:00", "48Ah, TPDO4", "no enabled PDO"),
        ("TPDO2", "1801h:01", "a frame in bus.dbc", "28Ah is not in it"),
        ("TPDO3", "1802h:01", "a frame in bus.dbc", "38Ah is not in it"),
    ]


@pytest.mark.parametrize("data", [b"\x81\x8d", b"BO_ what is this", b"\x00\x01"])
def test_what_is_no_dbc(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bus.dbc"
    path.write_bytes(data)
    with pytest.raises(FileError, match=r"bus\.dbc"):
        read_dbc(path)


def test_a_dbc_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_dbc(tmp_path / "none.dbc")
