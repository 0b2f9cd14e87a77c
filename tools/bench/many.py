"""Many chargers in one process: are the periods kept, what does a charger cost, and does that grow evenly.

    python tools/bench/many.py [--seconds 60] [--runs 3] [--chargers 1 5 20 40 80] [--per-bus 20]

One process is the program that charges: a `Master` per bus, 20 chargers at most on a bus, all of them at "charging".
The other end of each bus is a process of its own with the simulated chargers in it; frames go between the two over
a socket, one system call per frame, as with SocketCAN. The program's bus stamps each heartbeat and each RPDO1 in
`send()`, the last point that a program has in its hands. Nobody reads the views of the charges; they are kept all
the same.

Lateness is how much longer than 100 ms the gap to the frame before was, over the frames of all chargers; an early
one counts as 0. *Machine* is how late a thread that does nothing but sleep, in a process of its own, wakes up
meanwhile: what the computer adds, whoever sends. *Processor* is the processor time of the charging program alone,
all of its threads, in percent of one processor; *each* is that of a charger, with its share of the bus; *each more*
is what each charger costs that the row before did not have. On a straight line it is the same in all rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from select import select
from threading import Event, Thread

import can

from deltaq_master import Charger, ChargeRun, Limits, Master, Phase
from deltaq_master.errors import BusError
from deltaq_master.link.bus.network import Network
from deltaq_master.simulator.assembly import assemble
from deltaq_master.simulator.bus import serve
from deltaq_master.simulator.options import Options

PERIOD = 0.1
PER_BUS = 20
FIRST_NODE = 10
HEARTBEAT, RPDO1 = 0x701, 0x200
FRAME = struct.Struct("<HB8s")
START_TIME = 60.0
"""Within this all chargers charge [s]; the ramp to 10 A alone takes 5 s."""
SETTLE = 5.0
"""From then until the first frame counts [s]."""
NAP = 0.01
"""Period of the thread that does nothing but sleep [s]."""

Late = tuple[float, float, float]
"""Lateness: median, 99th percentile and maximum [ms]."""


class SocketBus(can.BusABC):
    """A wire with two ends, over a stream; it notes when each heartbeat and RPDO1 was sent."""

    def __init__(self, stream: socket.socket) -> None:
        super().__init__("bench")
        self.channel_info = "bench"
        self.stamps: defaultdict[int, list[float]] = defaultdict(list)
        self._stream = stream
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002
        """Put a frame on the wire, and stamp what is cyclic."""
        cob_id = msg.arbitration_id
        if cob_id == HEARTBEAT or RPDO1 < cob_id <= RPDO1 + 0x7F:
            self.stamps[cob_id].append(time.perf_counter())
        try:
            self._stream.sendall(FRAME.pack(cob_id, msg.dlc, bytes(msg.data)))
        except OSError as error:
            raise can.CanOperationError(str(error)) from error

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not select([self._stream], [], [], timeout)[0]:
            return None, True
        octets = self._stream.recv(FRAME.size, socket.MSG_WAITALL)
        if len(octets) < FRAME.size:
            raise can.CanOperationError("the other end is gone")
        cob_id, length, data = FRAME.unpack(octets)
        message = can.Message(
            arbitration_id=cob_id, data=data[:length], is_extended_id=False, timestamp=time.time()
        )
        return message, True


# --- the other end of one bus, in a process of its own ------------------------------------------------------


def be_chargers(port: int, count: int) -> None:
    """Simulate the chargers of one bus until the program has left it."""
    bus = SocketBus(socket.create_connection(("127.0.0.1", port)))
    options = Options(node=FIRST_NODE, chargers=count)
    try:
        serve(bus, assemble(options, time.monotonic()), Event())
    except BusError:
        bus.shutdown()


# --- the program that charges, in a process of its own ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured with so many chargers."""

    chargers: int
    buses: int
    processor: float
    """Percent of one processor."""
    rpdo: Late
    heartbeat: Late
    machine: Late = (0.0, 0.0, 0.0)


def figures(late: Iterable[float]) -> Late:
    """Figures of latenesses [s]."""
    ordered = sorted(1000 * max(0.0, value) for value in late)
    return statistics.median(ordered), ordered[int(0.99 * len(ordered))], ordered[-1]


def lateness(buses: Sequence[SocketBus], begin: float, end: float, *, heartbeat: bool) -> Iterator[float]:
    """Lateness of each frame between two moments [s]."""
    for bus in buses:
        for cob_id, stamps in bus.stamps.items():
            if (cob_id == HEARTBEAT) is heartbeat:
                counted = [stamp for stamp in stamps if begin <= stamp < end]
                yield from (b - a - PERIOD for a, b in itertools.pairwise(counted))


def all_charge(runs: Sequence[ChargeRun]) -> bool:
    """Whether every charge is at "charging"."""
    return all(run.view is not None and run.view.phase is Phase.CHARGING for run in runs)


def charge(count: int, per_bus: int, seconds: float) -> Row:
    """Charge with so many chargers, and measure for some seconds."""
    sizes = [min(per_bus, count - before) for before in range(0, count, per_bus)]
    with ExitStack() as ends:
        buses: list[SocketBus] = []
        chargers: list[Charger] = []
        for size in sizes:
            bus = connected(size, ends)
            network = Network(bus).connect()
            ends.callback(network.disconnect)
            master = ends.enter_context(Master(network))
            buses.append(bus)
            chargers += (master.charger(FIRST_NODE + place) for place in range(size))
        runs = [each.charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=3600.0) for each in chargers]
        until = time.monotonic() + START_TIME
        while not all_charge(runs):
            if time.monotonic() > until:
                phases = [run.view.phase.name if run.view else "silent" for run in runs]
                raise SystemExit(f"not measured: not all of {count} chargers charge: {', '.join(phases)}")
            time.sleep(0.1)
        time.sleep(SETTLE)
        print("begin", flush=True)
        begin, used = time.perf_counter(), time.process_time()
        time.sleep(seconds)
        end, used = time.perf_counter(), time.process_time() - used
        print("end", flush=True)
        ended = [run.view.cause for run in runs if run.view is not None and run.view.cause is not None]
        if ended:
            raise SystemExit(f"not measured: {len(ended)} of {count} charges ended: {ended[0].text}")
        late = (figures(lateness(buses, begin, end, heartbeat=each)) for each in (False, True))
        return Row(count, len(sizes), 100 * used / (end - begin), *late)


def connected(count: int, ends: ExitStack) -> SocketBus:
    """A bus with so many chargers at its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, str(Path(__file__).resolve()), "--be-chargers", port, str(count)]
        process = subprocess.Popen(command)
        ends.callback(process.wait)
        stream, _ = server.accept()
    ends.callback(stream.close)
    bus = SocketBus(stream)
    ends.callback(bus.shutdown)
    return bus


# --- all numbers of chargers --------------------------------------------------------------------------------


class Sleeper:
    """A thread that does nothing but sleep, and notes how late it wakes up."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._over = False
        self._thread = Thread(target=self._sleep)
        self._thread.start()

    def end(self) -> Late:
        """Sleep no more; the figures."""
        self._over = True
        self._thread.join()
        return figures(self.late)

    def _sleep(self) -> None:
        while not self._over:
            before = time.perf_counter()
            time.sleep(NAP)
            self.late.append(time.perf_counter() - before - NAP)


def in_a_process(count: int, per_bus: int, seconds: float) -> Row:
    """The row of so many chargers, measured in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", str(count)]
    options = ("--per-bus", str(per_bus), "--seconds", str(seconds))
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "begin\n":
            raise SystemExit(1)  # it has said why
        sleeper = Sleeper()
        process.stdout.readline()
        machine = sleeper.end()
        text = process.stdout.read()
    if process.returncode:
        raise SystemExit(1)
    return replace(Row(**json.loads(text)), machine=machine)


def measure(counts: Sequence[int], per_bus: int, seconds: float, runs: int) -> None:
    """Print a row for each number of chargers: the run with the median maximum of RPDO1."""
    print(f"The run with the median maximum of {runs} of {seconds:g} s; lateness: median, p99, max [ms]")
    print(f"{'':15} {'RPDO1':>22} {'heartbeat':>22} {'machine':>22}   processor [%]")
    print(f"{'chargers  buses':15} {'':22} {'':22} {'':22} {'all':>7} {'each':>7} {'each more':>10}")
    before: Row | None = None
    for count in counts:
        rows = sorted(
            (in_a_process(count, per_bus, seconds) for _ in range(runs)), key=lambda row: row.rpdo[2]
        )
        row = rows[len(rows) // 2]
        times = " ".join(f"{a:6.2f} {b:7.2f} {c:7.2f}" for a, b, c in (row.rpdo, row.heartbeat, row.machine))
        line = f"{count:8} {row.buses:6} {times} {row.processor:7.2f} {row.processor / count:7.3f}"
        if before is not None and count != before.chargers:
            more = (row.processor - before.processor) / (count - before.chargers)
            line += f" {more:10.3f}"
        print(line, flush=True)
        before = row


def main(arguments: Sequence[str]) -> None:
    """Measure all numbers of chargers, or, in a process that this made, be one of the two ends."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each number is measured")
    parser.add_argument("--runs", type=int, default=3, help="runs of each number")
    parser.add_argument("--chargers", type=int, nargs="+", default=[1, 5, 20, 40, 80], help="how many")
    parser.add_argument("--per-bus", type=int, default=PER_BUS, help="how many at most on one bus")
    parser.add_argument("--one", type=int, metavar="CHARGERS", help=argparse.SUPPRESS)
    parser.add_argument("--be-chargers", type=int, nargs=2, metavar=("PORT", "COUNT"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.be_chargers:
        be_chargers(*asked.be_chargers)
    elif asked.one:
        print(json.dumps(asdict(charge(asked.one, asked.per_bus, asked.seconds))))
    else:
        measure(asked.chargers, asked.per_bus, asked.seconds, asked.runs)


if __name__ == "__main__":
    main(sys.argv[1:])
