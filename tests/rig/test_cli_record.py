"""`--record` and `deltaq replay` through their doors: what was decided is decided again, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.charger import events
from deltaq_master.charger.battery import BatteryReading
from deltaq_master.cli import main
from deltaq_master.link.record.parts import Rotation
from tests.rig.recorded_rig import RecordedRig, recorder
from tests.rig.virtual import plan

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "tests" / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"
CHARGE = (
    "charge",
    "--voltage",
    "84",
    "--current",
    "10",
    "--max-voltage",
    "84.2",
    "--max-current",
    "12",
    "--for",
    "12h",
)
QUICK = ("-i", "sim", "--sim", "speed=1000", "--sim", "soc=99", "--sim", "start-delay=0")
SUFFIXES = (".asc", ".blf", ".log", ".trc")
PATIENCE = 30.0

Text = pytest.CaptureFixture[str]


def lines_of(log: Path) -> Path:
    return log.with_name(log.name + ".jsonl")


def written(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(log).read_text().splitlines()]


def rewrite(log: Path, change: Callable[[str], str]) -> None:
    """Alter the first line that `change` alters."""
    texts = lines_of(log).read_text().splitlines()
    for place, text in enumerate(texts):
        if (altered := change(text)) != text:
            texts[place] = altered
            break
    else:
        raise AssertionError("nothing to alter")
    lines_of(log).write_text("\n".join(texts) + "\n")


def copied(log: Path, to: Path) -> Path:
    for path in (log, lines_of(log)):
        shutil.copy(path, to / path.name)
    return to / log.name


@pytest.fixture(scope="module")
def ride(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A charge in real time, recorded by the command line."""
    log = tmp_path_factory.mktemp("ride") / "ride.asc"
    # Whether this machine stalls, and the charge ends in a fault, does not matter to its replay.
    main(["--record", str(log), *QUICK, *CHARGE])
    return log


# --- a charge in real time --------------------------------------------------------------------------------


def test_a_recorded_charge_is_the_same_twice(ride: Path, capsys: Text) -> None:
    capsys.readouterr()
    told = []
    for _ in range(2):
        assert main(["replay", str(ride)]) == 0
        told.append(capsys.readouterr())
    assert told[0] == told[1]
    assert told[0].err == ""
    first, last = told[0].out.splitlines()
    steps = sum(line["kind"] == "step" for line in written(ride))
    assert steps > 50
    assert first.startswith(f"a charge of {steps} steps, ")
    assert last == f"the same: {steps} steps"


def test_a_recording_is_named_by_its_lines_too(ride: Path, capsys: Text) -> None:
    assert main(["--json", "replay", str(lines_of(ride))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["same"], told["charges"]) == ("deltaq.replay/1", True, 1)
    assert (told["different"], told["missing_frames"], told["diff"]) == (0, 0, [])


def test_what_is_needed_to_run_it_again_is_in_the_header(ride: Path) -> None:
    header, *_, summary, end = written(ride)
    assert header["words"][:3] == ["--record", str(ride), "-i"]
    assert header["settings"]["sim"] == {"speed": "1000", "soc": "99", "start-delay": "0"}
    assert set(header["versions"]) == {"python", "deltaq-master", "canopen", "python-can"}
    assert header["eds"]["name"] == "ICL1500-85.eds"
    assert len(header["eds"]["sha256"]) == 64
    assert (end["kind"], end["dropped_frames"]) == ("end", 0)
    assert summary["kind"] == "report"


def test_others_read_the_log(ride: Path, capsys: Text) -> None:
    frames = written(ride)[-1]["frames"]
    with can.LogReader(ride) as reader:
        assert len(list(reader)) == frames
    assert main(["monitor", str(ride)]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if "  ! " not in line]) == frames
    assert "  20A  Tx  8  " in out


def test_an_altered_decision_shows_as_a_diff(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)

    def alter(text: str) -> str:
        # Some frame with ready 1, in 6000h as the last byte of RPDO1: as if it had said ready 0.
        step = json.loads(text)
        for effect in step.get("effects", ()):
            if effect.get("is") == "Renew" and effect["data"]["hex"].endswith("01"):
                effect["data"]["hex"] = effect["data"]["hex"][:-2] + "00"
                return json.dumps(step, sort_keys=True, separators=(",", ":"))
        return text

    rewrite(log, alter)
    assert main(["replay", str(log)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[1:3] == ["--- recorded", "+++ replayed"]
    (less,) = [line for line in out[3:] if line.startswith("-")]
    (more,) = [line for line in out[3:] if line.startswith("+")]
    assert less.replace('00"}', '01"}', 1)[1:] == more[1:]
    assert '"is":"Renew"' in more
    # The event and its time stand above it.
    assert any(line.startswith(" ") and " s  {" in line and '"is":"Tick"' in line for line in out)
    assert out[-2].startswith("1 of ")
    assert out[-1] == "different"


def test_a_difference_that_no_value_shows_is_one_too(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)
    rewrite(log, lambda text: text.replace('"kind":"step"', '"kind": "step"'))
    assert main(["replay", str(log)]) == 1
    assert '-{"effects":' in capsys.readouterr().out


def test_an_altered_plan_is_another_charge(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)
    rewrite(log, lambda text: text.replace('"ramp":2.0', '"ramp":1.0'))
    assert main(["replay", str(log)]) == 1
    assert "+" in capsys.readouterr().out


def test_an_altered_frame_in_the_log_is_found(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)
    rows = log.read_text().splitlines(keepends=True)
    place = next(number for number, row in enumerate(rows) if "  18A  " in row and number > len(rows) // 2)
    head, _, tail = rows[place].rpartition(" d 8 ")
    rows[place] = f"{head} d 8 FF{tail[2:]}"
    log.write_text("".join(rows))
    assert main(["replay", str(log)]) == 1
    out = capsys.readouterr().out
    assert "not in the log: " in out
    assert "1 frames that were decided on are not in the log as they were: one was altered" in out


def test_a_missing_step_is_no_quiet_one(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)
    texts = lines_of(log).read_text().splitlines(keepends=True)
    del texts[len(texts) // 2 : len(texts) // 2 + 20]
    lines_of(log).write_text("".join(texts))
    assert main(["replay", str(log)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "different"


def test_other_versions_and_another_eds_are_said(ride: Path, tmp_path: Path, capsys: Text) -> None:
    log = copied(ride, tmp_path)
    rewrite(log, lambda text: text.replace('"canopen":"', '"canopen":"0.'))
    rewrite(log, lambda text: text.replace('"sha256":"', '"sha256":"0'))
    assert main(["replay", str(log)]) == 0
    err = capsys.readouterr().err
    assert "note: recorded with canopen 0." in err
    assert "note: it was recorded with another ICL1500-85.eds than " in err


# --- on a virtual clock -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_virtual_charge_to_complete(tmp_path: Path, suffix: str, capsys: Text) -> None:
    with recorder(tmp_path / f"ride{suffix}") as into:
        rig = RecordedRig(into, options={"speed": "400", "soc": "98"}).run()
    assert rig.view.outcome is not None
    assert into.problem == ""
    assert main(["replay", str(tmp_path / f"ride{suffix}")]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "complete: the charger indicates complete" in captured.out


@pytest.mark.parametrize(
    "fault", ["ac-loss", "reboot", "heartbeat-stop", "alarm:0x20", "tpdo-stop", "second-master"]
)
def test_a_virtual_fault(tmp_path: Path, fault: str, capsys: Text) -> None:
    log = tmp_path / "ride.log"
    with recorder(log) as into:
        RecordedRig(into, options={"speed": "1", "soc": "50", "fault": f"{fault}@8"}).run()
    assert main(["replay", str(log)]) == 0
    assert "steps, fault: " in capsys.readouterr().out


def test_every_kind_of_event_comes_back(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "ride.log"
    with recorder(log) as into:
        rig = RecordedRig(into, plan(external=True), options={"speed": "1", "soc": "50"})
        for second in range(1, 120):
            rig.at(
                second / 10, lambda: rig.post(events.Battery(BatteryReading(rig.now, voltage=75.0, soc=50.0)))
            )
        rig.at(8.0, lambda: rig.inject(0x08A, bytes.fromhex("00 00 00 00 00 00 00 00")))
        rig.at(9.0, lambda: setattr(rig, "frozen", True))
        rig.at(9.4, lambda: setattr(rig, "frozen", False))
        rig.at(12.0, lambda: rig.post(events.BatteryLost("gone")))
        rig.run(14.0)
        rig.post(events.Stop("enough"))
        rig.run(5.0)
        rig.post(events.Clear())
        rig.run(1.0)
    kinds = {line["event"]["is"] for line in written(log) if line["kind"] == "step"}
    assert {"Battery", "BatteryLost", "Clear", "Frame", "Paused", "ReadDone", "Stop", "Tick"} <= kinds
    assert main(["replay", str(log)]) == 0


def test_a_charge_in_parts_is_replayed_from_its_first(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "ride.asc"
    with recorder(log, rotation=Rotation(size=60_000)) as into:
        RecordedRig(into, options={"speed": "400", "soc": "95"}).run()
    assert (tmp_path / "ride.002.asc").exists()
    assert main(["replay", str(log)]) == 0
    capsys.readouterr()
    assert main(["replay", str(tmp_path / "ride.002.asc")]) == 2
    assert (
        "is part 2 of a recording, and a charge is made again from its beginning" in capsys.readouterr().err
    )


# --- the capture, and other machines ----------------------------------------------------------------------


def elsewhere(cwd: Path, seed: str, zone: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """The same command in another process, as another machine would have it."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "deltaq_master", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)


def test_the_capture_twice_and_elsewhere_gives_the_same_bytes(tmp_path: Path, capsys: Text) -> None:
    assert main(["replay", str(CAPTURE), "--write", str(tmp_path / "here.jsonl")]) == 0
    out = capsys.readouterr().out
    assert "848 frames; there are no recorded decisions to compare with" in out
    assert "ready-edge: " in out
    here = (tmp_path / "here.jsonl").read_bytes()
    assert here.count(b"\n") == 849
    for seed, zone in (("1", "Asia/Tokyo"), ("77", "America/New_York")):
        done = elsewhere(tmp_path, seed, zone, "replay", str(CAPTURE), "--write", "there.jsonl")
        assert (done.returncode, done.stdout) == (0, out.encode())
        assert (tmp_path / "there.jsonl").read_bytes() == here


def test_a_recording_elsewhere_gives_the_same_bytes(ride: Path, tmp_path: Path, capsys: Text) -> None:
    assert main(["replay", str(ride), "--write", str(tmp_path / "here.jsonl")]) == 0
    out = capsys.readouterr().out
    done = elsewhere(tmp_path, "5", "Asia/Tokyo", "replay", str(ride), "--write", "there.jsonl")
    assert (done.returncode, done.stdout) == (0, out.encode())
    here = (tmp_path / "here.jsonl").read_text()
    assert (tmp_path / "there.jsonl").read_text() == here
    # And they are the lines of the recording, as far as they are decisions.
    decided = [text for text in lines_of(ride).read_text().splitlines() if '"kind":"step"' in text]
    assert [text for text in here.splitlines() if '"kind":"step"' in text] == decided


def test_the_capture_as_json(capsys: Text) -> None:
    assert main(["--json", "replay", str(CAPTURE)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["causes"][0]) == (848, "ready-edge")
    assert len(told["sha256"]) == 64


# --- crashes and full disks -------------------------------------------------------------------------------


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Charges into every format, in processes of their own, that are killed on call."""
    running = []
    for suffix in SUFFIXES:
        words = (
            "--record",
            f"ride{suffix}",
            "-i",
            "sim",
            "--sim",
            "soc=50",
            "--sim",
            "start-delay=0",
            *CHARGE,
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "deltaq_master", *words],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def kill() -> None:
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.wait()

    yield kill
    kill()


def test_what_was_written_survives_sigkill(killed: Callable[[], None], tmp_path: Path, capsys: Text) -> None:
    logs = [tmp_path / f"ride{suffix}" for suffix in SUFFIXES]
    end = time.monotonic() + PATIENCE

    def under_way(log: Path) -> bool:
        return lines_of(log).exists() and '"value":"enabling"' in lines_of(log).read_text()

    while not all(under_way(log) for log in logs):
        assert time.monotonic() < end
        time.sleep(0.1)
    killed()
    for log in logs:
        assert main(["replay", str(log)]) == 0
        captured = capsys.readouterr()
        assert "note: it has no end: the program was killed, or the disk was full" in captured.err
        assert "steps, under way" in captured.out
        with can.LogReader(log) as reader:
            assert len(list(reader)) > 20
        assert main(["monitor", str(log)]) == 0
        capsys.readouterr()


def test_a_full_disk_does_not_stop_a_charge(tmp_path: Path, capsys: Text) -> None:
    (tmp_path / "ride.log").symlink_to("/dev/full")
    log = str(tmp_path / "ride.log")
    code = main(["--record", log, "--record-overwrite", *QUICK, *CHARGE])
    captured = capsys.readouterr()
    assert "recording to ride.log has stopped: No space left on device" in captured.err
    assert f"note: recorded to {log}: " in captured.err
    assert "up to when it stopped (No space left on device)" in captured.err
    # It went on to its end: complete, unless this machine stalled.
    assert code == 0 or "the program did not run for" in captured.out


# --- other commands ---------------------------------------------------------------------------------------


def test_reads_are_recorded(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "info.trc"
    assert main(["--json", "--record", str(log), "-i", "sim", "info"]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].startswith(f"note: recorded to {log}: ")
    header, *_, report, end = written(log)
    assert header["words"][-1] == "info"
    assert report["value"] == json.loads(captured.out)
    assert end["frames"] > 20
    assert main(["replay", str(log)]) == 0
    assert "the same: no charge in it, nothing was decided" in capsys.readouterr().out


def test_an_explanation_is_found_again(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "why.asc"
    main(["--record", str(log), "-i", "sim", "explain", "--listen", "1.5"])
    (report,) = [line for line in written(log) if line["kind"] == "report"]
    assert report["name"] == "explanation"
    capsys.readouterr()
    assert main(["replay", str(log)]) == 0
    rewrite(log, lambda text: text.replace('"causes":[', '"causes":[{"id":"gremlins"},'))
    assert main(["replay", str(log)]) == 1
    assert "different: the diagnosis named gremlins" in capsys.readouterr().out


def test_a_command_without_a_bus_records_nothing_and_says_so(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "ride.log"
    assert main(["--record", str(log), "replay", str(CAPTURE)]) == 0
    assert "note: nothing was recorded: this command listens to no bus" in capsys.readouterr().err
    assert not log.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--record", "{}/ride.csv"),
            "known ones|end the name in one of .asc (Vector ASC), .blf (Vector BLF)",
        ),
        (("--record", "{}/taken.log"), "taken.log: exists already; give another name, or --record-overwrite"),
        (("--record", "{}/nowhere/ride.log"), "cannot be written: No such file or directory"),
        (
            ("--record", "{}/ride.log", "--record-max-size", "10"),
            "is no size of 10k or more; write 500k, 100M or 1G",
        ),
        (("--record", "{}/ride.log", "--record-max-time", "soon"), "is no time"),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_the_bus(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: Text
) -> None:
    (tmp_path / "taken.log").write_text("dear to somebody")
    assert main([*(word.format(tmp_path) for word in words), "-i", "no-such-interface", "info"]) == 2
    assert said.rpartition("|")[2] in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.log"]
    assert (tmp_path / "taken.log").read_text() == "dear to somebody"


@pytest.mark.parametrize(
    ("text", "size"), [("10k", 10_000), ("1.5M", 1_500_000), ("1GB", 10**9), ("20000", 20_000)]
)
def test_sizes(text: str, size: int) -> None:
    from deltaq_master.cli.record import octets

    assert octets(text) == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"kind":"step","machine":1,"now":1.0}',
            "a step of a charge whose beginning is not in this recording",
        ),
        (
            '{"kind":"machine","machine":1,"type":"tea","node_id":10}',
            "a machine that this version does not know",
        ),
        ('{"kind":"machine","machine":1,"type":"charge","node_id":10}', "cannot be made again"),
        (
            '{"kind":"dropped","frames":0,"steps":3}',
            "3 steps were dropped here: what follows cannot be made again",
        ),
    ],
)
def test_a_broken_recording_is_2(text: str, said: str, tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "ride.log"
    log.touch()
    lines_of(log).write_text(f'{{"kind":"header","schema":"deltaq.record/1","part":1}}\n{text}\n')
    assert main(["replay", str(log)]) == 2
    captured = capsys.readouterr()
    assert f"ride.log.jsonl:2: {said}" in captured.err


def test_a_recorded_scan_of_any_device_does_without_the_charger(tmp_path: Path) -> None:
    code = (
        "import sys; from deltaq_master.cli import main;"
        "main(['--record', 'scan.log', '-i', 'sim', '--eds', sys.argv[1], '-n', '5', 'scan', '--listen', '0.5']);"
        "print('deltaq_master.charger' in sys.modules)"
    )
    eds = str(ROOT / "tests" / "eds" / "cia401.eds")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, eds],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "scan.log.jsonl").exists(), done.stderr
    assert done.stdout.splitlines()[-1] == "False"
