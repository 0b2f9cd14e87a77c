"""Monitor and recorder while their interface goes and comes back: they say so, and go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deltaq_master.link.record.parts import lines_of
from deltaq_master.link.record.reading import Recording
from tests.lab import interfaces
from tests.lab.bench import Bench, rows
from tests.lab.programs import DELTAQ, Program, wait_for

DOWN = "can2 is down; bring it up: ip link set can2 up type can bitrate 500000"
OUT = "there is no device can2; is the adapter plugged in, and its driver loaded?"
ROUNDING = 0.001
"""How far the time of a frame in a log may be off [s]."""
AWAY = 2.0
"""How long the interface is away [s]."""


def down_and_up(_: interfaces.Wire) -> Iterator[None]:
    """The interface is taken down, and brought up."""
    interfaces.down("can2")
    yield
    interfaces.up("can2")


def out_and_in(wire: interfaces.Wire) -> Iterator[None]:
    """The adapter is pulled out, and plugged in."""
    wire.tell("out can2")
    yield
    wire.tell("in can2")
    interfaces.up("can2")


Going = Callable[[interfaces.Wire], Iterator[None]]


def whole_rows(program: Program) -> list[dict[str, Any]]:
    """What a running program that speaks JSON has said in whole lines."""
    return [json.loads(line) for line in program.out.splitlines(keepends=True) if line.endswith("\n")]


def away(wire: interfaces.Wire, going: Going, monitor: Program) -> None:
    """Take the interface away for a while, and wait until the monitor shows frames again."""
    monitor.until('"cob_id"')
    moves = going(wire)
    next(moves)
    monitor.until("bus-lost")
    time.sleep(AWAY)
    assert next(moves, None) is None

    def heard_again() -> bool:
        monitor.must_run()
        told = [row.get("event") for row in whole_rows(monitor)]
        return "bus-back" in told and None in told[told.index("bus-back") :]

    wait_for("the monitor shows frames again", heard_again)


@pytest.mark.parametrize(
    ("going", "causes"), [(down_and_up, [DOWN]), (out_and_in, [DOWN, OUT])], ids=["down", "out"]
)
def test_a_monitor_and_its_recording_go_on(
    bench: Bench, wire: interfaces.Wire, tmp_path: Path, going: Going, causes: list[str]
) -> None:
    log = tmp_path / "ride.log"
    bench.simulate()
    monitor = bench.deltaq("monitor", bench.listener, "--record", str(log), "monitor")
    away(wire, going, monitor)
    monitor.end()
    assert monitor.process.returncode == 0

    told = [row for row in rows(monitor) if "event" in row]
    lost = [row["cause"] for row in told if row["event"] == "bus-lost"]
    # A receiver that is late sees an adapter that is out at once; one that is back is down at first.
    assert lost[: len(causes)] == causes or lost[0] == OUT
    assert lost[-1] in (DOWN, *causes)
    assert told[-1]["event"] == "bus-back"
    assert told[-1]["time"] - told[0]["time"] > AWAY / 2
    assert f"the bus was lost: {lost[0]}" in monitor.err
    assert "the bus is heard again after" in monitor.err

    lines = [json.loads(line) for line in lines_of(log).read_text().splitlines()]
    turns = [line for line in lines if line["kind"] == "bus"]
    assert [turn["lost"] for turn in turns] == [*lost, ""]
    first, last = turns[0]["now"], turns[-1]["now"]
    times = [frame.time for frame in Recording(log).frames()]
    assert times[0] < first
    assert times[-1] > last - ROUNDING
    assert not [time for time in times if first < time < last - ROUNDING]


def test_an_interface_that_is_down_from_the_beginning_is_an_error(
    wire: interfaces.Wire, tmp_path: Path
) -> None:
    bench = Bench("can0", "can1", "can2", tmp_path)
    monitor = bench.deltaq("monitor", "can2", "monitor")
    assert monitor.wait() == 3
    assert f"deltaq: {DOWN}" in monitor.err
    bench.end()


@pytest.mark.long
def test_a_wire_of_another_process_that_is_gone_ends_the_monitor(bench: Bench) -> None:
    """python-can does not connect again."""
    hub = bench.start("hub", [*DELTAQ, "sim", "--listen", "127.0.0.1:29541"])
    hub.until("Ctrl-C ends it")
    command = [*DELTAQ, "-i", "slcan", "-c", "socket://127.0.0.1:29541", "-b", "500000", "monitor"]
    monitor = bench.start("watcher", command)
    monitor.until("heartbeat")
    hub.end()
    assert monitor.wait() == 3
    assert "deltaq: the bus was lost: " in monitor.err
