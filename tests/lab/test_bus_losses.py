"""A bus that goes in mid-charge: no current is asked for from then on, whatever comes back (docs/socketcan.md)."""

from __future__ import annotations

import errno
import os
import pty
import shlex
import signal
import socket
import time
from collections import Counter
from typing import Any

import pytest

from deltaq_master.protocol.events import Frame
from tests.lab import interfaces
from tests.lab.bench import CHARGE, Bench, patient, result, rows
from tests.lab.forks import ROOT
from tests.lab.programs import DELTAQ, Program, wait_for
from tests.lab.recording import Recording, asking, asks_for_current, indication
from tests.rig.wire_rules import check_limits, commands

LEASE = 0.3
"""Seconds after which nothing may be sent any more when the program does not run."""
STALE = 2
"""Commands that may come out when the bus is back."""
FLOOD = bytes.fromhex("FF07 0000 00 000000 0000000000000000")
"""7FFh without data, as a socket takes it on a little-endian computer."""


def charging(bench: Bench) -> tuple[Program, Recording]:
    """A charge in its middle."""
    recording = bench.record()
    bench.simulate()
    master = bench.charge()
    recording.wait("it asks for current", asks_for_current, sender=master)
    since = len(recording.frames())
    recording.wait("it charges", lambda frame: indication(frame) == 1, since, master)
    return master, recording


def fault(master: Program, words: str) -> dict[str, Any]:
    """The last word of a charge whose bus was lost while it charged."""
    status, said = result(master)
    assert status == 1
    assert said["outcome"] == "fault"
    assert said["cause"]["id"] == "bus-lost"
    assert words in said["cause"]["text"]
    first = next(row for row in rows(master) if row["event"] == "state" and row["phase"] == "fault")
    begun = next(row for row in rows(master) if row["event"] == "state" and row["phase"] == "charging")
    assert first["time"] > begun["time"]
    return said


def stale(frames: list[Frame], since: float) -> list[Frame]:
    """The frames after a loss that ask for current."""
    return [frame for frame in asking(frames) if frame.time > since]


class Shell:
    """A shell with job control on a terminal of its own."""

    def __init__(self) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(ROOT)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])

    def type(self, words: str, *, enter: bool = True) -> None:
        """Type something."""
        os.write(self._terminal, (words + "\n" * enter).encode())

    def close(self) -> None:
        """Hang up."""
        os.close(self._terminal)
        os.kill(self._pid, signal.SIGHUP)
        os.waitpid(self._pid, 0)


def check_next_charge(bench: Bench) -> None:
    """The next charge takes the whole safe order again, and is a charge."""
    again = bench.record()
    next_one = bench.deltaq("next", bench.master, "charge", *CHARGE)
    again.wait("it asks for current again", asks_for_current, sender=next_one)
    first = commands(again.frames())[0]
    assert (first.ready, first.amps) == (False, 0)
    next_one.signal(signal.SIGTERM)
    assert next_one.wait() == 0


@patient
def test_the_interface_is_down_for_three_seconds(bench: Bench) -> None:
    master, recording = charging(bench)
    interfaces.down("can0")
    lost = time.time()
    time.sleep(3.0)
    interfaces.up("can0")
    fault(master, "can0 is down; bring it up")
    frames = recording.end()
    check_limits(frames)
    assert not stale(frames, lost)
    check_next_charge(bench)


@patient
@pytest.mark.long
def test_the_adapter_is_pulled_out_and_comes_back(bench: Bench, wire: interfaces.Wire) -> None:
    master, recording = charging(bench)
    lost = time.time()
    wire.tell("out can0")
    time.sleep(1.0)
    wire.tell("in can0")
    interfaces.up("can0")
    status, said = result(master)
    assert status == 1
    assert said["outcome"] == "fault"
    # The driver takes a second to say so; until then it swallows what is sent.
    assert said["cause"]["id"] in ("bus-lost", "reports-stale")
    frames = recording.end()
    assert not stale(frames, lost + 0.3)


@patient
@pytest.mark.parametrize(
    "killed", [pytest.param(False, id="goes on", marks=pytest.mark.long), pytest.param(True, id="SIGKILL")]
)
def test_nobody_acknowledges(killed: bool, bench: Bench, wire: interfaces.Wire) -> None:
    master, recording = charging(bench)
    wire.tell("cable-off can0")
    lost = time.time()
    time.sleep(1.5)
    if killed:
        master.signal(signal.SIGKILL)
        master.wait()
    time.sleep(0.5)
    wire.tell("cable-on can0")
    back = time.time()
    if not killed:
        said = fault(master, "nobody acknowledges what is sent on can0")
        assert said["off_confirmed"]
    else:
        time.sleep(0.5)
    frames = recording.end()
    waited = stale(frames, lost)
    assert len(waited) <= STALE
    # They had waited; what was sent after them says off.
    assert all(frame.time < back + 0.5 for frame in waited)
    after = commands(frame for frame in frames if frame.time > back and frame not in waited)
    assert not any(command.ready or command.amps for command in after)


def refused(channel: str) -> bool:
    """Whether the kernel's transmit queue is full."""
    with socket.socket(socket.PF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as opened:
        opened.bind((channel,))
        try:
            opened.send(FLOOD)
        except OSError as error:
            return error.errno == errno.ENOBUFS
    return False


@patient
def test_the_transmit_queue_is_full_for_two_seconds(bench: Bench, wire: interfaces.Wire) -> None:
    """Another program fills it, and nothing leaves; the bus itself is heard all the time."""
    master, recording = charging(bench)
    flood = bench.start("flood", ["cangen", bench.master, "-i", "-g", "1", "-I", "7FF", "-L", "8"])
    wire.tell(f"hold {bench.master}")
    held = time.time()
    wait_for("the queue is full", lambda: refused(bench.master))
    # One who only wants to read is told so, and leaves no heap of requests.
    reader = bench.deltaq("reader", bench.master, "read", "0x1000")
    wait_for("two seconds, and the reader has ended", lambda: time.time() > held + 2 and not reader.running)
    assert refused(bench.master)
    flood.end()
    wire.tell(f"go-on {bench.master}")
    while refused(bench.master):  # the first one that finds room is behind all that has waited
        time.sleep(0.001)
    assert reader.wait() != 0
    assert "not sent: the transmit queue of the bus is full" in reader.err
    said = fault(master, bench.master)["cause"]["text"]
    # The charger is heard every 0.2 s, and the loss noticed after a little more.
    assert "nothing of ours leaves can0, although others are heard" in said or "nobody acknowledges" in said
    frames = recording.end()
    check_limits(frames)
    # What had waited is what comes out before the last frame of the flood, and is little.
    last = max(place for place, frame in enumerate(frames) if frame.cob_id == 0x7FF)
    waited = [frame for frame in frames[:last] if frame.sent and frame.time > held]
    assert len(stale(frames, held)) <= STALE
    assert {
        cob_id: count for cob_id, count in Counter(frame.cob_id for frame in waited).items() if count > 2
    } == {}
    after = commands(frames[last:])
    assert not any(command.ready or command.amps for command in after)
    check_next_charge(bench)


@patient
@pytest.mark.long
def test_bus_off_on_a_real_driver(bench: Bench, wire: interfaces.Wire) -> None:
    master, recording = charging(bench)
    lost = time.time()
    wire.tell("state can0 off 0 255")
    fault(master, "the controller of can0 went bus off")
    frames = recording.end()
    assert not stale(frames, lost + 0.3)


@patient
def test_bus_off_by_an_injected_error_frame(virtual: Bench) -> None:
    master, recording = charging(virtual)
    virtual.start("error", ["cansend", "vcan0", "20000040#"]).wait()
    said = fault(master, "the controller of vcan0 went bus off")
    assert said["off_confirmed"]
    frames = recording.end()
    (error,) = [frame for frame in frames if frame.error]
    assert len(stale(frames, error.time)) <= 1
    after = commands(frame for frame in frames if frame.time > error.time + 0.1)
    assert after
    assert not any(command.ready or command.amps for command in after)


def test_ctrl_z_and_fg_in_a_terminal(bench: Bench) -> None:
    """What is sent after fg says off, and the cycle is in fault."""
    recording = bench.record()
    bench.simulate()
    said = bench.folder / "master.out"
    words = shlex.join([*DELTAQ, "--json", "-i", "socketcan", "-c", bench.master, "charge", *CHARGE])
    shell = Shell()
    shell.type(f"{words} > {said} 2>&1")
    recording.wait("it asks for current", asks_for_current)
    shell.type("\x1a", enter=False)
    stopped = time.time()
    time.sleep(1.0)
    went_on = time.time()
    shell.type("fg")
    wait_for("the charge is over", lambda: '"summary"' in said.read_text(encoding="utf-8"))
    assert "the program did not run for" in said.read_text(encoding="utf-8")
    shell.close()
    frames = recording.end()
    assert not [frame for frame in frames if frame.sent and stopped + LEASE < frame.time < went_on]
    after = commands(frame for frame in frames if frame.time >= went_on)
    assert after
    assert not any(command.ready or command.amps for command in after)
