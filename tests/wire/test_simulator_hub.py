"""The slcan hub: several processes on one simulated bus, through python-can's own slcan interface."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import cache

import can
import pytest
from can.interfaces.slcan import slcanBus

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import BusError, UsageError
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.hub import Hub
from deltaq_master.simulator.options import Options

PATIENCE = 5.0
DEVICE_TYPE = bytes.fromhex("40 00 10 00 00 00 00 00")
ANSWER = bytes.fromhex("43 00 10 00 A3 01 00 00")


def _hub(address: str = "127.0.0.1:0", **options: object) -> Hub:
    words = Options.parse({key: str(value) for key, value in options.items()})
    return Hub(address, SimulatedCharger(words, _eds(), time.monotonic()), time.monotonic)


@cache
def _eds() -> Dictionary:
    return load(eds_path(), 10)


@pytest.fixture
def hub() -> Iterator[Hub]:
    running = _hub()
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    running.stop()


def client(hub: Hub, bitrate: int | None = 500_000) -> can.BusABC:
    return can.Bus(interface="slcan", channel=hub.channel, bitrate=bitrate, sleep_after_open=0.0)


def expect(bus: can.BusABC, cob_id: int, patience: float = PATIENCE) -> can.Message:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        heard = bus.recv(0.1)
        if heard is not None and heard.arbitration_id == cob_id:
            return heard
    raise AssertionError(f"{cob_id:X}h was not heard")


def raw(hub: Hub, buffer: int = 1 << 16) -> socket.socket:
    """A client that speaks the bytes itself."""
    host, port = hub.channel.removeprefix("socket://").split(":")
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((host, int(port)))
    return connection


def read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += connection.recv(length - len(data))
    return data


def test_charger_is_on_the_wire(hub: Hub) -> None:
    with client(hub) as bus:
        expect(bus, 0x70A)
        bus.send(can.Message(arbitration_id=0x60A, data=DEVICE_TYPE, is_extended_id=False))
        answer = expect(bus, 0x58A)
        assert bytes(answer.data) == ANSWER
        assert not answer.is_extended_id


def test_clients_hear_each_other_and_not_themselves(hub: Hub) -> None:
    with client(hub) as one, client(hub) as other:
        expect(one, 0x70A)
        expect(other, 0x70A)
        one.send(can.Message(arbitration_id=0x18FF50E5, data=b"\xab\xcd", is_extended_id=True))
        wide = expect(other, 0x18FF50E5)
        assert (wide.is_extended_id, bytes(wide.data)) == (True, b"\xab\xcd")
        one.send(can.Message(arbitration_id=0x60A, is_remote_frame=True, dlc=8, is_extended_id=False))
        remote = expect(other, 0x60A)
        assert (remote.is_remote_frame, remote.dlc) == (True, 8)
        with pytest.raises(AssertionError):
            expect(one, 0x18FF50E5, patience=0.3)


def test_another_bit_rate_hears_nothing(hub: Hub) -> None:
    with client(hub, bitrate=125_000) as slow, client(hub, bitrate=None) as right:
        expect(right, 0x70A)
        assert slow.recv(0.3) is None


def test_commands_and_their_order(hub: Hub) -> None:
    """The confirmation of a frame comes before what the charger answers."""
    with raw(hub) as connection:
        connection.sendall(b"V\rS6\rO\r")
        assert read(connection, 8) == b"V1013\r\r\r"
        while not read(connection, 8).startswith(b"t70A1"):
            pass
        connection.sendall(b"t60A8" + DEVICE_TYPE.hex().encode() + b"\r")
        expected = b"z\rt58A8" + ANSWER.hex().upper().encode() + b"\r"
        assert read(connection, len(expected)) == expected


def test_client_that_goes_away_is_forgotten(hub: Hub) -> None:
    with client(hub) as stays:
        gone = raw(hub)
        gone.sendall(b"S6\rO\r")
        read(gone, 2)
        # With data unread this is a reset, not an orderly end.
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()
        raw(hub).close()
        expect(stays, 0x70A)
        expect(stays, 0x70A)


def test_client_that_does_not_read_holds_nobody_up(hub: Hub) -> None:
    """Frames wait for it; the others go on, and it has them all when it reads at last."""
    line = b"T18FF50E581122334455667788\r"
    with raw(hub, buffer=1024) as deaf, raw(hub) as busy:
        deaf.sendall(b"S6\rO\r")
        read(deaf, 2)
        busy.sendall(b"S6\rO\r")
        read(busy, 2)
        heard = 0
        for _ in range(100):
            busy.sendall(line * 150)
            heard += read(busy, 150 * 2).count(b"Z")
        # Heartbeats of the charger are between the confirmations.
        assert heard > 100 * 130
        waiting = read(deaf, 100 * 150 * len(line))
        assert waiting.count(line) > 100 * 150 - 50


def test_it_listens_on_the_loopback_alone() -> None:
    for address in (
        "0.0.0.0:29536",
        "192.168.0.1:29536",
        "example.org:1",
        "127.0.0.1",
        "127.0.0.1:x",
        "127.0.0.1:70000",
        ":1",
    ):
        with pytest.raises(UsageError, match="whoever reaches the simulated bus may send on it"):
            _hub(address)


def has_ipv6_loopback() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def check_name(address: str, channel: str) -> None:
    hub = _hub(address)
    assert hub.channel.startswith(channel)
    hub.stop()
    hub.run()


def test_names_of_the_loopback() -> None:
    check_name("localhost:0", "socket://127.0.0.1:")
    if has_ipv6_loopback():
        check_name("[::1]:0", "socket://[::1]:")
    else:  # a computer may have none, and then it is said
        with pytest.raises(BusError, match=r"\[::1\]:0 cannot be listened on"):
            _hub("[::1]:0")


def test_port_that_is_taken(hub: Hub) -> None:
    address = hub.channel.removeprefix("socket://")
    with pytest.raises(BusError, match=r"cannot be listened on: .*; use another port"):
        _hub(address)


def test_dark_charger_waits_for_clients_alone() -> None:
    hub = _hub(ac=0, ac_off="dark")
    thread = threading.Thread(target=hub.run)
    thread.start()
    with client(hub) as one, client(hub) as other:
        # Each answer to V says that what was sent before it has been carried out.
        for bus in (one, other):
            assert isinstance(bus, slcanBus)
            assert bus.get_version(PATIENCE) == (10, 13)
        one.send(can.Message(arbitration_id=0x123, is_extended_id=False))
        expect(other, 0x123)
    hub.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
