"""What passes the gate, to whom, and in which order."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import can
import canopen
import pytest

from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.protocol.events import Frame

if TYPE_CHECKING:
    from tests.wire.conftest import ScriptedBus

Heard = tuple[int, bytes, float]


class Ears:
    """Everybody who can listen to one network: pump, watcher, subscriber."""

    def __init__(self, network: Network, *cob_ids: int) -> None:
        self.queue: SimpleQueue[object] = SimpleQueue()
        network.gate.queue = self.queue
        self.watched: list[Frame] = []
        network.gate.subscribe_frames(self.watched.append)
        self.subscribed: list[Heard] = []
        for cob_id in cob_ids:
            network.subscribe(cob_id, self._subscriber)

    def _subscriber(self, cob_id: int, data: bytearray, timestamp: float) -> None:
        self.subscribed.append((cob_id, bytes(data), timestamp))

    @property
    def queued(self) -> list[object]:
        return [self.queue.get_nowait() for _ in range(self.queue.qsize())]


def test_a_plain_frame_reaches_everybody(network: Network, bus: ScriptedBus) -> None:
    ears = Ears(network, 0x18A)
    before = clock.now()
    bus.hear(0x18A, "7C 13 46 4E 70 00 00 00", timestamp=1234.5)
    bus.settle()
    (frame,) = ears.watched
    assert frame == Frame(0x18A, bytes.fromhex("7C13464E70000000"), frame.time)
    assert before <= frame.time <= clock.now()
    assert ears.queued == [frame]
    assert ears.subscribed == [(0x18A, frame.data, 1234.5)]
    assert network.scanner.nodes == [10]
    assert network.gate.counts.received == 1


@pytest.mark.parametrize(
    ("flags", "seen", "counter"),
    [
        ({"is_extended_id": True}, {"extended": True}, "extended"),
        ({"is_remote_frame": True, "dlc": 1}, {"remote": True, "length": 1, "data": b""}, "remote"),
        ({"is_error_frame": True}, {"error": True}, "error"),
        ({"is_fd": True}, {"fd": True}, "fd"),
    ],
)
def test_only_watchers_see_what_is_no_canopen(
    network: Network, bus: ScriptedBus, flags: dict[str, Any], seen: dict[str, Any], counter: str
) -> None:
    """A 29-bit 70Ah is no heartbeat of node 10, and neither is any of the others."""
    ears = Ears(network, 0x70A)
    bus.hear(0x70A, "05", **flags)
    bus.settle()
    (frame,) = ears.watched
    assert frame == Frame(0x70A, b"\x05", frame.time)._replace(**seen)
    assert not frame.plain
    assert (ears.queued, ears.subscribed, network.scanner.nodes) == ([], [], [])
    counts = network.gate.counts
    assert getattr(counts, counter) == 1
    assert counts.extended + counts.remote + counts.error + counts.fd + counts.wrong_length == 1


@pytest.mark.parametrize(
    ("cob_id", "data"),
    [
        (0x08A, "30 81 01 20 80"),
        (0x08A, ""),
        (0x0FF, "00 00 00 00 00 00 00"),
        (0x70A, ""),
        (0x70A, "05 00"),
        (0x701, "05 05"),
        (0x000, "01"),
        (0x000, "01 0A 00"),
    ],
)
def test_wrong_lengths_go_to_the_pump_but_not_to_canopen(
    network: Network, bus: ScriptedBus, cob_id: int, data: str
) -> None:
    ears = Ears(network, cob_id)
    bus.hear(cob_id, data)
    bus.settle()
    assert ears.queued == ears.watched
    assert [frame.data for frame in ears.watched] == [bytes.fromhex(data)]
    assert ears.subscribed == []
    assert network.gate.counts.wrong_length == 1


@pytest.mark.parametrize(
    ("cob_id", "data"),
    [
        (0x08A, "00 00 00 00 00 00 00 00"),
        (0x080, ""),
        (0x080, "07"),
        (0x000, "01 0A"),
        (0x700, ""),
        (0x77F, "7F"),
        (0x58A, "60 00 60"),
        (0x18A, "7C 13"),
        (0x100, "00 00 00 00 00 00"),
    ],
)
def test_right_and_free_lengths_reach_canopen(
    network: Network, bus: ScriptedBus, cob_id: int, data: str
) -> None:
    """A short SDO answer or PDO is for its client to judge: only that knows what was expected."""
    ears = Ears(network, cob_id)
    bus.hear(cob_id, data)
    bus.settle()
    assert [(heard[0], heard[1]) for heard in ears.subscribed] == [(cob_id, bytes.fromhex(data))]
    assert network.gate.counts.wrong_length == 0


def test_ten_bytes_without_fd_are_no_frame(network: Network, bus: ScriptedBus) -> None:
    ears = Ears(network, 0x20A)
    bus.hear(0x20A, "00" * 10)
    bus.settle()
    assert (len(ears.watched), ears.queued, ears.subscribed) == (1, [], [])
    assert network.gate.counts.wrong_length == 1


def test_pump_first_then_watchers_then_subscribers(network: Network, bus: ScriptedBus) -> None:
    steps: list[str] = []

    class Noting(SimpleQueue[object]):
        def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:
            steps.append("pump")

    network.gate.queue = Noting()
    network.subscribe(0x18A, lambda cob_id, data, timestamp: steps.append("subscriber"))
    network.gate.subscribe_frames(lambda frame: steps.append("watcher"))
    bus.hear(0x18A, "00")
    bus.settle()
    assert steps == ["pump", "watcher", "subscriber"]


def test_raising_subscriber_hides_nothing(
    network: Network, bus: ScriptedBus, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(cob_id: int, data: bytearray, timestamp: float) -> None:
        raise LookupError("of the subscriber")

    network.subscribe(0x18A, broken)
    ears = Ears(network, 0x18A)
    with caplog.at_level(logging.ERROR):
        bus.hear(0x18A, "01")
        bus.hear(0x18A, "02")
        bus.settle()
    assert [heard[1] for heard in ears.subscribed] == [b"\x01", b"\x02"]
    assert network.scanner.nodes == [10]
    assert network.gate.counts.raised == 2
    assert "LookupError: of the subscriber" in caplog.text
    assert "in broken" in caplog.text


def test_raising_watcher_hides_nothing(
    network: Network, bus: ScriptedBus, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(frame: Frame) -> None:
        raise LookupError("of the watcher")

    network.gate.subscribe_frames(broken)
    ears = Ears(network, 0x18A)
    bus.hear(0x18A, "01")
    bus.settle()
    network.send_frame(0x60A, bytes(8))
    assert [frame.sent for frame in ears.watched] == [False, True]
    assert len(ears.subscribed) == 1
    assert network.gate.counts.raised == 2
    assert "LookupError: of the watcher" in caplog.text


def test_subscribers_do_not_share_their_bytes(network: Network, bus: ScriptedBus) -> None:
    def scribbling(cob_id: int, data: bytearray, timestamp: float) -> None:
        data[0] = 0xFF

    network.subscribe(0x18A, scribbling)
    ears = Ears(network, 0x18A)
    bus.hear(0x18A, "01")
    bus.settle()
    assert ears.subscribed[0][1] == b"\x01"


def test_subscriber_may_leave_while_called(network: Network, bus: ScriptedBus) -> None:
    def leaving(cob_id: int, data: bytearray, timestamp: float) -> None:
        network.unsubscribe(0x18A, leaving)

    network.subscribe(0x18A, leaving)
    ears = Ears(network, 0x18A)
    bus.hear(0x18A, "01")
    bus.settle()
    assert len(ears.subscribed) == 1


def test_watcher_may_leave(network: Network, bus: ScriptedBus) -> None:
    ears = Ears(network)
    network.gate.unsubscribe_frames(ears.watched.append)
    network.gate.unsubscribe_frames(ears.watched.append)
    bus.hear(0x18A, "01")
    bus.settle()
    assert ears.watched == []


def test_frames_of_another_program_on_this_computer_are_not_ours(network: Network, bus: ScriptedBus) -> None:
    """SocketCAN marks every frame of this computer as not received: a second master here must be seen."""
    ears = Ears(network)
    bus.hear(0x701, "05", is_rx=False)
    bus.settle()
    (frame,) = ears.watched
    assert not frame.sent
    assert ears.queued == [frame]


def test_a_receive_callback_is_known(network: Network, bus: ScriptedBus) -> None:
    inside: list[bool] = []
    beside: list[bool] = []

    def callback(cob_id: int, data: bytearray, timestamp: float) -> None:
        inside.append(network.in_receive_thread())
        other = threading.Thread(target=lambda: beside.append(network.in_receive_thread()))
        other.start()
        other.join()

    network.subscribe(0x18A, callback)
    bus.hear(0x18A, "01")
    bus.settle()
    assert (inside, beside, network.in_receive_thread()) == ([True], [False], False)


def test_a_callback_is_over_when_it_returns(bus: ScriptedBus) -> None:
    """Whoever feeds the gate by hand may wait for an answer afterwards."""
    network = Network(bus)
    network.gate.on_message_received(can.Message(arbitration_id=0x70A, is_extended_id=False, data=b"\x05"))
    assert not network.in_receive_thread()


def test_plain_canopen_is_kept_from_what_would_break_it(
    network: Network, bus: ScriptedBus, objects: canopen.ObjectDictionary
) -> None:
    """canopen itself would read a heartbeat out of a 29-bit frame, and break on a short EMCY."""
    node = network.add_node(10, objects)
    bus.hear(0x70A, "05", is_extended_id=True)
    bus.hear(0x08A, "30 81")
    bus.settle()
    assert node.nmt.state == "INITIALISING"
    assert node.emcy.log == []
    bus.hear(0x70A, "05")
    bus.hear(0x08A, "30 81 01 20 80 00 00 00")
    bus.settle()
    assert node.nmt.state == "OPERATIONAL"
    assert [error.code for error in node.emcy.log] == [0x8130]
    assert network.gate.counts.raised == 0


def test_the_gate_is_the_only_listener(network: Network) -> None:
    assert isinstance(network.notifier, can.Notifier)
    assert network.notifier.listeners == [network.gate]
