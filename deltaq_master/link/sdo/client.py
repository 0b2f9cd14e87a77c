"""The SDO client that `node.sdo` is: canopen's interface on a strict channel.

Every failure is an error of `deltaq_master.errors` and at the same time canopen's own, and carries evidence.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any, TypeVar, cast

from deltaq_master.errors import UsageError
from deltaq_master.link.sdo import frames
from deltaq_master.link.sdo.block import BlockDownload, BlockUpload, upload_request
from deltaq_master.link.sdo.channel import SdoChannel
from deltaq_master.link.sdo.errors import SdoAborted, SdoBadAnswer, SdoTimedOut
from deltaq_master.link.sdo.segments import Download, Upload
from deltaq_master.link.sdo.stream import ReadStream, WriteStream
from deltaq_master.link.sdo.variables import SdoArray, SdoRecord, SdoVariable, variable_of
from deltaq_master.protocol.aborts import AbortCode

__all__ = [
    "SdoAborted",
    "SdoArray",
    "SdoBadAnswer",
    "SdoClient",
    "SdoRecord",
    "SdoTimedOut",
    "SdoVariable",
]

T = TypeVar("T")


class SdoClient(SdoChannel):
    """Reads and writes the objects of one device; any thread may call it, and transfers take turns.

    All of it may raise SdoAborted, SdoTimedOut, SdoBadAnswer (a device's doing), BusError, and CallError
    where no answer can arrive: in a receive callback, off any network, with a stream of this thread open.
    """

    def __getitem__(self, index: int | str) -> SdoVariable | SdoRecord | SdoArray:
        return variable_of(self, self.od[index])

    def upload(self, index: int, subindex: int) -> bytes:
        """Read an object's bytes as they came.

        Where the server does not say how many of four bytes count, the EDS does.
        """

        def run() -> bytes:
            upload = self._upload(index, subindex)
            data = b"".join(upload)
            known = self.od.get_variable(index, subindex) if upload.unsized else None
            return data[: len(known) // 8] if known is not None and known.fixed_size else data

        return self._whole(index, subindex, run)

    def download(self, index: int, subindex: int, data: bytes, force_segment: bool = False) -> None:
        """Write an object's bytes; up to four go with the request itself, unless `force_segment`."""

        def run() -> None:
            download = Download(self, len(data), force_segment)
            download.write(bytes(data))
            download.finish()

        self._whole(index, subindex, run)

    def open(
        self,
        index: int,
        subindex: int = 0,
        mode: str = "rb",
        encoding: str = "ascii",
        buffering: int = 1024,
        size: int | None = None,
        block_transfer: bool = False,
        force_segment: bool = False,
        request_crc_support: bool = True,
    ) -> IO[Any]:
        """Open an object as a file, to read ('r') or to write ('w'), binary ('b') or as text.

        The channel is taken until the file is closed, and the file belongs to this thread: use `with`. A
        block read falls back to a normal one where the server knows no block transfer. Nothing is repeated
        here, so a lost segment is SdoTimedOut; `upload` and `download` begin again. Raises UsageError for
        another mode.
        """
        reading = "r" in mode
        if reading == ("w" in mode) or set(mode) - set("rwbt") or ("b" not in mode and not buffering):
            raise UsageError(
                f"mode {mode!r}, buffering {buffering}", "use 'r' or 'w' with 'b', or buffered text"
            )
        transfer = self.begin(index, subindex)
        try:
            raw: ReadStream | WriteStream
            if reading and block_transfer:
                raw = ReadStream(self, self._block_upload(index, subindex, request_crc_support))
            elif reading:
                raw = ReadStream(self, self._upload(index, subindex))
            elif block_transfer:
                raw = WriteStream(self, BlockDownload(self, size, crc=request_crc_support))
            else:
                raw = WriteStream(self, Download(self, size, force_segment))
        except BaseException:
            self.end(transfer)
            raise
        if not buffering:
            return cast("IO[bytes]", raw)
        room = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
        buffered = io.BufferedReader(raw, room) if reading else io.BufferedWriter(raw, room)
        if "b" in mode:
            return cast("IO[bytes]", buffered)
        return io.TextIOWrapper(buffered, encoding, line_buffering=buffering == 1)

    def _upload(self, index: int, sub: int) -> Upload:
        request = frames.frame(frames.UPLOAD << 5, frames.multiplexer(index, sub))
        return Upload(self, self.request_response(request))

    def _block_upload(self, index: int, sub: int, crc: bool) -> Upload | BlockUpload:
        try:
            answer = self.request_response(upload_request(index, sub, crc=crc))
        except SdoAborted as error:
            if error.code != AbortCode.COMMAND:
                raise
            return self._upload(index, sub)
        begun = frames.specifier(answer) == frames.BLOCK_UPLOADING
        return BlockUpload(self, answer, crc=crc) if begun else Upload(self, answer)

    def _whole(self, index: int, sub: int, run: Callable[[], T]) -> T:
        """Make a transfer, and make it again from its beginning if a segment was lost."""
        with self.transfer(index, sub) as transfer:
            left = self.MAX_RETRIES
            while True:
                left -= 1
                try:
                    return run()
                except SdoTimedOut as error:
                    if not error.lost_segment or left <= 0:
                        raise
                    transfer.note("a segment was lost: the whole transfer was made again")
