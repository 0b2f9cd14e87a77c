"""Services on a bus that is up: one that watches, one that charges, and how each of them ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.bench import LONG, Bench, StalledError, patient
from tests.lab.interfaces import up
from tests.lab.programs import wait_for
from tests.lab.recording import Recording, alarm, asking, asks_for_current
from tests.lab.systemd.machine import CHARGE_UNIT, WATCH_UNIT, Unit, ours, run
from tests.rig.wire_rules import check_start_order, check_stop_order, commands

PROFILE = """\
name = "20s NMC, 50 Ah"
[battery]
cells = 20
capacity = 50.0
[limits]
max_voltage = 84.2
max_current = 12.0
[charge]
voltage = 84.0
current = 10.0
duration = 3600
"""
LEASE = 0.3
"""Seconds after which nothing may ask for current any more when the master does not run."""
SLACK = 1.0
STOP_TIME = 15.0
"""Seconds that systemd gives the safe order."""
REST = 5.0
"""Seconds before systemd starts it again."""


@pytest.fixture
def bus(template: None, tmp_path: Path) -> Iterator[Bench]:
    """can0 is for the service, the charger is on can1, the recorder on can2."""
    for name in ("can1", "can2"):
        up(name)
    made = Bench("can0", "can1", "can2", tmp_path)
    yield made
    run(f"systemctl kill --signal=CONT {CHARGE_UNIT}", may_fail=True)
    run(f"systemctl stop {CHARGE_UNIT} {WATCH_UNIT}", may_fail=True)
    made.end()


def installed(bus: Bench, *words: str) -> str:
    """Install a charging service, and return what was said."""
    profile = bus.folder / "pack.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    return ours("service", "install", "--channel", "can0", "--charge", str(profile), *words).stderr


def charging(bus: Bench, *words: str, options: tuple[str, ...] = LONG) -> tuple[Unit, Recording]:
    """A service in mid-charge."""
    installed(bus, *words)
    recording = bus.record()
    bus.simulate(options)
    unit = Unit(CHARGE_UNIT)
    run(f"systemctl start {CHARGE_UNIT}")
    try:
        wait_for(
            "it asks for current, or has ended",
            lambda: any(map(asks_for_current, recording.frames())) or unit.shown("ActiveState") == "failed",
        )
    except pytest.fail.Exception as error:
        pytest.fail(f"{error}\n{unit.words}")
    check_running(unit)
    return unit, recording


def check_running(unit: Unit) -> None:
    """Raise StalledError for a service that this slow machine has let down."""
    if unit.told(DELTAQ_CAUSE="not-run", DELTAQ_EVENT="summary"):
        run(f"systemctl stop {CHARGE_UNIT}")
        raise StalledError("the service did not run for a while")
    assert unit.shown("ActiveState") == "active", unit.words


@pytest.mark.long
def test_a_watching_service_tells_the_journal(bus: Bench) -> None:
    unit = Unit(WATCH_UNIT)
    ours("service", "install", "--channel", "can0", "--watch")
    unit.until("active")
    run(f"systemd-analyze security --threshold=20 {WATCH_UNIT}")
    bus.simulate()
    wait_for("the boot-up is told", lambda: bool(unit.told(DELTAQ_EVENT="state", DELTAQ_NODE="10")))
    assert unit.told(DELTAQ_CHANNEL="can0", SYSLOG_IDENTIFIER="deltaq")
    wait_for("the status says so", lambda: "node 10" in unit.shown("StatusText"))
    bus.clear()
    wait_for("silence is told", lambda: bool(unit.told(DELTAQ_EVENT="silent")))
    run(f"systemctl stop {WATCH_UNIT}")
    assert unit.shown("Result") == "success"


@patient
def test_a_charge_is_stopped_in_the_safe_order(bus: Bench) -> None:
    unit, recording = charging(bus)
    run(f"systemd-analyze security --threshold=20 {CHARGE_UNIT}")
    wait_for("it charges", lambda: bool(unit.told(DELTAQ_PHASE="charging")))
    assert "charging" in unit.shown("StatusText")
    ours("service", "status", "--channel", "can0")
    check_running(unit)
    asked = time.time()
    run(f"systemctl stop {CHARGE_UNIT}")
    assert time.time() - asked < STOP_TIME
    (end,) = unit.told(DELTAQ_EVENT="summary")
    if end["DELTAQ_CAUSE"] == "not-run":
        raise StalledError(end["MESSAGE"])
    assert end["DELTAQ_OUTCOME"] == "stopped", end
    assert end["DELTAQ_OFF_CONFIRMED"] == "true"
    assert "SIGTERM" in end["MESSAGE"]
    assert unit.shown("Result") == "success"
    frames = recording.end()
    check_start_order(frames, slack=SLACK)
    check_stop_order(frames, fault=False, slack=SLACK)


@patient
def test_a_frozen_pump_is_ended_and_not_armed_again(bus: Bench) -> None:
    unit, recording = charging(bus)
    pid = int(unit.shown("MainPID"))
    os.kill(pid, signal.SIGSTOP)
    frozen = time.time()
    wait_for("the watchdog has bitten", lambda: unit.shown("NRestarts") == "1")
    unit.until("failed")
    said = unit.words
    assert "Watchdog timeout" in said
    assert "ended in mid-charge" in said
    frames = recording.end()
    assert asking(frames)[-1].time <= frozen + LEASE
    assert not [command for command in commands(frames) if command.time > frozen + LEASE and command.ready]
    # The charger has stopped by its own timers.
    assert [alarm(frame) for frame in frames if alarm(frame)][:2] == [0x20, 0x1E]
    # A word of somebody is enough to begin anew.
    run(f"systemctl start {CHARGE_UNIT}")
    assert unit.shown("ActiveState") == "active"


@pytest.mark.long
@patient
def test_with_hold_it_comes_back_to_hold_and_not_to_charge(bus: Bench) -> None:
    unit, recording = charging(bus, "--hold", options=(*LONG, "algorithm=1"))
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


@pytest.mark.long
@patient
def test_a_charger_with_an_algorithm_is_refused_without_a_word(bus: Bench) -> None:
    assert "say --hold or --release-to-local" in installed(bus)
    recording = bus.record()
    bus.simulate((*LONG, "algorithm=1"))
    unit = Unit(CHARGE_UNIT)
    run(f"systemctl start {CHARGE_UNIT}")
    unit.until("failed")
    (end,) = unit.told(DELTAQ_EVENT="summary")
    assert end["DELTAQ_OUTCOME"] == "refused", end
    assert unit.shown("NRestarts") == "0"
    assert not asking(recording.end())
