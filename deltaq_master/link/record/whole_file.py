"""A file that grows by whole pieces: what a crash or a full disk leaves behind ends where a piece ended."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.errors import FileError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

RIGHTS = 0o666
"""Less what the user's umask takes away."""


class WholeFile(io.BufferedIOBase):
    """Keeps what is written until `commit`, which hands it to the system at once."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Create the file. Raises FileError where it exists, unless it may be overwritten, or cannot be made."""
        self.name = path.name
        exclusive = os.O_TRUNC if overwrite else os.O_EXCL
        try:
            self._file = os.open(
                path, os.O_WRONLY | os.O_CREAT | exclusive | getattr(os, "O_BINARY", 0), RIGHTS
            )
        except FileExistsError as error:
            remedy = "give another name, or --record-overwrite"
            raise FileError(path, "exists already", remedy=remedy) from error
        except OSError as error:
            remedy = "record to a place where you may write"
            raise FileError(path, f"cannot be written: {error.strerror}", remedy=remedy) from error
        # Devices and pipes can neither be cut nor synchronised.
        self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        self._kept = bytearray()
        self.size = 0
        """Bytes handed to the system."""

    @property
    def pending(self) -> int:
        """Bytes that a crash would lose."""
        return len(self._kept)

    def writable(self) -> bool:
        """True: that is all that it can do."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Keep some bytes of a piece; nothing reaches the disk yet."""
        self._kept += data
        return memoryview(data).nbytes

    def commit(self, *, sync: bool = False) -> None:
        """Hand all that was kept to the system; with `sync`, wait until it is on the disk.

        Raises OSError, a full disk for one; the file then ends where it did before.
        """
        try:
            self._write_all(self._kept)
        except OSError:
            if self._regular:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self.size)
            raise
        finally:
            # What did not fit will not fit a second time.
            kept, self._kept = self._kept, bytearray()
        self.size += len(kept)
        if sync and self._regular:
            os.fsync(self._file)

    def rewrite_beginning(self, data: bytes) -> None:
        """Write over the first bytes, whose length must not change. Raises OSError."""
        if self._regular:
            os.lseek(self._file, 0, os.SEEK_SET)
            self._write_all(data)
            os.lseek(self._file, 0, os.SEEK_END)

    def _write_all(self, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        """Commit and close; may be called again. Raises OSError, and is closed all the same."""
        if self.closed:
            return
        try:
            self.commit(sync=True)
        finally:
            super().close()
            os.close(self._file)
