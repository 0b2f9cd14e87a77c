"""Charges in one process whose bus is taken away at random: nothing wrong is sent, and nothing is left behind."""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

import pytest

from tests.lab import interfaces
from tests.lab.bench import Bench
from tests.lab.programs import Program, wait_for
from tests.lab.recording import asking, asks_for_current
from tests.rig.wire_rules import check_limits, commands

CYCLES = 20
STALE = 2
LEASE = 0.3
LOSSES = ("down", "cable", "out", "bus off")
CAUSES = {"bus-lost", "reports-stale", "not-run", "alarm"}
"""What may end such a charge: on a slow machine the charger's alarm, or a pause of ours, may be first."""


def said(program: Program, key: str) -> list[dict[str, Any]]:
    lines = program.out.split("\n")[:-1]
    return [row for row in map(json.loads, lines) if key in row]


def lose(what: str, wire: interfaces.Wire, seconds: float) -> float:
    """Take the bus of can0 away for a time and give it back; returns when it was back."""
    match what:
        case "down":
            interfaces.down("can0")
        case "cable":
            wire.tell("cable-off can0")
        case "out":
            wire.tell("out can0")
        case _:
            wire.tell("state can0 off 0 255")
    time.sleep(seconds)
    back = time.time()
    match what:
        case "cable":
            wire.tell("cable-on can0")
        case "out":
            wire.tell("in can0")
            interfaces.up("can0")
        case _:
            interfaces.down("can0")
            interfaces.up("can0")
    return back


@pytest.mark.long
def test_twenty_random_losses(bench: Bench, wire: interfaces.Wire) -> None:
    chance = random.Random(5)
    recording = bench.record()
    bench.simulate()
    master = bench.start("losing", [sys.executable, "-W", "error", "-m", "tests.lab.losing", bench.master])
    master.until('"ready"')
    for cycle in range(CYCLES):
        since = len(recording.frames())
        assert master.process.stdin is not None
        master.process.stdin.write(b"charge\n")
        master.process.stdin.flush()
        recording.wait(f"charge {cycle} asks for current", asks_for_current, since, master)
        first = commands(recording.frames()[since:])[0]
        assert (first.ready, first.amps) == (False, 0)
        time.sleep(chance.uniform(0.0, 1.0))
        what = chance.choice(LOSSES)
        lost = time.time()
        back = lose(what, wire, chance.uniform(0.5, 3.0))
        wait_for(f"charge {cycle} ends after {what}", lambda c=cycle: len(said(master, "cause")) > c)  # type: ignore[misc]
        ended = said(master, "cause")[cycle]
        assert ended["cause"] in CAUSES, (what, ended)
        asked = [frame for frame in asking(recording.frames()) if frame.time > lost + LEASE]
        assert len(asked) <= STALE, (what, asked)
        assert all(frame.time < back + LEASE for frame in asked), (what, asked)
    left = said(master, "cause")
    assert {row["threads"] for row in left[2:]} == {left[2]["threads"]}
    assert {row["files"] for row in left[2:]} == {left[2]["files"]}
    # The charger has its last one.
    assert {row["charges"] for row in left} == {1}
    assert left[-1]["memory"] - left[4]["memory"] < 1 << 20
    # An abort of ours ends a read that was not answered; the rules are about the rest.
    # Where this machine stalls, a renewal is left out and the ramp goes on: two steps may be one on the bus.
    check_limits(ramp=4.0, frames=[f for f in recording.end() if f.cob_id != 0x60A or f.data[0] != 0x80])
