"""The README's commands and code run: faster where they charge, and simulated where they name a bus."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
UNKNOWNS = (ROOT / "docs" / "settle-unknowns.md").read_text(encoding="utf-8")

CLI = (sys.executable, "-W", "error", "-m", "deltaq_master")
REAL_BUS = ["-i", "socketcan", "-c", "can0"]
PATIENCE = 60.0
"""Seconds after which a command hangs."""
TWO_MINUTES = 120.0
"""What the first command may take."""


def blocks(page: str, language: str) -> list[str]:
    """Code blocks of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def commands(page: str) -> Iterator[list[str]]:
    """Words after `deltaq` of each command line in the shell blocks of a page."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for command in line.split("&&"):
                program, *words = shlex.split(command)
                if Path(program).name == "deltaq":
                    yield words


def on_simulator(words: list[str]) -> list[str]:
    """The same command on a simulated charger, with little left to charge."""
    if words[:4] == REAL_BUS:
        words = ["-i", "sim", *words[4:]]
    if "charge" in words:
        words = [word for word in words if word not in ("--sim", "speed=400")]
        return [*words[:2], "--sim", "speed=1000", "--sim", "soc=95", *words[2:]]
    return words


def run(words: list[str], patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """A command of the CLI, in a process of its own."""
    return subprocess.run(
        [*CLI, *words], cwd=ROOT, capture_output=True, text=True, timeout=patience, check=False
    )


ENDING = [words for words in commands(README) if words != [*REAL_BUS, "monitor"]]


def test_there_is_what_is_run_here() -> None:
    assert len(ENDING) >= 7
    assert len(blocks(README, "python")) >= 3
    assert [*REAL_BUS, "monitor"] in commands(README)


@pytest.mark.parametrize("words", ENDING, ids=shlex.join)
def test_a_command_ends_well(words: list[str]) -> None:
    done = run(on_simulator(words))
    # 1 says that a cause was found, and in that log there is one.
    assert done.returncode == (1 if words[0] == "explain" else 0), done.stderr
    assert done.stdout
    if "charge" in words and "--dry-run" not in words:
        assert re.search(r"^complete after .*output off \(confirmed\)", done.stdout, re.MULTILINE)


def test_the_monitor_runs_until_ctrl_c() -> None:
    monitor = subprocess.Popen([*CLI, "-i", "sim", "monitor"], stdout=subprocess.PIPE, text=True)
    try:
        assert monitor.stdout is not None
        assert "70A" in monitor.stdout.readline()
        monitor.send_signal(signal.SIGINT)
        assert monitor.wait(PATIENCE) == 0
    finally:
        monitor.kill()
        monitor.communicate()


@pytest.mark.long
def test_the_first_command_as_it_stands() -> None:
    words = next(commands(README))
    begun = time.monotonic()
    done = run(words, TWO_MINUTES)
    assert done.returncode == 0, done.stderr
    assert "complete after" in done.stdout
    assert time.monotonic() - begun < TWO_MINUTES


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_code_runs_as_it_stands(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_reads_that_settle_unknowns_are_reads_of_known_objects() -> None:
    known = load(eds_path(), 10)
    for words in commands(UNKNOWNS):
        assert words in (["--node-id", "10", "info"], ["read", *words[1:]])
        assert not [word for word in words[1:] if "x" in word and known.get(Address.parse(word)) is None]


def test_the_reads_that_settle_unknowns_get_answers() -> None:
    entries = [word for words in commands(UNKNOWNS) if words[0] == "read" for word in words[1:]]
    done = run(["-i", "sim", "read", *entries])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(entries)
