"""Our heartbeat on the bus for a single write: after listening, and never for a wrong device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deltaq_master.charger.startup import DEVICE_TYPE
from deltaq_master.dictionary.address import Address
from deltaq_master.errors import BusError, RefusedError, SdoAbortError
from deltaq_master.link.device.node import Node
from deltaq_master.link.pump.feed import Feed
from deltaq_master.link.pump.pump import Pump
from deltaq_master.protocol.presence import Absent, Leave, Presence, Present

NOTICE_ATTEMPTS = 10
NOTICE_REPEAT = 0.05
"""The charger answered our first heartbeat after 4.5 to 13.6 ms; it lets itself be written only then [s]."""


@contextmanager
def held(pump: Pump, machine: Presence, listening: float) -> Iterator[Feed[object]]:
    """The machine's heartbeat for the time of a `with` block; RefusedError if another master is heard."""
    feed: Feed[object] = Feed()
    pump.add(machine, feed.put)
    try:
        match feed.take(listening + 1.0):
            case Present():
                yield feed
            case Absent(reason):
                raise RefusedError("our heartbeat", reason)
            case _:
                raise BusError("the pump of this bus does not run")
    finally:
        pump.post(machine, Leave())
        pump.remove(machine)


def check_profile(node: Node) -> None:
    """Refuse a device of another profile by a read alone: our heartbeat would take it into remote mode."""
    expected = node.dictionary[DEVICE_TYPE].default
    data = node.sdo.upload(DEVICE_TYPE.index, DEVICE_TYPE.sub)
    profile = int.from_bytes(data, "little") & 0xFFFF
    if isinstance(expected, int) and profile != expected & 0xFFFF:
        text = f"{DEVICE_TYPE} says CiA {profile}, and CiA {expected & 0xFFFF} is expected"
        raise RefusedError("our heartbeat", text, "check the node-ID")


def write_once_noticed(node: Node, address: Address, data: bytes, told: Feed[object]) -> None:
    """Write to a device that may need some milliseconds to notice our heartbeat."""
    for _ in range(NOTICE_ATTEMPTS - 1):
        try:
            return node.sdo.download(address.index, address.sub, data)
        except SdoAbortError:
            told.take(NOTICE_REPEAT)
    return node.sdo.download(address.index, address.sub, data)
