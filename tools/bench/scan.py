"""How long it takes to ask 127 node-IDs who they are, beside canopen's scanner and a loop of plain SDO reads.

    python tools/bench/scan.py [--timeout 0.5]

On the bus five node-IDs answer, three abort, one answers after a fifth of the time-out, and 118 are not there. The
bus is in this process and takes no time of its own; devices answer after 2 ms. Every scan must tell who is there,
and 1000h and 1018h of the six that have them. Exit code 1 if ours is not right, or takes more than 1.5 time-outs.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import can
import canopen
from canopen.sdo.client import SdoClient
from canopen.sdo.exceptions import SdoAbortedError, SdoCommunicationError

from deltaq_master.link.bus.network import Network
from deltaq_master.link.sdo.pacing import PROMPT
from deltaq_master.scanner.roll import TIMEOUT, call_roll

ANSWERING: Final = (3, 10, 40, 99, 127)
ABORTING: Final = (5, 64, 90)
SLOW: Final = 77
PRESENT: Final = frozenset((*ANSWERING, *ABORTING, SLOW))
DELAY: Final = 0.002
"""How long a device takes to answer [s]."""
OBJECTS: Final = {
    (0x1000, 0): 0x191,
    (0x1018, 1): 0x123,
    (0x1018, 2): 7,
    (0x1018, 3): 0x20005,
    (0x1018, 4): 9,
}
IDENTITY: Final = tuple(OBJECTS.values())
TARGET: Final = 1.5
"""Time-outs that ours may take."""

Found = dict[int, tuple[int | None, ...] | None]
"""Who was found, and the identity where it was told."""

Scan = Callable[["Town", float], tuple[Found, float]]
"""Scans a bus with an SDO time-out [s]; what it found, and how long that took, opening and closing aside."""


class Town(can.BusABC):
    """A bus with those devices on it, which keeps the times of requests and answers."""

    def __init__(self, slowness: float) -> None:
        self.channel_info = "a simulated town"
        self._slowness = slowness
        self._due: list[tuple[float, int, can.Message]] = []
        self._changed = threading.Condition()
        self._order = itertools.count()
        self.spans: dict[int, tuple[float, float]] = {}
        """When each request was sent, and answered: never is infinite."""
        super().__init__("town")

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002  python-can's signature
        if msg.data[0] != 0x40:
            return
        now, number, node_id = time.monotonic(), next(self._order), msg.arbitration_id - 0x600
        waits = self._slowness if node_id == SLOW else DELAY
        there = node_id in PRESENT
        self.spans[number] = (now, now + waits if there else float("inf"))
        if there:
            answer = can.Message(
                arbitration_id=0x580 + node_id, data=_answer(node_id, bytes(msg.data)), is_extended_id=False
            )
            with self._changed:
                heapq.heappush(self._due, (now + waits, number, answer))
                self._changed.notify_all()

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        until = time.monotonic() + (3600 if timeout is None else timeout)
        with self._changed:
            while (now := time.monotonic()) < until:
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2], False
                self._changed.wait(min(until, self._due[0][0] if self._due else until) - now)
        return None, False

    def most_young(self, young: float) -> int:
        """The most requests that were unanswered and younger than this at one moment."""
        ends = [(sent, 1) for sent, _ in self.spans.values()]
        ends += [(min(sent + young, answered), -1) for sent, answered in self.spans.values()]
        return max(itertools.accumulate(step for _, step in sorted(ends)), default=0)


def _answer(node_id: int, request: bytes) -> bytes:
    place = int.from_bytes(request[1:3], "little"), request[3]
    if node_id in ABORTING:
        return b"\x80" + request[1:4] + (0x0602_0000).to_bytes(4, "little")
    return b"\x43" + request[1:4] + OBJECTS[place].to_bytes(4, "little")


def ours(bus: Town, timeout: float) -> tuple[Found, float]:
    """`call_roll` on our network."""
    network = Network(bus)
    network.connect()
    found: Found = {}
    begun = time.monotonic()
    for answer in call_roll(network, timeout=timeout):
        if answer.present:
            who = answer.identity
            told = (who.device_type, who.vendor, who.product, who.revision, who.serial)
            found[answer.node_id] = None if told == (None,) * len(told) else told
    took = time.monotonic() - begun
    network.disconnect()
    return found, took


def searched(wait: float) -> Scan:
    """canopen's scanner, and the sleep that its users need; 0 is a whole time-out."""

    def search(bus: Town, timeout: float) -> tuple[Found, float]:
        network = canopen.Network(bus)
        network.connect()
        begun = time.monotonic()
        network.scanner.search()
        time.sleep(wait or timeout)
        found: Found = dict.fromkeys(network.scanner.nodes)
        took = time.monotonic() - begun
        network.disconnect()
        return found, took

    return search


def serial(bus: Town, timeout: float) -> tuple[Found, float]:
    """Plain canopen SDO reads, one node-ID after another."""
    network = canopen.Network(bus)
    network.connect()
    found: Found = {}
    begun = time.monotonic()
    for node_id in range(1, 128):
        objects = canopen.ObjectDictionary()  # type: ignore[no-untyped-call]
        client = SdoClient(0x600 + node_id, 0x580 + node_id, objects)  # type: ignore[no-untyped-call]
        client.network, client.RESPONSE_TIMEOUT = network, timeout
        network.subscribe(0x580 + node_id, client.on_response)
        try:
            values = [int.from_bytes(client.upload(*place), "little") for place in OBJECTS]
        except SdoAbortedError:
            found[node_id] = None
        except SdoCommunicationError:
            continue
        else:
            found[node_id] = tuple(values)
    took = time.monotonic() - begun
    network.disconnect()
    return found, took


def main() -> int:
    """Run all scans, each on a bus of its own, and print what each took and found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT, help=f"SDO time-out [s] (default: {TIMEOUT})"
    )
    parser.add_argument("--skip-serial", action="store_true", help="leave out the scan that takes a minute")
    arguments = parser.parse_args()
    timeout: float = arguments.timeout
    scans: dict[str, Scan] = {
        "deltaq_master": ours,
        "canopen search, sleep 0.05 s": searched(0.05),
        "canopen search, one time-out": searched(0),
    }
    if not arguments.skip_serial:
        scans["canopen SDO, one by one"] = serial
    # canopen tells of every time-out.
    logging.getLogger("canopen").setLevel(logging.CRITICAL)
    print(f"127 node-IDs: 5 answer, 3 abort, 1 is slow; SDO time-out {timeout:g} s")
    print(f"{'':<30}{'time':>9}{'time-outs':>11}{'most young':>12}{'found':>8}{'identified':>12}")
    missed = False
    for name, scan in scans.items():
        bus = Town(slowness=timeout / 5)
        found, took = scan(bus, timeout)
        bus.shutdown()
        right = len(PRESENT & found.keys())
        identified = sum(told == IDENTITY for told in found.values())
        print(
            f"{name:<30}{took:>7.2f} s{took / timeout:>11.2f}{bus.most_young(PROMPT):>12}"
            f"{f'{right} of {len(PRESENT)}':>8}{f'{identified} of 6':>12}"
        )
        if scan is ours:
            missed = took > TARGET * timeout or found.keys() != PRESENT or identified != 6
    print("missed" if missed else f"met: ours is right, and within {TARGET} time-outs")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
