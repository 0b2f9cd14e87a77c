"""PDO maps off the bus: slots, look-up, bits, frames, and who may send. Frames are typed by hand."""

from __future__ import annotations

import logging
import struct
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import canopen
import pytest

from deltaq_master import errors
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.link.device.node import Node
from deltaq_master.link.pdo.maps import NotMappedError, PdoMap, PdoVariable
from tests.wire.sdo_peer import device, record_of, word

SMALL, SIGNED, SWITCH = word(0x2000, 0, 8), word(0x2001, 0, 16), word(0x2002, 0, 1)
LONG, REAL, LIMITED = word(0x2003, 0, 64), word(0x2004, 0, 32), word(0x2006, 0, 16)
ONE, TWO, WIDE, LITTLE = word(0x2005, 1, 8), word(0x2005, 2, 16), word(0x2008, 0, 32), word(0x2009, 0, 8)
UNKNOWN = word(0x5FFF, 7, 12)


class Wire(canopen.Network):
    """A network that only writes down what it is asked to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.periodic: list[Any] = []

    def send_message(self, can_id: int, data: bytes, remote: bool = False) -> None:
        self.sent.append(f"{can_id:03X} {bytes(data).hex(' ').upper()}{' RTR' if remote else ''}")

    def send_periodic(self, can_id: int, data: bytes, period: float, remote: bool = False) -> Any:
        self.periodic.append(Task(can_id, data, period))
        return self.periodic[-1]


class Task:
    def __init__(self, can_id: int, data: bytes, period: float) -> None:
        self.can_id, self.period = can_id, period
        self.frames = [bytes(data).hex(" ").upper()]
        self.running = True

    def update(self, data: bytes) -> None:
        self.frames.append(bytes(data).hex(" ").upper())

    def stop(self) -> None:
        self.running = False


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def node(tmp_path: Path, wire: Wire) -> Node:
    made = Node(10, device(tmp_path))
    wire.add_node(made)
    return made


def rpdo(node: Node, words: Sequence[int], **changes: Any) -> PdoMap:
    pdo = node.rpdo.numbered(1)
    pdo.install(record_of(node.dictionary, PdoKind.RPDO, words, **changes))
    return pdo


def tpdo(node: Node, words: Sequence[int], **changes: Any) -> PdoMap:
    pdo = node.tpdo.numbered(1)
    pdo.install(record_of(node.dictionary, PdoKind.TPDO, words, **changes))
    return pdo


def receive(pdo: PdoMap, data: str, time: float = 0.0) -> None:
    pdo.on_message(0x18A, bytearray.fromhex(data), time)


# --- slots and their look-up ------------------------------------------------------------------------------


def test_a_slot_is_found_by_position_index_name_and_address(node: Node) -> None:
    pdo = rpdo(node, [SMALL, ONE, TWO])
    for key in (2, "Group.Two", "2005h:02", "0x2005:02", Address(0x2005, 2)):
        assert pdo[key].slot.address == Address(0x2005, 2)
    for key in (0, 0x2000, "Small", "0x2000", "2000h", "2000"):
        assert pdo[key].slot.address == Address(0x2000)
    assert [variable.position for variable in pdo] == [0, 1, 2]
    assert len(pdo) == 3


def test_positions_go_on_beyond_eight(node: Node) -> None:
    pdo = rpdo(node, [SWITCH] * 64)
    assert pdo[63].offset == 63
    assert pdo.data == bytes(8)


def test_what_is_not_mapped_says_what_is(node: Node) -> None:
    pdo = rpdo(node, [SMALL, ONE])
    for position in (2, 63):
        with pytest.raises(IndexError, match=f"RxPDO1_node10 has 2 slots, none at position {position}"):
            pdo[position]
    for key in (64, 0x2001, "Signed", "2005h:02", "0x2005:02:03", Address(0x2005, 2), -1):
        with pytest.raises(KeyError) as caught:
            pdo[key]
        assert isinstance(caught.value, errors.UsageError)
        assert str(caught.value).endswith("mapped is 'Small', 'Group.One'")
    pdo.clear()
    with pytest.raises(NotMappedError, match="2000h is not mapped in RxPDO1_node10; mapped is nothing"):
        pdo[0x2000]


def test_an_object_mapped_twice_is_found_by_position_or_number_alone(node: Node) -> None:
    pdo = rpdo(node, [SMALL, TWO, SMALL])
    assert [variable.name for variable in pdo] == ["Small", "Group.Two", "Small #2"]
    assert pdo[2] is pdo["Small #2"]
    assert pdo[0] is pdo["Small #1"]
    for key in (0x2000, "Small", "2000h:00"):
        with pytest.raises(errors.UsageError, match="mapped 2 times") as caught:
            pdo[key]
        assert "RxPDO1_node10 position 0 (Small), RxPDO1_node10 position 2 (Small #2)" in str(caught.value)


def test_two_sub_objects_of_one_index_need_more_than_the_index(node: Node) -> None:
    pdo = rpdo(node, [ONE, TWO])
    with pytest.raises(errors.UsageError, match="2005h is mapped 2 times"):
        pdo[0x2005]


def test_the_name_is_by_number_not_by_cob_id(node: Node) -> None:
    pdo = tpdo(node, [SMALL], cob_word=0x2AB)
    assert pdo.name == "TxPDO1_node10"
    assert repr(pdo) == "<PdoMap TxPDO1_node10 at 2ABh>"
    assert repr(node.rpdo.numbered(2)) == "<PdoMap RxPDO2_node10 without COB-ID>"


# --- values -----------------------------------------------------------------------------------------------


def test_values_come_out_of_a_frame(node: Node) -> None:
    pdo = tpdo(node, [SMALL, SIGNED, SWITCH, LITTLE, REAL])
    # Small 7Fh, Signed FF38h = -200, Switch 1, Little FDh = -3 from bit 25, Real 2.5 from bit 33.
    packed = 0x7F | 0xFF38 << 8 | 1 << 24 | 0xFD << 25 | 0x40200000 << 33
    pdo.on_message(0x18A, packed.to_bytes(9, "little")[:9], 0.0)
    assert pdo.problems == ()
    with pytest.raises(errors.UsageError, match="65 bits"):
        pdo.raws()
    pdo = tpdo(node, [SMALL, SIGNED, SWITCH, LITTLE])
    pdo.on_message(0x18A, (packed & (1 << 33) - 1).to_bytes(5, "little"), 0.0)
    assert pdo.raws() == (0x7F, -200, 1, -3)
    assert [variable.raw for variable in pdo] == [0x7F, -200, True, -3]
    assert pdo["Switch"].raw is True
    assert pdo["Signed"].phys == -100.0
    assert pdo["Small"].phys == 0x7F
    assert pdo["Little"].data == b"\xfd"


def test_a_real_number_in_a_frame(node: Node) -> None:
    pdo = tpdo(node, [SWITCH, REAL])
    pdo.on_message(0x18A, (1 | 0x40200000 << 1).to_bytes(5, "little"), 0.0)
    assert pdo["Real"].raw == 2.5
    pdo["Real"].raw = -0.5
    assert pdo.data == (1 | struct.unpack("<I", struct.pack("<f", -0.5))[0] << 1).to_bytes(5, "little")


def test_sixty_four_bits(node: Node) -> None:
    pdo = rpdo(node, [LONG])
    pdo[0].raw = 0xFEDCBA9876543210
    assert pdo.data == bytes.fromhex("10 32 54 76 98 BA DC FE")
    assert pdo[0].raw == 0xFEDCBA9876543210


def test_writing_one_slot_leaves_its_neighbours(node: Node) -> None:
    pdo = rpdo(node, [word(0x2009, 0, 4), word(0x2009, 0, 4), SIGNED])
    pdo.data = bytes.fromhex("5A 34 12")
    pdo[0].raw = -8
    assert pdo.data == bytes.fromhex("58 34 12")
    assert pdo[0].raw == -8
    pdo[2].phys = -1.0
    assert pdo.data == bytes.fromhex("58 FE FF")


def test_an_unknown_object_is_bits_that_move_nothing(node: Node) -> None:
    pdo = tpdo(node, [word(0x2009, 0, 4), UNKNOWN, SMALL])
    receive(pdo, "BC FA 77")
    assert pdo["Small"].raw == 0x77
    assert pdo[1].name == "5FFFh:07"
    assert pdo["5FFFh:07"].raw == 0xFAB
    assert pdo[1].phys == 0xFAB
    assert pdo[1].data == bytes.fromhex("AB 0F")
    pdo[1].raw = 0x123
    assert pdo.data == bytes.fromhex("3C 12 77")
    with pytest.raises(errors.LimitError, match="12 bits hold no more"):
        pdo[1].raw = 0x1000
    with pytest.raises(errors.UsageError, match="only its bits can be set"):
        pdo[1].raw = 1.5


def test_an_object_in_another_length_than_its_own_is_bits_too(node: Node) -> None:
    pdo = rpdo(node, [word(0x2006, 0, 8), SMALL])
    pdo[0].raw = 0xFF
    assert pdo[0].phys == 0xFF
    assert pdo.data == bytes.fromhex("FF 00")


def test_a_dummy_is_known(node: Node) -> None:
    pdo = rpdo(node, [word(5, 0, 8), SMALL])
    assert pdo[0].name == "Dummy0005"
    pdo[1].raw = 1
    assert pdo.data == b"\x00\x01"


def test_limits_of_the_dictionary_hold(node: Node) -> None:
    pdo = rpdo(node, [LIMITED, SMALL])
    pdo["Limited"].phys = 25.0
    assert pdo.data == bytes.fromhex("90 01 00")
    for value in (25.1, float("nan"), -1.0):
        with pytest.raises(errors.LimitError):
            pdo["Limited"].phys = value
    with pytest.raises(errors.LimitError):
        pdo["Limited"].raw = 401
    with pytest.raises(errors.LimitError):
        pdo["Small"].raw = 256
    assert pdo.data == bytes.fromhex("90 01 00")


def test_a_value_that_falls_between_is_rounded_down(node: Node) -> None:
    pdo = rpdo(node, [LIMITED])
    pdo["Limited"].phys = 9.99
    assert pdo["Limited"].phys == 9.9375


def test_bytes_may_be_set_as_they_are(node: Node) -> None:
    pdo = rpdo(node, [SIGNED, SWITCH])
    pdo[0].raw = b"\x38\xff"
    pdo[1].data = b"\x01"
    assert pdo.data == bytes.fromhex("38 FF 01")
    with pytest.raises(errors.UsageError, match="16 bits long, 3 bytes do not fit"):
        pdo[0].data = b"\x01\x02\x03"
    with pytest.raises(errors.LimitError):
        pdo[1].data = b"\x02"


def test_descriptions_and_bits_are_canopens(node: Node) -> None:
    pdo = rpdo(node, [SMALL])
    pdo[0].od.add_value_description(3, "three")
    pdo[0].desc = "three"
    assert pdo[0].raw == 3
    assert pdo[0].desc == "three"
    pdo[0].bits[7] = 1
    assert pdo[0].read() == 0x83
    pdo[0].write(4)
    assert pdo.data == b"\x04"


# --- frames -----------------------------------------------------------------------------------------------


def test_a_frame_is_copied(node: Node) -> None:
    pdo = tpdo(node, [SIGNED])
    frame = bytearray.fromhex("38 FF")
    pdo.on_message(0x18A, frame, 1.0)
    frame[0] = 0
    assert pdo.data == bytes.fromhex("38 FF")
    assert isinstance(pdo.data, bytes)


def test_another_cob_id_is_not_this_pdo(node: Node) -> None:
    pdo = tpdo(node, [SIGNED])
    pdo.on_message(0x28A, bytearray.fromhex("38 FF"), 1.0)
    assert pdo.timestamp is None


def test_a_short_frame_is_counted_and_ignored(node: Node) -> None:
    pdo = tpdo(node, [SIGNED, SMALL])
    receive(pdo, "38 FF 01", 1.0)
    receive(pdo, "00 00", 2.0)
    assert pdo.short_frames == 1
    assert pdo.raws() == (-200, 1)
    assert pdo.timestamp == 1.0


def test_a_long_frame_is_read_as_far_as_it_is_mapped(node: Node) -> None:
    pdo = tpdo(node, [SIGNED])
    receive(pdo, "38 FF 01 02")
    assert pdo["Signed"].raw == -200
    assert pdo.data == bytes.fromhex("38 FF 01 02")


def test_the_interval_is_measured_and_the_period_is_left_alone(node: Node) -> None:
    pdo = tpdo(node, [SMALL])
    intervals = []
    for time in (5.0, 13.0, 13.5):
        receive(pdo, "01", time)
        intervals.append(pdo.interval)
    assert intervals == [None, 8.0, 0.5]
    assert pdo.period is None
    assert not pdo.is_periodic


def test_a_raising_callback_does_not_starve_the_others(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    pdo = tpdo(node, [SMALL])
    seen: list[object] = []

    def broken(_: object) -> None:
        raise ZeroDivisionError("my mistake")

    pdo.add_callback(broken)
    pdo.add_callback(lambda got: seen.append(got[0].raw))
    with caplog.at_level(logging.ERROR):
        receive(pdo, "07")
    assert seen == [7]
    assert "my mistake" in caplog.text


def test_reading_during_reception_is_never_torn(node: Node) -> None:
    pdo = tpdo(node, [SMALL] * 8)
    stop = threading.Event()

    def sender() -> None:
        while not stop.is_set():
            for number in range(256):
                pdo.on_message(0x18A, bytearray([number] * 8), 0.0)

    thread = threading.Thread(target=sender)
    thread.start()
    try:
        for _ in range(2000):
            assert len(set(pdo.raws())) == 1
    finally:
        stop.set()
        thread.join()


def test_two_writers_do_not_undo_each_other(node: Node) -> None:
    pdo = rpdo(node, [SMALL] * 8)

    def writer(position: int) -> None:
        for number in range(100):
            pdo[position].raw = number % 256
        pdo[position].raw = position

    threads = [threading.Thread(target=writer, args=(position,)) for position in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert pdo.raws() == tuple(range(8))


# --- sending ----------------------------------------------------------------------------------------------


def test_transmit_sends_the_whole_frame_once(node: Node, wire: Wire) -> None:
    pdo = rpdo(node, [SMALL, SIGNED])
    pdo["Signed"].raw = -2
    pdo.transmit()
    assert wire.sent == ["20A 00 FE FF"]


def test_periodic_frames_follow_changes_until_stop(node: Node, wire: Wire) -> None:
    pdo = rpdo(node, [SMALL])
    pdo.start(0.1)
    pdo[0].raw = 5
    pdo.stop()
    (task,) = wire.periodic
    assert (task.can_id, task.period, task.frames, task.running) == (0x20A, 0.1, ["00", "05"], False)
    pdo[0].raw = 6
    assert task.frames == ["00", "05"]


def test_own_frames_do_not_come_back_while_they_are_sent(node: Node) -> None:
    pdo = rpdo(node, [SMALL])
    pdo.start(0.1)
    pdo.on_message(0x20A, bytearray(b"\x99"), 0.0)
    assert pdo.data == b"\x00"


def test_a_claimed_map_is_its_owners_alone(node: Node, wire: Wire) -> None:
    pdo = rpdo(node, [SMALL])
    pdo.claim("pump")
    assert pdo.owner == "pump"
    for action in (
        pdo.transmit,
        lambda: pdo.start(0.1),
        pdo.update,
        pdo.save,
        lambda: pdo.claim("other"),
        lambda: setattr(pdo[0], "raw", 1),
        lambda: setattr(pdo[0], "data", b"\x01"),
        lambda: setattr(pdo, "data", b"\x01"),
    ):
        with pytest.raises(errors.CallError, match="pump sends it, whole and from one request"):
            action()
    assert pdo.data == b"\x00"
    assert wire.sent == wire.periodic == []
    pdo.release()
    pdo[0].raw = 1
    pdo.transmit()
    assert wire.sent == ["20A 01"]


def test_a_map_that_start_sends_cannot_be_claimed(node: Node) -> None:
    pdo = rpdo(node, [SMALL])
    pdo.start(0.1)
    with pytest.raises(errors.CallError, match=r"stop\(\) it first"):
        pdo.claim("pump")
    pdo.stop()
    pdo.claim("pump")


@pytest.mark.parametrize("action", [PdoMap.transmit, lambda pdo: pdo.start(0.1)])
def test_what_is_not_known_whole_is_not_sent(node: Node, wire: Wire, action: Any) -> None:
    with pytest.raises(errors.CallError, match="RxPDO1_node10: no COB-ID is known"):
        action(node.rpdo.numbered(1))
    pdo = rpdo(node, [SMALL], problems=("29-bit COB-ID 00000ABCh is not supported",))
    with pytest.raises(errors.CallError, match="29-bit COB-ID 00000ABCh is not supported"):
        action(pdo)
    assert wire.sent == wire.periodic == []


def test_a_remote_request_is_canopens(node: Node, wire: Wire) -> None:
    tpdo(node, [SMALL]).remote_request()
    tpdo(node, [SMALL], cob_word=0x4000018A).remote_request()
    assert wire.sent == ["18A  RTR"]


# --- building a map ---------------------------------------------------------------------------------------


def test_slots_are_added_as_in_canopen(node: Node) -> None:
    pdo = node.rpdo.numbered(1)
    pdo.clear()
    added = [
        pdo.add_variable("Small"),
        pdo.add_variable("Group", "Two"),
        pdo.add_variable(0x2005, 1),
        pdo.add_variable(0x2009, length=4),
        pdo.add_variable(0x2000),
    ]
    assert added == list(pdo)
    assert [variable.name for variable in pdo] == ["Small", "Group.Two", "Group.One", "Little", "Small #2"]
    assert [(variable.offset, variable.length) for variable in pdo] == [
        (0, 8),
        (8, 16),
        (24, 8),
        (32, 4),
        (36, 8),
    ]
    assert pdo.length == 44
    added[1].raw = 0x1234
    added[4].raw = 0xAB
    assert pdo.data == bytes.fromhex("00 34 12 00 B0 0A")
    assert all(isinstance(variable, PdoVariable) for variable in pdo)


def test_what_was_set_before_a_slot_is_added_stays(node: Node) -> None:
    pdo = node.rpdo.numbered(1)
    pdo.add_variable("Small").raw = 7
    pdo.add_variable("Signed")
    assert pdo.data == bytes.fromhex("07 00 00")


def test_more_than_64_bits_are_refused(node: Node) -> None:
    pdo = rpdo(node, [LONG])
    with pytest.raises(errors.UsageError, match="would be 65 bits long; a CAN frame holds 64"):
        pdo.add_variable("Switch")
    assert len(pdo) == 1


def test_an_object_of_no_fixed_length_needs_one(node: Node) -> None:
    pdo = node.rpdo.numbered(1)
    with pytest.raises(errors.UsageError, match="2007h:00 has no fixed length"):
        pdo.add_variable("Text")
    assert pdo.add_variable("Text", length=16).raw == 0


# --- installing -------------------------------------------------------------------------------------------


def test_everything_that_the_device_said_is_there(node: Node) -> None:
    pdo = tpdo(
        node, [SMALL, SIGNED], cob_word=0x400001AB, transmission=1, inhibit_100us=30, event_timer_ms=200
    )
    assert pdo.cob_id == 0x1AB
    assert pdo.enabled
    assert not pdo.rtr_allowed
    assert (pdo.trans_type, pdo.inhibit_time, pdo.event_timer) == (1, 30, 200)
    assert pdo.is_periodic
    assert pdo.length == 24
    assert pdo.data == bytes(3)


def test_installing_again_forgets_the_last_frame(node: Node) -> None:
    pdo = tpdo(node, [SMALL])
    receive(pdo, "07", 1.0)
    pdo = tpdo(node, [SMALL])
    assert pdo.timestamp is None
    assert pdo.data == b"\x00"


def test_a_tpdo_is_received_where_it_is_now(node: Node, wire: Wire) -> None:
    pdo = tpdo(node, [SMALL])
    assert pdo.on_message in wire.subscribers[0x18A]
    tpdo(node, [SMALL], cob_word=0x1AB)
    assert 0x18A not in wire.subscribers
    assert pdo.on_message in wire.subscribers[0x1AB]
    tpdo(node, [SMALL], cob_word=0x800001AB)
    assert 0x1AB not in wire.subscribers
    tpdo(node, [SMALL], cob_word=0x200001AB, problems=("29-bit",))
    assert 0x1AB not in wire.subscribers


def test_an_rpdo_is_received_only_when_asked(node: Node, wire: Wire) -> None:
    pdo = rpdo(node, [SMALL])
    assert 0x20A not in wire.subscribers
    pdo.subscribe()
    assert pdo.on_message in wire.subscribers[0x20A]
    wire.unsubscribe(0x20A)
    pdo.unsubscribe()
    pdo.unsubscribe()


def test_from_the_dictionary_alone(node: Node) -> None:
    pdo = node.rpdo.numbered(1)
    pdo.read(from_od=True)
    assert pdo.cob_id is None
    assert pdo.problems
