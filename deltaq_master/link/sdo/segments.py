"""Expedited and segmented SDO transfers (CiA 301), as a client makes them on a channel that it owns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NoReturn

from deltaq_master.errors import CallError
from deltaq_master.link.sdo import frames
from deltaq_master.link.sdo.channel import SdoChannel
from deltaq_master.protocol.aborts import AbortCode

SEGMENT: Final = 7
"""Bytes of data in a segment."""
EXPEDITED: Final = 4
"""Most bytes that fit into the request or its answer itself."""


class Count:
    """The bytes that a write was announced with, and those that its caller has given so far."""

    def __init__(self, channel: SdoChannel, size: int | None, *, begun: bool = True) -> None:
        """`begun` says that the server has taken the announcement, so that a wrong one must be aborted."""
        self._channel = channel
        self._begun = begun
        self.size = size
        """None where the caller does not know yet."""
        self.given = 0

    @property
    def full(self) -> bool:
        """True once all that was announced has been given."""
        return self.given == self.size

    def add(self, length: int) -> None:
        """Count more data; more than was announced ends the write with CallError."""
        self.given += length
        if self.size is not None and self.given > self.size:
            self._refuse(self.size)

    def close(self) -> None:
        """No more data will come; less than was announced ends the write with CallError."""
        if self.size is not None and self.given != self.size:
            self._refuse(self.size)

    def _refuse(self, announced: int) -> NoReturn:
        """End the write, so that the device keeps what it has."""
        if self._begun:
            self._channel.abort(AbortCode.LENGTH)
        transfer = self._channel.own()
        raise CallError(
            f"writing {transfer.index:04X}h:{transfer.sub:02X}: {announced} bytes were announced,"
            f" {self.given} given; the write was ended"
        )


class Upload:
    """A read that the server has agreed to; iterating fetches it, piece by piece."""

    def __init__(self, channel: SdoChannel, answer: bytes) -> None:
        """Go on from the server's answer to the request."""
        self._channel = channel
        self._expedited: bytes | None = None
        self.size: int | None = None
        """Bytes that the server announced."""
        self.complete = False
        """True once the server has sent everything."""
        expedited, sized = answer[0] & 0x02, answer[0] & 0x01
        if expedited:
            self.size = EXPEDITED - (answer[0] >> 2 & 3) if sized else None
            self._expedited = answer[4 : 4 + (self.size or EXPEDITED)]
            self.complete = True
        elif sized:
            self.size = int.from_bytes(answer[4:8], "little")

    @property
    def unsized(self) -> bool:
        """True if four bytes came and the server did not say how many of them count."""
        return self._expedited is not None and self.size is None

    def __iter__(self) -> Iterator[bytes]:
        if self._expedited is not None:
            yield self._expedited
            return
        received, toggle = 0, 0
        while not self.complete:
            request = frames.frame(frames.UPLOAD_SEGMENT << 5 | toggle)
            answer = self._channel.request_response(request)
            data = answer[1 : 1 + SEGMENT - (answer[0] >> 1 & 7)]
            self.complete = bool(answer[0] & 0x01)
            received += len(data)
            toggle ^= frames.TOGGLE_BIT
            if self.size is not None and (received > self.size or (self.complete and received < self.size)):
                problem = f"announced {self.size} bytes and answered {received}"
                self._channel.refuse(AbortCode.LENGTH, problem)
            if not data and not self.complete:
                self._channel.refuse(AbortCode.COMMAND, "answered an empty segment that is not the last")
            yield data


class Download:
    """A write: expedited where 1 to 4 bytes are announced, segmented otherwise."""

    def __init__(self, channel: SdoChannel, size: int | None, force_segment: bool = False) -> None:
        self._channel = channel
        self._pending = bytearray()
        self._toggle = 0
        self.complete = False
        """True once the server has confirmed everything."""
        transfer = channel.own()
        self._place = frames.multiplexer(transfer.index, transfer.sub)
        self._expedited = size is not None and 1 <= size <= EXPEDITED and not force_segment
        self._count = Count(channel, size, begun=not self._expedited)
        if not self._expedited:
            command = frames.DOWNLOAD << 5 | (size is not None)
            announced = (size or 0).to_bytes(4, "little")
            channel.request_response(frames.frame(command, self._place + announced))

    def write(self, data: bytes) -> None:
        """Take more data, and send what is certain not to be the end; with the announced size reached, all.

        Raises CallError for more data than was announced.
        """
        self._count.add(len(data))
        self._pending += data
        while not self._expedited and len(self._pending) > SEGMENT:
            self._segment(last=False)
        if self._count.full:
            self.finish()

    def finish(self) -> None:
        """Send the rest; may be called again. Raises CallError for less data than was announced."""
        if self.complete:
            return
        self._count.close()
        if self._expedited:
            command = frames.DOWNLOAD << 5 | (EXPEDITED - self._count.given) << 2 | 0x03
            data = self._place + bytes(self._pending)
            self._channel.request_response(frames.frame(command, data))
        else:
            self._segment(last=True)
        self.complete = True

    def _segment(self, *, last: bool) -> None:
        data = bytes(self._pending[:SEGMENT])
        command = frames.DOWNLOAD_SEGMENT << 5 | self._toggle | (SEGMENT - len(data)) << 1 | last
        self._channel.request_response(frames.frame(command, data))
        self._toggle ^= frames.TOGGLE_BIT
        del self._pending[:SEGMENT]
