"""`deltaq monitor`: logs and a live bus in words, without a frame of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.charger.diagnosis import Subject
from deltaq_master.charger.limits import hardware_limits
from deltaq_master.cli import main, monitor
from deltaq_master.cli.screen.monitoring import MonitorShowing
from deltaq_master.cli.screen.sight import BusSight
from deltaq_master.cli.talk import say
from deltaq_master.link import clock
from deltaq_master.link.bus.gate import Gate
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.services import Decoded
from tests.rig import virtual
from tests.rig.scripted_can import PATIENCE, ScriptedCan

CAPTURE = Path(__file__).parents[1] / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"
FRAMES = 848
"""Lines with a frame in the capture, counted by hand: grep -cE ' (Rx|Tx) ' of it."""

Text = pytest.CaptureFixture[str]
Printer = Callable[[Frame, Decoded], None]


def test_the_capture_in_words(capsys: Text) -> None:
    assert main(["monitor", str(CAPTURE)]) == 0
    lines = capsys.readouterr().out.splitlines()
    frames = [line for line in lines if "  ! " not in line]
    assert len(frames) == FRAMES

    def first(cob_id: str) -> str:
        return next(line for line in frames if f" {cob_id}  " in line)

    status = first("18A")
    assert "6.008242       18A  Rx  8  74 13 45 4E 70 00 00 00" in status
    assert "19.453 A (untrusted" in status
    assert "78.27 V" in status
    assert "remote" in status
    assert "123.6 V" in first("38A")
    assert "error reset" in first("08A")
    assert "start node 10" in first("000")
    assert "operational" in first("701")
    command = first("20A")
    assert "82.0 V" in command
    assert "10.0 A" in command
    assert "70.0 °C" in first("30A")
    said = [line.split("!", 1)[1] for line in lines if "  ! " in line]
    assert any("the mapping is assumed from the EDS" in text for text in said)
    assert any("ready = 1 from the first RPDO1" in text for text in said)


def test_the_capture_as_json(capsys: Text) -> None:
    assert main(["--json", "monitor", str(CAPTURE)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == FRAMES
    assert {row["schema"] for row in rows} == {"deltaq.monitor/1"}
    status = next(row for row in rows if row["cob_id"] == 0x18A)
    assert status["data"] == "74 13 45 4E 70 00 00 00"
    assert (status["service"], status["number"], status["node"]) == ("TPDO", 1, 10)
    current, voltage, *_ = status["fields"]
    assert (current["object"], current["value"], current["unit"]) == ("2002h:00", 19.453125, "A")
    assert current["note"].startswith("untrusted")
    assert (voltage["value"], voltage["unit"]) == (78.269531, "V")


def test_foreign_29_bit_and_remote_frames_are_shown(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "bus.log"
    log.write_text(
        "(1.000000) can0 18FEF100#FFFF\n"
        "(1.100000) can0 70A#R\n"
        "(1.200000) can0 185#0102\n"
        "(1.300000) can0 70A#05\n"
    )
    assert main(["monitor", str(log)]) == 0
    extended, remote, foreign, heartbeat = capsys.readouterr().out.splitlines()
    assert "18FEF100  Rx  2  FF FF" in extended
    assert "29-bit identifier" in extended
    assert "remote frame" in remote
    assert "node 5 is neither the charger (10) nor the master (1)" in foreign
    assert "node 10 heartbeat: operational" in heartbeat


def test_another_node_id_is_another_charger(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "bus.log"
    log.write_text("(1.0) can0 18C#7413464E70000000\n")
    assert main(["-n", "12", "monitor", str(log)]) == 0
    assert "node 12 TPDO1: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bus.txt", "nothing", "bus.txt: not a known kind of log"),
        ("bus.log", "(1.0) can0 70A#05\nnonsense\n", "bus.log:2: cannot be read on from here"),
    ],
)
def test_a_log_that_cannot_be_read(tmp_path: Path, name: str, text: str, said: str, capsys: Text) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert main(["monitor", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_log(capsys: Text) -> None:
    assert main(["monitor", "nowhere.trc"]) == 2
    assert capsys.readouterr().err == "deltaq: nowhere.trc: cannot be opened: No such file or directory\n"


def test_live_it_listens_until_it_is_told_and_sends_nothing(capsys: Text) -> None:
    with can.Bus(interface="deltaq_sim", channel="monitor") as bus:
        timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        assert main(["-i", "sim", "-c", "monitor", "monitor"]) == 0
        timer.join()
        others: list[int] = []
        while (message := bus.recv(0)) is not None:
            others.append(message.arbitration_id)
    assert set(others) == {0x70A}
    captured = capsys.readouterr()
    assert "node 10 heartbeat: pre-operational" in captured.out
    assert captured.err == "note: listening; Ctrl-C ends it\n"


def test_a_bus_that_is_lost_for_good_ends_it(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    """python-can's adapters are not opened again."""
    with can.Bus(interface="deltaq_sim", channel="lost"):

        def fail(*_: object, **__: object) -> None:
            raise can.CanOperationError("the adapter was unplugged")

        monkeypatch.setattr("deltaq_master.simulator.bus.SimulatedBus._recv_internal", fail)
        assert main(["-i", "sim", "-c", "lost", "monitor"]) == 3
    assert capsys.readouterr().err.endswith("lost: the adapter was unplugged\n")


# --- an interface that goes and comes back ----------------------------------------------------------------


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedCan:
    return ScriptedCan(monkeypatch)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """COB-IDs that the monitor has shown so far."""
    seen: list[int] = []
    for name in ("show_frame", "show_frame_json"):
        show = getattr(monitor, name)

        def watched(frame: Frame, decoded: Decoded, show: Printer = show) -> None:
            show(frame, decoded)
            seen.append(frame.cob_id)

        monkeypatch.setattr(monitor, name, watched)
    return seen


def test_an_interface_that_is_down_from_the_beginning_is_an_error(
    scripted: ScriptedCan, capsys: Text
) -> None:
    scripted.kernel.is_up = False
    assert scripted.run(ScriptedCan.down, "monitor") == 3
    assert capsys.readouterr().err == f"note: listening; Ctrl-C ends it\ndeltaq: {DOWN}\n"


def goes_and_comes(shown: list[int], loss: Callable[[ScriptedCan], None]) -> Callable[[ScriptedCan], None]:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        loss(bus)
        bus.back()
        bus.hear(0x18A, "74 13 45 4E 70 00 00 00")
        bus.until(lambda: len(shown) == 2)
        bus.end()

    return script


DOWN = "can0 is down; bring it up: ip link set can0 up type can bitrate 500000"
OUT = "there is no device can0; is the adapter plugged in, and its driver loaded?"


def test_an_interface_that_was_down_is_heard_again(
    scripted: ScriptedCan, shown: list[int], capsys: Text
) -> None:
    assert scripted.run(goes_and_comes(shown, ScriptedCan.down), "monitor") == 0
    captured = capsys.readouterr()
    first, second = (line for line in captured.out.splitlines() if "  ! " not in line)
    assert " 70A  " in first
    assert " 18A  " in second
    assert re.fullmatch(
        "note: listening; Ctrl-C ends it\n"
        f"note: the bus was lost: {re.escape(DOWN)}\n"
        r"note: the bus is heard again after \d+ s\n",
        captured.err,
    )


def test_what_the_kernel_had_no_room_for_is_said(
    scripted: ScriptedCan, shown: list[int], tmp_path: Path, capsys: Text
) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.kernel.hear(0x70A, "7F", dropped=41)  # as SO_RXQ_OVFL tells it
        bus.until(lambda: len(shown) == 2)
        bus.end()

    assert scripted.run(script, "--record", str(tmp_path / "full.log"), "monitor") == 0
    assert "note: 41 frames came faster than this computer takes them" in capsys.readouterr().err
    (line,) = (each for each in (tmp_path / "full.log.jsonl").read_text().splitlines() if '"missed"' in each)
    assert json.loads(line)["value"] == {"frames": 41}


def test_an_adapter_that_was_out_is_said_to_be_out(
    scripted: ScriptedCan, shown: list[int], capsys: Text
) -> None:
    """Its interface goes down first, which is no longer the cause when it is removed."""
    assert scripted.run(goes_and_comes(shown, ScriptedCan.out), "--json", "monitor") == 0
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert {row["schema"] for row in rows} == {"deltaq.monitor/1"}
    told = [{key: row[key] for key in ("event", "cause", "cob_id") if key in row} for row in rows]
    assert told == [
        {"cob_id": 0x70A},
        {"event": "bus-lost", "cause": DOWN},
        {"event": "bus-lost", "cause": OUT},
        {"event": "bus-back"},
        {"cob_id": 0x18A},
    ]
    times = [row["time"] for row in rows]
    assert times[1:4] == sorted(times[1:4])
    assert f"note: the bus was lost: {DOWN}\nnote: the bus is still lost: {OUT}\n" in captured.err


def test_a_second_loss_is_said_again(scripted: ScriptedCan, shown: list[int], capsys: Text) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        for _ in range(2):
            bus.down()
            bus.back()
            bus.hear(0x70A, "7F")
        bus.until(lambda: len(shown) == 3)
        bus.end()

    assert scripted.run(script, "monitor") == 0
    said = capsys.readouterr().err
    assert said.count("the bus was lost") == 2
    assert said.count("the bus is heard again") == 2


def test_a_loss_and_the_return_are_recorded(scripted: ScriptedCan, shown: list[int], tmp_path: Path) -> None:
    log = tmp_path / "ride.log"
    script = goes_and_comes(shown, ScriptedCan.down)
    assert scripted.run(script, "--record", str(log), "monitor") == 0
    lines = [json.loads(line) for line in (tmp_path / "ride.log.jsonl").read_text().splitlines()]
    lost, back = (line for line in lines if line["kind"] == "bus")
    assert (lost["lost"], back["lost"]) == (DOWN, "")
    assert lines[0]["begun"] < lost["now"] < back["now"]
    assert [line.split()[2] for line in log.read_text().splitlines()] == ["70A#7F", "18A#7413454E70000000"]
    # Whoever reads a recording goes on without them.
    assert main(["replay", str(log)]) == 0


def test_a_silent_bus_is_told_its_bit_rate_once(
    scripted: ScriptedCan, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    scripted.bitrate = 125_000
    monkeypatch.setattr("deltaq_master.cli.bus_notes.SILENT", 0.5)
    said = threading.Event()

    def watched(text: str) -> None:
        say(text)
        said.set()

    monkeypatch.setattr("deltaq_master.cli.bus_notes.say", watched)

    def script(bus: ScriptedCan) -> None:
        assert said.wait(PATIENCE)
        bus.end()

    assert scripted.run(script, "--json", "monitor") == 0
    captured = capsys.readouterr()
    (row,) = (json.loads(line) for line in captured.out.splitlines())
    assert (row["schema"], row["channel"], row["bitrate"], row["expected"]) == (
        "deltaq.silence/1", "can0", 125_000, 500_000,
    )  # fmt: skip
    assert captured.err.count("nothing was heard") == 1
    assert (
        "s on can0 at 125000 bit/s; 500000 bit/s is that of the known charger [C]; "
        "ip link set can0 down; ip link set can0 up type can bitrate 500000\n"
    ) in captured.err


def test_a_bus_that_is_lost_is_not_called_silent(scripted: ScriptedCan, capsys: Text) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.later()
        bus.down()
        bus.later()
        bus.end()

    assert scripted.run(script, "monitor") == 0
    assert "nothing was heard" not in capsys.readouterr().err


# --- the live screen --------------------------------------------------------------------------------------


def test_the_screen_says_that_the_bus_is_lost_and_that_it_is_back() -> None:
    gate: Any = Gate(None)  # type: ignore[arg-type]
    gate.opened("can0", reopens=True)
    now = [0.0]
    subject = Subject(virtual.dictionary())
    sight = BusSight(subject, gate, 500_000, clock.now())
    limits = hardware_limits(virtual.dictionary())
    showing = MonitorShowing(sight, "monitor", {}, limits, 500_000, True, lambda: now[0])
    now[0] = 1.0
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sight.follow)
        try:
            gate.lost = DOWN
            wait_for(lambda: notes_of(showing)[0] == f"the bus is lost: {DOWN}")
            assert not over(showing)
            wait_for(lambda: len(sight.latest.explanation.history.changes) == 1)
            gate.lost = ""
            wait_for(lambda: notes_of(showing)[0].startswith("the bus is heard again; it was lost at "))
            assert notes_of(showing)[0].endswith(DOWN)
            gate.lost, gate.reopens = DOWN, False
            assert over(showing)
            gate.reopens = True
            assert not over(showing)
            now[0] = 0.1
            assert over(showing)
            assert showing.never_there
        finally:
            sight.close()


def over(showing: MonitorShowing) -> bool:
    return showing.over


def notes_of(showing: MonitorShowing) -> list[str]:
    return [line.text for line in showing.scene().notes]


def wait_for(true: Callable[[], bool]) -> None:
    end = clock.now() + PATIENCE
    while not true():
        assert clock.now() < end
        time.sleep(0.01)
