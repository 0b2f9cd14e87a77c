"""Which PDOs a device has: those of its EDS, those beyond it, and one that says nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import SilentError
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.device.device import Device, on_bus
from deltaq_master.link.pdo import finding as pdo_finding
from deltaq_master.link.pdo.finding import Beyond, read_pdos
from tests.wire.sdo_peer import Objects, device, frame, fresh_channel
from tests.wire.test_pdo_parameters import HELD, number

FURTHER = {
    (0x1403, 1): number(0x50A, 4),
    (0x1403, 2): number(1, 1),
    (0x1603, 0): number(1, 1),
    (0x1603, 1): number(0x20010010, 4),
    (0x1802, 1): number(0x8000038A, 4),
    (0x1802, 2): number(255, 1),
    (0x1802, 6): number(9, 1),
    (0x1A02, 0): number(0, 1),
}
"""RPDO4 and TPDO3, which the EDS does not have."""


@contextmanager
def talking(
    folder: Path, held: dict[tuple[int, int], bytes], timeout: float = 2.0
) -> Iterator[tuple[Device, Objects]]:
    channel = fresh_channel()
    with (
        Objects(channel, held) as objects,
        open_network("virtual", channel) as network,
        on_bus(network, device(folder)) as found,
    ):
        found.node.sdo.RESPONSE_TIMEOUT = timeout
        yield found, objects


def asked(objects: Objects) -> list[tuple[int, int]]:
    return [(r[1] | r[2] << 8, r[3]) for r in objects.requests]


def test_the_number_behind_the_last_one_is_tried(tmp_path: Path) -> None:
    with talking(tmp_path, HELD) as (found, objects):
        reading = read_pdos(found)
    assert [record.name for record in reading.dump.records] == ["RPDO1", "RPDO2", "RPDO3", "TPDO1", "TPDO2"]
    assert (reading.absent, reading.beyond, reading.problems) == ((), (), ())
    assert set(asked(objects)) - set(HELD) == {(0x1403, 1), (0x1802, 1)}
    assert len(asked(objects)) == len(set(asked(objects)))
    assert objects.written == []
    # Everything that was read is there as it was on the wire.
    assert reading.values[Address(0x1800, 1)] == bytes.fromhex("8A 01 00 40")
    assert Address(0x1403, 1) not in reading.values


def test_nothing_beyond_the_eds_is_asked_for_when_it_is_not_wanted(tmp_path: Path) -> None:
    with talking(tmp_path, HELD) as (found, objects):
        read_pdos(found, Beyond.NOTHING)
    assert set(asked(objects)) == set(HELD)


def test_pdos_beyond_the_eds_are_read_whole(tmp_path: Path) -> None:
    with talking(tmp_path, HELD | FURTHER) as (found, objects):
        reading = read_pdos(found)
    assert reading.beyond == ("RPDO4", "TPDO3")
    fourth, third = reading.dump.rpdo(4), reading.dump.tpdo(3)
    assert (fourth.cob_id, fourth.transmission, fourth.words) == (0x50A, 1, (0x20010010,))
    # What the device does not have of it, it need not have.
    assert (fourth.event_timer_ms, fourth.complete) == (None, True)
    assert (third.enabled, third.sync_start, third.complete) == (False, 9, True)
    assert reading.dump.rpdo(4).mapping.slots[0].name == "Signed"
    assert {(0x1404, 1), (0x1803, 1)} <= set(asked(objects))
    assert len(asked(objects)) == len(set(asked(objects)))


def test_a_gap_hides_nothing_from_all(tmp_path: Path) -> None:
    far = {
        (0x15FF, 1): number(0x7A, 4),
        (0x15FF, 2): number(255, 1),
        (0x17FF, 0): number(0, 1),
    }
    told: list[Address] = []
    with talking(tmp_path, HELD | far) as (found, _):
        assert read_pdos(found).beyond == ()
        reading = read_pdos(found, Beyond.ALL, told.append)
    assert reading.beyond == ("RPDO512",)
    assert reading.complete is False  # RPDO3 has a 29-bit COB-ID
    assert reading.dump.rpdo(512).complete
    probes = {address.index for address in told if address.sub == 1 and address.index & 0x200 == 0}
    assert probes == {*range(0x1400, 0x1600), *range(0x1800, 0x1A00)}


def test_a_pdo_of_the_eds_that_the_device_lacks_is_no_failure(tmp_path: Path) -> None:
    held = {place: data for place, data in HELD.items() if place[0] not in (0x1801, 0x1A01, 0x1402, 0x1602)}
    with talking(tmp_path, held) as (found, _):
        reading = read_pdos(found)
    assert reading.absent == ("RPDO3", "TPDO2")
    assert [record.name for record in reading.dump.records] == ["RPDO1", "RPDO2", "TPDO1"]
    assert reading.complete
    assert {address.index for address in reading.values} == {0x1400, 0x1600, 0x1401, 0x1601, 0x1800, 0x1A00}


def test_half_a_pdo_is_incomplete(tmp_path: Path) -> None:
    held = {place: data for place, data in HELD.items() if place[0] != 0x1A01}
    with talking(tmp_path, held) as (found, _):
        reading = read_pdos(found)
    assert reading.absent == ()
    assert "the device has no such object" in reading.dump.tpdo(2).problems[0]


def test_a_probe_that_fails_is_said_and_ends_the_search(tmp_path: Path) -> None:
    with talking(tmp_path, HELD) as (found, objects):
        objects.aborts = {(0x1403, 1): 0x08000000}
        reading = read_pdos(found)
    assert reading.problems == ("whether it has RPDO4 is not known: aborted: general error (0800 0000h)",)
    assert "RPDO4" not in {record.name for record in reading.dump.records}
    assert (0x1404, 1) not in asked(objects)
    assert not reading.complete


def test_many_probes_that_fail_alike_are_one_sentence(tmp_path: Path) -> None:
    with talking(tmp_path, HELD) as (found, objects):
        objects.aborts = {(index, 1): 0x08000000 for index in range(0x1403, 0x1600)}
        reading = read_pdos(found, Beyond.ALL)
    assert reading.problems == (
        "whether it has RPDO4 and 508 more is not known: aborted: general error (0800 0000h)",
    )


def test_a_device_that_falls_silent_is_not_asked_on(tmp_path: Path) -> None:
    with talking(tmp_path, HELD, 0.1) as (found, objects):
        objects.silent = {(index, 1) for index in (0x1402, 0x1800)}
        reading = read_pdos(found)
    assert reading.dump.rpdo(1).complete
    assert "not answered" in reading.dump.rpdo(3).problems[0]
    assert reading.problems == (
        "whether it has RPDO4 and 1 more is not known: not asked for: the device had stopped answering",
    )
    assert not {(0x1403, 1), (0x1802, 1)} & set(asked(objects))


def test_a_device_that_says_nothing_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdo_finding, "HEARTBEAT_WAIT", 0.05)
    with talking(tmp_path, HELD, 0.05) as (found, objects):
        objects.silent = set(HELD)
        with pytest.raises(SilentError, match="node 10: it answers no SDO request and sends no heartbeat"):
            read_pdos(found)


def test_a_device_that_is_heard_is_there(tmp_path: Path) -> None:
    with talking(tmp_path, HELD, 0.05) as (found, objects):
        objects.silent = set(HELD)
        objects.bus.send(frame(0x70A, b"\x05"))
        reading = read_pdos(found)
    assert not reading.complete
    assert not any(record.complete for record in reading.dump.records)
