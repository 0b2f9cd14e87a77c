"""Logs of every kind as frames, and broken ones as sentences with the line."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from pathlib import Path

import can
import pytest

from deltaq_master.errors import FileError
from deltaq_master.link.bus.logs import read_log
from deltaq_master.protocol.events import Frame

CAPTURE = Path(__file__).parents[1] / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"

TPDO1 = Frame(0x18A, bytes.fromhex("7C13464E70000000"), 100.5)
OURS = Frame(0x701, b"\x05", 100.75, sent=True)
EXTENDED = Frame(0x18FF50E5, b"\x01\x02", 101.0, extended=True)
REMOTE = Frame(0x70A, b"", 101.25, remote=True, length=1)

CANDUMP = """\
(100.500000) can0 18A#7C13464E70000000 R

(100.750000) can0 701#05 T
(101.000000) can0 18FF50E5#0102
(101.250000) can0 70A#R1
"""

TRC_2_1 = """\
;$FILEVERSION=2.1
;$STARTTIME=25569.0
;$COLUMNS=N,O,T,B,I,d,R,L,D
;   comment
      1    100500.000 DT 1      018A Rx -  8    7C 13 46 4E 70 00 00 00
      2    100750.000 DT 1      0701 Tx -  1    05
      3    101000.000 DT 1  18FF50E5 Rx -  2    01 02
      4    101250.000 RR 1      070A Rx -  1
"""

TRC_1_1 = """\
;$FILEVERSION=1.1
;$STARTTIME=25569.0
     1)    100500.0  Rx         018A  8  7C 13 46 4E 70 00 00 00
     2)    100750.0  Tx         0701  1  05
     3)    101000.0  Rx     18FF50E5  2  01 02
     4)    101250.0  Rx         070A  1  RTR
"""

# The same in the form of the capture: an ASC body in a TRC file.
TRC_BLOCK = """\
; Version = 1.1
; Columns = TimeOffset Channel ID Dir DLC Data
Begin Triggerblock
 100.500000 can1 18A Rx d 8  7C 13 46 4E 70 00 00 00
 100.750000 can1 701 Tx d 1  05
 101.000000 can1 18FF50E5x Rx d 2  01 02
 101.250000 can1 70A Rx r 1
End Triggerblock
"""

ASC = """\
date Fri Sep 5 00:31:51.000 2025
base hex  timestamps absolute
internal events logged
Begin Triggerblock Fri Sep 5 00:31:51.000 2025
   0.000000 Start of measurement
 100.500000 1  18A             Rx   d 8 7C 13 46 4E 70 00 00 00
 100.750000 1  701             Tx   d 1 05
 101.000000 1  18FF50E5x       Rx   d 2 01 02
 101.250000 1  70A             Rx   r 1
End TriggerBlock
"""

CSV = """\
timestamp,arbitration_id,extended,remote,error,dlc,data
100.5,0x18a,0,0,0,8,fBNGTnAAAAA=
100.75,0x701,0,0,0,1,BQ==
101.0,0x18ff50e5,1,0,0,2,AQI=
101.25,0x70a,0,1,0,1,
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_capture() -> None:
    """38 s of a real charger, in the form that python-can cannot read; figures counted in the file by hand."""
    frames = list(read_log(CAPTURE))
    assert len(frames) == 848
    assert frames[0] == Frame(0x70A, b"\x7f", 0.207551)
    assert frames[7] == Frame(0x08A, bytes(8), 5.809869)
    assert frames[8] == Frame(0x000, b"\x01\x0a", 5.814536)
    assert frames[-2] == Frame(0x20A, bytes.fromhex("004C010052A00001"), 38.316439)
    assert frames[-1] == Frame(0x30A, bytes.fromhex("0000000A00523002"), 38.316917)
    assert {frame.cob_id for frame in frames} == {
        0x000, 0x08A, 0x18A, 0x20A, 0x28A, 0x30A, 0x38A, 0x701, 0x70A
    }  # fmt: skip
    assert all(frame.plain and not frame.sent for frame in frames)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.log", CANDUMP),
        ("a.trc", TRC_2_1),
        ("b.trc", TRC_1_1),
        ("c.trc", TRC_BLOCK),
        ("a.asc", ASC),
        ("A.ASC", ASC),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_text_formats(tmp_path: Path, name: str, text: str, packed: bool) -> None:
    path = written(tmp_path, name, text)
    if packed:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as file:
            shutil.copyfileobj(plain, file)
        path = Path(f"{path}.gz")
    frames = list(read_log(str(path)))
    assert [frame._replace(time=round(frame.time, 6)) for frame in frames] == [TPDO1, OURS, EXTENDED, REMOTE]


def test_csv_knows_no_direction(tmp_path: Path) -> None:
    frames = list(read_log(written(tmp_path, "a.csv", CSV)))
    assert frames == [TPDO1, OURS._replace(sent=False), EXTENDED, REMOTE]


@pytest.mark.parametrize("suffix", ["blf", "db"])
def test_binary_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with can.Logger(path) as writer:
        for time, cob_id, data, extended in (
            (1700000100.5, 0x18A, TPDO1.data, False),
            (1700000101.0, 0x18FF50E5, b"\x01\x02", True),
        ):
            writer(can.Message(time, cob_id, extended, data=data))
    frames = list(read_log(path))
    assert [(frame.cob_id, frame.data, frame.extended) for frame in frames] == [
        (0x18A, TPDO1.data, False),
        (0x18FF50E5, b"\x01\x02", True),
    ]
    assert frames[0].time == pytest.approx(1700000100.5)


def test_error_frames_of_every_class(tmp_path: Path) -> None:
    """python-can takes those without the bus-error bit for 29-bit data frames."""
    text = "(1.0) can0 20000004#000C000000000000\n(2.0) can0 20000080#0000000000000000\n"
    first, second = read_log(written(tmp_path, "a.log", text))
    assert first == Frame(0x004, bytes.fromhex("000C000000000000"), 1.0, error=True)
    assert second.error
    assert not first.plain
    assert not second.plain


def test_empty_logs(tmp_path: Path) -> None:
    for name, text in (
        ("a.log", ""),
        ("a.trc", ""),
        ("b.trc", "; a comment\n"),
        ("a.asc", ""),
        ("a.csv", ""),
    ):
        assert list(read_log(written(tmp_path, name, text))) == []


# --- what is wrong ----------------------------------------------------------------------------------------


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nosuch.trc: cannot be opened: No such file or directory$"):
        read_log(tmp_path / "nosuch.trc")
    with pytest.raises(FileError, match="Is a directory"):
        read_log(tmp_path)
    with pytest.raises(FileError, match="No such file"):
        read_log(tmp_path / "nosuch.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.pcap", "a", "a.gz", "a.db.gz", "a.pcap.gz"])
def test_unknown_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError) as caught:
        read_log(written(tmp_path, name, ""))
    assert str(caught.value) == (
        f"{tmp_path / name}: not a known kind of log;"
        " known suffixes are .asc, .blf, .csv, .db, .log, .mf4, .trc, some with .gz"
    )


@pytest.mark.parametrize(
    ("name", "text", "line", "told"),
    [
        ("a.log", CANDUMP + "nonsense\n", 6, "not enough values"),
        ("a.log", CANDUMP + "(1.0) can0 18A#7C1\n", 6, "2 of 1 data bytes"),
        ("a.log", CANDUMP + "(1.0) can0 18A#ZZ\n", 6, "invalid literal"),
        ("a.trc", TRC_2_1 + "      5    1.0 DT 1      018A Rx -  8    7C 13\n", 9, "2 of 8 data bytes"),
        ("a.trc", TRC_2_1 + "      5    1.0 DT 1\n", 9, "the line is cut short"),
        ("a.trc", TRC_1_1 + "     5)   1.0  Rx         018A  8  7C 13\n", 7, "the line is cut short"),
        ("a.trc", TRC_BLOCK + " 1.0 can1 18A Rx d 8  7C 13\n", 9, "2 of 8 data bytes"),
        ("a.trc", TRC_BLOCK + " 1.0 can1 18A\n", 9, "not enough values"),
        ("a.trc", "no log at all\n", 1, ""),
        ("a.asc", ASC + " 1.0 1  18A             Rx   d 8 7C 13\n", 11, "2 of 8 data bytes"),
        ("a.csv", CSV + "100.5,0x18a\n", 6, "not enough values"),
    ],
)
def test_broken_lines(tmp_path: Path, name: str, text: str, line: int, told: str) -> None:
    """The frames before it are given out; a line that is silently left out would make another log of it."""
    path = written(tmp_path, name, text)
    frames: list[Frame] = []
    with pytest.raises(FileError) as caught:
        frames.extend(read_log(path))
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}: cannot be read on from here: ")
    assert told in str(caught.value)
    assert len(frames) == (0 if line == 1 else 4)


# python-can leaves a BLF file whose head it cannot read to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broken_binary_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a\.blf: cannot be read: "):
        read_log(written(tmp_path, "a.blf", "no log"))
    with pytest.raises(FileError, match=r"a\.db: cannot be read on from here: file is not a database"):
        list(read_log(written(tmp_path, "a.db", "no database, but long enough to be one" * 30)))
    with pytest.raises(FileError, match=r"a\.log\.gz.*: cannot be read on from here: Not a gzipped file"):
        list(read_log(written(tmp_path, "a.log.gz", "not packed")))
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(FileError, match="no such table"):
        list(read_log(tmp_path / "empty.db"))


def test_a_format_that_needs_another_package(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a\.mf4: cannot be read: .*asammdf"):
        read_log(written(tmp_path, "a.mf4", ""))
