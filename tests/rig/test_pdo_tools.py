"""tools/scan_pdos.py as an integrator runs it, and docs/pdo-maps.md as a run says it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import can
import pytest

from deltaq_master.link.pdo import finding as pdo_finding
from deltaq_master.link.sdo.client import SdoClient
from tools import pdo_comparison, scan_pdos

ROOT = Path(__file__).resolve().parents[2]
Text = pytest.CaptureFixture[str]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of a test."""
    monkeypatch.setattr(SdoClient, "RESPONSE_TIMEOUT", 0.3)
    monkeypatch.setattr(pdo_finding, "HEARTBEAT_WAIT", 0.05)


# --- scan_pdos ----------------------------------------------------------------------------------------------


def test_it_is_short() -> None:
    assert len((ROOT / "tools" / "scan_pdos.py").read_text(encoding="utf-8").splitlines()) <= 100


def test_it_runs_from_anywhere_without_the_command(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "scan_pdos.py"), "-i", "sim"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "3.0  3-4    2276h:00  Voltage Request U16 Q8      UNSIGNED16  16    1/256 V  22760010h"
        in done.stdout
    )
    assert "warning: wrong-direction: RPDO2 1601h:03" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Node 10 (ICL1500-85) has 3 warnings")


@pytest.mark.usefixtures("hasty")
def test_an_incomplete_device_is_never_clean(capsys: Text) -> None:
    with can.Bus(interface="deltaq_sim", channel="scan-dead", fault="sdo-dead:0x1401"):
        assert scan_pdos.main(["-i", "sim", "-c", "scan-dead"]) == 4
    assert "RPDO2:  (incomplete)" in capsys.readouterr().out


@pytest.mark.usefixtures("hasty")
def test_errors_have_their_exit_codes(tmp_path: Path, capsys: Text) -> None:
    assert scan_pdos.main(["-i", "sim", "-n", "12"]) == 3
    assert scan_pdos.main(["-i", "nothing", "-c", "x"]) == 2
    assert scan_pdos.main(["-i", "sim", "--eds", str(tmp_path / "none.eds")]) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith("scan_pdos: node 12: it answers no SDO request")
    assert len(err) == 3


def test_another_device_needs_no_code_of_the_charger(tmp_path: Path) -> None:
    eds = ROOT / "tests" / "eds" / "cia401.eds"
    code = (
        "import runpy, sys\n"
        "sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n    print(*[n for n in sys.modules if n.startswith('deltaq_master.charger')], file=sys.stderr)\n"
    )
    words = [str(ROOT / "tools" / "scan_pdos.py"), "-n", "12", "--eds", str(eds), "-i", "sim"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    # Nobody is there under this node-ID, which is known before anything else.
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == ""


# --- docs/pdo-maps.md -----------------------------------------------------------------------------------------

MOVED = """\
| 2FFAh:01 (unknown) | 0 | 0h, not to be interpreted | left out | |
| Battery State of Charge | 1 | 76 % | 0 | 0 % |
| 4201h:00 (unknown) | 2 | 0h, not to be interpreted | left out | |
| 2276h:00 (unknown) | 3-4 | 5200h, not to be interpreted | left out | |
| Charge Current Requested | 5-6 | 10 A | 1-2 | 4.75 A |
| Battery Status | 7 | 1 | 3 | 0 |
"""
"""What the user's notes show, and what canopen makes of it: 004Ch / 16 A are the SOC and a filler."""


def test_the_page_is_what_a_run_says(capsys: Text) -> None:
    assert pdo_comparison.main(["--check"]) == 0, capsys.readouterr().out
    assert MOVED in (ROOT / "docs" / "pdo-maps.md").read_text(encoding="utf-8")


def test_a_drifted_page_is_found_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    page = tmp_path / "pdo-maps.md"
    true = (ROOT / "docs" / "pdo-maps.md").read_text(encoding="utf-8")
    page.write_text(true.replace("| 4.75 A |", "| 10 A |"), encoding="utf-8")
    monkeypatch.setattr(pdo_comparison, "PAGE", page)
    assert pdo_comparison.main(["--check"]) == 1
    assert "run python tools/pdo_comparison.py" in capsys.readouterr().out
    assert pdo_comparison.main([]) == 0
    assert page.read_text(encoding="utf-8") == true


def test_a_page_without_a_place_is_not_written() -> None:
    with pytest.raises(LookupError, match="no place for 'dump'"):
        pdo_comparison.measured("nothing")
