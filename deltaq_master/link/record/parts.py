"""A recording in parts: which files it has, when the next one begins, and which old ones go.

`ride.asc` has its lines in `ride.asc.jsonl`; its further parts are `ride.002.asc` with `ride.002.asc.jsonl`,
and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deltaq_master.errors import FileError
from deltaq_master.link.record.frame_log import FrameLog, holds, suffix_of
from deltaq_master.link.record.whole_file import WholeFile
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.recorded_values import line

LINES: Final = ".jsonl"
"""What the name of the lines has more than that of their log."""
_PART: Final = re.compile(r"\.(\d{3,})$")


@dataclass(frozen=True, slots=True)
class Rotation:
    """When the next part begins, and how many are kept."""

    size: int | None = None
    """Bytes of a log or of its lines."""
    time: float | None = None
    """Seconds."""
    keep: int | None = None
    """Parts that are kept; the oldest goes when there would be more. None keeps all."""


def lines_of(log: Path) -> Path:
    """Where the lines of a log are."""
    return log.with_name(log.name + LINES)


def log_of(path: Path) -> Path:
    """The log that is meant by its own name or by that of its lines."""
    return path.with_name(path.name.removesuffix(LINES)) if path.name.endswith(LINES) else path


def part_of(log: Path, number: int) -> Path:
    """The log of a part, from 1 on, of the recording that begins with `log`."""
    return log if number == 1 else log.with_name(f"{log.stem}.{number:03d}{log.suffix}")


def further_parts(log: Path) -> dict[int, Path]:
    """The parts from 2 on that are there, by number, in order."""
    found = {}
    for path in log.parent.glob(f"{_plain(log.stem)}.*{_plain(log.suffix)}"):
        match = _PART.search(path.stem)
        if match and part_of(log, int(match[1])) == path:
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def _plain(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def files_of(log: Path) -> Iterator[Path]:
    """Every file of a recording that is there."""
    for part in (log, *further_parts(log).values()):
        yield from (path for path in (part, lines_of(part)) if path.exists())


def check_free(log: Path) -> None:
    """Raise FileError where a recording of this name is there already, or its suffix is not known."""
    suffix_of(log)
    for path in files_of(log):
        raise FileError(path, "exists already", remedy="give another name, or --record-overwrite")


class Part:
    """One log with its lines, open for writing."""

    def __init__(self, log: Path, *, overwrite: bool) -> None:
        """Create both files. Raises FileError."""
        self.log = log
        self._frames = FrameLog(log, overwrite=overwrite)
        try:
            self._lines = WholeFile(lines_of(log), overwrite=overwrite)
        except FileError:
            self._frames.close()
            if not overwrite:
                log.unlink()
            raise
        self._begun = False

    @property
    def size(self) -> int:
        """Bytes of the longer file."""
        return max(self._frames.size, self._lines.size + self._lines.pending)

    @property
    def pending(self) -> int:
        """Bytes of the lines that a crash would lose."""
        return self._lines.pending

    def line(self, plain: object) -> None:
        """Add a line."""
        self._lines.write(line(plain).encode("ascii") + b"\n")

    def frame(self, frame: Frame, offset: float) -> None:
        """Add a frame; `offset` makes its time one since 1970 [s]. What the log cannot hold becomes a line."""
        if not holds(self._frames.suffix, frame):
            self.line({"kind": "frame", **_told(frame)})
        elif not self._begun:
            # The stamps of a log are rounded, and count from its first frame: this says where that is.
            self._begun = True
            self.line({"kind": "log", "first": frame.time})
        self._frames.write(frame, offset + frame.time)

    def commit(self, *, sync: bool = False) -> None:
        """Hand both to the system, the log first: a decision without its frame would look altered."""
        self._frames.commit(sync=sync)
        self._lines.commit(sync=sync)

    def close(self) -> None:
        """End both. Raises OSError, and both are closed all the same."""
        try:
            self._frames.close()
        finally:
            self._lines.close()


def _told(frame: Frame) -> dict[str, object]:
    kinds = ("extended", "remote", "error", "fd", "sent")
    return {
        "time": frame.time,
        "cob_id": frame.cob_id,
        "data": frame.data.hex().upper(),
        "length": frame.length,
        **{name: True for name in kinds if getattr(frame, name)},
    }
