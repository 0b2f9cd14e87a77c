"""The door itself: help without heavy imports, the reference page, shells, pipes, and the live view."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Limits
from deltaq_master.charger.packing import Request
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.report import Report, Supply
from deltaq_master.charger.state import Cause, Outcome
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.charger.view import ChargeView
from deltaq_master.cli import main
from deltaq_master.cli.bms import Readings
from deltaq_master.cli.charge_run import code_of
from deltaq_master.cli.charge_show import LineReporter, coming, figures, measured, state_of, summary_of
from deltaq_master.cli.completion import entries
from deltaq_master.cli.parsing import seconds, spoken
from deltaq_master.cli.screen.charging import gauges, notes
from deltaq_master.cli.screen.scene import gauge_line
from deltaq_master.cli.talk import Log
from deltaq_master.errors import FileError
from deltaq_master.protocol.nmt import NmtState
from tools import command_reference

ROOT = Path(__file__).parents[2]
HEAVY = ("can", "canopen", "serial", "msgspec", "rich.live", "textual")

Text = pytest.CaptureFixture[str]


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


# --- help -------------------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from deltaq_master.cli import main; code = main(['--help']);"
        f"print([name for name in {HEAVY} if name in sys.modules], code)"
    )
    run = python("-c", code)
    assert run.stdout.splitlines()[-1] == "[] 0"
    assert run.stderr == ""


def test_no_words_at_all_are_a_cry_for_help(capsys: Text) -> None:
    assert main([]) == 0
    assert "Usage: deltaq [OPTIONS] COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["charge", "monitor", "info", "read", "write", "nmt", "sim"])
def test_every_verb_teaches_by_example(verb: str, capsys: Text) -> None:
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert f" {verb}" in out.split("Examples:")[1].split("Options")[0]


def test_the_version(capsys: Text) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deltaq 0.")


def test_verbose_shows_what_was_logged(capsys: Text) -> None:
    with Log() as log:
        logging.getLogger("can").warning("quiet")
        log.speak_up()
        try:
            raise OSError("the cable")
        except OSError:
            logging.getLogger("can").exception("lost")
    logging.getLogger("can").error("after")
    err = capsys.readouterr().err
    assert err.startswith("can: lost\nTraceback")
    assert err.endswith("OSError: the cable\n")


def test_the_reference_is_what_the_parser_says(capsys: Text) -> None:
    assert command_reference.main(["--check"]) == 0, capsys.readouterr().out


def test_a_drifted_reference_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    page = tmp_path / "commands.md"
    monkeypatch.setattr(command_reference, "PAGE", page)
    assert command_reference.main(["--check"]) == 1
    assert command_reference.main([]) == 0
    assert command_reference.main(["--check"]) == 0
    page.write_text(page.read_text().replace("ready", "Ready", 1))
    assert command_reference.main(["--check"]) == 1
    assert "commands.md is not what the parser says" in capsys.readouterr().out


# --- shells and pipes -------------------------------------------------------------------------------------


def test_a_shell_completes_verbs_options_and_entries() -> None:
    words = {"_DELTAQ_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "deltaq charge --max-v"}
    assert '"--max-voltage"' in python("-m", "deltaq_master", **words).stdout
    assert entries("0x6070") == [("0x6070:00", "Charge Current Requested")]
    assert entries("0x2FFA:01")[0][1] == "Zero-Filling.ZeroRxFilling"


def test_a_reader_that_leaves_ends_a_charge_in_order() -> None:
    """`deltaq charge | head -1`: no complaint, and the safe order all the same."""
    command = [sys.executable, "-m", "deltaq_master", "-i", "sim", "charge", "--voltage", "84"]
    command += ["--current", "10", "--max-voltage", "84.2", "--max-current", "12", "--for", "1h"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        talk = process.stderr.read()
        assert process.wait(30) == 1
    assert "Traceback" not in talk
    assert "BrokenPipe" not in talk


def test_ctrl_c_where_nothing_is_driven(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("deltaq_master.dictionary.eds.load", interrupt)
    assert main(["-i", "sim", "info"]) == 130


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("45m", 2700), ("45min", 2700), ("2h", 7200), ("1.5h", 5400),
                        ("1h30m", 5400), ("1H 30M".replace(" ", ""), 5400), ("1h0m5s", 3605), (" 2h ", 7200)]
)  # fmt: skip
def test_times(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
                        (3599.7, "1 h 00 min"), (43200, "12 h 00 min")]
)  # fmt: skip
def test_times_for_people(value: float, text: str) -> None:
    assert spoken(value) == text


# --- readings from every kind of source -------------------------------------------------------------------


def test_readings_from_a_file_end_with_it(tmp_path: Path) -> None:
    path = tmp_path / "bms.jsonl"
    path.write_text('{"voltage": 78.4}\n\n{"time": 5.0, "soc": 61}')
    with Readings(str(path)) as source:
        first, second = source
    assert (first.voltage, second.time, second.soc) == (78.4, 5.0, 61.0)


def test_a_reading_without_time_has_that_of_its_arrival(tmp_path: Path) -> None:
    import time

    path = tmp_path / "bms.jsonl"
    path.write_text("{}\n")
    before = time.monotonic()
    with Readings(str(path)) as source:
        (reading,) = source
    assert before - 0.01 <= reading.time <= time.monotonic() + 0.01


def test_readings_from_sockets(tmp_path: Path) -> None:
    import socket

    line = b'{"voltage": 78.4}\n{"voltage": 78.5'
    for family, address in ((socket.AF_UNIX, str(tmp_path / "bms")), (socket.AF_INET, ("127.0.0.1", 0))):
        with socket.socket(family) as server:
            server.bind(address)
            server.listen()
            name = server.getsockname()
            with Readings(name if isinstance(name, str) else f"{name[0]}:{name[1]}") as source:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(line)
                found = iter(source)
                assert next(found).voltage == 78.4
                with pytest.raises(FileError, match=r":2: this is no reading: Input data was truncated"):
                    next(found)


def test_readings_from_stdin() -> None:
    code = "from deltaq_master.cli.bms import Readings; print([r.voltage for r in Readings('-')])"
    run = subprocess.run(
        [sys.executable, "-c", code], input='{"voltage": 78.4}\n{"voltage": 78.5}\n', text=True,
        capture_output=True, timeout=60, check=True, cwd=ROOT,
    )  # fmt: skip
    assert run.stdout == "[78.4, 78.5]\n"


def test_a_line_without_end_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "bms.jsonl"
    path.write_text("9" * 200_000)
    with Readings(str(path)) as source, pytest.raises(FileError, match=r":1: this is no reading"):
        next(iter(source))


@pytest.mark.parametrize("name", ["missing.jsonl", "127.0.0.1:1", "."])
def test_a_source_that_is_not_there(name: str) -> None:
    with pytest.raises(FileError, match="no battery readings from there"):
        Readings(name)


# --- views ------------------------------------------------------------------------------------------------

CHARGING = ChargeView(
    phase=Phase.CHARGING,
    request=Request(True, 84.0, 10.0),
    report=Report(10.1, 78.4, ChargerStatus.of(0x1170), Supply(0, 122.0, 50)),
    current_note="",
    reading=None,
    nmt=NmtState.OPERATIONAL,
    time=100.0,
    current=10.1,
    since_ready=42.0,
    ah=1.5,
    ahead="taper",
    time_left=605.0,
    alarms=("E-0-3-2 heartbeat or RPDO lost while charging (8130h)",),
    warnings=("an RPDO that carries our request has event timer 0 (140nh:05)",),
)


def drawn(view: ChargeView, width: int = 38) -> str:
    state = state_of(view, 45.0)
    lines = (*(gauge_line(gauge, width) for gauge in gauges(state, None, Limits(84.2, 12.0))), *notes(state))
    return "\n".join(line.text for line in lines)


def test_the_gauges_fit_half_of_a_small_terminal() -> None:
    text = drawn(CHARGING)
    assert max(len(line) for line in text.splitlines() if not line.startswith("warning")) <= 78
    for shown in (
        "78.40 V", "10.10 A", "792 W", "1.50 Ah", "50 % ██▌   the charger's", "122 V",
        "asked 10.00 A", "alarm: E-0-3-2", "warning: an RPDO",
    ):  # fmt: skip
        assert shown in text
    assert coming(state_of(CHARGING, 45.0)) == "ends by taper current in 10 min 05 s"
    assert max(len(line) for line in drawn(CHARGING, 20).splitlines()[:7]) <= 20


def test_what_is_not_believed_is_not_shown_as_amperes() -> None:
    note = "untrusted: it has not moved"
    view = replace(CHARGING, current=None, current_note=note, ahead="", ah=None)
    text = drawn(view)
    assert "untrusted" in text
    assert "10.1" not in text
    assert measured(state_of(view, 0.0)) == "78.40 V, current untrusted, SOC 50 %"
    assert state_of(view, 0.0).current is None
    assert state_of(view, 0.0).reading == 10.1


def test_the_batterys_own_state_of_charge_counts() -> None:
    view = replace(CHARGING, reading=BatteryReading(1.0, soc=61.0))
    assert "61 %" in drawn(view)
    assert "the battery's" in drawn(view)
    assert "the charger's" not in drawn(view)


def test_the_cause_is_in_the_view() -> None:
    view = replace(CHARGING, phase=Phase.FAULT, cause=Cause("ac-lost", "the charger detects no AC"))
    assert "because" in drawn(view)
    assert "the charger detects no AC" in drawn(view)


def test_lines_say_progress_every_ten_seconds(capsys: Text) -> None:
    reporter = LineReporter()
    for tenths in range(0, 251, 2):
        reporter.show(CHARGING, tenths / 10)
    lines = capsys.readouterr().out.splitlines()
    states = [line for line in lines if "charging" in line and "alarm" not in line]
    assert [line.split()[0] for line in states] == ["0.0", "10.0", "20.0"]
    assert len([line for line in lines if "alarm: " in line]) == 1
    assert len([line for line in lines if "warning: " in line]) == 1
    assert "78.40 V, 10.10 A, 792 W, 1.50 Ah, SOC 50 %, ends by taper current in 10 min 05 s" in states[0]


ENDED = replace(CHARGING, phase=Phase.STOPPED, outcome=Outcome.STOPPED, off_confirmed=True, released=True)


@pytest.mark.parametrize(
    ("outcome", "cause", "unconfirmed", "signal_name", "code"),
    [
        (Outcome.COMPLETE, "taper", False, "", 0),
        (Outcome.COMPLETE, "indicated", False, "SIGINT", 0),
        (Outcome.STOPPED, "time-limit", False, "", 0),
        (Outcome.STOPPED, "ah-limit", False, "SIGINT", 0),
        (Outcome.STOPPED, "request", False, "SIGINT", 130),
        (Outcome.STOPPED, "request", False, "SIGTERM", 0),
        (Outcome.STOPPED, "request", True, "SIGINT", 1),
        (Outcome.STOPPED, "request", True, "SIGTERM", 1),
        (Outcome.FAULT, "ac-lost", False, "", 1),
        (Outcome.FAULT, "bus-lost", False, "SIGTERM", 1),
        (Outcome.REFUSED, "alarm", False, "", 1),
        (Outcome.REFUSED, "no-device", False, "", 3),
        (Outcome.REFUSED, "bus-lost", False, "", 3),
        (Outcome.REFUSED, "foreign-master", False, "SIGINT", 1),
    ],
)
def test_the_exit_code_of_a_charge(
    outcome: Outcome, cause: str, unconfirmed: bool, signal_name: str, code: int
) -> None:
    view = replace(ENDED, outcome=outcome, cause=Cause(cause, "because"), unconfirmed=unconfirmed)
    assert code_of(view, signal_name) == code


def test_the_summary_of_a_charge_that_broke() -> None:
    """Nothing is known of it any more, so it is not off."""
    summary = summary_of(None, Outcome.FAULT, Cause("broken", "the charge cycle broke"), 0.0)
    assert summary.unconfirmed
    assert figures(summary).endswith("output NOT CONFIRMED OFF")
    assert summary.sentence == "the charge cycle broke; output not confirmed off: remove AC"
