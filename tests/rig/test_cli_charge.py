"""`deltaq charge` through its door, against the simulated charger; frames are watched by a second bus."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.cli.charge_run import Requests

LIMITS = ("--max-voltage", "84.2", "--max-current", "12")
CHARGE = ("charge", "--voltage", "84", "--current", "10", *LIMITS, "--for", "12h")
QUICK = ("-i", "sim", "--sim", "speed=1000", "--sim", "soc=99", "--sim", "start-delay=0")
SLOW = ("-i", "sim", "--sim", "soc=50", "--sim", "start-delay=0")
BEGINS = {"soc": "50", "start_delay": "0"}
HELD = 20
"""RPDOs with ready 0 that show that a bus is held: the safe order itself takes fewer."""
CHARGERS_OWN = {0x08A, 0x18A, 0x28A, 0x38A, 0x58A, 0x70A}


NUMBERS = itertools.count(1)


class Tap:
    """Another bus on the channel: keeps every frame, and does something when it sees the frame it waits for."""

    def __init__(self, channel: str, **options: Any) -> None:
        self.channel = channel
        self.bus = can.Bus(interface="deltaq_sim", channel=channel, **options)
        self.frames: list[can.Message] = []
        self._when: Callable[[can.Message], bool] = lambda _: False
        self._then: Callable[[], None] = lambda: None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def when(self, seen: Callable[[can.Message], bool], then: Callable[[], None]) -> None:
        """Call `then` once, at the first frame for which `seen` is true."""
        self._then = then
        self._when = seen

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self.bus.recv(0.1)
            if message is None:
                continue
            self.frames.append(message)
            if self._when(message):
                then, self._when = self._then, lambda _: False
                then()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.bus.shutdown()

    def settle(self) -> Tap:
        """Let what is on the wire arrive here."""
        time.sleep(0.05)
        return self

    def ours(self, since: int = 0) -> list[can.Message]:
        """Frames that the charger did not send, from a place in `frames` on."""
        found = self.settle().frames[since:]
        return [frame for frame in found if frame.arbitration_id not in CHARGERS_OWN]

    def commands(self) -> list[tuple[int, int]]:
        """Ready and raw current of every RPDO1, by the layout of the user's notes: bytes 5-6 and 7."""
        found = [bytes(frame.data) for frame in self.frames if frame.arbitration_id == 0x20A]
        return [(data[7], int.from_bytes(data[5:7], "little")) for data in found]


@pytest.fixture
def tap() -> Iterator[Callable[..., Tap]]:
    opened: list[Tap] = []

    def lay(**options: str) -> Tap:
        opened.append(Tap(f"cli {next(NUMBERS)}", **options))
        return opened[-1]

    yield lay
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Tap]:
    """A wire that stays for a whole module, with a charger that has booted and says so every 0.1 s."""
    tap = Tap("bench")
    heartbeat = bytes.fromhex("2B 17 10 00 64 00 00 00")
    tap.bus.send(can.Message(arbitration_id=0x60A, data=heartbeat, is_extended_id=False))
    yield tap
    tap.close()


class StallError(Exception):
    """This machine was too busy to run us for 0.3 s, which ends any charge, and rightly so."""


def patient(test: Callable[..., None]) -> Callable[..., None]:
    """Try a test in real time again where the machine stalled; what fails otherwise fails at once."""

    @functools.wraps(test)
    def tried(*args: Any, **kwargs: Any) -> None:
        for _ in range(4):
            with contextlib.suppress(StallError):
                return test(*args, **kwargs)
        return test(*args, **kwargs)

    return tried


def deltaq(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, data and talk of a command line."""
    code = main(words)
    captured = capsys.readouterr()
    if "the program did not run for" in captured.out:
        raise StallError(captured.out)
    return code, captured.out, captured.err


def asks_for_current(message: can.Message) -> bool:
    return message.arbitration_id == 0x20A and message.data[7] == 1 and message.data[5] > 16


def send_signal(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- it charges -------------------------------------------------------------------------------------------


@patient
def test_a_charge_in_json_ends_with_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = deltaq(capsys, "--json", *QUICK, *CHARGE)
    assert code == 0
    *states, summary = rows(out)
    assert {state["event"] for state in states} == {"state"}
    assert {row["schema"] for row in (*states, summary)} == {"deltaq.charge/1"}
    assert summary["event"] == "summary"
    assert summary["outcome"] == "complete"
    assert summary["cause"]["id"] in ("indicated", "taper")
    assert summary["off_confirmed"]
    assert not summary["unconfirmed"]
    phases = list(dict.fromkeys(state["phase"] for state in states))
    expected = ["armed", "enabling", "finishing", "stopping", "complete"]
    assert [phase for phase in phases if phase in expected] == expected
    assert max(state["requested_current"] for state in states) <= 10
    # A lying reading is never shown as amperes: before ready 1 the charger shows 19.48 A.
    armed = next(state for state in states if state["phase"] == "armed" and state["reading"])
    assert armed["reading"] > 19
    assert armed["current"] is None
    assert armed["current_note"].startswith("untrusted")
    assert "no --bms" in err


@patient
def test_a_fault_in_lines_ends_with_1_and_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = deltaq(capsys, *SLOW, "--sim", "fault=ac-loss@0.5", *CHARGE)
    assert code == 1
    for phase in ("armed", "enabling", "charging", "fault"):
        assert f" s  {phase} " in out
    assert "warning: an RPDO that carries our request has event timer 0 (140nh:05)" in out
    *_, because, last = out.partition("\n\nwhy: ")[0].splitlines()
    assert because.endswith(" s  because the charger detects no AC")
    assert last.startswith("fault after ")
    assert last.endswith("output off (confirmed)")
    assert err.splitlines()[-1] == "deltaq: fault: the charger detects no AC"


# --- it is stopped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["SIGINT", "SIGTERM"]
)
@patient
def test_a_signal_ends_it_in_the_safe_order(
    number: int, code: int, tap: Callable[..., Tap], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tap(**BEGINS)
    # Once more while it ends: that shortens nothing.
    again = threading.Timer(0.1, send_signal(number))

    def twice() -> None:
        os.kill(os.getpid(), number)
        again.start()

    seen.when(asks_for_current, twice)
    before = signal.getsignal(number)
    ended, out, _ = deltaq(capsys, "--json", "-i", "sim", "-c", seen.channel, *CHARGE)
    again.join()
    assert ended == code
    assert signal.getsignal(number) is before
    summary = rows(out)[-1]
    assert summary["outcome"] == "stopped"
    assert summary["cause"] == {
        "id": "request",
        "text": f"stopped: interrupted ({signal.Signals(number).name})",
    }
    assert summary["off_confirmed"]
    commands = seen.settle().commands()
    assert commands[0] == (0, 0)
    end = max(place for place, (_, current) in enumerate(commands) if current)
    assert all(current == 0 for _, current in commands[end + 1 :])
    assert commands[-1] == (0, 0)


@patient
def test_a_signal_before_anything_was_asked(
    tap: Callable[..., Tap], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tap(**BEGINS)
    seen.when(lambda message: message.arbitration_id == 0x701, send_signal(signal.SIGINT))
    code, out, _ = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE)
    assert code == 130
    assert not any(ready or current for ready, current in seen.settle().commands())
    assert "no current was asked for" in out


@patient
def test_hold_keeps_the_bus_until_the_next_ctrl_c(
    tap: Callable[..., Tap], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tap(algorithm="1", **BEGINS)

    def let_go_later() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        seen.when(lambda _: seen.commands()[-HELD:] == [(0, 0)] * HELD, send_signal(signal.SIGINT))

    seen.when(asks_for_current, let_go_later)
    code, _, err = deltaq(capsys, "-i", "sim", "-c", seen.channel, *CHARGE, "--hold")
    assert code == 130
    assert "the bus is held at ready 0 and 0 A" in err
    commands = seen.settle().commands()
    last_ready = max(place for place, (ready, _) in enumerate(commands) if ready)
    assert set(commands[last_ready + 1 :]) == {(0, 0)}
    assert len(commands) - last_ready > HELD, "the RPDOs went on after the end"


class Run:
    """Stands for a charge under way, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stop(self, reason: str) -> None:
        self.asked.append(reason)

    def release(self) -> None:
        self.asked.append("release")


@pytest.mark.parametrize(
    ("signals", "asked"),
    [
        (("SIGTERM", "hold"), ["interrupted (SIGTERM)", "release"]),
        (("SIGINT", "SIGINT", "hold"), ["interrupted (SIGINT)", "interrupted (SIGINT)"]),
        (("SIGINT", "hold", "hold", "SIGINT"), ["interrupted (SIGINT)", "release"]),
        (("hold", "SIGHUP"), ["release"]),
    ],
)
def test_what_signals_ask_of_a_charge_that_holds_the_bus(signals: tuple[str, ...], asked: list[str]) -> None:
    run: Any = Run()
    requests = Requests()
    with pytest.raises(KeyboardInterrupt):
        requests.asked("SIGINT")  # before there is a charge, there is nothing to end in order
    with pytest.raises(SystemExit, match="0"):
        requests.asked("SIGTERM")
    requests.run = run
    for name in signals:
        if name == "hold":
            requests.holding(run)
        else:
            requests.asked(name)
    assert run.asked == asked


# --- limits at the door -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--voltage", "90", "--current", "10", *LIMITS), "voltage 90 V is not at most 84.2 V (max-voltage)"),
        (("--voltage", "nan", "--current", "10", *LIMITS), "voltage nan V is not a number above 0"),
        (("--voltage", "-1", "--current", "10", *LIMITS), "voltage -1 V is not a number above 0"),
        (("--voltage", "84", "--current", "inf", *LIMITS), "current inf A is not a number above 0"),
        (
            ("--voltage", "84", "--current", "30", "--max-voltage", "84.2", "--max-current", "40"),
            "current 30 A is not at most 25 A (the charger's hardware, from its EDS)",
        ),
        (
            ("--voltage", "84", "--current", "10", "--max-voltage", "nan", "--max-current", "12"),
            "max-voltage nan V is not a number above 0",
        ),
        (
            ("--voltage", "84", "--current", "10", *LIMITS, "--taper", "0"),
            "taper 0 A is not a number above 0",
        ),
    ],
)
def test_outside_limits_not_one_frame(
    words: tuple[str, ...], said: str, bench: Tap, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-i", "sim", "-c", bench.channel, "charge", *words, "--for", "1h"]) == 5
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].startswith(f"deltaq: {said}")
    assert captured.out == ""
    assert bench.ours() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--voltage", "84", "--current", "10", "--for", "1h"), "a charge needs its limits"),
        (("--voltage", "84", *LIMITS, "--for", "1h"), "a charge needs a voltage and a current"),
        (("--voltage", "84", "--current", "10", *LIMITS), "nothing would end this charge for certain"),
        (
            ("--voltage", "84", "--current", "10", *LIMITS, "--taper", "2"),
            "nothing would end this charge for certain",
        ),
        ((*CHARGE[1:], "--hold", "--release-to-local"), "--hold and --release-to-local exclude each other"),
        ((*CHARGE[1:-1], "soon"), "'soon' is no time; write 90s, 45m, 2h or 1h30m"),
        ((*CHARGE[1:], "--accept-vendor", "delta"), "'delta' is no whole number"),
        ((*CHARGE[1:], "--bms", "nowhere.jsonl"), "nowhere.jsonl: no battery readings from there"),
        ((*CHARGE[1:], "--battery", "nowhere.toml"), "nowhere.toml: cannot be read: No such file"),
    ],
)
def test_usage(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-i", "sim", "charge", *words]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1
    assert said in lines[0]


# --- the plan, seen without a bus -------------------------------------------------------------------------

PACK = """\
[battery]
cells = 20
capacity = 50.0
voltage = { low = 60.0, high = 84.4 }
[limits]
max_voltage = 84.2
max_current = 12.0
[charge]
voltage = 84.0
current = 10.0
"""


@pytest.fixture
def pack(tmp_path: Path) -> str:
    path = tmp_path / "pack.toml"
    path.write_text(PACK)
    return str(path)


def test_a_dry_run_shows_words_and_frames(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-i", "nothing-like-it", "charge", "--battery", pack, "--current", "5", "--dry-run"]) == 0
    captured = capsys.readouterr()
    out = captured.out
    # 84 V x 256 = 5400h and 5 A x 16 = 50h, in the slots that the user's notes read off this unit.
    assert "2276h:00 Voltage Request U16 Q8 = 5400h, 84 V" in out
    assert "6070h:00 Charge Current Requested = 0050h, 5 A" in out
    assert "20A#00.FF.00.00.54.00.00.00  ready 0, 0 A" in out
    assert "20A#00.FF.00.00.54.50.00.01  ready 1, 5 A" in out
    assert "hardware   85 V, 25 A" in out
    assert "2.5 A or less" in out  # 0.05 x 50 Ah
    assert "30A" not in out
    assert "by the mapping in the EDS" in captured.err
    assert "Nothing was sent" in captured.err


def test_a_dry_run_in_json_with_readings(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "charge", "--battery", pack, "--bms", "-", "--dry-run"]) == 0
    (plan,) = rows(capsys.readouterr().out)
    assert plan["schema"] == "deltaq.plan/1"
    assert plan["target"] == {"voltage": 84.0, "current": 10.0}
    assert plan["hardware"] == {"max_voltage": 85.0, "max_current": 25.0}
    # With readings RPDO2 goes too; what is unknown has its invalid value.
    assert [frame["data"] for frame in plan["frames"]] == [
        "00 FF 00 00 54 00 00 00",
        "00 00 FF FF FF FF 00 80",
        "00 FF 00 00 54 A0 00 01",
        "00 00 FF FF FF FF 00 80",
    ]


def test_options_only_tighten_a_profile(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--current", "11", "--voltage", "83", "--max-voltage", "85", "--max-current", "11")
    assert main(["--json", "charge", "--battery", pack, *words, "--dry-run"]) == 0
    captured = capsys.readouterr()
    (plan,) = rows(captured.out)
    assert plan["target"] == {"voltage": 83.0, "current": 10.0}
    assert plan["limits"] == {"max_voltage": 84.2, "max_current": 11.0}
    assert "current 11 A gives way to the battery profile's stricter 10 A" in captured.err
    assert "voltage 83" not in captured.err


def test_a_misspelt_profile_names_key_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pack.toml"
    path.write_text(PACK.replace("max_current", "max_curent"))
    assert main(["charge", "--battery", str(path), "--dry-run"]) == 2
    err = capsys.readouterr().err
    assert err == f"deltaq: {path}:7: limits.max_curent: no such key; did you mean 'max_current'?\n"


# --- readings ---------------------------------------------------------------------------------------------


@patient
def test_readings_from_a_pipe_and_a_bad_line_ends_it(
    tmp_path: Path, tap: Callable[..., Tap], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tap(**BEGINS)
    pipe = tmp_path / seen.channel
    os.mkfifo(pipe)
    charging = threading.Event()
    seen.when(asks_for_current, charging.set)

    def bridge() -> None:
        with pipe.open("w", buffering=1) as stream, contextlib.suppress(BrokenPipeError):
            while not charging.wait(0.2):
                stream.write('{"voltage": 74.5, "current": 1.0, "temperature": 25, "soc": 50}\n\n')
            stream.write('{"voltage": 74.5, "curent": 1.0}\n')

    writer = threading.Thread(target=bridge)
    writer.start()
    try:
        code, out, err = deltaq(
            capsys, "--json", "-i", "sim", "-c", seen.channel, *CHARGE, "--bms", str(pipe)
        )
    finally:
        charging.set()
        writer.join()
    assert code == 1
    assert "no --bms" not in err
    *states, summary = rows(out)
    assert summary["cause"]["id"] == "battery-stale"
    assert "a reading has no 'curent'" in summary["cause"]["text"]
    assert str(pipe) in summary["cause"]["text"]
    # A reading of the battery is believed where the charger's own is not yet.
    assert any(state["phase"] == "enabling" and state["current"] == 1.0 for state in states)
    assert any(state["soc"] == 50 for state in states)
    # RPDO2 carries it: 1 A x 256, 74.5 V x 256, 25 C x 8.
    assert any(frame.data == bytes.fromhex("0000 0001 804A C800") for frame in seen.settle().frames)
