"""What is asked of the charger, and how: frames typed by hand."""

from __future__ import annotations

import pytest

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Finding, Standing, Subject
from deltaq_master.charger.diagnosis.asking import quantity_of, value_of
from deltaq_master.charger.diagnosis.questions import questions
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.events import Frame
from tests.unit.charger.diagnosis.scripted import dictionary
from tests.unit.charger.diagnosis.typed import diagnosed, every, explained, idle, ids, of

OFF, ON = "20A#004C000054A00000", "20A#004C000054A00001"
"""RPDO1: 76 %, no label, 84.0 V, 10 A, ready 0 and 1."""


def found(explanation: Explanation, name: str, standing: Standing) -> Finding:
    one = of(explanation, name)
    assert one.standing is standing, one
    return one


def asked(*rpdos: str, end: float = 6.0) -> Explanation:
    """An idle charger, and RPDO1 every 0.2 s: ready 0 for a second, then what is given for the rest."""
    return explained(idle(end), every(0.2, OFF, 2.0, 3.0), *(every(0.2, each, 3.2, end) for each in rpdos))


def write(time: float, text: str, answer: str = "") -> str:
    """A write of up to four bytes, and its answer."""
    index = text[2:8]
    return f"{time} 60A#{text}\n{time + 0.01} 58A#{answer or '60' + index + '00000000'}"


# --- ready ------------------------------------------------------------------------------------------------


def test_ready_0_and_then_1_is_as_it_should_be() -> None:
    explanation = asked(ON)
    assert ids(explanation) == []
    assert found(explanation, "ready-edge", Standing.MET).evidence[0].frame == OFF
    assert not explanation.enough
    assert "not enough was seen" in explanation.verdict


def test_ready_1_in_all_that_was_seen_is_not_known_to_be_the_first() -> None:
    log = (every(0.2, ON, 0.0, 5.0), every(0.1, "701#05", 0.0, 5.0), every(1.0, "70A#05", 0.0, 5.0))
    edge = found(explained(*log), "ready-edge", Standing.UNKNOWN)
    assert edge.sentence == "ready was 1 in all that was seen, and how it began was not seen"


def test_a_0_before_the_charger_took_rpdos_does_not_count() -> None:
    early = every(0.2, OFF, 0.2, 1.0)
    explanation = explained(idle(6.0), early, every(0.2, ON, 1.6, 6.0))
    assert found(explanation, "ready-edge", Standing.UNMET).sentence == (
        "ready was 1 before the charger took any 0: what was sent before came too early to be taken"
    )


def test_a_0_that_goes_on_until_the_charger_takes_it_counts() -> None:
    explanation = explained(idle(6.0), every(0.2, OFF, 0.2, 3.0), every(0.2, ON, 3.2, 6.0))
    assert found(explanation, "ready-edge", Standing.MET)


def test_a_0_that_was_never_taken_is_no_beginning() -> None:
    log = (
        every(1.0, "70A#7F", 0.0, 3.0),
        every(0.1, "701#05", 0.0, 3.0),
        every(0.2, OFF, 1.0, 3.0),
        "3.1 18A#7C13",
    )
    edge = found(explained(*log, "3.15 " + OFF[:-2] + "02"), "ready-edge", Standing.MET)
    assert edge.evidence[0].time == 3.15
    only = explained(*log)
    assert (
        found(only, "ready-edge", Standing.UNKNOWN).sentence == "ready is 0, and not yet taken by the charger"
    )


def test_ready_0_alone() -> None:
    explanation = asked(OFF)
    assert ids(explanation) == ["ready"]
    assert found(explanation, "ready", Standing.UNMET).sentence == "ready (6000h) is 0, and never was 1"


def test_ready_that_was_taken_back_and_given_again() -> None:
    explanation = asked(ON)
    assert found(explanation, "ready", Standing.MET)
    log = (idle(8.0), every(0.2, OFF, 2.0, 3.0), every(0.2, ON, 3.2, 5.0), every(0.2, OFF, 5.2, 6.0))
    taken = explained(*log, every(0.2, OFF, 6.2, 8.0))
    assert found(taken, "ready", Standing.UNMET).sentence.startswith(
        "ready (6000h) went back from 1 to 0, 2.8 s"
    )
    again = explained(*log, every(0.2, ON, 6.2, 8.0))
    assert found(again, "ready", Standing.MET)


def test_what_a_silent_rpdo_said_is_asked_no_more() -> None:
    explanation = explained(idle(9.0), every(0.2, OFF, 2.0, 3.0), every(0.2, ON, 3.2, 4.0))
    assert found(explanation, "rpdo", Standing.UNMET).sentence == "RPDO1 (20Ah) ended 5.0 s before the end"
    assert found(explanation, "ready", Standing.UNKNOWN).sentence.startswith(
        "ready (6000h) was 1 until the RPDO"
    )
    assert "10.0 A were asked for" in found(explanation, "current", Standing.UNKNOWN).sentence


def test_a_write_of_ready_without_the_heartbeat_is_refused() -> None:
    refused = write(2.0, "2F00600001000000", "8000600022000008")
    explanation = explained(every(1.0, "70A#7F", 0.0, 5.0), refused)
    assert any("a write of 6000h:00 was refused at 2.010 s" in note for note in explanation.notes)
    assert explanation.history.changes[-1].text.startswith("a write of 6000h:00 was refused: not possible")
    present = explained(idle(5.0), refused)
    assert "it needs the heartbeat" in found(present, "ready", Standing.UNKNOWN).sentence
    assert found(present, "rpdo", Standing.UNKNOWN).sentence.startswith("asked by SDO alone")


# --- RPDOs ------------------------------------------------------------------------------------------------


def test_nobody_asks() -> None:
    explanation = explained(idle(6.0))
    assert ids(explanation) == ["rpdo"]
    assert found(explanation, "ready", Standing.UNKNOWN).hidden_by == "rpdo"
    short = explained("0.0 70A#05\n0.1 18A#7C13464E70000000\n0.2 701#05")
    assert "not long enough to say" in found(short, "rpdo", Standing.UNKNOWN).sentence


def test_an_rpdo_that_the_charger_does_not_take_is_named() -> None:
    explanation = explained(idle(6.0), every(0.5, "40A#A0000100500100", 2.0, 6.0))
    assert found(explanation, "rpdo", Standing.UNMET).sentence.endswith(
        "; 40Ah came, which the charger does not take, by the mapping that is known"
    )


def test_one_rpdo_has_no_rhythm() -> None:
    explanation = explained(idle(6.0), f"5.9 {OFF}")
    assert found(explanation, "rpdo", Standing.UNKNOWN).sentence == "only one frame of RPDO1 (20Ah) came"


def test_the_rpdos_own_timer_counts_where_it_is_known() -> None:
    timer = "1.5 60A#4000140500000000\n1.6 58A#4B00140564000000"
    explanation = explained(idle(6.0), timer, every(0.2, OFF, 2.0, 3.0), every(0.2, ON, 3.2, 6.0))
    rpdo = found(explanation, "rpdo", Standing.UNMET)
    assert rpdo.sentence == "RPDO1 (20Ah) comes too rarely: every 200 ms, wanted within 100 ms"
    assert rpdo.rule.source == "read from the device"
    assert rpdo.evidence[1].text == "its event timer is 100 ms"


def test_a_wrong_length_among_right_ones_is_remembered_for_a_while() -> None:
    log = (idle(9.0), every(0.2, OFF, 2.0, 3.0), "3.1 20A#004C000054A000", every(0.2, ON, 3.2, 9.0))
    assert found(explained(*log), "rpdo-length", Standing.MET)
    soon = explained(idle(4.0), every(0.2, OFF, 2.0, 3.0), "3.1 20A#004C000054A000", every(0.2, ON, 3.2, 4.0))
    assert found(soon, "rpdo-length", Standing.UNMET).sentence == (
        "RPDO1 (20Ah) has 7 bytes, and 8 are mapped, by the EDS's mapping"
    )


# --- the mapping ------------------------------------------------------------------------------------------


def told(time: float, index: str, *values: str) -> str:
    """Reads of sub-indices 0 (or 1, 2 for a communication record) on, as index, sub and value in bytes."""
    lines = []
    for number, value in enumerate(values):
        at, sub, size = time + number * 0.002, value[:2], len(value[2:]) // 2
        command = {1: "4F", 2: "4B", 4: "43"}[size]
        lines.append(f"{at:.4f} 60A#40{index}{sub}00000000")
        lines.append(f"{at + 0.001:.4f} 58A#{command}{index}{sub}{value[2:].ljust(8, '0')}")
    return "\n".join(lines)


def all_rpdos(time: float, *, first: tuple[str, ...], second: tuple[str, ...] = ("0000",)) -> str:
    """Every RPDO read: the mapping of RPDO1 and RPDO2 as given, the others empty and disabled."""
    parts = []
    for number in range(8):
        cob_id = f"{0x0A:02X}{2 + number:02X}0000" if number < 2 else f"{0x0A:02X}{2 + number:02X}0080"
        parts.append(told(time + number * 0.05, f"{number:02X}14", f"01{cob_id}", "02FF"))
        mapping = (first, second)[number] if number < 2 else ("0000",)
        parts.append(told(time + number * 0.05 + 0.02, f"{number:02X}16", *mapping))
    return "\n".join(parts)


THIS_UNIT = ("0006", "010801FA2F", "0208008160", "0308000142", "0410007622", "0510007060", "0608000060")
"""1600h:00 to :06 of this unit: 2FFA:1, 6081h, 4201h, 2276h, 6070h, 6000h (facts/charger.md, section 5)."""
THIS_UNIT_2 = ("0005", "010801FA2F", "020801FA2F", "0310000220", "0410000121", "0510001060")
SWAPPED = ("0006", "010801FA2F", "0208008160", "0308000142", "0410007060", "0510007622", "0608000060")
"""The same with 6070h before 2276h."""
CIA419 = ("0002", "0110001060", "0208000060")


def test_a_mapping_that_was_read_and_is_the_edss() -> None:
    explanation = explained(idle(6.0), all_rpdos(1.5, first=THIS_UNIT, second=THIS_UNIT_2))
    assert found(explanation, "mapping", Standing.MET).sentence == "the charger's mapping is the EDS's"


def test_a_mapping_that_was_read_in_part() -> None:
    part = told(1.5, "0014", "010A020000") + "\n" + told(1.6, "0016", *THIS_UNIT)
    assert found(explained(idle(6.0), part), "mapping", Standing.UNKNOWN).sentence == (
        "only the mapping of RPDO1 was read, the rest is assumed from the EDS"
    )


def test_frames_are_taken_apart_by_the_devices_own_mapping() -> None:
    # 10 A in bytes 3 and 4, 84 V in bytes 5 and 6.
    off, on = "20A#004C00A000005400", "20A#004C00A000005401"
    mapping = all_rpdos(1.5, first=SWAPPED, second=THIS_UNIT_2)
    log = (idle(6.0), mapping, every(0.2, off, 2.4, 3.2), every(0.2, on, 3.4, 6.0))
    explanation = explained(*log)
    assert ids(explanation) == []
    assert found(explanation, "current", Standing.MET).evidence[0].text == "6070h:00 = 160: 10.0 A"
    assert (
        "whether the sender packs so is not known" in found(explanation, "mapping", Standing.UNKNOWN).sentence
    )
    ours = [text.replace("20A#", ">20A#") for text in log]
    assert "what we send is packed by it" in found(explained(*ours), "mapping", Standing.MET).sentence


def test_a_mapping_that_comes_later_changes_what_the_frames_say() -> None:
    mapping = all_rpdos(4.0, first=SWAPPED, second=THIS_UNIT_2)
    log = (idle(6.0), every(0.2, OFF, 2.0, 3.0), every(0.2, ON, 3.2, 6.0), mapping)
    explanation = explained(*log)
    # 5400h as a current is 1344 A, and A000h as a voltage 0.6 V.
    assert "1344.0 A" in found(explanation, "current", Standing.MET).sentence
    assert found(explanation, "ready-edge", Standing.UNKNOWN).sentence.endswith("how it began was not seen")


def test_a_mapping_that_contradicts_the_edss_is_not_guessed_at() -> None:
    # Only the count was read, and it is another one.
    explanation = explained(idle(6.0), told(1.5, "0016", "0002"), every(0.2, ON, 2.0, 6.0))
    assert found(explanation, "rpdo", Standing.UNMET)
    assert found(explanation, "current", Standing.UNKNOWN)


def test_a_mapping_without_a_voltage_cannot_be_commanded() -> None:
    explanation = explained(idle(6.0), all_rpdos(1.5, first=CIA419), every(0.2, "20A#C80001", 2.4, 6.0))
    assert ids(explanation) == ["mapping"]
    assert found(explanation, "current", Standing.UNKNOWN).hidden_by == "mapping"
    assert found(explanation, "mapping", Standing.UNMET).action.startswith("remap the PDOs")


def test_a_disabled_command_rpdo_cannot_command() -> None:
    disabled = all_rpdos(1.5, first=THIS_UNIT).replace("58A#430014010A020000", "58A#430014010A020080")
    mapping = found(explained(idle(6.0), disabled), "mapping", Standing.UNMET)
    assert "disabled RPDO" in mapping.sentence
    assert mapping.action.startswith("send what the mapping asks for")


def test_an_object_that_the_eds_does_not_know_moves_nothing() -> None:
    opaque = ("0006", "010801F02F", "0208008160", "0308000142", "0410007622", "0510007060", "0608000060")
    explanation = explained(idle(6.0), all_rpdos(1.5, first=opaque), every(0.2, ON, 2.4, 6.0))
    assert "does not know" in found(explanation, "mapping", Standing.UNMET).sentence


def test_a_tpdo_that_moves_is_followed() -> None:
    # TPDO1 on 19Ah, and 18Ah says nothing any more.
    moved = (
        told(1.5, "0018", "019A010000")
        + "\n"
        + told(1.6, "001A", "0005", "0110000220", "0210000121", "0310000620", "040802FA2F", "050802FA2F")
    )
    log = (
        "0.0 70A#05\n0.5 18A#7C13464E70000000",
        moved,
        "2.0 18A#7C13464E00000000\n2.5 19A#7C13464E60000000",
    )
    assert found(explained(*log), "ac", Standing.UNMET).evidence[0].frame == "19A#7C13464E60000000"


# --- current and voltage ----------------------------------------------------------------------------------


def test_no_voltage_request_leaves_the_chargers_own_limit() -> None:
    explanation = asked("20A#004C00FFFFA00001")
    assert found(explanation, "voltage-scale", Standing.MET).sentence.startswith("no voltage is asked for")
    assert found(explanation, "voltage-battery", Standing.UNKNOWN)
    assert found(explanation, "voltage-maximum", Standing.UNKNOWN)


def test_volts_times_256_in_an_rpdo_with_2271h() -> None:
    # RPDO1: 6070h, 6000h, 2271h. 84 V x 256 = 21504 = 00005400h.
    mapping = all_rpdos(1.5, first=("0003", "0110007060", "0208000060", "0320007122"))
    log = (
        idle(6.0),
        mapping,
        every(0.2, "20A#A0000000540000", 2.4, 3.0),
        every(0.2, "20A#A0000100540000", 3.2, 6.0),
    )
    scale = found(explained(*log), "voltage-scale", Standing.UNMET)
    assert scale.sentence.startswith("21.0 V asked, battery at 78 V: 2271h:00 counts 1/1024 V")


def test_the_scale_is_told_without_a_battery_voltage() -> None:
    log = ("0.0 70A#05", every(0.1, "701#05", 0.1, 3.0), write(2.0, "2371220000540000"))
    scale = found(explained(*log), "voltage-scale", Standing.UNMET)
    assert scale.sentence.startswith("21.0 V asked: 2271h:00 counts 1/1024 V, and 21504 is 84.0 V")
    assert len(scale.evidence) == 1


def test_ten_millivolts_in_2276h() -> None:
    # 8400 = 20D0h: 32.8 V by 1/256 V, 84.00 V by the 10 mV of 2277h.
    scale = found(asked("20A#004C00D020A00001"), "voltage-scale", Standing.UNMET)
    assert scale.sentence == (
        "32.8 V asked, battery at 78 V: 2276h:00 counts 1/256 V, and 8400 is 84.0 V in the 10 mV of 2277h:00"
    )


def test_a_voltage_that_no_scale_explains_is_a_wrong_voltage() -> None:
    explanation = asked("20A#004C00003CA00001")
    assert ids(explanation) == ["voltage-battery"]
    assert "no other scale" in found(explanation, "voltage-scale", Standing.MET).sentence


def test_a_request_near_the_batterys_voltage_is_too_near_to_say() -> None:
    # 78.0 V asked, battery at 78.27 V.
    explanation = asked("20A#004C00004EA00001")
    assert found(explanation, "voltage-battery", Standing.UNKNOWN).sentence.endswith("too near to say")


def test_a_request_as_a_real_number_is_taken_as_it_is() -> None:
    # 2279h is REAL32: 84.0 = 42A80000h, 21.0 = 41A80000h, not a number = 7FC00000h.
    def with_real(value: str) -> Explanation:
        return explained(idle(6.0), write(2.0, f"23792200{value}"))

    assert found(with_real("0000A842"), "voltage-scale", Standing.MET).sentence.startswith("84.0 V")
    assert "no other scale" in found(with_real("0000A841"), "voltage-scale", Standing.MET).sentence
    assert found(with_real("0000C07F"), "voltage-scale", Standing.MET).sentence.startswith("no voltage")


def test_what_is_asked_last_counts() -> None:
    explanation = explained(idle(6.0), every(0.2, OFF, 2.0, 6.0), write(3.05, "2B706000E0000000"))
    # The next RPDO takes it back.
    assert found(explanation, "current", Standing.MET).sentence == "10.0 A are asked for (6070h:00)"
    alone = explained(idle(6.0), write(3.0, "2B706000E0000000"))
    assert found(alone, "current", Standing.MET).sentence == "14.0 A are asked for (6070h:00)"


# --- labels and measurements ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "label"), [("01", "equalize"), ("03", "equalize and maintenance"), ("04", "something reserved")]
)
def test_labels(raw: str, label: str) -> None:
    assert found(asked(f"20A#004C{raw}0054A00001"), "cycle-label", Standing.UNMET).sentence.endswith(label)


# RPDO2: 2002h, 2101h, 6010h.
@pytest.mark.parametrize(
    ("temperature", "standing", "said"),
    [
        ("C800", Standing.MET, "the battery temperature is sent as 25.0 °C"),
        ("0080", Standing.MET, "the battery temperature is sent as 'not known'"),
        ("60FE", Standing.UNMET, "the battery temperature is sent as -52.0 °C"),
        ("3002", Standing.UNMET, "the battery temperature is sent as 70.0 °C, by mistake, it seems: with the "
         "offset of -40 of a public DBC it would be 30.0 °C"),
        ("E803", Standing.UNMET, "the battery temperature is sent as 125.0 °C"),
    ],
)  # fmt: skip
def test_temperatures(temperature: str, standing: Standing, said: str) -> None:
    explanation = explained(idle(6.0), every(0.2, f"30A#0000FFFFFFFF{temperature}", 2.0, 6.0))
    assert found(explanation, "temperature", standing).sentence == said


@pytest.mark.parametrize(
    ("measured", "standing", "said"),
    [
        ("FFFFFFFF", Standing.UNKNOWN, "no measurements of a BMS were seen beside the charger's own"),
        ("0000464E", Standing.MET, "RPDO2 reports 78.3 V and 0.0 A, and the charger agrees"),
        ("000AFFFF", Standing.UNMET, "RPDO2 reports 10.0 A as measurements, where the charger measures 78.27 V "
         "and nothing flows: they are no requests"),
        ("FFFF0052", Standing.UNMET, "RPDO2 reports 82.0 V as measurements, where the charger measures 78.27 V "
         "and nothing flows: they are no requests"),
    ],
)  # fmt: skip
def test_measurements(measured: str, standing: Standing, said: str) -> None:
    explanation = explained(idle(6.0), every(0.2, f"30A#0000{measured}0080", 2.0, 6.0))
    assert found(explanation, "bms-agrees", standing).sentence == said


def test_a_current_measured_alone() -> None:
    log = (idle(6.0), write(2.0, "2B02200000050000"))
    assert found(explained(*log), "bms-agrees", Standing.UNMET).sentence.startswith("SDO write reports 5.0 A")


def test_small_changes_of_a_request_are_no_news() -> None:
    steps = "3.1 20A#004C008053A00001\n3.2 20A#004C000053900001\n3.3 20A#004C000040000001"
    texts = [change.text for change in explained(idle(4.0), f"3.0 {OFF}", steps).history.changes]
    assert texts[-3:] == [
        "ready (6000h) goes from 0 to 1 (RPDO1)",
        "the voltage request goes from 83.0 V to 64.0 V (RPDO1)",
        "the current request goes from 9.0 A to 0.0 A (RPDO1)",
    ]


# --- SDO --------------------------------------------------------------------------------------------------


def test_transfers_that_tell_nothing() -> None:
    log = (
        "1.0 60A#40081000",  # not eight bytes
        "1.1 60A#4008100000000000\n1.2 58A#410810000A000000",  # a text in segments
        "1.3 60A#6000000000000000\n1.4 58A#0049434C31353030",
        "1.5 60A#4000500000000000\n1.6 58A#4F00500001000000",  # an object that the EDS does not have
        "1.7 60A#4001500000000000\n1.8 58A#8001500000000206",
        "1.9 60A#2F00500001000000\n2.0 58A#6000500000000000",
        "2.1 60A#2F00600001000000\n2.2 58A#6070600000000000",  # an answer about another object
        "2.3 60A#2F81600001000000\n2.4 58A#6081600000000000",  # written, and no command
        "2.5 60A#4000600000000000\n2.6 >58A#4F00600001000000",  # ours cannot be the charger's
    )
    diagnosis = diagnosed("0.0 70A#05", *log)
    assert set(diagnosis.facts.known.held) == {Address(0x6081)}
    assert diagnosis.facts.asked.values == {}
    assert diagnosis.facts.unasked_answers == 0


def test_values_of_numbers() -> None:
    entry = dictionary()[Address(0x6010)]
    assert value_of(entry, 0xFFFF) == -0.125
    assert value_of(entry, 0x8000) is None
    assert value_of(entry, 0x10000) is None
    assert quantity_of(entry, 0x8000) == "no valid value"
    assert value_of(dictionary()[Address(0x1008)], 5) is None
    assert quantity_of(dictionary()[Address(0x6000)], 1) == "1"


def test_what_is_asked_for_live_is_read_once_and_the_changing_last() -> None:
    asked_for: list[Address] = []
    answers: dict[Address, bytes | None] = {}
    for address in questions(dictionary(), answers):
        asked_for.append(address)
        entry = dictionary().get(address)
        answers[address] = b"\x02" if address == Address(0x1003) else entry.default_bytes if entry else None
    assert asked_for[0] == Address(0x2006)
    assert asked_for[-1] == Address(0x2006)
    assert asked_for.count(Address(0x1003, 2)) == 1
    assert Address(0x1003, 3) not in asked_for
    assert Address(0x1600, 6) in asked_for


def test_an_eds_without_error_history_is_not_asked_for_it() -> None:
    class Without:
        indices = frozenset((0x1000,))
        node_id = 10

        def __contains__(self, address: object) -> bool:
            return address == Address(0x1000)

        def get(self, address: Address) -> None:
            return None

    assert list(questions(Without(), {})) == [Address(0x1000)]  # type: ignore[arg-type]


def test_frames_with_gaps_of_another_kind() -> None:
    diagnosis = Diagnosis(Subject(dictionary()))
    for time in (5.0, 4.0, 6.0):
        diagnosis.take(Frame(0x20A, bytes.fromhex("004C000054A00001"), time))
    assert diagnosis.explain().frames == 3
