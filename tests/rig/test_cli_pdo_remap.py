"""`deltaq pdo remap` through its door: the plan, the word that carries it out, refusals, what goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deltaq_master import Master
from deltaq_master.charger.limits import Limits
from deltaq_master.cli import main
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.pdo_profile import profile_of, read_profile
from deltaq_master.dictionary.shipped import eds_path, profile_paths
from deltaq_master.errors import CallError
from deltaq_master.link.device import transaction
from deltaq_master.link.sdo.channel import SdoChannel
from tests.rig.test_cli_charge import Tap, bench, patient, tap

__all__ = ["bench", "tap"]
"""Fixtures of another module, used here."""

Text = pytest.CaptureFixture[str]
BENCH = ("-i", "sim", "-c", "bench")


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where journals go."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def as_found(bench: Tap) -> Iterator[Tap]:
    """The wire of this module, with the layout of the notes before and after."""
    yield bench
    assert main([*BENCH, "pdo", "remap", "icl1500-85", "--apply"]) == 0


def written(bench: Tap, since: int) -> list[str]:
    """Writes by SDO that the device was asked for."""
    frames = [bytes(frame.data) for frame in bench.ours(since) if frame.arbitration_id == 0x60A]
    return [data.hex(" ").upper() for data in frames if data[0] >> 5 == 1]


def result(capsys: Text) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


# --- what is there ----------------------------------------------------------------------------------------


def test_the_shipped_profiles_are_listed(capsys: Text) -> None:
    assert main(["pdo", "remap", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[::2]] == [
        "cia-419", "davewl", "delta-q-standard", "ennoid-bms", "icl1500-85",
    ]  # fmt: skip
    assert lines[6] == "ennoid-bms: ENNOID BMS (RPDO3, RPDO1, RPDO2)"
    assert all("[C]" in line for line in lines[1::2])
    assert main(["--json", "pdo", "remap", "--list"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["schema"] for row in rows} == {"deltaq.pdo-profiles/1"}
    assert rows[4]["pdos"] == ["RPDO1", "RPDO2", "RPDO3", "RPDO4", "TPDO1", "TPDO2", "TPDO3"]


# --- the plan ---------------------------------------------------------------------------------------------

PLAN = """\
Remap of node 10 to: a
1  1401h:01  disable RPDO2          0000030A  8000030A  30Ah, enabled -> 30Ah, disabled
2  1601h:00  RPDO2 without slots    05        00        5 slots -> 0 slots
3  1601h:01  RPDO2 slot 1           2FFA0108  60000008  2FFAh:01 Zero-Filling.ZeroRxFilling, 8 bits -> \
6000h:00 Battery Status, 8 bits
4  1601h:02  RPDO2 slot 2           2FFA0108  5FFF0108  2FFAh:01 Zero-Filling.ZeroRxFilling, 8 bits -> \
5FFFh:01 not in the EDS, 8 bits
5  1601h:00  RPDO2 number of slots  00        02        0 slots -> 2 slots
6  1401h:02  RPDO2 parameter        FF        01        event-driven -> type 01h
7  1401h:05  RPDO2 parameter        0000      01F4      off -> 500 ms
8  1401h:01  enable RPDO2           8000030A  0000030A  30Ah, disabled -> 30Ah, enabled
"""


def test_the_plan_is_shown_and_nothing_written(bench: Tap, capsys: Text, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[RPDO2]\nmap = ["0x6000", "0x5FFF:01/8"]\ntransmission_type = 1\nevent_timer_ms = 500\n')
    since = len(bench.settle().frames)
    for words in ((), ("--dry-run",)):
        assert main([*BENCH, "pdo", "remap", str(path), *words]) == 0
        said = capsys.readouterr()
        assert said.out == PLAN
        assert "note: RPDO2 slot 2 (5FFFh:01) is not in the EDS: 8 bits that nobody here can" in said.err
        assert "nothing was written; add --apply to write it" in said.err
    assert written(bench, since) == []


def test_the_plan_as_json(bench: Tap, capsys: Text) -> None:
    assert main(["--json", *BENCH, "pdo", "remap", "davewl"]) == 0
    plan = result(capsys)
    assert plan["schema"] == "deltaq.pdo-remap/1"
    assert (plan["node"], plan["outcome"], plan["profile"]) == (
        10,
        "planned",
        "DavewL, Battery_Testing_System",
    )
    assert plan["writes"][0] == {
        "number": 1,
        "object": "1400h:01",
        "what": "disable RPDO1",
        "old": "0000020A",
        "new": "8000020A",
        "old_means": "20Ah, enabled",
        "new_means": "20Ah, disabled",
    }
    assert len(plan["writes"]) == 10
    assert plan["refusals"] == plan["warnings"] == plan["differences"] == []


# --- carried out ------------------------------------------------------------------------------------------


def test_a_remap_in_the_order_of_cia_301(as_found: Tap, capsys: Text, state: Path) -> None:
    since = len(as_found.settle().frames)
    assert main([*BENCH, "pdo", "remap", "ennoid-bms", "--apply"]) == 0
    said = capsys.readouterr()
    assert "done: 7 writes, all read back; node 10 is as the profile wants it" in said.err
    assert "whether it survives a power cycle is not known: the device has no 1010h" in said.err
    assert written(as_found, since) == [
        "23 00 14 01 0A 02 00 80",
        "23 01 14 01 0A 03 00 80",
        "23 02 16 01 10 00 70 60",
        "23 02 16 02 08 00 00 60",
        "23 02 16 03 20 00 71 22",
        "2F 02 16 00 03 00 00 00",
        "23 02 14 01 0A 04 00 00",
    ]
    # The journal is gone with the change.
    assert [path for path in state.rglob("*") if path.is_file()] == []
    # Once more there is nothing to do, and nothing is written.
    since = len(as_found.settle().frames)
    assert main(["--json", *BENCH, "pdo", "remap", "ennoid-bms", "--apply"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["outcome"] == "nothing to do"
    assert "nothing to do: node 10 is as the profile wants it" in said.err
    assert written(as_found, since) == []


def test_a_dcf_as_profile(as_found: Tap, capsys: Text, tmp_path: Path) -> None:
    path = tmp_path / "before.dcf"
    assert main([*BENCH, "pdo", "dump", "--dcf", str(path)]) == 0
    assert main([*BENCH, "pdo", "remap", "cia-419", "--apply"]) == 0
    capsys.readouterr()
    assert main(["--json", *BENCH, "pdo", "remap", str(path), "--apply"]) == 0
    assert result(capsys)["outcome"] == "done"
    assert main(["--json", *BENCH, "pdo", "remap", str(path)]) == 0
    assert result(capsys)["outcome"] == "nothing to do"


# --- refused ----------------------------------------------------------------------------------------------


def test_a_refusal_shows_the_plan_and_writes_nothing(bench: Tap, capsys: Text, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[RPDO1]\nmap = ["0x6001"]\nevent_timer_ms = 0\n[RPDO2]\ncob_id = 0x20A\n')
    since = len(bench.settle().frames)
    assert main(["--json", *BENCH, "pdo", "remap", str(path), "--apply"]) == 1
    said = capsys.readouterr()
    plan = json.loads(said.out)
    assert plan["outcome"] == "refused"
    assert plan["refusals"] == [
        "RPDO1 slot 1 (Charger Status) cannot be received: its access is ro in the EDS",
        "RPDO1 and RPDO2 would both have COB-ID 20Ah",
    ]
    assert (
        "deltaq: the remap of node 10 refused: RPDO1 slot 1 (Charger Status) cannot be received" in said.err
    )
    assert written(bench, since) == []


def test_a_watchdog_is_weakened_only_where_it_is_named(as_found: Tap, capsys: Text, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[RPDO2]\nevent_timer_ms = 500\n")
    assert main([*BENCH, "pdo", "remap", str(path), "--apply"]) == 0
    path.write_text("[RPDO2]\nevent_timer_ms = 0\n")
    capsys.readouterr()
    assert main([*BENCH, "pdo", "remap", str(path), "--apply"]) == 1
    assert "if you are sure, name it: --allow 0x1401:05" in capsys.readouterr().err
    assert main([*BENCH, "pdo", "remap", str(path), "--apply", "--allow", "0x1401:05"]) == 0


def test_an_operational_charger_is_refused_unless_forced(as_found: Tap, capsys: Text) -> None:
    assert main([*BENCH, "nmt", "start"]) == 0
    try:
        assert main([*BENCH, "pdo", "remap", "davewl", "--apply"]) == 1
        assert "it is operational, and PDOs are changed in pre-operational" in capsys.readouterr().err
        assert main([*BENCH, "pdo", "remap", "davewl", "--apply", "--force"]) == 0
        assert "note: it is operational" in capsys.readouterr().err
    finally:
        assert main([*BENCH, "nmt", "preop"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no PROFILE is named; name a file or one of: deltaq pdo remap --list"),
        (("ennoid",), "'ennoid' is neither a file nor a shipped profile; did you mean 'ennoid-bms'?"),
        (
            ("davewl", "--apply", "--dry-run"),
            "--apply and --dry-run contradict each other; leave one of them",
        ),
        (("none.toml",), "none.toml: cannot be read: No such file or directory"),
        (("davewl", "--allow", "0x1400:77"), "1400h:77 is not in ICL1500-85.eds"),
    ],
)
def test_wrong_words(capsys: Text, words: tuple[str, ...], sentence: str) -> None:
    assert main([*BENCH, "pdo", "remap", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_profile_that_names_an_object_twice(capsys: Text, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[RPDO1]\nmap = [\n  "0x6000",\n  "Battery Status",\n]\n')
    assert main([*BENCH, "pdo", "remap", str(path)]) == 2
    assert (
        f"{path}:2: RPDO1.map: 'Battery Status': 6000h:00 is named 2 times; "
        "if that is meant, write Battery Status #2" in capsys.readouterr().err
    )


def test_a_device_that_is_not_there(capsys: Text) -> None:
    assert main(["-i", "sim", "-n", "11", "pdo", "remap", "davewl"]) == 3
    assert "it answers no SDO request and sends no heartbeat" in capsys.readouterr().err


# --- what goes wrong --------------------------------------------------------------------------------------


def faulty(tap: Callable[..., Tap], fault: str) -> tuple[str, ...]:
    """A wire with a charger that has this fault at a write, and words that name it."""
    return ("-i", "sim", "-c", tap(fault=fault).channel)


@pytest.mark.parametrize("fault", ["write-abort-at:4", "write-wrong-at:4"])
def test_a_failure_is_undone_and_said(tap: Callable[..., Tap], capsys: Text, fault: str) -> None:
    words = faulty(tap, fault)
    assert main(["--json", *words, "pdo", "remap", "ennoid-bms", "--apply", "--force"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["outcome"] == "undone"
    assert "deltaq: node 10: the change failed: " in said.err
    assert "undone: it holds what it held before" in said.err
    assert main(["--json", *words, "pdo", "remap", "icl1500-85"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "nothing to do"


def test_a_device_that_is_gone_is_said_object_by_object(
    tap: Callable[..., Tap], capsys: Text, monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    clock = iter(range(0, 1000, 5))

    class Fast:
        monotonic = staticmethod(lambda: next(clock))
        sleep = staticmethod(lambda _: None)

    monkeypatch.setattr(transaction, "time", Fast)
    monkeypatch.setattr(SdoChannel, "RESPONSE_TIMEOUT", 0.3)
    assert (
        main(
            ["--json", *faulty(tap, "write-silence-at:3"), "pdo", "remap", "ennoid-bms", "--apply", "--force"]
        )
        == 1
    )
    said = capsys.readouterr()
    outcome = json.loads(said.out)
    assert outcome["outcome"] == "not undone"
    assert [text.split(" (")[0] for text in outcome["differences"]] == [
        "1400h:01 should be 0A 02 00 00, is not read",
        "1401h:01 should be 0A 03 00 00, is not read",
        "1602h:01 should be 00 00 00 00, is not read",
    ]
    # What it held is still on the disk.
    assert len([path for path in state.rglob("*.journal") if path.is_file()]) == 1


@patient
def test_ctrl_c_in_the_middle_rolls_back(tap: Callable[..., Tap], capsys: Text) -> None:
    wire = tap()
    words = ("-i", "sim", "-c", wire.channel)
    third = bytes.fromhex("23 02 16 01")
    wire.when(lambda frame: bytes(frame.data[:4]) == third, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(["--json", *words, "pdo", "remap", "ennoid-bms", "--apply", "--force"]) == 130
    said = capsys.readouterr()
    assert json.loads(said.out)["outcome"] == "interrupted"
    assert "interrupted: the change was undone, the device holds what it held before" in said.err
    assert main(["--json", *words, "pdo", "remap", "icl1500-85"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "nothing to do"


def test_a_full_disk_leaves_the_device_alone(bench: Tap, capsys: Text, tmp_path: Path) -> None:
    since = len(bench.settle().frames)
    place = tmp_path / "is a file"
    place.write_text("")
    assert main([*BENCH, "pdo", "remap", "davewl", "--apply", "--journal", str(place / "x")]) != 0
    assert "journal" in capsys.readouterr().err
    assert written(bench, since) == []


def test_what_a_crash_leaves_behind_is_undone_by_recover(
    tap: Callable[..., Tap], capsys: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        """Stands for the end of the process: nothing is undone."""

    def killed(*_: object) -> None:
        raise KilledError

    wire = tap()
    words = ("-i", "sim", "-c", wire.channel)
    third = bytes.fromhex("23 02 16 01")
    wire.when(lambda frame: bytes(frame.data[:4]) == third, lambda: os.kill(os.getpid(), signal.SIGINT))
    with monkeypatch.context() as patched:
        patched.setattr(transaction.Transaction, "_back_out", killed)
        with pytest.raises(KilledError):
            main([*words, "pdo", "remap", "ennoid-bms", "--apply", "--force"])
    assert main([*words, "pdo", "remap", "ennoid-bms", "--apply", "--force"]) == 1
    assert "deltaq config recover" in capsys.readouterr().err
    assert main([*words, "config", "recover"]) == 0
    capsys.readouterr()
    assert main(["--json", *words, "pdo", "remap", "icl1500-85"]) == 0
    assert result(capsys)["outcome"] == "nothing to do"


# --- other devices, and the API ---------------------------------------------------------------------------


def test_no_charger_code_is_needed_for_another_device(tmp_path: Path) -> None:
    """A device of CiA 401: its EDS, made for this test, its profile, and no import of charger code."""
    text = eds_path().read_text().replace("DefaultValue=0x000001A3", "DefaultValue=0x00000191")
    eds = tmp_path / "io.eds"
    eds.write_text(text)
    layout = tmp_path / "a.toml"
    layout.write_text("[TPDO1]\nevent_timer_ms = 50\n")
    program = (
        "import sys\n"
        "from deltaq_master.cli import main\n"
        f"code = main(['--eds', {str(eds)!r}, '-n', '5', '-i', 'sim', '--sim', 'charger=no',"
        f" '--sim', 'device={eds}@5', 'pdo', 'remap', {str(layout)!r}, '--apply', '--force'])\n"
        "found = [name for name in sys.modules if name.startswith('deltaq_master.charger')]\n"
        "sys.exit(f'{code} {found}' if code or found else 0)\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def eds() -> Dictionary:
    return load(eds_path(), 10)


def test_a_charger_is_charged_with_the_layout_that_it_was_given(
    tap: Callable[..., Tap], eds: Dictionary
) -> None:
    """The master packs what the device maps now: other COB-ID, 7 bytes, voltage x1024."""
    wire = tap(soc="50", start_delay="0")
    with Master.open("deltaq_sim", wire.channel) as master:
        charger = master.charger()
        plan = charger.remap(read_profile(profile_paths()["ennoid-bms"], eds), force=True)
        assert len(plan.steps) == 7
        assert charger.dump.rpdo(3).mapping.length == charger.node.rpdo.numbered(3).mapping.length == 7
        run = charger.charge(84.0, 5.0, limits=Limits(84.2, 12.0), duration=3600.0)
        for view in run:
            if view.phase.name == "CHARGING":
                break
        with pytest.raises(CallError, match="node 10 is being charged; stop that charge"):
            charger.remap(profile_of("", "a.toml", eds))
        run.stop()
    frames = [bytes(frame.data) for frame in wire.settle().frames if frame.arbitration_id == 0x40A]
    assert {len(data) for data in frames} == {7}
    # 84 V x 1024 = 86016 = 15000h, at first ready 0 and 0 A.
    assert frames[0] == bytes.fromhex("00 00 00 00 50 01 00")
    assert any(data[2] == 1 and data[3:] == bytes.fromhex("00 50 01 00") for data in frames)
    assert not [frame for frame in wire.frames if frame.arbitration_id == 0x20A]


def test_the_documented_python(tap: Callable[..., Tap], capsys: Text) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "pdo-remap.md").read_text("utf-8")
    block = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert block is not None
    code = block[1].replace('"socketcan", "can0"', f'"deltaq_sim", {tap().channel!r}')
    code = code.replace("my.toml", str(profile_paths()["davewl"]))
    exec(compile(code, "pdo-remap.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1400h:01 = 0A 02 00 80 (disable RPDO1)"
    assert lines[-1].startswith("<PdoMap RxPDO1_node10 at 20Ah>")
