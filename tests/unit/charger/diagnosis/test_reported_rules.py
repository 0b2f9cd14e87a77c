"""What the charger reports of itself: frames typed by hand."""

from __future__ import annotations

import pytest

from deltaq_master.charger.diagnosis import (
    Diagnosis,
    Evidence,
    Explanation,
    Finding,
    Standing,
    State,
    Subject,
)
from deltaq_master.protocol.events import Frame
from tests.unit.charger.diagnosis.scripted import dictionary
from tests.unit.charger.diagnosis.typed import diagnosed, explained, frames, idle, ids, of

READY = "3.0 20A#004C000054A00000\n3.5 20A#004C000054A00001\n3.9 20A#004C000054A00001"
"""RPDO1: 84 V, 10 A, ready 0 and then 1."""


def last(status: str, *more: str) -> Explanation:
    """An idle charger whose last TPDO1 has this 2006h, at 78.27 V."""
    return explained(idle(4.0), f"4.1 18A#7C13464E{status}0000", *more)


def found(explanation: Explanation, name: str, standing: Standing) -> Finding:
    one = of(explanation, name)
    assert one.standing is standing, one
    return one


def test_without_its_status_nothing_of_it_is_known() -> None:
    explanation = explained("0.0 70A#05\n0.1 28A#0000000000000000")
    for name in ("ac", "remote", "shutdown", "enabled", "derating"):
        assert "was not seen" in found(explanation, name, Standing.UNKNOWN).sentence
    assert explanation.state is State.UNKNOWN


def test_the_bits_of_its_status() -> None:
    assert found(last("6000"), "ac", Standing.UNMET).sentence == "the charger detects no AC"
    assert found(last("7400"), "shutdown", Standing.UNMET).evidence[0].text == "2006h = 0074h"
    assert found(last("3000"), "remote", Standing.UNMET).sentence.startswith("the charger is in local mode")
    assert found(last("5000"), "enabled", Standing.UNMET).action == "read its errors: deltaq info"
    assert found(last("7800"), "derating", Standing.UNMET).action == "deltaq read 0x2008"


# --- alarms -----------------------------------------------------------------------------------------------


def test_several_alarms_are_all_named() -> None:
    explanation = explained(idle(4.0), "4.1 08A#0090010880000000\n4.2 08A#3081012080000000")
    alarm = found(explanation, "alarm", Standing.UNMET)
    assert alarm.sentence == (
        "alarms are active: E-0-0-8 external temperature out of range (9000h); "
        "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"
    )
    assert explanation.history.alarms[0] == (
        "E-0-0-8 external temperature out of range (9000h): "
        "let the battery reach its temperature range, and check how it is cooled"
    )


def test_an_alarm_is_gone_after_the_reset() -> None:
    explanation = explained(idle(4.0), "4.1 08A#0090010880000000\n4.2 08A#0000000000000000")
    assert found(explanation, "alarm", Standing.MET).evidence[0].frame == "08A#0000000000000000"
    assert explanation.history.changes[-1].text == "the charger reset its errors"


def test_an_alarm_that_is_repeated_is_one_and_ours_are_none() -> None:
    log = "4.1 08A#0090010880000000\n4.2 08A#0090010880000000\n4.3 >08A#0090010980000000"
    assert len(found(explained(idle(4.0), log), "alarm", Standing.UNMET).evidence) == 1


def test_a_charger_that_babbles_alarms_does_not_fill_the_memory() -> None:
    diagnosis = Diagnosis(Subject(dictionary()))
    for number in range(1000):
        data = bytes((0x00, 0x90, 0x01, number % 256, 0x80, 0, 0, 0))
        diagnosis.take(Frame(0x08A, bytes((number // 256,)) + data[1:], number / 100))
    assert len(diagnosis.facts.raised) == 254
    assert len(diagnosis.explain().history.changes) == 40


# TPDO3: 2060h, 2200h, 6080h.
def test_the_error_word_and_the_bits_of_the_status() -> None:
    # 2060h = 20808130h, as a public DBC writes E-0-3-2, and 0C00h...: F-0-0-6 by its class byte first.
    word = found(last("5000", "4.2 38A#30818020A007FF00"), "alarm", Standing.UNMET)
    assert word.sentence == "the charger shows E-0-3-2 heartbeat or RPDO lost while charging (8130h)"
    assert found(last("7200"), "alarm", Standing.UNMET).sentence == "the charger's status shows an alarm"
    assert found(last("7100"), "alarm", Standing.UNMET).sentence == "the charger's status shows a fault"


def quiet(status: str, *more: str) -> Explanation:
    """A charger of which no EMCY was heard, as in a log that began later."""
    return explained(f"0.0 70A#05\n0.1 18A#7C13464E{status}0000", *more)


def test_no_emcy_is_no_proof_and_neither_is_the_error_word() -> None:
    assert found(quiet("7000"), "alarm", Standing.UNKNOWN).sentence == (
        "no EMCY came, and the error word (2060h) was not seen"
    )
    error = "0.2 38A#00000000A007FF00"
    assert "proves nothing" in found(quiet("5000", error), "alarm", Standing.UNKNOWN).sentence
    assert "able to charge" in found(quiet("7000", error), "alarm", Standing.MET).sentence


# --- derating ---------------------------------------------------------------------------------------------


def derated(cause: str) -> str:
    return f"4.2 60A#4008200000000000\n4.3 58A#4F082000{cause}000000"


@pytest.mark.parametrize(
    ("cause", "word", "advice"),
    [
        ("01", "AC voltage", "check the mains voltage under load"),
        ("04", "temperature", "let the charger cool"),
        ("80", "reserved bits 80h", "look the bits up"),
    ],
)
def test_derating_names_its_cause(cause: str, word: str, advice: str) -> None:
    derating = found(last("7800", derated(cause)), "derating", Standing.UNMET)
    assert derating.sentence == f"the charger gives less than asked for, because of: {word}"
    assert derating.action.startswith(advice)


def test_derating_is_told_without_the_status_too() -> None:
    explanation = explained("0.0 70A#05", derated("04"))
    assert found(explanation, "derating", Standing.UNMET).evidence[0].text == "2008h = 04h: temperature"


# --- the battery ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volts", "standing", "said"),
    [
        ("0000", Standing.UNMET, "no battery is connected: 0.00 V measured"),
        ("0014", Standing.UNMET, "the battery has 20.00 V, outside the charger's window of 28 to 85 V"),
        ("0056", Standing.UNMET, "the battery has 86.00 V, outside the charger's window of 28 to 85 V"),
        ("464E", Standing.MET, "a battery with 78.27 V, within the charger's window of 28 to 85 V"),
        ("FFFF", Standing.UNKNOWN, "the battery voltage was not seen"),
    ],
)
def test_the_battery_is_there_and_fits(volts: str, standing: Standing, said: str) -> None:
    explanation = explained(idle(4.0), f"4.1 18A#7C13{volts}70000000")
    assert found(explanation, "battery", standing).sentence == said


def test_full_is_told_by_indication_state_of_charge_or_voltage() -> None:
    assert found(last("7014"), "full", Standing.UNMET).sentence.startswith("the charger indicates complete")
    assert last("7014").state is State.COMPLETE
    assert last("7014").verdict == (
        "It does not charge any more: the charger indicates complete: the battery is full; 1 more below."
    )
    soc = found(last("7000", "4.2 38A#00000000A0076400"), "full", Standing.UNMET)
    assert soc.sentence == "the charger takes the battery for full (6080h = 100 %)"
    # 84.0 V asked for, the battery at 83.75 V and then at 84.75 V.
    at = explained(idle(4.0), READY, "4.1 18A#7C13C05370000000")
    assert found(at, "full", Standing.UNMET).rule.certainty == "[I]"
    above = explained(idle(4.0), READY, "4.1 18A#7C13C05470000000")
    assert found(above, "full", Standing.UNKNOWN).hidden_by == "voltage-battery"
    assert found(last("7000"), "full", Standing.UNKNOWN).sentence.startswith("full or not is told by voltage")


def test_resting_and_equalizing_are_not_charging() -> None:
    assert "it indicates resting (5), which is not charging" in last("7015").notes
    assert "it indicates equalize (6), which is not for lithium" in last("7016").notes
    assert last("7015").state is State.IDLE


def test_a_charge_by_its_own_algorithm_is_said_to_be_one() -> None:
    explanation = last("3011")
    assert explanation.state is State.CHARGING
    assert explanation.verdict.startswith("It charges, by its own algorithm and not by a master's request")


# --- its own algorithm ------------------------------------------------------------------------------------

COUNT = "4.2 60A#4042220000000000\n4.3 58A#4F422200{}000000"
ACTIVE = "4.4 60A#4041220000000000\n4.5 58A#43412200{}"


def test_the_local_algorithm() -> None:
    none = found(last("7000", COUNT.format("00"), ACTIVE.format("FFFFFFFF")), "local", Standing.MET)
    assert len(none.evidence) == 2
    some = found(last("7000", COUNT.format("02")), "local", Standing.UNMET)
    assert some.sentence.startswith("2 local algorithms are installed")
    active = found(last("7000", COUNT.format("00"), ACTIVE.format("E9000000")), "local", Standing.UNMET)
    assert active.sentence.startswith("algorithm 233 is active")
    absent = last("7000", "4.2 60A#4042220000000000\n4.3 58A#8042220000000206")
    assert found(absent, "local", Standing.UNKNOWN).sentence == (
        "this charger does not have 2242h, the number of installed algorithms"
    )


# --- what happened ----------------------------------------------------------------------------------------


def test_what_changed_last_before_it_stopped() -> None:
    log = "4.1 18A#0005464E70110000\n5.0 20A#004C000054A00000\n5.1 18A#0000464E70000000"
    explanation = explained(idle(4.0), READY, log)
    stop = explanation.history.stop
    assert stop is not None
    assert stop.time == 5.1
    assert stop.text == (
        "the charge ended: the charger's status: inactive, no cycle (before: charging, below 80 %, charge cycle)"
    )
    assert stop.before[0].text == "ready (6000h) goes from 1 to 0 (RPDO1)"
    assert [change.time for change in stop.before[:2]] == [5.0, 4.1]


def test_a_charge_ends_with_operational() -> None:
    log = "4.1 18A#0005464E70110000\n5.0 70A#7F"
    stop = explained(idle(4.0), READY, log).history.stop
    assert stop is not None
    assert stop.text == "the charge ended: the charger left operational: it is pre-operational"


def test_the_chargers_own_words_of_the_end() -> None:
    termination = "4.2 60A#4011200000000000\n4.3 58A#4F11200010000000"
    errors = "4.4 60A#4003100100000000\n4.5 58A#4303100130818020\n4.6 60A#4003100200000000\n4.7 58A#4303100200000000"
    history = last("7000", termination, errors).history
    assert history.termination == "heartbeat or RPDO lost"
    assert history.errors == ("E-0-3-2 heartbeat or RPDO lost while charging (8130h)",)


def test_a_status_bit_that_goes_without_another_one_coming() -> None:
    log = "4.1 18A#7C13464E78000000\n4.3 18A#7C13464E70000000"
    texts = [change.text for change in explained(idle(4.0), log).history.changes]
    assert texts[-2:] == [
        "the charger's status: derating",
        "the charger's status: nothing new (before: derating)",
    ]


def test_frames_of_another_length_than_mapped_tell_nothing() -> None:
    explanation = explained("0.0 70A#05\n0.1 18A#7C13464E7000")
    assert found(explanation, "ac", Standing.UNKNOWN)
    assert not explained("0.0 >18A#7C13464E70000000").history.changes


def test_a_read_of_the_status_tells_until_the_state_changes() -> None:
    read = "1.0 60A#4006200000000000\n1.1 58A#4B06200070000000"
    assert found(explained("0.0 70A#7F", read), "ac", Standing.MET)
    assert found(explained("0.0 70A#7F", read, "2.0 70A#00"), "ac", Standing.UNKNOWN)
    assert found(explained("0.0 70A#7F", read, until=17.0), "charger-heard", Standing.UNMET)


def test_a_status_of_an_odd_length_is_shortened_and_a_written_one_is_none() -> None:
    odd = "1.0 60A#4006200000000000\n1.1 58A#4206200070000000"
    assert found(explained("0.0 70A#7F", odd), "ac", Standing.MET)
    wrong = "1.0 60A#4006200000000000\n1.1 58A#4F06200010000000"
    assert found(explained("0.0 70A#7F", wrong), "ac", Standing.MET)
    written = "1.0 60A#2B06200070000000\n1.1 58A#6006200000000000"
    assert found(explained("0.0 70A#7F", written), "ac", Standing.UNKNOWN)


def test_a_diagnosis_can_be_asked_again_and_again() -> None:
    diagnosis = diagnosed(idle(2.0))
    first = diagnosis.explain()
    assert diagnosis.explain() == first
    for frame in frames("2.1 18A#7C13464E60000000"):
        diagnosis.take(frame)
    assert ids(diagnosis.explain())[0] == "ac"


def test_evidence_prints_as_a_line() -> None:
    evidence = found(last("6000"), "ac", Standing.UNMET).evidence[0]
    assert str(evidence) == "4.100 s  2006h = 0060h (TPDO1)  18A#7C13464E60000000"
    assert str(Evidence("seen", 1.0)) == "1.000 s  seen"
    assert str(Evidence("seen")) == "seen"


def test_a_charge_that_goes_on_is_not_full() -> None:
    assert found(last("7011"), "full", Standing.MET).sentence == "it takes charge"
