"""Listening for another master before anything of ours could disturb it."""

from __future__ import annotations

import threading

import can
import pytest

from deltaq_master.errors import BusError
from deltaq_master.link.bus.another_master import another_master
from deltaq_master.link.bus.network import Network
from tests.wire.conftest import ScriptedBus

COMMANDS = frozenset({0x20A, 0x30A})


def heard(network: Network, listening: float = 5.0) -> str:
    return another_master(network, 10, 1, COMMANDS, listening)


@pytest.mark.parametrize(
    ("cob_id", "data", "said"),
    [
        (0x701, "05", "another master is on the bus: it sent 701h"),
        (0x20A, "00 4C 00 00 52 A0 00 01", "another master is on the bus: it sent 20Ah"),
        (0x70A, "00", ""),  # it has just been switched on: nobody is there for it
    ],
)
def test_what_is_heard_ends_it(network: Network, bus: ScriptedBus, cob_id: int, data: str, said: str) -> None:
    # Neither the device's own heartbeat nor frames of other nodes are a master's.
    def talk() -> None:
        for frame in ((0x70A, "7F"), (0x18A, "00"), (0x201, "00"), (cob_id, data)):
            bus.hear(*frame)

    timer = threading.Timer(0.05, talk)
    timer.start()
    assert heard(network) == said
    timer.join()
    assert bus.sent == []


def test_silence_is_nobody(network: Network, bus: ScriptedBus) -> None:
    assert heard(network, 0.05) == ""
    assert bus.sent == []


def test_a_bus_that_is_lost_is_not_silence(network: Network, bus: ScriptedBus) -> None:

    bus.dead = can.CanOperationError("gone")
    with pytest.raises(BusError, match="the bus was lost"):
        heard(network)
