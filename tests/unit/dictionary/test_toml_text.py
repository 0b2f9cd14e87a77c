"""TOML texts: the line of a mistake, and what was meant."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.toml_text import line_of, near_match, parse_toml
from deltaq_master.errors import FileError

TEXT = """\
name = "x"

[RPDO1]
cob_id = 1
  "event timer" = 2
[a.b]
c.d = 3
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 1),
        (("RPDO1",), 3),
        (("RPDO1", "cob_id"), 4),
        (("RPDO1", "event timer"), 5),
        (("RPDO1", "other"), 3),
        (("a", "b", "c", "d"), 7),
        (("nothing",), 0),
    ],
)
def test_lines(place: tuple[str, ...], line: int) -> None:
    assert line_of(TEXT, place) == line


def test_what_is_no_toml() -> None:
    with pytest.raises(FileError, match=r"^a\.toml:2: no TOML: ") as caught:
        parse_toml("a = 1\nb\n", "a.toml")
    assert caught.value.line == 2
    with pytest.raises(FileError, match=r"^a\.toml:3: no TOML: "):
        parse_toml("a = 1\nb = [\n1,", "a.toml")
    assert parse_toml("a = 1", "a.toml") == {"a": 1}


def test_near_matches() -> None:
    assert near_match("cob-id", ("cob_id", "map")) == "did you mean 'cob_id'?"
    assert near_match("zzz", ("cob_id", "map")) == "there are cob_id, map"
