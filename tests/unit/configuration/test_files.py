"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deltaq_master.configuration.files import write_whole
from deltaq_master.errors import FileError, UsageError


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.dcf"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o600 == 0o600
    with pytest.raises(UsageError, match=r"a\.dcf exists; take another name, or add --overwrite"):
        write_whole(path, b"three", overwrite=False)
    assert path.read_bytes() == b"two"


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dcf"
    write_whole(path, b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if name == "fsync" else Path, name, full)
        with pytest.raises(FileError, match=r"a\.dcf: cannot be written: No space left on device; free some"):
            write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written: No such file or directory"):
        write_whole(tmp_path / "missing" / "a.dcf", b"one")
