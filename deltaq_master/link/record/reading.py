"""A recording read back: its lines as they were written, and its frames on the clock of the machines."""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from deltaq_master.errors import FileError
from deltaq_master.link.bus.logs import read_log
from deltaq_master.link.record.frame_log import holds
from deltaq_master.link.record.parts import further_parts, lines_of, log_of
from deltaq_master.link.record.writing import SCHEMA
from deltaq_master.protocol.events import Frame

ROUNDING: Final = 5e-6
"""How far the time of a frame in a log may be from the true one [s]: microseconds, rounded twice."""
COARSE_ROUNDING: Final = 2.1e-3
"""Likewise in TRC, which counts milliseconds."""


class Line(NamedTuple):
    """One line of a recording."""

    path: Path
    number: int
    """From 1 on."""
    text: str
    """As it was written, without its end."""
    told: dict[str, Any]

    def broken(self, problem: str) -> FileError:
        """The error for a line that cannot be used."""
        return FileError(self.path, problem, line=self.number)


class Recording:
    """A recording on disk, from one of its parts on."""

    def __init__(self, path: Path) -> None:
        """Open a recording by the name of its log or of its lines. Raises FileError if it is none."""
        self.log = log_of(path)
        first = next(_lines(self.log), None)
        if first is None:
            raise FileError(lines_of(self.log), "is empty: nothing was recorded")
        self.header = first.told
        """What is needed to run it again."""
        self.whole = self.header.get("part") == 1
        """False if this is not its first part."""
        self.ended = False
        """Once the lines have been read: True if the recording was ended, and not cut off."""

    @property
    def rounding(self) -> float:
        """How far the time of a frame may be from the true one [s]."""
        return COARSE_ROUNDING if self.log.suffix.lower() == ".trc" else ROUNDING

    def logs(self) -> Iterator[Path]:
        """The logs of its parts, in order. Raises FileError where one is missing."""
        number = self.header.get("part", 1)
        first = self.log if number == 1 else _first_of(self.log)
        yield self.log
        for found, path in further_parts(first).items():
            if found <= number:
                continue
            if found != number + 1:
                raise FileError(path, f"follows part {number}, and part {number + 1} is missing")
            number = found
            yield path

    def lines(self) -> Iterator[Line]:
        """All lines, part by part; one that a crash has cut short is left out. Raises FileError."""
        following = None
        for log in self.logs():
            if following not in (None, log.name):
                raise FileError(log, f"is not the part that follows; that is {following}")
            following = None
            for each in _lines(log):
                self.ended = each.told.get("kind") == "end"
                following = each.told.get("log") if each.told.get("kind") == "continued" else None
                yield each
        if following is not None:
            raise FileError(self.log.with_name(following), "is missing: the recording goes on in it")

    def frames(self) -> Iterator[Frame]:
        """All frames, on the clock of the machines. Raises FileError."""
        for log in self.logs():
            yield from _frames(log)


def is_recording(path: Path) -> bool:
    """True for a log that has its lines beside it, and for the lines."""
    return lines_of(log_of(path)).is_file()


class Evidence:
    """Finds what a machine was given among the frames of the log, which come in the same order."""

    def __init__(self, frames: Iterable[Frame], rounding: float) -> None:
        self._frames = (frame for frame in frames if not frame.sent)
        self._rounding = rounding
        self._near: deque[Frame] = deque()
        self._next = next(self._frames, None)

    @property
    def over(self) -> bool:
        """True once the log has no more frames."""
        return self._next is None

    def shows(self, frame: Frame) -> bool:
        """Whether the log has this frame at its time; ask in the order of the times."""
        while self._next is not None and self._next.time <= frame.time + self._rounding:
            self._near.append(self._next)
            self._next = next(self._frames, None)
        while self._near and self._near[0].time < frame.time - self._rounding:
            self._near.popleft()
        return any(near.cob_id == frame.cob_id and near.data == frame.data for near in self._near)


def _first_of(log: Path) -> Path:
    """The first part's log, by the name of a later one."""
    return log.with_name(f"{Path(log.stem).stem}{log.suffix}")


def _lines(log: Path) -> Iterator[Line]:
    path = lines_of(log)
    try:
        with path.open("rb") as file:
            for number, written in enumerate(file, 1):
                if not written.endswith(b"\n"):
                    return
                yield _line(path, number, written[:-1])
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error


def _line(path: Path, number: int, written: bytes) -> Line:
    try:
        text = written.decode("ascii")
        told = json.loads(text)
    except ValueError as error:
        raise FileError(path, f"is no JSON: {error}", line=number) from error
    if not isinstance(told, dict) or "kind" not in told:
        raise FileError(path, "is no line of a recording", line=number)
    found = Line(path, number, text, told)
    if number == 1 and (told["kind"] != "header" or told.get("schema") != SCHEMA):
        known = f"a recording that this version reads says {SCHEMA}"
        raise found.broken(f"begins with {told.get('schema', told['kind'])!r}; {known}")
    return found


def _frames(log: Path) -> Iterator[Frame]:
    first, cut = None, True
    for each in _lines(log):
        if each.told["kind"] == "log":
            first = each.told.get("first")
        cut = each.told["kind"] not in ("end", "continued")
    told = (_told(each) for each in _lines(log) if each.told["kind"] == "frame")
    suffix = log.suffix.lower()
    logged = (frame for frame in _moved(log, first, cut) if holds(suffix, frame))
    return heapq.merge(logged, told, key=lambda frame: frame.time)


def _moved(log: Path, first: float | None, cut: bool) -> Iterator[Frame]:
    """The frames of a log, moved so that its first one is at its true time."""
    offset = None
    frames = read_log(log)
    while True:
        try:
            frame = next(frames, None)
        except FileError:
            if cut:  # the last line of a program that was killed
                return
            raise
        if frame is None or first is None:
            return
        if not holds(log.suffix.lower(), frame):
            continue
        offset = first - frame.time if offset is None else offset
        yield frame._replace(time=frame.time + offset)


def _told(each: Line) -> Frame:
    told = each.told
    try:
        kinds = {name: bool(told.get(name)) for name in ("extended", "remote", "error", "fd", "sent")}
        data, length = bytes.fromhex(told["data"]), int(told["length"])
        return Frame(int(told["cob_id"]), data, float(told["time"]), **kinds, length=length)
    except (KeyError, TypeError, ValueError) as error:
        raise each.broken(f"is no frame: {error}") from error
