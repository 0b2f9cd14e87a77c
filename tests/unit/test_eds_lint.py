"""The shipped EDS in the eyes of others: Lely's linter dcfchk, and plain canopen."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import canopen
import pytest

from tools import check_eds, object_dictionary

ROOT = Path(__file__).resolve().parents[2]
EDS = ROOT / "eds" / "ICL1500-85.eds"


def test_dcfchk_knows_nothing_against_it() -> None:
    assert check_eds.check(EDS) == []


@pytest.mark.parametrize(
    ("line", "instead", "found"),
    [
        ("AccessType=rwr", "AccessType=rwx", "invalid value for AccessType"),
        ("HighLimit=21760", "HighLimit=65536", "HighLimit overflow"),
        ("SubNumber=11", "SubNumber=12", "1 missing sub-object(s) for object 0x1003"),
        ("Unit=V", "Units=V", "invalid entry"),
        ("DefaultValue=-32768", "DefaultValue=0x8000", "DefaultValue overflow in [6010]"),
        ("Unit=degC", "Unit=°C", "not in ASCII"),
    ],
)
def test_check_eds_sees_a_spoilt_line(tmp_path: Path, line: str, instead: str, found: str) -> None:
    text = EDS.read_text(encoding="ascii")
    spoilt = tmp_path / "spoilt.eds"
    spoilt.write_text(text.replace(f"\n{line}\n", f"\n{instead}\n"), encoding="utf-8")
    assert any(found in problem for problem in check_eds.check(spoilt))


@pytest.fixture
def node(caplog: pytest.LogCaptureFixture) -> canopen.RemoteNode:
    """A plain RemoteNode of canopen from the EDS, on no bus, without a warning on the way."""
    caplog.set_level(logging.WARNING)
    node = canopen.Network().add_node(10, str(EDS))
    assert caplog.records == []
    return node


def test_canopen_loads_it_and_scales(node: Any) -> None:
    dictionary = node.object_dictionary
    assert len(dictionary) == 139
    assert dictionary["Battery Voltage Q8.8"].decode_phys(0x4E46) == 78.2734375
    assert dictionary["Voltage Request U16 Q8"].encode_phys(84.0) == 0x5400
    assert dictionary["Charge Current Requested"].encode_phys(10.0) == 0x00A0
    assert dictionary["Temperature"].encode_phys(25.0) == 200
    assert dictionary["Temperature"].unit == "degC"
    assert dictionary["Battery Status"].max == 1
    assert dictionary["Identity Object.Vendor Id"].default == 0x110
    assert dictionary[0x2051][1].default == -128


def test_canopen_builds_the_pdos_of_this_unit(node: Any) -> None:
    node.tpdo.read(from_od=True)
    node.rpdo.read(from_od=True)
    sent = [pdo for pdo in node.tpdo.values() if pdo.enabled]
    heard = [pdo for pdo in node.rpdo.values() if pdo.enabled]
    assert [pdo.cob_id for pdo in sent] == [0x18A, 0x28A, 0x38A]
    assert [pdo.cob_id for pdo in heard] == [0x20A, 0x30A]
    assert {len(pdo.data) for pdo in sent + heard} == {8}

    # 18Ah of the second recording: 7C 13 46 4E 70 00 00 00
    node.tpdo[1].data = bytearray.fromhex("7C13464E70000000")
    assert node.tpdo[1]["Charging Current"].phys == 19.484375
    assert node.tpdo[1]["Battery Voltage Q8.8"].phys == 78.2734375
    assert node.tpdo[1]["Extended Charge Status"].raw == 0x0070

    # 38Ah of the first one: 00 00 00 00 B1 07 FF 00
    node.tpdo[3].data = bytearray.fromhex("00000000B107FF00")
    assert node.tpdo[3]["AC Voltage"].phys == 123.0625
    assert node.tpdo[3]["Charger State of Charge"].raw == 255

    # 82.0 V, 10 A, 76 %, ready: 20A#00.4C.00.00.52.A0.00.01
    node.rpdo[1].data = bytearray.fromhex("004C000052A00001")
    assert node.rpdo[1]["Voltage Request U16 Q8"].phys == 82.0
    assert node.rpdo[1]["Charge Current Requested"].phys == 10.0
    assert node.rpdo[1]["Battery State of Charge"].raw == 76
    assert node.rpdo[1]["Battery Status"].raw == 1


def test_other_readers_of_eds_files_get_along_with_it() -> None:
    text = EDS.read_text(encoding="ascii")
    lines = text.splitlines()
    # CiA 306 has 255 characters to the line; readers cut values at a semicolon or at a hash sign.
    assert max(map(len, lines)) <= 255
    assert not [line for line in lines if not line.startswith(";") and re.search("[;#]", line)]
    assert not [line for line in lines if line != line.rstrip()]
    assert text.endswith("\n")


def test_the_page_in_docs_is_what_the_eds_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert object_dictionary.main(["--check"]) == 0
    assert object_dictionary.main(["--chek"]) == 2
    capsys.readouterr()

    page = tmp_path / "docs" / "object-dictionary.md"
    monkeypatch.setattr(object_dictionary, "PAGE", page)
    assert object_dictionary.main(["--check"]) == 1
    page.parent.mkdir()
    assert object_dictionary.main([]) == 0
    assert object_dictionary.main(["--check"]) == 0
    drifted = page.read_text(encoding="utf-8").replace("| 0 to 400 = 25 A |", "| 0 to 480 = 30 A |")
    page.write_text(drifted, encoding="utf-8")
    assert object_dictionary.main(["--check"]) == 1
    assert (
        capsys.readouterr().out.splitlines()
        == ["docs/object-dictionary.md is not what the EDS says: run python tools/object_dictionary.py"] * 2
    )


def test_the_page_has_all_that_the_eds_says() -> None:
    page = object_dictionary.page()
    assert (
        "| 2276h:00 | Voltage Request U16 Q8 | UNSIGNED16 | rww | yes |  | 1/256 V | 0 to 21760 = 85 V |  "
        "| [C] G, E31/E34, N, DBC, SPEC | Command object: voltage set-point," in page
    )
    assert "| 2005h:01 | Elapsed Time in Present Charge Cycle | UNSIGNED16 | ro | yes |  | 10 s |" in page
    assert "| 4208h:00 | Max Charger Voltage U16 Q8 | UNSIGNED16 | rww |  | 0 | 1/256 V " in page
    assert "| *never* | [C] G, E31/E34, SPEC | Never write: sets the charger's highest voltage" in page
    assert "- 1400h:05 [C] yet EMCY 8130h, number 20h, came 505.7 ms after the last RPDO1" in page
    assert "### RPDO1: $NODEID+0x200\n" in page
    assert "| 3-4 | 2276h:00 | Voltage Request U16 Q8 | 1/256 V |" in page
    assert "### TPDO1: $NODEID+0x180, every 200 ms\n" in page
    text = EDS.read_text(encoding="ascii")
    statements = re.findall(r"^; \[[CIU]\].*\n\[", text, re.MULTILINE)
    assert page.count("\n- ") > len(statements) > 150
    for index in re.findall(r"^\[([0-9A-F]{4})\]", text, re.MULTILINE):
        assert f"\n- {index}h [" in page
