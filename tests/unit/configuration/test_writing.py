"""The order of a concise DCF for a CANopen manager that knows nothing of the device."""

from __future__ import annotations

from deltaq_master.configuration.writing import for_a_manager
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary

PDO = {
    Address(0x1400, 1): bytes.fromhex("0A 02 00 00"),
    Address(0x1400, 2): b"\xff",
    Address(0x1600, 0): b"\x01",
    Address(0x1600, 1): bytes.fromhex("10 00 70 60"),
    Address(0x1600, 2): bytes(4),
}


def writes(
    dictionary: Dictionary, values: dict[Address, bytes], further: dict[Address, bytes] | None = None
) -> tuple[list[str], dict[Address, str]]:
    left_out: dict[Address, str] = {}
    steps = for_a_manager(dictionary, values, further or {}, left_out)
    return [f"{step.address} {step.data.hex(' ').upper()}" for step in steps], left_out


def test_pdos_are_disabled_mapped_and_enabled_behind_everything_else(dictionary: Dictionary) -> None:
    found, left_out = writes(dictionary, PDO | {Address(0x1017): b"\xf4\x01"})
    assert found == [
        "1017h:00 F4 01",
        "1400h:01 0A 02 00 80",
        "1600h:00 00",
        "1600h:01 10 00 70 60",
        "1600h:02 00 00 00 00",
        "1600h:00 01",
        "1400h:02 FF",
        "1400h:01 0A 02 00 00",
    ]
    assert left_out == {}


def test_a_disabled_pdo_stays_disabled(dictionary: Dictionary) -> None:
    found, _ = writes(dictionary, PDO | {Address(0x1400, 1): bytes.fromhex("0A 02 00 80")})
    assert found[0] == "1400h:01 0A 02 00 80"
    assert found[-1] == "1400h:02 FF"


def test_what_a_manager_must_not_write_is_left_out(dictionary: Dictionary) -> None:
    half = {address: data for address, data in PDO.items() if address != Address(0x1600, 1)}
    found, left_out = writes(dictionary, half | {Address(0x4208): b"\0\x50"})
    assert found == []
    assert left_out[Address(0x4208)].startswith("the EDS forbids to write it: Never write")
    assert {left_out[address] for address in half} == {"1600h:01 of the same PDO is not known"}


def test_a_read_only_number_of_slots_is_not_written(dictionary: Dictionary) -> None:
    values = {address: data for address, data in PDO.items() if address != Address(0x1600)}
    found, left_out = writes(dictionary, values, {Address(0x1600): b"\x02"})
    assert found == [
        "1400h:01 0A 02 00 80",
        "1600h:01 10 00 70 60",
        "1600h:02 00 00 00 00",
        "1400h:02 FF",
        "1400h:01 0A 02 00 00",
    ]
    assert left_out == {}
