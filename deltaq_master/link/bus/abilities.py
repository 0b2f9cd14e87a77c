"""What a way to the bus can do beyond sending and receiving, told by the python-can interface that is open."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import pairwise

import can

from deltaq_master.link import clock
from deltaq_master.link.device.node import Node
from deltaq_master.link.pump.lateness import lateness
from deltaq_master.link.socketcan.socketcan import SocketCan
from deltaq_master.units import quantity

DEVICE_TYPE = 0x1000
READS = 50


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an interface does itself; what it does not is done by this program, with its jitter and its end."""

    interface: str
    """The class of the interface, as python-can or we call it."""
    filters: bool
    """Frames that nobody wants are dropped before they reach this program."""
    cyclic: bool
    """Cyclic frames are sent by the kernel or the adapter, on its own clock."""
    lease: bool
    """Cyclic frames end by themselves when this program does not renew them."""
    stamped: bool
    """Frames are stamped by the kernel when they arrive, and not by this program when it gets to them."""
    states: bool
    """States of the controller are seen: error-passive, bus-off."""
    reopens: bool
    """A bus that was lost is opened again by itself once it is there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured by reading one object over and over."""

    reads: int
    median: float = quantity("s", "from an SDO request to its answer")
    longest: float = quantity("s", "the longest of them")
    late: float = quantity("s", "the longest that a wait of 10 ms was late")
    step: float = quantity("s", "the smallest step of our clock that was seen")


def abilities(bus: can.BusABC) -> Abilities:
    """What an open interface can do."""
    kind = type(bus)
    socketcan = isinstance(bus, SocketCan)
    own_filters = kind._apply_filters is not can.BusABC._apply_filters
    own_cyclic = kind._send_periodic_internal is not can.BusABC._send_periodic_internal
    theirs = kind.__name__ == "SocketcanBus"
    return Abilities(
        kind.__name__,
        filters=socketcan or own_filters,
        cyclic=socketcan or own_cyclic,
        lease=socketcan,
        stamped=socketcan or theirs,
        states=socketcan or theirs,
        reopens=socketcan,
    )


def measured(node: Node, reads: int = READS) -> Measured:
    """Read 1000h, and nothing else, `reads` times. Raises SdoError."""
    times: list[float] = []
    for _ in range(reads):
        begun = clock.now()
        node.sdo.upload(DEVICE_TYPE, 0)
        times.append(clock.now() - begun)
    return Measured(reads, statistics.median(times), max(times), lateness(), _step())


def _step(readings: int = 200) -> float:
    moments = [clock.now() for _ in range(readings)]
    return min((later - sooner for sooner, later in pairwise(moments) if later > sooner), default=0.0)
