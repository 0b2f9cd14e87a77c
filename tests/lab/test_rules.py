"""The lab's own rules: it is never skipped in silence, and what it lacks is said in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.lab import guest, launch
from tests.lab.forks import ROOT
from tests.lab.rig_tests import SAMPLE
from tests.lab.sharing import taken


def plain_pytest(*words: str) -> subprocess.CompletedProcess[str]:
    """pytest as it runs where there is no lab."""
    environment = {key: value for key, value in os.environ.items() if key != "DELTAQ_LAB"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_without_a_bus_it_is_an_error_to_name_it() -> None:
    done = plain_pytest("tests/lab/test_charge.py")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "tests/lab needs a CAN bus: run tests/lab/run" in done.stderr


def test_without_a_bus_it_is_left_out_aloud(tmp_path: Path) -> None:
    # A copy of the folder beside one test: collecting the whole suite takes the guest a while.
    shutil.copytree(ROOT / "tests" / "lab", tmp_path / "tests" / "lab")
    (tmp_path / "tests" / "test_other.py").write_text("def test_other(): pass\n", encoding="utf-8")
    done = plain_pytest(f"--rootdir={tmp_path}", str(tmp_path / "tests"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests/lab was not run" in done.stdout
    assert "1 test collected" in done.stdout


def test_hardware_is_named_as_candump_knows_it() -> None:
    done = plain_pytest("tests/lab", "--bus", "slcan:/dev/ttyACM0")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "name an interface as socketcan:can0" in done.stderr


def test_what_is_missing_is_a_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(guest, "search_path", lambda: str(tmp_path))
    monkeypatch.setattr(guest, "BUSYBOX", tmp_path / "busybox")
    monkeypatch.setattr(guest, "needs_xstate", lambda: True)
    monkeypatch.setattr(guest, "SHARED_MEMORY", tmp_path / "shm")
    said = "\n".join((*guest.programs_missing(), *guest.missing()))
    for package in (
        "iproute2",
        "can-utils",
        "user-mode-linux",
        "busybox-static",
        "gcc and libc6-dev",
        "1 GB",
    ):
        assert package in said


def test_words_that_are_not_ours_are_pytests() -> None:
    assert launch.pytest_command(["-m", "long"])[-len(SAMPLE) - 3 :] == ["-m", "long", "tests/lab", *SAMPLE]
    assert launch.pytest_command(["-x", "tests/lab/test_endings.py"])[-2:] == [
        "-x",
        "tests/lab/test_endings.py",
    ]


def test_guests_share_the_files_and_each_runs_all_of_one(tmp_path: Path) -> None:
    tests: Any = [Item(Path(f"tests/lab/test_{name}.py"), number) for name in "abc" for number in (1, 2)]
    here, there = taken(tests, tmp_path), taken(tests, tmp_path)
    assert next(here).path.stem == "test_a"
    assert next(there).path.stem == "test_b"
    assert [item.path.stem for item in there] == ["test_b", "test_c", "test_c"]
    assert [item.path.stem for item in here] == ["test_a"]


class Item(NamedTuple):
    """What `taken` looks at."""

    path: Path
    number: int
