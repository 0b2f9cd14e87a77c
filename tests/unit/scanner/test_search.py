"""The search for objects that no EDS tells of, against a device that is a dict."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import SdoAbortError, SdoAnswerError, SdoTimeoutError, SilentError
from deltaq_master.protocol.aborts import meaning
from deltaq_master.scanner.unknown import Unlisted, search

NO_OBJECT, NO_SUB_INDEX, WRITE_ONLY = 0x0602_0000, 0x0609_0011, 0x0601_0001
LOST, BROKEN = -1, -2


class Device:
    """Objects by (index, sub): bytes, an abort code, LOST or BROKEN; what is not there is aborted as such."""

    def __init__(self, held: dict[tuple[int, int], bytes | int]) -> None:
        self.held = held
        self.asked: list[tuple[int, int]] = []

    def upload(self, index: int, subindex: int, /) -> bytes:
        self.asked.append((index, subindex))
        there = any(index == known for known, _ in self.held)
        found = self.held.get((index, subindex), NO_SUB_INDEX if there else NO_OBJECT)
        if isinstance(found, bytes):
            return found
        if found == LOST:
            raise SdoTimeoutError(5, index, subindex, 2, 1.0)
        if found == BROKEN:
            raise SdoAnswerError(5, index, subindex, "answered with the wrong toggle bit")
        raise SdoAbortError(5, index, subindex, found, meaning(found))

    def download(self, index: int, subindex: int, data: bytes, /) -> None:
        raise AssertionError("a search reads alone")


def found(held: dict[tuple[int, int], bytes | int], *indices: int) -> tuple[list[Unlisted], Device]:
    device = Device(held)
    probes = list(search(device, 5, indices))
    assert [probe.index for probe in probes] == list(indices)
    return [each for probe in probes for each in probe.found], device


def at(index: int, sub: int, data: bytes) -> Unlisted:
    return Unlisted(Address(index, sub), data)


def test_what_is_not_there_costs_one_request() -> None:
    rows, device = found({}, 0x2000, 0x2001)
    assert rows == []
    assert device.asked == [(0x2000, 0), (0x2001, 0)]


def test_a_single_value_has_no_sub_indices() -> None:
    rows, device = found({(0x2000, 0): b"\x05\x00"}, 0x2000)
    assert rows == [at(0x2000, 0, b"\x05\x00")]
    assert device.asked == [(0x2000, 0)]


def test_a_byte_may_be_a_count_or_not() -> None:
    rows, device = found({(0x2000, 0): b"\x7b"}, 0x2000)
    assert rows == [at(0x2000, 0, b"\x7b")]
    # 123 sub-indices are not asked for where the first two are not there.
    assert device.asked == [(0x2000, 0), (0x2000, 1), (0x2000, 2)]
    assert found({(0x2000, 0): b"\x00"}, 0x2000)[1].asked == [(0x2000, 0)]
    assert found({(0x2000, 0): b"\xff"}, 0x2000)[1].asked == [(0x2000, 0)]


def test_a_record_is_read_to_its_count_gaps_included() -> None:
    held: dict[tuple[int, int], bytes | int] = {
        (0x2000, 0): b"\x04",
        (0x2000, 2): b"\x01",
        (0x2000, 4): b"abc",
        (0x2000, 5): b"beyond its count",
    }
    rows, device = found(held, 0x2000)
    assert rows == [at(0x2000, 0, b"\x04"), at(0x2000, 2, b"\x01"), at(0x2000, 4, b"abc")]
    assert device.asked[-1] == (0x2000, 4)


def test_an_object_without_sub_index_0() -> None:
    rows, _ = found({(0x2000, 1): b"\x07", (0x2001, 9): b"\x08"}, 0x2000, 0x2001)
    assert rows == [
        at(0x2000, 1, b"\x07"),
        Unlisted(Address(0x2001), None, "aborted: the object has no such sub-index (0609 0011h)"),
    ]


def test_what_refuses_to_be_read_is_there() -> None:
    rows, _ = found({(0x2000, 0): WRITE_ONLY, (0x2001, 0): b"\x02", (0x2001, 1): WRITE_ONLY}, 0x2000, 0x2001)
    refused = "aborted: the object can only be written (0601 0001h)"
    assert rows == [
        Unlisted(Address(0x2000), None, refused),
        at(0x2001, 0, b"\x02"),
        Unlisted(Address(0x2001, 1), None, refused),
    ]


def test_an_answer_that_breaks_the_protocol_is_one() -> None:
    rows, _ = found({(0x2000, 0): BROKEN, (0x2001, 0): b"\x01", (0x2001, 1): BROKEN}, 0x2000, 0x2001)
    broken = "answered with the wrong toggle bit"
    assert [(row.problem, row.lost) for row in rows] == [(broken, False), ("", False), (broken, False)]


def test_a_lost_answer_is_told_and_the_search_goes_on() -> None:
    rows, device = found(
        {(0x2000, 0): LOST, (0x2001, 0): b"\x03", (0x2001, 1): LOST, (0x2002, 0): b"\x00"},
        *(0x2000, 0x2001, 0x2002),
    )
    assert rows == [
        Unlisted(Address(0x2000), None, "not answered: 2 requests, 1.0 s", lost=True),
        at(0x2001, 0, b"\x03"),
        Unlisted(Address(0x2001, 1), None, "not answered: 2 requests, 1.0 s", lost=True),
        at(0x2002, 0, b"\x00"),
    ]
    assert (0x2001, 2) not in device.asked


def test_a_lost_answer_at_the_end_is_told() -> None:
    rows, _ = found({(0x2000, 0): LOST}, 0x2000)
    assert [row.lost for row in rows] == [True]


def test_a_device_that_has_gone_is_not_asked_on_and_the_silence_is_not_done() -> None:
    device = Device({(0x2000, 0): b"\x00", (0x2001, 0): LOST, (0x2002, 0): LOST})
    probes = search(device, 5, range(0x2000, 0x3000))
    assert next(probes).index == 0x2000
    with pytest.raises(SilentError, match="it has stopped answering at 2001h") as gone:
        next(probes)
    assert gone.value.waited == 2.0
    assert device.asked[-1] == (0x2002, 0)
