"""How a charge ends when the master is told to, is killed, or is stopped and goes on: what the bus carries."""

from __future__ import annotations

import signal
import time

import pytest

from tests.lab.bench import Bench, patient, result
from tests.lab.programs import Program
from tests.lab.recording import Recording, alarm, asking, asks_for_current, indication
from tests.rig.wire_rules import check_limits, check_start_order, check_stop_order, commands, sent

SLACK = 1.0
LEASE = 0.3
"""Seconds after which nothing may ask for current any more when the master is gone."""
HEARTBEAT_LOSS, COMMAND_LOSS = 0x1E, 0x20
"""Delta-Q ids of the alarms that a charger raises when its master is gone."""


def charging(bench: Bench, words: tuple[str, ...]) -> tuple[Program, Recording]:
    """A charge in its middle: current is asked for, and the charger says that it charges."""
    recording = bench.record()
    bench.simulate()
    master = bench.charge(words)
    recording.wait("it asks for current", asks_for_current, sender=master)
    since = len(recording.frames())
    recording.wait("it charges", lambda frame: indication(frame) == 1, since, master)
    return master, recording


@patient
@pytest.mark.hardware(charges=True)
@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGTERM, 0, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="SIGINT", marks=pytest.mark.long),
    ],
)
def test_a_signal_ends_it_in_the_safe_order(
    number: signal.Signals, status: int, bench: Bench, battery: tuple[str, ...]
) -> None:
    master, recording = charging(bench, battery)
    master.signal(number)
    ended, said = result(master)
    assert ended == status
    assert said["outcome"] == "stopped"
    assert said["cause"] == {"id": "request", "text": f"stopped: interrupted ({number.name})"}
    assert said["off_confirmed"]
    frames = recording.end()
    check_start_order(frames, slack=SLACK)
    check_limits(frames)
    check_stop_order(frames, fault=False, slack=SLACK)


def test_a_master_that_is_killed_falls_silent_and_the_charger_stops(
    bench: Bench, battery: tuple[str, ...]
) -> None:
    master, recording = charging(bench, battery)
    killed = time.time()
    master.signal(signal.SIGKILL)
    master.wait()
    lost = recording.wait("the charger misses the heartbeat", lambda frame: alarm(frame) == HEARTBEAT_LOSS)
    frames = recording.end()
    assert asking(frames)[-1].time <= killed + LEASE
    ours = [frame for frame in frames if frame.sent]
    assert ours[-1].time <= killed + LEASE
    # By its own timers: RPDOs missed first, then the heartbeat, and no current after the first.
    alarms = [frame for frame in frames if alarm(frame) and frame.time > killed]
    assert [alarm(frame) for frame in alarms] == [COMMAND_LOSS, HEARTBEAT_LOSS]
    assert lost.time - sent(frames, 0x701)[-1].time >= 1.9
    told = [frame for frame in frames if frame.time > alarms[0].time and indication(frame) is not None]
    assert told
    assert {indication(frame) for frame in told} == {0}


@pytest.mark.parametrize("seconds", [pytest.param(0.5, marks=pytest.mark.long), 4.0])
def test_a_master_that_was_stopped_asks_for_nothing_when_it_goes_on(
    seconds: float, bench: Bench, battery: tuple[str, ...]
) -> None:
    master, recording = charging(bench, battery)
    stopped = time.time()
    master.signal(signal.SIGSTOP)
    time.sleep(seconds)
    went_on = time.time()
    master.signal(signal.SIGCONT)
    status, said = result(master, stopped=True)
    assert status == 1
    assert said["outcome"] == "fault"
    assert said["cause"]["id"] == "not-run"
    assert said["off_confirmed"]
    frames = recording.end()
    assert not [frame for frame in frames if frame.sent and stopped + LEASE < frame.time < went_on]
    after = commands(frame for frame in frames if frame.time >= went_on)
    assert after
    assert not any(command.ready or command.amps for command in after)
