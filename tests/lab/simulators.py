"""Simulated chargers in processes of their own (forks.py), each heard until it is on the bus."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from tests.lab.forks import forks

READY = "Ctrl-C ends it\n"
"""Last words of `deltaq sim` before it is on the bus."""
MOST = 65536
"""Bytes that are read at once."""
PATIENCE = 60.0
"""Seconds after which one that was asked to end hangs."""


class Simulator:
    """A `deltaq sim` that is on the bus, or has failed to be: then `failed` is true."""

    def __init__(self, words: Sequence[str]) -> None:
        """Run `deltaq` with these words, and wait until it is on the bus or has ended."""
        self._output, theirs = os.pipe()
        try:
            self._process = forks().start(words, Path.cwd(), theirs, theirs)
        finally:
            os.close(theirs)
        self.words = ""
        """What it said."""
        while not self.words.endswith(READY) and self._read():
            pass
        self.failed = not self.words.endswith(READY)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def _read(self) -> bool:
        found = os.read(self._output, MOST)
        self.words += found.decode(errors="replace")
        return bool(found)

    def end(self) -> int:
        """Ask it to end, and hear it out; returns its exit status, that of a signal negative."""
        self._process.send_signal(signal.SIGTERM)
        while self._read():
            pass
        os.close(self._output)
        self._process.stdin.close()
        return self._process.wait(PATIENCE)
