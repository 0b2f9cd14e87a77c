"""Several simulated devices on one bus, as any python-can program meets them."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import can
import pytest

from deltaq_master.errors import FileError, UsageError
from deltaq_master.simulator.assembly import assemble
from deltaq_master.simulator.bus import SimulatedBus, SimulatorOptionError, serve
from deltaq_master.simulator.hub import Hub
from deltaq_master.simulator.options import Options

EDS = Path(__file__).resolve().parents[1] / "eds"
IO, GAUGE = EDS / "cia401.eds", EDS / "cia404.eds"
PATIENCE = 5.0
DEVICE_TYPE = bytes.fromhex("40 00 10 00 00 00 00 00")

_channels = count()


@pytest.fixture
def channel() -> str:
    """A wire of the test's own."""
    return f"devices {next(_channels)}"


def send(bus: can.BusABC, cob_id: int, data: bytes) -> None:
    bus.send(can.Message(arbitration_id=cob_id, data=data, is_extended_id=False))


def expect(bus: can.BusABC, *cob_ids: int) -> list[str]:
    """Data of the next messages with these COB-IDs, in this order."""
    found: list[str] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and len(found) < len(cob_ids):
        heard = bus.recv(0.1)
        if heard is not None and heard.arbitration_id == cob_ids[len(found)]:
            found.append(bytes(heard.data).hex(" ").upper())
    assert len(found) == len(cob_ids)
    return found


def test_further_devices_by_an_option(channel: str) -> None:
    with can.Bus(interface="deltaq_sim", channel=channel, device=f"{IO}@5,{GAUGE}@6/sdo-abort") as bus:
        expect(bus, 0x70A, 0x705, 0x706)
        for node in (5, 6, 10):
            send(bus, 0x600 + node, DEVICE_TYPE)
        assert expect(bus, 0x585, 0x586, 0x58A) == [
            "43 00 10 00 91 01 0F 00",
            "80 00 10 00 00 00 00 08",
            "43 00 10 00 A3 01 00 00",
        ]


def test_every_tap_hears_all_of_them(channel: str) -> None:
    both = f"{IO}@5,{IO}@6"
    with (
        SimulatedBus(channel, charger="no", device=both) as one,
        SimulatedBus(channel, charger="no", device=both) as two,
        SimulatedBus(channel),
    ):
        send(one, 0x605, DEVICE_TYPE)
        for bus in (one, two):
            expect(bus, 0x705, 0x706)
        with pytest.raises(SimulatorOptionError, match="with other options"):
            SimulatedBus(channel, charger="no", device=f"{IO}@5")


def test_a_slow_device_delays_no_other(channel: str) -> None:
    with SimulatedBus(channel, charger="no", device=f"{IO}@5/sdo-slow:100,{IO}@6") as bus:
        expect(bus, 0x705, 0x706)
        send(bus, 0x605, DEVICE_TYPE)
        send(bus, 0x606, DEVICE_TYPE)
        expect(bus, 0x586, 0x585)


def test_pack_is_measured_where_there_is_a_charger(channel: str) -> None:
    with SimulatedBus(channel, charger="no") as bus, pytest.raises(UsageError, match="has no charger"):
        bus.measure()
    with SimulatedBus(channel, device=f"{IO}@5") as bus:
        assert bus.measure().soc == pytest.approx(20)


def test_an_eds_that_is_not_there_leaves_no_wire(channel: str) -> None:
    with pytest.raises(FileError, match=r"nowhere\.eds"):
        SimulatedBus(channel, device="nowhere.eds@5")
    gc.collect()
    with SimulatedBus(channel) as bus:
        expect(bus, 0x70A)


def test_127_devices_on_one_bus(channel: str) -> None:
    with SimulatedBus(channel, charger="no", device=f"{IO}@1-127") as bus:
        expect(bus, *range(0x701, 0x780))
        for node in range(1, 128):
            send(bus, 0x600 + node, DEVICE_TYPE)
        assert set(expect(bus, *range(0x581, 0x600))) == {"43 00 10 00 91 01 0F 00"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    options = Options.parse({"charger": "no", "device": f"{IO}@5,{GAUGE}@6"})
    running = Hub("127.0.0.1:0", assemble(options, time.monotonic()), time.monotonic)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_hub_has_them_too(hub: Hub) -> None:
    with can.Bus(interface="slcan", channel=hub.channel, bitrate=500_000, sleep_after_open=0.0) as bus:
        expect(bus, 0x705, 0x706)
        send(bus, 0x605, DEVICE_TYPE)
        send(bus, 0x606, DEVICE_TYPE)
        assert expect(bus, 0x585, 0x586) == ["43 00 10 00 91 01 0F 00", "43 00 10 00 94 01 02 00"]


def test_served_on_any_bus(channel: str) -> None:
    stop = threading.Event()
    segment = assemble(Options.parse({"device": f"{IO}@5"}), time.monotonic())
    with can.Bus(channel, "virtual") as near, can.Bus(channel, "virtual") as far:
        thread = threading.Thread(target=serve, args=(far, segment, stop))
        thread.start()
        expect(near, 0x70A, 0x705)
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
