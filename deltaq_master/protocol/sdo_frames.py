"""SDO frames as a listener sees them (CiA 301): what is read and written, by whatever client.

One frame says little by itself: a segment does not name its object, and inside a block transfer the first byte
is a count instead of a command. `SdoChannel` follows one server's two COB-IDs and keeps that little in mind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from deltaq_master.dictionary.address import Address

LENGTH = 8
REQUEST_BASE = 0x600
"""COB-ID of the default SDO's requests, less the node-ID of the server."""
ANSWER_BASE = 0x580


class SdoKind(Enum):
    """What an SDO frame is for."""

    READ = "read"
    """The client asks for an object's value."""
    VALUE = "value"
    """The server gives it, in this frame."""
    VALUE_FOLLOWS = "value follows in segments"
    WRITE = "write"
    """The client gives a value, in this frame."""
    WRITE_FOLLOWS = "write follows in segments"
    WRITE_TAKEN = "write taken"
    """The server has taken the value, or is ready for its segments."""
    SEGMENT = "segment"
    """A part of a value, in either direction."""
    SEGMENT_ASKED = "next segment asked for"
    SEGMENT_TAKEN = "segment taken"
    BLOCK_READ = "block read"
    BLOCK_READ_STARTED = "block read started"
    BLOCK_VALUE_FOLLOWS = "value follows in blocks"
    BLOCK_WRITE = "block write"
    BLOCK_WRITE_TAKEN = "block write taken"
    BLOCK_SEGMENT = "segment of a block"
    BLOCK_ACKNOWLEDGED = "block acknowledged"
    BLOCK_END = "end of the blocks"
    BLOCK_END_TAKEN = "end of the blocks taken"
    ABORT = "abort"
    """Either side gives up; `code` says why."""
    LENGTH = "not eight bytes"
    UNKNOWN = "unknown command"


@dataclass(frozen=True, slots=True)
class SdoFrame:
    """One frame of an SDO transfer."""

    kind: SdoKind
    address: Address | None = None
    """The object; of a segment the one whose transfer was seen to begin, None if that was not seen."""
    data: bytes = b""
    """Part of the value that this frame carries."""
    size: int | None = None
    """Length of the whole value [byte], where the frame announces it."""
    sized: bool = True
    """False for a value in one frame whose length the frame does not tell: all four bytes are in `data`."""
    last: bool = False
    """True for the last segment."""
    code: int | None = None
    """SDO abort code."""


class SdoChannel:
    """Follower of one SDO server's requests and answers, in the order in which they were on the bus."""

    def __init__(self) -> None:
        self._address: Address | None = None
        self._streaming: bool | None = None
        """Whose frames are now counted segments of a block: the client's (True), the server's, or nobody's."""
        self._last = 0
        """Count of the last segment of all, once it was seen."""

    def request(self, data: bytes) -> SdoFrame:
        """Take a frame of the client."""
        return self._take(data, _request, True)

    def answer(self, data: bytes) -> SdoFrame:
        """Take a frame of the server."""
        return self._take(data, _answer, False)

    def _take(self, data: bytes, read: Callable[[bytes], SdoFrame], by_client: bool) -> SdoFrame:
        if len(data) != LENGTH:
            return SdoFrame(SdoKind.LENGTH, data=data)
        # Segments count from 1 to 127, so that 80h is an abort even where a count is due.
        if self._streaming is by_client and data[0] != 0x80:
            last = bool(data[0] & 0x80)
            self._last = data[0] & 0x7F if last else 0
            return SdoFrame(SdoKind.BLOCK_SEGMENT, self._address, data[1:], last=last)
        frame = read(data)
        if frame.kind is SdoKind.BLOCK_READ_STARTED:
            self._streaming, self._last = False, 0
        elif frame.kind is SdoKind.BLOCK_WRITE_TAKEN:
            self._streaming, self._last = True, 0
        elif frame.kind is not SdoKind.BLOCK_ACKNOWLEDGED or 0 < self._last == data[1]:
            # Whatever else is said than "go on" or "again" ends the stream, so that a lost one heals itself.
            self._streaming = None
        if frame.address is not None:
            self._address = frame.address
        elif frame.kind is not SdoKind.UNKNOWN:
            return replace(frame, address=self._address)
        return frame


def _request(data: bytes) -> SdoFrame:
    command = data[0]
    match command >> 5, command & 0x3:
        case 0, _:
            return _segment(data)
        case 1, _:
            return _initiate(data, SdoKind.WRITE, SdoKind.WRITE_FOLLOWS)
        case 2, _:
            return SdoFrame(SdoKind.READ, _address(data))
        case 3, _:
            return SdoFrame(SdoKind.SEGMENT_ASKED)
        case 4, _:
            return _abort(data)
        case 5, 0:
            return SdoFrame(SdoKind.BLOCK_READ, _address(data))
        case 5, 1:
            return SdoFrame(SdoKind.BLOCK_END_TAKEN)
        case 5, 2:
            return SdoFrame(SdoKind.BLOCK_ACKNOWLEDGED)
        case 5, 3:
            return SdoFrame(SdoKind.BLOCK_READ_STARTED)
        case 6, (0 | 2):
            return SdoFrame(SdoKind.BLOCK_WRITE, _address(data), size=_size(data, 0x02))
        case 6, _:
            return SdoFrame(SdoKind.BLOCK_END)
    return SdoFrame(SdoKind.UNKNOWN, data=data)


def _answer(data: bytes) -> SdoFrame:
    command = data[0]
    match command >> 5, command & 0x3:
        case 0, _:
            return _segment(data)
        case 1, _:
            return SdoFrame(SdoKind.SEGMENT_TAKEN)
        case 2, _:
            return _initiate(data, SdoKind.VALUE, SdoKind.VALUE_FOLLOWS)
        case 3, _:
            return SdoFrame(SdoKind.WRITE_TAKEN, _address(data))
        case 4, _:
            return _abort(data)
        case 5, 0:
            return SdoFrame(SdoKind.BLOCK_WRITE_TAKEN, _address(data))
        case 5, 1:
            return SdoFrame(SdoKind.BLOCK_END_TAKEN)
        case 5, 2:
            return SdoFrame(SdoKind.BLOCK_ACKNOWLEDGED)
        case 6, (0 | 2):
            return SdoFrame(SdoKind.BLOCK_VALUE_FOLLOWS, _address(data), size=_size(data, 0x02))
        case 6, _:
            return SdoFrame(SdoKind.BLOCK_END)
    return SdoFrame(SdoKind.UNKNOWN, data=data)


def _initiate(data: bytes, at_once: SdoKind, follows: SdoKind) -> SdoFrame:
    """A value in this frame (expedited, bit 1), or the announcement of one in segments."""
    if not data[0] & 0x02:
        return SdoFrame(follows, _address(data), size=_size(data, 0x01))
    sized = bool(data[0] & 0x01)
    unused = data[0] >> 2 & 0x3 if sized else 0
    return SdoFrame(at_once, _address(data), data[4 : LENGTH - unused], sized=sized)


def _segment(data: bytes) -> SdoFrame:
    unused = data[0] >> 1 & 0x7
    return SdoFrame(SdoKind.SEGMENT, data=data[1 : LENGTH - unused], last=bool(data[0] & 0x01))


def _abort(data: bytes) -> SdoFrame:
    return SdoFrame(SdoKind.ABORT, _address(data), code=int.from_bytes(data[4:], "little"))


def _address(data: bytes) -> Address:
    return Address(int.from_bytes(data[1:3], "little"), data[3])


def _size(data: bytes, told: int) -> int | None:
    return int.from_bytes(data[4:], "little") if data[0] & told else None
