"""Services on a bus that is up: one that watches, one that charges, and how each of them ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deltaq_master.protocol.events import Frame
from tests.lab.bench import LONG, Bench, StalledError, patient
from tests.lab.forks import ROOT
from tests.lab.interfaces import Wire
from tests.lab.programs import wait_for
from tests.lab.recording import alarm, asking
from tests.lab.systemd.charging import charge, check_running, end_of, install
from tests.lab.systemd.machine import CHARGE_UNIT, WATCH_UNIT, Unit, exists, is_up, ours, run
from tests.rig.wire_rules import check_stop_order, commands

LEASE = 0.3
"""Seconds after which nothing may ask for current any more when the master does not run."""
SLACK = 1.0
REST = 5.0
"""Seconds before systemd starts it again."""
SIGNAL_TIME = 0.5
"""Seconds within which the main thread has taken a signal."""
COMMAND_LOSS, HEARTBEAT_LOSS = 0x20, 0x1E
"""Delta-Q ids of the alarms that a charger raises when its master is gone."""
HERE = Path(__file__).resolve().parent
EDS = ROOT / "eds/ICL1500-85.eds"


def test_a_watching_service_tells_the_journal(bus: Bench, wire: Wire) -> None:
    unit = Unit(WATCH_UNIT)
    ours("service", "install", "--channel", "can0", "--watch", "--eds", str(EDS))
    unit.until("active")
    run(f"systemd-analyze security --threshold=20 {WATCH_UNIT}")
    bus.simulate()
    wait_for("the boot-up is told", lambda: bool(unit.told(DELTAQ_EVENT="state", DELTAQ_NODE="10")))
    assert unit.told(DELTAQ_CHANNEL="can0", SYSLOG_IDENTIFIER="deltaq")
    wait_for("the status says so", lambda: "node 10" in unit.shown("StatusText"))
    bus.clear()
    wait_for("silence is told", lambda: bool(unit.told(DELTAQ_EVENT="silent")))
    # The adapter is unplugged, and comes back; the same program goes on.
    before = unit.shown("MainPID")
    wire.tell("out can0")
    wait_for("the loss is told", lambda: bool(unit.told(DELTAQ_EVENT="bus-lost")))
    wire.tell("in can0")
    bus.simulate()
    wait_for("it is heard again", lambda: bool(unit.told(DELTAQ_EVENT="bus-back")))
    assert unit.shown("MainPID") == before
    run(f"systemctl stop {WATCH_UNIT}")
    assert unit.shown("Result") == "success"


def check_never_armed_again(unit: Unit, frames: list[Frame], frozen: float) -> None:
    """What a pump that froze in mid-charge leaves behind: the watchdog, a rest, and a run that does not charge."""
    if any(alarm(frame) for frame in frames if frame.time <= frozen):
        raise StalledError("the charger missed the master before it was frozen")
    said = unit.words
    assert "Watchdog timeout" in said
    assert "ended in mid-charge" in said
    # systemd counts from before it tells of the death; the first word of the next run is later than its start.
    assert unit.when("ended in mid-charge") - unit.when("Main process exited") >= REST
    assert unit.shown("RestartUSec") == "5s"
    assert asking(frames)[-1].time <= frozen + LEASE
    assert not [command for command in commands(frames) if command.time > frozen + LEASE and command.ready]
    # The charger has stopped by its own timers. One that runs slowly may tell the first of them twice.
    assert list(dict.fromkeys(alarm(frame) for frame in frames if alarm(frame))) == [
        COMMAND_LOSS,
        HEARTBEAT_LOSS,
    ]


@patient
def test_a_program_that_was_stopped_is_ended_and_not_armed_again(bus: Bench) -> None:
    install(bus)
    unit, recording = charge(bus)
    os.kill(int(unit.shown("MainPID")), signal.SIGSTOP)
    frozen = time.time()
    wait_for("the watchdog has bitten", lambda: unit.shown("NRestarts") == "1")
    unit.until("failed")
    check_never_armed_again(unit, recording.end(), frozen)
    # A word of somebody is enough to begin anew.
    run(f"systemctl start {CHARGE_UNIT}")
    assert unit.shown("ActiveState") == "active"


@pytest.fixture
def freezable(bus: Bench) -> Iterator[Bench]:
    """A charging service is installed whose pump can be frozen, and a drop-in is there for that."""
    install(bus)
    text = Path("/etc/systemd/system", CHARGE_UNIT).read_text(encoding="utf-8")
    (start,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    drop_in = Path("/run/systemd/system", f"{CHARGE_UNIT}.d", "frozen.conf")
    drop_in.parent.mkdir(parents=True)
    frozen = start.replace("-m deltaq_master", str(HERE / "frozen_pump.py"))
    assert frozen != start
    drop_in.write_text(f"[Service]\nExecStart=\n{frozen}\n", encoding="utf-8")
    run("systemctl daemon-reload")
    yield bus
    drop_in.unlink()
    drop_in.parent.rmdir()


@patient
def test_a_frozen_pump_is_ended_although_the_process_goes_on(freezable: Bench) -> None:
    unit, recording = charge(freezable)
    pid = unit.shown("MainPID")
    frozen = time.time()
    run(f"systemctl kill --signal=USR1 --kill-who=main {CHARGE_UNIT}")
    time.sleep(SLACK)
    assert unit.shown("MainPID") == pid
    assert "State:\tT" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    wait_for("the watchdog has bitten", lambda: unit.shown("NRestarts") == "1")
    unit.until("failed")
    frames = recording.end()
    check_never_armed_again(unit, frames, frozen + SIGNAL_TIME)
    assert not [command for command in commands(frames) if command.time > frozen + SIGNAL_TIME + LEASE]
    # The traceback names the place where the pump hung.
    assert "frozen_pump.py" in unit.words
    assert "Fatal Python error: Aborted" in unit.words


@patient
def test_an_adapter_that_comes_back_brings_the_bus_and_no_charge(bus: Bench, wire: Wire) -> None:
    install(bus)
    unit, recording = charge(bus)
    wire.tell("out can0")
    gone = time.time()
    unit.until("failed")
    wire.tell("in can0")
    wait_for("can0 is back", lambda: exists() and is_up())
    time.sleep(REST + SLACK)
    assert unit.shown("ActiveState") == "failed"
    assert unit.shown("NRestarts") == "0"
    assert asking(recording.end())[-1].time <= gone + LEASE


@patient
def test_with_hold_it_comes_back_to_hold_and_not_to_charge(bus: Bench) -> None:
    install(bus, "--hold")
    unit, recording = charge(bus, (*LONG, "algorithm=1"))
    pid = int(unit.shown("MainPID"))
    os.kill(pid, signal.SIGKILL)
    killed = time.time()

    def held() -> int:
        return len([command for command in commands(recording.frames()) if command.time > killed + LEASE])

    wait_for("it holds", lambda: held() > 10)
    assert unit.told(DELTAQ_EVENT="held-after-crash")
    run(f"systemctl stop {CHARGE_UNIT}")
    late = [command for command in commands(recording.end()) if command.time > killed + LEASE]
    assert late[0].time >= killed + REST - LEASE
    assert not [command for command in late if command.ready or command.amps]


@patient
def test_a_charger_with_an_algorithm_is_refused_without_a_word(bus: Bench) -> None:
    assert "say --hold or --release-to-local" in install(bus)
    recording = bus.record()
    bus.simulate((*LONG, "algorithm=1"))
    unit = Unit(CHARGE_UNIT)
    run(f"systemctl start {CHARGE_UNIT}")
    unit.until("failed")
    (end,) = unit.told(DELTAQ_EVENT="summary")
    assert end["DELTAQ_OUTCOME"] == "refused", end
    assert unit.shown("NRestarts") == "0"
    assert not asking(recording.end())


@pytest.mark.parametrize("source", ["/run/bms/readings", "127.0.0.1:29000"])
@patient
def test_a_charge_by_the_readings_of_a_battery(bus: Bench, source: str) -> None:
    install(bus, "--bms", source, "--eds", str(EDS))
    Path(source).unlink(missing_ok=True)
    unit = Unit(CHARGE_UNIT)
    # Nobody has readings yet: it is tried again until somebody does.
    run(f"systemctl start {CHARGE_UNIT}", may_fail=True)
    assert "no battery readings from there" in unit.words
    assert unit.shown("ActiveState") == "activating"
    bridge = bus.start("bridge", [sys.executable, "-S", "-E", str(HERE / "bms_bridge.py"), source])
    unit, recording = charge(bus)
    run(f"systemd-analyze security --threshold=20 {CHARGE_UNIT}")
    check_running(unit)
    # The bridge ends, and with it the charge.
    bridge.end()
    end = end_of(unit)
    assert end["DELTAQ_CAUSE"] == "battery-stale", end
    assert end["DELTAQ_OFF_CONFIRMED"] == "true"
    unit.until("failed")
    check_stop_order(recording.end(), fault=True, slack=SLACK)
