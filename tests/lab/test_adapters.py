"""The simulated adapters themselves: what a test may rely on when it pulls a cable."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import interfaces
from tests.lab.interfaces import described, frames_of, up
from tests.lab.programs import wait_for
from tests.lab.recording import Recording

FRAME = bytes.fromhex("2301 0000 02 000000 AABB 000000000000")
"""123h with AA BB, as a socket takes it on a little-endian computer."""


@pytest.fixture
def raw(wire: interfaces.Wire) -> Iterator[socket.socket]:
    """A socket on can0; can0 and can1 are up, can2 is down."""
    up("can0")
    up("can1")
    with socket.socket(socket.PF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as opened:
        opened.setblocking(False)
        opened.bind(("can0",))
        yield opened


def arrived(count: int, since: int) -> None:
    wait_for(f"{count} frames at can1", lambda: frames_of("can1")[0] - since >= count)
    assert frames_of("can1")[0] - since == count


def fill(opened: socket.socket) -> int:
    """Send until the kernel's queue is full, and count what it took."""
    for taken in range(100):
        try:
            opened.send(FRAME)
        except OSError as error:
            return taken if error.errno == errno.ENOBUFS else -1
    return 100


def test_a_frame_gets_across_as_it_is(raw: socket.socket, tmp_path: Path) -> None:
    recording = Recording("can1", tmp_path)
    raw.send(FRAME)
    frame = recording.wait("the one that was sent", lambda frame: True)
    assert (frame.cob_id, frame.data, frame.plain) == (0x123, b"\xaa\xbb", True)
    recording.end()


def test_without_a_cable_frames_wait_and_the_queue_fills(wire: interfaces.Wire, raw: socket.socket) -> None:
    before = frames_of("can1")[0]
    wire.tell("cable-off can0")
    taken = fill(raw)
    # The kernel's queue holds 10, the driver and the adapter a few more.
    assert 10 < taken < 20
    assert frames_of("can1")[0] == before
    wire.tell("cable-on can0")
    arrived(taken, before)


def test_an_adapter_that_is_held_hears_while_its_queue_fills(
    wire: interfaces.Wire, raw: socket.socket, tmp_path: Path
) -> None:
    before = frames_of("can1")[0]
    wire.tell("hold can0")
    taken = fill(raw)
    assert 10 < taken < 20
    recording = Recording("can0", tmp_path)
    with socket.socket(socket.PF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as other:
        other.bind(("can1",))
        other.send(FRAME)
    recording.wait("the one of can1", lambda frame: frame.cob_id == 0x123)
    recording.end()
    assert frames_of("can1")[0] == before
    wire.tell("go-on can0")
    arrived(taken, before)


def test_alone_on_the_bus_nobody_acknowledges(wire: interfaces.Wire, raw: socket.socket) -> None:
    before = frames_of("can1")[0]
    interfaces.down("can1")
    interfaces.ip("link set can1 up type can bitrate 500000 listen-only on")
    raw.send(FRAME)
    up("can2")
    # Held back until there was one who acknowledges; heard by the one who only listens, too.
    arrived(1, before)
    interfaces.down("can1")
    interfaces.ip("link set can1 type can listen-only off")


def test_an_interface_goes_down_at_once_although_frames_wait(
    wire: interfaces.Wire, raw: socket.socket
) -> None:
    before = frames_of("can1")[0]
    wire.tell("cable-off can0")
    for _ in range(5):
        raw.send(FRAME)
    interfaces.down("can0")
    up("can0")
    wire.tell("cable-on can0")
    # The socket outlives it, and tells of it once.
    assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ENETDOWN
    raw.send(FRAME)
    arrived(1, before)


def test_an_adapter_takes_its_interface_with_it_and_brings_it_back(
    wire: interfaces.Wire, raw: socket.socket
) -> None:
    wire.tell("out can0")
    wait_for("can0 is gone", lambda: not Path("/sys/class/net/can0").exists())
    assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ENODEV
    wire.tell("in can0")
    assert described("can0")["operstate"] == "DOWN"
    up("can0")
    # The old socket belongs to the old interface.
    with pytest.raises(OSError, match="No such device"):
        raw.send(FRAME)


@pytest.mark.parametrize(
    ("report", "state"),
    [
        ("warning 0 96", "ERROR-WARNING"),
        ("passive 0 128", "ERROR-PASSIVE"),
        ("off 0 255", "BUS-OFF"),
    ],
)
def test_error_states_are_the_kernels_own(
    report: str, state: str, wire: interfaces.Wire, raw: socket.socket
) -> None:
    def seen() -> str:
        return str(described("can0")["linkinfo"]["info_data"]["state"])

    assert seen() == "ERROR-ACTIVE"
    wire.tell(f"state can0 {report}")
    wait_for(state, lambda: seen() == state)
    interfaces.down("can0")
    up("can0")
    assert seen() == "ERROR-ACTIVE"


def test_a_command_that_is_not_known_is_an_error(wire: interfaces.Wire) -> None:
    with pytest.raises(AssertionError, match="no command"):
        wire.tell("cable-sideways can0")
    with pytest.raises(AssertionError, match="KeyError"):
        wire.tell("out can9")
