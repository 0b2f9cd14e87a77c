"""A charge from bringing the interfaces up to its end: the master in one process, the charger in another."""

from __future__ import annotations

import subprocess
from typing import Any

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
    seen = [(row["cob_id"], row["data"]) for row in rows(monitor) if "cob_id" in row]
    assert seen[: len(frames)] == [(frame.cob_id, frame.data.hex(" ").upper()) for frame in frames]
    received, sent = (after - since for after, since in zip(frames_of("can2"), before["can2"], strict=True))
    assert sent == 0
    assert received >= len(frames)
    # Every frame has its sender: the master's are its own, and the rest are the charger's.
    assert frames_of("can0")[1] - before["can0"][1] == sum(frame.cob_id in MASTERS for frame in frames)


@patient
@pytest.mark.long
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


def unheard(bench: Bench) -> tuple[str, dict[str, Any]]:
    """What a charge that hears nothing says on stderr, and of the silence as JSON."""
    before = frames_of("can0")
    master = bench.charge([*CHARGE, "--wait", "1s"])
    assert master.wait() == 3
    assert "no heartbeat of node 10" in master.err
    # Nothing was received, and nothing was sent to a bus that may be another one.
    assert frames_of("can0") == before
    said = rows(master)
    assert said[-1]["event"] == "summary"
    (found,) = (row for row in said if row["event"] == "silence")
    assert found["problem"] in master.err
    assert found["remedy"] in master.err
    assert (found["channel"], found["expected"], found["sent"]) == ("can0", 500_000, 0)
    return master.err, found


def test_another_bit_rate_at_the_masters_side_is_named_with_what_mends_it(
    wire: interfaces.Wire, bench: Bench
) -> None:
    interfaces.down("can0")
    interfaces.up("can0", 250_000)
    bench.simulate()
    wire.tell("state can0 passive 128 0")
    said, found = unheard(bench)
    assert "on can0 at 250000 bit/s; 500000 bit/s is that of the known charger" in said
    assert "its controller is ERROR-PASSIVE, which speaks for another bit rate" in said
    assert found["bitrate"] == 250_000
    assert found["remedy"] == "ip link set can0 down; ip link set can0 up type can bitrate 500000"
    # Whoever asks is told the same.
    info = bench.deltaq("info", "can0", "info")
    assert info.wait() == 3
    assert "on can0 at 250000 bit/s; 500000 bit/s is that of the known charger" in info.err
    assert [(row["schema"], row["bitrate"]) for row in rows(info)] == [("deltaq.silence/1", 250_000)]
    # It does mend it.
    for command in found["remedy"].split("; "):
        interfaces.ip(command.removeprefix("ip "))
    scan = bench.deltaq("scan", "can0", "scan", "--listen", "1.5s")
    assert scan.wait() == 0
    assert any(row["kind"] == "node" and row["node"] == 10 for row in rows(scan))


def test_another_bit_rate_at_the_chargers_side_is_named_as_what_it_may_be(bench: Bench) -> None:
    for name in ("can1", "can2"):  # somebody must acknowledge what the charger says
        interfaces.down(name)
        interfaces.up(name, 125_000)
    bench.simulate()
    said, found = unheard(bench)
    assert "on can0 at 500000 bit/s, which is that of the known charger" in said
    assert "It may have another bit rate (125000, 250000 or 1000000 bit/s by its EDS)" in said
    assert found["bitrate"] == 500_000
    # Which finds it: test_doctor.py.
    mend = "ip link set can0 down; deltaq -i socketcan -c can0 doctor --find-bitrate"
    assert found["remedy"].endswith(mend)


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
