"""Frames into a log that other tools open, in the format that its suffix says, by python-can's writers.

Times are seconds since 1970. After each `commit` the file can be read by anybody, and a crash leaves it so.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import can

from deltaq_master.errors import FileError
from deltaq_master.link.record.whole_file import WholeFile
from deltaq_master.protocol.events import Frame

CHANNEL: Final = "can0"
"""What a candump log calls the bus; the other formats number theirs, from 1."""


class FrameWriter(Protocol):
    """What is used of python-can's writers."""

    def on_message_received(self, msg: can.Message) -> None:
        """Write one message."""

    def stop(self) -> None:
        """Write what belongs at the end."""


class _BlfWriter(can.BLFWriter):
    """python-can's writer, made readable at any time: it keeps frames in a container, and counts in the header."""

    file: WholeFile

    def commit(self) -> None:
        """End the container, and bring the header up to date."""
        self._flush()
        self.file.commit()
        body, self.file = self.file, _Header()  # type: ignore[assignment]
        try:
            self._write_header(body.size)
            header = self.file.getvalue()  # type: ignore[attr-defined]
        finally:
            self.file = body
        body.rewrite_beginning(header)


class _Header(io.BytesIO):
    """Takes a header, so that it goes into the file as one piece."""


class _TrcWriter(can.TRCWriter):
    """python-can's writer, without the path of this machine in its header."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        super().__init__(file)
        self.filepath = file.name


class FrameLog:
    """One log file."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Create it. Raises FileError for a suffix that is not known, and as `WholeFile` does."""
        self.suffix = suffix_of(path)
        self._file = WholeFile(path, overwrite=overwrite)
        self._writer, self._text = self._opened()

    def _opened(self) -> tuple[FrameWriter, io.TextIOWrapper | None]:
        if self.suffix == ".blf":
            return _BlfWriter(cast("BinaryIO", self._file)), None
        text = io.TextIOWrapper(self._file, encoding="ascii", errors="replace", write_through=True)
        match self.suffix:
            case ".asc":
                return can.ASCWriter(text), text
            case ".log":
                return can.CanutilsLogWriter(text, channel=CHANNEL), text
            case _:
                return _TrcWriter(text), text

    @property
    def size(self) -> int:
        """Bytes written, and about what waits to be."""
        return self._file.size + self._file.pending

    def write(self, frame: Frame, stamp: float) -> None:
        """Add a frame, at its time since 1970 [s]; one that is not taken whole is written as far as it can be."""
        if self.suffix != ".trc" or holds(self.suffix, frame):
            self._writer.on_message_received(message_of(frame, stamp))

    def commit(self, *, sync: bool = False) -> None:
        """Make the file readable up to here. Raises OSError."""
        if isinstance(self._writer, _BlfWriter):
            self._writer.commit()
        elif self._text is not None:
            self._text.flush()
        self._file.commit(sync=sync)

    def close(self) -> None:
        """End the log. Raises OSError, and is closed all the same."""
        if isinstance(self._writer, _BlfWriter):
            try:
                self._writer.commit()
            finally:
                self._file.close()
        else:
            self._writer.stop()


KNOWN: Final = {
    ".asc": "Vector ASC",
    ".blf": "Vector BLF",
    ".log": "candump",
    ".trc": "PEAK TRC",
}
"""Formats by suffix."""


def suffix_of(path: Path) -> str:
    """The format of a log by its name. Raises FileError for one that cannot be written."""
    suffix = path.suffix.lower()
    if suffix not in KNOWN:
        known = ", ".join(f"{known} ({name})" for known, name in KNOWN.items())
        problem = f"cannot be recorded to: {suffix or 'no suffix'} is no kind of log that is written here"
        raise FileError(path, problem, remedy=f"end the name in one of {known}")
    return suffix


def holds(suffix: str, frame: Frame) -> bool:
    """Whether a format can hold all of a frame: TRC only data frames of classic CAN, none the bits of an error."""
    if frame.error or (frame.fd and suffix == ".trc"):
        return False
    return not (frame.remote and suffix in (".trc", ".log"))


def message_of(frame: Frame, stamp: float) -> can.Message:
    """A frame as python-can's writers want it."""
    return can.Message(
        timestamp=stamp,
        arbitration_id=frame.cob_id,
        is_extended_id=frame.extended,
        is_remote_frame=frame.remote,
        is_error_frame=frame.error,
        is_fd=frame.fd,
        is_rx=not frame.sent,
        dlc=frame.length if frame.length >= 0 else len(frame.data),
        data=frame.data,
    )
