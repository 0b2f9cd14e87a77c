"""The journal on disk: whole before the first write, readable when its last line is torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.journal import DiskJournal, Head, JournalError, journal_path, read_journal
from deltaq_master.configuration.sidecar import Origin
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Step
from deltaq_master.errors import FileError, RefusedError

HEAD = Head(
    node=10,
    bus="can0",
    identity=Identity(vendor=0x110, serial=7, name="ICL"),
    eds=Origin("a.eds", "00"),
    begun="2026-01-02T03:04:05+00:00",
    job="apply of a.dcf",
)
BEFORE = {Address(0x1017): b"\xe8\x03", Address(0x2100, 3): b""}
WANTED = {Address(0x1017): b"\xf4\x01"}
STEP = Step(Address(0x1017), b"\xf4\x01", "")


def begun(path: Path) -> DiskJournal:
    journal = DiskJournal(path, HEAD)
    journal.check()
    journal.begin(BEFORE, WANTED, {0x1600})
    return journal


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.journal"
    journal = begun(path)
    assert read_journal(path).writes == 0
    journal.writing(STEP, 0)
    found = read_journal(path)
    assert (found.head, found.before, found.wanted) == (HEAD, BEFORE, WANTED)
    assert found.fixed == frozenset({0x1600})
    assert found.writes == 1
    assert path.read_text().splitlines()[1] == '{"write": 0, "object": "1017h:00", "data": "F4 01"}'
    journal.end()
    assert not path.exists()


def test_every_torn_end_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    begun(path).writing(STEP, 0)
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for length in range(len(data)):
        path.write_bytes(data[:length])
        found = read_journal(path)
        if length < first:
            assert found.head is None, "no write was made before its first line was whole"
        else:
            assert found.head == HEAD
            assert found.writes == (length > first)
    # What a file system may leave of a file that never reached the disk.
    path.write_bytes(bytes(100))
    assert read_journal(path).head is None


def test_an_unfinished_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    begun(path).writing(STEP, 0)
    again = DiskJournal(path, HEAD)
    for attempt in (again.check, lambda: again.begin(BEFORE, WANTED, ())):
        with pytest.raises(RefusedError) as caught:
            attempt()
        assert "the apply of a.dcf begun 2026-01-02T03:04:05+00:00 was cut off after 1 writes" in str(
            caught.value
        )
        assert str(caught.value).endswith("run: deltaq config recover")
    assert read_journal(path).writes == 1
    # One that was cut off before it began to write keeps nobody back.
    path.write_bytes(path.read_bytes()[:30])
    again.check()
    assert not path.exists()


@pytest.mark.parametrize("text", ["no journal\n", "{}\n", '{"schema": "deltaq.journal/2"}\n', "[DeviceInfo]"])
def test_another_file_in_its_place(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_text(text)
    with pytest.raises(FileError, match="is no journal of a change"):
        DiskJournal(path, HEAD).check()
    assert path.read_text() == text


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = DiskJournal(tmp_path / "file" / "a.journal", HEAD)
    with pytest.raises(JournalError, match="free some room, or name another place with --journal"):
        journal.begin(BEFORE, WANTED, ())


def test_one_journal_for_each_device_and_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    identity = Identity(vendor=0x110, product=2, serial=3)
    name = journal_path("slcan-/dev/ttyACM0", 10, identity).name
    assert name == "slcan_dev_ttyACM0-node10-00000110-00000002-00000003.journal"
    others = {journal_path("can0", 10, identity), journal_path("can0", 11, identity)}
    assert len(others | {journal_path("can0", 10, Identity())}) == 3
