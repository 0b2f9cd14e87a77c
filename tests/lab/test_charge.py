"""A charge from bringing the interfaces up to its end: the master in one process, the charger in another."""

from __future__ import annotations

import subprocess

import pytest

from tests.lab import interfaces
from tests.lab.bench import CHARGE, QUICK, Bench, patient, result, rows
from tests.lab.interfaces import frames_of
from tests.lab.recording import MASTERS
from tests.rig.wire_rules import check_limits, check_start_order, check_stop_order

SLACK = 1.0
"""Seconds that a recording may differ by: the guest is slow. What is counted in milliseconds is measured elsewhere."""


@patient
def test_a_complete_charge_over_two_interfaces(bench: Bench) -> None:
    before = {name: frames_of(name) for name in interfaces.NAMES}
    recording = bench.record()
    monitor = bench.monitor()
    bench.simulate(QUICK)
    master = bench.charge()
    status, said = result(master)
    assert status == 0
    assert said["outcome"] == "complete"
    assert said["off_confirmed"]
    frames = recording.end()
    monitor.end()
    check_start_order(frames, slack=SLACK)
    check_limits(frames)
    check_stop_order(frames, fault=False, slack=SLACK)

    # The monitor saw what the recorder saw, and neither sent anything: their interface counts 0.
    seen = [(row["cob_id"], row["data"]) for row in rows(monitor)]
    assert seen[: len(frames)] == [(frame.cob_id, frame.data.hex(" ").upper()) for frame in frames]
    received, sent = (after - since for after, since in zip(frames_of("can2"), before["can2"], strict=True))
    assert sent == 0
    assert received >= len(frames)
    # Every frame has its sender: the master's are its own, and the rest are the charger's.
    assert frames_of("can0")[1] - before["can0"][1] == sum(frame.cob_id in MASTERS for frame in frames)


@patient
def test_error_frames_disturb_nothing(virtual: Bench) -> None:
    recording = virtual.record()
    monitor = virtual.monitor()
    virtual.simulate(QUICK)
    master = virtual.charge()
    # Error passive, with counters; no acknowledgement; restarted: every 100 ms, by another program.
    errors = ("20000004#0010000000008000", "20000020#0000000000000000", "20000100#")
    script = f"while :; do for error in {' '.join(errors)}; do cansend vcan0 $error; sleep 0.1; done; done"
    virtual.start("errors", ["sh", "-c", script])
    status, said = result(master)
    assert status == 0
    assert said["outcome"] == "complete"
    frames = recording.end()
    check_stop_order(frames, fault=False, slack=SLACK)
    assert sum(frame.error for frame in frames) > 10
    monitor.end()
    assert any(row["error"] for row in rows(monitor))


def test_another_bit_rate_is_heard_as_silence(wire: interfaces.Wire, bench: Bench) -> None:
    interfaces.down("can0")
    interfaces.up("can0", 250_000)
    bench.simulate(QUICK)
    before = frames_of("can0")
    master = bench.charge([*CHARGE, "--wait", "3s"])
    assert master.wait() == 3
    assert "no heartbeat of node 10" in master.err
    # Nothing was received, and nothing was sent to a bus that may be another one.
    assert frames_of("can0") == before


def test_the_bit_rate_of_an_interface_that_is_up_cannot_be_changed(bench: Bench) -> None:
    words = ["ip", "link", "set", "can0", "type", "can", "bitrate", "250000"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "busy" in done.stderr


@pytest.mark.hardware
def test_a_monitor_hears_the_charger_and_is_not_heard(bench: Bench) -> None:
    before = frames_of(bench.listener)[1]
    monitor = bench.monitor()
    bench.simulate()
    monitor.until('"node": 10')
    monitor.end()
    assert frames_of(bench.listener)[1] == before


@pytest.mark.hardware
def test_info_by_reads_alone(bench: Bench) -> None:
    recording = bench.record()
    bench.simulate()
    info = bench.deltaq("info", bench.master, "info")
    assert info.wait() in (0, 4)
    ours = [frame for frame in recording.end() if frame.sent]
    assert ours
    # SDO upload requests (client command 2), the segments that follow (3), and aborts (4): nothing else is sent.
    assert {frame.cob_id for frame in ours} == {0x60A}
    assert {frame.data[0] >> 5 for frame in ours} <= {2, 3, 4}
