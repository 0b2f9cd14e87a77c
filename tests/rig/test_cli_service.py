"""`deltaq service` through its door: what it prints and writes, and what its services tell systemd."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.service import journal, looking
from tests.rig.scripted_can import ScriptedCan
from tests.rig.test_cli_charge import NUMBERS, StallError, Tap, asks_for_current, patient, send_signal

PROFILE = """\
[battery]
cells = 20
capacity = 50.0
[limits]
max_voltage = 84.2
max_current = 12.0
[charge]
voltage = 84.0
current = 10.0
duration = 3600
"""

EDS = eds_path()

ALARM = can.Message(arbitration_id=0x08A, data=bytes.fromhex("30 81 01 20 80 00 00 00"), is_extended_id=False)
"""An EMCY as the charger sent it in a recording: E-0-3-2."""


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "pack.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _installed_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this checkout lies must not matter: a service cannot read everything below /tmp, say."""
    monkeypatch.setattr(looking, "_places", lambda: (Path("/opt/deltaq/bin/python"),))


# --- installing -------------------------------------------------------------------------------------------


def installed(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_printed_it_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path, profile: str) -> None:
    root = tmp_path / "root"
    words = ("service", "install", "--channel", "can7", "--charge", profile, "--hold", "--way", "networkd")
    assert main([*words, "--print", "--root", str(root)]) == 0
    printed = capsys.readouterr()
    assert "# file: /etc/systemd/network/70-deltaq-can7.network" in printed.out
    assert "service charge --battery /etc/deltaq/can7.toml --hold" in printed.out
    assert "# run: networkctl reload" in printed.out
    assert "it charges at the next boot" in printed.err
    assert not root.exists()


def test_it_is_written_once_and_taken_away(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, profile: str
) -> None:
    root = tmp_path / "root"
    words = ["--json", "-c", "can7", "service", "install", "--way", "template", "--root", str(root)]
    assert main([*words, "--charge", profile]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["schema"] == "deltaq.service/1"
    assert first["way"] == "template"
    assert installed(root) == {path.lstrip("/") for path in first["written"]}
    assert main([*words, "--charge", profile]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["written"] == []
    assert set(again["unchanged"]) == set(first["written"])
    # Another job takes the place of the first.
    assert main([*words, "--watch"]) == 0
    assert "etc/systemd/system/deltaq-charge-can7.service" not in installed(root)
    assert main(["service", "uninstall", "--channel", "can7", "--root", str(root)]) == 0
    assert installed(root) == set()


def test_the_words_in_a_file_ask_for_the_same_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    words = ["--channel", "can7", "--way", "template", "--root", str(root), "--bms", "/run/bms/readings"]
    assert main(["service", "install", *words, "--charge", profile, "--eds", str(EDS)]) == 0
    etc = root / "etc/deltaq"
    before = {path.name: path.read_bytes() for path in etc.iterdir()}
    assert set(before) == {"can7.toml", "can7.eds"}
    capsys.readouterr()
    # A profile and an EDS that were installed before are given again, as the first line of each file has them.
    given = ["--charge", str(etc / "can7.toml"), "--eds", str(etc / "can7.eds")]
    assert main(["--json", "service", "install", *words, *given]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []
    assert {path.name: path.read_bytes() for path in etc.iterdir()} == before


def test_the_bit_rate_stays_as_it_is_installed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = tmp_path / "root"
    words = ["service", "install", "--channel", "can7", "--way", "networkd", "--root", str(root)]
    assert main([*words, "--bitrate", "250000"]) == 0
    assert main([*words, "--watch"]) == 0
    network = root / "etc/systemd/network/70-deltaq-can7.network"
    assert "BitRate=250000\n" in network.read_text(encoding="utf-8")
    assert main(["-b", "125000", *words]) == 0
    assert "BitRate=125000\n" in network.read_text(encoding="utf-8")


def test_where_there_is_nothing_to_do_it_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["service", "uninstall", "--channel", "can7", "--print", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "# there is nothing to do\n"


def test_who_may_read_the_command_matters_to_services_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_readable", lambda _: False)
    assert main(["service", "install", "--channel", "can7", "--print"]) == 0
    assert "cannot be read" not in capsys.readouterr().err
    assert main(["service", "install", "--channel", "can7", "--watch", "--print"]) == 0
    assert "/opt/deltaq/bin/python cannot be read by a service" in capsys.readouterr().err


def test_an_eds_is_copied_for_the_service_and_can_be_read_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    words = ["service", "install", "--channel", "can7", "--watch", "--root", str(root)]
    assert main(["--eds", str(EDS), *words, "--print"]) == 0
    printed = capsys.readouterr().out
    assert "# file: /etc/deltaq/can7.eds, a copy of " in printed
    assert "[DeviceInfo]" not in printed
    assert main(["--eds", str(EDS), *words]) == 0
    copy = load(root / "etc/deltaq/can7.eds", 10)
    assert [entry.address for entry in copy] == [entry.address for entry in load(EDS, 10)]
    unit = (root / "etc/systemd/system/deltaq-watch-can7.service").read_text(encoding="utf-8")
    assert "--eds /etc/deltaq/can7.eds service watch\n" in unit
    assert main(["service", "uninstall", "--channel", "can7", "--root", str(root)]) == 0
    assert installed(root) == set()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "no interface is named; name it: --channel can0"),
        (("--channel", "can0", "--charge", "{profile}", "--watch"), 2, "exclude each other"),
        (
            ("--channel", "can0", "--charge", "{profile}", "--hold", "--release-to-local"),
            2,
            "exclude each other",
        ),
        (("--channel", "can0", "--hold"), 2, "--hold is about a charge; add --charge PROFILE.toml"),
        (("--channel", "can0", "--way", "ifupdown"), 2, "no such way; networkd or template"),
        (("--channel", "can0", "--charge", "/nonexistent.toml"), 2, "cannot be read"),
        (("--channel", "can0", "--bitrate", "2000000"), 2, "no bit rate of classic CAN"),
        (("--channel", "can0", "--eds", "{eds}"), 2, "--eds is about a service"),
        (("--channel", "can0", "--watch", "--eds", "{profile}"), 2, "pack.toml"),
        (("--channel", "can0", "--watch", "--bms", "/run/x"), 2, "--bms is about a charge"),
        (("--channel", "can0", "--charge", "{profile}", "--bms", "-"), 2, "a service cannot read that"),
    ],
)
def test_wrong_words(
    words: tuple[str, ...],
    code: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    profile: str,
) -> None:
    given = [word.format(profile=profile, eds=EDS) for word in words]
    assert main(["service", "install", *given, "--root", str(tmp_path / "root")]) == code
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "root").exists()


def test_a_profile_that_could_not_be_carried_out_is_refused_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "pack.toml"
    path.write_text(PROFILE.replace("current = 10.0", "current = 13.0"), encoding="utf-8")
    root = tmp_path / "root"
    assert main(["service", "install", "--channel", "can0", "--charge", str(path), "--root", str(root)]) == 5
    assert "current 13 A is not at most 12 A" in capsys.readouterr().err
    assert not root.exists()


def test_without_root_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(looking, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["service", "install", "--channel", "can7"]) == 1
    said = capsys.readouterr().err
    assert "only root may; look first with --print, then give it with sudo" in said
    assert main(["service", "uninstall", "--channel", "can7"]) == 1
    assert "only root may" in capsys.readouterr().err


def test_without_systemd_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(looking, "SYSTEMD_RUNS", tmp_path / "nothing")
    assert main(["service", "install", "--channel", "can7"]) == 1
    assert "does not run systemd; --print shows the files" in capsys.readouterr().err


def test_status_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "service", "status", "--channel", "can7"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == []
    assert found["interface"] is None
    assert found["problems"] == []


# --- what the services tell -------------------------------------------------------------------------------


LAST = "last"
"""What a test sends itself to know that it has heard everything."""


class Listener:
    """A socket of systemd, read all the time: the kernel keeps ten datagrams and no more."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._path = path
        self._heard: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while text := self._socket.recv(65536).decode():
            self._heard.put(text)

    def _send(self, text: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
            ours.sendto(text.encode(), str(self._path))

    def texts(self) -> list[str]:
        """What came in since this was asked last, in order."""
        self._send(LAST)
        return list(iter(self._heard.get, LAST))

    def close(self) -> None:
        self._send("")
        self._thread.join()
        self._socket.close()


class Systemd:
    """Both sockets of systemd, with what came in on them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mark = folder / "charging"
        self._notify = Listener(folder / "notify")
        self._journal = Listener(folder / "journal")
        monkeypatch.setattr(journal, "SOCKET", folder / "journal")
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))

    def notes(self) -> list[str]:
        """Lines that came in as notifications, in order."""
        return [line for text in self._notify.texts() for line in text.splitlines()]

    def messages(self) -> list[dict[str, str]]:
        """Messages of the journal, as their fields."""
        return [dict(line.split("=", 1) for line in text.splitlines()) for text in self._journal.texts()]

    def close(self) -> None:
        self._notify.close()
        self._journal.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    made = Systemd(tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def tap() -> Iterator[Callable[..., Tap]]:
    opened: list[Tap] = []

    def lay(**options: str) -> Tap:
        opened.append(Tap(f"service {next(NUMBERS)}", **options))
        return opened[-1]

    yield lay
    for each in opened:
        each.close()


def ended(systemd: Systemd) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The last message of a charge, and those before."""
    *before, summary = systemd.messages()
    assert summary["DELTAQ_EVENT"] == "summary"
    if summary["DELTAQ_CAUSE"] == "not-run":
        systemd.notes()
        raise StallError(summary["MESSAGE"])
    return summary, before


@patient
def test_a_charge_is_told_with_fields_and_fed_to_the_watchdog(systemd: Systemd, profile: str) -> None:
    words = ("-i", "sim", "--sim", "speed=1000", "--sim", "soc=99", "--sim", "start-delay=0")
    assert main([*words, "service", "charge", "--battery", profile]) == 0
    summary, before = ended(systemd)
    assert summary["DELTAQ_OUTCOME"] == "complete"
    assert summary["DELTAQ_OFF_CONFIRMED"] == "true"
    assert summary["PRIORITY"] == "5"
    assert float(summary["DELTAQ_VOLTAGE"]) > 70
    phases = list(dict.fromkeys(message["DELTAQ_PHASE"] for message in before))
    expected = ["armed", "enabling", "finishing", "stopping", "complete"]
    assert [phase for phase in phases if phase in expected] == expected
    assert {message["DELTAQ_NODE"] for message in before} == {"10"}
    notes = systemd.notes()
    assert notes[0] == "READY=1"
    assert notes.count("WATCHDOG=1") >= 3
    assert "STOPPING=1" in notes
    assert any(note.startswith("STATUS=enabling") for note in notes)
    assert not systemd.mark.exists()


@patient
def test_sigterm_ends_it_in_order_and_clears_the_mark(
    systemd: Systemd, profile: str, tap: Callable[..., Tap]
) -> None:
    wire = tap(soc="50", start_delay="0")
    marked: list[bool] = []

    def stop() -> None:
        marked.append(systemd.mark.exists())
        os.kill(os.getpid(), signal.SIGTERM)

    wire.when(asks_for_current, stop)
    assert main(["-i", "sim", "-c", wire.channel, "service", "charge", "--battery", profile]) == 0
    summary, _ = ended(systemd)
    assert summary["DELTAQ_OUTCOME"] == "stopped"
    assert "SIGTERM" in summary["MESSAGE"]
    assert marked == [True]
    assert not systemd.mark.exists()


def test_after_a_crash_in_mid_charge_it_does_not_charge_again(
    systemd: Systemd, profile: str, tap: Callable[..., Tap], capsys: pytest.CaptureFixture[str]
) -> None:
    systemd.mark.touch()
    wire = tap(soc="50")
    assert main(["-i", "sim", "-c", wire.channel, "service", "charge", "--battery", profile]) == 1
    assert "ended in mid-charge" in capsys.readouterr().err
    assert wire.ours() == []
    assert "READY=1" not in systemd.notes()


@patient
def test_after_a_crash_with_hold_it_holds_and_asks_for_nothing(
    systemd: Systemd, profile: str, tap: Callable[..., Tap]
) -> None:
    systemd.mark.touch()
    wire = tap(soc="50", algorithm="1", start_delay="0")
    count = [0]

    def twenty_commands(message: Any) -> bool:
        count[0] += message.arbitration_id == 0x20A
        return count[0] > 20

    wire.when(twenty_commands, send_signal(signal.SIGTERM))
    words = ["-i", "sim", "-c", wire.channel, "service", "charge", "--battery", profile, "--hold"]
    # Whoever brings the readings may have died with us: to hold needs none.
    assert main([*words, "--bms", "/nonexistent/readings"]) == 0
    ended_with, before = ended(systemd)
    assert ended_with["DELTAQ_OUTCOME"] in ("stopped", "refused")
    assert before[0]["DELTAQ_EVENT"] == "held-after-crash"
    assert set(wire.commands()) == {(0, 0)}


def test_without_the_source_of_its_readings_it_is_nobody_there(
    systemd: Systemd,
    profile: str,
    tap: Callable[..., Tap],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    wire = tap(soc="50")
    words = ["-i", "sim", "-c", wire.channel, "service", "charge", "--battery", profile]
    # Exit code 3 is tried again by the unit, 2 is not.
    assert main([*words, "--bms", str(tmp_path / "later")]) == 3
    assert "no battery readings from there" in capsys.readouterr().err
    assert wire.ours() == []
    assert "READY=1" not in systemd.notes()
    assert main([*words[:-1], str(tmp_path / "later"), "--bms", str(tmp_path / "later")]) == 2


@patient
def test_a_charge_by_readings_ends_with_them(
    systemd: Systemd, profile: str, tap: Callable[..., Tap], tmp_path: Path
) -> None:
    wire = tap(soc="50", start_delay="0")
    pipe = tmp_path / "readings"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    asked = threading.Event()
    wire.when(asks_for_current, asked.set)

    def write() -> None:
        with pipe.open("wb", buffering=0) as out:
            while not asked.wait(0.2):
                out.write(b'{"temperature": 24.5}\n')

    writer = threading.Thread(target=write)
    writer.start()
    words = ["-i", "sim", "-c", wire.channel, "service", "charge", "--battery", profile]
    assert main([*words, "--bms", str(pipe)]) == 1
    writer.join()
    summary, _ = ended(systemd)
    assert summary["DELTAQ_CAUSE"] == "battery-stale"
    assert summary["DELTAQ_OFF_CONFIRMED"] == "true"


@patient
def test_a_charger_with_an_algorithm_needs_a_word(systemd: Systemd, profile: str) -> None:
    words = ("-i", "sim", "--sim", "soc=50", "--sim", "algorithm=1")
    assert main([*words, "service", "charge", "--battery", profile]) == 1
    summary, _ = ended(systemd)
    assert summary["DELTAQ_OUTCOME"] == "refused"
    assert summary["PRIORITY"] == "3"


def test_a_watch_tells_what_it_hears_and_sends_nothing(systemd: Systemd, tap: Callable[..., Tap]) -> None:
    wire = tap()
    timer = threading.Timer(4.0, os.kill, (os.getpid(), signal.SIGTERM))
    mute = threading.Timer(0.6, lambda: wire.bus.send(ALARM))
    for each in (timer, mute):
        each.start()
    assert main(["-i", "sim", "-c", wire.channel, "service", "watch"]) == 0
    messages = systemd.messages()
    assert ("state", "node 10 heartbeat: pre-operational") in {
        (message["DELTAQ_EVENT"], message["MESSAGE"]) for message in messages
    }
    (alarm,) = (message for message in messages if message["DELTAQ_EVENT"] == "emcy")
    assert "E-0-3-2" in alarm["MESSAGE"]
    assert alarm["PRIORITY"] == "4"
    notes = systemd.notes()
    assert notes[0] == "READY=1"
    assert notes.count("WATCHDOG=1") >= 3
    assert any("node 10: pre-operational" in note for note in notes)
    assert {frame.arbitration_id for frame in wire.frames} <= {0x70A, 0x08A}


DOWN = "can0 is down; bring it up: ip link set can0 up type can bitrate 500000"


def test_a_watch_goes_on_when_the_bus_was_lost(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    bus, notes = ScriptedCan(monkeypatch), list[str]()

    def said(words: str) -> bool:
        notes.extend(systemd.notes())
        return f"STATUS={words}" in notes

    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.down()
        bus.until(lambda: said(f"the bus is lost: {DOWN}"))
        bus.back()
        bus.hear(0x70A, "05")
        bus.until(lambda: said("node 10: operational"))
        bus.end()

    assert bus.run(script, "service", "watch") == 0
    told = [(message["DELTAQ_EVENT"], message["PRIORITY"]) for message in systemd.messages()]
    assert told == [("state", "6"), ("bus-lost", "4"), ("bus-back", "5"), ("state", "6")]
