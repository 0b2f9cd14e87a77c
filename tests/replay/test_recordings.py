"""Charges that were recorded once are decided in the same way ever after; the capture is found the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from deltaq_master.cli import main
from tests.replay.record_again import RECORDINGS

HERE = Path(__file__).parent
ENDS = {
    "charge-to-complete.log": "complete: the charger indicates complete (Charge_Indication 4)",
    "fault-ac-lost.log": "fault: the charger detects no AC",
}

Text = pytest.CaptureFixture[str]


def test_every_recording_is_looked_at() -> None:
    assert set(ENDS) == set(RECORDINGS)
    assert {path.name.removesuffix(".jsonl") for path in HERE.glob("*.jsonl")} == set(ENDS)


@pytest.mark.parametrize("name", ENDS)
def test_the_decisions_are_those_that_were_recorded(name: str, capsys: Text) -> None:
    # If a change is meant to decide otherwise: tests/replay/record_again.py.
    code = main(["replay", str(HERE / name)])
    out = capsys.readouterr().out
    assert code == 0, out
    first, last = out.splitlines()
    assert first.endswith(f" steps, {ENDS[name]}")
    assert last.startswith("the same: ")


@pytest.mark.parametrize("name", ENDS)
def test_the_log_alone_shows_ready_0_before_1(name: str, tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / name
    log.write_bytes((HERE / name).read_bytes())
    told = []
    for _ in range(2):
        assert main(["replay", str(log)]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "there are no recorded decisions to compare with" in told[0]
    assert "ready-edge" not in told[0]
