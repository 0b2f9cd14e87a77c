"""docs/explain.md shows the preconditions and masks as they are, and its Python runs."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")


def drawing_tool() -> Any:
    """The tool as a module; tools/ is no package."""
    path = ROOT / "tools" / "explain_tables.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_diagnosis_says_now() -> None:
    assert drawing_tool().drawn(PAGE) == PAGE


def test_a_changed_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = drawing_tool()
    monkeypatch.setattr(tool, "MASKS", tool.MASKS[1:])
    assert tool.drawn(PAGE) != PAGE


def test_a_page_without_its_places_is_refused() -> None:
    with pytest.raises(LookupError, match="masks"):
        drawing_tool().drawn(PAGE.replace("<!-- end: masks -->", ""))


def test_the_python_of_the_page_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/explain.md", "exec"), {})
    assert capsys.readouterr().out.startswith("It does not charge; most likely: ready (6000h) was 1")
