"""Sections and keys of an EDS or DCF file, each with its line: the text as it is, nothing interpreted.

Tolerant where files differ in spelling alone: byte order mark, line ends, blanks, comments, case. Where
something has to be guessed or left out, a warning says so; a line that is nothing at all is an error.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import Final

from deltaq_master.errors import FileError

_ZEROS: Final = re.compile(r"(?<=^[0-9a-f]{4}sub)0+(?=[0-9a-f])")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Reading:
    """One file while it is read: its path, the node-ID it is read for, and what had to be repaired."""

    def __init__(self, path: str | PathLike[str], node_id: int | None) -> None:
        self.path = Path(path)
        self.node_id = node_id
        self._warnings: list[tuple[int, str]] = []

    def warn(self, line: int, sentence: str) -> None:
        """Note what was guessed, repaired or left out."""
        self._warnings.append((line, sentence))

    def broken(self, line: int, problem: str, *, key: str = "", remedy: str = "") -> FileError:
        """The error for a line that cannot be used."""
        return FileError(self.path, problem, line=line, key=key, remedy=remedy)

    @property
    def warnings(self) -> tuple[str, ...]:
        """All notes as `line 12: ...`, by line."""
        return tuple(f"line {line}: {sentence}" for line, sentence in sorted(set(self._warnings)))


NOT_IN_FILE: Final = 0
"""Line of what was added and of the file as a whole."""

Key = tuple[str, int, str]
"""Value without the blanks around it, line, and the key as it is written there."""


class Section:
    """One section, its keys by their name in lower case."""

    __slots__ = ("keys", "line", "name")

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.keys: dict[str, Key] = {}

    def text(self, key: str) -> str:
        """Value of a key, '' where it is missing or empty."""
        found = self.keys.get(key)
        return found[0] if found else ""


Sections = dict[str, Section]
"""Sections by their name in lower case, sub-indices without leading zeros."""


def read_sections(reading: Reading) -> Sections:
    """Read a file. Raises FileError for a file that cannot be read, and for a broken line."""
    sections: Sections = {}
    keys: dict[str, Key] | None = None
    for number, line in enumerate(read_lines(reading), 1):
        line = line.strip()
        if not line or line[0] in ";#":  # canopen takes both for comments
            continue
        if line[0] == "[":
            section = Section(_name(reading, number, line), number)
            keys = section.keys
            first = sections.setdefault(_ZEROS.sub("", section.name.lower()), section)
            if first is not section:
                reading.warn(number, f"[{section.name}] again, as on line {first.line}; the first one counts")
            continue
        key, equals, value = line.partition("=")
        key = key.rstrip()
        if not equals or not key:
            raise reading.broken(number, f"{line!r} is neither [section] nor key=value nor ;comment")
        if keys is None:
            raise reading.broken(number, f"{line!r} stands before the first [section]")
        name = key.lower()
        if name in keys:
            reading.warn(number, f"{key} again, as on line {keys[name][1]}; the first one counts")
        else:
            keys[name] = value.lstrip(), number, key
    if not sections:
        raise reading.broken(NOT_IN_FILE, "has no [section]", remedy="an EDS or DCF file is needed")
    return sections


def _name(reading: Reading, number: int, line: str) -> str:
    name, bracket, rest = line[1:].partition("]")
    rest = rest.lstrip()
    if not bracket or not name.strip() or (rest and rest[0] not in ";#"):
        raise reading.broken(number, f"{line!r} is no [section]")
    return name.strip()


def read_lines(reading: Reading) -> list[str]:
    """The file's lines as they are, without line ends. Raises FileError for a file that is no EDS's text."""
    try:
        data = reading.path.read_bytes()
    except OSError as error:
        raise reading.broken(NOT_IN_FILE, f"cannot be read: {error.strerror}") from None
    if data.startswith(_UTF16_MARKS):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            reading.warn(line, f"byte {data[error.start]:02X}h is no UTF-8; the file is read as Latin-1")
            text = data.decode("latin-1")
    if "\0" in text:
        raise reading.broken(NOT_IN_FILE, "is no text file", remedy="an EDS or DCF file is needed")
    if text.lstrip().startswith("<"):
        raise reading.broken(
            NOT_IN_FILE, "is XML", remedy="an EDS or DCF file is needed; XDD and XDC are not read"
        )
    # Not splitlines(): that takes Latin-1's 85h and others for line ends.
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
