"""Emergency messages: frames of any length, and the set of active ones."""

from __future__ import annotations

import pytest

from deltaq_master.protocol.emcy import ACTIVE_CAPACITY, NONE_ACTIVE, Emergency, meaning

# Captured from this unit half a second after its last RPDO: 8130h, register 01, alarm 20h of class 80h.
HEARTBEAT_LOST = bytes.fromhex("30 81 01 20 80 00 00 00")
# The same with alarm 1Eh, as it comes when the heartbeat has ended.
BATTERY_MODULE = bytes.fromhex("30 81 01 1E 80 00 00 00")
RESET = bytes(8)


def test_whole_frame() -> None:
    emergency = Emergency.parse(HEARTBEAT_LOST)
    assert emergency.code == 0x8130
    assert emergency.register == 0x01
    assert emergency.data == bytes.fromhex("20 80 00 00 00")
    assert not emergency.short
    assert not emergency.reset
    assert emergency.key == (0x8130, 0x20)


def test_error_reset_of_the_capture() -> None:
    emergency = Emergency.parse(RESET)
    assert emergency.reset
    assert emergency.code == 0


@pytest.mark.parametrize(
    ("length", "code", "register", "data", "key"),
    [
        (0, None, None, "", (None, None)),
        (1, None, None, "", (None, None)),
        (2, 0x8130, None, "", (0x8130, None)),
        (3, 0x8130, 0x01, "", (0x8130, None)),
        (4, 0x8130, 0x01, "20", (0x8130, 0x20)),
        (7, 0x8130, 0x01, "20 80 00 00", (0x8130, 0x20)),
    ],
)
def test_short_frame_keeps_what_it_has(
    length: int, code: int | None, register: int | None, data: str, key: tuple[int | None, int | None]
) -> None:
    emergency = Emergency.parse(HEARTBEAT_LOST[:length])
    assert emergency == Emergency(code, register, bytes.fromhex(data))
    assert emergency.key == key
    assert emergency.short
    assert not emergency.reset


def test_five_identical_ones_are_one() -> None:
    active = NONE_ACTIVE
    for _ in range(5):
        active = active.after(Emergency.parse(HEARTBEAT_LOST))
    assert len(active) == 1
    assert list(active) == [Emergency.parse(HEARTBEAT_LOST)]


def test_same_code_with_another_number_is_another_one() -> None:
    lost, module = Emergency.parse(HEARTBEAT_LOST), Emergency.parse(BATTERY_MODULE)
    active = NONE_ACTIVE.after(lost).after(module)
    assert list(active) == [lost, module]
    assert module in active
    assert Emergency.parse(bytes.fromhex("30 81 01 44 80 00 00 00")) not in active


def test_other_bytes_do_not_make_another_one() -> None:
    active = NONE_ACTIVE.after(Emergency.parse(HEARTBEAT_LOST))
    again = Emergency.parse(bytes.fromhex("30 81 11 20 80 AA BB CC"))
    assert active.after(again) is active


def test_reset_clears_all() -> None:
    active = NONE_ACTIVE.after(Emergency.parse(HEARTBEAT_LOST)).after(Emergency.parse(BATTERY_MODULE))
    assert active.after(Emergency.parse(RESET)) == NONE_ACTIVE
    assert not active.after(Emergency.parse(RESET[:2]))


def test_unreadable_one_is_active_too() -> None:
    assert len(NONE_ACTIVE.after(Emergency.parse(b""))) == 1


def test_sets_are_frozen_and_hashable() -> None:
    one = NONE_ACTIVE.after(Emergency.parse(HEARTBEAT_LOST))
    other = NONE_ACTIVE.after(Emergency.parse(HEARTBEAT_LOST))
    assert one == other
    assert hash(one) == hash(other)
    assert len(NONE_ACTIVE) == 0


def test_babbling_forgets_the_oldest() -> None:
    active = NONE_ACTIVE
    for number in range(ACTIVE_CAPACITY + 1):
        active = active.after(Emergency(0x1000 + number, 0, bytes(5)))
    assert len(active) == ACTIVE_CAPACITY == 254
    assert Emergency(0x1000, 0, bytes(5)) not in active
    assert Emergency(0x1001, 0, bytes(5)) in active


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x0000, "error reset or no error"),
        (0x1000, "generic error"),
        (0x2000, "current"),
        (0x2100, "current, input side"),
        (0x2200, "current inside the device"),
        (0x2300, "current, output side"),
        (0x3000, "voltage"),
        (0x3100, "mains voltage"),
        (0x3200, "voltage inside the device"),
        (0x3300, "output voltage"),
        (0x4000, "temperature"),
        (0x4100, "ambient temperature"),
        (0x4200, "device temperature"),
        (0x5000, "device hardware"),
        (0x6000, "device software"),
        (0x6100, "internal software"),
        (0x6200, "user software"),
        (0x6300, "data set"),
        (0x7000, "additional modules"),
        (0x8000, "monitoring"),
        (0x8100, "communication"),
        (0x8110, "CAN overrun (objects lost)"),
        (0x8120, "CAN in error passive mode"),
        (0x8130, "life guard or heartbeat error"),
        (0x8140, "recovered from bus-off"),
        (0x8150, "CAN-ID collision"),
        (0x8200, "protocol error"),
        (0x8220, "PDO length exceeded"),
        (0x8230, "DAM MPDO not processed, destination object not available"),
        (0x8240, "unexpected SYNC data length"),
        (0x8250, "RPDO time-out"),
        (0xF000, "additional functions"),
        (0x8131, "communication"),
        (0x8210, "PDO not processed because of its length"),
        (0x8299, "protocol error"),
        (0x9012, "external error"),
        (0x2499, "current"),
        (0xFF07, "device-specific"),
        (0x0010, "a code of no class that CiA 301 defines"),
        (0xA000, "a code of no class that CiA 301 defines"),
    ],
)
def test_meaning(code: int, words: str) -> None:
    assert meaning(code) == words
