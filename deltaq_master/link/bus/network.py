"""One CAN bus: canopen's Network with our gate in front, and errors that say what to do."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, Self

import can
import canopen

from deltaq_master.errors import BusError, CallError
from deltaq_master.link import clock
from deltaq_master.link.bus.causes import cause_of
from deltaq_master.link.bus.gate import Gate
from deltaq_master.link.bus.opening import open_bus
from deltaq_master.link.socketcan.socketcan import SocketCan

logger = logging.getLogger(__name__)

PREBUILT = 256
"""Different frames whose python-can messages are kept; a charge sends a handful over and over."""


class SendError(BusError, can.CanOperationError):
    """A frame that the bus did not take; canopen's own code knows it as python-can's CanOperationError."""


class Network(canopen.Network):
    """canopen's Network, made safe: one listener, the gate; lent buses stay open; one node per node-ID.

    `Network(bus)` borrows an open python-can bus; `connect()` without one opens its own, as `can.Bus` does.
    A bus that shows us our own frames again (`receive_own_messages`) is not for a master: they would look
    like another master's. Cyclic messages that canopen starts by itself (`sync.start`, `send_periodic`) are
    python-can's, and watchers of frames do not see them.
    """

    # How often the receive thread looks whether it should end; canopen's second makes every exit as long.
    NOTIFIER_CYCLE = 0.1

    def __init__(self, bus: can.BusABC | None = None) -> None:
        super().__init__(bus)
        self.gate = Gate(self)
        self.listeners = [self.gate]
        self._owns_bus = False
        self._reserved: set[int] = set()
        self._repeated: frozenset[int] = frozenset()
        self._filtering = threading.Lock()

    def connect(self, *args: Any, **kwargs: Any) -> Self:
        """Open a bus, unless one was lent, and start to receive; arguments as `can.Bus` takes them.

        Raises UsageError or BusError if it cannot be opened, CallError if it already has a receiver.
        """
        if self.notifier is not None:
            raise CallError("this network is already connected")
        if self.bus is None:
            self.bus = open_bus(*args, ours=True, **kwargs)
            self._owns_bus = True
        elif can.Notifier.find_instances(self.bus):
            raise CallError("this bus already has a receiver: another Network or Notifier reads it")
        ours = isinstance(self.bus, SocketCan)
        self.gate.opened(_name(self.bus, kwargs.get("channel")), self if ours else None, reopens=ours)
        super().connect()
        self.listen()
        return self

    def disconnect(self) -> None:
        """Stop receiving; a bus that was only lent stays open. May be called again.

        Raises CallError from a receive callback.
        """
        if self.gate.in_receive_thread():
            raise CallError("a receive callback cannot close its own bus; do it from another thread")
        for node in self.nodes.values():
            node.pdo.stop()  # type: ignore[no-untyped-call]
        self.gate.closing()
        notifier, self.notifier = self.notifier, None
        if notifier is not None:
            notifier.stop(self.NOTIFIER_SHUTDOWN_TIMEOUT)
        with self.gate.order:
            bus, self.bus = self.bus, None
        owned, self._owns_bus = self._owns_bus, False
        if bus is not None and owned:
            try:
                bus.shutdown()
            except (can.CanError, OSError) as error:
                # An adapter that is gone cannot be closed politely; it is closed all the same.
                logger.warning("closing the bus: %s", cause_of(error, self.gate.name))

    def in_receive_thread(self) -> bool:
        """Whether the caller runs in a receive callback of this bus, where an SDO call cannot be answered."""
        return self.gate.in_receive_thread()

    # --- receiving ----------------------------------------------------------------------------------------

    def notify(self, can_id: int, data: bytearray, timestamp: float) -> None:
        """Call canopen's subscribers of a COB-ID, each by itself and with its own copy, then the scanner."""
        for callback in tuple(self.subscribers.get(can_id, ())):
            try:
                callback(can_id, bytearray(data), timestamp)
            except Exception:  # noqa: BLE001  one subscriber's mistake must not hide the frame from the next
                self.gate.raised(f"subscriber {callback!r} of {can_id:03X}h")
        self.scanner.on_message_received(can_id)

    def subscribe(self, can_id: int, callback: Callable[[int, bytearray, float], None]) -> None:
        """Call `callback` with each frame of a COB-ID, as canopen does."""
        super().subscribe(can_id, callback)
        self.listen()

    def listen(self) -> None:
        """Have the kernel's receive filters follow what is wanted here, where there are any."""
        bus = self.bus
        if self.notifier is not None and isinstance(bus, SocketCan):
            with self._filtering:
                wanted = self.gate.wanted
                bus.hear(None if wanted is None else wanted.union(tuple(self.subscribers), self._repeated))

    @property
    def missed(self) -> int:
        """Frames for which the kernel had no room, so that nobody here has seen them; 0 on a bus that does not tell."""
        return self.bus.dropped if isinstance(self.bus, SocketCan) else 0

    # --- sending ------------------------------------------------------------------------------------------

    def renew(self, cob_id: int, data: bytes, period: float, due: float) -> None:
        """Have the kernel send a frame every `period` [s] for a few periods more (SocketCAN alone).

        This renewal was `due` now or a while ago [s], on the clock of the machines.

        Raises SendError while the bus is lost, CallError on any other bus.
        """
        bus = self.bus
        if not isinstance(bus, SocketCan):
            raise CallError("not connected to a bus whose kernel repeats frames: nothing was sent")
        if cob_id not in self._repeated:
            # Their own frames, which come back, tell leases when they left.
            self._repeated |= {cob_id}
            self.listen()
        try:
            bus.leases.renew(cob_id, data, period, due)
        except (can.CanError, OSError) as error:
            self.gate.refused()
            raise SendError(*cause_of(error, self.gate.name)) from error

    def cease(self, cob_id: int | None = None) -> None:
        """End what `renew` began, all of it without a COB-ID; frames end at once."""
        bus = self.bus
        if isinstance(bus, SocketCan):
            if cob_id is None:
                bus.leases.cease_all()
            else:
                bus.leases.cease(cob_id)

    def send_frame(self, cob_id: int, data: bytes) -> None:
        """Send one data frame; any thread may call it.

        Raises SendError (a BusError) if the bus does not take it, CallError without a bus.
        """
        self._transmit(_prebuilt(cob_id, data))

    def send_message(self, can_id: int, data: bytes, remote: bool = False) -> None:
        """Send one frame as canopen does; raises as `send_frame`."""
        if not remote:
            self.send_frame(can_id, bytes(data))
        else:
            self._transmit(_message(can_id, bytes(data), remote=True))

    def _transmit(self, message: can.Message) -> None:
        bus = self.bus
        if isinstance(bus, SocketCan):
            self._make_room(bus, message.arbitration_id)
        with self.gate.order:
            bus = self.bus
            if bus is None:
                raise CallError("not connected to a bus: nothing was sent")
            time = clock.now()
            try:
                bus.send(message)
            except (can.CanError, OSError) as error:
                self.gate.refused()
                raise SendError(*cause_of(error, self.gate.name)) from error
            self.gate.sent(message, time)

    def _make_room(self, bus: SocketCan, cob_id: int) -> None:
        # Before the lock is taken: the pump must not wait for whoever waits here.
        try:
            bus.make_room(cob_id)
        except can.CanError as error:
            self.gate.refused()
            raise SendError(*cause_of(error, self.gate.name)) from error

    # --- nodes --------------------------------------------------------------------------------------------

    def reserve(self, node_id: int) -> None:
        """Keep a node-ID for ourselves; CallError if a node object has it already."""
        if node_id in self.nodes:
            raise CallError(f"node-ID {node_id} belongs to a node object on this bus; it cannot be ours too")
        self._reserved.add(node_id)

    def release(self, node_id: int) -> None:
        """Give a node-ID of ours back."""
        self._reserved.discard(node_id)

    def __setitem__(self, node_id: int, node: canopen.RemoteNode | canopen.LocalNode) -> None:
        """Add a node (`add_node` and `create_node` come here); CallError if another has its node-ID."""
        if node_id in self._reserved:
            raise CallError(f"node-ID {node_id} is the master's own; a device needs another")
        if self.nodes.get(node_id, node) is not node:
            raise CallError(f"node-ID {node_id} already has a node object on this bus; remove that one first")
        super().__setitem__(node_id, node)


def open_network(
    interface: str | None = None,
    channel: str | int | None = None,
    bitrate: int | None = None,
    **options: Any,
) -> Network:
    """Open a bus as python-can does, its settings and environment included, and listen on it.

    `sim` is the simulated charger. Raises UsageError or BusError.
    """
    return Network().connect(channel=channel, interface=interface, bitrate=bitrate, **options)


def _name(bus: can.BusABC, asked: object) -> str:
    """The channel as the system calls it where the interface keeps that, else the interface's own words.

    Where it has none (python-can's slcan), the channel that was `asked` for.
    """
    channel = getattr(bus, "channel", None)
    if isinstance(channel, str) and channel:
        return channel
    return bus.channel_info if bus.channel_info != can.BusABC.channel_info or asked is None else str(asked)


def _message(cob_id: int, data: bytes, *, remote: bool = False) -> can.Message:
    return can.Message(
        arbitration_id=cob_id,
        is_extended_id=cob_id > 0x7FF,
        data=data,
        is_remote_frame=remote,
        is_rx=False,
        check=True,
    )


@functools.lru_cache(maxsize=PREBUILT)
def _prebuilt(cob_id: int, data: bytes) -> can.Message:
    # Never changed once built: an interface may still hold the message that it was given.
    return _message(cob_id, data)
