"""`deltaq explain`: on logs, on a live bus, at the end of a charge, and as a teacher of numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import can
import pytest
from lxml import html

from deltaq_master.charger.diagnosis import Diagnosis
from deltaq_master.charger.state import Cause, Outcome
from deltaq_master.charger.view import ChargeView
from deltaq_master.cli import main
from deltaq_master.cli.explain_charge import Companion
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.gate import Gate
from deltaq_master.protocol.events import Frame
from tests.rig.scripted_can import ScriptedCan
from tests.rig.test_cli_charge import CHARGE, Tap, bench, deltaq, patient, tap
from tests.rig.virtual import plan
from tests.unit.charger.diagnosis.scripted import Script, traffic

__all__ = ["bench", "tap"]
"""Fixtures of another module, used here."""

REPLAY = Path(__file__).parents[1] / "replay"
CAPTURE = REPLAY / "icl1500-85-heartbeat-and-rpdo.trc"
BENCH = ("-i", "sim", "-c", "bench")
Text = pytest.CaptureFixture[str]


def log_of(frames: list[Frame], path: Path) -> str:
    """A candump log of frames."""
    lines = [
        f"({f.time:.6f}) can0 {0x20000000 | f.cob_id:08X}#{f.data.hex()}"
        if f.error
        else f"({f.time:.6f}) can0 {f.cob_id:03X}#{f.data.hex()}"
        for f in frames
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- logs -------------------------------------------------------------------------------------------------


def test_the_capture_says_the_verdict_first_then_causes_then_evidence(capsys: Text) -> None:
    assert main(["explain", str(CAPTURE)]) == 1
    out = capsys.readouterr().out
    assert " ".join(out.split("\n\n")[0].split()) == (
        "It does not charge; most likely: ready (6000h) was 1 from the first RPDO1 on, with no 0 before it [I]; "
        "3 more below."
    )
    places = [
        out.index(text)
        for text in (
            "1. ready (6000h) was 1 from the first RPDO1 on",
            "seen: 6.816 s  6000h = 1 (RPDO1)  20A#004C010052A00001",
            "next: send ready = 0 with 0 A for at least 0.5 s, then ready = 1",
            "2. 4201h = 1 labels the cycle as equalize",
            "3. the battery temperature is sent as 70.0 °C",
            "4. RPDO2 reports 82.0 V and 10.0 A as measurements",
            "Preconditions",
            "? right device type and vendor",
            "What happened",
            "- the mapping of RPDO1, RPDO2",
        )
    ]
    assert places == sorted(places)
    assert max(len(line) for line in out.splitlines()) <= 110


def test_the_capture_as_json(capsys: Text) -> None:
    assert main(["--json", "explain", str(CAPTURE)]) == 1
    (row,) = rows(capsys.readouterr().out)
    assert row["schema"] == "deltaq.explain/1"
    assert [cause["id"] for cause in row["causes"]] == [
        "ready-edge",
        "cycle-label",
        "temperature",
        "bms-agrees",
    ]
    assert row["causes"][0]["rule"]["certainty"] == "[I]"
    assert {each["standing"] for each in row["preconditions"]} == {"met", "unmet", "unknown"}
    assert row["state"] == "not charging"
    assert row["enough"] is True


def test_the_page_needs_nothing_else(tmp_path: Path, capsys: Text) -> None:
    place = tmp_path / "why.html"
    assert main(["explain", str(CAPTURE), "--html", str(place)]) == 1
    assert f"note: written to {place}" in capsys.readouterr().err
    page = html.fromstring(place.read_bytes())
    assert not page.xpath("//script | //link | //img | //iframe | //*[@src] | //*[@href]")
    assert "url(" not in page.xpath("string(//style)")
    assert page.xpath("string(//*[@class='verdict'])").startswith("It does not charge; most likely")
    assert len(page.xpath("//ol/li")) == 4
    assert len(page.xpath("//td[@class='unknown']")) == 3
    assert page.xpath("//meta[@name='viewport']")
    assert list(tmp_path.iterdir()) == [place]


def test_a_page_that_cannot_be_written(tmp_path: Path, capsys: Text) -> None:
    assert main(["explain", str(CAPTURE), "--html", str(tmp_path / "none" / "why.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_texts_of_a_page_are_texts(tmp_path: Path) -> None:
    from deltaq_master.charger.diagnosis import Subject
    from deltaq_master.cli.explain_html import page
    from deltaq_master.dictionary.eds import load

    explanation = Diagnosis(Subject(load(eds_path(), 10))).explain()
    assert b"&lt;b&gt;\xef\xbf\xbd" in page(explanation, "<b>\x00")


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        (Script(), 0, "It charges."),
        (Script(start=False), 1, "It does not charge: the charger is pre-operational"),
        (Script(by_sdo="00540000"), 1, "It does not charge: 21.0 V asked, battery at 71 V"),
        (Script(errors=True), 1, "Whether it charges was not seen: nobody acknowledges what is sent"),
        (Script(faults=("no-start@boot+0",)), 0, "It does not charge, and nothing wrong was seen."),
    ],
)
def test_logs_and_their_exit_codes(
    script: Script, code: int, said: str, tmp_path: Path, capsys: Text
) -> None:
    assert main(["explain", log_of(traffic(script), tmp_path / "bus.log")]) == code
    assert " ".join(capsys.readouterr().out.split()).startswith(said)


def test_heartbeats_alone_are_not_enough(tmp_path: Path, capsys: Text) -> None:
    frames = [Frame(cob_id, b"\x05", n / 2) for n in range(40) for cob_id in (0x701, 0x70A)]
    assert main(["--json", "explain", log_of(frames, tmp_path / "bus.log")]) == 4
    (row,) = rows(capsys.readouterr().out)
    assert row["causes"] == []


def test_a_log_without_a_frame_is_nothing_heard(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "bus.asc"
    log.write_text("date Mon Sep 1 00:00:00 2025\nbase hex timestamps absolute\n")
    assert main(["explain", str(log)]) == 3
    assert capsys.readouterr().out.startswith("Nothing was heard in 0.0 s.")


def test_another_node_id_is_another_charger(capsys: Text) -> None:
    assert main(["-n", "12", "explain", str(CAPTURE)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "node 12 was not heard in 38.1 s; heard instead: heartbeats of node 10" in out


def test_what_happened_before_a_charge_ended(tmp_path: Path, capsys: Text) -> None:
    assert main(["explain", log_of(traffic(Script(back=True)), tmp_path / "bus.log")]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "the charge ended: the charger's status: inactive, no cycle" in out
    assert "changed before it: ready (6000h) goes from 1 to 0 (RPDO1), " in out
    assert "by the charger (2011h): disabled from outside (6000h = 0)" in out


def test_alarms_and_remembered_errors_are_shown(tmp_path: Path, capsys: Text) -> None:
    script = Script(faults=("alarm:8@boot+4",))
    place = tmp_path / "why.html"
    assert main(["explain", log_of(traffic(script), tmp_path / "bus.log"), "--html", str(place)]) == 1
    assert "active alarm: E-0-0-8 external temperature out of range" in " ".join(
        capsys.readouterr().out.split()
    )
    assert "active alarm: E-0-0-8" in place.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "nowhere.trc"), "nowhere.trc: cannot be opened"),
        (("explain", "a.log", "b.log"), "'a.log b.log' cannot be explained"),
        (("explain", "--passive", "a.log"), "--passive is about a bus"),
        (("explain", "alarm"), "'alarm' cannot be explained"),
        (("explain", "alarm", "0xFE"), "no alarm '0xFE' is in the catalogue"),
        (("explain", "alarm", "999"), "no alarm '999' is in the catalogue"),
        (("explain", "alarm", "much"), "'much' is no number"),
        (("explain", "abort", "0x123456789"), "'0x123456789' is no number"),
        (("explain", "object", "0x9999"), "9999h:00 is not in"),
    ],
)
def test_words_that_cannot_be_explained(words: tuple[str, ...], said: str, capsys: Text) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_only_chargers_are_explained(tmp_path: Path, capsys: Text) -> None:
    eds = tmp_path / "other.eds"
    eds.write_text(
        eds_path().read_text("utf-8").replace("DefaultValue=0x000001A3", "DefaultValue=0x00000191")
    )
    assert main(["--eds", str(eds), "explain", str(CAPTURE)]) == 2
    assert "is not a battery charger's (CiA 419)" in capsys.readouterr().err


# --- live -------------------------------------------------------------------------------------------------


def test_live_it_listens_and_then_reads_and_does_nothing_else(bench: Tap, capsys: Text) -> None:
    since = len(bench.settle().frames)
    assert main(["--json", *BENCH, "explain"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "note: listening for 2.5 s, then reading by SDO\n"
    (row,) = rows(captured.out)
    assert [cause["id"] for cause in row["causes"]] == ["master-heartbeat", "operational"]
    standing = {each["id"]: each["standing"] for each in row["preconditions"]}
    for known in ("device", "mapping", "local", "battery", "ac", "one-charger"):
        assert standing[known] == "met", known
    ours = bench.ours(since)
    assert ours
    assert all(frame.arbitration_id == 0x60A and frame.data[0] == 0x40 for frame in ours)


def test_passive_it_sends_nothing(bench: Tap, capsys: Text) -> None:
    since = len(bench.settle().frames)
    assert main(["--json", *BENCH, "explain", "--passive", "--listen", "2.5"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "note: listening for 2.5 s\n"
    (row,) = rows(captured.out)
    assert row["causes"][0]["id"] == "master-heartbeat"
    assert "device" in {each["id"] for each in row["preconditions"] if each["standing"] == "unknown"}
    assert bench.ours(since) == []


def test_a_silent_bus_is_not_written_to(capsys: Text) -> None:
    assert main(["-i", "virtual", "-c", "nobody", "explain", "--listen", "0.5"]) == 3
    assert capsys.readouterr().out.startswith("Nothing was heard in 0.5 s.")


def test_a_silent_interface_is_told_its_bit_rate(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    bus = ScriptedCan(monkeypatch)
    bus.bitrate = 125_000
    assert bus.run(lambda _: None, "--json", "explain", "--listen", "0.6") == 3
    captured = capsys.readouterr()
    silence, explanation = (json.loads(line) for line in captured.out.splitlines())
    assert (silence["schema"], silence["bitrate"]) == ("deltaq.silence/1", 125_000)
    assert explanation["schema"] == "deltaq.explain/1"
    assert "on can0 at 125000 bit/s; 500000 bit/s is that of the known charger [C]" in captured.err


def test_a_bit_rate_that_was_named_is_the_one_that_is_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    bus = ScriptedCan(monkeypatch)
    assert bus.run(lambda _: None, "-b", "250000", "explain", "--listen", "0.6") == 3
    assert "on can0 at 500000 bit/s; 250000 bit/s was named with -b; ip link" in capsys.readouterr().err


def test_a_bus_that_goes_for_good_ends_the_listening(
    tap: Callable[..., Tap], monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    wire = tap()
    monkeypatch.setattr("can.interfaces.virtual.VirtualBus._recv_internal", unplugged)
    # It does not listen out its time.
    assert main(["-i", "virtual", "-c", wire.channel, "explain", "--listen", "3600"]) == 3
    assert "the bus was lost: " in " ".join(capsys.readouterr().out.split())


def unplugged(*_: object, **__: object) -> None:
    raise can.CanOperationError("the adapter was unplugged")


def test_a_bus_that_comes_back_is_listened_to_again(monkeypatch: pytest.MonkeyPatch, capsys: Text) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.down()
        bus.back()
        bus.hear(0x70A, "7F")

    assert ScriptedCan(monkeypatch).run(script, "--json", "explain", "--passive", "--listen", "2.5") == 1
    captured = capsys.readouterr()
    (row,) = rows(captured.out)
    (bus,) = (each for each in row["preconditions"] if each["id"] == "bus")
    assert bus["standing"] == "met"
    assert "before that the bus was lost: can0 is down; bring it up" in bus["sentence"]
    assert any(
        each["text"].startswith("the bus was lost: can0 is down") for each in row["history"]["changes"]
    )
    assert "note: the bus was lost: can0 is down" in captured.err
    assert "note: the bus is heard again" in captured.err


def test_a_bus_that_stays_away_is_the_cause_and_nothing_is_sent_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    def script(bus: ScriptedCan) -> None:
        bus.hear(0x70A, "7F")
        bus.down()

    bus = ScriptedCan(monkeypatch)
    assert bus.run(script, "explain", "--listen", "1") == 1
    assert "the bus was lost: can0 is down" in " ".join(capsys.readouterr().out.split())
    assert bus.kernel.taken == 0


# --- at the end of a charge -------------------------------------------------------------------------------


@patient
def test_a_charge_that_ends_in_a_fault_is_explained(capsys: Text) -> None:
    slow = ("-i", "sim", "--sim", "soc=50", "--sim", "start-delay=0")
    code, out, err = deltaq(capsys, *slow, "--sim", "fault=ac-loss@0.5", *CHARGE)
    assert code == 1
    summary, why = out.split("\n\nwhy: ")
    assert "fault after" in summary.splitlines()[-1]
    assert why.startswith("the charger detects no AC\n")
    assert "next: plug the charger in" in why
    # Our own end of the charge is none of its causes.
    assert "2. " not in why
    assert err.splitlines()[-1].startswith("deltaq: fault: the charger detects no AC")


def test_what_was_decided_on_counts_though_it_is_stamped_after_the_step() -> None:
    # The pump took its time, then this TPDO1 came, was handled in the same step, and answered with ready 0.
    class Silent:
        def subscribe_frames(self, take: Callable[[Frame], None]) -> None:
            self.take = take

        def unsubscribe_frames(self, take: Callable[[Frame], None]) -> None:
            assert take == self.take

    gate = Silent()
    companion = Companion(plan(), cast("Gate", gate))
    cause = Cause("ac-lost", "the charger detects no AC")
    for cob_id, data, time, sent in (
        (0x70A, "05", 9.0, False),
        (0x701, "05", 9.9, True),
        (0x20A, "00 FF 00 00 54 A0 00 01", 9.9, True),
        (0x18A, "7C 13 46 4E 70 12 00 00", 9.9, False),  # charging, on AC
        (0x18A, "7C 13 46 4E 60 00 00 00", 10.0001, False),  # no AC
        (0x20A, "00 FF 00 00 54 00 00 00", 10.0002, True),  # our own end
    ):
        gate.take(Frame(cob_id, bytes.fromhex(data), time, sent=sent))
    companion.follow(cast("ChargeView", SimpleNamespace(time=10.0, cause=cause)), 8.0)
    why = companion.explanation(Outcome.FAULT, cause.id)
    assert why is not None
    assert [found.id for found in why.causes] == ["ac"]


@patient
def test_in_json_the_explanation_comes_before_the_summary(capsys: Text) -> None:
    code, out, _ = deltaq(capsys, "--json", "-i", "sim", "--sim", "fault=wrong-identity", *CHARGE)
    assert code == 1
    *_, why, summary = rows(out)
    assert why["schema"] == "deltaq.explain/1"
    assert why["causes"][0]["id"] == "device"
    assert summary["event"] == "summary"


@patient
def test_a_charge_that_is_complete_needs_no_explanation(capsys: Text) -> None:
    quick = ("-i", "sim", "--sim", "speed=1000", "--sim", "soc=99", "--sim", "start-delay=0")
    code, out, _ = deltaq(capsys, *quick, *CHARGE)
    assert code == 0
    assert "why:" not in out


@patient
def test_a_mistake_in_the_diagnosis_does_not_end_the_charge(
    monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Diagnosis, "passed", broken)
    quick = ("-i", "sim", "--sim", "speed=1000", "--sim", "soc=99", "--sim", "start-delay=0")
    code, out, _ = deltaq(capsys, *quick, *CHARGE)
    assert code == 0
    assert out.splitlines()[-1].startswith("complete after")


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("alarm", "0x20"), "alarm: E-0-3-2 (alarm, id 20h) means: heartbeat or RPDO lost while charging"),
        (("alarm", "E-0-3-2"), "alarm: E-0-3-2 (alarm, id 20h)"),
        (("alarm", "0x20808130"), "alarm: E-0-3-2 (alarm, id 20h)"),
        (("alarm", "07h"), "alarm: E-0-0-7 (alarm, id 07h)"),
        (("alarm", "f007"), "alarm: F-0-0-7 (fault, id 07h) means: DC-DC stage"),
        (("alarm", "0x02"), "alarm: H-0-0-2 (high priority, id 02h)"),
        (("abort", "0x06010002"), "abort: 0601 0002h means: the object can only be read"),
        (("abort", "0x12345678"), "means: a code that CiA 301 does not define"),
        (("object", "0x2276"), "counts: 0.00390625 V for each 1 limits: 0 V to 85 V"),
        (("object", "0x2241"), "writing: refused unless it is named (ObjFlags)"),
        (("object", "Battery Status"), "object: 6000h:00 Battery Status"),
        (("object", "0x1018"), "object: 1018h:01 Identity Object."),
        (("object", "0x1000"), "default: 419"),
    ],
)
def test_numbers_in_words(words: tuple[str, ...], said: str, capsys: Text) -> None:
    assert main(["explain", *words]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


def test_numbers_in_json(capsys: Text) -> None:
    assert main(["--json", "explain", "alarm", "0x01"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert row["schema"] == "deltaq.explain-word/1"
    assert [found["alarm"] for found in row["found"]] == [
        "E-0-0-1 (alarm, id 01h)",
        "F-0-0-1 (fault, id 01h)",
    ]
