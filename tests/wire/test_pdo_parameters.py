"""PDO parameters by SDO: what is read of a device that answers half, and the order of what is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deltaq_master import errors
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.link.device.node import Node
from deltaq_master.link.pdo.maps import read_dump
from tests.wire.sdo_peer import Objects, device, fresh_channel, plain_network, record_of, word


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


HELD = {
    (0x1400, 1): number(0x20A, 4),
    (0x1400, 2): number(255, 1),
    (0x1400, 5): number(500, 2),
    (0x1600, 0): number(2, 1),
    (0x1600, 1): number(0x20000008, 4),
    (0x1600, 2): number(0x20010010, 4),
    (0x1401, 1): number(0x8000030A, 4),
    (0x1401, 2): number(254, 1),
    (0x1601, 0): number(0, 1),
    (0x1402, 1): number(0x2000040A, 4),
    (0x1402, 2): number(255, 1),
    (0x1602, 0): number(1, 1),
    (0x1602, 1): number(0x5FFF0710, 4),
    (0x1800, 1): number(0x4000018A, 4),
    (0x1800, 2): number(255, 1),
    (0x1800, 3): number(0, 2),
    (0x1800, 5): number(200, 2),
    (0x1A00, 0): number(1, 1),
    (0x1A00, 1): number(0x20010010, 4),
    (0x1801, 1): number(0x28A, 4),
    (0x1801, 2): number(1, 1),
    (0x1A01, 0): number(1, 1),
    (0x1A01, 1): number(0x20020001, 4),
}
"""RPDO1 as it is used, RPDO2 disabled, RPDO3 with an unknown object and 29 bits, TPDO1 and TPDO2."""


@contextmanager
def on_bus(folder: Path, timeout: float = 2.0) -> Iterator[tuple[Node, Objects]]:
    channel = fresh_channel()
    with Objects(channel, HELD) as objects, plain_network(channel) as network:
        node = Node(10, device(folder))
        network.add_node(node)
        node.sdo.RESPONSE_TIMEOUT = timeout
        yield node, objects


# --- reading ----------------------------------------------------------------------------------------------


def test_a_dump_says_what_the_device_says(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        dump = read_dump(node)
    assert dump.source == "node 10"
    assert [record.name for record in dump.records] == ["RPDO1", "RPDO2", "RPDO3", "TPDO1", "TPDO2"]
    first = dump.rpdo(1)
    assert (first.cob_word, first.transmission, first.event_timer_ms) == (0x20A, 255, 500)
    assert first.words == (0x20000008, 0x20010010)
    assert first.complete
    assert not dump.rpdo(2).enabled
    third = dump.rpdo(3)
    assert third.mapping.slots[0].opaque
    assert third.problems == ("29-bit COB-ID 0000040Ah is not supported",)
    assert (dump.tpdo(1).inhibit_100us, dump.tpdo(1).event_timer_ms) == (0, 200)
    # Every object is asked for once, and nothing is written.
    asked = [(r[1] | r[2] << 8, r[3]) for r in objects.requests]
    assert len(asked) == len(set(asked)) == len(HELD)
    assert objects.written == []


def test_one_pdo_that_fails_hides_no_other(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        objects.aborts = {(0x1400, 1): 0x08000000, (0x1600, 2): 0x06010000}
        objects.held[0x1A00, 0] = number(1, 2)
        dump = read_dump(node)
    assert dump.rpdo(1).problems == (
        "1400h:01 (COB-ID) is not known: aborted: general error (0800 0000h)",
        "1600h:02 (mapped object) is not known: aborted: this kind of access is not supported (0601 0000h)",
    )
    assert dump.tpdo(1).problems == ("1A00h:00 (number of mapped objects) is 2 bytes long, not 1",)
    assert dump.rpdo(2).complete
    assert dump.tpdo(2).complete


def test_a_timer_may_be_absent_but_not_fail(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        del objects.held[0x1400, 5]
        objects.aborts = {(0x1800, 3): 0x06090011, (0x1800, 5): 0x08000022}
        dump = read_dump(node)
    assert dump.rpdo(1).event_timer_ms is None
    assert dump.rpdo(1).complete
    assert dump.tpdo(1).problems == (
        "1800h:05: aborted: not possible in the device's present state (0800 0022h)",
    )


def test_an_absent_pdo_is_a_problem_of_its_own(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        objects.held = {place: data for place, data in HELD.items() if place[0] not in (0x1801, 0x1A01)}
        dump = read_dump(node)
    assert [record.complete for record in dump.tpdos] == [True, False]
    assert "the device has no such object" in dump.tpdo(2).problems[0]


def test_a_pdo_that_is_not_answered_is_not_asked_on(tmp_path: Path) -> None:
    with on_bus(tmp_path, 0.15) as (node, objects):
        objects.silent = {(0x1400, 1)}
        dump = read_dump(node)
    assert dump.rpdo(1).problems == (
        "1400h:01 (COB-ID) is not known: not answered: 2 requests, 0.3 s",
        "1400h:02 (transmission type) is not known: not asked for: the device had stopped answering",
        "1600h:00 (number of mapped objects) is not known: not asked for: the device had stopped answering",
        "1400h:05: not asked for: the device had stopped answering",
    )
    assert dump.tpdo(2).complete


def test_a_device_that_has_gone_is_not_asked_for_every_pdo(tmp_path: Path) -> None:
    with on_bus(tmp_path, 0.15) as (node, objects):
        objects.silent = {place for place in HELD if place[0] not in (0x1400, 0x1600)}
        dump = read_dump(node)
    assert dump.rpdo(1).complete
    assert not any(record.complete for record in dump.records[1:])
    assert "not answered" in dump.rpdo(3).problems[0]
    assert "not asked for" in dump.tpdo(1).problems[0]
    # Two objects twice each, and two aborts of ours.
    silent = [
        request for request in objects.requests if (request[1] | request[2] << 8) not in (0x1400, 0x1600)
    ]
    assert len(silent) == 6


def test_two_silent_pdos_apart_do_not_end_the_reading(tmp_path: Path) -> None:
    with on_bus(tmp_path, 0.15) as (node, objects):
        objects.silent = {(0x1400, 1), (0x1402, 1)}
        dump = read_dump(node)
    assert [record.complete for record in dump.records] == [False, True, False, True, True]


def test_a_lost_call_is_raised_and_not_a_problem(tmp_path: Path) -> None:
    node = Node(10, device(tmp_path))
    with pytest.raises(errors.CallError, match="on no network"):
        read_dump(node)


def test_a_container_reads_its_own_and_installs(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        dump = node.tpdo.read()
        assert [record.name for record in dump.records] == ["TPDO1", "TPDO2"]
        assert {request[2] for request in objects.requests} == {0x18, 0x1A}
        assert node.tpdo.numbered(1)["Signed"].offset == 0
        assert node.tpdo.numbered(1).on_message in node.network.subscribers[0x18A]
        assert node.rpdo.numbered(1).cob_id is None


def test_a_map_reads_itself_alone(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        node.rpdo.numbered(1).read()
        assert {request[1] | request[2] << 8 for request in objects.requests} == {0x1400, 0x1600}
        assert [variable.name for variable in node.rpdo.numbered(1)] == ["Small", "Signed"]


def test_reading_from_the_dictionary_asks_nothing(tmp_path: Path) -> None:
    node = Node(10, device(tmp_path))
    dump = node.pdo.read(from_od=True)
    assert dump.source == "EDS defaults"
    assert len(dump.records) == 5


# --- writing ----------------------------------------------------------------------------------------------


def test_saving_disables_first_and_enables_last(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.clear()
        objects.held[0x1600, 3] = bytes(4)
        pdo.add_variable("Signed")
        pdo.add_variable("Small")
        pdo.add_variable("Group", "Two")
        pdo.trans_type, pdo.event_timer, pdo.sync_start_value = 254, 250, 3
        pdo.save()
        assert objects.written == [
            (0x1400, 1, "0A 02 00 80"),
            (0x1600, 0, "00"),
            (0x1600, 1, "10 00 01 20"),
            (0x1600, 2, "08 00 00 20"),
            (0x1600, 3, "10 02 05 20"),
            (0x1600, 0, "03"),
            (0x1400, 2, "FE"),
            (0x1400, 5, "FA 00"),
            (0x1400, 1, "0A 02 00 00"),
        ]
        assert pdo.problems == ()
        assert pdo.length == 40


def test_flags_and_disabled_pdos_are_kept(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.tpdo.numbered(1)
        pdo.install(record_of(node.dictionary, PdoKind.TPDO, [word(0x2000, 0, 8)], cob_word=0xC00001AB))
        pdo.save()
        # Disabled where it is, then moved.
        assert [data for index, sub, data in objects.written if (index, sub) == (0x1800, 1)] == [
            "8A 01 00 C0",
            "AB 01 00 C0",
        ]


def test_a_map_made_by_hand_is_the_devices_once_it_is_saved(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.tpdo.numbered(1)
        pdo.cob_id, pdo.enabled = 0x1AB, True
        pdo.add_variable("Small")
        pdo.save()
        assert objects.held[0x1800, 1] == bytes.fromhex("AB 01 00 00")
        # What was not given is now what the device has, and the PDO is received.
        assert (pdo.trans_type, pdo.event_timer) == (255, 200)
        assert pdo.on_message in node.network.subscribers[0x1AB]


def test_a_pdo_that_was_never_read_is_not_saved(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        node.rpdo.save()  # type: ignore[no-untyped-call]
        assert objects.requests == []


def test_a_pdo_that_is_not_known_whole_is_not_saved(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        objects.aborts = {(0x1600, 2): 0x08000000}
        node.rpdo.read()
        for number, reason in ((1, "1600h:02"), (3, "29-bit COB-ID 0000040Ah")):
            with pytest.raises(errors.CallError, match=f"cannot save RxPDO{number}_node10: {reason}"):
                node.rpdo.numbered(number).save()
        assert objects.written == []


def test_what_is_read_only_in_the_dictionary_is_not_written(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(2)
        pdo.read()
        pdo.save()
        assert (0x1401, 2) not in [(index, sub) for index, sub, _ in objects.written]


def test_an_array_of_slots_is_written_too(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(2)
        pdo.read()
        pdo.add_variable("Small")
        pdo.add_variable("Signed")
        objects.held.update({(0x1601, 1): bytes(4), (0x1601, 2): bytes(4)})
        pdo.save()
        assert objects.held[0x1601, 0] == b"\x02"
        assert objects.held[0x1601, 2] == bytes.fromhex("10 00 01 20")


def test_what_the_device_holds_already_is_not_written(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.save()
        assert objects.written == []


def test_a_device_that_says_something_else_afterwards_is_undone(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.event_timer = 250
        pdo.trans_type = 254
        objects.stubborn = {(0x1400, 5)}
        with pytest.raises(errors.ChangeError) as caught:
            pdo.save()
        assert "1400h:05 should be FA 00, is F4 01; undone" in str(caught.value)
        assert objects.held == HELD


def test_a_save_that_is_refused_half_way_is_undone(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.clear()
        pdo.add_variable("Signed")
        pdo.event_timer = 250
        objects.write_aborts = {(0x1400, 5): 0x06090030}
        with pytest.raises(errors.ChangeError) as caught:
            pdo.save()
        assert caught.value.undone
        assert isinstance(caught.value.__cause__, errors.SdoAbortError)
        assert objects.held == HELD
        assert objects.written[-1] == (0x1400, 1, "0A 02 00 00")


def test_what_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.event_timer = 250
        objects.aborts = {(0x1400, 5): 0x08000000}
        with pytest.raises(errors.SdoAbortError, match="1400h:05"):
            pdo.save()
        assert objects.written == []


def test_a_slot_that_the_device_does_not_show_until_it_is_used(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(2)
        pdo.read()
        pdo.add_variable("Small")
        objects.held[0x1601, 1] = bytes(4)
        objects.aborts = {(0x1601, 1): 0x06090011}
        with pytest.raises(errors.ChangeError):  # it does not show it afterwards either
            pdo.save()
        assert (0x1601, 1, "08 00 00 20") in objects.written


def test_a_fixed_number_of_slots_is_filled_up(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.clear()
        pdo.add_variable("Wide")
        objects.write_aborts = {(0x1600, 0): 0x06010002}
        pdo.save()
        assert objects.held[0x1600, 1] == bytes.fromhex("20 00 08 20")
        assert objects.held[0x1600, 2] == bytes(4)
        objects.held[0x1600, 3] = bytes(4)
        before = dict(objects.held)
        for name in ("Small", "Signed"):
            pdo.add_variable(name)
        with pytest.raises(errors.UsageError, match="RPDO1 is to map 3 objects, and its device has 2 fixed"):
            pdo.save()
        assert objects.held == before


def test_another_abort_of_the_count_is_undone(tmp_path: Path) -> None:
    with on_bus(tmp_path) as (node, objects):
        pdo = node.rpdo.numbered(1)
        pdo.read()
        pdo.clear()
        objects.write_aborts = {(0x1600, 0): 0x08000022}
        with pytest.raises(errors.ChangeError, match=r"at RPDO1 without slots: 1600h:00 aborted"):
            pdo.save()
        assert objects.held == HELD


def test_addresses_of_the_two_halves_of_a_pdo(tmp_path: Path) -> None:
    node = Node(10, device(tmp_path))
    assert node.dictionary.get(Address(0x1602, 0)) is not None
    assert [pdo.map_array.od.index for pdo in node.rpdo.all] == [0x1600, 0x1601, 0x1602]
