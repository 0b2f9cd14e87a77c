"""`deltaq charge --config FILE`: settings first, and no charge without them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.test_cli_charge import CHARGE, Tap, deltaq, patient, tap
from tests.rig.test_cli_config import Text, own_state

__all__ = ["own_state", "tap"]
"""Fixtures of other modules, used here."""

# Concise DCFs, by hand: 1017h = 250 ms; 1017h = 250 ms and 4208h, which the EDS protects.
HEARTBEAT = "01 00 00 00  17 10 00 02 00 00 00 FA 00"
PROTECTED = "02 00 00 00  17 10 00 02 00 00 00 FA 00  08 42 00 02 00 00 00 00 50"
NEARLY_FULL = {"speed": "1000", "soc": "99", "start_delay": "0"}


def requests(seen: Tap) -> list[tuple[int, bytes]]:
    return [(frame.arbitration_id, bytes(frame.data)) for frame in seen.ours()]


def written(frames: list[tuple[int, bytes]]) -> list[int]:
    """Places of the requests that begin an SDO download."""
    return [place for place, (cob_id, data) in enumerate(frames) if cob_id == 0x60A and data[0] >> 5 == 1]


@patient
def test_the_settings_are_written_before_our_first_heartbeat(
    tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    file = tmp_path / "settings.cdc"
    file.write_bytes(bytes.fromhex(HEARTBEAT))
    seen = tap(**NEARLY_FULL)
    code, out, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--config", str(file))
    assert code == 0
    assert "complete after" in out
    assert "1 writes made and read back" in err
    frames = requests(seen)
    first = written(frames)[0]
    assert frames[first] == (0x60A, bytes.fromhex("2B 17 10 00 FA 00 00 00"))
    assert {cob_id for cob_id, _ in frames[:first]} == {0x60A}, "reads alone before it"
    assert 0x701 in {cob_id for cob_id, _ in frames[first:]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (PROTECTED, "refused: 4208h:00 Max Charger Voltage U16 Q8: the EDS forbids it"),
        ("01 00 00 00  00 60 00 01 00 00 00 01", "it is a command object"),
        ("01 00 00 00  FF 5F 00 01 00 00 00 01", "5FFFh:00 is not in ICL1500-85.eds"),
    ],
)
def test_a_refusal_ends_it_before_anything_is_armed(
    data: str, said: str, tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    file = tmp_path / "settings.cdc"
    file.write_bytes(bytes.fromhex(data))
    seen = tap(**NEARLY_FULL)
    code, _, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--config", str(file))
    assert code == 1
    assert said in err
    assert "not charged: settings.cdc could not be applied" in err
    frames = requests(seen)
    assert written(frames) == []
    assert {cob_id for cob_id, _ in frames} == {0x60A}


def test_a_failure_is_undone_and_ends_it(tap: Callable[..., Tap], capsys: Text, tmp_path: Path) -> None:
    file = tmp_path / "settings.cdc"
    file.write_bytes(bytes.fromhex(HEARTBEAT))
    seen = tap(fault="write-wrong-at:1", **NEARLY_FULL)
    code, _, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--config", str(file))
    assert code == 1
    assert "undone: it holds what it held before" in err
    assert {cob_id for cob_id, _ in requests(seen)} == {0x60A}


def test_another_master_ends_it_before_anything_is_written(
    tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    file = tmp_path / "settings.cdc"
    file.write_bytes(bytes.fromhex(HEARTBEAT))
    seen = tap(fault="second-master:rpdo", **NEARLY_FULL)
    code, _, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--config", str(file))
    assert code == 1
    assert "another master is on the bus: it sent 20Ah; end the other master first" in err
    assert written(requests(seen)) == []


def test_a_file_that_cannot_be_used_opens_nothing(
    tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    seen = tap(**NEARLY_FULL)
    missing = str(tmp_path / "missing.dcf")
    code, _, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--config", missing)
    assert (code, "missing.dcf: cannot be read" in err) == (2, True)
    assert requests(seen) == []


def test_a_dry_run_says_that_a_file_comes_first(capsys: Text, tmp_path: Path) -> None:
    file = tmp_path / "settings.cdc"
    file.write_bytes(bytes.fromhex(HEARTBEAT))
    code, _, err = deltaq(capsys, "-i", "sim", *CHARGE, "--config", str(file), "--dry-run")
    assert (code, "settings.cdc would be applied first" in err) == (0, True)
