"""Heartbeat and RPDO on SocketCAN: how late they are on the bus, and how long they outlive their program.

    python tools/bench/lease.py [--channel vcan0] [--seconds 60] [--load busy ...] [--sender lease ...]

Needs a SocketCAN interface that is up; in the guest of tests/lab:

    tests/lab/run --do 'ip link add vcan0 type vcan; ip link set vcan0 up; .venv/bin/python tools/bench/lease.py'

Each sender runs in a process of its own, one after the other, and sends 701h and 20Ah every 100 ms; this process
takes the kernel's timestamps of both from a socket. Lateness is how much longer than 100 ms a gap was.

Senders: *lease* is ours (docs/socketcan.md); *pump* is ours without it, as on adapters whose kernel repeats nothing;
*canopen* is `network.send_periodic`, which `start_heartbeat` and `PdoMap.start` use: on SocketCAN the kernel sends
for it, without a lease; *thread* is python-can's own thread, which sends for canopen everywhere else.
Loads: *idle*; *busy* is two threads of pure Python in the sender; *flood* is another process that sends without a
rest. After the last one each sender is stopped (SIGSTOP) and then killed, and its frames go on being counted.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import can
import canopen

from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network, open_network
from deltaq_master.link.pump.pump import Pump
from deltaq_master.link.sdo.worker import TransferWorkers
from deltaq_master.link.socketcan.kernel import Kernel, Raw
from deltaq_master.protocol.events import Effect, Hold, Renew
from deltaq_master.protocol.heartbeat import next_due

PERIOD = 0.1
HEARTBEAT, COMMAND = 0x701, 0x20A
DATA = bytes.fromhex("00FF000054000000")
SENDERS = ("lease", "pump", "canopen", "thread")
LOADS = ("idle", "busy", "flood")
SETTLE = 2.0
"""Time that a sender is given before the first gap counts [s]."""
AFTERWARDS = 2.0
"""How long its frames are counted after it was stopped [s]."""


class Cycle:
    """Holds the heartbeat and renews a command every 100 ms."""

    node_id = 10
    cob_ids: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.deadline = clock.now()
        self._held = False

    def handle(self, event: object, now: float) -> Iterable[Effect]:  # noqa: ARG002
        """Send, if it is time."""
        if not self._held:
            self._held = True
            yield Hold(on=True)
        if now >= self.deadline:
            self.deadline = next_due(self.deadline, PERIOD, now)
            yield Renew(COMMAND, DATA, PERIOD)


# --- one sender, in a process of its own ------------------------------------------------------------------


def start_sender(sender: str, channel: str) -> object:
    """Send from now on; what is returned must be kept."""
    if sender in ("lease", "pump"):
        bus = None if sender == "lease" else can.Bus(channel, "socketcan")
        network = open_network("socketcan", channel) if bus is None else Network(bus).connect()
        pump = Pump(network.send_frame, TransferWorkers())
        pump.start(network.gate)
        pump.add(Cycle(), lambda _: None)
        return pump
    theirs = canopen.Network()
    theirs.connect(interface="socketcan", channel=channel)
    if sender == "canopen":
        return [theirs.send_periodic(cob_id, data, PERIOD) for cob_id, data in FRAMES]
    assert theirs.bus is not None
    warnings.simplefilter(
        "ignore", UserWarning
    )  # python-can says that this is the thread, which is what is wanted
    messages = [can.Message(arbitration_id=i, data=data, is_extended_id=False) for i, data in FRAMES]
    return [theirs.bus.send_periodic(m, PERIOD, modifier_callback=lambda _: None) for m in messages]


FRAMES = ((HEARTBEAT, b"\x05"), (COMMAND, DATA))


def send(sender: str, load: str, channel: str) -> None:
    """Send until killed."""
    kept = start_sender(sender, channel)

    def compute() -> None:
        number = 0
        while True:
            number = (number * 31 + 7) % 1_000_003

    for _ in range(2 if load == "busy" else 0):
        threading.Thread(target=compute, daemon=True).start()
    while kept:
        time.sleep(1)


# --- the other end ----------------------------------------------------------------------------------------


def stamps(raw: Raw, seconds: float) -> dict[int, list[float]]:
    """The kernel's times of both frames in the next seconds [s]."""
    found: dict[int, list[float]] = {HEARTBEAT: [], COMMAND: []}
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        received = raw.receive(left)
        if received is not None:
            found[received.can_id].append(received.stamp)
    return found


def figures(found: dict[int, list[float]]) -> str:
    """Median, 99.9th percentile and maximum of the lateness, each frame's gaps taken together [ms]."""
    late = sorted(
        1000 * max(0.0, b - a - PERIOD) for times in found.values() for a, b in itertools.pairwise(times)
    )
    p999 = late[min(len(late) - 1, math.ceil(0.999 * len(late)) - 1)]
    return f"{late[len(late) // 2]:8.2f} {p999:8.2f} {late[-1]:8.2f}"


def outlived(raw: Raw, process: subprocess.Popen[bytes], number: signal.Signals) -> str:
    """What comes after a signal: how many frames, and when the last one."""
    begun = time.time()
    process.send_signal(number)
    after = [stamp for stamp in stamps(raw, AFTERWARDS)[COMMAND] if stamp > begun]
    return f"{len(after):3} frames" + (
        f", the last after {1000 * (after[-1] - begun):4.0f} ms" if after else ""
    )


def measure(channel: str, seconds: float, loads: Sequence[str], senders: Sequence[str]) -> None:
    """Print the figures of each sender under each load, and what it leaves behind."""
    raw = Kernel().raw(channel, errors=False)
    raw.accept([(HEARTBEAT, 0x7FF), (COMMAND, 0x7FF)])
    print(f"Lateness of 701h and 20Ah on {channel} over {seconds:g} s [ms], {os.cpu_count()} processors")
    print(f"{'load':6} {'sender':8} {'median':>8} {'p99.9':>8} {'max':>8}")
    for load in loads:
        for sender in senders:
            command = [sys.executable, str(Path(__file__).resolve()), "--one", sender, load]
            process = subprocess.Popen([*command, "--channel", channel])
            flood = load == "flood" and subprocess.Popen(
                ["cangen", channel, "-g", "0", "-I", "555", "-L", "8", "-i"], stderr=subprocess.DEVNULL
            )
            raw.receive(30)
            stamps(raw, SETTLE)
            times = stamps(raw, seconds)
            if flood:
                flood.kill()
                flood.wait()
            print(f"{load:6} {sender:8} {figures(times)}", end="", flush=True)
            if load == "idle":
                print(f"   SIGSTOP: {outlived(raw, process, signal.SIGSTOP)}", end="")
                process.send_signal(signal.SIGCONT)
                stamps(raw, 1.0)
                print(f"   SIGKILL: {outlived(raw, process, signal.SIGKILL)}", end="")
            print(flush=True)
            process.kill()
            process.wait()
            stamps(raw, 0.5)


def main(arguments: Sequence[str]) -> None:
    """Measure all senders, or, in a process that this made, be one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channel", default="vcan0", help="a SocketCAN interface that is up")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a run")
    for word, all_of_it in (("--load", LOADS), ("--sender", SENDERS)):
        parser.add_argument(word, nargs="+", choices=all_of_it, default=all_of_it, help="only these")
    parser.add_argument("--one", nargs=2, metavar=("SENDER", "LOAD"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        sender, load = asked.one
        send(sender, load, asked.channel)
    elif not Kernel().up(asked.channel):
        print(f"not measured: there is no SocketCAN interface {asked.channel} that is up")
    else:
        measure(asked.channel, asked.seconds, asked.load, asked.sender)


if __name__ == "__main__":
    main(sys.argv[1:])
