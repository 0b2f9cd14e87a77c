"""SDO block transfers (CiA 301), as a client makes them on a channel that it owns.

Up to 127 segments go at once and are acknowledged together; what was lost is sent again from there. canopen's
streams cannot do without luck here: they acknowledge in the middle of a block, lose the end of a repeated
one, and leave the server waiting when they give up.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Final, NoReturn

from deltaq_master.link.sdo import frames
from deltaq_master.link.sdo.channel import SdoChannel
from deltaq_master.link.sdo.errors import SdoTimedOut
from deltaq_master.link.sdo.segments import SEGMENT, Count
from deltaq_master.protocol.aborts import AbortCode

MOST_SEGMENTS: Final = 127
"""Segments of a block at most; the number that we ask for when reading."""
LAST: Final = 0x80
"""Flag of the segment that ends the data."""
CRC: Final = 0x04
SIZED: Final = 0x02


def upload_request(index: int, sub: int, *, crc: bool) -> bytes:
    """Request for a block upload; a server may answer it with a normal one."""
    command = frames.BLOCK_UPLOAD << 5 | frames.INITIATE | (CRC if crc else 0)
    return frames.frame(command, frames.multiplexer(index, sub) + bytes((MOST_SEGMENTS,)))


def _awaited(channel: SdoChannel, specifier: int, sub_command: int) -> bytes:
    """The server's next word of this kind; what else it sends is set aside."""
    while True:
        try:
            answer = channel.read_response()
        except SdoTimedOut:
            _give_up(channel)
        if frames.specifier(answer) == specifier and answer[0] & 3 == sub_command:
            return answer
        channel.set_aside(answer)


def _give_up(channel: SdoChannel) -> NoReturn:
    """Abort, so that the server is not left waiting, and raise SdoTimedOut."""
    channel.abort(AbortCode.TIMED_OUT)
    raise channel.lost(segment=True)


class BlockUpload:
    """A block read that the server has agreed to; iterating fetches it."""

    def __init__(self, channel: SdoChannel, answer: bytes, *, crc: bool) -> None:
        """Go on from the server's answer to the request; a checksum counts if both sides want it."""
        self._channel = channel
        self._checked = crc and bool(answer[0] & CRC)
        self.size = int.from_bytes(answer[4:8], "little") if answer[0] & SIZED else None
        """Bytes that the server announced."""
        self.complete = False
        """True once the transfer has ended well."""

    def __iter__(self) -> Iterator[bytes]:
        self._channel.send_request(frames.frame(frames.BLOCK_UPLOAD << 5 | frames.START))
        received, crc, held, tries = 0, 0, b"", 0
        last = False
        while not last:
            segments, last = self._block()
            tries = 0 if segments else tries + 1
            if tries >= self._channel.MAX_RETRIES:
                _give_up(self._channel)
            acknowledge = frames.BLOCK_UPLOAD << 5 | frames.BLOCK_ACKNOWLEDGED
            self._channel.send_request(frames.frame(acknowledge, bytes((len(segments), MOST_SEGMENTS))))
            for data in segments:
                # How much of the last segment counts is only known at the end, so one is always held back.
                if held:
                    received, crc = received + len(held), binascii.crc_hqx(held, crc)
                    yield held
                held = data
        end = _awaited(self._channel, frames.BLOCK_UPLOADING, frames.END)
        held = held[: SEGMENT - (end[0] >> 2 & 7)]
        received, crc = received + len(held), binascii.crc_hqx(held, crc)
        if self._checked and crc != int.from_bytes(end[1:3], "little"):
            self._channel.refuse(AbortCode.CRC, "answered with a wrong checksum")
        if self.size is not None and received != self.size:
            self._channel.refuse(AbortCode.LENGTH, f"announced {self.size} bytes and answered {received}")
        self._channel.send_request(frames.frame(frames.BLOCK_UPLOAD << 5 | frames.END))
        self.complete = True
        yield held

    def _block(self) -> tuple[list[bytes], bool]:
        """Segments of one block that came in order, and whether the end of the data is among them."""
        segments: list[bytes] = []
        heard = False
        while True:
            try:
                data = self._channel.read_response()
            except SdoTimedOut:
                # Acknowledging once more after silence would make the server send the last block twice.
                if not heard:
                    _give_up(self._channel)
                return segments, False
            heard = True
            number = data[0] & ~LAST
            if number == len(segments) + 1:
                segments.append(data[1:])
                if data[0] & LAST:
                    return segments, True
            if number == MOST_SEGMENTS or data[0] & LAST:
                return segments, False


class BlockDownload:
    """A block write."""

    def __init__(self, channel: SdoChannel, size: int | None, *, crc: bool) -> None:
        self._channel = channel
        self._count = Count(channel, size)
        self._pending = bytearray()
        self._crc = 0
        self.complete = False
        """True once the server has confirmed everything."""
        transfer = channel.own()
        place = frames.multiplexer(transfer.index, transfer.sub)
        command = frames.BLOCK_DOWNLOAD << 5 | (CRC if crc else 0) | (SIZED if size is not None else 0)
        request = frames.frame(command, place + (size or 0).to_bytes(4, "little"))
        answer = channel.request_response(request)
        self._checked = crc and bool(answer[0] & CRC)
        self._room = self._valid(answer[4])
        self._tries = 0

    def write(self, data: bytes) -> None:
        """Take more data, and send what is certain not to be the end; with the announced size reached, all.

        Raises CallError for more data than was announced.
        """
        self._count.add(len(data))
        self._pending += data
        self._crc = binascii.crc_hqx(data, self._crc)
        while len(self._pending) > self._room * SEGMENT:
            self._block(final=False)
        if self._count.full:
            self.finish()

    def finish(self) -> None:
        """Send the rest; may be called again. Raises CallError for less data than was announced."""
        if self.complete:
            return
        self._count.close()
        while not self._block(final=True):
            pass
        given = self._count.given
        unused = SEGMENT - ((given - 1) % SEGMENT + 1 if given else 0)
        checksum = (self._crc if self._checked else 0).to_bytes(2, "little")
        self._channel.request_response(
            frames.frame(frames.BLOCK_DOWNLOAD << 5 | unused << 2 | frames.END, checksum)
        )
        self.complete = True

    def _block(self, *, final: bool) -> bool:
        """Send one block and drop what was acknowledged; True once the end of the data is."""
        room = min(len(self._pending), self._room * SEGMENT)
        segments = [bytes(self._pending[at : at + SEGMENT]) for at in range(0, room, SEGMENT)] or [b""]
        ends = final and room == len(self._pending)
        for number, data in enumerate(segments, 1):
            flag = LAST if ends and number == len(segments) else 0
            self._channel.send_request(frames.frame(number | flag, data))
        answer = _awaited(self._channel, frames.BLOCK_DOWNLOADING, frames.BLOCK_ACKNOWLEDGED)
        taken, self._room = answer[1], self._valid(answer[2])
        if taken > len(segments):
            self._channel.refuse(AbortCode.SEQUENCE, f"took {taken} segments of {len(segments)}")
        self._tries = 0 if taken else self._tries + 1
        if self._tries >= self._channel.MAX_RETRIES:
            _give_up(self._channel)
        del self._pending[: taken * SEGMENT]
        return ends and taken == len(segments)

    def _valid(self, room: int) -> int:
        """Segments per block that the server wants."""
        if not 1 <= room <= MOST_SEGMENTS:
            self._channel.refuse(AbortCode.BLOCK_SIZE, f"asked for blocks of {room} segments")
        return room
