"""Files as they are: encodings, line ends, comments, case, doubled keys; and broken lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.dictionary.sections import Reading, Sections, read_sections
from deltaq_master.errors import FileError

Write = Callable[[str | bytes], Path]


def sections_of(path: Path) -> tuple[Sections, tuple[str, ...]]:
    reading = Reading(path, 10)
    return read_sections(reading), reading.warnings


@pytest.mark.parametrize(
    "content",
    [
        "[1000]\nParameterName=Device Type\n",
        "[1000]\r\nParameterName=Device Type\r\n",
        "[1000]\rParameterName=Device Type\r",
        "\n\n; a comment\n# another\n  [ 1000 ]  ; the first\n\tPARAMETERNAME = Device Type  \n",
        b"\xef\xbb\xbf[1000]\nParameterName=Device Type",
        "[1000]\nParameterName=Device Type".encode("utf-16"),
        "[1000]\nParameterName=Device Type".encode("utf-16-be").replace(b"\0[", b"\xfe\xff\0[", 1),
    ],
)
def test_spelling_does_not_matter(write: Write, content: str | bytes) -> None:
    sections, warnings = sections_of(write(content))
    assert sections["1000"].text("parametername") == "Device Type"
    assert sections["1000"].text("objecttype") == ""
    assert warnings == ()


def test_lines_are_known(write: Write) -> None:
    sections, _ = sections_of(write("; head\n\n[1018sub01]\n\nParameterName=Vendor Id\n"))
    section = sections["1018sub1"]
    assert (section.name, section.line) == ("1018sub01", 3)
    assert section.keys["parametername"] == ("Vendor Id", 5, "ParameterName")


def test_latin_1_is_read_with_a_warning(write: Write) -> None:
    sections, warnings = sections_of(
        write("[6010]\nParameterName=Temp\nUnit=°C\nDescription=a\x85b\n".encode("latin-1"))
    )
    assert sections["6010"].text("unit") == "°C"
    # 85h is no line end, though str.splitlines() takes it for one
    assert sections["6010"].text("description") == "a\x85b"
    assert warnings == ("line 3: byte B0h is no UTF-8; the file is read as Latin-1",)


def test_semicolons_and_equals_signs_stay_in_values(write: Write) -> None:
    sections, _ = sections_of(write("[2000]\nParameterName=Volts ; bus=1\n"))
    assert sections["2000"].text("parametername") == "Volts ; bus=1"


def test_the_first_of_two_keys_counts(write: Write) -> None:
    sections, warnings = sections_of(write("[2000]\nHighLimit=1\nhighlimit=2\n"))
    assert sections["2000"].text("highlimit") == "1"
    assert warnings == ("line 3: highlimit again, as on line 2; the first one counts",)


def test_the_first_of_two_sections_counts(write: Write) -> None:
    sections, warnings = sections_of(
        write("[2000sub1]\nParameterName=First\n[2000Sub01]\nParameterName=Second\n[2001]\n[2001]\n")
    )
    assert sections["2000sub1"].text("parametername") == "First"
    assert warnings == (
        "line 3: [2000Sub01] again, as on line 1; the first one counts",
        "line 6: [2001] again, as on line 5; the first one counts",
    )


def test_warnings_are_in_the_order_of_lines_and_said_once() -> None:
    reading = Reading("device.eds", 10)
    reading.warn(7, "late")
    reading.warn(2, "early")
    reading.warn(7, "late")
    assert reading.warnings == ("line 2: early", "line 7: late")


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("[1000]\nParameterName\n", 2, "'ParameterName' is neither [section] nor key=value nor ;comment"),
        ("[1000]\n=5\n", 2, "'=5' is neither [section] nor key=value nor ;comment"),
        ("; x\nParameterName=a\n[1000]\n", 2, "'ParameterName=a' stands before the first [section]"),
        ("[1000]\n[1001\n", 2, "'[1001' is no [section]"),
        ("[]\n", 1, "'[]' is no [section]"),
        ("[1000] x\n", 1, "'[1000] x' is no [section]"),
        ("", 0, "has no [section]; an EDS or DCF file is needed"),
        ("; nothing\n", 0, "has no [section]; an EDS or DCF file is needed"),
        ("MZ\0\0", 0, "is no text file; an EDS or DCF file is needed"),
        ("<?xml?>\n", 0, "is XML; an EDS or DCF file is needed; XDD and XDC are not read"),
    ],
)
def test_broken_lines_are_named(write: Write, content: str, line: int, problem: str) -> None:
    path = write(content)
    with pytest.raises(FileError) as caught:
        sections_of(path)
    place = f"{path}:{line}" if line else str(path)
    assert str(caught.value) == f"{place}: {problem}"
    assert caught.value.line == line


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none.eds: cannot be read: No such file"):
        sections_of(tmp_path / "none.eds")
    with pytest.raises(FileError, match=r"cannot be read: Is a directory"):
        sections_of(tmp_path)
