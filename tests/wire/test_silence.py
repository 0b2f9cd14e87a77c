"""What is said of a bus on which nothing was heard: the bit rate, what is expected, and what mends it."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import can
import pytest

from deltaq_master.errors import BusError
from deltaq_master.link.bus.interfaces import Interface, parsed
from deltaq_master.link.bus.network import Network
from deltaq_master.link.bus.silence import Expected, Silence, silence
from deltaq_master.link.socketcan.socketcan import SocketCan
from tests.wire.conftest import ScriptedBus
from tests.wire.scripted_socketcan import ScriptedKernel

KNOWN = Expected(500_000, "is that of the known charger [C]", (125_000, 250_000, 500_000, 1_000_000))
HEARD_NOTHING = Silence("can0", 125_000, 2.5, KNOWN, 0, 0, 0, "ERROR-ACTIVE")
ERROR = 0x2000_0000
PROTOCOL, NO_ACK = 0x008, 0x020


@pytest.mark.parametrize(
    ("found", "wrong", "said"),
    [
        (
            HEARD_NOTHING,
            True,
            "nothing was heard in 2.5 s on can0 at 125000 bit/s; 500000 bit/s is that of the known charger [C]; "
            "ip link set can0 down; ip link set can0 up type can bitrate 500000",
        ),
        (
            replace(HEARD_NOTHING, bitrate=500_000),
            False,
            "nothing was heard in 2.5 s on can0 at 500000 bit/s, which is that of the known charger [C]; "
            "is the other side powered and connected, the bus terminated? It may have another bit rate "
            "(125000, 250000 or 1000000 bit/s by its EDS): "
            "ip link set can0 down; deltaq -i socketcan -c can0 doctor --find-bitrate",
        ),
        (
            replace(HEARD_NOTHING, expected=Expected(allowed=(250_000, 500_000))),
            True,
            "nothing was heard in 2.5 s on can0 at 125000 bit/s; the EDS has 250000 or 500000 bit/s; "
            "find out which (250000 or 500000 bit/s by its EDS): "
            "ip link set can0 down; deltaq -i socketcan -c can0 doctor --find-bitrate",
        ),
        (
            replace(HEARD_NOTHING, expected=Expected()),
            False,
            "nothing was heard in 2.5 s on can0 at 125000 bit/s; "
            "is the other side powered and connected, the bus terminated? It may have another bit rate: "
            "ip link set can0 down; deltaq -i socketcan -c can0 doctor --find-bitrate",
        ),
        (
            replace(HEARD_NOTHING, channel="/dev/ttyACM0", by_ip=False),
            True,
            "nothing was heard in 2.5 s on /dev/ttyACM0 at 125000 bit/s; 500000 bit/s is that of the known charger "
            "[C]; deltaq -b 500000",
        ),
        (
            replace(HEARD_NOTHING, channel="/dev/ttyACM0", bitrate=500_000, by_ip=False),
            False,
            "nothing was heard in 2.5 s on /dev/ttyACM0 at 500000 bit/s, which is that of the known charger [C]; "
            "is the other side powered and connected, the bus terminated? It may have another bit rate "
            "(125000, 250000 or 1000000 bit/s by its EDS): try them with deltaq -b",
        ),
    ],
)
def test_what_is_said(found: Silence, wrong: bool, said: str) -> None:
    assert found.wrong is wrong
    assert str(found) == said


def test_error_frames_speak_for_another_bit_rate_and_missing_acknowledgement_does_not() -> None:
    assert (
        "17 error frames and no sound one speak for another bit rate"
        in replace(HEARD_NOTHING, errors=17).problem
    )
    alone = replace(HEARD_NOTHING, errors=17, unacknowledged=17).problem
    assert "error frames" not in alone
    assert alone.endswith("; nobody acknowledged what was sent")
    assert "error frames" not in replace(HEARD_NOTHING, errors=3).problem


def test_a_troubled_controller_that_sent_nothing_speaks_for_another_bit_rate_too() -> None:
    troubled = replace(HEARD_NOTHING, controller="ERROR-PASSIVE")
    assert troubled.problem.endswith("; its controller is ERROR-PASSIVE, which speaks for another bit rate")
    assert "controller" not in replace(troubled, sent=1).problem
    assert "controller" not in replace(troubled, controller="ERROR-ACTIVE").problem


# --- on a bus ---------------------------------------------------------------------------------------------


def described(bitrate: int | None) -> Interface:
    data = {"state": "ERROR-PASSIVE"} | ({"bittiming": {"bitrate": bitrate}} if bitrate else {})
    link = {"ifname": "can0", "flags": ["UP"], "link_type": "can", "linkinfo": {"info_data": data}}
    return next(parsed(json.dumps([link])))


@pytest.fixture
def kernel() -> ScriptedKernel:
    return ScriptedKernel(now=time.time())


@pytest.fixture
def can0(kernel: ScriptedKernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setattr("deltaq_master.link.bus.silence.interface", lambda _: described(250_000))
    bus = SocketCan("can0", kernel)
    network = Network(bus)
    network.NOTIFIER_CYCLE = 0.01
    network.connect()
    yield network
    network.disconnect()
    bus.shutdown()


def received(network: Network, number: int) -> None:
    end = time.monotonic() + 5.0
    while network.gate.counts.received < number:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_silent_interface(can0: Network, kernel: ScriptedKernel) -> None:
    can0.send_frame(0x60A, bytes.fromhex("40 00 10 00 00 00 00 00"))
    for number in range(5):
        kernel.hear(ERROR | PROTOCOL, "00 00 04 00 00 00 00 00")
        received(can0, number + 1)
    kernel.hear(ERROR | NO_ACK)
    received(can0, 6)
    assert silence(can0, KNOWN, 1.5) == Silence("can0", 250_000, 1.5, KNOWN, 1, 6, 1, "ERROR-PASSIVE")


def test_one_frame_is_no_silence(can0: Network, kernel: ScriptedKernel) -> None:
    kernel.hear(0x70A, "7F")
    received(can0, 1)
    assert silence(can0, KNOWN, 1.5) is None


def test_a_lost_bus_is_told_as_such(can0: Network, kernel: ScriptedKernel) -> None:
    can0.gate.on_error(can.CanOperationError("Network is down", errno.ENETDOWN))
    assert silence(can0, KNOWN, 1.5) is None


def test_without_a_bit_rate_nothing_is_said(can0: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise BusError("there is no program ip")

    # vcan0 has none; an interface may be gone; ip may be missing.
    for interface in (lambda _: described(None), lambda _: None, missing):
        monkeypatch.setattr("deltaq_master.link.bus.silence.interface", interface)
        assert silence(can0, KNOWN, 1.5) is None


def test_another_adapter_has_the_bit_rate_that_it_was_opened_with(network: Network, bus: ScriptedBus) -> None:
    assert silence(network, KNOWN, 1.5) is None
    found = silence(network, KNOWN, 1.5, 125_000)
    assert found == Silence("scripted0", 125_000, 1.5, KNOWN, 0, 0, 0, None, by_ip=False)
