"""Dictionaries that know more PDOs than their EDS, and dumps with all that they were made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import default_values, described
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import DataType
from deltaq_master.dictionary.mapping import PdoKind, assemble, reading_plan
from deltaq_master.dictionary.pdo_reading import eds_reading
from deltaq_master.dictionary.widened import Widened
from tests.unit.dictionary.test_dump import PAIRS, Found, comm, mapped

Build = Callable[[str], Dictionary]


@pytest.fixture
def pairs(build: Build) -> Dictionary:
    """RPDO1 and TPDO2."""
    return build(PAIRS)


def test_a_dictionary_that_is_not_widened_is_as_it_was(pairs: Dictionary) -> None:
    same = Widened(pairs)
    assert same.indices == pairs.indices
    assert same.get(Address(0x1400, 1)) is pairs.get(Address(0x1400, 1))
    assert same.get(Address(0x1401, 1)) is None


def test_further_pdos_have_the_parameters_of_cia_301(pairs: Dictionary) -> None:
    wide = Widened(pairs, [(PdoKind.RPDO, 2), (PdoKind.TPDO, 512)])
    assert set(wide.indices) - set(pairs.indices) == {0x1401, 0x1601, 0x19FF, 0x1BFF}
    expected = [
        ("RPDO communication parameter 2.Highest sub-index supported", DataType.UNSIGNED8),
        ("RPDO communication parameter 2.COB-ID", DataType.UNSIGNED32),
        ("RPDO communication parameter 2.Transmission type", DataType.UNSIGNED8),
        ("RPDO communication parameter 2.Inhibit time", DataType.UNSIGNED16),
        None,
        ("RPDO communication parameter 2.Event timer", DataType.UNSIGNED16),
        ("RPDO communication parameter 2.SYNC start value", DataType.UNSIGNED8),
        None,
    ]
    found = [wide.get(Address(0x1401, sub)) for sub in range(8)]
    assert [(e.full_name, e.data_type) if e else None for e in found] == expected
    count, slot = wide.get(Address(0x1BFF)), wide.get(Address(0x1BFF, 64))
    assert count is not None
    assert (count.full_name, count.data_type) == (
        "TPDO mapping parameter 512.Number of mapped objects",
        DataType.UNSIGNED8,
    )
    assert slot is not None
    assert (slot.name, slot.data_type, slot.default) == ("Mapped object 64", DataType.UNSIGNED32, None)
    assert wide.get(Address(0x1BFF, 65)) is None
    assert wide.get(Address(0x1BFE)) is None


def test_what_the_eds_says_about_a_pdo_stays(pairs: Dictionary) -> None:
    wide = Widened(pairs, [(PdoKind.RPDO, 1)])
    assert wide.get(Address(0x1400, 1)) is pairs.get(Address(0x1400, 1))
    assert set(wide.indices) == set(pairs.indices)


def test_a_further_pdo_is_read_and_put_together(pairs: Dictionary) -> None:
    wide = Widened(pairs)
    found: Found = dict(default_values(pairs))
    assert list(reading_plan(wide, found)) == []
    wide.include(PdoKind.TPDO, 3)
    answers = {
        Address(0x1802, 1): bytes.fromhex("8A 03 00 00"),
        Address(0x1802, 2): b"\x01",
        Address(0x1802, 3): None,
        Address(0x1802, 5): bytes.fromhex("00 00"),
        Address(0x1802, 6): b"\x07",
        Address(0x1A02, 0): b"\x01",
        Address(0x1A02, 1): bytes.fromhex("10 00 02 20"),
    }
    for address in reading_plan(wide, found):
        found[address] = answers[address]
    record = assemble(wide, found, "node 10").tpdo(3)
    assert (record.cob_id, record.transmission, record.inhibit_100us) == (0x38A, 1, None)
    assert (record.event_timer_ms, record.sync_start, record.words) == (0, 7, (0x20020010,))
    assert record.complete


def test_numbers_of_described_pdos(build: Build) -> None:
    half = build(comm("15FF", "0x20A") + mapped("1A00") + comm("1807", "0x18A"))
    assert described(half, PdoKind.RPDO) == (512,)
    assert described(half, PdoKind.TPDO) == (1, 8)


# --- readings ---------------------------------------------------------------------------------------------


def test_the_eds_as_a_reading(pairs: Dictionary) -> None:
    reading = eds_reading(pairs, 10)
    assert (reading.node_id, reading.dump.source, reading.complete) == (10, "EDS defaults", True)
    assert reading.values[Address(0x1400, 1)] == bytes.fromhex("0A 02 00 00")
    assert (reading.absent, reading.beyond, reading.problems) == ((), (), ())


def test_an_eds_without_defaults_is_incomplete(build: Build) -> None:
    reading = eds_reading(build(comm("1400", "").replace("DefaultValue=\n", "") + mapped("1600")), 10)
    assert reading.values[Address(0x1400, 1)] is None
    assert not reading.complete
    assert reading.dump.rpdo(1).problems == ("1400h:01 (COB-ID) is not known",)


def test_a_problem_of_the_whole_device_counts(pairs: Dictionary) -> None:
    assert not replace(eds_reading(pairs, 10), problems=("whether it has RPDO2 is not known",)).complete
