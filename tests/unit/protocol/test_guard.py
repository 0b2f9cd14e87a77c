"""Which writes are refused, whoever asks: the EDS's flags, the device's watchdogs, the commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import RefusedError
from deltaq_master.protocol.guard import Policy, check_write, is_watchdog

READY, CURRENT, VOLTAGE = Address(0x6000), Address(0x6070), Address(0x2276)
ALGORITHM = Address(0x2241)
CONSUMER = Address(0x1016, 1)
RPDO_TIMER = Address(0x1400, 5)

COMMANDS = (READY, CURRENT, VOLTAGE)
HARMLESS = (READY, CURRENT)

# As this charger has it: node 1, 2000 ms.
WATCHED = bytes.fromhex("D0 07 01 00")


def allowed(
    dictionary: Dictionary,
    address: Address,
    data: str,
    present: str | None = None,
    named: tuple[Address, ...] = (),
) -> str:
    """'' if the write is allowed, else the reason."""
    try:
        check_write(
            dictionary[address],
            bytes.fromhex(data),
            present=None if present is None else bytes.fromhex(present),
            named=named,
            commands=COMMANDS,
            harmless=HARMLESS,
        )
    except RefusedError as error:
        return str(error)
    return ""


def test_an_ordinary_object_may_be_written(dictionary: Dictionary) -> None:
    assert allowed(dictionary, Address(0x6081), "4C") == ""
    assert allowed(dictionary, Address(0x1017), "E8 03") == ""


@pytest.mark.parametrize(("address", "access"), [(Address(0x1000), "ro"), (Address(0x2242), "ro")])
def test_what_is_read_only_is_not_written(dictionary: Dictionary, address: Address, access: str) -> None:
    text = allowed(dictionary, address, "00 00 00 00", named=(address,))
    assert text.endswith(f"({address}) refused: its access is {access} in the EDS")


# --- what the EDS protects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index", [0x4208, 0x2150, 0x2241, 0x4000, 0x4002, 0x2032, 0x2275, 0x2400, 0x1F50, 0x1F51]
)
def test_what_must_never_be_written_is_refused(dictionary: Dictionary, index: int) -> None:
    # The list of charger.md section 2.
    entries = [entry for entry in dictionary if entry.address.index == index and entry.writable]
    assert entries
    for entry in entries:
        with pytest.raises(RefusedError, match="the EDS forbids it"):
            check_write(entry, b"\0", present=b"\0")


def test_the_reason_is_the_eds_own_and_the_way_out_is_named(dictionary: Dictionary) -> None:
    text = allowed(dictionary, ALGORITHM, "05 00 00 00")
    assert text.startswith(
        "writing Active Algorithm Request (2241h:00) refused: the EDS forbids it: Never write: changes the "
        "charging algorithm"
    )
    assert text.endswith("if you are sure, name it: --allow 0x2241:00")


def test_without_a_reason_in_the_eds_its_flag_is_the_reason(dictionary: Dictionary) -> None:
    with pytest.raises(RefusedError, match="the EDS forbids it: ObjFlags = 1"):
        check_write(replace(dictionary[ALGORITHM], description=""), b"\0")


def test_a_protected_object_that_is_named_may_be_written(dictionary: Dictionary) -> None:
    assert allowed(dictionary, ALGORITHM, "05 00 00 00", named=(ALGORITHM,)) == ""
    assert allowed(dictionary, ALGORITHM, "05 00 00 00", named=(CONSUMER,)) != ""


# --- commands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "data"), [(READY, "01"), (CURRENT, "A0 00"), (CURRENT, "00 01"), (VOLTAGE, "00 54")]
)
@pytest.mark.parametrize("named", [(), COMMANDS])
def test_commands_belong_to_the_charge_cycle_even_if_named(
    dictionary: Dictionary, address: Address, data: str, named: tuple[Address, ...]
) -> None:
    text = allowed(dictionary, address, data, named=named)
    assert "it is a command object, which belongs to the charge cycle" in text
    assert text.endswith("use the charge command, or --force-command with limits")


@pytest.mark.parametrize(("address", "data"), [(READY, "00"), (CURRENT, "00 00")])
def test_switching_off_is_always_allowed(dictionary: Dictionary, address: Address, data: str) -> None:
    assert allowed(dictionary, address, data) == ""


def test_zero_volts_are_not_off(dictionary: Dictionary) -> None:
    assert "command object" in allowed(dictionary, VOLTAGE, "00 00")


def test_without_a_list_of_commands_there_are_none(dictionary: Dictionary) -> None:
    check_write(dictionary[READY], b"\x01")


# --- the device's watch over its master -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "sub", "watchdog"),
    [
        (0x1016, 0, False),
        (0x1016, 1, True),
        (0x1016, 2, True),
        (0x1017, 0, False),
        (0x13FF, 5, False),
        (0x1400, 5, True),
        (0x1401, 5, True),
        (0x15FF, 5, True),
        (0x1600, 5, False),
        (0x1400, 2, False),
        (0x1800, 5, False),
    ],
)
def test_what_is_a_watchdog(index: int, sub: int, watchdog: bool) -> None:
    assert is_watchdog(Address(index, sub)) is watchdog


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("00 00 01 00", "off"),
        ("00 00 00 00", "off, and nobody named"),
        ("D1 07 01 00", "a millisecond longer"),
        ("FF FF 01 00", "as long as can be"),
        ("D0 07 02 00", "for another master"),
        ("E8 03 21 00", "shorter, for another master"),
    ],
)
def test_a_heartbeat_consumer_is_neither_weakened_nor_given_to_another(
    dictionary: Dictionary, data: str, what: str
) -> None:
    text = allowed(dictionary, CONSUMER, data, WATCHED.hex())
    assert "switch off or lengthen the device's own watch over its master" in text, what
    assert text.endswith("name it: --allow 0x1016:01")
    assert allowed(dictionary, CONSUMER, data, WATCHED.hex(), named=(CONSUMER,)) == ""


@pytest.mark.parametrize("data", ["D0 07 01 00", "E8 03 01 00", "01 00 01 00"])
def test_a_heartbeat_consumer_may_be_kept_or_shortened(dictionary: Dictionary, data: str) -> None:
    assert allowed(dictionary, CONSUMER, data, WATCHED.hex()) == ""


def test_a_watch_may_be_added_where_there_was_none(dictionary: Dictionary) -> None:
    # An entry with node 0 and time 0 is not used (CiA 301): nothing is switched off, nothing is lengthened.
    assert allowed(dictionary, CONSUMER, WATCHED.hex(), "00 00 00 00") == ""


@pytest.mark.parametrize(
    ("data", "present", "refused"),
    [
        ("F4 01", "F4 01", False),
        ("F3 01", "F4 01", False),
        ("F5 01", "F4 01", True),
        ("00 00", "F4 01", True),
        ("F4 01", "00 00", False),  # it was off: any time is a shorter one
        ("00 00", "00 00", True),
        ("00 02", "FF 01", True),
    ],
)
def test_the_event_timer_of_an_rpdo(dictionary: Dictionary, data: str, present: str, refused: bool) -> None:
    text = allowed(dictionary, RPDO_TIMER, data, present)
    assert ("lengthen the device's own watch" in text) is refused
    assert allowed(dictionary, RPDO_TIMER, data, present, named=(RPDO_TIMER,)) == ""


@pytest.mark.parametrize(("address", "data"), [(CONSUMER, "D0 07 01 00"), (RPDO_TIMER, "01 00")])
def test_what_could_not_be_read_counts_as_weakened(
    dictionary: Dictionary, address: Address, data: str
) -> None:
    assert "lengthen" in allowed(dictionary, address, data, None)


def test_a_device_of_which_nothing_is_known_is_never_busy() -> None:
    policy = Policy()
    assert (policy.commands, policy.harmless, policy.status) == (frozenset(), frozenset(), ())
    assert policy.busy({}) == ""
