"""A bus whose other end is the test.

`bus` is a python-can bus that a test feeds (`hear`, `fail`, `dead`) and reads (`sent`), without a wire and
without a sleep; `network` is our Network on it, connected, with its receive thread running. `bus.settle()`
returns when the receive thread has handled everything that was fed before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import can
import canopen
import pytest

from deltaq_master.link.bus.network import Network

PATIENCE = 5.0
"""Seconds after which a test gives up on another thread; nothing normal takes that long."""


class ScriptedBus(can.BusABC):
    """Hears what the test says and keeps what is sent."""

    def __init__(self, channel: str = "scripted0") -> None:
        self.channel = channel
        self.channel_info = f"a scripted bus on {channel}"
        self.sent: list[tuple[int, bytes]] = []
        self.messages: list[can.Message] = []
        self.refusal: Exception | None = None
        """Raised by every send while set."""
        self.dead: Exception | None = None
        """Raised by every receive while set."""
        self.answer: Callable[[can.Message], None] | None = None
        """Called with each message in the sender's thread, before `send` returns."""
        self.receives = 0
        self.closed = False
        self._inbox: SimpleQueue[can.Message | Exception | threading.Event] = SimpleQueue()
        super().__init__(channel)

    def hear(self, cob_id: int, data: str = "", *, timestamp: float = 0.0, **flags: Any) -> None:
        """Put a frame on the bus; `data` in hexadecimal, `flags` as can.Message names them."""
        self._inbox.put(message(cob_id, data, timestamp=timestamp, **flags))

    def fail(self, error: Exception) -> None:
        """Let one receive raise."""
        self._inbox.put(error)

    def settle(self) -> None:
        """Wait until all that was put so far has been handled."""
        handled = threading.Event()
        self._inbox.put(handled)
        assert handled.wait(PATIENCE), "the receive thread does not run"

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        self.receives += 1
        if self.dead is not None:
            raise self.dead
        try:
            item = self._inbox.get(timeout=timeout)
        except Empty:
            return None, False
        if isinstance(item, Exception):
            raise item
        if isinstance(item, threading.Event):
            item.set()
            return None, False
        return item, False

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((msg.arbitration_id, bytes(msg.data)))
        self.messages.append(msg)
        if self.answer is not None:
            self.answer(msg)

    def shutdown(self) -> None:
        super().shutdown()
        self.closed = True


def message(cob_id: int, data: str = "", *, timestamp: float = 0.0, **flags: Any) -> can.Message:
    """A python-can message, 11-bit unless the flags say otherwise."""
    flags.setdefault("is_extended_id", False)
    return can.Message(arbitration_id=cob_id, data=bytes.fromhex(data), timestamp=timestamp, **flags)


@pytest.fixture
def objects() -> canopen.ObjectDictionary:
    """An object dictionary without objects, for nodes that only need to be there."""
    return canopen.ObjectDictionary()  # type: ignore[no-untyped-call]


@pytest.fixture
def bus() -> Iterator[ScriptedBus]:
    scripted = ScriptedBus()
    yield scripted
    scripted.shutdown()


@pytest.fixture
def network(bus: ScriptedBus) -> Iterator[Network]:
    connected = Network(bus)
    connected.NOTIFIER_CYCLE = 0.01  # so that a test ends at once
    connected.connect()
    yield connected
    connected.disconnect()
