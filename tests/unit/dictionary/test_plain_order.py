"""The order of objects that are no PDO parameters; words typed by hand after CiA 301."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import order
from deltaq_master.dictionary.plain_order import plain_writes

EMCY, SYNC, TIME = Address(0x1014), Address(0x1005), Address(0x1012)
SDO = Address(0x1201, 1)
ONE, TWO = Address(0x1016, 1), Address(0x1016, 2)


def words(address: Address, held: str, wanted: str) -> list[str]:
    changed, present = {address: bytes.fromhex(wanted)}, {address: bytes.fromhex(held)}
    return [data.hex(" ").upper() for _, data, _ in plain_writes(changed, present)]


@pytest.mark.parametrize(
    ("address", "held", "wanted", "between"),
    [
        (EMCY, "8A 00 00 00", "8B 00 00 00", "8A 00 00 80"),
        (EMCY, "8A 00 00 00", "8B 00 00 80", "8A 00 00 80"),
        (EMCY, "8A 00 00 00", "8A 00 00 80", ""),  # that is the switching off
        (EMCY, "8A 00 00 80", "8B 00 00 00", ""),  # it is off
        (SDO, "0A 06 00 00", "0B 06 00 00", "0A 06 00 80"),
        (Address(0x1201, 3), "0A 06 00 00", "0B 06 00 00", ""),
        (SYNC, "80 00 00 40", "81 00 00 40", "80 00 00 00"),
        (SYNC, "80 00 00 00", "81 00 00 40", ""),
        (TIME, "00 01 00 80", "01 01 00 80", "00 01 00 00"),
        (TIME, "00 01 00 C0", "00 01 00 00", ""),
        (Address(0x1017), "E8 03", "F4 01", ""),
        (Address(0x2014), "8A 00 00 00", "8B 00 00 00", ""),
        (EMCY, "8A", "8B", ""),
        (EMCY, "", "8B 00 00 00", ""),
    ],
)
def test_a_cob_id_in_use_is_switched_off_first(
    address: Address, held: str, wanted: str, between: str
) -> None:
    assert words(address, held, wanted) == [*([between] if between else []), wanted]


def test_a_node_is_given_up_before_another_entry_watches_it() -> None:
    present = {ONE: bytes.fromhex("D0 07 01 00"), TWO: bytes.fromhex("D0 07 02 00")}
    changed = {ONE: present[TWO], TWO: present[ONE]}
    for backwards in (False, True):
        found = [(a, data) for a, data, _ in plain_writes(changed, present, backwards=backwards)]
        assert found[:2] == [(ONE, bytes(4)), (TWO, bytes(4))]
        assert dict(found[2:]) == changed
        assert [a for a, _ in found[2:]] == [TWO, ONE] if backwards else [ONE, TWO]
    # Neither an entry that watches nobody nor the other node gives way to anything.
    off = {ONE: bytes.fromhex("00 00 01 00"), TWO: bytes.fromhex("D0 07 02 00")}
    changed = {ONE: bytes.fromhex("D0 07 03 00"), TWO: b"\0\0\1\0"}
    assert [address for address, _, _ in plain_writes(changed, off)] == [ONE, TWO]


def test_it_is_part_of_the_order_and_of_the_way_back() -> None:
    before = {EMCY: bytes.fromhex("8A 00 00 00"), Address(0x2100, 1): b"\1"}
    after = {EMCY: bytes.fromhex("8B 00 00 00"), Address(0x2100, 1): b"\2"}
    there = order(after, before)
    assert [step.data.hex() for step in there] == ["8a000080", "8b000000", "02"]
    assert there[0].why == "switch its COB-ID off"
    back = order(before, after, backwards=True)
    assert [step.data.hex() for step in back] == ["01", "8b000080", "8a000000"]
