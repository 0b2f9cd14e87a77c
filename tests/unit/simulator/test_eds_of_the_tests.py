"""tests/eds: the files are clean in our eyes and in those of Lely's linter, and have what tests count on."""

from __future__ import annotations

from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from tests.unit.simulator.generic_wire import EDS, GAUGE, IO
from tools import check_eds

FILES = sorted(EDS.glob("*.eds"))


def test_they_are_found() -> None:
    assert {IO, GAUGE} <= set(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_clean(path: Path) -> None:
    assert load(path, 5).warnings == ()
    assert check_eds.check(path) == []


def test_io_module_has_what_tests_count_on() -> None:
    dictionary = load(IO, 5)
    settings = [dictionary[Address(0x2100, sub)] for sub in range(1, 65)]
    assert all(entry.writable and (entry.low, entry.high) == (0, 1000) for entry in settings)
    assert [entry.address for entry in dictionary if entry.refuse_write] == [
        Address(0x2001, 1),
        Address(0x2001, 2),
    ]
    assert 0x1005 not in dictionary.indices
    assert dictionary[Address(0x1600, 2)].default == 0x00050008
    assert {0x1600, 0x1601, 0x1602, 0x1603, 0x1A00, 0x1A01, 0x1A02, 0x1A03} <= dictionary.indices


def test_gauge_has_what_tests_count_on() -> None:
    dictionary = load(GAUGE, 5)
    text = GAUGE.read_text(encoding="ascii")
    for index in (0x1600, 0x1A00, 0x1A01):
        assert not dictionary[Address(index)].writable
        assert dictionary[Address(index)].default == 4
        section = text.partition(f"[{index:04X}]\n")[2].partition("\n\n")[0]
        assert "ObjectType=0x8\n" in section
