"""How late a master's heartbeat leaves (100 ms): the pump beside canopen's periodic task, idle and under load.

    python tools/bench/heartbeat.py [--seconds 60] [--runs 5]

Each sender runs in a process of its own, one after the other. The bus stamps each heartbeat in `send()`, the
last point that a program has in its hands: a receiver in the same process would be held up by the very load that
is to be measured, and one in another process by the scheduler. Lateness is how much longer than 100 ms the gap to
the heartbeat before was: what the charger, the heartbeat consumer, gets to see. An early one counts as 0.

Senders: *pump* is ours; *canopen* is `network.send_periodic`, which is what its own heartbeat uses, as shipped;
*canopen, 0.5 ms* is the same with the pump's switch interval.
Loads: *idle*; *busy* is two threads of pure Python and one that reads objects by SDO without a rest; *lock* is one
thread that holds the interpreter lock in C for about 0.3 s at a time, against which no thread can do anything.
The bus answers the SDO reads by itself, so that no server competes for the processor.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

import can
import canopen
from canopen.objectdictionary import ODVariable
from canopen.objectdictionary.datatypes import UNSIGNED16

from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device.node import Node
from deltaq_master.link.pump.pump import HEARTBEAT_PERIOD, Pump
from deltaq_master.link.pump.switching import SWITCH_INTERVAL
from deltaq_master.link.sdo.worker import TransferWorkers
from deltaq_master.protocol.presence import Presence

NODE_ID = 10
MASTER_ID = 1
HEARTBEAT = 0x701
SDO_REQUEST = 0x600 + NODE_ID
SDO_ANSWER = can.Message(
    arbitration_id=0x580 + NODE_ID, data=bytes.fromhex("4B 01 21 00 46 4E 00 00"), is_extended_id=False
)
"""2101h = 4E46h, 78.27 V: expedited, two bytes."""
LOCK_TIME = 0.3
LOCK_REST = 0.2
SENDERS = ("pump", "canopen", "canopen, 0.5 ms")
LOADS = ("idle", "busy", "lock")


class StampingBus(can.BusABC):
    """A bus that notes when each heartbeat was sent, and answers SDO reads at once."""

    def __init__(self) -> None:
        super().__init__("bench")
        self.channel_info = "bench"
        self.stamps: list[float] = []
        self._answers: SimpleQueue[can.Message] = SimpleQueue()

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002
        """Stamp a heartbeat, answer an SDO read, swallow the rest."""
        if msg.arbitration_id == HEARTBEAT:
            self.stamps.append(time.perf_counter())
        elif msg.arbitration_id == SDO_REQUEST:
            self._answers.put(SDO_ANSWER)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        try:
            return self._answers.get(timeout=timeout), True
        except Empty:
            return None, True


# --- one sender, in a process of its own ------------------------------------------------------------------


def ours(bus: can.BusABC) -> Callable[[], object]:
    """Start the pump's heartbeat on a bus; returns an SDO read."""
    network = Network(bus).connect()
    pump = Pump(network.send_frame, TransferWorkers())
    pump.start(network.gate)
    pump.add(Presence(NODE_ID, MASTER_ID, frozenset(), 0.0, clock.now()), lambda _: None)
    node = Node(NODE_ID, load(eds_path(), NODE_ID))
    network.add_node(node)
    return lambda: node.sdo.upload(0x2101, 0)


def canopens(bus: can.BusABC) -> Callable[[], object]:
    """Start canopen's periodic task on a bus; returns an SDO read."""
    network = canopen.Network(bus)
    network.connect()
    dictionary = canopen.ObjectDictionary()  # type: ignore[no-untyped-call]
    voltage = ODVariable("Battery Voltage", 0x2101)
    voltage.data_type = UNSIGNED16
    dictionary.add_object(voltage)
    node = network.add_node(NODE_ID, dictionary)
    network.send_periodic(HEARTBEAT, b"\5", HEARTBEAT_PERIOD)
    return lambda: node.sdo.upload(0x2101, 0)


def start_load(load_name: str, read: Callable[[], object]) -> None:
    """Start the threads of a load; they end with the process."""

    def compute() -> None:
        number = 0
        while True:
            number = (number * 31 + 7) % 1_000_003

    def flood() -> None:
        while True:
            read()

    def hold_the_lock() -> None:
        count, took = 1_000_000, 0.0
        while took < LOCK_TIME:
            count = int(count * 1.5)
            begun = time.perf_counter()
            sum(range(count))
            took = time.perf_counter() - begun
        while True:
            sum(range(count))
            time.sleep(LOCK_REST)

    jobs = {"idle": (), "busy": (compute, compute, flood), "lock": (hold_the_lock,)}[load_name]
    for job in jobs:
        threading.Thread(target=job, daemon=True).start()


def send(sender: str, load_name: str, seconds: float) -> list[float]:
    """Lateness of each heartbeat [s]."""
    bus = StampingBus()
    read = ours(bus) if sender == "pump" else canopens(bus)
    if sender == "canopen, 0.5 ms":
        sys.setswitchinterval(SWITCH_INTERVAL)
    start_load(load_name, read)
    time.sleep(1.0)  # the load is at work before the first gap counts
    begin = len(bus.stamps)
    time.sleep(seconds)
    stamps = bus.stamps[begin:]
    return [max(0.0, after - before - HEARTBEAT_PERIOD) for before, after in itertools.pairwise(stamps)]


# --- all senders ------------------------------------------------------------------------------------------


def in_a_process(sender: str, load_name: str, seconds: float) -> list[float]:
    """Lateness of each heartbeat [s], measured in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", sender, load_name, str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    late: list[float] = json.loads(done.stdout)
    return late


def figures(late: Sequence[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and maximum [ms]."""
    ordered = [1000 * value for value in sorted(late)]
    return statistics.median(ordered), ordered[int(0.99 * len(ordered))], ordered[-1]


def measure(seconds: float, runs: int) -> None:
    """Print the median run of each sender under each load."""
    total = seconds * runs * len(SENDERS) * len(LOADS)
    print(
        f"Heartbeat lateness [ms], the run with the median maximum of {runs} of {seconds:g} s; {total / 60:.0f} min"
    )
    print(f"{'load':6} {'sender':16} {'median':>8} {'p99':>8} {'max':>8}   max of all runs   max / pump's")
    for load_name in LOADS:
        of_pump = 0.0
        for sender in SENDERS:
            rows = sorted(
                (figures(in_a_process(sender, load_name, seconds)) for _ in range(runs)),
                key=lambda row: row[2],
            )
            median, p99, most = rows[len(rows) // 2]
            of_pump = of_pump or most
            spread = f"{rows[0][2]:.1f} to {rows[-1][2]:.1f}"
            print(
                f"{load_name:6} {sender:16} {median:8.2f} {p99:8.2f} {most:8.2f}   {spread:>15}   {most / of_pump:.1f}"
            )


def main(arguments: Sequence[str]) -> None:
    """Measure all senders, or, in a process that this made, one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a run")
    parser.add_argument("--runs", type=int, default=5, help="runs of each sender under each load")
    parser.add_argument("--one", nargs=3, metavar=("SENDER", "LOAD", "SECONDS"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        sender, load_name, seconds = asked.one
        print(json.dumps(send(sender, load_name, float(seconds))))
    else:
        measure(asked.seconds, asked.runs)


if __name__ == "__main__":
    main(sys.argv[1:])
