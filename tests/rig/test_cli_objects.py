"""`deltaq info`, `read`, `write` and `nmt` against the simulated charger."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deltaq_master.charger.limits import Limits
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.cli import force, main
from deltaq_master.cli.force import Look, wrong
from deltaq_master.cli.meanings import meaning, untrusted
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.shipped import eds_path
from tests.rig.test_cli_charge import Tap, bench, deltaq, patient, tap

__all__ = ["bench", "tap"]
"""Fixtures of another module, used here."""

Text = pytest.CaptureFixture[str]
SIM = ("-i", "sim")
BENCH = ("-i", "sim", "-c", "bench")


class Seen:
    """What was sent to the charger on the bench since the test began."""

    def __init__(self, bench: Tap) -> None:
        self._bench = bench
        self._since = len(bench.settle().frames)

    def frames(self) -> list[tuple[int, bytes]]:
        """COB-ID and data."""
        return [(frame.arbitration_id, bytes(frame.data)) for frame in self._bench.ours(self._since)]

    def reads_alone(self) -> bool:
        """Whether there were only SDO requests for reading: initiate (40h), segments (60h, 70h)."""
        return all(cob_id == 0x60A and data[0] in (0x40, 0x60, 0x70) for cob_id, data in self.frames())


@pytest.fixture
def seen(bench: Tap) -> Seen:
    return Seen(bench)


# --- read -------------------------------------------------------------------------------------------------


def test_reading_is_reads_alone(seen: Seen, capsys: Text) -> None:
    assert main([*BENCH, "read", "0x2101", "Charger State of Charge", "0x1018:01", "0x100A"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "2101h:00 Battery Voltage Q8.8 71.0 V",
        "6080h:00 Charger State of Charge no valid value FFh",
        "1018h:01 Identity Object.Vendor Id 00000110h Delta-Q",
        "100Ah:00 Manufacturer Software Version 001.008.00000#00008",
    ]
    assert seen.frames()
    assert seen.reads_alone()


def test_a_reading_that_lies_is_marked(capsys: Text) -> None:
    assert main(["--json", *BENCH, "read", "0x2002"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["schema"] == "deltaq.read/1"
    assert (row["value"], row["unit"], row["raw"]) == (19.484375, "A", 4988)
    assert row["note"].startswith("untrusted")


def test_raw_values(capsys: Text) -> None:
    assert main([*BENCH, "read", "--raw", "0x2101", "0x2200"]) == 0
    # 71 V x 256, 122 V x 16.
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["18176", "1952"]


def test_what_is_absent_is_said(capsys: Text) -> None:
    absent = ("--sim", "power-objects=absent")
    assert main([*SIM, *absent, "read", "0x4209", "0x1000"]) == 4
    captured = capsys.readouterr()
    assert "4209h:00  Max Available Power U16 Q1  absent" in captured.out
    assert "4209h:00 Max Available Power U16 Q1 is absent" in captured.err
    assert main([*SIM, *absent, "read", "0x4209"]) == 1


def test_an_object_that_is_not_answered(capsys: Text) -> None:
    assert main([*SIM, "--sim", "fault=sdo-dead:0x2250", "read", "0x2250"]) == 1
    assert "2250h:00 not answered" in capsys.readouterr().err


def test_an_answer_that_the_eds_does_not_expect(tmp_path: Path, capsys: Text) -> None:
    text = eds_path().read_text(encoding="ascii")
    place = text.index("DataType=", text.index("[2101]"))
    eds = tmp_path / "other.eds"
    eds.write_text(text[:place] + text[place:].replace("DataType=0x0006", "DataType=0x0007", 1))
    assert main(["--eds", str(eds), *BENCH, "read", "0x2101"]) == 0
    assert "00 47  2101h:00 Battery Voltage Q8.8 is UNSIGNED32 of 4 bytes, not of 2" in " ".join(
        capsys.readouterr().out.split(" ")
    )


def test_a_node_that_is_not_there(capsys: Text) -> None:
    assert main([*BENCH, "-n", "11", "info"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("deltaq: node 11: it answers no SDO request and sends no heartbeat")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("0x9999", "9999h:00 is not in ICL1500-85.eds"), ("Charg Current", "did you mean 'Charging Current'")],
)
def test_names_that_no_object_has(name: str, said: str, capsys: Text) -> None:
    assert main(["read", name]) == 2
    assert said in capsys.readouterr().err


# --- info -------------------------------------------------------------------------------------------------


def test_info_for_people(seen: Seen, capsys: Text) -> None:
    assert main([*BENCH, "info"]) == 0
    captured = capsys.readouterr()
    out = [" ".join(line.split()) for line in captured.out.splitlines()]
    for line in (
        "Identity",
        "1000h:00 Device Type 000001A3h CiA 419",
        "1018h:03 Identity Object.Revision number 00010800h v1.8.0",
        "1016h:01 Consumer Heartbeat Time.Consumer Heartbeat Time 1 000107D0h watches node 1 for 2000 ms",
        "2250h:00 Charger Mode 1 charging",
        "2241h:00 Active Algorithm Request FFFFFFFFh no active algorithm",
        "2242h:00 Installed Algorithm Count Request 0 none installed: it cannot start by itself",
        "2011h:00 Termination Reason of Current Charge Cycle 0 none",
        "2060h:00 Current Displayed Error/Fault 00000000h no error",
        "2500h:01 Cumulative Counters.Cumulative Charge Cycle Count 0",
    ):
        assert line in out
    assert captured.err == ""
    assert not any(line.startswith("1003h") for line in out), "empty places of the error history are left out"
    assert seen.frames()
    assert seen.reads_alone()


def test_info_in_json_and_incomplete(capsys: Text) -> None:
    assert main(["--json", *SIM, "--sim", "fault=sdo-dead:0x2250", "--sim", "algorithm=2", "info"]) == 4
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["schema"], found["node"]) == ("deltaq.info/1", 10)
    mode, _, algorithms = found["groups"]["Mode"]
    assert (mode["object"], mode["value"], mode["absent"]) == ("2250h:00", None, False)
    assert "not answered" in mode["problem"]
    assert "2250h:00 not answered" in captured.err
    assert algorithms["note"] == "it may charge by itself while no master is heard: silence is not off"


@pytest.mark.parametrize(
    ("index", "sub", "raw", "said"),
    [
        (0x1000, 0, 0x000F01A3, "CiA 419, upper word 000Fh"),
        (0x1018, 1, 0x29C, "another vendor"),
        # 1, 0, A, 3, K: 000001 000000 001010 000011 010100 (charger.md: 0-9 = 0..9, A-Z = 10..35)
        (0x1018, 2, 0x0100A0D4, "serial characters 10A3K"),
        (0x1018, 2, 0x3F, "not in the form of an ICL's serial characters"),
        (0x1018, 2, 0x80000000, "not in the form of an ICL's serial characters"),
        (0x1018, 3, 0x00030400, "v3.4.0"),
        (0x1016, 1, 0x002107D0, "watches node 33 for 2000 ms"),
        (0x1016, 2, 0x00010000, "off"),
        (0x1029, 1, 1, "stays as it is when its master is lost"),
        (0x1029, 1, 9, ""),
        (0x1F80, 0, 8, "operational by itself"),
        (0x1F80, 0, 0, "waits in pre-operational for NMT start"),
        (0x2241, 0, 0x800200E9, "algorithm 233, variant 2"),
        (0x2061, 0, 0x20808130, "E-0-3-2 heartbeat or RPDO lost while charging"),
        (0x2101, 0, 1, ""),
    ],
)
def test_meanings(index: int, sub: int, raw: int, said: str) -> None:
    assert meaning(Address(index, sub), raw).startswith(said)
    assert bool(meaning(Address(index, sub), raw)) == bool(said)


def test_a_current_is_believed_only_while_it_charges() -> None:
    assert untrusted(None)
    assert untrusted(b"\x70\x00")
    assert untrusted(b"\x70\x11") == ""


# --- write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0x1017", "500"), "wrote 1017h:00 Producer Heartbeat Time = 500 ms"),
        (("0x1029:01", "0x02", "--raw"), "wrote 1029h:01 Error Behaviour.Communication Error = 2"),
        (("0x6010", "25.5"), "wrote 6010h:00 Temperature = 25.5 °C"),
        (("0x1016:01", "0x10bb8", "--allow", "0x1016:01"), "wrote 1016h:01"),
    ],
)
def test_writing(words: tuple[str, ...], said: str, seen: Seen, capsys: Text) -> None:
    assert main([*BENCH, "write", *words]) == 0
    assert said in capsys.readouterr().err
    assert {cob_id for cob_id, _ in seen.frames()} == {0x60A}


def test_what_was_written_in_json(capsys: Text) -> None:
    assert main(["--json", *BENCH, "write", "0x6010", "25.4"]) == 0
    row = json.loads(capsys.readouterr().out)
    # 25.4 °C x 8 = 203.2: rounded down, and said as the device holds it.
    assert (row["schema"], row["raw"], row["value"], row["unit"]) == ("deltaq.write/1", 203, 25.375, "°C")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("0x6070", "3"), 1, "it is a command object, which belongs to the charge cycle"),
        (("0x6000", "1"), 1, "it is a command object"),
        (("0x4208", "84"), 1, "the EDS forbids it"),
        (("0x1016:01", "0"), 1, "if you are sure, name it: --allow 0x1016:01"),
        (("0x1000", "1"), 1, "its access is ro in the EDS"),
        (("0x2276", "90", "--allow", "0x2276"), 5, "at most 85 V"),
        (("0x1017", "fast"), 2, "'fast' is no value for 1017h:00 Producer Heartbeat Time; it is UNSIGNED16"),
        (("0x2072", "x"), 2, "it is REAL32"),
        (("0x1F50:01", "xyz"), 2, "it is DOMAIN"),
        (("0x6010", "nan"), 5, "a finite number"),
        (("0x1017", "500", "--for", "3s"), 2, "go with --force-command; add it, or leave them out"),
        (("0x1017", "5", "--force-command"), 2, "is no command object"),
        (("0x6070", "2", "--force-command"), 2, "--force-command needs limits"),
    ],
)
def test_writes_that_are_refused_are_not_sent(
    words: tuple[str, ...], code: int, said: str, seen: Seen, capsys: Text
) -> None:
    assert main([*BENCH, "write", *words]) == code
    assert said in capsys.readouterr().err
    # To judge a watchdog its present value is read; nothing is written.
    assert seen.reads_alone()


def test_an_object_that_wants_our_heartbeat(tap: Callable[..., Tap], capsys: Text) -> None:
    assert main([*BENCH, "write", "0x6000", "0"]) == 1
    assert "6000h:00 aborted: not possible in the device's present state" in capsys.readouterr().err
    listening = tap()
    assert main([*SIM, "-c", listening.channel, "write", "0x6000", "0", "--heartbeat"]) == 0
    assert {frame.arbitration_id for frame in listening.ours()} == {0x60A, 0x701}


# --- a command by force -----------------------------------------------------------------------------------

FORCE = ("--force-command", "--max-voltage", "84", "--max-current", "3")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0x6070", "4", *FORCE), "current 4 A is not within 0 to 3 A (max-current)"),
        (("0x6070", "0x31", "--raw", *FORCE), "current 3.0625 A is not within 0 to 3 A"),
        (("0x2276", "84.5", *FORCE), "voltage 84.5 V is not within 0 to 84 V (max-voltage)"),
        (("0x2072", "nan", *FORCE), "nan"),
        (
            ("0x2271", "86", "--force-command", "--max-voltage", "90", "--max-current", "3"),
            "at most 85 V",
        ),
    ],
)
def test_a_forced_command_keeps_the_limits(
    words: tuple[str, ...], said: str, seen: Seen, capsys: Text
) -> None:
    assert main([*BENCH, "write", *words]) == 5
    assert said in capsys.readouterr().err
    assert seen.frames() == []


@patient
def test_a_forced_command_ends_in_the_safe_order(tap: Callable[..., Tap], capsys: Text) -> None:
    listening = tap()
    code, out, err = deltaq(
        capsys, "--json", *SIM, "-c", listening.channel, "write", "0x6070", "2", *FORCE, "--for", "1s"
    )
    assert code == 0
    assert "wrote 6070h:00" in err
    assert "output off (confirmed)" in err
    looks = [json.loads(line) for line in out.splitlines()][1:]
    assert len(looks) >= 2
    assert all("remote" in look["status"] and look["note"].startswith("untrusted") for look in looks)
    ours = [(frame.arbitration_id, bytes(frame.data)) for frame in listening.ours()]
    first = next(place for place, (cob_id, _) in enumerate(ours) if cob_id == 0x701)
    assert all(data[0] == 0x40 for _, data in ours[:first]), "before our heartbeat there are reads alone"
    writes = [data.hex() for cob_id, data in ours if cob_id == 0x60A and data[0] & 0xE0 == 0x20]
    assert writes == [
        "2b70600020000000",  # 6070h = 32, 2 A
        "2b70600000000000",  # then 0
        "2f00600000000000",  # and 6000h = 0
    ]
    assert ours[-1][0] in (0x701, 0x60A)


@patient
def test_ctrl_c_ends_a_forced_command(tap: Callable[..., Tap], capsys: Text) -> None:
    listening = tap()
    written = bytes.fromhex("2B706000 20000000")
    listening.when(lambda message: message.data == written, lambda: os.kill(os.getpid(), signal.SIGINT))
    code, _, err = deltaq(capsys, *SIM, "-c", listening.channel, "write", "0x6070", "2", *FORCE)
    assert code == 130
    assert "output off (confirmed)" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fault": "wrong-identity"}, "node 10 is a CiA 401 device, no charger"),
        ({"algorithm": "1"}, "the charger could start by itself once our heartbeat ends (2242h:00: 1)"),
        ({"fault": "second-master"}, "another master is on the bus"),
    ],
)
def test_a_forced_command_is_refused(
    options: dict[str, str], said: str, tap: Callable[..., Tap], capsys: Text
) -> None:
    other = tap(**options)
    assert main([*SIM, "-c", other.channel, "write", "0x6000", "1", *FORCE]) == 1
    assert said in capsys.readouterr().err
    assert not any(frame.arbitration_id == 0x60A and frame.data[0] != 0x40 for frame in other.ours())


@patient
def test_what_must_not_be_ends_a_forced_command(tap: Callable[..., Tap], capsys: Text) -> None:
    listening = tap(fault="over-voltage:20")
    code, out, err = deltaq(capsys, *SIM, "-c", listening.channel, "write", "0x6070", "2", *FORCE)
    assert code == 1
    assert "91.00 V, current untrusted, AC detected" in out
    assert err.splitlines()[-1] == "deltaq: the charger reports 91.00 V, over the limit of 84 V"


@pytest.mark.parametrize(
    ("status", "volts", "amps", "said"),
    [
        (0x1170, 80.0, 2.9, ""),
        (0x0070, 80.0, 19.48, ""),  # the idle reading, which is none
        (0x1130, 80.0, 2.0, "not in remote mode"),
        (0x1170, 84.1, 2.0, "84.10 V, over the limit of 84 V"),
        (0x1170, 80.0, 3.1, "3.10 A, over the limit of 3 A"),
        (0x1170, None, None, ""),
    ],
)
def test_what_must_not_be(status: int, volts: float | None, amps: float | None, said: str) -> None:
    look = Look("", 0.0, "", volts, amps, "")
    (*found,) = wrong(ChargerStatus.of(status), look, Limits(84.0, 3.0))
    assert bool(found) == bool(said)
    assert said in "".join(found)


@pytest.mark.parametrize(
    ("name", "problem", "off", "code"),
    [("", "", True, 0), ("SIGTERM", "", True, 0), ("SIGINT", "", True, 130), ("SIGINT", "", False, 1),
     ("", "over the limit", True, 1), ("", "", False, 1)],
)  # fmt: skip
def test_the_exit_code_of_a_forced_command(name: str, problem: str, off: bool, code: int) -> None:
    assert force.code_of(name, problem, off) == code


# --- NMT --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "data", "state"),
    [
        ("start", "010a", "operational"),
        ("stop", "020a", "stopped"),
        ("preop", "800a", "pre-operational"),
        ("reset-node", "810a", "boot-up"),
        ("reset-comm", "820a", "boot-up"),
    ],
)
def test_nmt_waits_for_the_reported_state(
    command: str, data: str, state: str, seen: Seen, capsys: Text
) -> None:
    assert main([*BENCH, "nmt", command]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"node 10 reports {state}\n"
    assert ("the output stays off" in captured.err) == (command == "start")
    assert seen.frames() == [(0x000, bytes.fromhex(data))]


def test_nmt_without_a_word_of_the_device(capsys: Text) -> None:
    assert main(["--json", *BENCH, "-n", "11", "nmt", "start", "--timeout", "0.2s"]) == 3
    captured = capsys.readouterr()
    row: dict[str, Any] = json.loads(captured.out)
    assert row == {"schema": "deltaq.nmt/1", "node": 11, "command": "start", "reported": None}
    assert "nmt start was sent, and within 0.2 s it reported nothing" in captured.err


def test_nmt_words(capsys: Text) -> None:
    assert main(["nmt", "restart"]) == 2
    assert "'restart' is not one of 'start', 'stop', 'preop'" in capsys.readouterr().err
