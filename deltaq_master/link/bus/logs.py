"""Recorded traffic as frames: every format that python-can reads, and one kind of TRC that it does not.

Times are the log's own: seconds since its start or since 1970, as its format has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TextIO, cast

import can
from can.io.generic import MessageReader, TextIOMessageReader
from can.io.player import MESSAGE_READERS

from deltaq_master.errors import FileError
from deltaq_master.link.bus.causes import words_of
from deltaq_master.link.bus.sorting import CLASSIC_LENGTH, frame_of
from deltaq_master.protocol.events import Frame

CAN_ERR_FLAG = 0x20000000
"""Bit of SocketCAN's identifiers that marks an error frame."""
CAN_EFF_DIGITS = 8
"""Digits of an identifier over 11 bits in a candump log."""


def read_log(path: str | PathLike[str]) -> Iterator[Frame]:
    """Frames of a log, in its order; its suffix says which format it has, and a further `.gz` is unpacked.

    Raises FileError: at once if it cannot be opened, or while reading, with the line, where it is broken;
    the frames before that line have been given out by then.
    """
    place = Path(path)
    # Opened once for nothing, so that a wrong name is known here and not at the first frame.
    reader, _ = _open(place)
    reader.stop()
    return _frames(place)


def _open(place: Path) -> tuple[MessageReader, _Lines | None]:
    """A reader for a log, and the lines that it reads where the format has such."""
    try:
        # python-can would make an empty database of a missing one.
        place.open("rb").close()
        reader = can.LogReader(place)
    except OSError as error:
        raise FileError(place, f"cannot be opened: {error.strerror or words_of(error)}") from error
    except ValueError as error:
        known = ", ".join(sorted(MESSAGE_READERS))
        raise FileError(
            place, "not a known kind of log", remedy=f"known suffixes are {known}, some with .gz"
        ) from error
    except Exception as error:  # a reader may raise anything at a file that is not its own
        raise FileError(place, f"cannot be read: {words_of(error)}") from error
    if isinstance(reader, can.TRCReader):
        reader = _TrcReader(reader.file)
    if not isinstance(reader, TextIOMessageReader):
        return reader, None
    lines = _Lines(reader.file)
    reader.file = cast("TextIO", lines)
    return reader, lines


def _frames(place: Path) -> Iterator[Frame]:
    reader, lines = _open(place)
    with reader:
        try:
            for message in reader:
                frame = _checked(message)
                if lines is not None and isinstance(reader, can.CanutilsLogReader):
                    frame = _with_error_flag(frame, lines.text)
                yield frame
        except Exception as error:  # a reader may raise anything at a line that it does not expect
            number = 0 if lines is None else lines.number
            raise FileError(place, f"cannot be read on from here: {words_of(error)}", line=number) from error


def _checked(message: can.Message) -> Frame:
    """The frame of a logged message; ValueError if its data has another length than its DLC says.

    python-can lets that pass. FD frames are not looked at: some formats give their DLC as a code.
    """
    wanted = min(message.dlc, CLASSIC_LENGTH)
    counted = not (message.is_remote_frame or message.is_error_frame or message.is_fd)
    if counted and len(message.data) != wanted:
        raise ValueError(f"{len(message.data)} of {wanted} data bytes")
    return frame_of(message, message.timestamp, sent=not message.is_rx)


def _with_error_flag(frame: Frame, line: str) -> Frame:
    """Mark error frames that are not bus errors too: python-can takes them for 29-bit data frames."""
    identifier = line.split()[2].partition("#")[0]
    if len(identifier) == CAN_EFF_DIGITS and int(identifier, 16) & CAN_ERR_FLAG:
        return frame._replace(extended=False, error=True)
    return frame


class _Lines:
    """A text file that knows which line was read last."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self.text = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.text = next(self._file)
        self.number += 1
        return self.text

    def close(self) -> None:
        self._file.close()


class _TrcReader(can.TRCReader):
    """python-can's reader, made strict, and taught the logs that put an ASC body into a TRC file.

    Such a log begins with 'Begin Triggerblock'; its lines are seconds, channel, identifier, direction, 'd' or
    'r', length and data.
    """

    def _parse_line(self, line: str) -> can.Message | None:
        if not line or line.startswith(";"):
            return None
        if line.lower().startswith("begin triggerblock"):
            self._parse_cols = _message_of_block
            return None
        if line.lower().startswith("end triggerblock"):
            return None
        try:
            return self._parse_cols(tuple(line.split(maxsplit=self._num_columns)))
        except IndexError:
            # python-can logs such a line and leaves it out: a log without it would be another log.
            raise ValueError("the line is cut short") from None


def _message_of_block(columns: tuple[str, ...]) -> can.Message:
    time, channel, identifier, direction, kind, length = columns[:6]
    return can.Message(
        timestamp=float(time),
        channel=channel,
        arbitration_id=int(identifier.rstrip("xX"), 16),
        is_extended_id=identifier[-1] in "xX" or len(identifier) > 3,
        is_remote_frame=kind == "r",
        is_rx=direction == "Rx",
        dlc=int(length),
        data=bytes.fromhex("".join(columns[6:])),
    )
