"""The commands and the code of docs/configuration.md run, one after the other, on one simulated charger."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.cli import main
from tests.rig.test_cli_charge import Tap, tap
from tests.rig.test_cli_config import booted, own_state

__all__ = ["own_state", "tap"]
"""Fixtures of other modules, used here."""

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_page(
    tap: Callable[..., Tap], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = booted(tap(), 10)
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("sh")
    codes = []
    for line in block.splitlines():
        program, *words = shlex.split(line.partition(" || ")[0])
        assert (program, words[:4]) == ("deltaq", ["-i", "socketcan", "-c", "can0"])
        codes.append(main(["-i", "sim", "-c", seen.channel, *words[4:]]))
    assert codes == [0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("place", "said"),
    [(0, "500.0 ms\n"), (1, "(Step(address=Address(index=8448, sub=1), data=b'\\x11\\x00'")],
)
def test_the_code_of_the_page(
    place: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(blocks("python")[place], "docs/configuration.md", "exec"), {})
    assert said in capsys.readouterr().out
