"""`deltaq pdo dump` through its door: the simulated charger, a device that is none, and files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cantools
import pytest
from cantools.database import can

from deltaq_master.cli import main
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.mapping import assemble, defaults
from deltaq_master.dictionary.pdo_reading import PdoReading
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.pdo import finding as pdo_finding
from deltaq_master.link.sdo.client import SdoClient
from tests.rig.test_cli_charge import bench, tap
from tests.rig.test_cli_objects import Seen, seen

__all__ = ["bench", "seen", "tap"]
"""Fixtures of other modules, used here."""

Text = pytest.CaptureFixture[str]
SIM = ("-i", "sim")
BENCH = ("-i", "sim", "-c", "bench")

RPDO1 = [
    ("0.0", "0", "2FFAh:01", "Zero-Filling.ZeroRxFilling"),
    ("1.0", "1", "6081h:00", "Battery State of Charge"),
    ("2.0", "2", "4201h:00", "External Override 0"),
    ("3.0", "3-4", "2276h:00", "Voltage Request U16 Q8"),
    ("5.0", "5-6", "6070h:00", "Charge Current Requested"),
    ("7.0", "7", "6000h:00", "Battery Status"),
]
RPDO2 = [
    ("0.0", "0", "2FFAh:01", "Zero-Filling.ZeroRxFilling"),
    ("1.0", "1", "2FFAh:01", "Zero-Filling.ZeroRxFilling #2"),
    ("2.0", "2-3", "2002h:00", "Charging Current"),
    ("4.0", "4-5", "2101h:00", "Battery Voltage Q8.8"),
    ("6.0", "6-7", "6010h:00", "Temperature"),
]
"""The mapping of the user's notes: place, bytes, object and name of every slot."""


def rows(text: str, name: str) -> list[tuple[str, ...]]:
    """The first four cells of each slot of a PDO in the table."""
    lines = text.partition(f"{name}:\n")[2].partition("\n\n")[0].partition("Entries:\n")[2].splitlines()
    cells = ([cell.strip() for cell in line.split("  ") if cell] for line in lines[1:])
    return [tuple(each[:4]) for each in cells]


# --- the charger ------------------------------------------------------------------------------------------


def test_every_slot_of_the_notes_is_at_its_true_place(seen: Seen, capsys: Text) -> None:
    assert main([*BENCH, "pdo", "dump"]) == 0
    out = capsys.readouterr().out
    assert rows(out, "RPDO1") == RPDO1
    assert rows(out, "RPDO2") == RPDO2
    assert out.splitlines()[-1] == "node 10: 16 PDOs, 5 enabled"
    assert seen.frames()
    assert seen.reads_alone()


def test_the_same_as_json(capsys: Text) -> None:
    assert main(["--json", *BENCH, "pdo", "dump"]) == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (made["schema"], made["source"], made["complete"]) == ("deltaq.pdo-dump/1", "node 10", True)
    places = {
        pdo["name"]: [(slot["object"], slot["byte"], slot["bit"], slot["bits"]) for slot in pdo["slots"]]
        for pdo in made["pdos"]
    }
    assert places["RPDO1"] == [
        ("2FFAh:01", 0, 0, 8),
        ("6081h:00", 1, 0, 8),
        ("4201h:00", 2, 0, 8),
        ("2276h:00", 3, 0, 16),
        ("6070h:00", 5, 0, 16),
        ("6000h:00", 7, 0, 8),
    ]
    assert places["RPDO2"] == [
        ("2FFAh:01", 0, 0, 8),
        ("2FFAh:01", 1, 0, 8),
        ("2002h:00", 2, 0, 16),
        ("2101h:00", 4, 0, 16),
        ("6010h:00", 6, 0, 16),
    ]


def test_the_device_counts_and_not_its_eds(capsys: Text) -> None:
    assert main([*SIM, "--sim", "fault=wrong-mapping:ennoid", "pdo", "dump"]) == 0
    assert ("0.0", "0-1", "6070h:00", "Charge Current Requested") in rows(capsys.readouterr().out, "RPDO3")
    assert main([*SIM, "--sim", "fault=wrong-mapping:ennoid", "pdo", "dump", "--eds-defaults"]) == 0
    assert rows(capsys.readouterr().out, "RPDO1") == RPDO1


def test_all_numbers_are_asked_for(seen: Seen, capsys: Text) -> None:
    assert main([*BENCH, "pdo", "dump", "--all"]) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("node 10: 16 PDOs, 5 enabled\n")
    assert [line for line in captured.err.splitlines() if "512" in line][:2] == [
        "note: RPDO64 of 512",
        "note: RPDO128 of 512",
    ]
    asked = {int.from_bytes(data[1:3], "little") for _, data in seen.frames()}
    assert {*range(0x1400, 0x1600), *range(0x1800, 0x1A00)} <= asked
    assert seen.reads_alone()


# --- what fails -------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of a test."""
    monkeypatch.setattr(SdoClient, "RESPONSE_TIMEOUT", 0.3)
    monkeypatch.setattr(pdo_finding, "HEARTBEAT_WAIT", 0.05)


@pytest.mark.usefixtures("hasty")
def test_a_pdo_that_is_not_answered_hides_no_other(capsys: Text) -> None:
    assert main([*SIM, "--sim", "fault=sdo-dead:0x1401", "pdo", "dump"]) == 4
    captured = capsys.readouterr()
    assert rows(captured.out, "RPDO1") == RPDO1
    assert "RPDO2:  (incomplete)" in captured.out
    assert "TPDO8:\n" in captured.out
    assert captured.err.splitlines()[0].startswith(
        "deltaq: RPDO2 is incomplete: 1401h:01 (COB-ID) is not known: not answered"
    )
    assert captured.out.splitlines()[-1] == "Incomplete: RPDO2"


@pytest.mark.usefixtures("hasty")
def test_a_device_that_is_not_there(capsys: Text) -> None:
    assert main([*BENCH, "-n", "11", "pdo", "dump"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("deltaq: node 11: it answers no SDO request and sends no heartbeat")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pdo", "dump", "--all", "--eds-defaults"), "--all asks the device, and --eds-defaults does not"),
        (("pdo", "dump", "--dcf", "-", "--dbc", "-"), "stdout can hold one form only"),
        (("--json", "pdo", "dump", "--dbc", "-"), "stdout can hold one form only"),
    ],
)
def test_words_that_do_not_go_together(words: tuple[str, ...], said: str, capsys: Text) -> None:
    assert main(list(words)) == 2
    assert said in capsys.readouterr().err


# --- files ------------------------------------------------------------------------------------------------


def test_files_instead_of_the_table(tmp_path: Path, capsys: Text) -> None:
    dcf, dbc = tmp_path / "found.dcf", tmp_path / "charger.dbc"
    assert main([*BENCH, "pdo", "dump", "--dcf", str(dcf), "--dbc", str(dbc)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "note: not in the DBC: RPDO3 to RPDO8, TPDO4 to TPDO8: disabled\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["charger.dbc", "found.dcf"]

    database = cantools.database.load_file(dbc, strict=True)
    assert isinstance(database, can.Database)
    decoded = database.decode_message(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"))
    assert isinstance(decoded, dict)
    assert decoded["Battery_Voltage_Q8_8"] == pytest.approx(78.273, abs=0.0005)
    assert str(decoded["Override"]) == "remote"
    assert database.get_message_by_name("RPDO2_node10").get_signal_by_name("Temperature").unit == "°C"


def test_a_dcf_holds_what_the_device_holds(tmp_path: Path) -> None:
    dcf = tmp_path / "found.dcf"
    assert main([*SIM, "--sim", "fault=wrong-mapping:ennoid", "pdo", "dump", "--dcf", str(dcf)]) == 0
    held = defaults(load(dcf, 10))
    third = held.rpdo(3)
    assert (third.cob_word, third.words) == (0x40A, (0x60700010, 0x60000008, 0x22710020))
    # The values of the parameters are there, those of nothing else.
    assert "ParameterValue=0x60700010" in dcf.read_text(encoding="utf-8")
    assert load(dcf, 10)[Address(0x1017)].default == load(eds_path(), 10)[Address(0x1017)].default


def test_a_value_that_no_dcf_can_hold_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    dictionary = load(eds_path(), 10)
    values = {Address(0x1400, 1): b"\x0a\x02\x00\x00", Address(0x1400, 5): b"\x00", Address(0x1401, 1): None}
    monkeypatch.setattr(
        pdo_finding,
        "read_pdos",
        lambda device: PdoReading(10, assemble(dictionary, values, "node 10"), values),
    )
    dcf = tmp_path / "found.dcf"
    assert main([*SIM, "pdo", "dump", "--dcf", str(dcf)]) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("note: not in the DCF: 1400h:05 ")
    assert dcf.read_text(encoding="utf-8").count("ParameterValue=") == 1


def test_a_file_on_stdout(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["pdo", "dump", "--eds-defaults", "--dbc", "-"]) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b'VERSION ""\n')
    assert '"°C"'.encode("cp1252") in out


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: Text) -> None:
    path = tmp_path / "none" / "x.dbc"
    assert main(["pdo", "dump", "--eds-defaults", "--dbc", str(path)]) == 2
    assert "x.dbc: cannot be written: No such file or directory" in capsys.readouterr().err


# --- a device that is no charger ------------------------------------------------------------------------------

HEAD = """\
[DeviceInfo]
VendorName=Example
[1000]
ParameterName=Device type
ObjectType=7
DataType=7
AccessType=ro
DefaultValue=0x00030191
"""
INPUTS = """\
[6000]
ParameterName=Read input 8-bit
ObjectType=8
[6000sub0]
ParameterName=Number of inputs
DataType=5
AccessType=ro
DefaultValue=2
[6000sub1]
ParameterName=Input 1-8
DataType=5
AccessType=ro
PDOMapping=1
[6000sub2]
ParameterName=Input 9-16
DataType=5
AccessType=ro
PDOMapping=1
"""


def pdo(number: int, cob_id: str, *mapped: str) -> str:
    """One TPDO of an EDS."""
    communication, mapping = f"{0x1800 + number - 1:04X}", f"{0x1A00 + number - 1:04X}"
    subs = [("0", "5", str(len(mapped))), *((f"{sub:X}", "7", word) for sub, word in enumerate(mapped, 1))]
    text = f"[{communication}]\nParameterName=TPDO\nObjectType=9\n"
    for sub, kind, value in (("0", "5", "2"), ("1", "7", cob_id), ("2", "5", "0xFF")):
        text += f"[{communication}sub{sub}]\nParameterName=Sub {sub}\nDataType={kind}\nAccessType=rw\n"
        text += f"DefaultValue={value}\n"
    text += f"[{mapping}]\nParameterName=TPDO mapping\nObjectType=9\n"
    for sub, kind, value in subs:
        text += f"[{mapping}sub{sub}]\nParameterName=Slot {sub}\nDataType={kind}\nAccessType=rw\n"
        text += f"DefaultValue={value}\n"
    return text


ASK = """
import sys
from deltaq_master.cli import main
code = main(sys.argv[1:])
loaded = sorted(name for name in sys.modules if name.startswith("deltaq_master.charger"))
print(*loaded, file=sys.stderr)
sys.exit(code)
"""


SECOND = ("1801h:01", "1801h:02", "1A01h:00", "1A01h:01", "1A01h:02")
"""Parameters of TPDO2."""


def test_any_device_and_no_code_of_the_charger(tmp_path: Path) -> None:
    known, whole = tmp_path / "known.eds", tmp_path / "whole.eds"
    first = pdo(1, "$NODEID+0x180", "0x60000108", "0x60000208")
    known.write_text(HEAD + INPUTS + first, encoding="ascii")
    # The device has one more TPDO than its EDS says, and an object that the EDS does not know in it.
    whole.write_text(
        HEAD
        + INPUTS
        + first
        + pdo(2, "$NODEID+0x280", "0x60000108", "0x61000108")
        + INPUTS.replace("6000", "6100").replace("Read", "Further"),
        encoding="ascii",
    )
    dbc, dcf = tmp_path / "inputs.dbc", tmp_path / "inputs.dcf"
    words = ["--eds", str(known), "-n", "5", "-i", "sim", "--sim", f"device={whole}@5", "pdo", "dump"]
    shown, written = (
        subprocess.run(
            [sys.executable, "-c", ASK, *words, *more], capture_output=True, text=True, check=False
        )
        for more in ((), ("--dbc", str(dbc), "--dcf", str(dcf)))
    )
    assert (shown.returncode, shown.stderr) == (0, "\n")
    assert rows(shown.stdout, "TPDO1") == [
        ("0.0", "0", "6000h:01", "Read input 8-bit.Input 1-8"),
        ("1.0", "1", "6000h:02", "Read input 8-bit.Input 9-16"),
    ]
    assert "TPDO2:  (not in the EDS)" in shown.stdout
    assert "6100h:01  (unknown)" in shown.stdout
    assert written.returncode == 0
    # A DCF is for the objects of its EDS.
    assert written.stderr.splitlines() == [
        *(f"note: not in the DCF: {each}, which the EDS does not have" for each in SECOND),
        "",
    ]
    assert [record.name for record in defaults(load(dcf, 5)).records] == ["TPDO1"]
    database = cantools.database.load_file(dbc, strict=True)
    assert isinstance(database, can.Database)
    assert database.decode_message("TPDO2_node5", b"\x05\x07") == {
        "Read_input_8_bit_Input_1_8": 5,
        "Object_6100h_01": 7,
    }
