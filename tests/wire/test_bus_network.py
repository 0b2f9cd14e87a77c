"""Our Network: whose bus it is, whose node-ID, and what a send does."""

from __future__ import annotations

import errno
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import can
import canopen
import pytest

from deltaq_master.errors import BusError, CallError
from deltaq_master.link.bus.network import Network, SendError, open_network
from deltaq_master.protocol.events import Frame

if TYPE_CHECKING:
    from tests.wire.conftest import ScriptedBus

QUEUE_FULL = can.CanOperationError("Failed to transmit: No buffer space available", errno.ENOBUFS)


# --- whose bus --------------------------------------------------------------------------------------------


def test_lent_bus_is_left_alone(bus: ScriptedBus) -> None:
    network = Network(bus).connect()
    network.disconnect()
    network.disconnect()
    assert not bus.closed
    assert network.bus is None
    assert network.notifier is None
    assert not can.Notifier.find_instances(bus)


def test_own_bus_is_closed() -> None:
    network = open_network("virtual", "own")
    own = network.bus
    assert isinstance(own, can.BusABC)
    network.disconnect()
    network.disconnect()
    with pytest.raises(can.CanOperationError):
        own.send(can.Message())


def test_leaving_the_context_closes(bus: ScriptedBus) -> None:
    with Network(bus).connect() as network:
        assert network.notifier is not None
    assert network.notifier is None
    assert not bus.closed


def test_own_bus_that_cannot_be_closed_is_no_error(
    bus: ScriptedBus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An adapter that was unplugged cannot be told to close."""

    def shutdown() -> None:
        raise can.CanOperationError("Could not write to serial device")

    network = Network()
    monkeypatch.setattr("deltaq_master.link.bus.network.open_bus", lambda **options: bus)
    network.connect(interface="anything")
    with monkeypatch.context() as broken:
        broken.setattr(bus, "shutdown", shutdown)
        network.disconnect()
    assert "closing the bus: scripted0: Could not write to serial device" in caplog.text


def test_closed_network_opens_again(bus: ScriptedBus) -> None:
    network = Network(bus).connect()
    network.disconnect()
    network.connect(interface="virtual", channel="again")
    network.send_frame(0x701, b"\x05")
    network.disconnect()
    assert (bus.sent, bus.closed) == ([], False)


def test_connected_once(network: Network, bus: ScriptedBus) -> None:
    with pytest.raises(CallError, match="already connected"):
        network.connect()
    with pytest.raises(CallError, match="already has a receiver"):
        Network(bus).connect()
    bus.settle()


def test_no_closing_in_a_receive_callback(network: Network, bus: ScriptedBus) -> None:
    """It would wait for the thread that it runs in."""
    raised: list[Exception] = []

    def callback(cob_id: int, data: bytearray, timestamp: float) -> None:
        try:
            network.disconnect()
        except CallError as error:
            raised.append(error)

    network.subscribe(0x18A, callback)
    bus.hear(0x18A, "00")
    bus.settle()
    assert len(raised) == 1
    assert network.notifier is not None


def test_what_canopen_sends_by_itself_ends_with_the_network(
    bus: ScriptedBus, objects: canopen.ObjectDictionary
) -> None:
    network = Network(bus).connect()
    node = network.add_node(10, objects)
    stopped: list[bool] = []
    node.pdo.stop = lambda: stopped.append(True)  # type: ignore[method-assign]
    network.disconnect()
    assert stopped == [True]


# --- whose node-ID ----------------------------------------------------------------------------------------


def test_node_id_in_use_is_refused(network: Network, objects: canopen.ObjectDictionary) -> None:
    first = network.add_node(10, objects)
    with pytest.raises(CallError, match="node-ID 10 already has a node object"):
        network.add_node(10, objects)
    with pytest.raises(CallError, match="node-ID 10 already has a node object"):
        network.create_node(10, objects)
    assert network[10] is first
    network[10] = first
    del network[10]
    assert network.add_node(10, objects) is not first


def test_our_own_node_id_is_refused(network: Network, objects: canopen.ObjectDictionary) -> None:
    network.reserve(1)
    with pytest.raises(CallError, match="node-ID 1 is the master's own"):
        network.add_node(1, objects)
    network.release(1)
    network.add_node(1, objects)
    with pytest.raises(CallError, match="node-ID 1 belongs to a node object"):
        network.reserve(1)


# --- sending ----------------------------------------------------------------------------------------------


def test_sent_frames_are_shown_and_counted(network: Network, bus: ScriptedBus) -> None:
    watched: list[Frame] = []
    network.gate.subscribe_frames(watched.append)
    network.send_frame(0x701, b"\x05")
    network.nmt.send_command(1)
    assert bus.sent == [(0x701, b"\x05"), (0x000, b"\x01\x00")]
    assert watched == [
        Frame(0x701, b"\x05", watched[0].time, sent=True),
        Frame(0x000, b"\x01\x00", watched[1].time, sent=True),
    ]
    assert watched[0].time <= watched[1].time
    assert network.gate.counts.sent == 2


def test_sent_frames_are_not_given_to_the_pump(network: Network, bus: ScriptedBus) -> None:
    network.gate.queue = SimpleQueue()
    network.send_frame(0x701, b"\x05")
    assert network.gate.queue.empty()


def test_watchers_see_a_request_before_its_answer(network: Network, bus: ScriptedBus) -> None:
    """The answer comes while the send is still under way, in another thread."""
    watched: list[tuple[int, bool]] = []
    network.gate.subscribe_frames(lambda frame: watched.append((frame.cob_id, frame.sent)))

    def answer(msg: can.Message) -> None:
        heard = network.gate.counts.received
        bus.hear(0x58A, "43 00 10 00 A3 01 00 00")
        while network.gate.counts.received == heard:
            pass

    bus.answer = answer
    network.send_message(0x60A, bytes.fromhex("4000100000000000"))
    bus.settle()
    assert watched == [(0x60A, True), (0x58A, False)]


def test_kinds_of_frames_sent(network: Network, bus: ScriptedBus) -> None:
    network.send_frame(0x701, b"\x05")
    network.send_message(0x18FF50E5, b"\x01")
    network.send_message(0x70A, b"", remote=True)
    plain, extended, remote = bus.messages
    assert (plain.is_extended_id, plain.is_remote_frame, plain.is_fd) == (False, False, False)
    assert extended.is_extended_id
    assert remote.is_remote_frame
    with pytest.raises(ValueError, match="8"):
        network.send_frame(0x20A, bytes(9))
    assert len(bus.sent) == 3


def test_equal_frames_share_a_message_and_others_do_not(network: Network, bus: ScriptedBus) -> None:
    network.send_frame(0x20A, b"\x00")
    network.send_frame(0x20A, b"\x01")
    network.send_frame(0x20A, b"\x00")
    first, other, again = bus.messages
    assert first is again
    assert (bytes(first.data), bytes(other.data)) == (b"\x00", b"\x01")


def test_full_queue_is_a_bus_error(network: Network, bus: ScriptedBus) -> None:
    watched: list[Frame] = []
    network.gate.subscribe_frames(watched.append)
    bus.refusal = QUEUE_FULL
    with pytest.raises(SendError) as caught:
        network.send_frame(0x701, b"\x05")
    assert isinstance(caught.value, BusError)
    assert caught.value.problem == "the transmit queue of scripted0 is full"
    assert "nobody acknowledges" in caught.value.remedy
    with pytest.raises(can.CanError):  # what canopen's own code looks for
        network.send_message(0x60A, bytes(8))
    assert (watched, network.gate.counts.refused, network.gate.counts.sent) == ([], 2, 0)
    bus.refusal = None
    network.send_frame(0x701, b"\x05")
    assert len(watched) == 1


def test_operating_system_errors_are_translated_too(network: Network, bus: ScriptedBus) -> None:
    bus.refusal = OSError(errno.ENODEV, "No such device")
    with pytest.raises(BusError, match="there is no device scripted0"):
        network.send_frame(0x701, b"\x05")


def test_nothing_is_sent_without_a_bus(bus: ScriptedBus) -> None:
    network = Network()
    with pytest.raises(CallError, match="not connected"):
        network.send_frame(0x701, b"\x05")
    lent = Network(bus).connect()
    lent.disconnect()
    with pytest.raises(CallError, match="nothing was sent"):
        lent.send_message(0x60A, bytes(8))
    assert bus.sent == []


def test_threads_may_send_at_once(network: Network, bus: ScriptedBus) -> None:
    """Watchers see the frames in the order in which they went out."""
    watched: list[tuple[int, bytes]] = []
    network.gate.subscribe_frames(lambda frame: watched.append((frame.cob_id, frame.data)))

    def send_many(cob_id: int) -> None:
        for number in range(100):
            network.send_frame(cob_id, bytes((number,)))

    threads = [threading.Thread(target=send_many, args=(0x200 + number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bus.sent) == 400
    assert watched == bus.sent
    assert network.gate.counts.sent == 400
