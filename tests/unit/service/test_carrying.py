"""Carrying a plan out: files in a folder of the test, commands that every computer has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deltaq_master.errors import FileError, RefusedError
from deltaq_master.service.carrying import carry_out
from deltaq_master.service.plan import Plan
from deltaq_master.service.steps import Step, Steps

PROFILE = "/etc/deltaq/can0.toml"


def plan(
    write: dict[str, str] | None = None, remove: tuple[str, ...] = (), before: Steps = (), after: Steps = ()
) -> Plan:
    return Plan(None, before, write or {}, remove, after, (), ())


def test_files_are_written_for_everybody_and_removed_with_our_folders(tmp_path: Path) -> None:
    told: list[str] = []
    carry_out(plan({PROFILE: "a = 1\n"}), tmp_path, told.append)
    path = tmp_path / "etc/deltaq/can0.toml"
    assert path.read_text(encoding="utf-8") == "a = 1\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["can0.toml"]
    carry_out(plan(remove=(PROFILE,)), tmp_path, told.append)
    assert not path.parent.exists()
    assert path.parent.parent.exists()
    assert told == [f"wrote {PROFILE}", f"removed {PROFILE}"]
    carry_out(plan(remove=(PROFILE,)), tmp_path)  # once more does no harm


def test_a_folder_with_something_else_in_it_stays(tmp_path: Path) -> None:
    carry_out(plan({PROFILE: "a = 1\n"}), tmp_path)
    (tmp_path / "etc/deltaq/mine").touch()
    carry_out(plan(remove=(PROFILE,)), tmp_path)
    assert [each.name for each in (tmp_path / "etc/deltaq").iterdir()] == ["mine"]


def test_no_command_is_run_for_a_system_that_only_lies_there(tmp_path: Path) -> None:
    carry_out(plan(before=(Step(("/nonexistent",)),), after=(Step(("/nonexistent",)),)), tmp_path)


def test_a_command_that_fails_is_said_in_its_own_words() -> None:
    fails = (sys.executable, "-c", "import sys; sys.exit('no such\\nunit')")
    with pytest.raises(RefusedError, match="no such unit; mend that and give the command again"):
        carry_out(plan(after=(Step(fails),)))
    carry_out(plan(after=(Step(fails, may_fail=True),)))
    with pytest.raises(RefusedError, match="No such file"):
        carry_out(plan(before=(Step(("/nonexistent",)),)))


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("not a folder", encoding="ascii")
    with pytest.raises(FileError, match="cannot be written"):
        carry_out(plan({PROFILE: "a = 1\n"}), tmp_path)
