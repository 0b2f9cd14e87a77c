"""The simulated devices on a bus: as python-can interface `deltaq_sim`, or served on any other bus.

    bus = can.Bus(interface="deltaq_sim", speed=400, soc=80)

Buses on one channel share the same devices, within one process. The first one's options hold;
a later one gives the same or none. The devices end with the last bus.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Condition, RLock, Thread
from typing import Any, Protocol

import can
from can.typechecking import AutoDetectedConfig, CanFilters

from deltaq_master.errors import BusError, UsageError
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.assembly import assemble
from deltaq_master.simulator.charger import Measurement
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.segment import Device

INTERFACE = "deltaq_sim"
CHANNEL = "deltaq"
"""Channel of a bus that names none."""
PATIENCE = 0.1
"""How long `serve` waits before it looks whether it is to stop [s]."""

# What python-can's own tools and configuration files may pass to any interface. It is without meaning here.
_TOLERATED = frozenset(("bitrate", "data_bitrate", "fd", "timing", "single_handle", "ignore_config", "state"))


class SimulatorOptionError(UsageError, can.CanInitializationError):
    """An option that cannot be used, as an error of ours and one that any python-can program expects."""


class SimulatedBus(can.BusABC):
    """One tap of the wire that the simulated devices are on."""

    def __init__(
        self,
        channel: Any = None,
        can_filters: CanFilters | None = None,
        receive_own_messages: bool = False,
        **options: Any,
    ) -> None:
        """Join the wire of `channel`, or lay it; options are those of `Options`, as words or numbers.

        Raises SimulatorOptionError for an unknown or unusable option, and for options that differ from
        those of the bus that laid the wire.
        """
        self.receive_own_messages = receive_own_messages
        self._queue: SimpleQueue[can.Message | None] = SimpleQueue()
        self.channel = CHANNEL if channel is None else str(channel)
        words = {key: str(value) for key, value in options.items() if key not in _TOLERATED}
        try:
            wanted = Options.parse(words) if words else None
        except UsageError as error:
            raise SimulatorOptionError(error.problem, error.remedy) from error
        self._wire = _join(self.channel, wanted, self)
        self.channel_info = f"{INTERFACE} channel {self.channel!r}"
        super().__init__(channel=self.channel, can_filters=can_filters)

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002
        """Put a frame on the wire; a device's answer is there when this returns."""
        self._check_open()
        if msg.is_fd:
            raise can.CanOperationError("the simulated bus is classic CAN; it takes no CAN FD frame")
        self._wire.send(self, msg)

    def measure(self, node: int | None = None) -> Measurement:
        """What a battery management system on the pack of a charger, by default the first, measures now.

        Raises UsageError where no such charger is on the bus.
        """
        self._check_open()
        return self._wire.measure(node)

    def deliver(self, message: can.Message | None) -> None:
        """Hand a message to whoever receives; None wakes it because the bus was closed."""
        self._queue.put(message)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        self._check_open()
        try:
            message = self._queue.get(timeout=None if timeout is None else max(0.0, timeout))
        except Empty:
            return None, False
        self._check_open()
        return message, False

    def _check_open(self) -> None:
        if self._is_shutdown:
            raise can.CanOperationError(f"the bus on {INTERFACE} channel {self.channel!r} is closed")

    def shutdown(self) -> None:
        """Leave the wire; twice is once."""
        if not self._is_shutdown:
            super().shutdown()
            _leave(self._wire, self)
            self.deliver(None)

    @staticmethod
    def _detect_available_configs() -> Sequence[AutoDetectedConfig]:
        with _registry:
            channels = {CHANNEL, *_wires}
        return [{"interface": INTERFACE, "channel": channel} for channel in sorted(channels)]


class _Wire:
    """The devices, the buses, and the thread that waits for what the devices do by themselves.

    The devices run in the thread of whoever sends, so that an answer is there at once.
    """

    def __init__(self, channel: str, options: Options) -> None:
        self.channel = channel
        self.options = options
        self.buses: list[SimulatedBus] = []
        # One offset for the wire's whole life: stamps never run backwards, whatever the wall clock does.
        self._epoch = time.time() - time.monotonic()
        self._segment = assemble(options, time.monotonic())
        self._changed = Condition()
        self._wakes = math.inf
        self._open = True
        self._thread = Thread(target=self._wait, name=f"{INTERFACE} {channel}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def send(self, sender: SimulatedBus, msg: can.Message) -> None:
        with self._changed:
            now = time.monotonic()
            self._flush(now)
            for bus in self.buses:
                if bus is not sender or bus.receive_own_messages:
                    bus.deliver(self._copy(msg, now, received=bus is not sender))
            self._segment.receive(frame_of(msg, now), now)
            self._flush(now)
            if self._segment.deadline < self._wakes:
                self._changed.notify()

    def measure(self, node: int | None) -> Measurement:
        with self._changed:
            now = time.monotonic()
            measured = self._segment.measure(now, node)
            self._flush(now)
            return measured

    def _wait(self) -> None:
        with self._changed:
            while self._open:
                now = time.monotonic()
                self._flush(now)
                self._wakes = self._segment.deadline
                self._changed.wait(None if self._wakes == math.inf else max(0.0, self._wakes - now))

    def _flush(self, now: float) -> None:
        for frame in self._segment.advance(now):
            for bus in self.buses:
                message = message_of(frame)
                message.timestamp = self._epoch + frame.time
                message.channel = self.channel
                bus.deliver(message)

    def _copy(self, msg: can.Message, now: float, received: bool) -> can.Message:
        return can.Message(
            timestamp=self._epoch + now,
            arbitration_id=msg.arbitration_id,
            is_extended_id=msg.is_extended_id,
            is_remote_frame=msg.is_remote_frame,
            is_error_frame=msg.is_error_frame,
            dlc=msg.dlc,
            data=bytes(msg.data),
            channel=self.channel,
            is_rx=received,
        )


_registry = RLock()
_wires: dict[str, _Wire] = {}


def _join(channel: str, wanted: Options | None, bus: SimulatedBus) -> _Wire:
    with _registry:
        wire = _wires.get(channel)
        if wire is None:
            wire = _wires[channel] = _Wire(channel, wanted or Options())
            wire.buses = [bus]
            wire.start()
            return wire
        if wanted is not None and wanted != wire.options:
            raise SimulatorOptionError(
                f"another bus already runs the simulator on channel {channel!r} with other options",
                "give the same options or none, or use another channel",
            )
        # A new list: the wire's thread may be going through the old one.
        wire.buses = [*wire.buses, bus]
        return wire


def _leave(wire: _Wire, bus: SimulatedBus) -> None:
    with _registry:
        wire.buses = [other for other in wire.buses if other is not bus]
        if not wire.buses:
            _wires.pop(wire.channel, None)
            wire.close()


@atexit.register
def _end() -> None:
    """End what a program has left open: a daemon thread cannot be waited for once Python winds up."""
    for wire in _wires.values():
        wire.close()


def frame_of(msg: can.Message, now: float) -> Frame:
    """Frame of a python-can message that was received at `now` [s]."""
    return Frame(
        msg.arbitration_id,
        bytes(msg.data),
        now,
        extended=msg.is_extended_id,
        remote=msg.is_remote_frame,
        error=msg.is_error_frame,
        fd=msg.is_fd,
    )


def message_of(frame: Frame) -> can.Message:
    """Message to send for a frame of a simulated device."""
    return can.Message(arbitration_id=frame.cob_id, data=frame.data, is_extended_id=False)


class Stop(Protocol):
    """What tells `serve` to end, such as a `threading.Event`."""

    def is_set(self) -> bool:
        """True once it is to end."""


def serve(bus: can.BusABC, device: Device, stop: Stop) -> None:
    """Run a device, or a segment of them, on a bus until `stop` is set; it lives on `time.monotonic()`.

    A frame that the bus refuses is lost, as on a real bus that is too busy. Raises BusError when receiving
    fails: the bus is gone.
    """
    while not stop.is_set():
        now = time.monotonic()
        for frame in device.advance(now):
            with contextlib.suppress(can.CanError):
                bus.send(message_of(frame))
        try:
            msg = bus.recv(min(PATIENCE, max(0.0, device.deadline - now)))
        except can.CanError as error:
            raise BusError(f"the bus that the simulator is on was lost: {error}") from error
        if msg is not None:
            now = time.monotonic()
            device.receive(frame_of(msg, now), now)
