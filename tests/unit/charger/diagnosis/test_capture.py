"""The capture of the real charger, the notes' attempt by SDO, and logs that show too little."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Standing, State, Subject
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.events import Frame
from tests.unit.charger.diagnosis.typed import explained, ids, of

REPLAY = Path(__file__).parents[3] / "replay"
# From the public repository I-am-Invictus/honda-cb550, extra/can1_log.trc, Apache-2.0, unchanged.
CAPTURE = REPLAY / "icl1500-85-heartbeat-and-rpdo.trc"
EXPECTED = REPLAY / "icl1500-85-heartbeat-and-rpdo.explained.json"
ATTEMPT = REPLAY / "notes-sdo-attempt.log"


def captured() -> Iterator[Frame]:
    """Frames of the capture: `5.814536 can1 000 Rx d 2  01 0A`."""
    for line in CAPTURE.read_text("ascii").splitlines():
        columns = line.split()
        if columns[3:5] == ["Rx", "d"]:
            yield Frame(int(columns[2], 16), bytes.fromhex("".join(columns[6:])), float(columns[0]))


def attempted() -> Iterator[Frame]:
    """Frames of the attempt: `(7.000000) can0 60A#2F00600001000000`."""
    for line in ATTEMPT.read_text("ascii").splitlines():
        time, _, written = line.split()
        cob_id, _, data = written.partition("#")
        yield Frame(int(cob_id, 16), bytes.fromhex(data), float(time.strip("()")))


def of_frames(dictionary: Dictionary, frames: Iterator[Frame]) -> Explanation:
    diagnosis = Diagnosis(Subject(dictionary))
    for frame in frames:
        diagnosis.take(frame)
    return diagnosis.explain()


@pytest.fixture(scope="module")
def capture(dictionary: Dictionary) -> Explanation:
    return of_frames(dictionary, captured())


# --- the capture ------------------------------------------------------------------------------------------


def test_the_verdict_on_the_capture(capture: Explanation) -> None:
    assert capture.verdict == (
        "It does not charge; most likely: ready (6000h) was 1 from the first RPDO1 on, with no 0 before it [I]; "
        "3 more below."
    )
    assert capture.state is State.IDLE


def test_what_else_is_suspicious_and_nothing_more(capture: Explanation) -> None:
    assert ids(capture) == ["ready-edge", "cycle-label", "temperature", "bms-agrees"]
    edge, label, temperature, bms = capture.causes
    assert edge.rule.certainty == "[I]"
    assert [found.suspicious for found in capture.causes] == [False, True, True, True]
    assert label.sentence == "4201h = 1 labels the cycle as equalize"
    assert temperature.sentence.startswith("the battery temperature is sent as 70.0 °C, by mistake")
    assert bms.sentence.startswith(
        "RPDO2 reports 82.0 V and 10.0 A as measurements, where the charger measures 78.27 V"
    )


def test_what_a_passive_log_cannot_show_is_unknown(capture: Explanation) -> None:
    assert [found.id for found in capture.unknown] == ["device", "mapping", "local"]
    assert of(capture, "mapping").sentence == (
        "the mapping is assumed from the EDS, it was not read from this charger"
    )
    assert any("is assumed from the EDS" in note for note in capture.notes)


def test_all_of_it_as_it_was_reviewed_by_hand(capture: Explanation) -> None:
    # The file was read against the capture line by line; change it by hand, and only with a reason.
    expected = json.loads(EXPECTED.read_text("utf-8"))
    assert json.loads(json.dumps(asdict(capture))) == expected


# --- the notes' attempt by SDO ----------------------------------------------------------------------------


def test_the_attempt_by_sdo_asked_for_21_volts(dictionary: Dictionary) -> None:
    explanation = of_frames(dictionary, attempted())
    assert ids(explanation) == ["voltage-scale", "ready-edge"]
    scale, edge = explanation.causes
    assert scale.sentence == (
        "21.0 V asked, battery at 81 V: 2271h:00 counts 1/1024 V, and 21504 is 84.0 V in the 1/256 V of 2276h:00"
    )
    assert scale.rule.certainty == "[C]"
    assert scale.action == "write 86016 to 2271h:00, or 21504 to 2276h:00"
    assert [each.frame for each in scale.evidence] == ["60A#2371220000540000", "18A#7C13015170000000"]
    assert edge.sentence == "ready (6000h) was 1 from the first write on, with no 0 before it"
    assert explanation.verdict.startswith("It does not charge: 21.0 V asked, battery at 81 V")
    assert of(explanation, "rpdo").standing is Standing.UNKNOWN


# --- too little -------------------------------------------------------------------------------------------


def test_of_heartbeats_alone_everything_else_is_unknown() -> None:
    log = "\n".join(f"{second}.0 70A#05\n{second}.1 701#05\n{second}.6 701#05" for second in range(20))
    explanation = explained(log)
    met = {found.id for found in explanation.preconditions if found.standing is Standing.MET}
    assert met == {"bus", "charger-heard", "one-charger", "operational", "master-heartbeat", "one-master"}
    assert explanation.causes == ()
    assert not explanation.enough
    assert explanation.state is State.UNKNOWN
    assert explanation.verdict == (
        "Whether it charges was not seen: not enough was seen to say why, 22 of 28 preconditions are unknown."
    )
    assert any("none is in this log" in note for note in explanation.notes)


def test_of_nothing_nothing_is_known() -> None:
    explanation = explained()
    assert {found.standing for found in explanation.preconditions} == {Standing.UNKNOWN}
    assert explanation.state is State.UNHEARD
    assert explanation.verdict == "Nothing was heard in 0.0 s."
    assert (explanation.begun, explanation.ended, explanation.frames) == (None, None, 0)
