"""The bits of 2006h, 2008h, 2011h and 2250h."""

from __future__ import annotations

import pickle

import pytest

from deltaq_master.charger.status import (
    ChargeIndication,
    ChargerMode,
    ChargerStatus,
    CycleType,
    DerateCause,
    Override,
    TerminationReason,
)
from deltaq_master.errors import UsageError

FLAGS = ("fault", "alarm", "hardware_shutdown", "derating", "ac_connected", "enabled")


def test_idle_in_remote_mode() -> None:
    # 0070h, as 18A 7C 13 46 4E 70 00 00 00 of the first capture has it.
    status = ChargerStatus.of(0x0070)
    assert [flag for flag in FLAGS if getattr(status, flag)] == ["ac_connected", "enabled"]
    assert status.override is Override.REMOTE
    assert status.indication is ChargeIndication.INACTIVE
    assert status.cycle is CycleType.NONE
    assert status.off
    assert not status.charging
    assert status.words == ("AC detected", "enabled", "remote", "inactive", "no cycle")


def test_after_the_commands_were_lost() -> None:
    # 0050h: the enabled bit is gone, the remote bit is still set.
    status = ChargerStatus.of(0x0050)
    assert not status.enabled
    assert status.ac_connected
    assert status.override is Override.REMOTE


def test_charging_above_80_percent() -> None:
    # 1270h, test data of a public program.
    status = ChargerStatus.of(0x1270)
    assert status.indication is ChargeIndication.ABOVE_80
    assert status.cycle is CycleType.CHARGE
    assert status.charging
    assert not status.off


@pytest.mark.parametrize(("bit", "flag"), list(enumerate(FLAGS)))
def test_each_flag_is_its_own_bit(bit: int, flag: str) -> None:
    alone, all_others = ChargerStatus.of(1 << bit), ChargerStatus.of(0x3F ^ 1 << bit)
    assert [name for name in FLAGS if getattr(alone, name)] == [flag]
    assert [name for name in FLAGS if not getattr(all_others, name)] == [flag]


@pytest.mark.parametrize(("raw", "override"), [(0x00, 0), (0x40, 1), (0x80, 2), (0xC0, 3)])
def test_override_has_two_bits(raw: int, override: int) -> None:
    assert ChargerStatus.of(raw).override == override


@pytest.mark.parametrize("indication", range(16))
def test_charging_is_indication_1_2_3_or_7(indication: int) -> None:
    status = ChargerStatus.of(indication << 8)
    assert status.indication == indication
    assert status.charging == (indication in (1, 2, 3, 7))
    assert status.off == (indication == 0)


@pytest.mark.parametrize("cycle", range(16))
def test_off_needs_cycle_0_too(cycle: int) -> None:
    status = ChargerStatus.of(cycle << 12)
    assert status.cycle == cycle
    assert status.off == (cycle == 0)


def test_all_ones_read_as_wrong() -> None:
    status = ChargerStatus.of(0xFFFF)
    assert status.fault
    assert status.alarm
    assert status.hardware_shutdown
    assert status.words[:4] == ("fault", "alarm", "hardware shut down", "derating")
    assert status.words[4:] == ("AC detected", "enabled", *(f"reserved value {n}" for n in (3, 15, 15)))


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (0, "inactive"),
        (1, "charging, below 80 %"),
        (2, "charging, above 80 %"),
        (3, "finishing"),
        (4, "complete"),
        (5, "resting"),
        (6, "equalize"),
        (7, "power supply mode"),
        (8, "reserved value 8"),
    ],
)
def test_indications(raw: int, word: str) -> None:
    assert ChargeIndication(raw).word == word


@pytest.mark.parametrize(
    ("raw", "word"),
    [(0, "no cycle"), (1, "charge cycle"), (2, "maintenance cycle"), (3, "reserved value 3")],
)
def test_cycles(raw: int, word: str) -> None:
    assert CycleType(raw).word == word


def test_nothing_set_is_said_too() -> None:
    assert ChargerStatus.of(0).words == ("no AC", "not enabled", "local", "inactive", "no cycle")


def test_one_object_for_each_word() -> None:
    assert ChargerStatus.of(0x1270) is ChargerStatus.of(0x1270)
    assert {ChargerStatus.of(raw).raw for raw in range(0x10000)} == set(range(0x10000))


@pytest.mark.parametrize("raw", [-1, 0x10000])
def test_a_word_has_16_bits(raw: int) -> None:
    with pytest.raises(UsageError, match="16 bits"):
        ChargerStatus.of(raw)


def test_reserved_values_are_kept() -> None:
    value = ChargeIndication(9)
    assert value == 9
    assert value.name == "RESERVED_9"
    assert value.word == "reserved value 9"
    assert value == ChargeIndication(9)
    assert hash(value) == hash(ChargeIndication(9))
    assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(ValueError, match="inactive"):
        ChargeIndication("inactive")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (0, "none"),
        (1, "ended by the algorithm"),
        (2, "disabled from outside (6000h = 0)"),
        (3, "AC removed"),
        (4, "battery disconnected"),
        (5, "algorithm changed"),
        (6, "temperature"),
        (7, "reprogramming"),
        (8, "alarm or fault of the charger"),
        (9, "ended by the operator"),
        (10, "reserved value 10"),
        (16, "heartbeat or RPDO lost"),
        (17, "NMT pre-operational"),
    ],
)
def test_termination_reasons(raw: int, word: str) -> None:
    assert TerminationReason(raw).word == word


@pytest.mark.parametrize(
    ("raw", "word"),
    [(0, "power supply"), (1, "charging"), (2, "diagnostic"), (3, "safe mode"), (4, "reserved value 4")],
)
def test_modes(raw: int, word: str) -> None:
    assert ChargerMode(raw).word == word


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (0x00, "none"),
        (0x01, "AC voltage"),
        (0x02, "battery voltage"),
        (0x04, "temperature"),
        (0x08, "AC current limit"),
        (0x05, "AC voltage, temperature"),
        (0x18, "AC current limit, reserved bits 10h"),
        (0x80, "reserved bits 80h"),
    ],
)
def test_derate_causes(raw: int, word: str) -> None:
    assert DerateCause(raw).word == word
