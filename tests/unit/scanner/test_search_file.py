"""A search on disk: what was found is kept, a cut-off line is dropped, and nothing foreign is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import FileError
from deltaq_master.protocol.identity import Identity
from deltaq_master.scanner.search_file import STEP, Header, SearchFile
from deltaq_master.scanner.unknown import Probe, Unlisted

WHO = Identity(0x1A3, 0x110, 1, 2, 3)
HEADER = Header.of(10, WHO, 0x2000, 0x5FFF, ())
FOUND = (
    Unlisted(Address(0x2345), b"\x01\xff"),
    Unlisted(Address(0x2345, 1), None, "aborted: general error (0800 0000h)"),
    Unlisted(Address(0x2345, 2), None, "not answered: 2 requests, 1.0 s", lost=True),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "found.jsonl"


def test_a_search_goes_on_where_it_stopped(path: Path) -> None:
    with SearchFile(path, HEADER) as file:
        assert (file.through, file.found) == (0x1FFF, [])
        file.add(Probe(0x2344))
        file.add(Probe(0x2345, FOUND))
        file.add(Probe(0x2346))
    with SearchFile(path, HEADER) as file:
        assert (file.through, tuple(file.found)) == (0x2346, FOUND)
        file.add(Probe(0x2347, FOUND[:1]))
    with SearchFile(path, HEADER) as file:
        assert (file.through, tuple(file.found)) == (0x2347, (*FOUND, FOUND[0]))


def test_what_is_found_is_on_disk_at_once(path: Path) -> None:
    with SearchFile(path, HEADER) as file:
        file.add(Probe(0x2345, FOUND))
        assert path.read_bytes().splitlines()[1] == (
            b'{"through":9029,"found":[{"object":"2345h:00","data":"01 FF","problem":"","lost":false},'
            b'{"object":"2345h:01","data":null,"problem":"aborted: general error (0800 0000h)","lost":false},'
            b'{"object":"2345h:02","data":null,"problem":"not answered: 2 requests, 1.0 s","lost":true}]}'
        )


def test_indices_without_a_finding_share_a_line(path: Path) -> None:
    with SearchFile(path, HEADER) as file:
        for index in range(0x2000, 0x2000 + STEP):
            file.add(Probe(index))
        assert len(path.read_bytes().splitlines()) == 2
        file.add(Probe(0x2000 + STEP))
    assert len(path.read_bytes().splitlines()) == 3


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_line_that_was_cut_off_is_dropped(path: Path, cut: int) -> None:
    with SearchFile(path, HEADER) as file:
        file.add(Probe(0x2345, FOUND))
        file.add(Probe(0x2346, FOUND[:1]))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with SearchFile(path, HEADER) as file:
        assert (file.through, tuple(file.found)) == (0x2345, FOUND)
        file.add(Probe(0x2346, FOUND[:1]))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kept", [0, 1, 30, 60])
def test_a_file_that_was_cut_off_in_its_first_line_begins_anew(path: Path, kept: int) -> None:
    with SearchFile(path, HEADER):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    with SearchFile(path, HEADER) as file:
        assert (file.through, file.found) == (0x1FFF, [])
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            Header.of(10, Identity(0x1A3, 0x110, 1, 2, 4), 0x2000, 0x5FFF, ()),
            "is the search of another device",
        ),
        (Header.of(10, WHO, 0x2000, 0x4FFF, ()), "is a search of 2000h to 5FFFh, another range"),
        (Header.of(10, WHO, 0x2000, 0x5FFF, (0x2001,)), "was begun with another EDS"),
    ],
)
def test_another_search_is_refused_and_its_file_left_alone(path: Path, other: Header, said: str) -> None:
    with SearchFile(path, HEADER) as file:
        file.add(Probe(0x2345, FOUND))
    before = path.read_bytes()
    with pytest.raises(FileError, match=said):
        SearchFile(path, other)
    assert path.read_bytes() == before


def test_the_same_device_under_another_node_id_and_known_objects_elsewhere_change_nothing(path: Path) -> None:
    with SearchFile(path, HEADER):
        pass
    with SearchFile(path, Header.of(11, WHO, 0x2000, 0x5FFF, (0x1000, 0x6000))) as file:
        assert file.through == 0x1FFF


@pytest.mark.parametrize("content", ["notes of mine\n", "no line end", '{"schema":"deltaq.scan/1"}\n', "\n"])
def test_a_file_of_something_else_is_left_alone(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(FileError, match="is no file of a search; name another file"):
        SearchFile(path, HEADER)
    assert path.read_text() == content


@pytest.mark.parametrize(
    "line",
    ["{}", "nonsense", '{"through":9029,"found":[{"object":"somewhere"}]}', '{"through":9029,"more":1}'],
)
def test_a_broken_line_is_named(path: Path, line: str) -> None:
    with SearchFile(path, HEADER):
        pass
    path.write_bytes(path.read_bytes() + line.encode() + b"\n")
    with pytest.raises(FileError, match=r"found\.jsonl:2: is broken"):
        SearchFile(path, HEADER)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be opened: No such file"):
        SearchFile(tmp_path / "nowhere" / "found.jsonl", HEADER)


def test_a_full_disk_is_said_and_the_rest_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SearchFile(path, HEADER)
    file.add(Probe(0x2345, FOUND))
    write = os.write

    def full(number: int, data: bytes) -> int:
        return write(number, data[:10])

    def none(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(FileError, match="cannot be written: the disk is full; make room and go on"):
            file.add(Probe(0x2346, FOUND))
        patch.setattr(os, "write", none)
        with pytest.raises(FileError, match="cannot be written: No space left on device"):
            file.add(Probe(0x2347, FOUND))
    file.close()
    with SearchFile(path, HEADER) as again:
        assert (again.through, tuple(again.found)) == (0x2345, FOUND)
