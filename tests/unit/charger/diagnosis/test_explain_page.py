"""docs/explain.md shows the preconditions and masks as they are, and its Python runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deltaq_master.charger.diagnosis.masking import MASKS
from tools import explain_tables

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_diagnosis_says_now() -> None:
    assert explain_tables.drawn(PAGE) == PAGE


def test_a_changed_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_tables, "MASKS", MASKS[1:])
    assert explain_tables.drawn(PAGE) != PAGE


def test_a_page_without_its_places_is_refused() -> None:
    with pytest.raises(LookupError, match="masks"):
        explain_tables.drawn(PAGE.replace("<!-- end: masks -->", ""))


def test_it_runs_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "explain_tables.py"), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_python_of_the_page_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/explain.md", "exec"), {})
    assert capsys.readouterr().out.startswith("It does not charge; most likely: ready (6000h) was 1")
