"""`deltaq config` through its door, against the simulated charger and a simulated I/O module."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.cli.write import value_of
from deltaq_master.configuration.journal import read_journal
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry
from tests.rig.test_cli_charge import Tap, tap

__all__ = ["tap"]
"""Fixture of another module, used here."""

Text = pytest.CaptureFixture[str]
EDS = Path(__file__).parent.parent / "eds" / "cia401.eds"
NODE = 5
BY_HAND = {
    "0x1017": "500",
    "0x1029:01": "1",
    "0x1800:05": "250",
    "0x1801:05": "900",
    "0x1802:05": "800",
    "0x1F80": "8",
    "0x1F81:01": "1",
    "0x2243": "3",
    "0x2302": "40",
    "0x2E00": "2",
}


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Journals of this test alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield
    left = list((tmp_path / "state").rglob("*.journal"))
    assert left == []


class Bench:
    """A device on a wire of its own, a command line for it, and what was sent to it."""

    def __init__(self, seen: Tap, words: tuple[str, ...], capsys: Text) -> None:
        self.tap = seen
        self._words = words
        self._capsys = capsys

    def deltaq(self, *words: str) -> tuple[int, str, str]:
        code = main([*self._words, *words])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.deltaq("--json", *words)
        return code, json.loads(out)

    def read(self, *entries: str) -> Any:
        _, out, _ = self.deltaq("--json", "read", *entries)
        raw = [json.loads(line)["raw"] for line in out.splitlines()]
        return raw if len(entries) > 1 else raw[0]

    def writes(self, since: int = 0) -> list[bytes]:
        """Requests that begin an SDO download."""
        frames = self.tap.ours(since)
        requests = [bytes(f.data) for f in frames if f.arbitration_id & 0x780 == 0x600]
        return [data for data in requests if data[0] >> 5 in (1, 6)]


@pytest.fixture
def charger(tap: Callable[..., Tap], capsys: Text) -> Bench:
    """The charger, whose heartbeat comes every second."""
    seen = booted(tap(), 10)
    # It is heard soon, so that nobody has to wait for its NMT state.
    seen.bus.send(_download(10, "2B 17 10 00 64 00 00 00"))
    return Bench(seen, ("-i", "sim", "-c", seen.channel), capsys)


@pytest.fixture
def module(tap: Callable[..., Tap], capsys: Text) -> Bench:
    """An I/O module as node 5, without any charger."""
    seen = booted(tap(charger="no", device=f"{EDS}@{NODE}"), NODE)
    words = ("-i", "sim", "-c", seen.channel, "-n", str(NODE), "--eds", str(EDS))
    return Bench(seen, words, capsys)


def booted(seen: Tap, node: int) -> Tap:
    """The wire once a device on it has said that it is there; before, it hears nothing."""
    for _ in range(100):
        if any(frame.arbitration_id == 0x700 + node for frame in seen.settle().frames):
            return seen
    raise AssertionError("it does not boot")


def _download(node: int, data: str) -> can.Message:
    return can.Message(arbitration_id=0x600 + node, data=bytes.fromhex(data), is_extended_id=False)


# --- there and back ---------------------------------------------------------------------------------------


def test_ten_changes_by_hand_are_named_and_restored(charger: Bench, tmp_path: Path) -> None:
    file = str(tmp_path / "charger.dcf")
    assert charger.deltaq("config", "snapshot", file)[0] == 0
    assert charger.deltaq("config", "diff", "device", file)[0] == 0
    before = charger.read(*BY_HAND)
    for entry, value in BY_HAND.items():
        assert charger.deltaq("write", entry, value, "--raw")[0] == 0
    code, found = charger.json("config", "diff", "device", file)
    assert code == 1
    assert found["schema"] == "deltaq.config-diff/1"
    named = [Address.parse(row["object"]) for row in found["differences"]]
    assert named == sorted(Address.parse(entry) for entry in BY_HAND)

    code, out, err = charger.deltaq("config", "restore", file)
    assert code == 0
    assert "Producer Heartbeat Time" in out
    assert "500 ms -> 100 ms" in out
    assert "whether it keeps a value by itself is not known [U]" in err
    assert "1029h is volatile: it is gone after a power cycle [C]" in err
    assert f"deltaq config diff device {file}" in err
    assert charger.read(*BY_HAND) == before

    since = len(charger.tap.settle().frames)
    for verb in ("restore", "apply"):
        code, _, err = charger.deltaq("config", verb, file)
        assert code == 0
        assert "nothing to write" in err
    assert charger.writes(since) == []
    assert len(charger.tap.ours(since)) > 400, "it was asked all the same"


def test_a_snapshot_is_reads_alone_and_says_whose_it_is(charger: Bench, tmp_path: Path) -> None:
    file = tmp_path / "charger.dcf"
    since = len(charger.tap.settle().frames)
    code, found = charger.json("config", "snapshot", str(file))
    assert code == 0
    assert charger.writes(since) == []
    assert found["schema"] == "deltaq.config-snapshot/1"
    sidecar = json.loads((tmp_path / "charger.dcf.json").read_text())
    assert sidecar["schema"] == "deltaq.snapshot/1"
    assert sidecar["node"] == 10
    assert sidecar["identity"]["vendor"] == 0x110
    assert sidecar["identity"]["software"] == "001.008.00000#00008"
    assert sidecar["eds"]["name"] == "ICL1500-85.eds"
    assert sidecar["further"]["2101h:00"] == "00 47"  # 71 V in 1/256 V
    text = file.read_text()
    assert "\nParameterValue=0x0064\n" in text  # 1017h
    assert text.count("\nParameterValue=") == found["objects"]
    # Its own file is not replaced unless that is said.
    code, _, err = charger.deltaq("config", "snapshot", str(file))
    assert (code, "add --overwrite" in err) == (2, True)
    assert charger.deltaq("config", "snapshot", str(file), "--overwrite")[0] == 0


def test_an_incomplete_snapshot_says_what_is_missing(
    tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    seen = tap(fault="sdo-dead:0x2243,no-object:0x2302")
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel), capsys)
    file = str(tmp_path / "charger.dcf")
    code, out, err = bench.deltaq("--json", "config", "snapshot", file)
    assert code == 4
    found = json.loads(out)
    assert list(found["failures"]) == ["2243h:00"]
    assert "2302h:00" in found["absent"]
    assert "2243h:00 is not read: not answered" in err
    # Incomplete is never the same.
    code, _, err = bench.deltaq("config", "diff", "device", file)
    assert code == 4
    assert "2243h:00 could not be compared" in err


def test_a_silent_device_is_3(tap: Callable[..., Tap], capsys: Text, tmp_path: Path) -> None:
    seen = tap(fault="silence")
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel), capsys)
    code, _, err = bench.deltaq("config", "snapshot", str(tmp_path / "charger.dcf"))
    assert code == 3
    assert "is it powered" in err
    assert list(tmp_path.glob("*.dcf*")) == []


def test_concise_files_go_out_and_come_back(module: Bench, tmp_path: Path) -> None:
    file = tmp_path / "module.cdcf"
    assert module.deltaq("config", "snapshot", str(file))[0] == 0
    assert module.deltaq("config", "apply", "--set", "0x2100:03=99", "--set", "0x1017=333")[0] == 0
    code, out, _ = module.deltaq("config", "diff", str(file), "device")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["object", "1017h:00", "2100h:03"]
    assert module.deltaq("config", "restore", str(file))[0] == 0
    assert module.deltaq("config", "diff", str(file), "device")[0] == 0


# --- what is planned --------------------------------------------------------------------------------------


def test_a_plan_is_in_the_order_of_cia_301_and_writes_nothing(module: Bench) -> None:
    since = len(module.tap.settle().frames)
    code, found = module.json("config", "plan", "--set", "0x1800:02=1", "--set", "0x2100:02=7")
    assert code == 0
    assert found["schema"] == "deltaq.config-plan/1"
    steps = [(step["object"], step["data"], step["why"]) for step in found["steps"]]
    assert steps[0] == ("2100h:02", "07 00", "")
    assert [why for _, _, why in steps[1:]] == ["disable TPDO1", "TPDO1 parameter", "enable TPDO1"]
    assert steps[1][:2] == ("1800h:01", "85 01 00 C0")
    assert module.writes(since) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "0x6000=1"), "6000h:00 Battery Status: it is a command object"),
        (("--set", "0x6000=1", "--allow", "0x6000", "--force"), "it is a command object"),
        (("--set", "0x4208=80"), "4208h:00 Max Charger Voltage U16 Q8: the EDS forbids it"),
        (("--set", "0x1016:01=0"), "watch over its master; if you are sure, name it: --allow 0x1016:01"),
        (("--set", "0x6081=50"), "it is process data (PDOMapping=1), no configuration"),
        (("--set", "0x1018:01=1"), "it is ro in the EDS, no configuration"),
        (("--set", "0x1003=0"), "it is its error history, no configuration"),
    ],
)
def test_refused_and_then_nothing_is_written(words: tuple[str, ...], said: str, charger: Bench) -> None:
    since = len(charger.tap.settle().frames)
    code, _, err = charger.deltaq("config", "apply", "--set", "0x1017=500", *words)
    assert code == 1
    assert f"refused: {said}" in err or said in err
    assert "node 10 was not changed: 1 refusals" in err
    assert charger.writes(since) == []


def test_a_refusal_in_json(charger: Bench) -> None:
    code, found = charger.json("config", "apply", "--set", "0x4208=80")
    assert (code, found["result"], len(found["refusals"]), found["written"]) == (1, "refused", 1, [])


@pytest.mark.parametrize(("entry", "value"), [("0x4208", "80"), ("0x1016:01", "0x10BB8")])
def test_what_is_named_is_written(entry: str, value: str, charger: Bench) -> None:
    words = ("--set", f"{entry}={value}", "--allow", entry)
    assert charger.deltaq("config", "apply", *words)[0] == 0


def test_over_the_limits_of_the_eds_nothing_is_sent(module: Bench) -> None:
    since = len(module.tap.settle().frames)
    code, _, err = module.deltaq("config", "apply", "--set", "0x2100:01=1001")
    assert code == 5
    assert "is not at most 1000 raw" in err
    assert not any(f.arbitration_id == 0x600 + NODE for f in module.tap.ours(since))


def test_a_charger_that_charges_is_not_changed(
    tap: Callable[..., Tap], capsys: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By its own algorithm, at once.
    seen = tap(algorithm="1", local_wait="0", start_delay="0", soc="50")
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel), capsys)
    for _ in range(50):
        if bench.read("0x2006") & 0x0F00:
            break
    code, _, err = bench.deltaq("config", "apply", "--set", "0x1017=500")
    assert code == 1
    assert "it charges" in err
    assert "end that first, or add --force" in err
    assert bench.deltaq("config", "apply", "--set", "0x1017=500", "--force")[0] == 0


def test_pdos_of_an_operational_device_are_not_changed(module: Bench) -> None:
    module.tap.bus.send(can.Message(arbitration_id=0, data=[1, NODE], is_extended_id=False))
    code, _, err = module.deltaq("config", "apply", "--set", "0x1800:02=1")
    assert code == 1
    assert "it is operational, and PDOs would change" in err
    assert module.deltaq("config", "apply", "--set", "0x1800:02=1", "--force")[0] == 0


# --- files that do not fit --------------------------------------------------------------------------------


def test_a_file_of_another_device(charger: Bench, module: Bench, tmp_path: Path) -> None:
    file = str(tmp_path / "module.dcf")
    assert module.deltaq("config", "snapshot", file)[0] == 0
    since = len(charger.tap.settle().frames)
    code, _, err = charger.deltaq("config", "apply", file)
    assert code == 1
    assert "module.dcf is for another device: vendor (1018h:01) is 110h, and 7F1h is expected" in err
    assert "module.dcf is for node 5" in err
    assert "2100h:01 is not in ICL1500-85.eds" in err
    assert "--skip-absent" in err
    assert charger.writes(since) == []
    # Said three times that it is meant: what fits is written.
    words = ("--other-device", "--skip-absent", "--except", "0x1016:01", "--except", "0x1016:02")
    code, found = charger.json("config", "plan", file, *words)
    assert any("is for another device" in note for note in found["notes"])
    assert not any("is for another device" in text for text in found["refusals"])


def test_a_snapshot_cut_in_half(charger: Bench, tmp_path: Path) -> None:
    file = tmp_path / "charger.dcf"
    charger.deltaq("config", "snapshot", str(file))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for words in (
        ("apply", str(file)),
        ("restore", str(file)),
        ("plan", str(file)),
        ("diff", "device", str(file)),
    ):
        since = len(charger.tap.settle().frames)
        code, _, err = charger.deltaq("config", *words)
        assert code == 2
        assert "is not the file that charger.dcf.json was written for: it was cut off, or changed" in err
        assert charger.tap.ours(since) == []
    beside = tmp_path / "charger.dcf.json"
    beside.write_bytes(beside.read_bytes()[: beside.stat().st_size // 2])
    code, _, err = charger.deltaq("config", "restore", str(file))
    assert (code, "is no whole sidecar of a snapshot" in err) == (2, True)


def test_without_its_sidecar_a_snapshot_can_be_applied_and_not_restored(
    charger: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "charger.dcf"
    charger.deltaq("config", "snapshot", str(file))
    (tmp_path / "charger.dcf.json").unlink()
    code, _, err = charger.deltaq("config", "restore", str(file))
    assert (code, "use config apply" in err) == (2, True)
    code, _, err = charger.deltaq("config", "apply", str(file))
    assert code == 0
    assert "charger.dcf has no sidecar: nothing says whether it is whole" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("apply",), "there is nothing to change; name a DCF, or --set ENTRY=VALUE"),
        (("apply", "missing.dcf"), "missing.dcf: cannot be read: No such file or directory"),
        (("apply", str(EDS)), "has no ParameterValue: it is an EDS, and sets nothing"),
        (("apply", "--set", "0x1017"), "--set 0x1017: a value is missing"),
        (("apply", "--set", "0x1017=x"), "'x' is no value for 1017h:00"),
        (("apply", "--set", "0x1017=1", "--set", "Producer Heartbeat Time=2"), "is set twice; give it once"),
        (("plan", "--set", "0x1017=1", "--allow", "nothing"), "no object is named 'nothing'"),
        (("diff", "device", "device"), "device is compared with itself"),
        (("recover", "missing.journal"), "missing.journal: does not exist"),
    ],
)
def test_usage(words: tuple[str, ...], said: str, charger: Bench) -> None:
    code, _, err = charger.deltaq("config", *words)
    assert code == 2
    assert said in err


def test_a_concise_file_that_was_cut_off(charger: Bench, tmp_path: Path) -> None:
    file = tmp_path / "cut.cdc"
    file.write_bytes(bytes.fromhex("02 00 00 00 17 10 00 02 00 00 00 F4 01 17"))
    code, _, err = charger.deltaq("config", "apply", str(file))
    assert code == 2
    assert "cut.cdc: this is no whole concise DCF: it ends at byte 14, within the head of entry 2 of 2" in err


# --- cut off ----------------------------------------------------------------------------------------------


def test_ctrl_c_in_the_middle_rolls_back(module: Bench) -> None:
    sets = [word for sub in range(1, 31) for word in ("--set", f"0x2100:{sub:02X}=5")]
    fifteenth = itertools.count(1)

    def seen(message: can.Message) -> bool:
        download = message.arbitration_id == 0x600 + NODE and message.data[0] >> 5 == 1
        return download and next(fifteenth) == 15

    module.tap.when(seen, lambda: os.kill(os.getpid(), signal.SIGINT))
    code, _, err = module.deltaq("config", "apply", *sets)
    assert code == 130
    assert "interrupted: the change was undone" in err
    assert module.read("0x2100:01", "0x2100:0F", "0x2100:1E") == [10, 150, 300]


@pytest.mark.parametrize("lines", [0, 5])
def test_a_full_disk_while_journalling(lines: int, module: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write, number = os.write, itertools.count()

    def full(file: int, data: bytes) -> int:
        if data.startswith(b"{") and next(number) >= lines:
            raise OSError(28, "No space left on device")
        return write(file, data)

    sets = [word for sub in range(1, 11) for word in ("--set", f"0x2100:{sub:02X}=5")]
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        code, _, err = module.deltaq("config", "apply", *sets)
    assert code == 1
    assert "No space left on device; free some room, or name another place with --journal" in err
    assert lines == 0 or "undone: it holds what it held before" in err
    entries = [f"0x2100:{sub:02X}" for sub in range(1, 11)]
    assert module.read(*entries) == [10 * sub for sub in range(1, 11)]


@pytest.mark.parametrize("fault", ["write-abort-at:4", "write-wrong-at:4"])
def test_a_failed_apply_is_undone_and_says_so(fault: str, tap: Callable[..., Tap], capsys: Text) -> None:
    seen = tap(charger="no", device=f"{EDS}@{NODE}/{fault}")
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel, "-n", str(NODE), "--eds", str(EDS)), capsys)
    sets = [word for sub in range(1, 11) for word in ("--set", f"0x2100:{sub:02X}=5")]
    code, found = bench.json("config", "apply", *sets)
    assert (code, found["result"], found["differences"]) == (1, "undone", [])
    assert "undone: it holds what it held before" in found["sentence"]
    assert bench.read("0x2100:01") == 10


def test_what_was_cut_off_is_refused_until_it_is_recovered(
    module: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[Path, bytes] = {}
    unlink = Path.unlink

    def keep(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".journal" and path.exists():
            kept[path] = path.read_bytes()
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", keep)
        assert module.deltaq("config", "apply", "--set", "0x2100:01=5", "--set", "0x2100:02=6")[0] == 0
    # As if the program had been killed at its end.
    ((path, data),) = kept.items()
    path.write_bytes(data)
    assert read_journal(path).writes == 2
    code, _, err = module.deltaq("config", "apply", "--set", "0x2100:03=7")
    assert code == 1
    assert "the apply of the values given begun" in err
    assert "was cut off after 2 writes" in err
    assert "run: deltaq config recover" in err
    code, found = module.json("config", "recover")
    assert (code, found["schema"], found["result"]) == (0, "deltaq.config-recover/1", "undone")
    assert module.read("0x2100:01", "0x2100:02") == [10, 20]
    code, _, err = module.deltaq("config", "recover")
    assert (code, "there is nothing to recover" in err) == (0, True)


def test_a_journal_of_another_device_is_not_recovered(module: Bench, charger: Bench, tmp_path: Path) -> None:
    path = tmp_path / "other.journal"
    identity = {"vendor": 0x7F1, "product": 0x401}
    head = {
        "node": NODE,
        "bus": "",
        "identity": identity,
        "eds": {"name": "", "sha256": ""},
        "begun": "2026-01-01",
        "job": "apply",
    }
    first = {
        "schema": "deltaq.journal/1",
        "head": head,
        "before": {"1017h:00": "01 00"},
        "wanted": {"1017h:00": "02 00"},
        "fixed": [],
    }
    path.write_text(json.dumps(first) + '\n{"write": 0, "object": "1017h:00", "data": "02 00"}\n')
    since = len(charger.tap.settle().frames)
    code, _, err = charger.deltaq("config", "recover", str(path))
    assert code == 1
    assert "is about another device: vendor (1018h:01) is 110h, and 7F1h is expected" in err
    assert charger.writes(since) == []
    assert module.deltaq("config", "recover", str(path))[0] == 0
    assert module.read("0x1017") == 1
    # Cut off before its first line was whole: nothing had been written.
    path.write_text('{"schema": "deltaq.jour')
    code, _, err = module.deltaq("config", "recover", str(path))
    assert (code, "nothing was written before it was cut off" in err) == (0, True)


def test_it_says_what_could_not_be_undone(tap: Callable[..., Tap], capsys: Text, tmp_path: Path) -> None:
    seen = tap(charger="no", device=f"{EDS}@{NODE}/write-silence-at:3")
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel, "-n", str(NODE), "--eds", str(EDS)), capsys)
    journal = tmp_path / "left.journal"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deltaq_master.cli.config_change.PATIENCE", 0.5)
        sets = [word for sub in range(1, 6) for word in ("--set", f"0x2100:{sub:02X}=5")]
        code, found = bench.json("config", "apply", *sets, "--journal", str(journal))
    assert (code, found["result"]) == (1, "not undone")
    assert [row["object"] for row in found["differences"]] == ["2100h:01", "2100h:02", "2100h:03"]
    assert "not answered" in found["differences"][0]["reason"]
    assert read_journal(journal).writes == 3, "it is kept for config recover"
    journal.unlink()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (DataType.VISIBLE_STRING, "1.5", "1.5"),
        (DataType.UNICODE_STRING, "abc", "abc"),
        (DataType.OCTET_STRING, "DE AD", b"\xde\xad"),
        (DataType.DOMAIN, "0A", b"\n"),
        (DataType.REAL32, "1.5", 1.5),
        (DataType.BOOLEAN, "1", 1),
        (DataType.INTEGER8, "-0x10", -16),
    ],
)
def test_values_of_every_kind(kind: DataType, text: str, value: object) -> None:
    assert value_of(Entry(Address(0x2000), "x", kind, Access.RW), text, raw=False) == value


# --- for any device ---------------------------------------------------------------------------------------


def test_no_charger_code_for_another_device(tmp_path: Path) -> None:
    script = f"""
import sys
from deltaq_master.cli import main
from deltaq_master.cli.write import value_of
words = ["-i", "sim", "--sim", "charger=no", "--sim", "device={EDS}@5", "-n", "5", "--eds", {str(EDS)!r}]
assert main([*words, "config", "snapshot", {str(tmp_path / "m.dcf")!r}]) == 0
assert main([*words, "config", "diff", "device", "eds"]) == 0
assert main([*words, "config", "apply", "--set", "0x2100:01=3"]) == 0
found = [name for name in sys.modules if name.startswith("deltaq_master.charger")]
assert not found, found
"""
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, capture_output=True)


def test_a_device_whose_number_of_slots_is_read_only(
    tap: Callable[..., Tap], capsys: Text, tmp_path: Path
) -> None:
    eds = EDS.with_name("cia404.eds")
    seen = booted(tap(charger="no", device=f"{eds}@6"), 6)
    bench = Bench(seen, ("-i", "sim", "-c", seen.channel, "-n", "6", "--eds", str(eds)), capsys)
    files = [str(tmp_path / name) for name in ("gauge.dcf", "gauge.cdc")]
    for file in files:
        assert bench.deltaq("config", "snapshot", file)[0] == 0
    words = ("--set", "0x1A00:01=0x61300120", "--set", "0x1800:02=1", "--raw")
    code, found = bench.json("config", "apply", *words)
    assert code == 0
    assert "1A00h:00" not in {step["object"] for step in found["written"]}
    for file in files:
        code, found = bench.json("config", "diff", "device", file)
        assert [row["object"] for row in found["differences"]] == ["1800h:02", "1A00h:01"]
    for place, file in enumerate(files):
        assert bench.deltaq("config", "restore", file)[0] == 0
        assert bench.deltaq("config", "diff", "device", file)[0] == 0
        if not place:
            assert bench.deltaq("config", "apply", *words)[0] == 0
