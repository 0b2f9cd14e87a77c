"""SDO transfers as file-like objects, as canopen's `open` gives them.

A stream owns its channel from `open` to `close`, and belongs to the thread that opened it. Its first error
ends the transfer, and gives the channel up.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deltaq_master.link.sdo.block import BlockDownload, BlockUpload
from deltaq_master.link.sdo.channel import SdoChannel
from deltaq_master.link.sdo.segments import Download, Upload
from deltaq_master.protocol.aborts import AbortCode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class _Stream(io.RawIOBase):
    """What reading and writing share: the transfer that `begin` opened, until `close`."""

    def __init__(self, channel: SdoChannel) -> None:
        self._channel = channel
        self._transfer = channel.own()
        self.pos = 0

    def tell(self) -> int:
        """Bytes read or written so far."""
        return self.pos

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Use the channel; CallError in another thread or after an error, and any error ends the transfer."""
        if self.closed:
            raise ValueError("the stream is closed")
        self._channel.own(self._transfer)
        try:
            yield
        except BaseException:
            self._channel.end(self._transfer)
            raise

    @property
    def _mine(self) -> bool:
        """True in the thread of the stream. Garbage collection may close a stream from any other."""
        return self._transfer.thread == threading.get_ident()


class ReadStream(_Stream):
    """An object's value while it is read. Closed early, it aborts the transfer."""

    def __init__(self, channel: SdoChannel, upload: Upload | BlockUpload) -> None:
        super().__init__(channel)
        self._upload = upload
        self._pieces = iter(upload)
        self._rest = b""
        self.size = upload.size
        """Bytes that the server announced, None if it did not."""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as one piece goes, and return the number of bytes; 0 at the end."""
        with self._using():
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return 0
                self._rest = piece
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self.pos += count
        return count

    def close(self) -> None:
        """Give the channel up, after an abort if the server has not sent everything."""
        if self.closed:
            return
        try:
            if self._channel.owned_by(self._transfer) and not self._upload.complete:
                self._channel.abandon(self._transfer, AbortCode.GENERAL)
        finally:
            super().close()
            self._channel.end(self._transfer)


class WriteStream(_Stream):
    """An object's value while it is written; `close` sends what is left and waits for the confirmation.

    Give `open` the size: a stream that is closed before its size is reached aborts, so that an error in the
    middle does not leave half a value in the device.
    """

    def __init__(self, channel: SdoChannel, download: Download | BlockDownload) -> None:
        super().__init__(channel)
        self._download = download

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Take all of the data; what is certain not to be the end goes on the bus at once."""
        given = bytes(data)
        with self._using():
            self._download.write(given)
        self.pos += len(given)
        return len(given)

    def close(self) -> None:
        """Finish the write and give the channel up; from another thread, abort it."""
        if self.closed:
            return
        try:
            if self._channel.owned_by(self._transfer) and not self._download.complete:
                if self._mine:
                    self._download.finish()
                else:
                    self._channel.abandon(self._transfer, AbortCode.GENERAL)
        finally:
            super().close()
            self._channel.end(self._transfer)
