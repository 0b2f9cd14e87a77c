"""Frames from the mapping that was read off the device, or a refusal with its reason.

Mapping words and frames are typed by hand: from charger.md section 5 (whose sources are the notes and public
programs), or worked out by hand from the scales there.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.packing import CommandLayout, Request, encode, layout
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.entry import Catalogue, DataType, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoKind, PdoMapping, PdoRecord, assemble
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import LimitError
from deltaq_master.protocol.boot import Refusal
from deltaq_master.units import units_of

THIS_UNIT = (0x2FFA_0108, 0x6081_0008, 0x4201_0008, 0x2276_0010, 0x6070_0010, 0x6000_0008)
MEASUREMENTS = (0x2FFA_0108, 0x2FFA_0108, 0x2002_0010, 0x2101_0010, 0x6010_0010)
CIA_1 = (0x6010_0010, 0x6000_0008)
CIA_2 = (0x6010_0010, 0x6000_0008, 0x6060_0020)
CIA_3 = (0x6070_0010, 0x6081_0008)

READY, SOC, VOLTS, AMPERES = 0x6000_0008, 0x6081_0008, 0x2276_0010, 0x6070_0010

Make = Callable[..., PdoRecord]


@pytest.fixture
def rpdo(dictionary: Dictionary) -> Make:
    """Makes an RPDO by its number and mapping words, enabled and event-driven unless told otherwise."""

    def make(number: int, *words: int, known: Catalogue = dictionary, **changes: Any) -> PdoRecord:
        fields: dict[str, Any] = {
            "cob_word": 0x0A + 0x100 * (number + 1),
            "transmission": 0xFF,
            "inhibit_100us": None,
            "event_timer_ms": 500,
            "count": len(words),
        }
        mapping = PdoMapping.of(words, known)
        return PdoRecord(PdoKind.RPDO, number, words=words, mapping=mapping, **(fields | changes))

    return make


def commanded(*records: PdoRecord) -> CommandLayout:
    found = layout(PdoDump(records, "typed by hand"))
    assert isinstance(found, CommandLayout), str(found)
    return found


def refusal(*records: PdoRecord) -> str:
    found = layout(PdoDump(records, "typed by hand"))
    assert isinstance(found, Refusal), "it was accepted"
    assert found.cause == "mapping"
    return str(found)


def frames(command: CommandLayout, request: Request) -> dict[int, str]:
    """What is sent, as it is written in logs."""
    return {cob_id: data.hex(" ").upper() for cob_id, data in command.frames(request)}


def ask(volts: float, amperes: float, /, *, ready: bool = True, **reading: Any) -> Request:
    """A request, with a battery reading if anything of it is told."""
    return Request(ready, volts, amperes, BatteryReading(1.0, **reading) if reading else None)


# --- the layouts that were seen -------------------------------------------------------------------------------


def test_this_unit(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS))
    assert frames(command, ask(82.0, 10.0, soc=76.0))[0x20A] == "00 4C 00 00 52 A0 00 01"
    assert frames(command, ask(84.0, 0.0, ready=False, soc=76.0))[0x20A] == "00 4C 00 00 54 00 00 00"
    assert command.cob_ids == {0x20A, 0x30A}
    assert command.current_entry.address == Address(0x6070)
    assert command.voltage_entry.address == Address(0x2276)
    assert command.quantum() == 0.0625


def test_what_is_not_known_is_sent_as_the_documented_invalid_value(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS))
    assert frames(command, ask(84.0, 10.0)) == {0x20A: "00 FF 00 00 54 A0 00 01"}
    nothing = Request(True, 84.0, 10.0, BatteryReading(1.0))
    assert frames(command, nothing) == {
        0x20A: "00 FF 00 00 54 A0 00 01",
        0x30A: "00 00 FF FF FF FF 00 80",
    }


def test_measurements_are_sent_only_with_a_reading(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS))
    assert set(frames(command, ask(82.0, 10.0))) == {0x20A}
    reading = ask(84.0, 10.0, voltage=82.0, current=10.0, temperature=25.0)
    assert frames(command, reading)[0x30A] == "00 00 00 0A 00 52 C8 00"


@pytest.mark.parametrize(
    ("reading", "data"),
    [
        ({"temperature": 25.0}, "FF FF FF FF C8 00"),
        ({"temperature": -40.0}, "FF FF FF FF C0 FE"),
        ({"temperature": 85.0}, "FF FF FF FF A8 02"),
        ({"temperature": 5000.0}, "FF FF FF FF 00 80"),
        ({"voltage": 78.0}, "FF FF 00 4E 00 80"),
        ({"voltage": 300.0}, "FF FF FF FF 00 80"),
        ({"voltage": -1.0}, "FF FF FF FF 00 80"),
        ({"current": 0.0}, "00 00 FF FF 00 80"),
        ({"current": -5.0}, "FF FF FF FF 00 80"),
    ],
)
def test_measurements(rpdo: Make, reading: dict[str, Any], data: str) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS))
    assert frames(command, ask(84.0, 10.0, **reading))[0x30A] == "00 00 " + data


@pytest.mark.parametrize(
    ("soc", "octet"), [(0.0, "00"), (76.9, "4C"), (100.0, "64"), (-1.0, "FF"), (300.0, "FF")]
)
def test_state_of_charge(rpdo: Make, soc: float, octet: str) -> None:
    command = commanded(rpdo(1, *THIS_UNIT))
    assert frames(command, ask(84.0, 10.0, soc=soc))[0x20A][3:5] == octet


@pytest.mark.parametrize("soc", [100.5, 101.0, 200.0, 254.0])
def test_a_state_of_charge_over_100_percent_is_none(rpdo: Make, soc: float) -> None:
    # 6081h, CiA 419: 0 to 100 %, FFh invalid.
    command = commanded(rpdo(1, *THIS_UNIT))
    assert frames(command, ask(84.0, 10.0, soc=soc))[0x20A][3:5] in ("64", "FF")


def test_seven_bytes_on_40a(rpdo: Make) -> None:
    # ENNOID: current x 16, ready in 8 bits, voltage x 1024 in 32.
    command = commanded(rpdo(3, 0x6070_0010, 0x6000_0008, 0x2271_0020))
    assert frames(command, ask(84.0, 10.0)) == {0x40A: "A0 00 01 00 50 01 00"}
    assert frames(command, ask(84.0, 0.0, ready=False)) == {0x40A: "00 00 00 00 50 01 00"}
    assert command.voltage_entry.address == Address(0x2271)


def test_ready_first(rpdo: Make) -> None:
    # Battery_Testing_System: ready, SOC, V x 256, A x 16, FF, FF. What the last two bytes are mapped to is not
    # told; a current measurement that is not there reads so.
    command = commanded(rpdo(1, 0x6000_0008, 0x6081_0008, 0x2276_0010, 0x6070_0010, 0x2002_0010))
    assert frames(command, ask(82.0, 10.0, soc=76.0)) == {0x20A: "01 4C 00 52 A0 00 FF FF"}


def test_the_default_of_cia_419_cannot_be_told_a_voltage(rpdo: Make) -> None:
    records = rpdo(1, *CIA_1), rpdo(2, *CIA_2), rpdo(3, *CIA_3), rpdo(4)
    text = refusal(*records)
    assert text.startswith("voltage request (2276h:00 or 2271h:00 or ")
    assert "is mapped in no RPDO" in text
    assert text.endswith("remap the PDOs, or use the layout that the vendor configured")


def test_ready_in_two_rpdos_is_the_same_in_both(rpdo: Make) -> None:
    command = commanded(rpdo(1, *CIA_1), rpdo(2, *CIA_2), rpdo(3, *CIA_3), rpdo(4, VOLTS))
    request = ask(84.0, 10.0, soc=76.0, temperature=25.0, voltage=82.0)
    assert frames(command, request) == {
        0x20A: "C8 00 01",
        0x30A: "C8 00 01 00 48 01 00",
        0x40A: "A0 00 4C",
        0x50A: "00 54",
    }
    # All four carry something that is commanded: they are sent without a reading too.
    off = frames(command, ask(84.0, 0.0, ready=False))
    assert off == {0x20A: "00 80 00", 0x30A: "00 80 00 FF FF FF FF", 0x40A: "00 00 FF", 0x50A: "00 54"}


def test_the_order_is_that_of_the_rpdos(rpdo: Make) -> None:
    command = commanded(rpdo(2, VOLTS, AMPERES), rpdo(1, READY), rpdo(3, *MEASUREMENTS))
    assert list(frames(command, Request(True, 84.0, 10.0, BatteryReading(1.0)))) == [0x20A, 0x30A, 0x40A]


def test_the_devices_own_cob_id_is_used(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT, cob_word=0x4000_0321))
    assert set(frames(command, ask(84.0, 10.0))) == {0x321}


def test_what_carries_neither_command_nor_measurement_is_not_sent(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, 0x2FFA_0108, 0x4201_0008), rpdo(3))
    assert command.cob_ids == {0x20A}


@pytest.mark.parametrize(
    ("timers", "told"), [((500,), (500,)), ((0,), (0,)), ((None,), (0,)), ((500, 300), (500, 300))]
)
def test_event_timers_of_the_rpdos_that_command(
    rpdo: Make, timers: tuple[int | None, ...], told: tuple[int, ...]
) -> None:
    words = [THIS_UNIT] if len(timers) == 1 else [(READY,), (VOLTS, AMPERES)]
    records = [rpdo(n, *w, event_timer_ms=t) for n, (w, t) in enumerate(zip(words, timers, strict=True), 1)]
    assert commanded(*records, rpdo(5, *MEASUREMENTS, event_timer_ms=7)).event_timers_ms == told


def test_a_filler_of_a_single_bit_moves_what_follows(rpdo: Make) -> None:
    # 1 | 0 << 8 | 5400h << 9 | A0h << 25 = 140A80001h, in 41 bits.
    command = commanded(rpdo(1, READY, 0x0001_0001, VOLTS, AMPERES))
    assert frames(command, ask(84.0, 10.0)) == {0x20A: "01 00 A8 40 01 00"}


def test_units_of_a_request() -> None:
    assert units_of(Request) == {"ready": "", "voltage": "V", "current": "A", "reading": ""}


def test_fillers_are_0(rpdo: Make) -> None:
    # 0005h is the dummy of CiA 301 for 8 bits, 0006h for 16; 2FFAh is Delta-Q's own.
    command = commanded(rpdo(1, 0x0005_0008, READY, 0x0006_0010, VOLTS, AMPERES))
    assert frames(command, ask(84.0, 10.0)) == {0x20A: "00 01 00 00 00 54 A0 00"}


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((VOLTS, AMPERES), "Battery Status (6000h:00)"),
        ((READY, VOLTS), "current request (6070h:00 or "),
        ((READY, AMPERES), "voltage request (2276h:00 or "),
        ((), "Battery Status (6000h:00)"),
    ],
)
def test_a_command_that_is_mapped_nowhere(rpdo: Make, words: tuple[int, ...], name: str) -> None:
    text = refusal(rpdo(1, *words))
    assert text.startswith(name)
    assert "is mapped in no RPDO, so it could not be commanded" in text


def test_a_command_in_a_disabled_rpdo(rpdo: Make) -> None:
    text = refusal(rpdo(1, READY, AMPERES), rpdo(2, VOLTS, cob_word=0x8000_030A))
    assert text == "1601h:00: RPDO2: voltage request (2276h:00) is mapped in a disabled RPDO"


def test_a_disabled_second_place_does_not_matter(rpdo: Make) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, 0x2271_0020, 0x2070_0010, READY, cob_word=0x8000_030A))
    assert command.cob_ids == {0x20A}


@pytest.mark.parametrize("kind", [0x00, 0x01, 0xF0, 0xFC, 0xFD])
def test_a_command_that_waits_for_sync(rpdo: Make, kind: int) -> None:
    text = refusal(rpdo(1, *THIS_UNIT, transmission=kind))
    assert text == (
        f"1600h:00: RPDO1: its transmission type is {kind:02X}h, and only FEh and FFh act at once"
    )


@pytest.mark.parametrize("kind", [0xFE, 0xFF])
def test_a_command_that_acts_at_once(rpdo: Make, kind: int) -> None:
    assert commanded(rpdo(1, *THIS_UNIT, transmission=kind)).cob_ids == {0x20A}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0x5FFF_0008, "it maps 5FFFh:00, which the EDS does not know with 8 bits"),
        (0x6081_0010, "it maps Battery State of Charge, which the EDS does not know with 16 bits"),
        (0x6081_0000, "it maps Battery State of Charge, which the EDS does not know with 0 bits"),
        (0x0005_0010, "it maps Dummy0005, which the EDS does not know with 16 bits"),
        (0x2FFB_0108, "(CRC or sequence count), which is not supported"),
        (0x2FFC_0110, "(CRC or sequence count), which is not supported"),
        (0x2FFD_0108, "(CRC or sequence count), which is not supported"),
        (0x2FFE_0108, "(CRC or sequence count), which is not supported"),
        (0x4200_0008, "no value is known for External Charge Control, which would be sent along"),
    ],
)
def test_a_slot_that_nobody_can_fill(rpdo: Make, word: int, text: str) -> None:
    found = refusal(rpdo(1, READY, VOLTS, AMPERES, word))
    assert found.startswith("1600h:00: RPDO1: ")
    assert found.endswith(text)


def test_all_that_nobody_can_fill_is_named(rpdo: Make) -> None:
    text = refusal(rpdo(1, VOLTS, AMPERES), rpdo(2, READY, 0x4200_0008, 0x2241_0020))
    assert text == (
        "1601h:00: RPDO2: no value is known for External Charge Control, Active Algorithm Request, which would be "
        "sent along"
    )


@pytest.mark.parametrize(("word", "bits"), [(0x2FFA_0108, 72), (0x0001_0001, 65)])
def test_over_64_bits(rpdo: Make, word: int, bits: int) -> None:
    text = refusal(rpdo(1, *THIS_UNIT, word))
    assert text == f"1600h:00: RPDO1: it maps {bits} bits, and a frame holds 64"


def test_29_bits(rpdo: Make) -> None:
    text = refusal(rpdo(1, *THIS_UNIT, cob_word=0x2000_020A))
    assert text == "1600h:00: RPDO1: its COB-ID has 29 bits, which is not supported"


def test_not_read_whole(rpdo: Make) -> None:
    text = refusal(rpdo(1, *THIS_UNIT, problems=("1400h:02 (transmission type) is not known", "and more")))
    assert text == (
        "1600h:00: RPDO1: it could not be read whole: 1400h:02 (transmission type) is not known; and more"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((READY, VOLTS, AMPERES, 0x2070_0010), "current request is mapped as 2070h:00 and 6070h:00"),
        ((READY, AMPERES, VOLTS, 0x2278_0010), "voltage request is mapped as 2276h:00 and 2278h:00"),
    ],
)
def test_two_names_for_one_set_point(rpdo: Make, words: tuple[int, ...], text: str) -> None:
    assert refusal(rpdo(1, *words)) == f"{text}: which of them rules is not known"
    assert refusal(rpdo(1, *words[:3]), rpdo(2, words[3])) == f"{text}: which of them rules is not known"


def test_one_set_point_twice_is_the_same_twice(rpdo: Make) -> None:
    command = commanded(rpdo(1, READY, VOLTS, AMPERES), rpdo(2, AMPERES))
    assert frames(command, ask(84.0, 10.0)) == {0x20A: "01 00 54 A0 00", 0x30A: "A0 00"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0x6000_0010, VOLTS, AMPERES), "Battery Status (6000h:00) has 16 bits, unlike in the EDS"),
        ((READY, VOLTS, 0x6070_0008), "current request (6070h:00) has 8 bits, unlike in the EDS"),
        ((READY, 0x2276_0020, AMPERES), "voltage request (2276h:00) has 32 bits, unlike in the EDS"),
    ],
)
def test_a_command_of_another_length(rpdo: Make, words: tuple[int, ...], text: str) -> None:
    assert refusal(rpdo(1, *words)) == f"1600h:00: RPDO1: {text}"


@pytest.mark.parametrize(
    "changes",
    [
        {"cob_word": 0x8000_030A},
        {"cob_word": None},
        {"cob_word": 0x2000_030A},
        {"transmission": 1},
        {"problems": ("1601h:03 (mapped object) is not known",)},
    ],
)
def test_measurements_that_cannot_be_sent_are_left_out(rpdo: Make, changes: dict[str, Any]) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS, **changes))
    assert set(frames(command, ask(84.0, 10.0, voltage=82.0))) == {0x20A}


@pytest.mark.parametrize("word", [0x5FFF_0008, 0x2FFB_0208, 0x4200_0008])
def test_measurements_beside_something_that_cannot_be_filled_are_left_out(rpdo: Make, word: int) -> None:
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, 0x2101_0010, word))
    assert set(frames(command, ask(84.0, 10.0, voltage=82.0))) == {0x20A}


@pytest.mark.parametrize(
    "cob_id",
    [0x000, 0x07F, 0x101, 0x180, 0x581, 0x5FF, 0x601, 0x67F, 0x6E0, 0x6FF, 0x701, 0x77F, 0x780, 0x7FF],
    ids=hex,
)
def test_a_cob_id_that_belongs_to_another_service_is_never_sent_on(rpdo: Make, cob_id: int) -> None:
    # CiA 301, restricted CAN-IDs. On 000h the RPDO would be an NMT command to all nodes.
    assert "COB-ID" in refusal(rpdo(1, *THIS_UNIT, cob_word=cob_id))
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, *MEASUREMENTS, cob_word=cob_id))
    assert command.cob_ids == {0x20A}


@pytest.mark.parametrize("cob_id", [0x181, 0x580, 0x680, 0x6DF], ids=hex)
def test_any_other_cob_id_is_sent_on(rpdo: Make, cob_id: int) -> None:
    assert commanded(rpdo(1, *THIS_UNIT, cob_word=cob_id)).cob_ids == {cob_id}


def test_a_cob_id_that_two_rpdos_listen_to(rpdo: Make) -> None:
    # The device would read the first bytes of this unit's frame as 6070h of the other: 1216 A.
    text = refusal(rpdo(1, *THIS_UNIT), rpdo(3, *CIA_3, cob_word=0x20A))
    assert "20Ah" in text


# --- what was not read ----------------------------------------------------------------------------------------


@pytest.fixture
def told() -> dict[Address, bytes | None]:
    """RPDO1 of this unit as the device tells it."""
    found: dict[Address, bytes | None] = {
        Address(0x1400, 1): bytes.fromhex("0A 02 00 00"),
        Address(0x1400, 2): b"\xff",
        Address(0x1400, 5): bytes.fromhex("F4 01"),
        Address(0x1600): b"\x06",
    }
    for sub, word in enumerate(("0801FA2F", "08008160", "08000142", "10007622", "10007060", "08000060"), 1):
        found[Address(0x1600, sub)] = bytes.fromhex(word)
    return found


def test_a_device_that_tells_its_mapping(dictionary: Dictionary, told: dict[Address, bytes | None]) -> None:
    found = layout(assemble(dictionary, told, "node 10"))
    assert isinstance(found, CommandLayout)
    assert frames(found, ask(82.0, 10.0, soc=76.0)) == {0x20A: "00 4C 00 00 52 A0 00 01"}
    assert found.event_timers_ms == (500,)


@pytest.mark.parametrize(
    "missing",
    [
        Address(0x1400, 1),
        Address(0x1400, 2),
        Address(0x1600),
        Address(0x1600, 1),
        Address(0x1600, 4),
        Address(0x1600, 6),
    ],
)
def test_what_could_not_be_read_is_named(
    dictionary: Dictionary, told: dict[Address, bytes | None], missing: Address
) -> None:
    told[missing] = None
    found = layout(assemble(dictionary, told, "node 10"))
    assert isinstance(found, Refusal)
    assert f"{missing} " in str(found)
    assert found.remedy or "could not be read whole" in found.text


# --- an EDS that is not ours ----------------------------------------------------------------------------------


class Changed:
    """The shipped EDS with some entries replaced."""

    def __init__(self, dictionary: Dictionary, changes: Mapping[int, Mapping[str, Any]]) -> None:
        self.indices = dictionary.indices
        self._entries = {
            Address(index): replace(dictionary[Address(index)], **fields) for index, fields in changes.items()
        }
        self._rest = dictionary

    def get(self, address: Address) -> Entry | None:
        return self._entries.get(address) or self._rest.get(address)


@pytest.mark.parametrize("index", [0x6070, 0x2276])
def test_a_set_point_without_a_scale_is_refused(dictionary: Dictionary, rpdo: Make, index: int) -> None:
    # The vendor's own EDS has no Factor: 84 V would go out as raw 84, which is 0.33 V.
    known = Changed(dictionary, {index: {"factor": None}})
    text = refusal(rpdo(1, *THIS_UNIT, known=known))
    assert "Factor" in text or "scale" in text


def test_a_percentage_needs_no_scale(dictionary: Dictionary, rpdo: Make) -> None:
    known = Changed(dictionary, {0x6081: {"factor": None}})
    command = commanded(rpdo(1, *THIS_UNIT, known=known))
    assert frames(command, ask(82.0, 10.0, soc=76.9)) == {0x20A: "00 4C 00 00 52 A0 00 01"}
    # What 8 bits cannot hold must not cost the whole frame.
    assert frames(command, ask(82.0, 10.0, soc=-5.0)) == {0x20A: "00 FF 00 00 52 A0 00 01"}
    assert frames(command, ask(82.0, 10.0, soc=1000.0))[0x20A][3:5] in ("64", "FF")


@pytest.mark.parametrize(
    ("volts", "data"), [(None, "00 00 C0 7F"), (82.0, "00 00 A4 42"), (1e39, "00 00 C0 7F")]
)
def test_a_measurement_in_real32_is_not_a_number_where_there_is_none(
    dictionary: Dictionary, rpdo: Make, volts: float | None, data: str
) -> None:
    known = Changed(dictionary, {0x6060: {"data_type": DataType.REAL32, "factor": 1.0}})
    command = commanded(rpdo(1, *THIS_UNIT), rpdo(2, 0x6060_0020, known=known))
    request = Request(True, 84.0, 10.0, BatteryReading(1.0, voltage=volts))
    assert frames(command, request)[0x30A] == data


# --- no float within limits encodes to a raw value over them --------------------------------------------------

# Mapping word, steps to the unit, and the highest raw value that the hardware bears: 25 A, 85 V.
CURRENTS = [
    (0x6070_0010, 16, 400),
    (0x2073_0010, 20, 500),
    (0x2070_0010, 10, 250),
    (0x2071_0008, 2, 50),
]
VOLTAGES = [
    (0x2276_0010, 256, 21760),
    (0x2271_0020, 1024, 87040),
    (0x2277_0010, 100, 8500),
    (0x227B_0010, 20, 1700),
    (0x2278_0010, 16, 1360),
    (0x227A_0010, 10, 850),
]
REAL32 = [0x2072_0020, 0x2279_0020]

_EDS = load(eds_path(), 10)


def _entry(word: int) -> Entry:
    return _EDS[Address(word >> 16)]


def near(highest: float, steps: int) -> st.SearchStrategy[float]:
    """Floats from 1 up to a limit, most of them where rounding decides."""
    grid = st.integers(steps, int(highest * steps)).map(lambda raw: raw / steps)
    sides = st.sampled_from([1.0, highest])
    beside = st.tuples(grid, sides).map(lambda pair: math.nextafter(*pair))
    return st.one_of(grid, beside, st.floats(1, highest))


def _name(row: tuple[int, int, int]) -> str:
    return f"{row[0] >> 16:X}h"


@pytest.mark.parametrize("row", CURRENTS + VOLTAGES, ids=_name)
def test_no_set_point_within_its_limit_is_sent_as_more(row: tuple[int, int, int]) -> None:
    word, steps, highest = row

    @given(near(highest / steps, steps))
    def check(asked: float) -> None:
        raw = encode(_entry(word), asked)
        assert 0 <= raw <= highest
        assert raw / steps <= asked
        assert asked - raw / steps <= 1 / steps * (1 + 1e-9)

    check()


@pytest.mark.parametrize("word", REAL32, ids=hex)
@given(value=st.floats(1e-3, 85.0))
def test_no_set_point_in_real32_is_sent_as_more(word: int, value: float) -> None:
    raw = encode(_entry(word), value)
    sent = struct.unpack("<f", raw.to_bytes(4, "little"))[0]
    assert sent <= value
    assert value - sent <= value * 2**-23
    above = struct.unpack("<f", (raw + 1).to_bytes(4, "little"))[0]
    assert above > value


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (84.0, 0x42A80000),
        (10.0, 0x41200000),
        (0.0, 0x00000000),
        (0.5, 0x3F000000),
        (0.1, 0x3DCCCCCC),  # the nearest one, ...CD, lies above 0.1
        (0.7, 0x3F333333),
        (-0.7, 0xBF333334),  # the nearest one, ...33, lies above -0.7
        (-0.1, 0xBDCCCCCD),
        (1e-50, 0x00000000),
    ],
)
def test_real32_rounds_down(value: float, raw: int) -> None:
    assert encode(_entry(0x2279_0020), value) == raw


@pytest.mark.parametrize("word", [*(row[0] for row in CURRENTS + VOLTAGES), *REAL32], ids=hex)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_encoded(word: int, value: float) -> None:
    with pytest.raises(LimitError):
        encode(_entry(word), value)


@pytest.mark.parametrize("word", REAL32, ids=hex)
@pytest.mark.parametrize("value", [1e39, -1e39, 1e308])
def test_what_real32_cannot_hold_is_never_encoded(word: int, value: float) -> None:
    with pytest.raises(LimitError):
        encode(_entry(word), value)


@pytest.mark.parametrize("current", CURRENTS, ids=_name)
@pytest.mark.parametrize("voltage", VOLTAGES, ids=_name)
def test_any_pair_of_names_in_whole_frames(
    rpdo: Make, current: tuple[int, int, int], voltage: tuple[int, int, int]
) -> None:
    command = commanded(rpdo(1, current[0], READY), rpdo(2, voltage[0]))

    @settings(max_examples=25)
    @given(near(12.0, current[1]), near(84.2, voltage[1]))
    def check(amperes: float, volts: float) -> None:
        sent = dict(command.frames(Request(True, volts, amperes)))
        assert int.from_bytes(sent[0x20A][:-1], "little") / current[1] <= amperes <= 12.0
        assert 0 < int.from_bytes(sent[0x30A], "little") / voltage[1] <= volts <= 84.2
        assert sent[0x20A][-1] == 1

    check()


def test_a_current_in_real32_has_no_smallest_step(rpdo: Make) -> None:
    command = commanded(rpdo(1, 0x2072_0020, READY), rpdo(2, 0x2279_0020))
    assert command.quantum() == 0.0
    assert frames(command, ask(84.0, 10.0)) == {0x20A: "00 00 20 41 01", 0x30A: "00 00 A8 42"}
