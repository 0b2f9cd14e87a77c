"""What the kernel's SocketCAN is asked, and nothing else: sockets, their options, and the layout of frames.

Numbers are the kernel's (linux/can.h, linux/can/raw.h, linux/can/bcm.h), spelled out because the `socket` module
has them on Linux alone. `Kernel` opens sockets; tests put another one in its place.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import select
import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

AF_CAN, RAW, BCM, SOL_RAW = 29, 1, 2, 101
RAW_FILTER, RAW_ERR_FILTER, RAW_RECV_OWN = 1, 2, 4
SO_TIMESTAMPNS, SO_RXQ_OVFL, SO_MEMINFO = 35, 40, 55
MSG_DONTROUTE, MSG_CONFIRM = 0x4, 0x800
EXTENDED, REMOTE, ERROR = 0x8000_0000, 0x4000_0000, 0x2000_0000
SFF_MASK, EFF_MASK, ALL_ERRORS = 0x7FF, 0x1FFF_FFFF, 0x1FFF_FFFF

TX_SETUP, TX_DELETE, TX_READ, TX_STATUS, TX_EXPIRED = 1, 2, 3, 8, 9
SETTIMER, STARTTIMER, COUNTEVT = 1, 2, 4

FRAME: Final = struct.Struct("=IB3x8s")
FILTER: Final = struct.Struct("=II")
BCM_HEAD: Final = struct.Struct("@3I4l2I0q")
TIMESPEC: Final = struct.Struct("@ll")
MEMORY: Final = struct.Struct("@9I")
WRITE_MEMORY: Final = 2
"""Which word of SO_MEMINFO counts the bytes that wait to be sent."""
SIOCGIFFLAGS: Final = 0x8913
IFF_UP: Final = 1
IFF_ECHO: Final = 0x40000
INTERFACES: Final = Path("/sys/class/net")
COUNTERS: Final = Path("/proc/net/dev")
SENT_FRAMES: Final = 9
"""Which word of a line counts them."""
RECEIVE_BUFFER: Final = 1 << 20
"""Bytes of received frames that may wait for us; the kernel gives less where its own limit is lower."""
SEND_BUFFER: Final = 1
"""The kernel takes its least instead, in which 7 or 8 frames can wait."""
ANCILLARY: Final = 128


class Received(NamedTuple):
    """A frame as a socket gave it."""

    can_id: int
    """With the kernel's flags for 29-bit, remote and error frames."""
    data: bytes
    length: int
    stamp: float
    """When the kernel had it [s since 1970]."""
    local: bool = False
    """Sent by a program of this computer."""
    own: bool = False
    """Sent by this very socket."""
    dropped: int = 0
    """Frames that the socket has had no room for since it was opened."""


class Raw(Protocol):
    """A CAN_RAW socket on one interface; every method may raise OSError."""

    def receive(self, timeout: float | None) -> Received | None:
        """The next frame; None if none comes within `timeout` [s]."""

    def send(self, frame: bytes) -> None:
        """Send a packed frame, or raise at once."""

    def accept(self, filters: Iterable[tuple[int, int]] | None) -> None:
        """Receive only what matches one of these (identifier, mask); None is everything."""

    def waiting(self) -> int:
        """Bytes of this socket's frames that the driver has not taken (with IFF_ECHO: not confirmed)."""

    def close(self) -> None:
        """Close it."""


class Cyclic(Protocol):
    """A CAN_BCM socket on one interface; every method may raise OSError."""

    def command(self, message: bytes) -> None:
        """Give the broadcast manager a command."""

    def left(self, can_id: int) -> int:
        """How many frames it may still send, as it was told; 0 if it does not send this one."""

    def expired(self) -> set[int]:
        """Identifiers whose count has run out since the last call."""

    def close(self) -> None:
        """Close it: the kernel repeats nothing any more."""


class Kernel:
    """The sockets and interfaces of this computer."""

    def raw(self, channel: str, *, own: bool = True, errors: bool = True) -> Raw:
        """Open a raw socket: with our own frames shown again, and the controller's error frames."""
        return RawSocket(channel, own=own, errors=errors)

    def cyclic(self, channel: str) -> Cyclic:
        """Open a socket for frames that the kernel repeats."""
        return CyclicSocket(channel)

    def up(self, channel: str) -> bool:
        """Whether the interface is there and up."""
        with contextlib.suppress(OSError), socket.socket(AF_CAN, socket.SOCK_RAW, RAW) as asked:
            answer = fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack("16sH14x", channel.encode(), 0))
            flags: int = struct.unpack_from("16xH", answer)[0]
            return bool(flags & IFF_UP)
        return False

    def sent(self, channel: str) -> int:
        """Frames that its driver has sent since it exists; -1 without such an interface."""
        for line in COUNTERS.read_text(encoding="ascii").splitlines():
            name, _, words = line.partition(":")
            if name.strip() == channel:
                return int(words.split()[SENT_FRAMES])
        return -1

    def echoes(self, channel: str) -> bool:
        """Whether its driver shows a frame of ours again only once it was acknowledged (IFF_ECHO)."""
        try:
            text = (INTERFACES / channel / "flags").read_text(encoding="ascii")
        except OSError:
            return False
        return bool(int(text, 16) & IFF_ECHO)


class RawSocket:
    """`Raw` on a real interface."""

    def __init__(self, channel: str, *, own: bool, errors: bool) -> None:
        self._socket = _opened(socket.SOCK_RAW, RAW)
        try:
            self._socket.setsockopt(SOL_RAW, RAW_RECV_OWN, int(own))
            self._socket.setsockopt(SOL_RAW, RAW_ERR_FILTER, ALL_ERRORS if errors else 0)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self._socket.bind((channel,))
        except OSError:
            self._socket.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLERR)

    def receive(self, timeout: float | None) -> Received | None:
        """See `Raw`."""
        # On a busy bus the next frame is there already, and needs no other call of the kernel.
        try:
            packed, notes, flags, _ = self._socket.recvmsg(FRAME.size, ANCILLARY)
        except BlockingIOError:
            if timeout == 0 or not self._poll.poll(None if timeout is None else timeout * 1000):
                return None
            return self.receive(0)
        can_id, length, data = FRAME.unpack(packed)
        stamp, dropped = 0.0, 0
        for _, kind, value in notes:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = TIMESPEC.unpack_from(value)
                stamp = seconds + nanoseconds * 1e-9
            elif kind == SO_RXQ_OVFL:
                dropped = int.from_bytes(value, "little" if struct.pack("=H", 1)[0] else "big")
        local, own = bool(flags & MSG_DONTROUTE), bool(flags & MSG_CONFIRM)
        return Received(can_id, data[:length], length, stamp, local, own, dropped)

    def send(self, frame: bytes) -> None:
        """See `Raw`."""
        self._socket.send(frame)

    def accept(self, filters: Iterable[tuple[int, int]] | None) -> None:
        """See `Raw`."""
        wanted = [(0, 0)] if filters is None else filters
        packed = b"".join(FILTER.pack(*each) for each in wanted)
        self._socket.setsockopt(SOL_RAW, RAW_FILTER, packed)

    def waiting(self) -> int:
        """See `Raw`."""
        words = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMORY.size)
        waiting: int = MEMORY.unpack(words)[WRITE_MEMORY]
        return waiting

    def close(self) -> None:
        """See `Raw`."""
        self._socket.close()


class CyclicSocket:
    """`Cyclic` on a real interface."""

    def __init__(self, channel: str) -> None:
        self._left: dict[int, int] = {}
        self._expired: set[int] = set()
        self._socket = _opened(socket.SOCK_DGRAM, BCM)
        try:
            self._socket.connect((channel,))
        except OSError:
            self._socket.close()
            raise

    def command(self, message: bytes) -> None:
        """See `Cyclic`."""
        self._socket.send(message)

    def left(self, can_id: int) -> int:
        """See `Cyclic`."""
        self._left.pop(can_id, None)
        try:
            self.command(ask(can_id))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        self._take()
        return self._left.get(can_id, 0)

    def expired(self) -> set[int]:
        """See `Cyclic`."""
        self._take()
        found, self._expired = self._expired, set()
        return found

    def _take(self) -> None:
        while True:
            try:
                message = self._socket.recv(BCM_HEAD.size + FRAME.size)
            except BlockingIOError:
                return
            opcode, _, count, *_, can_id, _frames = BCM_HEAD.unpack_from(message)
            if opcode == TX_EXPIRED:
                self._expired.add(can_id)
            elif opcode == TX_STATUS:
                self._left[can_id] = count

    def close(self) -> None:
        """See `Cyclic`."""
        self._socket.close()


def packed_frame(can_id: int, data: bytes, length: int = -1) -> bytes:
    """A frame as the kernel lays it out; `length` where it is not that of the data (remote frames)."""
    return FRAME.pack(can_id, len(data) if length < 0 else length, data)


def setup(can_id: int, data: bytes, flags: int, count: int, interval: float) -> bytes:
    """The command that has the kernel send a frame `count` times, `interval` seconds apart."""
    seconds, rest = divmod(round(interval * 1_000_000), 1_000_000)
    head = BCM_HEAD.pack(TX_SETUP, flags, count, seconds, rest, 0, 0, can_id, 1)
    return head + packed_frame(can_id, data)


def delete(can_id: int) -> bytes:
    """The command that ends it."""
    return BCM_HEAD.pack(TX_DELETE, 0, 0, 0, 0, 0, 0, can_id, 0)


def ask(can_id: int) -> bytes:
    """The command that has it tell what is left of a count."""
    return BCM_HEAD.pack(TX_READ, 0, 0, 0, 0, 0, 0, can_id, 0)


def _opened(kind: int, protocol: int) -> socket.socket:
    made = socket.socket(AF_CAN, kind, protocol)
    made.setblocking(False)
    return made
