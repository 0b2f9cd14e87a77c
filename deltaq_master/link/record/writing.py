"""What is written where: the lines of a recording, its frames, and its parts as they fill up. No thread, no queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from deltaq_master.link.record.parts import Part, Rotation, check_free, files_of, lines_of, part_of
from deltaq_master.protocol.events import Effect, Frame

SCHEMA: Final = "deltaq.record/1"


class Record(Protocol):
    """Puts one machine's steps into words; `step` also says whether they must be on the disk at once."""

    def begin(self) -> Mapping[str, Any]:
        """What is needed to make the machine again."""

    def step(self, event: object, now: float, effects: Iterable[Effect], /) -> tuple[dict[str, Any], bool]:
        """One step."""


class Writing:
    """The files of one recording. Whatever the disk refuses is raised as OSError."""

    def __init__(
        self,
        log: Path,
        header: Mapping[str, Any],
        rotation: Rotation,
        *,
        begun: float,
        offset: float,
        overwrite: bool,
    ) -> None:
        """Create the files; nothing is written yet. Raises FileError.

        `begun` is the time of the beginning, `offset` what makes a time one since 1970 [s].
        """
        if overwrite:
            for old in files_of(log):
                if old not in (log, lines_of(log)):
                    old.unlink()
        else:
            check_free(log)
        self._log = log
        self._header = header
        self._rotation = rotation
        self._begun = self._part_begun = begun
        self._offset = offset
        self._overwrite = overwrite
        self._machines: dict[int, Record] = {}
        self._number = 1
        self._part = Part(log, overwrite=overwrite)

    @property
    def pending(self) -> int:
        """Bytes that a crash would lose, about."""
        return self._part.pending

    def begin(self) -> None:
        """Begin a part with what is needed to run it all again."""
        self._part.line(
            {
                **self._header,
                "kind": "header",
                "schema": SCHEMA,
                "part": self._number,
                "log": self._part.log.name,
                "begun": self._begun,
                "clock_offset": self._offset,
            }
        )
        if self._number > 1:
            # So that a part that outlives the first one still says what it is about.
            for number, record in self._machines.items():
                self._part.line({"kind": "machine", "machine": number, "again": True, **record.begin()})
        self._part.commit()

    def frame(self, frame: Frame) -> None:
        """Write a frame."""
        self._part.frame(frame, self._offset)

    def machine(self, number: int, record: Record) -> None:
        """Write how a machine begins."""
        self._machines[number] = record
        self._part.line({"kind": "machine", "machine": number, **record.begin()})

    def step(self, number: int, event: object, now: float, effects: Iterable[Effect], broke: str) -> bool:
        """Write one step of a machine; True if it must be on the disk at once."""
        told, important = self._machines[number].step(event, now, effects)
        if broke:
            told["broke"] = broke
        self._part.line({"kind": "step", "machine": number, **told})
        return important or bool(broke)

    def line(self, kind: str, **told: object) -> None:
        """Write a line of another kind."""
        self._part.line({"kind": kind, **told})

    def commit(self, now: float, *, sync: bool) -> None:
        """Hand all to the system, and begin the next part if this one is full."""
        self._part.commit(sync=sync)
        size, length = self._rotation.size, self._rotation.time
        if (size is not None and self._part.size >= size) or (
            length is not None and now - self._part_begun >= length
        ):
            self._next_part(now)

    def _next_part(self, now: float) -> None:
        self._number += 1
        following = part_of(self._log, self._number)
        self.line("continued", log=following.name)
        self._part.close()
        self._part = Part(following, overwrite=self._overwrite)
        self._part_begun = now
        self.begin()
        if self._rotation.keep is not None and self._number > self._rotation.keep:
            oldest = part_of(self._log, self._number - self._rotation.keep)
            for path in (oldest, lines_of(oldest)):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; may be called again."""
        self._part.close()
