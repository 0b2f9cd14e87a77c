"""What canopen 2.4.1 does wrong with PDOs, beside what ours does, one pair per defect.

The first half of each pair is there to fail when canopen changes: then the work-around has served its time,
or the two no longer fit together. Names begin with the number that the project gives the defect.
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import can
import canopen
import pytest
from canopen.objectdictionary import ODRecord
from canopen.pdo import base

from deltaq_master import errors
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.link.device.node import Node
from deltaq_master.link.pdo.maps import PdoMap
from tests.wire.sdo_peer import Objects, device, fresh_channel, plain_network, record_of, variable, word

SMALL, SIGNED, LIMITED = word(0x2000, 0, 8), word(0x2001, 0, 16), word(0x2006, 0, 16)
UNKNOWN = word(0x5FFF, 7, 8)
WIDE_HALF = word(0x2008, 0, 16)
NIBBLE = word(0x2009, 0, 4)


def mapped(index: int, words: Sequence[int], cob_word: int) -> dict[tuple[int, int], bytes]:
    """The parameters of one PDO as a device holds them."""
    held = {
        (index, 1): cob_word.to_bytes(4, "little"),
        (index, 2): b"\xff",
        (index + 0x200, 0): bytes((len(words),)),
    }
    for sub in range(1, 9):
        mapped_word = words[sub - 1] if sub <= len(words) else 0
        held[index + 0x200, sub] = mapped_word.to_bytes(4, "little")
    return held


@contextmanager
def both(
    folder: Path, held: dict[tuple[int, int], bytes], timeout: float = 2.0
) -> Iterator[tuple[canopen.RemoteNode, Node, Objects]]:
    """canopen's node and ours for the same device, each on its own network."""
    channel = fresh_channel()
    with Objects(channel, held) as objects, plain_network(channel) as one, plain_network(channel) as two:
        theirs = canopen.RemoteNode(10, device(folder).od)
        ours = Node(10, device(folder))
        one.add_node(theirs)
        two.add_node(ours)
        theirs.sdo.RESPONSE_TIMEOUT = ours.sdo.RESPONSE_TIMEOUT = timeout
        yield theirs, ours, objects


def theirs_and_ours(folder: Path, words: Sequence[int], kind: PdoKind = PdoKind.RPDO) -> tuple[Any, PdoMap]:
    """The same map of both, with no device: theirs is built as `read` builds it."""
    plain = canopen.RemoteNode(10, device(folder).od)
    node = Node(10, device(folder))
    theirs = (plain.rpdo if kind is PdoKind.RPDO else plain.tpdo)[1]
    for mapping_word in words:
        theirs.add_variable(mapping_word >> 16, mapping_word >> 8 & 0xFF, mapping_word & 0xFF)
    record = record_of(node.dictionary, kind, words)
    theirs.cob_id = record.cob_id
    ours = (node.rpdo if kind is PdoKind.RPDO else node.tpdo).numbered(1)
    ours.install(record)
    return theirs, ours


def test_p1_an_unknown_object_moves_what_follows(tmp_path: Path) -> None:
    held = mapped(0x1400, [SMALL, UNKNOWN, SIGNED], 0x20A)
    with both(tmp_path, held) as (theirs, ours, _):
        theirs.rpdo[1].read()
        assert [(v.name, v.offset) for v in theirs.rpdo[1]] == [("Small", 0), ("Signed", 8)]
        assert len(theirs.rpdo[1].data) == 3
        ours.rpdo.numbered(1).read()
        assert [(v.name, v.offset) for v in ours.rpdo.numbered(1)] == [
            ("Small", 0),
            ("5FFFh:07", 8),
            ("Signed", 16),
        ]
        assert len(ours.rpdo.numbered(1).data) == 4


def test_p2_an_object_mapped_twice(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL, SMALL])
    theirs["Small"].raw = 7
    assert theirs.data == b"\x07\x00"  # the second is out of reach, without a word
    with pytest.raises(errors.UsageError):
        ours["Small"].raw = 7
    ours["Small #2"].raw = 7
    assert ours.data == b"\x00\x07"


def test_p3_a_dummy_that_the_eds_does_not_name(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [word(5, 0, 8), SMALL])
    assert [v.offset for v in theirs] == [0]
    assert [v.offset for v in ours] == [0, 8]


def test_p4_slots_in_an_array_are_never_written(tmp_path: Path) -> None:
    held = mapped(0x1401, [], 0x8000030A)
    with both(tmp_path, held) as (theirs, ours, objects):
        theirs.rpdo[2].read()
        theirs.rpdo[2].add_variable("Small")
        theirs.rpdo[2].save()
        assert objects.held[0x1601, 0] == b"\x01"  # one slot, it says
        assert objects.held[0x1601, 1] == bytes(4)  # and never wrote it
        ours.rpdo.numbered(2).read()
        ours.rpdo.numbered(2).clear()
        ours.rpdo.numbered(2).add_variable("Small")
        ours.rpdo.numbered(2).save()
        assert objects.held[0x1601, 1] == bytes.fromhex("08 00 00 20")


def test_p5_half_of_an_object_overwrites_its_neighbour(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [WIDE_HALF, SIGNED])
    for pdo in (theirs, ours):
        pdo.data = bytearray.fromhex("00 00 34 12")
        pdo[0].raw = 0x5678
    assert theirs.data == bytes.fromhex("78 56 00 00")
    assert ours.data == bytes.fromhex("78 56 34 12")
    theirs.data = bytearray.fromhex("78 56 34 12")
    assert theirs[0].raw == 0x12345678
    assert ours[0].raw == 0x5678


def test_p6_a_signed_nibble(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [NIBBLE, NIBBLE])
    for pdo in (theirs, ours):
        pdo.data = bytearray.fromhex("08")
    assert theirs[0].raw == 8
    assert ours[0].raw == -8
    theirs[0].raw = -1
    ours[0].raw = -1
    assert theirs.data == b"\xff"  # the neighbour is set too
    assert ours.data == b"\x0f"


def test_p7_sixteen_bits_that_begin_in_the_middle_of_a_byte(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [NIBBLE, LIMITED, NIBBLE])
    for pdo in (theirs, ours):
        pdo.data = bytearray.fromhex("40 23 01")
    assert theirs[1].raw == 0x234
    assert ours[1].raw == 0x1234
    theirs, ours = theirs_and_ours(tmp_path, [NIBBLE, NIBBLE, NIBBLE, LIMITED, NIBBLE])
    for pdo in (theirs, ours):
        pdo.data = bytearray.fromhex("00 40 23 01")
    assert ours[3].raw == 0x1234
    theirs, ours = theirs_and_ours(tmp_path, [SIGNED, NIBBLE, word(0x2006, 0, 4)])
    for pdo in (theirs, ours):
        pdo.data = bytearray.fromhex("00 00 57")
    with pytest.raises(struct.error):
        _ = theirs[2].raw
    assert ours[2].raw == 5


def test_p9_a_short_frame(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL, SIGNED], PdoKind.TPDO)
    for pdo in (theirs, ours):
        pdo.on_message(0x18A, bytearray.fromhex("01 02 03"), 1.0)
        pdo.on_message(0x18A, bytearray.fromhex("09"), 2.0)
    with pytest.raises(canopen.ObjectDictionaryError):
        _ = theirs["Signed"].raw
    assert ours["Signed"].raw == 0x302
    assert ours.short_frames == 1


def test_p10_one_missing_pdo_ends_the_reading(tmp_path: Path) -> None:
    held = mapped(0x1800, [SMALL], 0x18A) | mapped(0x1801, [SIGNED], 0x28A)
    del held[0x1800, 1]
    with both(tmp_path, held) as (theirs, ours, _):
        with pytest.raises(canopen.SdoAbortedError):
            theirs.tpdo.read()  # type: ignore[no-untyped-call]
        assert theirs.tpdo[2].cob_id is None
        assert [record.complete for record in ours.tpdo.read().records] == [False, True]


def test_p11_half_a_pair(tmp_path: Path) -> None:
    od = canopen.ObjectDictionary()  # type: ignore[no-untyped-call]
    half = ODRecord("RPDO 1", 0x1400)
    half.add_member(variable("COB-ID", 0x1400, 1, 7))
    od.add_object(half)
    with pytest.raises(KeyError):
        canopen.RemoteNode(10, od)
    assert Node(10, device(tmp_path)).rpdo.numbered(3).map_array.od.index == 0x1602


def test_p12_reading_from_a_dictionary_without_defaults(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        canopen.RemoteNode(10, device(tmp_path).od).rpdo[1].read(from_od=True)
    ours = Node(10, device(tmp_path)).rpdo.numbered(1)
    ours.read(from_od=True)
    assert ours.problems[0] == "1400h:01 (COB-ID) is not known"


def test_p13_a_29_bit_cob_id(tmp_path: Path) -> None:
    held = mapped(0x1800, [SMALL], 0x20000ABC)
    with both(tmp_path, held) as (theirs, ours, _):
        theirs.tpdo[1].read()
        assert theirs.tpdo[1].cob_id == 0xABC
        assert 0xABC in theirs.network.subscribers
        ours.tpdo.numbered(1).read()
        assert ours.tpdo.numbered(1).problems == ("29-bit COB-ID 00000ABCh is not supported",)
        assert 0xABC not in ours.network.subscribers


def test_p14_timers_of_a_synchronous_pdo(tmp_path: Path) -> None:
    held = mapped(0x1800, [SMALL], 0x18A) | {(0x1800, 2): b"\x01", (0x1800, 5): b"\xc8\x00"}
    with both(tmp_path, held) as (theirs, ours, _):
        theirs.tpdo[1].read()
        assert theirs.tpdo[1].event_timer is None
        ours.tpdo.numbered(1).read()
        assert ours.tpdo.numbered(1).event_timer == 200


def test_p15_pdo_by_index(tmp_path: Path) -> None:
    theirs = canopen.RemoteNode(10, device(tmp_path).od)
    assert theirs.pdo[0x1600] is theirs.tpdo[1]
    ours = Node(10, device(tmp_path))
    assert ours.pdo[0x1600] is ours.rpdo[1]


def test_p16_repr_before_reading(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        repr(canopen.RemoteNode(10, device(tmp_path).od).rpdo[1])
    assert repr(Node(10, device(tmp_path)).rpdo[1]) == "<PdoMap RxPDO1_node10 without COB-ID>"


def test_p18_leaving_the_network(tmp_path: Path) -> None:
    held = mapped(0x1800, [SMALL], 0x18A)
    with both(tmp_path, held) as (theirs, ours, _):
        network, ours_network = theirs.network, ours.network
        theirs.tpdo[1].read()
        ours.tpdo.numbered(1).read()
        del network[10], ours_network[10]
        assert 0x18A in network.subscribers
        assert 0x18A not in ours_network.subscribers


def test_p19_positions_beyond_eight(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [word(0x2002, 0, 1)] * 12)
    with pytest.raises(KeyError):
        theirs[8]
    assert ours[8].offset == 8


def test_s11_a_channel_added_on_a_network(tmp_path: Path) -> None:
    with both(tmp_path, {(0x1000, 0): b"\x01\x02\x03\x04"}) as (theirs, ours, _):
        with pytest.raises(RuntimeError, match="No actual Network"):
            theirs.add_sdo(0x60A, 0x58A).upload(0x1000, 0)  # type: ignore[no-untyped-call]
        assert ours.add_sdo(0x60A, 0x58A).upload(0x1000, 0) == b"\x01\x02\x03\x04"


def test_x1_more_than_64_bits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [word(0x2003, 0, 64)])
    with caplog.at_level(logging.WARNING):
        theirs.add_variable("Signed")
    assert len(theirs.data) == 10
    with pytest.raises(errors.UsageError):
        ours.add_variable("Signed")
    assert len(ours.data) == 8


def test_x3_a_raising_callback(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL], PdoKind.TPDO)
    seen: list[object] = []

    def broken(_: object) -> None:
        raise ZeroDivisionError

    for pdo in (theirs, ours):
        pdo.add_callback(broken)
        pdo.add_callback(seen.append)
    with pytest.raises(ZeroDivisionError):
        theirs.on_message(0x18A, bytearray(b"\x01"), 0.0)
    assert seen == []
    ours.on_message(0x18A, bytearray(b"\x01"), 0.0)
    assert seen == [ours]


def test_x5_the_data_of_a_frame(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL], PdoKind.TPDO)
    frame = bytearray(b"\x01")
    for pdo in (theirs, ours):
        pdo.on_message(0x18A, frame, 0.0)
    frame[0] = 2
    assert theirs["Small"].raw == 2
    assert ours["Small"].raw == 1


def test_the_name_of_a_pdo_whose_cob_id_was_changed(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL], PdoKind.TPDO)
    theirs.cob_id = ours.cob_id = 0x30B
    assert theirs.name == "RxPDO2_node11"
    assert ours.name == "TxPDO1_node10"


def test_the_period_that_is_inferred_from_two_frames(tmp_path: Path) -> None:
    theirs, ours = theirs_and_ours(tmp_path, [SMALL], PdoKind.TPDO)
    for pdo in (theirs, ours):
        for time in (1.0, 9.0):
            pdo.on_message(0x18A, bytearray(b"\x01"), time)
    assert (theirs.period, theirs.is_periodic) == (8.0, True)
    assert (ours.period, ours.is_periodic, ours.interval) == (None, False, 8.0)


@pytest.mark.parametrize("name", ["on_message", "read", "save", "subscribe", "transmit", "start", "update"])
def test_canopens_map_still_has_what_ours_replaces(name: str) -> None:
    assert callable(getattr(base.PdoMap, name))
    assert getattr(PdoMap, name) is not getattr(base.PdoMap, name)


def test_the_receive_thread_of_a_plain_notifier_can_still_be_known() -> None:
    with can.Bus(interface="virtual", channel=fresh_channel()) as bus:
        notifier = can.Notifier(bus, [], timeout=0.01)
        assert [isinstance(reader, threading.Thread) for reader in notifier._readers] == [True]
        notifier.stop()
