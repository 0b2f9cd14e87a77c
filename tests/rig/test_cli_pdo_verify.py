"""`deltaq pdo verify` through its door, against the simulated charger and a device that is none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import can
import pytest
from lxml import etree

from deltaq_master.cli import main, pdo_verify_run
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.observation import Observation
from tests.rig.test_cli_charge import Tap, tap

__all__ = ["tap"]
"""A fixture of another module, used here."""

Text = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
VERIFY = ("-i", "sim", "pdo", "verify")
NOTES = [
    ("no-event-timer", "warning", "RPDO1", None, "1400h:05"),
    ("wrong-direction", "warning", "RPDO2", 3, "1601h:03"),
    ("wrong-direction", "warning", "RPDO2", 4, "1601h:04"),
    ("duplicate-slot", "info", "RPDO2", 2, "1601h:02"),
]
CIA401 = ("--eds", "tests/eds/cia401.eds", "-n", "20", "-i", "sim", "--sim", "charger=no")


def verify(capsys: Text, *words: str, faults: str = "", before: tuple[str, ...] = ("-i", "sim")) -> Any:
    """The exit code, and the report as JSON."""
    sim = ("--sim", f"fault={faults}") if faults else ()
    code = main(["--json", *before, *sim, "pdo", "verify", *words])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out else captured.err


def rows(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("rule", "severity", "pdo", "slot", "object")
    return [tuple(finding[key] for key in keys) for finding in report["findings"]]


def test_the_mapping_of_the_notes(capsys: Text) -> None:
    code, report = verify(capsys)
    assert rows(report) == NOTES
    assert (code, report["complete"], report["schema"]) == (1, True, "deltaq.pdo-audit/1")
    assert report["device"]["name"] == "ICL1500-85"
    # The frames as they were on the bus: 1601h:03 = 20020010h.
    assert report["findings"][1]["evidence"] == ["60A#40.01.16.03.00.00.00.00", "58A#43.01.16.03.10.00.02.20"]


def test_the_table_is_for_people(capsys: Text) -> None:
    assert main([*VERIFY]) == 1
    out = capsys.readouterr().out
    assert "warning   wrong-direction: RPDO2 slot 3, 1601h:03" in out
    assert out.rstrip().endswith("Node 10 (ICL1500-85) has 3 warnings and 1 remark.")


def test_it_is_reads_alone(tap: Callable[..., Tap], capsys: Text) -> None:
    wire = tap()
    assert main(["-i", "sim", "-c", wire.channel, "pdo", "verify"]) == 1
    ours = wire.ours()
    assert ours
    assert all(frame.arbitration_id == 0x60A and frame.data[0] in (0x40, 0x60, 0x70) for frame in ours)


def test_an_operational_charger_is_held_against_its_tpdos(tap: Callable[..., Tap], capsys: Text) -> None:
    wire = tap()
    started = threading.Event()
    start = can.Message(arbitration_id=0x000, data=b"\x01\x0a", is_extended_id=False)
    wire.when(lambda frame: frame.arbitration_id == 0x18A, started.set)
    while not started.wait(0.1):
        wire.bus.send(start)
    code, report = verify(capsys, before=("-i", "sim", "-c", wire.channel))
    assert (code, rows(report), report["notes"]) == (1, NOTES, [])
    assert report["device"]["state"] == "operational"


# --- bits turned over -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("value:0x1600:02=0x60810009", ("bit-length", "error", "RPDO1", 2, "1600h:02")),
        ("value:0x1601:03=0x20030010", ("unknown-object", "error", "RPDO2", 3, "1601h:03")),
        ("value:0x1800:01=0x8000018A", ("disabled", "warning", "TPDO1", None, "1800h:01")),
        ("value:0x1800:02=0xFE", ("differs-from-eds", "warning", "TPDO1", None, "1800h:02")),
        ("value:0x1607:08=0x1", ("differs-from-eds", "warning", "RPDO8", 8, "1607h:08")),
        ("value:0x1402:05=0x8000", ("differs-from-eds", "warning", "RPDO3", None, "1402h:05")),
        # Read twice, and wrong twice: 71 V x 256 in an object of 1/1024 V.
        ("value:0x6060=18176", ("scale-contradicted", "warning", None, None, "6060h:00")),
        ("value:0x1016:01=0x107D1", ("watchdog-off", "warning", None, None, "1016h:01")),
    ],
)
def test_a_bit_turned_over(fault: str, expected: tuple[Any, ...], capsys: Text) -> None:
    code, report = verify(capsys, faults=fault)
    assert code == 1
    assert expected in rows(report)


def test_a_value_that_moved_is_looked_at_again(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    looks: list[Observation] = []

    def moving(*words: Any) -> Observation:
        seen = look(*words)
        looks.append(seen)
        moved = {} if len(looks) > 1 else {Address(0x2103): b"\xc6\x02"}
        return replace(seen, values={**seen.values, **moved})

    look = pdo_verify_run.look
    monkeypatch.setattr(pdo_verify_run, "look", moving)
    code, report = verify(capsys)
    assert (code, rows(report), len(looks)) == (1, NOTES, 2)


# --- incomplete is never clean ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "sdo-abort",
        "sdo-abort:0x06020000",
        "sdo-dead:0x1601",
        "sdo-dead:0x1000",
        "no-object:0x1601",
        "no-object:0x1400",
        "no-object:0x1000",
    ],
)
def test_a_device_that_says_a_part_only(fault: str, capsys: Text, tmp_path: Path) -> None:
    junit, sarif = tmp_path / "audit.xml", tmp_path / "audit.sarif"
    code, report = verify(
        capsys, "--junit", str(junit), "--sarif", str(sarif), "--level", "error", faults=fault
    )
    assert code == 4
    assert (report["complete"], report["clean"]) == (False, False)
    assert report["incomplete"]
    assert etree.parse(junit).xpath("//testcase[@name='complete']/error")
    assert json.loads(sarif.read_text())["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_a_device_that_is_heard_and_does_not_answer(tap: Callable[..., Tap], capsys: Text) -> None:
    # Node 11 sends heartbeats, and nothing answers its SDO requests.
    wire = tap()
    beat = can.Message(arbitration_id=0x70B, data=b"\x7f", is_extended_id=False)
    wire.when(lambda frame: frame.arbitration_id == 0x60B, lambda: wire.bus.send(beat))
    code, report = verify(capsys, before=("-i", "sim", "-c", wire.channel, "-n", "11"))
    assert (code, report["complete"]) == (4, False)


def test_nobody_is_there(capsys: Text, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    code, err = verify(capsys, "--html", str(page), faults="silence")
    assert code == 3
    assert "it answers no SDO request and sends no heartbeat" in err
    assert not page.exists()


# --- files ------------------------------------------------------------------------------------------------


def test_all_files_at_once(capsys: Text, tmp_path: Path) -> None:
    names = {form: str(tmp_path / f"audit.{form}") for form in ("junit", "sarif", "html")}
    words = [word for form, path in names.items() for word in (f"--{form}", path)]
    assert main([*VERIFY, *words]) == 1
    assert "3 warnings and 1 remark" in capsys.readouterr().out
    assert etree.parse(names["junit"]).xpath("count(//failure)") == 3
    results = json.loads(Path(names["sarif"]).read_text())["runs"][0]["results"]
    assert results[1]["locations"][0]["physicalLocation"]["region"]["startLine"] > 1
    assert "3 warnings and 1 remark" in Path(names["html"]).read_text()
    assert len(list(tmp_path.iterdir())) == 3


def test_one_form_to_stdout(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([*VERIFY, "--junit", "-"]) == 1
    assert etree.fromstring(capsysbinary.readouterr().out).tag == "testsuites"


@pytest.mark.parametrize(
    ("before", "words", "said"),
    [
        ((), ("--junit", "-", "--html", "-"), "stdout can hold one form only"),
        (("--json",), ("--sarif", "-"), "stdout can hold one form only"),
        ((), ("--junit", "x", "--sarif", "x"), "two reports have the same file"),
        ((), ("--html", "no/such/folder/x"), "no/such/folder is no folder"),
        ((), ("--baseline", "none.json"), "none.json: cannot be read"),
        ((), ("--dbc", "none.dbc"), "none.dbc: cannot be read"),
        ((), ("--profile", "none"), "none: is neither a file nor a shipped profile"),
        ((), ("--level", "grave"), "grave"),
    ],
)
def test_wrong_words(before: tuple[str, ...], words: tuple[str, ...], said: str, capsys: Text) -> None:
    assert main([*before, *VERIFY, *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_baseline_from_first_to_last(capsys: Text, tmp_path: Path) -> None:
    known = str(tmp_path / "known.json")
    assert main([*VERIFY, "--write-baseline", known]) == 0
    assert "4 findings are accepted" in capsys.readouterr().err
    code, report = verify(capsys, "--baseline", known)
    assert (code, report["findings"], len(report["accepted"])) == (0, [], 4)
    code, report = verify(capsys, "--baseline", known, faults="value:0x1400:05=500")
    assert code == 1
    assert rows(report) == [("differs-from-eds", "warning", "RPDO1", None, "1400h:05")]
    assert report["vanished"][0].startswith("no-event-timer, 1400h:05")
    assert verify(capsys, "--baseline", known, faults="sdo-dead:0x1801")[0] == 4


def test_an_incomplete_audit_is_no_baseline(capsys: Text, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    main(["-i", "sim", "--sim", "fault=sdo-dead:0x1801", "pdo", "verify", "--write-baseline", str(known)])
    assert not known.exists()
    assert "is not written: an incomplete audit is no baseline" in capsys.readouterr().err


def test_what_counts_is_chosen(capsys: Text) -> None:
    assert verify(capsys, "--level", "warning")[0] == 1
    assert verify(capsys, "--level", "error")[0] == 0


def test_a_profile_and_a_dbc(capsys: Text, tmp_path: Path) -> None:
    assert verify(capsys, "--profile", "icl1500-85")[1]["counts"] == {"error": 0, "warning": 3, "info": 1}
    code, report = verify(capsys, "--profile", "cia-419")
    assert {row[0] for row in rows(report)} >= {"differs-from-profile", "disabled"}
    dcf, dbc = str(tmp_path / "as-found.dcf"), str(tmp_path / "as-found.dbc")
    assert main(["-i", "sim", "pdo", "dump", "--dcf", dcf, "--dbc", dbc]) == 0
    capsys.readouterr()
    code, report = verify(capsys, "--profile", dcf, "--dbc", dbc)
    assert (code, rows(report)) == (1, NOTES)


def test_a_device_that_is_no_charger_needs_no_line_of_its_code() -> None:
    words = [*CIA401, "--sim", "device=tests/eds/cia401.eds@20", "pdo", "verify", "--html", "-"]
    code = (
        "import sys; from deltaq_master.cli import main; code = main(sys.argv[1:]);"
        "print(*[name for name in sys.modules if name.startswith('deltaq_master.charger')], file=sys.stderr);"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "is as it should be: no new finding." in done.stdout


def test_a_device_that_is_no_charger_and_not_as_its_eds_says(capsys: Text) -> None:
    device = ("--sim", "device=tests/eds/cia401.eds@20/value:0x1A00:01=0x3FFF0008")
    code, report = verify(capsys, before=(*CIA401, *device))
    assert (code, rows(report)) == (1, [("unknown-object", "error", "TPDO1", 1, "1A00h:01")])


def test_the_code_of_the_page_runs(capsys: Text) -> None:
    page = (ROOT / "docs" / "pdo-audit.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(code, {})  # the page's own lines
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Node 10 (ICL1500-85) has 3 warnings."
    assert out[1:] == [
        "warning duplicate-slot RPDO2 slot 2 2FFAh:01 in slots 1 and 2",
        "warning wrong-direction RPDO2 slot 3 access rwr (2002h:00)",
        "warning wrong-direction RPDO2 slot 4 access rwr (2101h:00)",
    ]
