"""What a DBC file says about frames, as plain values; `cantools` reads it, and is imported when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.errors import FileError

if TYPE_CHECKING:
    from cantools.database.can import Message, Signal


@dataclass(frozen=True, slots=True)
class DbcSignal:
    """One signal; a position in Motorola's counting has no slot that it could be."""

    name: str
    start: int
    """Its lowest bit, counted as a PDO's bits are."""
    bits: int
    signed: bool
    floating: bool
    factor: float
    offset: float
    unit: str
    motorola: bool = False
    multiplexed: bool = False
    """True for a signal that is there in some frames only, and for the one that says which."""

    @property
    def end(self) -> int:
        """The first bit behind it."""
        return self.start + self.bits


@dataclass(frozen=True, slots=True)
class DbcFrame:
    """One frame with its signals."""

    name: str
    cob_id: int
    extended: bool
    length: int
    """[byte]"""
    signals: tuple[DbcSignal, ...]


@dataclass(frozen=True, slots=True)
class Dbc:
    """A DBC file."""

    name: str
    frames: tuple[DbcFrame, ...]


def read_dbc(path: str | PathLike[str]) -> Dbc:
    """The frames of a DBC file. Raises FileError for a file that cannot be read or is none."""
    from cantools.database import load_string
    from cantools.database.can import Database
    from cantools.database.errors import Error

    path = Path(path)
    try:
        text = path.read_text("cp1252")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FileError(path, f"cannot be read: {reason}") from None
    try:
        # Frames that overlap or are too short are worth a finding, not a refusal.
        database = load_string(text, database_format="dbc", strict=False)
    except (Error, ValueError, KeyError) as error:
        raise FileError(path, f"is no DBC file: {' '.join(str(error).split())}") from None
    assert isinstance(database, Database)  # it was asked for as a DBC
    return Dbc(path.name, tuple(_frame(message) for message in database.messages))


def _frame(message: Message) -> DbcFrame:
    signals = tuple(_signal(signal) for signal in message.signals)
    return DbcFrame(message.name, message.frame_id, message.is_extended_frame, message.length, signals)


def _signal(signal: Signal) -> DbcSignal:
    start, motorola = signal.start, signal.byte_order == "big_endian"
    if motorola and start % 8 >= signal.length - 1:
        # Within one byte both countings name the same bits: Motorola's start is the highest of them.
        start, motorola = start - signal.length + 1, False
    return DbcSignal(
        signal.name,
        start,
        signal.length,
        signal.is_signed,
        signal.conversion.is_float,
        float(signal.scale),
        float(signal.offset),
        signal.unit or "",
        motorola,
        signal.is_multiplexer or bool(signal.multiplexer_ids),
    )
