"""`deltaq monitor`: logs and a live bus in words, without a frame of its own."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import can
import pytest

from deltaq_master.cli import main

CAPTURE = Path(__file__).parents[1] / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"
FRAMES = 848
"""Lines with a frame in the capture, counted by hand: grep -cE ' (Rx|Tx) ' of it."""

Text = pytest.CaptureFixture[str]


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


def test_a_bus_that_is_lost_ends_it(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    with can.Bus(interface="deltaq_sim", channel="lost"):

        def fail(*_: object) -> None:
            raise can.CanOperationError("the adapter was unplugged")

        monkeypatch.setattr("deltaq_master.simulator.bus.SimulatedBus._recv_internal", fail)
        assert main(["-i", "sim", "-c", "lost", "monitor"]) == 3
    assert "the bus was lost: " in capsys.readouterr().err
