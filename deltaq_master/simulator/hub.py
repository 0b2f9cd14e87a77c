"""A bus without hardware for several processes: serial-line CAN adapters (slcan) over TCP, on loopback only.

Each client is an adapter of its own on one wire, and what is simulated is on it too:

    can.Bus(interface="slcan", channel="socket://127.0.0.1:PORT", bitrate=500000)

An adapter that is closed, or set to another bit rate than the wire's, hears nothing and is not heard.
"""

from __future__ import annotations

import contextlib
import math
import selectors
import socket
from collections.abc import Callable
from ipaddress import ip_address

from deltaq_master.errors import BusError, UsageError
from deltaq_master.simulator.lawicel import Adapter
from deltaq_master.simulator.segment import Device

SEND_BUFFER = 1 << 16
"""Bytes of each connection that the system may keep for a client."""


class Hub:
    """The wire, its adapters and the devices; single-threaded, on the caller's clock."""

    def __init__(self, address: str, device: Device, clock: Callable[[], float]) -> None:
        """Listen on `HOST:PORT` with a loopback host; port 0 takes a free one.

        Raises UsageError for any other address, BusError where it cannot be had.
        """
        self._device = device
        self._clock = clock
        self._adapters: dict[socket.socket, Adapter] = {}
        self._listener = _listen(address)
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    @property
    def channel(self) -> str:
        """Channel for python-can's slcan interface."""
        host, port = self._listener.getsockname()[:2]
        return f"socket://[{host}]:{port}" if ":" in host else f"socket://{host}:{port}"

    def stop(self) -> None:
        """End `run`, from any thread or signal handler."""
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def run(self) -> None:
        """Serve until `stop`, then close everything."""
        try:
            while self._step():
                pass
        finally:
            for connection in (*self._adapters, self._listener, self._wake, self._woken):
                connection.close()
            self._selector.close()

    def _step(self) -> bool:
        """Wait for clients or the devices, and serve them; False: it is to end."""
        self._device_says(self._clock())
        self._write()
        deadline = self._device.deadline
        wait = None if deadline == math.inf else max(0.0, deadline - self._clock())
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._woken:
                return False
            if key.fileobj is self._listener:
                self._accept()
            else:
                self._read(key.data)
        return True

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What a client does not read waits here, where it is bounded, rather than in the system.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._adapters[connection] = Adapter()
        self._selector.register(connection, selectors.EVENT_READ, connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(65536)
        except BlockingIOError:
            # It woke us because it takes bytes again, not because it has some.
            return
        except OSError:
            received = b""
        if not received:
            self._drop(connection)
            return
        sender = self._adapters[connection]
        now = self._clock()
        for frame in sender.feed(received, now):
            self._device_says(now)
            for adapter in self._adapters.values():
                if adapter is not sender:
                    adapter.hear(frame)
            self._device.receive(frame, now)
            self._device_says(now)

    def _device_says(self, now: float) -> None:
        for frame in self._device.advance(now):
            for adapter in self._adapters.values():
                adapter.hear(frame)

    def _write(self) -> None:
        """Give every client what waits for it, as much as it takes."""
        for connection, adapter in list(self._adapters.items()):
            if not adapter.out:
                continue
            try:
                del adapter.out[: connection.send(adapter.out)]
            except BlockingIOError:
                pass
            except OSError:
                self._drop(connection)
                continue
            more = selectors.EVENT_WRITE if adapter.out else 0
            self._selector.modify(connection, selectors.EVENT_READ | more, connection)

    def _drop(self, connection: socket.socket) -> None:
        del self._adapters[connection]
        self._selector.unregister(connection)
        connection.close()


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    name = host.strip("[]")
    try:
        number = int(port)
        loopback = name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not 0 <= number <= 65535:
        raise UsageError(
            f"{address!r} cannot be listened on: whoever reaches the simulated bus may send on it",
            "use an address of this machine alone, as 127.0.0.1:29536",
        )
    if name == "localhost":
        name = "127.0.0.1"
    listener = socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((name, number))
    except OSError as error:
        listener.close()
        raise BusError(f"{address} cannot be listened on: {error.strerror}", "use another port") from error
    listener.listen()
    listener.setblocking(False)
    return listener
