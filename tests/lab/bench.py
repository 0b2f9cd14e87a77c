"""The bench of a test: a charger and a master in processes of their own, and a recording of what they say."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.programs import DELTAQ, Program
from tests.lab.recording import Recording

LIMITS = ("--max-voltage", "84.2", "--max-current", "12")
CHARGE = ("--voltage", "84", "--current", "10", *LIMITS, "--for", "12h")
QUICK = ("speed=1000", "soc=99", "start-delay=0")
"""Simulated charger whose charge is over in a few seconds."""
LONG = ("soc=50", "start-delay=0")
"""Simulated charger whose charge outlasts any test."""

TRIES = 4


@dataclass
class Bench:
    """Channels of one bus, and the programs on it."""

    master: str
    """Where the master is."""
    charger: str
    """Where the simulated charger is; '' for a real one, which is somewhere on the master's bus."""
    listener: str
    """Where those are that only listen."""
    folder: Path
    programs: list[Program] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str]) -> Program:
        """Start any program."""
        program = Program(name, command, self.folder)
        self.programs.append(program)
        return program

    def deltaq(self, name: str, channel: str, *words: str) -> Program:
        """Start our command line on a channel."""
        return self.start(name, [*DELTAQ, "--json", "-i", "socketcan", "-c", channel, *words])

    def record(self) -> Recording:
        """Record the bus from now on."""
        recording = Recording(self.listener, self.folder)
        self.programs.append(recording.program)
        return recording

    def simulate(self, options: Sequence[str] = LONG) -> Program | None:
        """Put a simulated charger on the bus, and wait until it is there."""
        if not self.charger:
            return None
        words = [word for option in options for word in ("--sim", option)]
        program = self.deltaq("charger", self.charger, *words, "sim")
        program.until("the simulated charger is on")
        return program

    def charge(self, words: Sequence[str] = CHARGE) -> Program:
        """Start a charge."""
        return self.deltaq("master", self.master, "charge", *words)

    def monitor(self) -> Program:
        """Start a monitor, and wait until it listens."""
        program = self.deltaq("monitor", self.listener, "monitor")
        program.until("listening")
        return program

    def end(self) -> None:
        """End all programs."""
        for program in reversed(self.programs):
            program.end()

    def clear(self) -> None:
        """End all programs and forget them, for another try."""
        self.end()
        self.programs.clear()


def rows(program: Program) -> list[dict[str, Any]]:
    """The lines of a program that speaks JSON."""
    return [json.loads(line) for line in program.out.splitlines()]


class StalledError(Exception):
    """This machine was too busy to run the master for 0.3 s, which ends any charge, and rightly so."""


def result(master: Program, *, stopped: bool = False) -> tuple[int, dict[str, Any]]:
    """Exit status and last word of a charge, once it has ended.

    Raises StalledError for a master that did not run for a while, unless it was `stopped` by the test.
    """
    status = master.wait()
    assert master.out, master.err
    last = rows(master)[-1]
    assert last["event"] == "summary", last
    if last["cause"]["id"] == "not-run" and not stopped:
        raise StalledError(last["cause"]["text"])
    return status, last


def patient(test: Callable[..., None]) -> Callable[..., None]:
    """Try a test again where the machine stalled; what fails otherwise fails at once."""

    @functools.wraps(test)
    def tried(*args: Any, **kwargs: Any) -> None:
        for _ in range(TRIES - 1):
            try:
                return test(*args, **kwargs)
            except StalledError:
                for bench in (value for value in kwargs.values() if isinstance(value, Bench)):
                    bench.clear()
        return test(*args, **kwargs)

    return tried
