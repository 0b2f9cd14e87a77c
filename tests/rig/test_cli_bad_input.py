"""Everything that may be wrong with a bus, a device, a file or a word: one sentence and the right exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.cli.exits import ExitCode, exit_code
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import (
    BootError,
    BusError,
    CallError,
    DeltaqError,
    FileError,
    LimitError,
    RefusedError,
    SdoAbortError,
    SdoTimeoutError,
    SilentError,
    UsageError,
)
from tests.rig.test_cli_charge import CHARGE, deltaq, patient

Capture = pytest.CaptureFixture[str]


def said(err: str) -> str:
    """The one sentence on stderr, besides notes."""
    (sentence,) = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert sentence.startswith("deltaq: ")
    return sentence


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests may have a bus set up for python-can, or for us."""
    for name in list(os.environ):
        if name.startswith(("CAN_", "DELTAQ_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


# --- the bus ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (
            ("-i", "socketcann", "-c", "can0"),
            2,
            "there is no CAN interface 'socketcann'; did you mean socketcan",
        ),
        (("-i", "socketcan"), 2, "interface socketcan needs a channel; name it"),
        ((), 2, "no CAN interface is named; name one"),
        (("-i", "slcan", "-c", "/dev/ttyNONE"), 3, "there is no device /dev/ttyNONE"),
        (("-i", "slcan", "-c", "socket://127.0.0.1:9"), 3, "socket://127.0.0.1:9"),
    ],
    ids=["unknown interface", "missing channel", "none named", "no adapter", "no hub"],
)
def test_no_bus(words: tuple[str, ...], code: int, text: str, capsys: Capture) -> None:
    assert main([*words, *CHARGE]) == code
    assert text in said(capsys.readouterr().err)


def test_this_kernel_says_itself_what_it_lacks(capsys: Capture) -> None:
    """On a kernel without SocketCAN its own error, else that of a channel that is not there."""
    assert main(["-i", "socketcan", "-c", "nocan7", *CHARGE]) == 3
    sentence = said(capsys.readouterr().err)
    assert "this kernel has no SocketCAN" in sentence or "there is no device nocan7" in sentence


def test_no_rights(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def refuse(*_: Any, **__: Any) -> can.BusABC:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(can, "Bus", refuse)
    assert main(["-i", "slcan", "-c", "/dev/ttyACM0", *CHARGE]) == 3
    sentence = said(capsys.readouterr().err)
    assert "no rights to use /dev/ttyACM0" in sentence
    assert "usermod -a -G dialout" in sentence


# --- the device -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words", "code", "cause", "text"),
    [
        (("-n", "11"), ("--wait", "0.1s"), 3, "no-device", "no heartbeat of node 11 for 2.6 s"),
        (
            ("--sim", "fault=wrong-identity"),
            (),
            1,
            "device-type",
            "1000h:00: not a CiA 419 device: CiA 401, expected 000001A3h, found 000F0191h",
        ),
        (
            ("--sim", "fault=wrong-vendor"),
            (),
            1,
            "vendor",
            "1018h:01: another vendor, expected 00000110h, found 0000029Ch; if this is your charger, "
            "accept it with --accept-vendor 0x0000029C",
        ),
        (("--sim", "fault=second-master"), (), 1, "foreign-master", "another master is on the bus: it sent"),
        (("--master-id", "5"), (), 1, "heartbeat-consumer", "use --master-id 1"),
        (
            ("--sim", "battery=no"),
            (),
            1,
            "no-battery",
            "no battery, or another pack: 0.00 V measured, 50.4 to 84.0 V expected",
        ),
        (
            ("--sim", "algorithm=1"),
            (),
            1,
            "local-algorithm",
            "2242h:00: the charger could start by itself once our heartbeat ends",
        ),
        (("--sim", "fault=wrong-mapping"), (), 1, "mapping", "RPDO"),
    ],
    ids=["no node", "another device", "another vendor", "foreign 701h before ours", "master-id", "no battery",
         "local algorithm", "mapping"],
)  # fmt: skip
@patient
def test_refused(
    options: tuple[str, ...], words: tuple[str, ...], code: int, cause: str, text: str, capsys: Capture
) -> None:
    ended, out, err = deltaq(capsys, "--json", "-i", "sim", *options, *CHARGE, *words)
    summary = json.loads(out.splitlines()[-1])
    assert (summary["outcome"], summary["cause"]["id"]) == ("refused", cause)
    assert ended == code
    assert said(err).startswith("deltaq: refused: ")
    assert text in said(err)


@patient
def test_what_is_accepted_is_no_refusal(capsys: Capture) -> None:
    """What is looked at next, the local algorithm, is."""
    options = ("--sim", "fault=wrong-vendor,wrong-identity:0x000F01A3", "--sim", "algorithm=1")
    words = ("--accept-vendor", "0x29C", "--accept-device-type", "0x000F01A3")
    _, _, err = deltaq(capsys, "-i", "sim", *options, *CHARGE, *words)
    assert "2242h:00: the charger could start by itself" in said(err)


@patient
def test_a_foreign_heartbeat_after_ours(capsys: Capture) -> None:
    words = ("-i", "sim", "--sim", "fault=second-master:heartbeat@0.3", *CHARGE)
    code, _, err = deltaq(capsys, *words)
    assert code == 1
    assert said(err) == "deltaq: fault: another master is on the bus: it sent 701h [05]"


# --- files and words --------------------------------------------------------------------------------------


def test_an_eds_with_a_broken_line(tmp_path: Path, capsys: Capture) -> None:
    lines = eds_path().read_text(encoding="ascii").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.startswith("DataType=")) + 1
    lines[place - 1] = "DataType=0xZZ\n"
    broken = tmp_path / "broken.eds"
    broken.write_text("".join(lines))
    assert main(["--eds", str(broken), "-i", "sim", *CHARGE]) == 2
    assert said(capsys.readouterr().err).startswith(f"deltaq: {broken}:{place}: ")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("-i", "sim", "--sim", "sped=4", "info"),
            "simulator option 'sped' is unknown; did you mean 'speed'?",
        ),
        (("-i", "sim", "--sim", "speed", "info"), "--sim speed: a simulator option is KEY=VALUE"),
        (("-i", "sim", "--sim", "soc=1", "--sim", "soc=2", "info"), "--sim soc is given twice"),
        (("--sim", "soc=1", "info"), "--sim is about the simulated charger; add -i sim"),
        (("-n", "200", "info"), "Invalid value for '-n' / '--node-id'"),
        (("charge", "--json"), "No such option: --json; it stands before the verb: deltaq --json ... VERB"),
        (("charge", "--volts", "84"), "No such option: --volts"),
        (("chrage",), "No such command 'chrage'. Did you mean 'charge'?"),
        (("--json",), "Missing command."),
        (("read",), "Missing argument 'ENTRY...'."),
        (("--eds", "nowhere.eds", "info"), "nowhere.eds"),
    ],
)
def test_words(words: tuple[str, ...], text: str, capsys: Capture) -> None:
    assert main(words) == 2
    assert text in said(capsys.readouterr().err)


def test_options_have_environment_variables(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for name, value in {
        "INTERFACE": "sim", "CHANNEL": "environment", "NODE_ID": "12", "MASTER_ID": "3", "JSON": "1",
        "SIM": "node=12 soc=55",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"DELTAQ_{name}", value)
    assert main(["read", "0x1018:01"]) == 0
    assert json.loads(capsys.readouterr().out)["node"] == 12
    monkeypatch.setenv("DELTAQ_NODE_ID", "0")
    assert main(["info"]) == 2
    assert "DELTAQ_NODE_ID" in capsys.readouterr().err


def test_python_cans_own_settings_count_where_none_of_ours_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CAN_INTERFACE", "deltaq_sim")
    assert main(["read", "0x1000"]) == 0
    assert "CiA 419" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LimitError("voltage", 90, "at most 84 V", "V", "max-voltage"), 5),
        (UsageError("no"), 2),
        (FileError("pack.toml", "no"), 2),
        (BusError("no"), 3),
        (SilentError(10, 1.0, "no"), 3),
        (RefusedError("writing", "no"), 1),
        (BootError(10, ("no",)), 1),
        (SdoAbortError(10, 0x1000, 0, 0x06020000, "no"), 1),
        (SdoTimeoutError(10, 0x1000, 0, 1, 1.0), 1),
        (CallError("no"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, DeltaqError) else "",
)
def test_every_error_has_its_code(error: DeltaqError, code: int) -> None:
    assert exit_code(error) == code
    assert code in list(ExitCode)


def test_verbose_shows_where_an_error_came_from(capsys: Capture) -> None:
    assert main(["-v", "charge", "--battery", "nowhere.toml"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "nowhere.toml: cannot be read" in err.splitlines()[-1]
