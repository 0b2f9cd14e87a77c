"""Our own SocketCAN bus on a scripted kernel: what it hears, whose frames they are, what it sends, how it is lost."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from queue import SimpleQueue

import can
import pytest

from deltaq_master.errors import BusError, CallError
from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.link.bus.opening import open_bus
from deltaq_master.link.socketcan.kernel import Kernel, delete, packed_frame, setup
from deltaq_master.link.socketcan.ledger import Ledger
from deltaq_master.link.socketcan.losses import LossError
from deltaq_master.link.socketcan.socketcan import ALWAYS, LeaseMessage, SocketCan
from deltaq_master.link.socketcan.states import Controller, ControllerState
from deltaq_master.protocol.events import BusLost, Frame
from tests.wire.scripted_socketcan import ScriptedKernel, failed

PATIENCE = 5.0
OFF = bytes.fromhex("00FF000054000000")
ON = bytes.fromhex("00FF000054A00001")
ERROR = 0x2000_0000


@pytest.fixture
def kernel() -> ScriptedKernel:
    return ScriptedKernel(now=time.time())


@pytest.fixture
def bus(kernel: ScriptedKernel) -> Iterator[SocketCan]:
    made = SocketCan("can0", kernel)
    yield made
    made.shutdown()


@pytest.fixture
def network(bus: SocketCan) -> Iterator[Network]:
    connected = Network(bus)
    connected.NOTIFIER_CYCLE = 0.01
    connected.connect()
    yield connected
    connected.disconnect()


def frames_of(network: Network) -> SimpleQueue[Frame]:
    frames: SimpleQueue[Frame] = SimpleQueue()
    network.gate.subscribe_frames(frames.put)
    return frames


def until(true: object) -> None:
    end = clock.now() + PATIENCE
    while not true():  # type: ignore[operator]
        assert clock.now() < end
        time.sleep(0.002)


# --- bytes, by hand from linux/can.h and linux/can/bcm.h (64-bit, little-endian) ---------------------------


def test_bytes_of_frames_and_commands() -> None:
    assert packed_frame(0x8000_0123, b"\x01\x02") == bytes.fromhex("23010080 02000000 0102000000000000")
    assert packed_frame(0x4000_070A, b"", 1) == bytes.fromhex("0A070040 01000000 0000000000000000")
    assert setup(0x20A, ON, 5, 2, 1.175) == bytes.fromhex(
        "01000000 05000000 02000000 00000000"  # TX_SETUP, SETTIMER|TX_COUNTEVT, 2 frames, padding
        "0100000000000000 98AB020000000000"  # 1 s, 175000 us
        "0000000000000000 0000000000000000"
        "0A020000 01000000"
        "0A020000 08000000 00FF000054A00001"
    )
    assert delete(0x701)[:4] == bytes.fromhex("02000000")
    assert len(delete(0x701)) == 56
    assert delete(0x701)[48:52] == bytes.fromhex("01070000")


def test_without_socketcan_it_says_so() -> None:
    """Interfaces of that name are nowhere; a kernel without SocketCAN says something else."""
    with pytest.raises(OSError):
        Kernel().raw("no-such-can0")
    with pytest.raises(OSError):
        Kernel().cyclic("no-such-can0")
    assert not Kernel().up("no-such-can0")
    assert not Kernel().echoes("no-such-can0")
    with pytest.raises(BusError, match="interface socketcan cannot be opened"):
        open_bus("no-such-can0", "socketcan", ours=True)


# --- whose frame it is ------------------------------------------------------------------------------------


def test_our_lease_frames_are_shown_as_sent(network: Network, kernel: ScriptedKernel) -> None:
    frames = frames_of(network)
    network.renew(0x20A, ON, 0.1, clock.now())
    frame = frames.get(timeout=PATIENCE)
    assert (frame.cob_id, frame.data, frame.sent) == (0x20A, ON, True)
    assert network.gate.counts.sent == 1
    assert network.gate.counts.received == 0


@pytest.mark.parametrize(
    ("data", "local"), [(OFF, True), (ON, False)], ids=["other content", "from elsewhere"]
)
def test_a_command_that_is_not_ours_is_foreign(
    data: bytes, local: bool, network: Network, kernel: ScriptedKernel
) -> None:
    frames = frames_of(network)
    network.renew(0x20A, ON, 0.1, clock.now())
    frames.get(timeout=PATIENCE)
    kernel.hear(0x20A, data.hex(), local=local)
    assert not frames.get(timeout=PATIENCE).sent


def test_a_second_master_of_the_same_content_is_counted_out() -> None:
    ledger = Ledger()
    ledger.grant(0x701, b"\x05", 0.1, at_once=True)
    ours = [ledger.ours(0x701, b"\x05", 1000.0)]
    for period in range(10):
        ours += [ledger.ours(0x701, b"\x05", 1000.175 + period / 10 + shift) for shift in (0.0, 0.03)]
    assert ours.index(False) <= 6
    assert not ledger.ours(0x70A, b"\x05", 1000.0)


def test_an_hour_of_our_own_is_ours_with_every_timer_a_little_off() -> None:
    ledger = Ledger()
    ledger.grant(0x701, b"\x05", 0.1, at_once=True)
    late = (0.0, 0.004, 0.0, 0.09, 0.0, 0.02)
    for period in range(36_000):
        ledger.grant(0x701, b"\x05", 0.1, at_once=False)
        assert ledger.ours(0x701, b"\x05", 1000 + period / 10 + late[period % 6])


def test_what_still_waited_is_ours_after_the_end_and_no_more() -> None:
    ledger = Ledger()
    ledger.grant(0x20A, ON, 0.1, at_once=True)
    assert ledger.ours(0x20A, ON, 1000.0)
    ledger.end(0x20A)
    ledger.end(0x701)
    assert [ledger.ours(0x20A, ON, 1010.0 + n) for n in range(4)] == [True, True, False, False]


def test_our_single_frames_are_shown_once(network: Network, kernel: ScriptedKernel) -> None:
    frames = frames_of(network)
    network.send_frame(0x000, b"\x01\x0a")
    kernel.hear(0x70A, "7F")
    seen = [frames.get(timeout=PATIENCE) for _ in range(2)]
    assert [(frame.cob_id, frame.sent) for frame in seen] == [(0x000, True), (0x70A, False)]
    assert frames.empty()
    assert kernel.carried[0][1:] == (0x000, b"\x01\x0a")


def test_the_kernels_time_is_kept(network: Network, kernel: ScriptedKernel) -> None:
    """What waited in the socket is as old as it is; a clock that was set is not believed."""
    frames = frames_of(network)
    kernel.now = time.time() - 2.0
    before = clock.now()
    kernel.hear(0x18A, "7C 13 46 4E 70 00 00 00")
    assert before - 2.5 < frames.get(timeout=PATIENCE).time < before - 1.5
    kernel.now = time.time() + 3600
    kernel.hear(0x18A, "7C 13 46 4E 70 00 00 00")
    assert before <= frames.get(timeout=PATIENCE).time <= clock.now()


def test_kinds_of_frames(bus: SocketCan, kernel: ScriptedKernel) -> None:
    kernel.hear(0x8000_0000 | 0x1ABCDE, "01")
    kernel.hear(0x4000_070A)
    extended, remote = bus.recv(0), bus.recv(0)
    assert extended is not None
    assert remote is not None
    assert (extended.arbitration_id, extended.is_extended_id) == (0x1ABCDE, True)
    assert (remote.arbitration_id, remote.is_remote_frame) == (0x70A, True)
    assert bus.recv(0) is None
    assert not isinstance(extended, LeaseMessage)


# --- filters ----------------------------------------------------------------------------------------------


def heard_by(kernel: ScriptedKernel, can_id: int) -> bool:
    filters = kernel.raws[0].filters
    return filters is None or any(can_id & mask == wanted & mask for wanted, mask in filters)


def test_filters_follow_what_is_wanted(network: Network, kernel: ScriptedKernel) -> None:
    assert heard_by(kernel, 0x48A)
    network.gate.hear(frozenset({0x18A, 0x20A}))
    assert not heard_by(kernel, 0x48A)
    # Never filtered away: NMT, EMCY, every heartbeat, the RPDOs that are listened to.
    always = (0x000, 0x080, 0x08A, 0x0FF, 0x701, 0x70A, 0x77F, 0x60A, 0x18A, 0x20A)
    assert all(heard_by(kernel, cob_id) for cob_id in always)
    assert not heard_by(kernel, 0x8000_0000 | 0x18A)
    network.subscribe(0x48A, lambda *frame: None)
    assert heard_by(kernel, 0x48A)
    network.gate.subscribe_frames(monitor := SimpleQueue[Frame]().put)
    assert heard_by(kernel, 0x555)
    network.gate.unsubscribe_frames(monitor)
    assert not heard_by(kernel, 0x555)
    network.gate.subscribe_frames(monitor, frozenset({0x58A}))
    assert not heard_by(kernel, 0x555)
    assert heard_by(kernel, 0x58A)
    network.gate.hear(None)
    assert heard_by(kernel, 0x555)


def test_what_the_kernel_sends_for_us_is_heard_too(network: Network, kernel: ScriptedKernel) -> None:
    network.gate.hear(frozenset({0x18A}))
    assert not heard_by(kernel, 0x20A)
    network.renew(
        0x20A, ON, 0.1, clock.now()
    )  # no machine listens to it: its timer is watched by its own frames
    assert heard_by(kernel, 0x20A)
    assert not heard_by(kernel, 0x30A)


def test_more_filters_than_the_kernel_takes_are_none(bus: SocketCan, kernel: ScriptedKernel) -> None:
    bus.hear(range(0x200, 0x600))
    assert kernel.raws[0].filters is None
    bus.hear(range(0x200, 0x210))
    assert len(kernel.raws[0].filters or ()) == 16 + len(ALWAYS)


def test_frames_that_had_no_room_are_counted(bus: SocketCan, kernel: ScriptedKernel) -> None:
    kernel.hear(0x70A, "05", dropped=7)
    bus.recv(0)
    assert bus.dropped == 7


# --- sending ----------------------------------------------------------------------------------------------


def test_single_frames_do_not_pile_up(network: Network, bus: SocketCan, kernel: ScriptedKernel) -> None:
    kernel.acknowledges = False
    begun = clock.now()

    def go_on() -> None:
        while clock.now() < begun + PATIENCE:
            network.send_frame(0x000, b"\x01\x0a")
            time.sleep(0.05)

    with pytest.raises(BusError, match="transmit queue of can0 is full"):
        go_on()
    assert len(kernel.queue) <= 10
    assert network.gate.counts.refused == 1


def test_an_sdo_request_waits_for_room_and_holds_up_nobody(network: Network, kernel: ScriptedKernel) -> None:
    kernel.acknowledges = False
    for _ in range(3):
        network.send_frame(0x000, b"\x01\x0a")
    with pytest.raises(BusError, match="transmit queue of can0 is full"):
        network.send_frame(0x60A, bytes(8))
    assert all(can_id == 0x000 for _, can_id, *_ in kernel.queue)
    kernel.acknowledges = True
    kernel.carry()
    network.send_frame(0x60A, bytes(8))
    assert kernel.carried[-1][1] == 0x60A


def test_kinds_of_sent_frames(bus: SocketCan, kernel: ScriptedKernel) -> None:
    bus.send(can.Message(arbitration_id=0x1ABCDE, data=b"\x01"))
    bus.send(can.Message(arbitration_id=0x70A, is_extended_id=False, is_remote_frame=True, dlc=1))
    assert [can_id for _, can_id, _ in kernel.carried] == [0x801ABCDE, 0x4000070A]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EAGAIN, "transmit queue of can0 is full"), (errno.ENETDOWN, "can0 is down; bring it up")],
)
def test_what_the_kernel_refuses(number: int, words: str, network: Network, kernel: ScriptedKernel) -> None:
    def refuse(frame: bytes) -> None:
        raise failed(number)

    kernel.raws[0].send = refuse  # type: ignore[method-assign]
    with pytest.raises(BusError, match=words):
        network.send_frame(0x000, b"\x01\x0a")


def test_only_socketcan_repeats(network: Network) -> None:
    network.cease(0x20A)
    network.cease()
    with pytest.raises(CallError, match="whose kernel repeats"):
        Network().renew(0x20A, ON, 0.1, 0.0)


# --- error frames (linux/can/error.h) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("can_id", "data", "state", "words"),
    [
        (
            0x204,
            "00 08 00 00 00 00 60 00",
            ControllerState.WARNING,
            "error warning, error counters Tx 96 Rx 0",
        ),
        (
            0x204,
            "00 20 00 00 00 00 80 07",
            ControllerState.PASSIVE,
            "error passive, error counters Tx 128 Rx 7",
        ),
        (0x004, "00 10", ControllerState.PASSIVE, "error passive"),
        (0x004, "00 40", ControllerState.ACTIVE, "error active"),
        (0x004, "00 01", ControllerState.ACTIVE, "error active"),
        (0x040, "", ControllerState.OFF, "bus off"),
        (0x100, "", ControllerState.ACTIVE, "error active"),
    ],
)
def test_error_frames_are_states(can_id: int, data: str, state: ControllerState, words: str) -> None:
    controller = Controller().after(can_id, bytes.fromhex(data))
    assert controller.state is state
    assert str(controller) == words


def test_error_frames_are_counted() -> None:
    controller = Controller()
    for can_id, data in ((0x020, ""), (0x008, "000000190000"), (0x004, "0001"), (0x040, ""), (0x100, "")):
        controller = controller.after(can_id, bytes.fromhex(data))
    assert (controller.unacknowledged, controller.overflows, controller.restarts) == (2, 1, 1)
    assert controller.state is ControllerState.ACTIVE


def test_bus_off_is_a_lost_bus_until_it_is_heard(network: Network, kernel: ScriptedKernel) -> None:
    frames, queue = frames_of(network), SimpleQueue[object]()
    network.gate.queue = queue
    network.renew(0x20A, ON, 0.1, clock.now())
    frames.get(timeout=PATIENCE)
    kernel.hear(ERROR | 0x040)
    lost = queue.get(timeout=PATIENCE)
    assert isinstance(lost, BusLost)
    assert lost.problem.startswith("the controller of can0 went bus off: it caused too many errors")
    assert frames.get(timeout=PATIENCE).error
    assert not kernel.cyclics[0].jobs
    with pytest.raises(BusError, match="went bus off"):
        network.renew(0x20A, ON, 0.1, clock.now())
    # More error frames, a restart among them, are no life on the bus.
    kernel.hear(ERROR | 0x100)
    assert frames.get(timeout=PATIENCE).error
    assert network.gate.lost
    with pytest.raises(BusError, match="went bus off"):
        network.renew(0x20A, ON, 0.1, clock.now())
    kernel.hear(0x70A, "7F")
    frames.get(timeout=PATIENCE)
    assert network.gate.lost == ""
    network.renew(0x20A, OFF, 0.1, clock.now())
    assert kernel.carried[-1][2] == OFF


def test_bus_off_once_more_is_another_loss(network: Network, bus: SocketCan, kernel: ScriptedKernel) -> None:
    """After `ip link set can0 down` and `up` no driver says that the controller is error active again."""
    queue = SimpleQueue[object]()
    network.gate.queue = queue
    for _ in range(2):
        kernel.hear(ERROR | 0x040)
        assert isinstance(queue.get(timeout=PATIENCE), BusLost)
        kernel.hear(0x70A, "7F")
        assert isinstance(queue.get(timeout=PATIENCE), Frame)
    states = [bus.controller.state]
    kernel.fail(errno.ENETDOWN)
    assert isinstance(queue.get(timeout=PATIENCE), BusLost)
    states.append(bus.controller.state)
    assert states == [ControllerState.OFF, ControllerState.ACTIVE]


def test_warnings_are_no_loss(network: Network, bus: SocketCan, kernel: ScriptedKernel) -> None:
    frames = frames_of(network)
    kernel.hear(ERROR | 0x004, "00 30")
    frames.get(timeout=PATIENCE)
    assert bus.controller.state is ControllerState.PASSIVE
    assert network.gate.lost == ""


# --- an interface that goes and comes back ----------------------------------------------------------------


def test_down_is_noticed_at_once_and_up_when_it_is_heard(network: Network, kernel: ScriptedKernel) -> None:
    queue = SimpleQueue[object]()
    network.gate.queue = queue
    network.renew(0x20A, ON, 0.1, clock.now())
    kernel.is_up = False
    kernel.fail(errno.ENETDOWN)
    assert queue.get(timeout=PATIENCE) == BusLost(
        "can0 is down; bring it up: ip link set can0 up type can bitrate 500000"
    )
    until(lambda: not kernel.cyclics[0].jobs)
    kernel.is_up = True
    kernel.hear(0x70A, "7F")
    assert isinstance(queue.get(timeout=PATIENCE), Frame)
    assert network.gate.lost == ""


def test_removed_and_back_with_sockets_of_its_own(network: Network, kernel: ScriptedKernel) -> None:
    frames = frames_of(network)
    network.gate.hear(frozenset({0x18A}))
    kernel.present = False
    kernel.fail(errno.ENODEV)
    until(lambda: network.gate.lost)
    assert network.gate.lost.startswith("there is no device can0")
    tries = network.gate.counts.receive_errors
    kernel.present = True
    until(lambda: len(kernel.raws) == 2)
    assert network.gate.counts.receive_errors <= tries + 8
    assert kernel.raws[0].closed
    kernel.hear(0x70A, "00")
    assert frames.get(timeout=PATIENCE).data == b"\x00"
    assert network.gate.lost == ""


def test_a_loss_says_what_it_is() -> None:
    bus = SocketCan("can0", kernel := ScriptedKernel())
    kernel.hear(ERROR | 0x040)
    assert bus.recv(0) is not None
    with pytest.raises(LossError, match="bus off"):
        bus.recv(0)
    assert bus.recv(0) is None
    bus.shutdown()
