"""A recording under way, and read back: it never holds anybody up, and says what it lost."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from deltaq_master.errors import FileError
from deltaq_master.link.bus.network import Network
from deltaq_master.link.pump.pump import Pump
from deltaq_master.link.record import recorder as recorder_module
from deltaq_master.link.record.parts import Rotation, lines_of
from deltaq_master.link.record.reading import Evidence, Recording, is_recording
from deltaq_master.link.record.recorder import Recorder
from deltaq_master.protocol.events import Effect, Frame, Send, Tick
from deltaq_master.protocol.recorded_values import plain_of
from tests.wire.conftest import PATIENCE, ScriptedBus

HEARTBEAT = Frame(0x70A, b"\x05", 100.0)
SUFFIXES = (".asc", ".blf", ".log", ".trc")


class Echo:
    """A machine that sends what it hears, and breaks at AAh."""

    node_id = 10
    cob_ids = frozenset({0x123})
    deadline = float("inf")

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        if isinstance(event, Frame):
            if event.data == b"\xaa":
                raise ValueError("AAh")
            yield Send(0x321, event.data)


class EchoRecord:
    """Its steps in words; every one with a 55h must be on the disk at once."""

    def begin(self) -> dict[str, Any]:
        return {"type": "echo"}

    def step(self, event: object, now: float, effects: Iterable[Effect]) -> tuple[dict[str, Any], bool]:
        told = {"event": plain_of(event), "now": now, "effects": plain_of(tuple(effects))}
        return told, isinstance(event, Frame) and event.data == b"\x55"


def frames(count: int, first: float = 100.0) -> list[Frame]:
    return [
        Frame(0x180 + number % 4, number.to_bytes(8, "little"), first + number / 1000)
        for number in range(count)
    ]


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def until(what: Any) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def seen(log: Path) -> int:
    """Frames that somebody who reads it now would find."""
    if not lines_of(log).read_bytes():
        return 0
    return len(list(Recording(log).frames()))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "FLUSH", 0.01)


def record_all(log: Path, stored: Iterable[Frame], **options: Any) -> Recorder:
    with Recorder(log, {"words": ["scan"]}, **options) as recorder:
        for frame in stored:
            recorder.frame(frame)
    return recorder


# --- written and read back --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_come_back_on_the_clock_of_the_machines(tmp_path: Path, suffix: str) -> None:
    stored = [
        Frame(0x004, bytes(8), 99.9, error=True),
        *frames(10),
        Frame(0x70A, b"", 100.0101, remote=True, length=1),
        Frame(0x004, bytes(8), 100.0102, error=True),
        Frame(0x123, bytes(12), 100.0103, fd=True),
        Frame(0x18FEF100, b"\xff", 100.0104, extended=True, sent=True),
        *frames(10, 100.1),
    ]
    recorder = record_all(tmp_path / f"ride{suffix}", stored)
    assert (recorder.frames, recorder.problem, recorder.backlog) == (25, "", 0)
    recording = Recording(tmp_path / f"ride{suffix}")
    back = list(recording.frames())
    assert len(back) == len(stored)

    def which(frame: Frame) -> tuple[float, int, bytes]:
        return round(frame.time, 1), frame.cob_id, frame.data

    for found, expected in zip(sorted(back, key=which), sorted(stored, key=which), strict=True):
        assert found._replace(time=expected.time) == expected
        assert abs(found.time - expected.time) <= recording.rounding


def test_the_lines_say_what_is_needed_to_run_it_again(tmp_path: Path) -> None:
    with Recorder(tmp_path / "ride.asc", {"words": ["scan"]}) as recorder:
        recorder.frame(HEARTBEAT)
        recorder.report("info", {"node": 10})
    header, log, report, end = written(tmp_path / "ride.asc.jsonl")
    assert (header["kind"], header["schema"], header["part"]) == ("header", "deltaq.record/1", 1)
    assert (header["log"], header["words"]) == ("ride.asc", ["scan"])
    assert abs(header["clock_offset"] + header["begun"] - time.time()) < 60
    assert log == {"kind": "log", "first": 100.0}
    assert (report["name"], report["value"]) == ("info", {"node": 10})
    assert end == {"kind": "end", "frames": 1, "dropped_frames": 0, "dropped_steps": 0}
    # Keys are sorted, and nothing is spaced: one value, one text.
    first = (tmp_path / "ride.asc.jsonl").read_text().splitlines()[-1]
    assert first == '{"dropped_frames":0,"dropped_steps":0,"frames":1,"kind":"end"}'


def test_a_machine_in_a_pump_is_recorded_step_by_step(tmp_path: Path) -> None:
    sent: list[tuple[int, bytes]] = []
    machine, other = Echo(), Echo()
    with Recorder(
        tmp_path / "ride.log", {}, record_of=lambda each: EchoRecord() if each is machine else None
    ) as recorder:
        pump = Pump(lambda *frame: sent.append(frame), lambda *_: None, clock=None, recorded=recorder.machine)
        pump.add(machine, lambda _: None)
        pump.add(other, lambda _: None)
        pump.step(1.0, [Frame(0x123, b"\x01", 0.9)])
        pump.post(machine, Tick())
        pump.step(1.1)
        pump.step(1.2, [Frame(0x123, b"\xaa", 1.1)])
    assert sent == [(0x321, b"\x01"), (0x321, b"\x01")]
    _, begin, first, tick, last, _ = written(tmp_path / "ride.log.jsonl")
    assert begin == {"kind": "machine", "machine": 1, "type": "echo"}
    assert first == {
        "kind": "step",
        "machine": 1,
        "now": 1.0,
        "event": {"is": "Frame", "cob_id": 0x123, "data": {"hex": "01"}, "time": 0.9},
        "effects": [{"is": "Send", "cob_id": 0x321, "data": {"hex": "01"}}],
    }
    assert (tick["event"], tick["now"], tick["effects"]) == ({"is": "Tick"}, 1.1, [])
    assert (last["effects"], last["broke"]) == ([], "ValueError: AAh")


def test_what_the_gate_shows_is_recorded(tmp_path: Path, bus: ScriptedBus, network: Network) -> None:
    with Recorder(tmp_path / "ride.log", {}) as recorder:
        network.gate.subscribe_frames(recorder.frame)
        bus.hear(0x70A, "05")
        bus.settle()
        network.send_frame(0x000, b"\x01\x0a")
    assert [(frame.cob_id, frame.sent) for frame in Recording(tmp_path / "ride.log").frames()] == [
        (0x70A, False),
        (0x000, True),
    ]


# --- nothing is lost by a crash, and nobody waits ---------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("quick")
def test_what_was_stored_is_soon_on_the_disk(tmp_path: Path, suffix: str) -> None:
    log = tmp_path / f"ride{suffix}"
    recorder = Recorder(log, {})
    for frame in frames(50):
        recorder.frame(frame)
    until(lambda: seen(log) == 50)
    recording = Recording(log)
    assert [line.told["kind"] for line in recording.lines()] == ["header", "log"]
    assert not recording.ended
    recorder.close()
    assert [line.told["kind"] for line in recording.lines()][-1] == "end"
    assert recording.ended


def test_an_important_step_does_not_wait_for_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "FLUSH", 3600.0)
    with Recorder(tmp_path / "ride.log", {}, record_of=lambda _: EchoRecord()) as recorder:
        handle = recorder.machine(Echo())
        assert tuple(handle(Frame(0x123, b"\x55", 1.0), 1.0)) == (Send(0x321, b"\x55"),)
        until(lambda: '{"hex":"55"}' in (tmp_path / "ride.log.jsonl").read_text())


def test_a_slow_disk_holds_up_nobody_and_what_is_dropped_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MOST_FRAMES", 10)
    monkeypatch.setattr(recorder_module, "MOST_STEPS", 15)
    slow = threading.Event()
    warned: list[str] = []
    record = EchoRecord()
    original = record.begin

    def begin() -> dict[str, Any]:
        assert slow.wait(PATIENCE)
        return original()

    monkeypatch.setattr(record, "begin", begin)
    with Recorder(tmp_path / "ride.asc", {}, record_of=lambda _: record, warn=warned.append) as recorder:
        handle = recorder.machine(Echo())
        until(lambda: recorder.backlog == 0)
        for frame in frames(100):
            recorder.frame(frame)
        for number in range(20):
            assert tuple(handle(Frame(0x123, bytes((number,)), 1.0), 1.0))
        assert recorder.backlog <= 15
        slow.set()
    assert (recorder.frames, recorder.dropped_frames, recorder.dropped_steps) == (10, 90, 15)
    lines = written(tmp_path / "ride.asc.jsonl")
    (dropped,) = [line for line in lines if line["kind"] == "dropped"]
    assert (dropped["frames"], dropped["steps"]) == (90, 15)
    assert lines[-1]["dropped_frames"] == 90
    assert warned == ["ride.asc: more comes than can be written; some of it is not recorded"]


@pytest.mark.usefixtures("quick")
def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    real, full = os.write, threading.Event()

    def write(to: int, data: bytes) -> int:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(to, data)

    monkeypatch.setattr(os, "write", write)
    recorder = Recorder(tmp_path / "ride.log", {}, record_of=lambda _: EchoRecord(), warn=warned.append)
    handle = recorder.machine(Echo())
    for frame in frames(10):
        recorder.frame(frame)
    until(lambda: seen(tmp_path / "ride.log") == 10)
    full.set()
    recorder.frame(HEARTBEAT)
    until(lambda: recorder.problem)
    # The machine works on, and nothing piles up.
    for frame in frames(1000):
        recorder.frame(frame)
        assert tuple(handle(frame._replace(data=b"\x01"), 1.0)) == (Send(0x321, b"\x01"),)
    recorder.report("summary", {})
    assert recorder.backlog == 0
    recorder.close()
    assert warned == [
        "recording to ride.log has stopped: No space left on device; what was written before is kept, and nothing "
        "else is affected"
    ]
    assert len(list(Recording(tmp_path / "ride.log").frames())) == 10


def test_a_device_that_is_full_from_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "ride.log").symlink_to("/dev/full")
    warned: list[str] = []
    recorder = record_all(tmp_path / "ride.log", frames(5), overwrite=True, warn=warned.append)
    assert recorder.problem == "No space left on device"
    assert len(warned) == 1


def test_a_record_that_breaks_ends_the_recording_alone(tmp_path: Path) -> None:
    class Broken(EchoRecord):
        def step(self, event: object, now: float, effects: Iterable[Effect]) -> tuple[dict[str, Any], bool]:
            return {"event": event, "now": now}, False  # an event that is no JSON

    with Recorder(tmp_path / "ride.log", {}, record_of=lambda _: Broken()) as recorder:
        handle = recorder.machine(Echo())
        assert tuple(handle(Frame(0x123, b"\x01", 1.0), 1.0)) == (Send(0x321, b"\x01"),)
        tuple(handle(Tick(), 1.0))
    assert "not JSON serializable" in recorder.problem


def test_a_disk_that_hangs_does_not_keep_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "CLOSING", 0.05)
    hang = threading.Event()
    record = EchoRecord()
    monkeypatch.setattr(record, "begin", lambda: hang.wait(PATIENCE) and {})
    recorder = Recorder(tmp_path / "ride.log", {}, record_of=lambda _: record)
    recorder.machine(Echo())
    recorder.close()
    assert recorder.problem == "the disk did not take it within 0.05 s"
    hang.set()


def test_after_the_end_nothing_is_kept(tmp_path: Path) -> None:
    recorder = record_all(tmp_path / "ride.log", frames(1))
    recorder.frame(HEARTBEAT)
    recorder.report("late", {})
    recorder.close()
    assert recorder.frames == 1


# --- parts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("quick")
def test_a_recording_in_parts_is_one(tmp_path: Path, suffix: str) -> None:
    log = tmp_path / f"ride{suffix}"
    stored = frames(300)
    with Recorder(log, {}, rotation=Rotation(size=2000), record_of=lambda _: EchoRecord()) as recorder:
        handle = recorder.machine(Echo())
        for number, frame in enumerate(stored):
            recorder.frame(frame)
            tuple(handle(frame, frame.time))
            if number % 50 == 0:
                until(lambda: recorder.backlog == 0)
                time.sleep(0.02)
    parts = sorted(path.name for path in tmp_path.glob(f"*{suffix}"))
    assert f"ride.002{suffix}" in parts
    recording = Recording(log)
    assert [frame[:2] for frame in recording.frames()] == [frame[:2] for frame in stored]
    kinds = [line.told["kind"] for line in recording.lines()]
    assert kinds.count("step") == 300
    assert kinds.count("header") == len(parts)
    assert kinds.count("continued") == len(parts) - 1
    assert recording.ended
    # A later part is no beginning, but says what it is about.
    second = Recording(tmp_path / f"ride.002{suffix}")
    assert (second.whole, second.header["part"]) == (False, 2)
    assert next(line.told for line in second.lines() if line.told["kind"] == "machine")["again"] is True
    # Without the one in the middle it is not whole.
    if len(parts) > 2:
        (tmp_path / f"ride.002{suffix}").unlink()
        (tmp_path / f"ride.002{suffix}.jsonl").unlink()
        with pytest.raises(FileError, match="part 2 is missing"):
            list(recording.lines())


@pytest.mark.usefixtures("quick")
def test_old_parts_go_when_there_are_too_many(tmp_path: Path) -> None:
    log = tmp_path / "ride.log"
    with Recorder(log, {}, rotation=Rotation(time=0.02, keep=2)) as recorder:
        for frame in frames(8):
            recorder.frame(frame)
            time.sleep(0.03)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 4
    assert "ride.log" not in left
    # What is left is read from its first part on.
    first = Recording(tmp_path / left[0])
    assert not first.whole
    assert [line.told["kind"] for line in first.lines()][-1] == "end"
    with pytest.raises(FileError, match=r"ride\.log\.jsonl: cannot be read: No such file"):
        Recording(log)


def test_overwriting_leaves_no_part_of_the_old_one(tmp_path: Path) -> None:
    for name in ("ride.002.log", "ride.002.log.jsonl", "ride.log", "ride.log.jsonl"):
        (tmp_path / name).write_text("old")
    with pytest.raises(FileError, match=r"exists already; give another name, or --record-overwrite"):
        Recorder(tmp_path / "ride.log", {})
    record_all(tmp_path / "ride.log", frames(2), overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ride.log", "ride.log.jsonl"]
    assert len(list(Recording(tmp_path / "ride.log").frames())) == 2


def test_one_file_that_cannot_be_made_leaves_the_other_unmade(tmp_path: Path) -> None:
    (tmp_path / "ride.log.jsonl").symlink_to(tmp_path / "nowhere" / "x")
    with pytest.raises(FileError):
        Recorder(tmp_path / "ride.log", {})
    assert not (tmp_path / "ride.log").exists()


# --- broken recordings ------------------------------------------------------------------------------------


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "ride.log"
    record_all(log, frames(3))
    lines = (tmp_path / "ride.log.jsonl").read_bytes()
    (tmp_path / "ride.log.jsonl").write_bytes(lines[:-10])
    with log.open("ab") as file:
        file.write(b"(1700000000.5) can0 18A#0")
    recording = Recording(log)
    assert [line.told["kind"] for line in recording.lines()] == ["header", "log"]
    assert not recording.ended
    assert len(list(recording.frames())) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("{]\n", "jsonl:1: is no JSON"),
        ("7\n", "is no line of a recording"),
        ('{"kind":"step"}\n', "begins with 'step'; a recording that this version reads says deltaq.record/1"),
        ('{"kind":"header","schema":"deltaq.record/9"}\n', "begins with 'deltaq.record/9'"),
        ("°\n", "is no JSON"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "ride.log").touch()
    (tmp_path / "ride.log.jsonl").write_text(text, encoding="utf-8")
    assert is_recording(tmp_path / "ride.log")
    with pytest.raises(FileError, match=words):
        Recording(tmp_path / "ride.log.jsonl")


def test_a_log_that_is_altered_so_that_it_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "ride.log"
    record_all(log, frames(3))
    log.write_text(log.read_text().replace("can0", "can0 x", 1))
    with pytest.raises(FileError, match="cannot be read on from here"):
        list(Recording(log).frames())


def test_a_broken_frame_line_is_named(tmp_path: Path) -> None:
    log = tmp_path / "ride.trc"
    record_all(log, [HEARTBEAT, Frame(0x004, bytes(8), 100.1, error=True)])
    lines = tmp_path / "ride.trc.jsonl"
    lines.write_text(lines.read_text().replace('"cob_id"', '"cob"'))
    with pytest.raises(FileError, match=r"jsonl:3: is no frame: 'cob_id'"):
        list(Recording(log).frames())


def test_a_part_that_is_promised_and_missing_is_named(tmp_path: Path) -> None:
    log = tmp_path / "ride.log"
    record_all(log, frames(1))
    with (tmp_path / "ride.log.jsonl").open("a") as file:
        file.write('{"kind":"continued","log":"ride.002.log"}\n')
    with pytest.raises(FileError, match=r"ride\.002\.log: is missing: the recording goes on in it"):
        list(Recording(log).lines())


# --- evidence ---------------------------------------------------------------------------------------------


def test_evidence_is_a_frame_at_its_time() -> None:
    stored = frames(10)
    evidence = Evidence([*stored, stored[3]._replace(time=100.5, sent=True)], 2e-6)
    assert not evidence.over
    assert evidence.shows(stored[2]._replace(time=stored[2].time + 1e-6))
    assert evidence.shows(stored[2])  # for another machine
    assert not evidence.shows(stored[3]._replace(data=b"\x01"))
    assert not evidence.shows(stored[4]._replace(time=stored[4].time + 1e-4))
    assert evidence.shows(stored[9])
    assert not evidence.shows(stored[3]._replace(time=100.5))
    assert evidence.over
