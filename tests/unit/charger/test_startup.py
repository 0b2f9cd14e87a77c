"""What the boot reads of this charger and what it refuses, met with a device whose objects are typed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deltaq_master.charger import startup
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.packing import CommandLayout
from deltaq_master.charger.plan import Accepted, ChargePlan, Consent
from deltaq_master.charger.startup import ChargerBoot, number, warnings
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.mapping import PdoDump, assemble
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.protocol.boot import BootStep, BootTiming, Refusal, begin, handle
from deltaq_master.protocol.events import (
    Effect,
    Hold,
    Read,
    ReadDone,
    Send,
    TransferFailed,
    Write,
    WriteDone,
)

START = 100.0
ABSENT = 0x06020000

# Values from charger.md sections 1 to 4, in the bytes in which they come.
IDENTITY: dict[tuple[int, int], str | None] = {
    (0x1000, 0): "A3 01 00 00",
    (0x1018, 1): "10 01 00 00",
    (0x1018, 2): "00 00 00 00",
    (0x1018, 3): "00 04 03 00",
    (0x1018, 4): "01 00 00 00",
    (0x1016, 0): "02",
    (0x1016, 1): "D0 07 01 00",
    (0x1016, 2): "D0 07 21 00",
    (0x2242, 0): "00",
    (0x2241, 0): "FF FF FF FF",
    (0x2006, 0): "30 00",
}
MAPPING: dict[tuple[int, int], str | None] = {
    (0x1400, 1): "0A 02 00 00",
    (0x1400, 2): "FF",
    (0x1400, 5): "F4 01",
    (0x1600, 0): "06",
    (0x1600, 1): "08 01 FA 2F",
    (0x1600, 2): "08 00 81 60",
    (0x1600, 3): "08 00 01 42",
    (0x1600, 4): "10 00 76 22",
    (0x1600, 5): "10 00 70 60",
    (0x1600, 6): "08 00 00 60",
    (0x1800, 1): "8A 01 00 00",
    (0x1800, 2): "FF",
    (0x1800, 3): "00 00",
    (0x1800, 5): "C8 00",
    (0x1A00, 0): "03",
    (0x1A00, 1): "10 00 02 20",
    (0x1A00, 2): "10 00 01 21",
    (0x1A00, 3): "10 00 06 20",
    (0x1801, 1): "8A 02 00 00",
    (0x1801, 2): "FF",
    (0x1A01, 0): "03",
    (0x1A01, 1): "10 01 05 20",
    (0x1A01, 2): "20 01 09 20",
    (0x1A01, 3): "10 01 0A 20",
    (0x2060, 0): "00 00 00 00",
}

Rules = Callable[..., ChargerBoot]


@pytest.fixture
def rules(dictionary: Dictionary) -> Rules:
    """Makes the boot plan of a charge; changes are those of its `ChargePlan`."""

    def make(**changes: Any) -> ChargerBoot:
        settings: dict[str, Any] = {"target": Target(84.0, 10.0), "duration": 3600.0}
        return ChargerBoot(ChargePlan(dictionary, Limits(84.2, 12.0), **(settings | changes)))

    return make


def device(changes: dict[tuple[int, int], str | None] | None = None) -> dict[Address, bytes | None]:
    """What the charger answers; None is an abort."""
    told = IDENTITY | MAPPING | (changes or {})
    return {Address(*where): None if data is None else bytes.fromhex(data) for where, data in told.items()}


def answer(effect: Effect, objects: dict[Address, bytes | None]) -> object | None:
    """What the charger says to a transfer, None for what is none."""
    match effect:
        case Write(index, sub):
            return WriteDone(index, sub)
        case Read(index, sub) if (data := objects.get(Address(index, sub))) is not None:
            return ReadDone(index, sub, data)
        case Read(index, sub):
            return TransferFailed(index, sub, ABSENT, "object does not exist")
    return None


def walk(
    plan: ChargerBoot, objects: dict[Address, bytes | None], running: bool = False
) -> tuple[list[Effect], BootStep]:
    """Every effect of a boot in its order, each transfer answered at once, and how far it came."""
    boot, effects = begin(plan, running, START)
    trail = list(effects)
    for effect in trail:
        if (said := answer(effect, objects)) is not None:
            boot, more = handle(plan, boot, said, START)
            trail += more
    return trail, boot.step


def judged(refusal: Refusal | None) -> str:
    """The refusal in words, '' for none."""
    return "" if refusal is None else str(refusal)


# --- the order ------------------------------------------------------------------------------------------------


def test_what_makes_a_boot_plan(rules: Rules) -> None:
    assert rules().node_id == 10
    assert rules().timing == BootTiming()


def test_identity_by_reads_alone_then_heartbeat_then_mapping_then_start(rules: Rules) -> None:
    effects, step = walk(rules(), device())
    held = effects.index(Hold(True))
    assert effects[:held] == [Read(index, sub) for index, sub in IDENTITY]
    asked = [(effect.index, effect.sub) for effect in effects[held + 1 : -1] if isinstance(effect, Read)]
    assert len(asked) == len(set(asked)) == len(effects) - held - 2
    assert asked[0] == (0x1400, 1)
    assert asked[-1] == (0x2060, 0)
    assert set(MAPPING) <= set(asked)
    assert {(index, 1) for index in (*range(0x1400, 0x1408), *range(0x1800, 0x1808))} <= set(asked)
    assert {(index, 0) for index in (*range(0x1600, 0x1608), *range(0x1A00, 0x1A08))} <= set(asked)
    assert effects[-1] == Send(0x000, b"\x01\x0a")
    assert step is BootStep.START


def test_a_charger_found_running_gets_6000h_0_as_the_first_write(rules: Rules) -> None:
    effects, _ = walk(rules(), device(), running=True)
    held = effects.index(Hold(True))
    assert effects[held + 1] == Write(0x6000, 0, b"\0")
    assert sum(isinstance(effect, Write) for effect in effects) == 1


def test_a_charger_that_charges_by_itself_gets_6000h_0_too_though_it_is_pre_operational(rules: Rules) -> None:
    # 2006h = 1130h: charge cycle, below 80 %, local, enabled, AC. No TPDO tells it, a read does.
    objects = device({(0x2006, 0): "30 11", (0x2242, 0): "01"})
    effects, _ = walk(rules(consent=Consent.RELEASE), objects)
    writes = [effect for effect in effects if isinstance(effect, Write)]
    assert writes == [Write(0x6000, 0, b"\0")]
    assert effects.index(writes[0]) == effects.index(Hold(True)) + 1


def test_a_wrong_device_never_hears_our_heartbeat(rules: Rules) -> None:
    effects, step = walk(rules(), device({(0x1000, 0): "91 01 00 00"}), running=True)
    assert step is BootStep.REFUSED
    assert all(isinstance(effect, Read) for effect in effects)


def test_a_charger_with_an_alarm_is_not_started(rules: Rules) -> None:
    effects, step = walk(rules(), device({(0x2060, 0): "30 81 80 20"}))
    assert not any(isinstance(effect, Send) for effect in effects)
    assert step is BootStep.RECHECK


def test_only_the_error_word_is_read_again(rules: Rules) -> None:
    assert rules().recheck(device()) is None
    assert rules().recheck(device({(0x2060, 0): None})) is None
    assert rules().recheck({}) is None
    assert rules().recheck(device({(0x2060, 0): "30 81 80 20"})) == Address(0x2060)


# --- identity -------------------------------------------------------------------------------------------------


def test_this_charger_is_the_right_one(rules: Rules) -> None:
    assert rules().judge_identity(device()) is None
    assert rules().judge_configuration(device()) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("91 01 00 00", "1000h:00: not a CiA 419 device: CiA 401, expected 000001A3h, found 00000191h"),
        ("A2 01 00 00", "1000h:00: not a CiA 419 device: CiA 418, expected 000001A3h, found 000001A2h"),
        ("91 01 0F 00", "1000h:00: not a CiA 419 device: CiA 401, expected 000001A3h, found 000F0191h"),
        ("00 00 00 00", "1000h:00: not a CiA 419 device: CiA 0, expected 000001A3h, found 00000000h"),
        (None, "1000h:00: the device type cannot be read"),
    ],
)
def test_another_profile_is_not_negotiable(rules: Rules, data: str | None, text: str) -> None:
    found = device({(0x1000, 0): data})
    refusal = rules().judge_identity(found)
    assert judged(refusal) == text
    assert refusal is not None
    assert refusal.cause == "device-type"
    value = int.from_bytes(found[Address(0x1000)] or b"", "little")
    assert judged(rules(accepted=Accepted(device_type=value)).judge_identity(found)) == text


def test_another_upper_word_is_shown_with_the_option_that_accepts_it(rules: Rules) -> None:
    found = device({(0x1000, 0): "A3 01 0F 00"})
    refusal = rules().judge_identity(found)
    assert refusal is not None
    assert refusal.cause == "device-type"
    assert str(refusal) == (
        "1000h:00: the upper word of the device type differs, expected 000001A3h, found 000F01A3h; if this is "
        "your charger, accept it with --accept-device-type 0x000F01A3"
    )
    assert rules(accepted=Accepted(device_type=0x000F01A3)).judge_identity(found) is None
    assert rules(accepted=Accepted(device_type=0x000E01A3)).judge_identity(found) is not None


def test_another_vendor_is_shown_with_the_option_that_accepts_it(rules: Rules) -> None:
    found = device({(0x1018, 1): "6E 00 00 00"})
    refusal = rules().judge_identity(found)
    assert refusal is not None
    assert refusal.cause == "vendor"
    assert str(refusal) == (
        "1018h:01: another vendor, expected 00000110h, found 0000006Eh; if this is your charger, accept it with "
        "--accept-vendor 0x0000006E"
    )
    assert rules(accepted=Accepted(vendor_id=0x6E)).judge_identity(found) is None
    assert rules(accepted=Accepted(vendor_id=0x6F)).judge_identity(found) is not None


def test_a_vendor_id_that_cannot_be_read_is_not_shown_as_a_number(rules: Rules) -> None:
    refusal = rules().judge_identity(device({(0x1018, 1): None}))
    assert refusal is not None
    assert "00000000" not in str(refusal)


@pytest.mark.parametrize("told", ["10 01 00 00", None])
def test_an_eds_that_expects_no_vendor_lets_none_pass_without_a_word(
    tmp_path: Path, told: str | None
) -> None:
    text = eds_path().read_text().replace("DefaultValue=0x00000110\n", "")
    path = tmp_path / "changed.eds"
    path.write_text(text)
    plan = ChargePlan(load(path, 10), Limits(84.2, 12.0))
    refusal = ChargerBoot(plan).judge_identity(device({(0x1018, 1): told}))
    assert refusal is not None
    assert refusal.cause == "vendor"


# --- who watches our heartbeat --------------------------------------------------------------------------------


def consumers(*entries: str) -> dict[Address, bytes | None]:
    told: dict[tuple[int, int], str | None] = {(0x1016, 0): f"{len(entries):02X}"}
    told |= {(0x1016, sub): data for sub, data in enumerate(entries, 1)}
    return device(told)


@pytest.mark.parametrize(
    "entries",
    [
        ("D0 07 01 00",),
        ("01 00 01 00",),
        ("D0 07 21 00", "D0 07 01 00"),
        ("00 00 00 00", "E8 03 01 00"),
    ],
)
def test_an_entry_that_names_us_within_2_seconds(rules: Rules, entries: tuple[str, ...]) -> None:
    assert rules().judge_identity(consumers(*entries)) is None


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ((), "nobody"),
        (("00 00 00 00",), "nobody"),
        (("00 00 01 00",), "nobody"),
        (("D1 07 01 00",), "node 1 for 2001 ms"),
        (("FF FF 01 00",), "node 1 for 65535 ms"),
        (("D1 07 01 00", "D0 07 00 00"), "node 1 for 2001 ms, node 0 for 2000 ms"),
    ],
)
def test_nobody_watches_us(rules: Rules, entries: tuple[str, ...], found: str) -> None:
    refusal = rules().judge_identity(consumers(*entries))
    assert refusal is not None
    assert refusal.cause == "heartbeat-consumer"
    assert str(refusal) == (
        "1016h:00: the charger does not watch our heartbeat, expected node 1 within 1 to 2000 ms, found "
        + found
    )


@pytest.mark.parametrize(
    ("entries", "remedy"),
    [
        (("D0 07 21 00",), "use --master-id 33"),
        (("D0 07 21 00", "E8 03 02 00"), "use --master-id 2 or use --master-id 33"),
        (("D0 07 0A 00",), ""),  # the charger itself
        (("D0 07 00 00",), ""),
        (("D1 07 21 00",), ""),
        (("01 00 02 00",), "use --master-id 2"),
    ],
)
def test_the_node_id_that_it_watches_is_named(rules: Rules, entries: tuple[str, ...], remedy: str) -> None:
    refusal = rules().judge_identity(consumers(*entries))
    assert refusal is not None
    assert refusal.remedy == remedy


def test_the_master_may_have_another_node_id(rules: Rules) -> None:
    assert rules(master_id=33).judge_identity(device()) is None
    assert rules(master_id=2).judge_identity(device()) is not None


def test_an_entry_of_no_node_is_not_ours(rules: Rules) -> None:
    # CiA 301: with a node-ID over 127 the entry is not used. 81h is not node 1.
    assert rules().judge_identity(consumers("D0 07 81 00")) is not None


def test_an_absent_list_watches_nobody(rules: Rules) -> None:
    refusal = rules().judge_identity(device({(0x1016, 0): None}))
    assert refusal is not None
    assert refusal.found == "nobody"


def test_as_many_entries_are_read_as_there_are(rules: Rules) -> None:
    asked = list(rules().identity(consumers("D0 07 01 00")))
    assert Address(0x1016, 1) in asked
    assert Address(0x1016, 2) not in asked
    assert Address(0x1016, 1) not in list(rules().identity({}))


def test_no_more_entries_are_read_than_there_can_be(rules: Rules) -> None:
    # CiA 301: 1016h has at most 127 entries.
    most = list(rules().identity(device({(0x1016, 0): "7F"})))
    assert Address(0x1016, 0x7F) in most
    assert Address(0x1016, 0x80) not in most


@pytest.mark.parametrize("data", ["80", "FF", "00 01", "FF FF FF FF"])
def test_a_count_that_is_none_leads_to_a_refusal(rules: Rules, data: str) -> None:
    found = device({(0x1016, 0): data})
    assert not any(address.index == 0x1016 and address.sub for address in rules().identity(found))
    refusal = rules().judge_identity(found)
    assert refusal is not None
    assert refusal.cause == "heartbeat-consumer"


# --- an algorithm of its own ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "found"), [("01", "1"), ("FF", "255"), (None, "not told"), ("", "not told")]
)
def test_a_charger_that_could_start_by_itself_needs_a_word(
    rules: Rules, data: str | None, found: str
) -> None:
    told = device({(0x2242, 0): data})
    refusal = rules().judge_identity(told)
    assert refusal is not None
    assert refusal.cause == "local-algorithm"
    assert str(refusal) == (
        "2242h:00: the charger could start by itself once our heartbeat ends, expected no installed algorithm "
        f"(0), found {found}; --hold stays on the bus after the end, --release-to-local leaves it to its algorithm"
    )
    assert rules(consent=Consent.HOLD).judge_identity(told) is None
    assert rules(consent=Consent.RELEASE).judge_identity(told) is None


def test_no_installed_algorithm_needs_none(rules: Rules) -> None:
    assert rules().judge_identity(device({(0x2242, 0): "00"})) is None


def test_the_wrong_device_is_said_before_all_else(rules: Rules) -> None:
    wrong: dict[tuple[int, int], str | None] = {}
    for where, data, cause in (
        ((0x2242, 0), "01", "local-algorithm"),
        ((0x1016, 0), "00", "heartbeat-consumer"),
        ((0x1018, 1), "6E 00 00 00", "vendor"),
        ((0x1000, 0), "91 01 00 00", "device-type"),
    ):
        wrong[where] = data
        refusal = rules().judge_identity(device(wrong))
        assert refusal is not None
        assert refusal.cause == cause


# --- configuration --------------------------------------------------------------------------------------------


def test_a_mapping_that_cannot_be_commanded_is_refused_with_its_reason(rules: Rules) -> None:
    refusal = rules().judge_configuration(device({(0x1400, 2): "01"}))
    assert refusal is not None
    assert "transmission type is 01h" in str(refusal)


@pytest.mark.parametrize(
    "changes",
    [
        {(0x1800, 1): "8A 01 00 80"},  # disabled
        {(0x1800, 1): "8A 01 00 20"},  # 29 bits
        {(0x1A00, 0): "02"},  # not mapped
        {(0x1A00, 1): None},  # not read whole
    ],
)
def test_without_the_status_there_is_no_charge(
    rules: Rules, changes: dict[tuple[int, int], str | None]
) -> None:
    refusal = rules().judge_configuration(device(changes))
    assert judged(refusal) == "2006h:00: the charger's status (2006h) is in no enabled TPDO"
    assert refusal is not None
    assert refusal.cause == "mapping"


def test_a_status_of_another_length_cannot_be_read(rules: Rules) -> None:
    refusal = rules().judge_configuration(device({(0x1A00, 3): "20 00 06 20"}))
    assert refusal is not None
    assert refusal.address == Address(0x2006)


def test_an_ah_limit_needs_the_returned_ah(rules: Rules) -> None:
    without = device({(0x1801, 1): "8A 02 00 80"})
    assert rules().judge_configuration(without) is None
    refusal = rules(max_ah=30.0).judge_configuration(without)
    assert judged(refusal) == (
        "2009h:01: an Ah limit needs the returned Ah (2009h:01), which are in no enabled TPDO; limit the time "
        "instead (--for)"
    )
    assert refusal is not None
    assert refusal.cause == "mapping"
    assert rules(max_ah=30.0).judge_configuration(device()) is None
    other = device({(0x1A01, 2): "20 01 12 20"})  # 2012h:01 tells them too
    assert rules(max_ah=30.0).judge_configuration(other) is None


def test_returned_ah_of_another_length_cannot_be_read(rules: Rules) -> None:
    refusal = rules(max_ah=30.0).judge_configuration(device({(0x1A01, 2): "10 01 09 20"}))
    assert refusal is not None
    assert refusal.address == Address(0x2009, 1)


def test_the_dump_and_the_layout_are_the_devices_own(rules: Rules) -> None:
    dump = rules().dump(device())
    assert dump.source == "node 10"
    assert dump.rpdo(1).words == (0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008)
    command = rules().layout(dump)
    assert isinstance(command, CommandLayout)
    assert command.cob_ids == {0x20A}


def test_the_dump_is_put_together_once_for_the_same_answers(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[PdoDump] = []

    def counted(*given: Any) -> PdoDump:
        made.append(assemble(*given))
        return made[-1]

    monkeypatch.setattr(startup, "assemble", counted)
    plan, told = rules(), device()
    assert plan.judge_configuration(told) is None
    assert plan.dump(told) is plan.dump(told) is made[0]
    assert len(made) == 1
    # Other answers, another dump: equal ones may have changed since.
    changed = device({(0x1400, 5): "00 00"})
    assert plan.dump(changed).rpdo(1).event_timer_ms == 0
    assert len(made) == 2


# --- warnings and numbers -------------------------------------------------------------------------------------


def test_an_event_timer_that_is_off_is_warned_about_with_its_tag(rules: Rules) -> None:
    def laid_out(changes: dict[tuple[int, int], str | None] | None = None) -> CommandLayout:
        return ChargerBoot.layout(rules().dump(device(changes)))

    assert warnings(laid_out()) == ()
    (text,) = warnings(laid_out({(0x1400, 5): "00 00"}))
    assert "event timer 0 (140nh:05)" in text
    assert "[U]" in text
    assert warnings(laid_out({(0x1400, 5): None})) == (text,)


@pytest.mark.parametrize(("data", "value"), [(b"\x01\x02", 0x0201), (b"", 0), (None, 0)])
def test_an_answer_as_a_number(data: bytes | None, value: int) -> None:
    assert number({Address(0x1016): data}, Address(0x1016)) == value
    assert number({}, Address(0x1016)) == 0
