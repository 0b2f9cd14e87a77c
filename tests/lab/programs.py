"""Programs of a test: each a process of its own, with its words in files, ended with the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.lab.forks import ROOT, Fork, forks

DELTAQ = (sys.executable, "-W", "error", "-m", "deltaq_master")
PATIENCE = 60.0
"""Seconds after which something hangs. Nothing takes a tenth of it, but the guest is slow."""
LOOK = 0.05


def wait_for(what: str, true: Callable[[], bool], limit: float = PATIENCE) -> None:
    """Wait until something holds, and fail the test after `limit` seconds."""
    end = time.monotonic() + limit
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {limit:g} s")
        time.sleep(LOOK)


class Program:
    """A process, forked if it is `deltaq`; what it says on its outputs goes into `NAME.out` and `NAME.err`."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        ours = len(DELTAQ)
        self.process: Fork | subprocess.Popen[bytes]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            if tuple(command[:ours]) == DELTAQ:
                self.process = forks().start(command[ours:], ROOT, out.fileno(), err.fileno())
            else:
                self.process = subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, stderr=err, env=os.environ
                )

    @property
    def out(self) -> str:
        """What it said on standard output so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def err(self) -> str:
        """What it said on standard error so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def files(self) -> tuple[Path, Path]:
        """The files of its outputs."""
        return self._out, self._err

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def until(self, words: str) -> None:
        """Wait until it has said something on either output; fail if it ends without."""

        def said() -> bool:
            ended = not self.running
            found = words in self.out + self.err
            if ended and not found:
                self.end()
                self.must_run()
            return found

        wait_for(f"{self.name} says {words!r}", said)

    def must_run(self) -> None:
        """Fail the test if it has ended."""
        if not self.running:
            code, last_words = self.process.returncode, self.err[-2000:] or self.out[-2000:]
            pytest.fail(f"{self.name} ended with {code}:\n{last_words}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait until it has ended, and return its exit status."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end within {PATIENCE:g} s")

    def end(self) -> None:
        """End it, by force if it does not want to."""
        stdin: IO[bytes] | None = self.process.stdin
        assert stdin is not None
        stdin.close()
        if self.running:
            # A stopped process takes SIGTERM when it goes on.
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)
        try:
            self.process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)
