"""Other ways to a bus than SocketCAN, through the door: slcan over TCP and on a serial port, and virtual."""

from __future__ import annotations

import json
import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link import clock
from deltaq_master.simulator.bus import serve
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.hub import Hub
from deltaq_master.simulator.options import Options
from tests.rig.test_cli_charge import CHARGE, StallError, patient

PATIENCE = 5.0
VIRTUAL = "ways"
Way = Callable[[], AbstractContextManager[tuple[str, ...]]]


def charger(now: float) -> SimulatedCharger:
    words = {"speed": "1000", "soc": "99", "start-delay": "0"}
    return SimulatedCharger(Options.parse(words), load(eds_path(), 10), now)


@contextmanager
def running(job: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=job)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextmanager
def over_tcp() -> Iterator[tuple[str, ...]]:
    hub = Hub("127.0.0.1:0", charger(clock.now()), clock.now)
    with running(hub.run, hub.stop):
        yield ("-i", "slcan", "-c", hub.channel, "-b", "500000")


@contextmanager
def on_a_serial_port() -> Iterator[tuple[str, ...]]:
    """A pseudo-terminal whose other end is an adapter of the hub."""
    hub = Hub("127.0.0.1:0", charger(clock.now()), clock.now)
    port = int(hub.channel.rpartition(":")[2])
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    over, end = socket.socketpair()
    with (
        running(hub.run, hub.stop),
        socket.create_connection(("127.0.0.1", port)) as adapter,
        over,
        end,
        running(lambda: relay(ours, adapter, end), over.close),
    ):
        yield ("-i", "slcan", "-c", os.ttyname(theirs), "-b", "500000")
    os.close(ours)
    os.close(theirs)


def relay(line: int, adapter: socket.socket, end: socket.socket) -> None:
    """Carry bytes between a serial line and an adapter, until `end` has something to read."""
    while True:
        sources: list[int | socket.socket] = [line, adapter, end]
        ready, _, _ = select.select(sources, [], [])
        if end in ready:
            return
        if line in ready:
            adapter.sendall(os.read(line, 4096))
        if adapter in ready:
            os.write(line, adapter.recv(4096))


@contextmanager
def virtual() -> Iterator[tuple[str, ...]]:
    stop = threading.Event()
    with can.Bus(interface="virtual", channel=VIRTUAL) as bus:
        offset = clock.now() - clock.from_monotonic(0.0)
        with running(lambda: serve(bus, charger(offset), stop), stop.set):
            yield ("-i", "virtual", "-c", VIRTUAL)


@pytest.mark.parametrize("way", [over_tcp, on_a_serial_port, virtual])
@patient
def test_a_charge_from_beginning_to_complete(way: Way, capsys: pytest.CaptureFixture[str]) -> None:
    with way() as words:
        code = main(["--json", *words, *CHARGE])
    said = capsys.readouterr()
    last = json.loads(said.out.splitlines()[-1])
    if last["cause"]["id"] == "not-run":
        raise StallError(last["cause"]["text"])
    assert code == 0, said.err
    assert last["outcome"] == "complete"
    assert last["off_confirmed"]


@pytest.mark.parametrize(
    ("way", "interface"), [(over_tcp, "slcanBus"), (on_a_serial_port, "slcanBus"), (virtual, "VirtualBus")]
)
def test_what_is_different_is_said_and_measured(
    way: Way, interface: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with way() as words:
        assert main(["--json", *words, "info", "--bus"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["abilities"] == {
        "interface": interface,
        "filters": False,
        "cyclic": False,
        "lease": False,
        "stamped": False,
        "states": False,
        "reopens": False,
    }
    assert 0 < found["measured"]["median"] < 1
