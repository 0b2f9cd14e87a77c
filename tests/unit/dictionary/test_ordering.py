"""The order of writes: CiA 301's for PDOs, by index for everything else, and the way back."""

from __future__ import annotations

import itertools
import random

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import (
    Difference,
    Step,
    Values,
    as_padded,
    group_of,
    needed,
    order,
    pdo_name,
    unknown,
    unused_slot,
    with_fixed_counts,
)
from deltaq_master.errors import UsageError


def at(text: str) -> Address:
    return Address.parse(text)


def values(text: str) -> dict[Address, bytes]:
    lines = (line.split("#")[0].split(maxsplit=1) for line in text.splitlines())
    return {at(line[0]): bytes.fromhex(line[1]) for line in lines if line}


def lines(steps: tuple[Step, ...]) -> list[str]:
    return [f"{s.address} {s.data.hex(' ').upper()} {s.why}".rstrip() for s in steps]


PRESENT = values("""
    1400h:01 0A 02 00 00
    1400h:02 FF
    1400h:05 F4 01
    1600h:00 02
    1600h:01 10 00 70 60
    1600h:02 08 00 00 60
    1600h:03 00 00 00 00
    1801h:01 8A 02 00 40    # enabled, without RTR
    1801h:05 E8 03
    1A01h:00 01
    1A01h:01 10 00 02 20
    1017h:00 E8 03
    1029h:01 00
""")


def test_names() -> None:
    assert [pdo_name(index) for index in (0x1400, 0x1600, 0x15FF, 0x17FF, 0x1800, 0x1A00, 0x19FF, 0x1BFF)] == [
        "RPDO1", "RPDO1", "RPDO512", "RPDO512", "TPDO1", "TPDO1", "TPDO512", "TPDO512",
    ]  # fmt: skip


def test_groups() -> None:
    assert group_of(at("1601h:03")) == group_of(at("1401h:01")) == 0x1401
    assert group_of(at("1A01h:03")) == group_of(at("1801h:01")) == 0x1801
    assert group_of(at("1029h:01")) == 0x1029
    assert Step(at("1A00h"), b"\0", "").group == 0x1800


def test_differences_in_words() -> None:
    assert str(Difference(at("1017h"), b"\xe8\x03", b"\x01\x00")) == "1017h:00 should be E8 03, is 01 00"
    assert str(Difference(at("1017h"), b"\xe8", None, "gone")) == "1017h:00 should be E8, is not read (gone)"


def test_steps_in_words() -> None:
    assert str(Step(at("1017h"), b"\xe8\x03", "")) == "1017h:00 = E8 03"
    assert str(Step(at("1400h:01"), bytes(4), "enable RPDO1")) == "1400h:01 = 00 00 00 00 (enable RPDO1)"


# --- what has to be known ---------------------------------------------------------------------------------


def read_all(wanted: Values, device: Values) -> list[str]:
    found: dict[Address, bytes | None] = {}
    asked = []
    for address in needed(wanted, found):
        asked.append(str(address))
        found[address] = device.get(address)
    return asked


def test_a_plain_object_needs_itself() -> None:
    assert read_all(values("1017h 01 00"), PRESENT) == ["1017h:00"]


def test_a_parameter_of_a_pdo_needs_its_cob_id() -> None:
    assert read_all(values("1400h:05 01 00"), PRESENT) == ["1400h:05", "1400h:01"]


def test_a_slot_needs_all_that_are_in_use() -> None:
    assert read_all(values("1600h:01 08 00 00 60"), PRESENT) == [
        "1600h:01",
        "1400h:01",
        "1600h:00",
        "1600h:02",
    ]


def test_more_slots_than_there_are_need_the_further_ones() -> None:
    assert read_all(values("1600h:00 03\n1600h:03 08 00 00 60"), PRESENT) == [
        "1600h:00", "1600h:03", "1400h:01", "1600h:01", "1600h:02",
    ]  # fmt: skip


def test_a_multiplex_pdo_has_no_slots_to_read() -> None:
    device = {**PRESENT, at("1600h"): b"\xfe"}
    assert read_all(values("1600h:00 FE"), device) == ["1600h:00", "1400h:01"]


def test_what_is_known_is_not_needed() -> None:
    assert list(needed(values("1600h:00 02\n1017h 01 00"), PRESENT)) == []


def test_what_cannot_be_done_without() -> None:
    wanted = values("1600h:00 04\n1600h:04 08 00 00 60\n1017h 01 00")
    assert unknown(wanted, {}) == (at("1600h"), at("1017h"), at("1400h:01"))
    assert unknown(wanted, PRESENT) == ()
    # A slot that is in use has to be known.
    held = {address: data for address, data in PRESENT.items() if address != at("1600h:02")}
    assert unknown(wanted, held) == (at("1600h:02"),)


def test_unused_slots() -> None:
    assert unused_slot(at("1600h:03"), PRESENT)
    assert not unused_slot(at("1600h:02"), PRESENT)
    assert not unused_slot(at("1600h:00"), PRESENT)
    assert not unused_slot(at("1400h:05"), PRESENT)
    assert not unused_slot(at("2000h:05"), PRESENT)
    assert unused_slot(at("1602h:01"), {at("1602h"): None})


# --- forwards ---------------------------------------------------------------------------------------------


def test_nothing_to_do() -> None:
    assert order(PRESENT, PRESENT) == ()


def test_a_mapping_of_an_enabled_pdo() -> None:
    wanted = values("1600h:00 03\n1600h:01 08 00 00 60\n1600h:02 10 00 70 60\n1600h:03 08 01 FA 2F")
    assert lines(order(wanted, PRESENT)) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1600h:00 00 RPDO1 without slots",
        "1600h:01 08 00 00 60 RPDO1 slot 1",
        "1600h:02 10 00 70 60 RPDO1 slot 2",
        "1600h:03 08 01 FA 2F RPDO1 slot 3",
        "1600h:00 03 RPDO1 number of slots",
        "1400h:01 0A 02 00 00 enable RPDO1",
    ]


def test_one_slot_of_several_writes_those_in_use_again() -> None:
    # Some devices forget them when their number goes to 0.
    wanted = values("1600h:02 08 01 FA 2F")
    assert lines(order(wanted, PRESENT))[2:4] == [
        "1600h:01 10 00 70 60 RPDO1 slot 1",
        "1600h:02 08 01 FA 2F RPDO1 slot 2",
    ]


def test_a_pdo_that_is_emptied() -> None:
    assert lines(order(values("1600h:00 00"), PRESENT)) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1600h:00 00 RPDO1 without slots",
        "1400h:01 0A 02 00 00 enable RPDO1",
    ]


def test_parameters_are_written_while_it_is_disabled() -> None:
    assert lines(order(values("1400h:05 FA 00\n1400h:02 FE"), PRESENT)) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1400h:02 FE RPDO1 parameter",
        "1400h:05 FA 00 RPDO1 parameter",
        "1400h:01 0A 02 00 00 enable RPDO1",
    ]


def test_a_pdo_that_is_disabled_and_moved() -> None:
    assert lines(order(values("1801h:01 8A 03 00 C0"), PRESENT)) == [
        "1801h:01 8A 02 00 C0 disable TPDO2",
        "1801h:01 8A 03 00 C0 TPDO2 COB-ID",
    ]
    assert lines(order(values("1801h:01 8A 02 00 C0"), PRESENT)) == ["1801h:01 8A 02 00 C0 disable TPDO2"]


def test_a_disabled_pdo_is_enabled_in_one_write() -> None:
    present = {**PRESENT, at("1400h:01"): bytes.fromhex("00 00 00 80")}
    assert lines(order(values("1400h:01 0A 03 00 00"), present)) == ["1400h:01 0A 03 00 00 enable RPDO1"]


def test_two_pdos_exchange_their_cob_ids() -> None:
    wanted = values("1400h:01 8A 02 00 00\n1801h:01 0A 02 00 40")
    assert lines(order(wanted, PRESENT)) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1801h:01 8A 02 00 C0 disable TPDO2",
        "1400h:01 8A 02 00 00 enable RPDO1",
        "1801h:01 0A 02 00 40 enable TPDO2",
    ]


def test_plain_objects_come_first_in_index_order() -> None:
    wanted = values("1029h:01 01\n1400h:05 FA 00\n1017h 01 00")
    assert [str(step.address) for step in order(wanted, PRESENT)] == [
        "1017h:00", "1029h:01", "1400h:01", "1400h:05", "1400h:01",
    ]  # fmt: skip


def test_a_fixed_number_of_slots_is_not_written() -> None:
    wanted = values("1600h:01 08 00 00 60")
    assert lines(order(wanted, PRESENT, {0x1600})) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1600h:01 08 00 00 60 RPDO1 slot 1",
        "1600h:02 08 00 00 60 RPDO1 slot 2",
        "1400h:01 0A 02 00 00 enable RPDO1",
    ]


def test_slots_beyond_their_number_are_spare() -> None:
    wanted = values("1600h:00 01\n1600h:01 08 00 00 60\n1600h:02 00 00 00 00")
    steps = order(wanted, PRESENT)
    assert [(str(s.address), s.why) for s in steps if s.spare] == [("1600h:02", "RPDO1 unused slot 2")]
    assert lines(steps)[-2] == "1600h:00 01 RPDO1 number of slots"


# --- backwards --------------------------------------------------------------------------------------------


def test_backwards_begins_with_what_was_written_last() -> None:
    wanted = values("1017h 01 00\n1029h:01 01\n1400h:05 FA 00\n1801h:05 C8 00")
    now = {**PRESENT, **wanted}
    assert lines(order({a: PRESENT[a] for a in wanted}, now, backwards=True)) == [
        "1801h:01 8A 02 00 C0 disable TPDO2",
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1801h:05 E8 03 TPDO2 parameter",
        "1400h:05 F4 01 RPDO1 parameter",
        "1801h:01 8A 02 00 40 enable TPDO2",
        "1400h:01 0A 02 00 00 enable RPDO1",
        "1029h:01 00",
        "1017h:00 E8 03",
    ]


def test_what_is_not_known_counts_as_different() -> None:
    steps = order({a: PRESENT[a] for a in PRESENT if a.index & ~0x200 == 0x1400}, {})
    assert lines(steps) == [
        "1400h:01 0A 02 00 80 disable RPDO1",
        "1600h:00 00 RPDO1 without slots",
        "1600h:01 10 00 70 60 RPDO1 slot 1",
        "1600h:02 08 00 00 60 RPDO1 slot 2",
        "1600h:03 00 00 00 00 RPDO1 unused slot 3",
        "1600h:00 02 RPDO1 number of slots",
        "1400h:02 FF RPDO1 parameter",
        "1400h:05 F4 01 RPDO1 parameter",
        "1400h:01 0A 02 00 00 enable RPDO1",
    ]


def test_there_and_back_from_every_place_in_between() -> None:
    """Whatever a change was cut off at, the way back ends where it began, and no step breaks CiA 301's order."""
    chance = random.Random(306)
    words = [bytes.fromhex(text) for text in ("10 00 70 60", "08 00 00 60", "08 01 FA 2F", "00 00 00 00")]
    cob_ids = [bytes.fromhex(text) for text in ("0A 02 00 00", "0A 02 00 80", "0A 03 00 00", "8A 02 00 40")]
    for _ in range(300):
        wanted = {
            address: chance.choice(words) if address.index & 0x200 and address.sub else data
            for address, data in PRESENT.items()
            if chance.random() < 0.6
        }
        wanted |= {a: chance.choice(cob_ids) for a in (at("1400h:01"), at("1801h:01")) if a in wanted}
        if at("1600h") in wanted:
            wanted[at("1600h")] = bytes([chance.randrange(4)])
        steps = order(wanted, PRESENT)
        for cut in range(len(steps) + 1):
            held = dict(PRESENT)
            for step in steps[:cut]:
                put(held, step)
            for step in order(PRESENT, held, backwards=True):
                put(held, step)
            assert held == PRESENT
        held = dict(PRESENT)
        for step in steps:
            put(held, step)
        assert held == {**PRESENT, **wanted}


def put(held: dict[Address, bytes], step: Step) -> None:
    """What CiA 301 lets a device take."""
    index, sub = step.address.index, step.address.sub
    if 0x1400 <= index < 0x1C00:
        cob_id = held[Address(index & ~0x200, 1)]
        off = cob_id[3] & 0x80
        if not index & 0x200 and sub == 1:
            assert off or step.data[3] & 0x80, step
            assert off or (step.data[:3], step.data[3] & 0x7F) == (cob_id[:3], cob_id[3] & 0x7F), step
        else:
            assert off, step
            assert not (index & 0x200 and sub) or held[Address(index)] == b"\0", step
    held[step.address] = step.data


# --- fixed numbers of slots -------------------------------------------------------------------------------


def test_too_many_slots_are_mapped_to_nothing() -> None:
    wanted = values("1600h:00 01\n1600h:01 08 00 00 60\n1017h 01 00")
    assert with_fixed_counts(wanted, PRESENT, {0x1600}) == values(
        "1600h:00 02\n1600h:01 08 00 00 60\n1600h:02 00 00 00 00\n1017h 01 00"
    )


def test_the_right_number_and_none_at_all_stay_as_they_are() -> None:
    for text in ("1600h:00 02\n1600h:01 08 00 00 60", "1600h:01 08 00 00 60"):
        assert with_fixed_counts(values(text), PRESENT, {0x1600}) == values(text)


def test_slots_that_map_nothing_mean_the_same_as_fewer_slots() -> None:
    present = {**PRESENT, **values("1600h:00 04\n1600h:03 00 00 00 00\n1600h:04 00 00 00 00")}
    wanted = values("1600h:00 02\n1600h:01 10 00 70 60\n1600h:02 08 00 00 60\n1400h:05 F4 01\n1017h:00 E8 03")
    padded = as_padded(wanted, present)
    assert padded == {**wanted, **values("1600h:00 04\n1600h:03 00 00 00 00\n1600h:04 00 00 00 00")}
    assert order(padded, present) == ()
    # A slot in between that maps something is one too many.
    assert as_padded(wanted, {**present, at("1600h:03"): bytes.fromhex("08 01 FA 2F")}) == wanted
    assert as_padded(wanted, PRESENT) == wanted
    assert as_padded(values("1600h:00 03"), PRESENT) == values("1600h:00 03")


def test_too_few_slots() -> None:
    with pytest.raises(UsageError, match="RPDO1 is to map 3 objects, and its device has 2 fixed slots"):
        with_fixed_counts(values("1600h:00 03"), PRESENT, {0x1600})


def test_every_order_disables_before_it_fills_before_it_enables() -> None:
    wanted = values("1400h:01 8A 02 00 00\n1600h:01 08 00 00 60\n1801h:01 0A 02 00 40\n1801h:05 C8 00")
    for backwards in (False, True):
        stages = [
            0 if step.why.startswith("disable") else 2 if step.why.startswith("enable") else 1
            for step in order(wanted, PRESENT, backwards=backwards)
        ]
        assert all(one <= other for one, other in itertools.pairwise(stages))
