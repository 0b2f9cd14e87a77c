"""A search for unknown objects on disk, so that it can be interrupted: JSON lines, appended one whole line at a time.

The first line says which device and which range; every other how far the search is, and what was found on the way.
A last line that was cut off by a crash is dropped: what it told is looked for again.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from hashlib import sha256
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import FileError, UsageError
from deltaq_master.protocol.identity import Identity
from deltaq_master.scanner.unknown import Probe, Unlisted

SCHEMA: Final = "deltaq.search/1"
STEP: Final = 32
"""Indices without a finding that one line covers: so many are asked again after a crash."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a search is about: the first line of its file."""

    schema: str
    node: int
    identity: tuple[int | None, ...]
    """1000h and 1018h:01 to 04."""
    first: int
    last: int
    known: str
    """Digest of the indices within the range that are in the EDS, and so are not searched."""

    @classmethod
    def of(cls, node: int, identity: Identity, first: int, last: int, known: Collection[int]) -> Header:
        """The header of a search in first..last of a device, less the `known` indices."""
        within = sorted(index for index in known if first <= index <= last)
        digest = sha256(b"".join(index.to_bytes(2, "little") for index in within)).hexdigest()[:16]
        numbers = (
            identity.device_type,
            identity.vendor,
            identity.product,
            identity.revision,
            identity.serial,
        )
        return cls(SCHEMA, node, numbers, first, last, digest)


class _Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    object: str
    data: str | None = None
    problem: str = ""
    lost: bool = False


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    through: int
    found: tuple[_Object, ...] = ()


class SearchFile:
    """An open search; `found` and `through` say what it knows from before."""

    def __init__(self, path: str | PathLike[str], header: Header) -> None:
        """Begin a file, or go on with one. Raises FileError for one of another search, or that is none."""
        self.path = Path(path)
        self.found: list[Unlisted] = []
        self.through = header.first - 1
        """The last index that is done."""
        self._pending = 0
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise FileError(self.path, f"cannot be opened: {error.strerror}") from error
        try:
            self._take(self.path.read_bytes(), header)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, probe: Probe) -> None:
        """Note that an index is done; indices come in rising order. Raises FileError if the disk is full."""
        self.through = probe.index
        self.found += probe.found
        self._pending += 1
        if probe.found or self._pending >= STEP:
            self._record(probe.found)

    def close(self) -> None:
        """Write what was not written yet. Raises FileError if that fails."""
        try:
            if self._pending:
                self._record(())
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def _record(self, found: tuple[Unlisted, ...]) -> None:
        self._pending = 0
        objects = tuple(
            _Object(
                str(each.address),
                None if each.data is None else each.data.hex(" ").upper(),
                each.problem,
                each.lost,
            )
            for each in found
        )
        self._append(_Record(self.through, objects))

    def _append(self, record: Header | _Record) -> None:
        line = msgspec.json.encode(record) + b"\n"
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise self._unwritten(error.strerror or str(error)) from error
        if written != len(line):
            raise self._unwritten("the disk is full")

    def _unwritten(self, problem: str) -> FileError:
        remedy = "make room and go on with the same file: all up to its last whole line is kept"
        return FileError(self.path, f"cannot be written: {problem}", remedy=remedy)

    def _take(self, content: bytes, header: Header) -> None:
        lines = content.split(b"\n")
        # What stands behind the last line end was cut off, and is '' in a file that is whole.
        torn = lines.pop()
        if not lines and _begins_header(torn):
            os.truncate(self.path, 0)
            self._append(header)
            return
        if not lines or self._header(lines[0]) is None:
            raise FileError(
                self.path, "is no file of a search", remedy="name another file: this one was left alone"
            )
        self._compare(self._header(lines[0]), header)
        for number, line in enumerate(lines[1:], 2):
            try:
                record = msgspec.json.decode(line, type=_Record)
                self.found += [_unlisted(each) for each in record.found]
            except (msgspec.DecodeError, ValueError, UsageError) as error:
                raise FileError(
                    self.path, f"is broken: {error}", line=number, remedy="begin a new file"
                ) from error
            self.through = max(self.through, record.through)
        if torn:
            os.truncate(self.path, len(content) - len(torn))

    def _header(self, line: bytes) -> Header | None:
        try:
            header = msgspec.json.decode(line, type=Header)
        except msgspec.DecodeError:
            return None
        return header if header.schema == SCHEMA else None

    def _compare(self, theirs: Header | None, ours: Header) -> None:
        assert theirs is not None
        if theirs.identity != ours.identity:
            problem = "is the search of another device: its 1000h and 1018h are not this one's"
        elif (theirs.first, theirs.last) != (ours.first, ours.last):
            problem = f"is a search of {theirs.first:04X}h to {theirs.last:04X}h, another range"
        elif theirs.known != ours.known:
            problem = "was begun with another EDS, and so left out other objects"
        else:
            return
        raise FileError(self.path, problem, remedy="name another file to begin anew")


def _begins_header(text: bytes) -> bool:
    """True for nothing, and for a first line of ours that was cut off."""
    start = b'{"schema":"' + SCHEMA.encode() + b'"'
    return start.startswith(text[: len(start)])


def _unlisted(each: _Object) -> Unlisted:
    data = None if each.data is None else bytes.fromhex(each.data)
    return Unlisted(Address.parse(each.object), data, each.problem, each.lost)
