"""The journal of a change on disk: what a device held, and each write before it is made.

A text file of JSON lines. The first one is on the disk before the first write, so that what a device held is
known as long as it may have been changed. It is deleted when nothing is left to undo.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import platformdirs

from deltaq_master.configuration.files import sync_folder
from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.sidecar import Origin, written
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Step, Values
from deltaq_master.errors import FileError, OurError, RefusedError, UsageError

SCHEMA: Final = "deltaq.journal/1"
_RECOVER: Final = "run: deltaq config recover"
_ROOM: Final = "free some room, or name another place with --journal"
_BEGINS: Final = b'{"schema": "deltaq.journal/'


class JournalError(OurError, OSError):
    """A journal that the disk does not take; a change under way is undone for it."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"the journal {path} {problem}; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Whose change it is."""

    node: int
    bus: str
    identity: Identity
    eds: Origin
    begun: str
    """ISO 8601, UTC."""
    job: str
    """What was done: `apply of charger.dcf`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _FirstLine:
    schema: Literal["deltaq.journal/1"]
    head: Head
    before: dict[str, str]
    wanted: dict[str, str]
    fixed: list[int]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a journal says of a change that did not come to its end."""

    path: Path
    head: Head | None
    """None for a journal that was cut off before its first line was whole: no write was made."""
    before: Values = field(default_factory=dict)
    wanted: Values = field(default_factory=dict)
    fixed: frozenset[int] = frozenset()
    writes: int = 0
    """Writes that were about to be made; the last one may not have been."""


def journal_path(bus: str, node_id: int, identity: Identity) -> Path:
    """Where the journal of a device on a bus is, by default: in the user's folder for the state of programs."""
    numbers = (identity.vendor, identity.product, identity.serial)
    which = "-".join(f"{number or 0:08X}" for number in numbers)
    name = re.sub(r"[^A-Za-z0-9.]+", "_", bus).strip("_") or "bus"
    folder = platformdirs.user_state_path("deltaq") / "journals"
    return folder / f"{name}-node{node_id}-{which}.journal"


class DiskJournal:
    """Implements `link.device.transaction.Journal` with a file."""

    def __init__(self, path: Path, head: Head) -> None:
        self.path = path
        self._head = head
        self._file: int | None = None

    def check(self) -> None:
        """Raise RefusedError if an earlier change is not finished, FileError for another file in its place."""
        if not self.path.exists():
            return
        found = read_journal(self.path)
        if found.head is None:
            self.path.unlink(missing_ok=True)
            return
        head = found.head
        raise RefusedError(
            f"changing node {self._head.node}",
            f"the {head.job} begun {head.begun} was cut off after {found.writes} writes ({self.path})",
            _RECOVER,
        )

    def begin(self, before: Values, wanted: Values, fixed: Collection[int]) -> None:
        """Write the first line and bring it to the disk. Raises JournalError, and leaves no file then."""
        line = {
            "schema": SCHEMA,
            "head": asdict(self._head),
            "before": written(before),
            "wanted": written(wanted),
            "fixed": sorted(fixed),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            if self.path.exists():
                self.check()
            raise self._failure(f"cannot be written: {error.strerror}", _ROOM) from error
        try:
            self._put(line)
        except JournalError:
            with contextlib.suppress(OSError):
                self._remove()
            raise
        sync_folder(self.path.parent)

    def writing(self, step: Step, number: int) -> None:
        """Note a write before it is made. Raises JournalError."""
        self._put({"write": number, "object": str(step.address), "data": step.data.hex(" ").upper()})

    def end(self) -> None:
        """Delete the file. Raises JournalError if it cannot be: what it says must not be undone later."""
        try:
            self._remove()
        except OSError as error:
            remedy = "the change has come to its end: delete this file before anything is recovered from it"
            raise self._failure(f"cannot be deleted: {error.strerror}", remedy) from error

    def _put(self, line: dict[str, Any]) -> None:
        assert self._file is not None
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            raise self._failure(f"cannot be written: {error.strerror}", _ROOM) from error

    def _remove(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None
        self.path.unlink(missing_ok=True)
        sync_folder(self.path.parent)

    def _failure(self, problem: str, remedy: str) -> JournalError:
        return JournalError(self.path, problem, remedy)


def read_journal(path: Path) -> Unfinished:
    """Read a journal; a last line that was cut off is left out. Raises FileError for a file that is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    first, end, rest = data.partition(b"\n")
    if not end and (_BEGINS.startswith(data[: len(_BEGINS)]) or not data.strip(b"\0")):
        return Unfinished(path, None)
    try:
        line = msgspec.json.decode(first, type=_FirstLine)
        before, wanted = _values(line.before), _values(line.wanted)
    except (msgspec.DecodeError, ValueError, UsageError) as error:
        raise FileError(path, f"is no journal of a change: {error}", remedy="name another file") from error
    return Unfinished(path, line.head, before, wanted, frozenset(line.fixed), len(rest.splitlines()))


def _values(texts: dict[str, str]) -> dict[Address, bytes]:
    return {Address.parse(key): bytes.fromhex(text) for key, text in texts.items()}
