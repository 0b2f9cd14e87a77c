"""A bus at full load on SocketCAN: what the master loses of it, and what it costs to listen.

    python tools/bench/full_load.py [--channel vcan0] [--seconds 30] [--rate 8000]

Needs a SocketCAN interface that is up; in the guest of tests/lab:

    tests/lab/run --do 'ip link add vcan0 type vcan; ip link set vcan0 up; .venv/bin/python tools/bench/full_load.py'

The kernel sends the load itself (CAN_BCM), so that no program competes with those that listen: foreign COB-IDs, 8
bytes each, as many frames a second as 1 Mbit/s carries of them, or as the kernel of this computer manages. The
simulated charger is on the same bus in another process, with a filter, as the controller of a device has one. Who
listens is a process of its own, one after the other:

*master* is ours with a charge under way, and the filters that go with it; *everything* is our network with a recorder's
view of the bus, without filters; *canopen* is a plain `canopen.Network` with a `RemoteNode` of our EDS, its heartbeat,
its RPDO1 and a callback for TPDO1, which is what a charge needs of it at least.

*Lost* is what the kernel dropped because the listener's socket was full (SO_MEMINFO). *Processor* is the listener's
processor time in percent of one processor, *idle* the same without the load.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import can
import canopen

from deltaq_master import Limits, Master, Phase
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.socketcan.kernel import Kernel, packed_frame
from deltaq_master.simulator.assembly import assemble
from deltaq_master.simulator.bus import serve
from deltaq_master.simulator.options import Options

TX_SETUP, SETTIMER, STARTTIMER = 1, 0x01, 0x02
BCM_HEAD = struct.Struct("@3I4l2I0q")
"""linux/can/bcm.h: opcode, flags, count, two intervals in seconds and microseconds, COB-ID, number of frames."""
FOREIGN = range(0x394, 0x400)
"""COB-IDs of the load: TPDO3 of nodes 20 to 127."""
TICK = 0.004
"""Period of each cyclic frame of the load [s]; there are as many of them as the rate needs."""
BITS = 125
"""Bits of an 11-bit frame of 8 bytes, stuff bits and the gap to the next included, about."""
SETTLE = 3.0
SO_MEMINFO, DROPS = 55, 8
"""linux/sock_diag.h: SK_MEMINFO_DROPS is the ninth of nine words."""
CHARGER = "charger"
LISTENERS = ("master", "everything", "canopen")
INVERTED = 0x2000_0000
"""linux/can.h: a filter with this bit in its COB-ID takes all others."""


# --- who listens, in a process of its own -----------------------------------------------------------------


def drops(own: socket.socket) -> int:
    """Frames that the kernel has dropped for a socket."""
    words = own.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)
    return int(struct.unpack("=9I", words)[DROPS])


def as_master(channel: str) -> Callable[[], int]:
    """Charge."""
    master = Master.open("socketcan", channel)
    run = master.charger(10).charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=3600)
    next(view for view in run if view.phase is Phase.CHARGING)

    def lost() -> int:
        assert run.view is not None
        assert run.view.phase is Phase.CHARGING, run.view.cause
        return int(master.network.bus.dropped)  # type: ignore[union-attr]

    return lost


def as_recorder(channel: str) -> Callable[[], int]:
    """See every frame, and count it."""
    network = open_network("socketcan", channel)
    network.gate.subscribe_frames(lambda _: None)
    return lambda: int(network.bus.dropped)  # type: ignore[union-attr]


def as_canopen(channel: str) -> Callable[[], int]:
    """What a charge needs of plain canopen at least."""
    network = canopen.Network()
    network.connect(interface="socketcan", channel=channel)
    node = network.add_node(10, str(eds_path()))
    network.send_periodic(0x701, b"\x05", 0.1)
    network.send_periodic(0x20A, bytes(8), 0.1)
    network.subscribe(0x18A, lambda *_: None)
    bus: Any = network.bus
    return lambda: drops(bus.socket) if node else 0


def be_charger(channel: str) -> None:
    """Be the simulated charger, which hears everything but the load."""
    bus = can.Bus(channel, "socketcan", can_filters=[{"can_id": 0x380 | INVERTED, "can_mask": 0x780}])
    with bus:
        options = Options.parse({"soc": "50", "start-delay": "0"})
        print(json.dumps("ready"), flush=True)
        serve(bus, assemble(options, time.monotonic()), threading.Event())


def listen(who: str, channel: str) -> None:
    """Say what was used and lost at each line that comes in."""
    lost = {"master": as_master, "everything": as_recorder, "canopen": as_canopen}[who](channel)
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps([time.process_time(), lost()]), flush=True)


# --- the bus ----------------------------------------------------------------------------------------------


class Load:
    """Cyclic frames of the kernel's, for as long as its socket is open."""

    def __init__(self, channel: str, rate: float) -> None:
        self._socket = socket.socket(socket.PF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM)
        self._socket.connect((channel,))
        for number in range(max(1, round(rate * TICK))):
            cob_id = FOREIGN[number % len(FOREIGN)]
            every = (0, 0, 0, round(1e6 * TICK))
            head = BCM_HEAD.pack(TX_SETUP, SETTIMER | STARTTIMER, 0, *every, cob_id, 1)
            self._socket.send(head + packed_frame(cob_id, bytes(8)))

    def close(self) -> None:
        self._socket.close()


def carried(channel: str) -> int:
    """Frames that the interface has carried."""
    return int(Path(f"/sys/class/net/{channel}/statistics/tx_packets").read_text(encoding="ascii"))


def started(role: str, channel: str) -> subprocess.Popen[str]:
    """A process of this file that is ready in its role."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", role, "--channel", channel]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def measured(listener: subprocess.Popen[str], channel: str, seconds: float) -> tuple[float, int, float]:
    """Processor time [%], frames lost, and frames a second on the bus."""
    assert listener.stdin is not None
    assert listener.stdout is not None

    def ask() -> tuple[float, int]:
        print(file=listener.stdin, flush=True)
        used, lost = json.loads(listener.stdout.readline())  # type: ignore[union-attr]
        return used, lost

    before, begun, frames = ask(), time.monotonic(), carried(channel)
    time.sleep(seconds)
    after, ended = ask(), time.monotonic()
    took = ended - begun
    return 100 * (after[0] - before[0]) / took, after[1] - before[1], (carried(channel) - frames) / took


def measure(channel: str, seconds: float, rate: float) -> None:
    """Print a line for each listener."""
    print(f"{channel}, {seconds:g} s each, load wanted: {rate:g} frames/s (1 Mbit/s is {1e6 / BITS:.0f})")
    print(f"{'listener':11} {'frames/s':>9} {'lost':>7} {'processor %':>12} {'idle %':>7}")
    for who in LISTENERS:
        charger, listener = (started(role, channel) for role in (CHARGER, who))
        try:
            idle, _, _ = measured(listener, channel, SETTLE)
            load = Load(channel, rate)
            time.sleep(SETTLE)
            used, lost, frames = measured(listener, channel, seconds)
            load.close()
            print(f"{who:11} {frames:9.0f} {lost:7} {used:12.1f} {idle:7.1f}", flush=True)
        finally:
            for process in (listener, charger):
                process.kill()
                process.wait()


def main(arguments: Sequence[str]) -> None:
    """Measure all listeners, or, in a process that this made, be one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channel", default="vcan0", help="a SocketCAN interface that is up")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a run")
    parser.add_argument("--rate", type=float, default=1e6 / BITS, help="frames a second, if the kernel can")
    parser.add_argument("--one", choices=(CHARGER, *LISTENERS), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one == CHARGER:
        be_charger(asked.channel)
    elif asked.one:
        listen(asked.one, asked.channel)
    elif not Kernel().up(asked.channel):
        print(f"not measured: there is no SocketCAN interface {asked.channel} that is up")
    else:
        measure(asked.channel, asked.seconds, asked.rate)


if __name__ == "__main__":
    main(sys.argv[1:])
