"""`deltaq scan` against a simulated bus: a charger, I/O modules, slow and refusing ones, and nobody."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.cli.scan_progress import ProgressLine, left
from deltaq_master.cli.scan_show import words
from deltaq_master.link.bus.listening import Ear
from deltaq_master.protocol.events import Frame
from deltaq_master.scanner.search_file import SearchFile
from tests.rig.scripted_can import ScriptedCan
from tests.rig.test_cli_charge import Tap, tap

__all__ = ["tap"]
"""A fixture of another module, used here."""

Text = pytest.CaptureFixture[str]
Lay = Callable[..., Tap]

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "tests" / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"
IO_MODULE = ROOT / "tests" / "eds" / "cia401.eds"
QUICK = ("--listen", "0.1s")
BOOTED = ("--listen", "1.5s")
"""Longer than the simulated devices take to their boot-up message, and to the first heartbeat after it."""
FAST = ("--pace", "5000")


def with_devices(*devices: str, charger: bool = True) -> list[str]:
    """A private simulated bus with these further devices: `5`, `5/sdo-abort@boot+0`."""
    found = ["-i", "sim"] + ([] if charger else ["--sim", "charger=no"])
    for device in devices:
        found += ["--sim", f"device={IO_MODULE}@{device}"]
    return found


def objects(text: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in text.splitlines()]
    assert {row["schema"] for row in rows} <= {"deltaq.scan/1"}
    return rows


def by_node(text: str) -> dict[int, dict[str, Any]]:
    return {row["node"]: row for row in objects(text) if row["kind"] == "node"}


# --- who is there -----------------------------------------------------------------------------------------


def test_listening_sends_nothing(tap: Lay, capsys: Text) -> None:
    wire = tap()
    every_100_ms = bytes.fromhex("2B 17 10 00 64 00 00 00")
    wire.bus.send(can.Message(arbitration_id=0x60A, data=every_100_ms, is_extended_id=False))
    since = len(wire.settle().frames)
    assert main(["-i", "sim", "-c", wire.channel, "scan", "--listen", "1s"]) == 0
    assert wire.ours(since) == []
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "node NMT state heartbeat heard what it is"
    assert lines[1].startswith("10 pre-operational 0.10 s heartbeat ")


def test_active_is_reads_alone(tap: Lay, capsys: Text) -> None:
    wire = tap(device=f"{IO_MODULE}@3")
    assert main(["-i", "sim", "-c", wire.channel, "scan", *QUICK, "--active", "--timeout", "0.2s"]) == 0
    ours = [frame for frame in wire.settle().frames if 0x601 <= frame.arbitration_id <= 0x67F]
    assert {frame.arbitration_id for frame in ours} == set(range(0x601, 0x680))
    # Requests to read, and the aborts (0504 0000h) of those that nobody answered.
    assert {frame.data[0] for frame in ours} == {0x40, 0x80}
    assert not [frame for frame in wire.frames if frame.arbitration_id in (0x000, 0x701, 0x20A)]


WHOLE_BUS = (
    "3",
    "40",
    "99",
    "127",
    "5/sdo-abort@boot+0",
    "64/sdo-abort@boot+0",
    "90/no-object:0x1000@boot+0",
)


def test_127_node_ids(capsys: Text) -> None:
    bus = with_devices(*WHOLE_BUS, "77/sdo-slow:100@boot+0")
    assert main(["--json", *bus, "scan", *QUICK, "--active"]) == 0
    rows = by_node(capsys.readouterr().out)
    assert sorted(rows) == [3, 5, 10, 40, 64, 77, 90, 99, 127]
    assert all(row["present"] and row["answered"] and not row["failures"] for row in rows.values())
    assert not any(row["doubts"] for row in rows.values())
    for node_id in (3, 40, 77, 99, 127):
        row = rows[node_id]
        # 1000h = 000F 0191h, 1018h = 7F1h, 401h, 0001 0002h: as the EDS of the module has them.
        assert (row["device_type"], row["vendor"], row["product"], row["revision"]) == (
            0x000F_0191,
            0x7F1,
            0x401,
            0x0001_0002,
        )
        assert row["profile"].startswith("CiA 401 I/O module, digital inputs, digital outputs")
    assert rows[10]["profile"] == "CiA 419 battery charger"
    assert rows[10]["vendor_name"] == "Delta-Q (00000110h)"
    assert len(rows[5]["aborts"]) == 5
    assert rows[90]["aborts"] == ["1000h:00 aborted: the device has no such object (0602 0000h)"]
    assert (rows[90]["device_type"], rows[90]["vendor"]) == (None, 0x7F1)


def test_people_read_it_in_words(capsys: Text) -> None:
    bus = with_devices("5/sdo-abort@boot+0", "90/no-object:0x1000@boot+0", "7/silence@boot+0")
    assert main([*bus, "--eds", str(IO_MODULE), "scan", *QUICK, "--active", "--nodes", "1-20,90"]) == 0
    out = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line.split()[0] for line in out[1:4]] == ["5", "10", "90"]
    assert out[1].endswith("it is there, and says nothing of itself")
    assert "CiA 419 battery charger; Delta-Q (00000110h); product 00D4A081h; revision 1.2048" in out[2]
    # The vendor that the EDS names is that of node 90, not of the charger.
    assert "Example Automation (000007F1h)" in out[3]
    refused = "1000h:00, 1018h:01, 1018h:02, 1018h:03, 1018h:04 aborted: general error (0800 0000h)"
    assert f"node 5: {refused}" in out
    assert "node 90: 1000h:00 aborted: the device has no such object (0602 0000h)" in out


def test_two_devices_with_one_node_id_are_suspected(capsys: Text) -> None:
    bus = with_devices("3", "3/value:0x1018:04=7@boot+0", "4", charger=False)
    assert main([*bus, "scan", *QUICK, "--active", "--nodes", "3,4"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if "SUSPECTED TWICE" in line]
    assert len(said) == 1
    assert said[0].startswith(
        "node 3: SUSPECTED TWICE on this bus: one request for 1018h:04 got two different"
    )


def test_a_node_that_answers_no_sdo_is_listed_as_such(capsys: Text) -> None:
    # 1000h is dead, and it is asked for twice because the node was heard.
    bus = with_devices("3/sdo-dead:0x1000@boot+0", charger=False)
    assert main([*bus, "scan", *BOOTED, "--active", "--nodes", "3", "--timeout", "0.1s"]) == 0
    out = capsys.readouterr().out
    assert "no answer" in out
    assert "node 3: it was heard, and answers no SDO request" in out


def test_an_identity_that_is_cut_off_is_incomplete(capsys: Text) -> None:
    bus = with_devices("3/sdo-dead:0x1018@boot+0", charger=False)
    assert main([*bus, "scan", *BOOTED, "--active", "--nodes", "3", "--timeout", "0.1s"]) == 4
    assert "1018h:04 not answered" in capsys.readouterr().out


def test_nobody_is_there(capsys: Text) -> None:
    bus = ["-i", "virtual", "-c", "an empty bus"]
    assert main([*bus, "scan", "--listen", "0.05s"]) == 3
    captured = capsys.readouterr()
    assert captured.err == (
        "deltaq: nobody was heard; are the devices powered, is the bit rate right, is the bus terminated?;"
        " a device without heartbeat is found with --active\n"
    )
    assert main([*bus, "--json", "scan", "--listen", "0", "--active", "--timeout", "0.05s"]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("deltaq: nobody answered or was heard; are the devices powered")
    (row,) = objects(captured.out)
    assert (row["kind"], row["frames"]) == ("bus", 0)


def test_a_bus_of_something_else_is_not_an_empty_one(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "truck.log"
    log.write_text("(1.0) can0 18FEF100#FFFF\n(1.1) can0 18FEF200#FF\n(1.2) can0 20A#00\n")
    assert main(["scan", str(log)]) == 3
    captured = capsys.readouterr()
    assert "3 frames heard; not CANopen: 2 with 29-bit identifiers" in captured.out
    assert "node 10: spoken to by others, and not heard itself" in captured.out
    assert "nobody speaks CANopen here: all 2 frames heard are something else" in captured.err


def test_a_log_is_listened_to_as_a_bus(capsys: Text) -> None:
    assert main(["--json", "scan", str(CAPTURE)]) == 0
    rows = by_node(capsys.readouterr().out)
    assert sorted(rows) == [1, 10]
    # Counted by hand in the capture: grep -c ' 18A ', ' 701 ', ' 20A '.
    charger = rows[10]
    text = CAPTURE.read_text(encoding="latin-1")
    assert charger["sent"]["TPDO1"] == text.count(" 18A ")
    assert charger["received"]["RPDO1"] == text.count(" 20A ")
    assert rows[1]["sent"] == {"heartbeat": text.count(" 701 ")}
    assert round(charger["heartbeat_s"], 1) == 1.0
    assert (charger["certain"], charger["asked"], charger["doubts"]) == (True, False, [])
    assert charger["emergencies"] == ["0000h error reset or no error"]


def test_a_pdo_alone_is_only_likely_a_nodes(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "pdo.log"
    log.write_text("(1.0) can0 185#0102\n")
    assert main(["scan", str(log)]) == 0
    assert "node 5: only likely: it is known by the COB-ID of a PDO alone" in capsys.readouterr().out


def test_ctrl_c_shows_what_was_heard(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    listen = Ear.listen

    def interrupted(ear: Ear, seconds: float, *, through_losses: bool) -> Iterator[Frame | None]:
        yield next(frame for frame in listen(ear, seconds) if frame is not None)
        signal.raise_signal(signal.SIGINT)
        yield None

    monkeypatch.setattr(Ear, "listen", interrupted)
    assert main(["-i", "sim", "scan", "--active"]) == 130
    assert "10    pre-operational" in capsys.readouterr().out


def interrupt_at(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Press Ctrl-C when the progress line says so."""
    show = ProgressLine.show

    def interrupting(line: ProgressLine, text: str) -> None:
        show(line, text)
        if words in text:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ProgressLine, "show", interrupting)


def test_ctrl_c_while_asking_shows_what_was_answered(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    interrupt_at(monkeypatch, "1 there")
    bus = with_devices("3", charger=False)
    assert main([*bus, "--json", "scan", "--listen", "0", "--active", "--timeout", "0.5s"]) == 130
    assert by_node(capsys.readouterr().out)[3]["product"] == 0x401


def test_ctrl_c_while_reading_shows_what_was_read(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    interrupt_at(monkeypatch, "1018h:04")
    bus = [*with_devices("5", charger=False), "--eds", str(IO_MODULE)]
    assert main([*bus, "scan", "--node", "5", "--objects", "--unknown", "2000-5FFF", *FAST]) == 130
    captured = capsys.readouterr()
    assert "Identity.Serial number" in captured.out
    assert "1029h" not in captured.out
    # The search that was to follow is not begun.
    assert "5FFFh" not in captured.err


def lose_the_bus_at(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Pull the adapter out when the progress line ends so."""
    show = ProgressLine.show

    def losing(line: ProgressLine, text: str) -> None:
        show(line, text)
        if words in text:
            monkeypatch.setattr("deltaq_master.simulator.bus.SimulatedBus.send", unplugged)
            monkeypatch.setattr("deltaq_master.simulator.bus.SimulatedBus._recv_internal", unplugged)

    def unplugged(*_: object, **__: object) -> None:
        raise can.CanOperationError("the adapter was unplugged")

    monkeypatch.setattr(ProgressLine, "show", losing)


def test_a_bus_that_is_lost_leaves_what_was_found(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    lose_the_bus_at(monkeypatch, "1 there")
    bus = with_devices("3", charger=False)
    assert main([*bus, "scan", "--listen", "0", "--active"]) == 3
    captured = capsys.readouterr()
    assert "CiA 401 I/O module" in captured.out
    assert "the bus was lost: " in captured.err


def test_a_bus_that_comes_back_is_listened_to_again(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.down()
        bus.back()
        bus.hear(0x705, "05")

    assert ScriptedCan(monkeypatch).run(script, "--json", "scan", "--listen", "1s") == 0
    captured = capsys.readouterr()
    assert by_node(captured.out).keys() == {5, 10}
    assert [row["kind"] for row in objects(captured.out)] == ["bus-lost", "bus-back", "node", "node", "bus"]
    assert "note: the bus was lost: can0 is down" in captured.err
    assert "note: the bus is heard again" in captured.err


def test_a_bus_that_stays_away_leaves_what_was_heard(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.down()

    assert ScriptedCan(monkeypatch).run(script, "scan", "--listen", "1s") == 3
    captured = capsys.readouterr()
    assert "10" in captured.out
    assert captured.err.endswith(
        "deltaq: the bus was lost: can0 is down; bring it up: ip link set can0 up type can bitrate 500000\n"
    )


def test_nobody_and_another_bit_rate(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    bus = ScriptedCan(monkeypatch)
    bus.bitrate = 250_000
    assert bus.run(lambda _: None, "scan", "--listen", "0.6s") == 3
    said = capsys.readouterr().err
    assert (
        "on can0 at 250000 bit/s; 500000 bit/s is that of the known charger [C]; ip link set can0 down"
        in said
    )
    assert "deltaq: nobody was heard" in said


def test_a_bus_that_is_lost_leaves_the_objects(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    lose_the_bus_at(monkeypatch, "1018h:04")
    bus = [*with_devices("5", charger=False), "--eds", str(IO_MODULE)]
    command = [*bus, "scan", "--node", "5", "--objects", *FAST, "--timeout", "0.5s"]
    assert main(command) == 3
    captured = capsys.readouterr()
    assert "Identity.Serial number" in captured.out
    assert "1029h" not in captured.out


def test_a_bus_that_is_lost_leaves_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    lose_the_bus_at(monkeypatch, "1018h")
    path = tmp_path / "found.jsonl"
    bus = with_devices("5", charger=False)
    command = [*bus, *UNKNOWN, "1000-1FFF", *FAST, "--timeout", "0.5s", "--resume", str(path)]
    assert main(command) == 3
    captured = capsys.readouterr()
    assert "1018h:04" in captured.out
    assert b'"1018h:04"' in path.read_bytes()
    assert "SDO request to node 5 not sent" in captured.err


# --- what one device has ----------------------------------------------------------------------------------


def test_the_objects_of_a_device(capsys: Text) -> None:
    bus = with_devices("5/no-object:0x6200@boot+0", charger=False)
    assert main([*bus, "--eds", str(IO_MODULE), "scan", "--objects", "--node", "5", *FAST]) == 0
    captured = capsys.readouterr()
    lines = [" ".join(line.split()) for line in captured.out.splitlines()]
    assert "1000h:00 Device type 000F0191h" in lines
    assert "1018h:02 Identity.Product code 00000401h" in lines
    assert "1400h:01 RPDO1 communication.COB-ID 00000205h" in lines
    assert len([line for line in lines if line.startswith("6200h:") and " absent " in line]) == 3
    assert captured.err == "note: 253 of 256 objects of the EDS are there, 3 are absent\n"


def test_the_objects_as_json(capsys: Text) -> None:
    assert main(["--json", "-i", "sim", "scan", "--objects", *FAST]) == 0
    rows = {row["object"]: row for row in objects(capsys.readouterr().out)}
    assert rows["1018h:01"] == {
        "schema": "deltaq.scan/1",
        "kind": "object",
        "node": 10,
        "object": "1018h:01",
        "name": "Identity Object.Vendor Id",
        "value": 0x110,
        "unit": "",
        "raw": 0x110,
        "shown": "00000110h",
        "note": "",
        "absent": False,
        "problem": "",
    }


def test_an_object_that_is_not_answered_makes_it_incomplete(capsys: Text) -> None:
    bus = with_devices("5/sdo-dead:0x6200@boot+0", charger=False)
    command = [*bus, "--eds", str(IO_MODULE), "-n", "5", "scan", "--objects", *FAST, "--timeout", "0.5s"]
    assert main(command) == 4
    assert "deltaq: 6200h:00 " in capsys.readouterr().err


def test_a_device_that_is_not_there(capsys: Text) -> None:
    assert main(["-i", "sim", "-n", "11", "scan", "--objects", "--timeout", "0.05s"]) == 3
    assert "node 11: it answers no SDO request" in capsys.readouterr().err


def test_the_chargers_eds_is_not_taken_for_another_device(capsys: Text) -> None:
    bus = with_devices("5", charger=False)
    assert main([*bus, "scan", "--objects", "--node", "5"]) == 2
    assert capsys.readouterr().err == (
        "deltaq: node 5 is CiA 401 I/O module, and the shipped EDS is a charger's;"
        " give its own: deltaq --eds FILE scan --objects\n"
    )


def test_no_charger_code_is_needed_for_another_device() -> None:
    words = [*with_devices("5", charger=False), "--eds", str(IO_MODULE), "scan"]
    one = [*words, "--node", "5", "--objects", "--unknown", "2000-2010", "--pace", "5000"]
    every = [*words, "--active", "--listen", "0", "--nodes", "5"]
    code = (
        f"import sys; from deltaq_master.cli import main; done = [main({one}), main({every})]\n"
        "charger = [name for name in sys.modules if 'deltaq_master.charger' in name]\n"
        "print(list(map(int, done)), charger, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[0, 0] []"


# --- what no EDS tells of ---------------------------------------------------------------------------------

UNKNOWN = ("scan", "--node", "5", "--unknown")


def test_without_an_eds_everything_is_unknown(capsys: Text) -> None:
    assert main([*with_devices("5", charger=False), *UNKNOWN, "1000-1018", *FAST]) == 0
    captured = capsys.readouterr()
    lines = [" ".join(line.split()) for line in captured.out.splitlines()]
    assert "1000h:00 91 01 0F 00 983441" in lines
    assert "1009h:00 41 32 'A2'" in lines
    assert "1018h:02 01 04 00 00 1025" in lines
    assert "without an EDS of this device every object that answers is unknown" in captured.err


def test_with_an_eds_only_what_it_does_not_tell_of(capsys: Text, tmp_path: Path) -> None:
    text = IO_MODULE.read_text(encoding="utf-8")
    place = text.index("[1009]")
    eds = tmp_path / "forgetful.eds"
    eds.write_text(text[:place] + text[text.index("[", place + 1) :])
    bus = with_devices("5", charger=False)
    assert main([*bus, "--json", "--eds", str(eds), *UNKNOWN, "1000-1018", *FAST]) == 0
    captured = capsys.readouterr()
    assert objects(captured.out) == [
        {
            "schema": "deltaq.scan/1",
            "kind": "unknown",
            "node": 5,
            "object": "1009h:00",
            "data": "41 32",
            "problem": "",
            "lost": False,
        }
    ]
    assert captured.err == "note: 1 objects in 1000h to 1018h answer that are not in the EDS\n"


def test_refusals_for_one_reason_share_a_row(capsys: Text) -> None:
    faults = "/".join(f"no-object:{index:#x}@boot+0" for index in (0x1000, 0x1018))
    bus = with_devices(f"5/{faults}", charger=False)
    assert main([*bus, *UNKNOWN, "1000-1018", *FAST]) == 0
    assert "1000h" not in capsys.readouterr().out
    bus = with_devices("5/sdo-abort@boot+0", charger=False)
    assert main([*bus, *UNKNOWN, "2000-2003", *FAST]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == ["2000h:00 to 2003h:00 aborted: general error (0800 0000h) (4 objects)"]


def test_a_search_that_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    bus = with_devices("5", charger=False)
    assert main([*bus, "--json", *UNKNOWN, "1000-10FF", *FAST]) == 0
    whole = objects(capsys.readouterr().out)
    path = tmp_path / "found.jsonl"
    resumed = [*bus, "--json", *UNKNOWN, "1000-10FF", *FAST, "--resume", str(path)]
    add, asked = SearchFile.add, []

    def interrupting(file: SearchFile, probe: Any) -> None:
        add(file, probe)
        asked.append(probe.index)
        if probe.index in (0x1018, 0x1050):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(SearchFile, "add", interrupting)
    assert main(resumed) == 130
    first = objects(capsys.readouterr().out)
    assert [row["object"] for row in first][-1] < "1019h"
    assert main(resumed) == 130
    assert "is done up to 1018h; going on from there" in capsys.readouterr().err
    assert main(resumed) == 0
    assert objects(capsys.readouterr().out) == whole
    # Every index was looked at once, in three runs.
    assert asked == list(range(0x1000, 0x1100))
    # And a finished one asks nothing more.
    assert main(resumed) == 0
    assert objects(capsys.readouterr().out) == whole
    assert len(asked) == 0x100


def test_a_search_of_another_device_is_refused(tmp_path: Path, capsys: Text) -> None:
    path = tmp_path / "found.jsonl"
    bus = with_devices("5", "6/value:0x1018:04=99@boot+0", charger=False)
    assert main([*bus, *UNKNOWN, "2000-2001", "--resume", str(path)]) == 0
    before = path.read_bytes()
    assert main([*bus, "scan", "--node", "6", "--unknown", "2000-2001", "--resume", str(path)]) == 2
    assert "is the search of another device" in capsys.readouterr().err
    assert main([*bus, *UNKNOWN, "2000-2002", "--resume", str(path)]) == 2
    assert "another range" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_device_that_goes_away_leaves_it_incomplete(tmp_path: Path, capsys: Text) -> None:
    path = tmp_path / "found.jsonl"
    bus = with_devices("5/silence@boot+1", charger=False)
    slow = ("--pace", "40", "--timeout", "0.5s", "--resume", str(path))
    assert main([*bus, *UNKNOWN, "2000-2FFF", *slow]) == 4
    err = capsys.readouterr().err
    assert "node 5: it has stopped answering at 20" in err
    assert "check power and wiring, then go on" in err


def test_a_lost_answer_leaves_it_incomplete(capsys: Text) -> None:
    bus = with_devices("5/sdo-dead:0x1008@boot+0", charger=False)
    assert main([*bus, *UNKNOWN, "1007-100A", *FAST, "--timeout", "0.5s"]) == 4
    captured = capsys.readouterr()
    assert "1009h:00" in captured.out
    assert "1 requests were not answered" in captured.err


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["x.log", "--active"], "a log cannot be asked; leave LOGFILE out"),
        (["--objects", "--active"], "--active is about all nodes"),
        (["--nodes", "3"], "--nodes is about --active; add --active, or leave it out"),
        (["--node", "3"], "--node is about one device"),
        (["--pace", "3"], "--pace is about one device"),
        (["--resume", "x"], "--resume is about --unknown"),
        (["--active", "--timeout", "0"], "--timeout is 0 s"),
        (["--active", "--nodes", "0-3"], "0-3 is not within 1 to 127, the lower one first"),
        (["--active", "--nodes", "20-3"], "20-3 is not within 1 to 127"),
        (["--active", "--nodes", "1-200"], "1-200 is not within 1 to 127"),
        (["--active", "--nodes", "a"], "'a' are no node-IDs; write 5, 1-20 or 1-20,30"),
        (["--unknown", "2000"], "'2000' is no range of indices; write 2000-5FFF"),
        (["--unknown", "5FFF-2000"], "the lower index stands first"),
        (["nowhere.log"], "nowhere.log: cannot be opened"),
    ],
)
def test_words_that_cannot_be_used(asked: list[str], said: str, capsys: Text) -> None:
    assert main(["-i", "sim", "scan", *asked]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_ranges_are_written_in_many_ways(capsys: Text) -> None:
    bus = with_devices("5", charger=False)
    assert main([*bus, *UNKNOWN, "0x1000-1001h", *FAST]) == 0
    assert "1000h to 1001h" in capsys.readouterr().err


def test_what_bytes_may_be() -> None:
    assert words(b"") == ("(empty)", "")
    assert words(b"\x01\x02") == ("01 02", "513")
    assert words(b"ICL\0") == ("49 43 4C 00", "'ICL'")
    assert words(bytes(9)) == ("00 00 00 00 00 00 00 00 00", "")


def test_progress_is_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", stream)
        with ProgressLine() as progress:
            for text in islice(("one", "one", "two"), 3):
                progress.show(text)
        assert stream.getvalue() == shown


def test_the_time_that_is_left() -> None:
    assert left(1, 4, 10.0) == "25 %, about 30 s left"
    assert left(0, 4, 10.0) == "0 %"
    assert left(4, 4, 10.0) == "100 %, about 0 s left"
