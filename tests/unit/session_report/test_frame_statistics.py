"""Counting frames: numbers worked out by hand from a short log, and lengths against another CRC."""

from __future__ import annotations

import math

import pytest
from crccheck.crc import Crc15
from hypothesis import given
from hypothesis import strategies as some

from deltaq_master.protocol.events import Frame
from deltaq_master.session_report.frame_bits import crc_of, frame_bits, stuff_bits
from deltaq_master.session_report.frame_statistics import Counting, FrameStatistics


def counted(*frames: Frame) -> FrameStatistics:
    counting = Counting(lambda frame: f"title of {frame.cob_id:X}")
    for frame in frames:
        counting.take(frame)
    return counting.result()


# --- the length of a frame --------------------------------------------------------------------------------


def test_a_frame_of_zeros_by_hand() -> None:
    # 19 bits from start to DLC, all 0, and a CRC of 15 zeros: 34 zeros, in which every fifth is followed by a
    # stuff bit, 6 in all. Then 1 + 2 + 7 bits to the end of the frame, and 3 of intermission.
    assert frame_bits(Frame(0x000, b"", 0.0)) == 34 + 6 + 10 + 3


@pytest.mark.parametrize(
    ("bits", "stuffed"),
    [
        ("", 0),
        ("0000", 0),
        ("00000", 1),
        ("000000000", 1),
        ("0000000000", 2),
        # The stuff bit 1 after five zeros is the first of five ones: four more bring the next.
        ("000001111", 2),
        ("00001111", 0),
        ("1111100001111", 3),
    ],
)
def test_stuff_bits_by_hand(bits: str, stuffed: int) -> None:
    assert stuff_bits(bits) == stuffed


@given(some.binary(max_size=12))
def test_the_crc_is_that_of_another_program(data: bytes) -> None:
    assert crc_of(int.from_bytes(data, "big"), 8 * len(data)) == Crc15.calc(data)


@given(some.integers(0, 0x7FF), some.binary(max_size=8))
def test_a_length_is_between_no_stuff_bits_and_the_most(cob_id: int, data: bytes) -> None:
    bits = frame_bits(Frame(cob_id, data, 0.0))
    assert bits is not None
    # 44 bits and the data, with 3 of intermission; of 34 and the data at most every fourth has a stuff bit.
    least = 47 + 8 * len(data)
    assert least <= bits <= least + (34 + 8 * len(data) - 1) // 4


@given(some.integers(0, 0x1FFF_FFFF), some.binary(max_size=8))
def test_a_29_bit_frame_is_20_bits_longer(cob_id: int, data: bytes) -> None:
    bits = frame_bits(Frame(cob_id, data, 0.0, extended=True))
    assert bits is not None
    assert 67 + 8 * len(data) <= bits <= 67 + 8 * len(data) + (54 + 8 * len(data) - 1) // 4


def test_a_remote_frame_has_a_length_and_no_data() -> None:
    asked = frame_bits(Frame(0x70A, b"", 0.0, remote=True, length=1))
    assert asked is not None
    assert 47 <= asked <= 47 + 8


def test_fd_and_error_frames_have_no_length_here() -> None:
    assert frame_bits(Frame(0x70A, bytes(12), 0.0, fd=True)) is None
    assert frame_bits(Frame(0x20, bytes(8), 0.0, error=True)) is None


# --- a short log ------------------------------------------------------------------------------------------


def test_a_rhythm_by_hand() -> None:
    found = counted(*(Frame(0x70A, b"\x05", time) for time in (10.0, 11.0, 12.0, 15.0)))
    (beat,) = found.streams
    assert (beat.identifier, beat.title, beat.count, beat.sent) == ("70Ah", "title of 70A", 4, 0)
    assert (beat.first, beat.last) == (10.0, 15.0)
    # Gaps of 1, 1 and 3 s: median 1, mean 5/3, variance (4/9 + 4/9 + 16/9) / 3 = 8/9.
    assert (beat.period, beat.shortest, beat.longest, beat.longest_at) == (1.0, 1.0, 3.0, 12.0)
    assert beat.jitter == pytest.approx(math.sqrt(8 / 9))
    assert beat.late == 1


def test_two_frames_are_no_rhythm() -> None:
    (beat,) = counted(Frame(0x70A, b"\x05", 0.0), Frame(0x70A, b"\x05", 1.0)).streams
    assert (beat.period, beat.jitter, beat.longest, beat.late) == (None, None, None, 0)


def test_the_load_by_hand() -> None:
    # Three frames of 53 bits, two of them in the first second.
    found = counted(*(Frame(0, b"", time, sent=True) for time in (5.0, 5.5, 7.0)))
    assert (found.frames, found.streams[0].sent, found.streams[0].bits) == (3, 3, 159)
    assert (found.load.bits, found.load.seconds) == (159, 2.0)
    assert found.load.share(125_000) == pytest.approx(100 * 159 / 250_000)
    assert (found.load.peak_bits, found.load.peak_at) == (106, 5.0)
    assert found.load.peak(125_000) == pytest.approx(0.0848)


def test_a_log_without_length_has_no_mean_load() -> None:
    assert counted(Frame(0, b"", 5.0)).load.share(125_000) is None
    empty = counted()
    assert (empty.frames, empty.streams, empty.load.share(125_000)) == (0, (), None)


def test_identifiers_of_both_lengths_are_kept_apart_and_in_order() -> None:
    found = counted(
        Frame(0x0000_0100, b"", 0.0, extended=True),
        Frame(0x18A, b"", 1.0),
        Frame(0x100, b"", 2.0),
    )
    assert [each.identifier for each in found.streams] == ["100h", "18Ah", "00000100h"]


def test_error_and_fd_frames_are_counted_and_not_in_the_load() -> None:
    found = counted(
        Frame(0x20, bytes(8), 0.0, error=True),
        Frame(0x18A, bytes(12), 1.0, fd=True),
        Frame(0, b"", 2.0),
    )
    assert (found.frames, found.error_frames, found.fd_frames, found.load.bits) == (3, 1, 1, 53)
