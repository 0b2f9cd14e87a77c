"""The files of a recording: every format read back by python-can itself, whole pieces, parts, a full disk."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import can
import pytest

from deltaq_master.errors import FileError
from deltaq_master.link.bus.logs import read_log
from deltaq_master.link.record.frame_log import FrameLog, suffix_of
from deltaq_master.link.record.parts import check_free, files_of, further_parts, lines_of, log_of, part_of
from deltaq_master.link.record.whole_file import WholeFile
from deltaq_master.protocol.events import Frame

SUFFIXES = (".asc", ".blf", ".log", ".trc")
EPOCH = 1_700_000_000.0
FRAMES = (
    Frame(0x70A, bytes.fromhex("05"), 0.0),
    Frame(0x20A, bytes.fromhex("00 4C 00 00 52 A0 00 01"), 0.125, sent=True),
    Frame(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"), 0.25),
    Frame(0x18FEF100, bytes.fromhex("FF FF"), 0.5, extended=True),
    Frame(0x000, bytes.fromhex("01 0A"), 1.0, sent=True),
)
REMOTE = Frame(0x70A, b"", 1.5, remote=True, length=1)
ERROR = Frame(0x004, bytes(8), 1.6, error=True)
FD = Frame(0x123, bytes(12), 1.7, fd=True)


def told(message: can.Message) -> tuple[int, bytes, bool, bool]:
    return message.arbitration_id, bytes(message.data), message.is_extended_id, not message.is_rx


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_python_can_reads_back_what_was_written(tmp_path: Path, suffix: str) -> None:
    log = FrameLog(tmp_path / f"ride{suffix}")
    for frame in FRAMES:
        log.write(frame, EPOCH + frame.time)
    log.close()
    with can.LogReader(tmp_path / f"ride{suffix}") as reader:
        messages = list(reader)
    assert [told(each) for each in messages] == [
        (frame.cob_id, frame.data, frame.extended, frame.sent) for frame in FRAMES
    ]
    times = [each.timestamp - messages[0].timestamp for each in messages]
    assert times == pytest.approx([frame.time for frame in FRAMES], abs=1e-5)
    assert [frame[:2] for frame in read_log(tmp_path / f"ride{suffix}")] == [frame[:2] for frame in FRAMES]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_it_can_be_read_before_it_is_closed(tmp_path: Path, suffix: str) -> None:
    log = FrameLog(tmp_path / f"ride{suffix}")
    for count, frame in enumerate(FRAMES, 1):
        log.write(frame, EPOCH + frame.time)
        log.commit(sync=count == 2)
        with can.LogReader(tmp_path / f"ride{suffix}") as reader:
            assert len(list(reader)) == count
    # What waits is on its way, and not lost by a reader that came too early.
    log.write(FRAMES[0], EPOCH + 2)
    assert len(list(read_log(tmp_path / f"ride{suffix}"))) == len(FRAMES)
    log.close()
    assert len(list(read_log(tmp_path / f"ride{suffix}"))) == len(FRAMES) + 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_odd_frames_do_no_harm(tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture) -> None:
    log = FrameLog(tmp_path / f"ride{suffix}")
    for frame in (FRAMES[0], REMOTE, ERROR, FD, FRAMES[4]):
        log.write(frame, EPOCH + frame.time)
    log.close()
    found = list(read_log(tmp_path / f"ride{suffix}"))
    assert (found[0].data, found[-1].data) == (FRAMES[0].data, FRAMES[4].data)
    assert len(found) == (2 if suffix == ".trc" else 5)
    assert not caplog.records


def test_the_header_of_a_blf_counts_what_is_there(tmp_path: Path) -> None:
    log = FrameLog(tmp_path / "ride.blf")
    for frame in FRAMES:
        log.write(frame, EPOCH + frame.time)
    log.commit()
    data = (tmp_path / "ride.blf").read_bytes()
    # BLF: file size at byte 16, number of objects at byte 32.
    assert int.from_bytes(data[16:24], "little") == len(data)
    assert int.from_bytes(data[32:36], "little") == len(FRAMES)
    log.close()


def test_no_log_tells_where_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = FrameLog(Path("ride.trc"))
    log.write(FRAMES[0], EPOCH)
    log.close()
    assert str(tmp_path) not in (tmp_path / "ride.trc").read_text()


@pytest.mark.parametrize("name", ["ride.csv", "ride", "ride.asc.gz"])
def test_an_unknown_suffix_lists_the_known_ones(name: str) -> None:
    with pytest.raises(FileError, match=r"\.asc \(Vector ASC\), \.blf .*, \.log \(candump\), \.trc"):
        suffix_of(Path(name))
    assert suffix_of(Path("RIDE.ASC")) == ".asc"


# --- whole pieces -----------------------------------------------------------------------------------------


def test_nothing_reaches_the_disk_before_its_piece_is_whole(tmp_path: Path) -> None:
    file = WholeFile(tmp_path / "a")
    file.write(b"one ")
    file.write(b"piece\n")
    assert (tmp_path / "a").read_bytes() == b""
    assert (file.pending, file.size, file.writable()) == (10, 0, True)
    file.commit()
    assert (tmp_path / "a").read_bytes() == b"one piece\n"
    assert (file.pending, file.size) == (0, 10)
    file.write(b"more\n")
    file.rewrite_beginning(b"ONE")
    file.close()
    file.close()
    assert (tmp_path / "a").read_bytes() == b"ONE piece\nmore\n"


def test_a_disk_that_fills_up_leaves_whole_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = WholeFile(tmp_path / "a")
    file.write(b"whole\n")
    file.commit()
    real, room = os.write, [4]

    def full(to: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = real(to, data[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", full)
    file.write(b"cut short\n")
    with pytest.raises(OSError, match="No space left"):
        file.commit()
    assert (tmp_path / "a").read_bytes() == b"whole\n"
    # It is not tried again, so that closing does not fail for the same reason.
    file.close()
    assert (tmp_path / "a").read_bytes() == b"whole\n"


def test_an_existing_file_is_left_alone_unless_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"dear to somebody")
    with pytest.raises(FileError, match="exists already; give another name, or --record-overwrite"):
        WholeFile(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"dear to somebody"
    WholeFile(tmp_path / "a", overwrite=True).close()
    assert (tmp_path / "a").read_bytes() == b""


def test_a_place_without_rights_or_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileError, match="cannot be written: No such file or directory; record to a place"):
        WholeFile(tmp_path / "nowhere" / "a")
    with pytest.raises(FileError, match="cannot be written: Not a directory"):
        WholeFile(Path(__file__) / "a")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(
        FileError, match="cannot be written: Permission denied; record to a place where you may write"
    ):
        WholeFile(tmp_path / "a")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_device_that_is_always_full(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"ride{suffix}").symlink_to("/dev/full")
    log = FrameLog(tmp_path / f"ride{suffix}", overwrite=True)
    log.write(FRAMES[0], EPOCH)
    with pytest.raises(OSError, match="No space left"):
        log.commit(sync=True)
    try:
        log.close()
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017  an end that has nothing to write does not raise


def test_files_are_for_others_to_read_as_far_as_the_umask_says(tmp_path: Path) -> None:
    WholeFile(tmp_path / "a").close()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) & 0o600 == 0o600


# --- names of parts ---------------------------------------------------------------------------------------


def test_parts_are_numbered_and_found_again(tmp_path: Path) -> None:
    log = tmp_path / "ri*de.asc"
    assert lines_of(log).name == "ri*de.asc.jsonl"
    assert log_of(lines_of(log)) == log
    assert [part_of(log, number).name for number in (1, 2, 1000)] == [
        "ri*de.asc",
        "ri*de.002.asc",
        "ri*de.1000.asc",
    ]
    for name in ("ri*de.002.asc", "ri*de.010.asc", "ri*de.2.asc", "riXde.003.asc", "ri*de.004.log"):
        (tmp_path / name).touch()
    assert list(further_parts(log)) == [2, 10]
    assert [path.name for path in files_of(log)] == ["ri*de.002.asc", "ri*de.010.asc"]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("which", [lambda log: log, lines_of], ids=["log", "lines"])
def test_a_name_is_taken_by_any_file_of_a_recording(
    tmp_path: Path, number: int, which: Callable[[Path], Path]
) -> None:
    log = tmp_path / "ride.asc"
    check_free(log)
    part_of(log, 2).touch()
    which(part_of(log, number)).touch()
    with pytest.raises(FileError, match="exists already"):
        check_free(log)
