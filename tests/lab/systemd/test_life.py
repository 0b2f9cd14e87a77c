"""A charging service from its installation to its removal: the short run, which continuous integration has time for."""

from __future__ import annotations

import time

from tests.lab.bench import Bench, patient
from tests.lab.interfaces import described
from tests.lab.programs import wait_for
from tests.lab.systemd.charging import STOP_TIME, charge, check_running, end_of, install
from tests.lab.systemd.machine import CHARGE_UNIT, KERNEL_QUEUE, QUEUES, files, is_up, ours, real_time, run
from tests.rig.wire_rules import check_start_order, check_stop_order

SLACK = 1.0


@patient
def test_installed_started_stopped_and_gone(networkd_bus: Bench) -> None:
    install(networkd_bus, "--bitrate", "500000", "--txqueuelen", "65536")
    assert is_up()
    assert described("can0")["txqlen"] in QUEUES

    unit, recording = charge(networkd_bus)
    # The pump, and no other thread, runs before ordinary programs, and the sandbox is tight all the same.
    assert real_time(int(unit.shown("MainPID"))) == [1]
    run(f"systemd-analyze security --threshold=20 {CHARGE_UNIT}")
    wait_for("it charges", lambda: bool(unit.told(DELTAQ_PHASE="charging")))
    assert "charging" in unit.shown("StatusText")
    ours("service", "status", "--channel", "can0")

    check_running(unit)
    asked = time.time()
    run(f"systemctl stop {CHARGE_UNIT}")
    assert time.time() - asked < STOP_TIME
    end = end_of(unit)
    assert end["DELTAQ_OUTCOME"] == "stopped", end
    assert end["DELTAQ_OFF_CONFIRMED"] == "true"
    assert "SIGTERM" in end["MESSAGE"]
    assert unit.shown("Result") == "success"
    frames = recording.end()
    check_start_order(frames, slack=SLACK)
    check_stop_order(frames, fault=False, slack=SLACK)

    ours("service", "uninstall", "--channel", "can0")
    assert not files()
    assert not is_up()
    assert described("can0")["txqlen"] == KERNEL_QUEUE
    assert run("systemctl list-units --all --plain --no-legend *can-up* *deltaq*") == ""
