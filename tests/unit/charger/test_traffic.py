"""The charger's traffic in words, on the capture of the real one and on frames typed by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deltaq_master.charger.report import IDLE_READING, UNKNOWN_READING
from deltaq_master.charger.traffic import ASSUMED, TrafficDecoder
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import assemble, defaults
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import Field
from deltaq_master.protocol.services import Decoded, Service

# From the public repository I-am-Invictus/honda-cb550, extra/can1_log.trc, Apache-2.0, unchanged.
CAPTURE = Path(__file__).parents[2] / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"


def captured() -> Iterator[Frame]:
    """Frames of the capture: `5.814536 can1 000 Rx d 2  01 0A`."""
    for line in CAPTURE.read_text("ascii").splitlines():
        columns = line.split()
        if columns[3:5] == ["Rx", "d"]:
            yield Frame(int(columns[2], 16), bytes.fromhex("".join(columns[6:])), float(columns[0]))


@pytest.fixture
def decoder(dictionary: Dictionary) -> TrafficDecoder:
    """One that knows the charger's mapping, because it was read."""
    return TrafficDecoder(dictionary, replace(defaults(dictionary), source="node 10"))


def say(decoder: TrafficDecoder, cob_id: int, data: str) -> Decoded:
    return decoder.decode(Frame(cob_id, bytes.fromhex(data), 0.0))


def notes(decoded: Decoded) -> dict[Address, str]:
    return {field.address: field.note for field in decoded.fields if field.address}


def values(decoded: Decoded) -> list[str]:
    return [field.shown for field in decoded.fields if field.told]


# --- the capture ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def capture(dictionary: Dictionary) -> list[tuple[Frame, Decoded]]:
    decoder = TrafficDecoder(dictionary, defaults(dictionary))
    return [(frame, decoder.decode(frame)) for frame in captured()]


def of(capture: list[tuple[Frame, Decoded]], cob_id: int) -> list[Decoded]:
    return [decoded for frame, decoded in capture if frame.cob_id == cob_id]


def test_every_frame_is_understood(capture: list[tuple[Frame, Decoded]]) -> None:
    assert len(capture) == 848
    assert not [decoded for _, decoded in capture if decoded.service is Service.OTHER or decoded.notes]


def test_captured_tpdo1_is_never_shown_as_amperes(capture: list[tuple[Frame, Decoded]]) -> None:
    decoded = of(capture, 0x18A)
    assert len(decoded) == 162
    assert {d.fields[0].note for d in decoded} == {IDLE_READING}
    assert {d.fields[0].shown for d in decoded} == {"19.453 A"}
    assert {d.fields[2].note for d in decoded} == {"AC detected, enabled, remote, inactive, no cycle"}
    assert str(decoded[0]) == (
        "node 10 TPDO1: Charging Current = 19.453 A (untrusted: charge indication is 0, and this reading is "
        "known to lie then), Battery Voltage Q8.8 = 78.27 V, "
        "Extended Charge Status = 0070h (AC detected, enabled, remote, inactive, no cycle)"
    )


def test_captured_tpdo2_says_that_its_scales_are_unresolved(capture: list[tuple[Frame, Decoded]]) -> None:
    first = of(capture, 0x28A)[0]
    assert values(first) == ["0 s", "0.0 Ah", "0 Wh"]
    assert [field.note for field in first.fields] == ["scale [U]", "", "scale [U]"]


def test_captured_tpdo3(capture: list[tuple[Frame, Decoded]]) -> None:
    first = of(capture, 0x38A)[0]
    assert values(first) == ["00000000h", "123.6 V", "no valid value"]
    assert first.fields[0].note == "no error"


def test_captured_rpdo1(capture: list[tuple[Frame, Decoded]]) -> None:
    first = of(capture, 0x20A)[0]
    assert values(first) == ["76 %", "1", "82.0 V", "10.0 A", "1"]
    assert notes(first)[Address(0x4201)] == "labels the logged cycle as equalize"
    assert notes(first)[Address(0x6000)] == "ready"


def test_captured_rpdo2_carries_measurements(capture: list[tuple[Frame, Decoded]]) -> None:
    first = of(capture, 0x30A)[0]
    assert values(first) == ["10.0 A", "82.0 V", "70.0 °C"]
    measured = "a measurement of the BMS, not a request"
    assert notes(first)[Address(0x2002)] == notes(first)[Address(0x2101)] == measured
    assert notes(first)[Address(0x6010)] == ""


def test_captured_network_management(capture: list[tuple[Frame, Decoded]]) -> None:
    assert [str(d) for d in of(capture, 0x000)] == ["node 10 NMT: start node 10"]
    assert [str(d) for d in of(capture, 0x08A)] == ["node 10 EMCY: error reset"]
    assert [d.text for d in of(capture, 0x70A)] == ["pre-operational"] * 6 + ["operational"] * 33
    assert {str(d) for d in of(capture, 0x701)} == {"node 1 heartbeat: operational"}


def test_what_is_noticed_in_the_capture(capture: list[tuple[Frame, Decoded]]) -> None:
    noticed = [(frame.time, d.title, text) for frame, d in capture for text in d.observations]
    assert noticed == [
        (6.008242, "TPDO1", ASSUMED),
        (
            6.815854,
            "RPDO1",
            "ready = 1 from the first RPDO1 on, with no 0 before it: programs known to work send 0 first [I]",
        ),
    ]


# --- frames typed by hand ---------------------------------------------------------------------------------


def test_a_mapping_that_was_read_is_not_called_assumed(decoder: TrafficDecoder) -> None:
    assert say(decoder, 0x18A, "7C 13 46 4E 70 00 00 00").observations == ()


def test_current_while_charging_is_not_doubted(decoder: TrafficDecoder) -> None:
    decoded = say(decoder, 0x18A, "F7 00 D1 0D 70 12 00 00")
    assert values(decoded) == ["0.965 A", "13.816 V", "1270h"]
    assert notes(decoded)[Address(0x2002)] == ""
    assert decoder.report.current == 0.96484375


def test_current_read_by_sdo_is_judged_by_the_last_status(decoder: TrafficDecoder) -> None:
    answer = "4B 02 20 00 74 13 00 00"
    assert say(decoder, 0x58A, answer).fields[0].note == UNKNOWN_READING
    say(decoder, 0x18A, "74 13 45 4E 70 00 00 00")
    assert say(decoder, 0x58A, answer).fields[0].note == IDLE_READING
    assert say(decoder, 0x60A, "2B 02 20 00 74 13 00 00").fields[0].note == (
        "a measurement of the BMS, not a request"
    )


def test_a_current_that_is_not_valid_needs_no_reason(decoder: TrafficDecoder) -> None:
    decoded = say(decoder, 0x18A, "FF FF 45 4E 70 00 00 00")
    assert notes(decoded)[Address(0x2002)] == "FFFFh"


def test_fill_is_told_only_when_it_is_not_0(decoder: TrafficDecoder) -> None:
    assert [f.told for f in say(decoder, 0x18A, "7C 13 46 4E 70 00 00 00").fields] == [True] * 3 + [False] * 2
    decoded = say(decoder, 0x18A, "7C 13 46 4E 70 00 00 05")
    assert str(decoded).endswith("ZeroTxFilling #2 = 5 (fill, to be 0)")


def test_voltage_in_the_wrong_scale_shows_as_what_it_is(decoder: TrafficDecoder) -> None:
    # 84 V x 256 written to 2271h, which counts 1/1024 V.
    decoded = say(decoder, 0x60A, "23 71 22 00 00 54 00 00")
    assert decoded.text == "write 2271h:00 Voltage Request = 21.0 V"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("4F 08 20 00 05 00 00 00", "AC voltage, temperature"),
        ("4F 11 20 00 02 00 00 00", "disabled from outside (6000h = 0)"),
        ("4F 50 22 00 03 00 00 00", "safe mode"),
        ("4B 06 20 00 70 12 00 00", "AC detected, enabled, remote, charging, above 80 %, charge cycle"),
        ("43 60 20 00 30 81 80 20", "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"),
        ("43 03 10 01 80 20 30 81", "E-0-3-2 heartbeat or RPDO lost while charging (8130h)"),
        ("4F 01 42 00 03 00 00 00", "labels the logged cycle as equalize and maintenance"),
        ("4F 01 42 00 00 00 00 00", "no label"),
        ("4F 00 60 00 00 00 00 00", "not ready"),
        ("4F 01 60 00 01 00 00 00", ""),
    ],
)
def test_what_values_mean(decoder: TrafficDecoder, data: str, said: str) -> None:
    assert say(decoder, 0x58A, data).fields[0].note == said


def test_alarm(decoder: TrafficDecoder) -> None:
    decoded = say(decoder, 0x08A, "30 81 01 20 80 00 00 00")
    assert str(decoded) == "node 10 EMCY: E-0-3-2 heartbeat or RPDO lost while charging (8130h)"
    assert Field("alarm", "E-0-3-2", "", "heartbeat or RPDO lost while charging") in decoded.fields
    assert decoded.fields[-1].name == "advice"
    assert decoded.fields[0] == Field("error code", 0x8130, "", "life guard or heartbeat error", None, 16)


def test_alarm_with_two_meanings_has_a_note(decoder: TrafficDecoder) -> None:
    decoded = say(decoder, 0x08A, "30 81 01 1E 80 00 00")
    assert decoded.text == "E-0-3-0 communication with the battery module lost (8130h)"
    assert decoded.notes[0] == "length 7 where 8 is due"
    assert "(v3.4)" in decoded.notes[1]


def test_words_are_for_the_right_length_only(dictionary: Dictionary) -> None:
    # 2006h as 32 bits, 2060h as 16, and 2011h as 8 that are there.
    words = (0x2006_0020, 0x2060_0010, 0x2011_0008)
    read = {Address(0x1800, 1): "8A010000", Address(0x1800, 2): "FF", Address(0x1A00): "03"}
    read |= {Address(0x1A00, n + 1): word.to_bytes(4, "little").hex() for n, word in enumerate(words)}
    dump = assemble(dictionary, {address: bytes.fromhex(data) for address, data in read.items()}, "node 10")
    decoded = say(TrafficDecoder(dictionary, dump), 0x18A, "70 12 01 00 30 81 02")
    unlike = "{} bits mapped, unlike in the EDS"
    assert list(notes(decoded).values()) == [
        unlike.format(32),
        unlike.format(16),
        "disabled from outside (6000h = 0)",
    ]


def test_nothing_on_a_bus_is_refused(decoder: TrafficDecoder, dictionary: Dictionary) -> None:
    draw = random.Random(419)
    cob_ids = (0x000, 0x08A, 0x18A, 0x28A, 0x38A, 0x20A, 0x30A, 0x58A, 0x60A, 0x70A)
    readable = [entry.address for entry in dictionary]
    for _ in range(10_000):
        data = draw.randbytes(draw.choice((8, 8, 8, 8, draw.randrange(8))))
        if draw.random() < 0.5:
            address = draw.choice(readable)
            command = draw.choice((0x43, 0x4B, 0x4F, 0x42, 0x80))
            data = bytes((command, address.index & 0xFF, address.index >> 8, address.sub)) + data[:4]
        assert str(decoder.decode(Frame(draw.choice(cob_ids), data, 0.0)))


def test_strangers_are_named(decoder: TrafficDecoder) -> None:
    assert str(say(decoder, 0x721, "05")) == (
        "node 33 heartbeat: operational [node 33 is neither the charger (10) nor the master (1)]"
    )
    emergency = say(decoder, 0x0A1, "30 81 01 20 80 00 00 00")
    assert "E-0-3-2" not in str(emergency)
    assert emergency.notes == ("node 33 is neither the charger (10) nor the master (1)",)
    assert say(decoder, 0x000, "01 00").notes == ()
    assert say(decoder, 0x701, "05").notes == ()


def test_the_master_may_have_another_node_id(dictionary: Dictionary) -> None:
    decoder = TrafficDecoder(dictionary, defaults(dictionary), master_id=0x21)
    assert say(decoder, 0x721, "05").notes == ()
    assert say(decoder, 0x701, "05").notes == ("node 1 is neither the charger (10) nor the master (33)",)


def test_frames_that_are_no_canopen_do_not_reach_the_report(decoder: TrafficDecoder) -> None:
    decoded = decoder.decode(Frame(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"), 0.0, extended=True))
    assert decoded.service is Service.OTHER
    assert decoder.report.voltage is None


# --- ready, 0 and then 1 ----------------------------------------------------------------------------------

READY, NOT_READY = "00 4C 00 00 52 A0 00 01", "00 4C 00 00 52 00 00 00"


def test_ready_after_0_is_as_it_should_be(decoder: TrafficDecoder) -> None:
    assert say(decoder, 0x20A, NOT_READY).observations == ()
    assert say(decoder, 0x20A, READY).observations == ("ready goes from 0 to 1",)
    assert say(decoder, 0x20A, READY).observations == ()
    assert say(decoder, 0x20A, NOT_READY).observations == ("ready goes from 1 to 0",)


def test_ready_by_sdo_counts_as_well(decoder: TrafficDecoder) -> None:
    written = say(decoder, 0x60A, "2F 00 60 00 01 00 00 00")
    assert written.observations[0].startswith("ready = 1 from the first SDO request on")
    assert say(decoder, 0x60A, "2F 00 60 00 00 00 00 00").observations == ("ready goes from 1 to 0",)


def test_reading_6000h_commands_nothing(decoder: TrafficDecoder) -> None:
    assert say(decoder, 0x58A, "4F 00 60 00 00 00 00 00").observations == ()
    assert say(decoder, 0x20A, READY).observations != ("ready goes from 0 to 1",)


def test_a_write_of_the_wrong_length_commands_nothing(decoder: TrafficDecoder) -> None:
    assert say(decoder, 0x60A, "2B 00 60 00 00 00 00 00").observations == ()
    assert say(decoder, 0x20A, READY).observations[0].startswith("ready = 1 from the first")


def test_a_restart_forgets_what_was_commanded(decoder: TrafficDecoder) -> None:
    say(decoder, 0x20A, NOT_READY)
    say(decoder, 0x70A, "00")
    assert say(decoder, 0x20A, READY).observations[0].startswith("ready = 1 from the first RPDO1 on")


def test_a_heartbeat_forgets_nothing(decoder: TrafficDecoder) -> None:
    say(decoder, 0x20A, NOT_READY)
    say(decoder, 0x70A, "05")
    assert say(decoder, 0x20A, READY).observations == ("ready goes from 0 to 1",)
