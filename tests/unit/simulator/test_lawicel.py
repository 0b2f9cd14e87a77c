"""The slcan adapter of the hub, in the bytes of Lawicel's manuals."""

from __future__ import annotations

import pytest

from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.lawicel import BACKLOG, Adapter, line_of


def talk(adapter: Adapter, text: bytes) -> tuple[list[Frame], bytes]:
    frames = list(adapter.feed(text, 1.5))
    said = bytes(adapter.out)
    adapter.out.clear()
    return frames, said


def opened() -> Adapter:
    adapter = Adapter()
    assert talk(adapter, b"S6\rO\r") == ([], b"\r\r")
    return adapter


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"V\r", b"V1013\r"),
        (b"N\r", b"NDQ85\r"),
        (b"F\r", b"F00\r"),
        (b"\r", b"\r"),
        (b"S6\r", b"\r"),
        (b"s0014\r", b"\r"),
        (b"M00000000\r", b"\r"),
        (b"mFFFFFFFF\r", b"\r"),
        (b"X1\r", b"\r"),
        (b"Z0\r", b"\r"),
        (b"O\r", b"\r"),
        (b"L\r", b"\r"),
        # No stamps, no such bit rate, nothing to close, nothing sent while closed, no such command.
        (b"Z1\r", b"\a"),
        (b"SA\r", b"\a"),
        (b"S\r", b"\a"),
        (b"C\r", b"\a"),
        (b"t7010\r", b"\a"),
        (b"Q0\r", b"\a"),
        (b"\xff\r", b"\a"),
    ],
)
def test_commands_of_a_closed_adapter(line: bytes, answer: bytes) -> None:
    assert talk(Adapter(), line) == ([], answer)


@pytest.mark.parametrize(
    ("line", "answer"), [(b"O\r", b"\a"), (b"L\r", b"\a"), (b"S6\r", b"\a"), (b"C\r", b"\r")]
)
def test_commands_of_an_open_adapter(line: bytes, answer: bytes) -> None:
    assert talk(opened(), line) == ([], answer)


@pytest.mark.parametrize(
    ("line", "frame", "answer"),
    [
        (b"t701105\r", Frame(0x701, b"\x05", 1.5), b"z\r"),
        (b"t20A8004c00005400a001\r", Frame(0x20A, bytes.fromhex("004C00005400A001"), 1.5), b"z\r"),
        (b"t0000\r", Frame(0, b"", 1.5), b"z\r"),
        (b"T18FF50E52ABCD\r", Frame(0x18FF50E5, b"\xab\xcd", 1.5, extended=True), b"Z\r"),
        (b"r70A1\r", Frame(0x70A, b"", 1.5, remote=True, length=1), b"z\r"),
        (b"R000000010\r", Frame(1, b"", 1.5, extended=True, remote=True, length=0), b"Z\r"),
    ],
)
def test_frames_sent(line: bytes, frame: Frame, answer: bytes) -> None:
    assert talk(opened(), line) == ([frame], answer)


@pytest.mark.parametrize(
    "line",
    [
        b"t8001\r",
        b"t701205\r",
        b"t7019\r",
        b"t70110\r",
        b"t70110506\r",
        b"T200000000\r",
        b"r70A105\r",
        b"t\r",
        b"tXYZ0\r",
    ],
)
def test_frames_that_are_none(line: bytes) -> None:
    """Beyond 11 or 29 bits, over 8 bytes, not as long as they say, no hexadecimal."""
    assert talk(opened(), line) == ([], b"\a")


def test_bytes_may_come_in_pieces() -> None:
    adapter = opened()
    assert talk(adapter, b"t70") == ([], b"")
    frames, said = talk(adapter, b"1105\rt7011")
    assert (len(frames), said) == (1, b"z\r")
    assert len(talk(adapter, b"7F\r")[0]) == 1


def test_each_frame_is_out_before_the_next_is_read() -> None:
    """The confirmation goes before whatever the frame brings about."""
    adapter = opened()
    for frame in adapter.feed(b"t701105\rt000201AA\r", 1.5):
        adapter.hear(Frame(0x08A, bytes(8), 1.5))
        if frame.cob_id == 0x701:
            assert bytes(adapter.out) == b"z\rt08A80000000000000000\r"


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (Frame(0x70A, b"\x7f", 0.0), b"t70A17F\r"),
        (Frame(0x18FF50E5, b"\xab", 0.0, extended=True), b"T18FF50E51AB\r"),
        (Frame(0x70A, b"", 0.0, remote=True, length=1), b"r70A1\r"),
        (Frame(1, b"", 0.0, extended=True, remote=True, length=8), b"R000000018\r"),
    ],
)
def test_frames_heard(frame: Frame, line: bytes) -> None:
    assert line_of(frame) == line
    adapter = opened()
    adapter.hear(frame)
    assert bytes(adapter.out) == line


def test_who_is_closed_or_at_another_bit_rate_hears_nothing_and_is_not_heard() -> None:
    closed, slow, listening = Adapter(), Adapter(), Adapter()
    talk(slow, b"S4\rO\r")
    talk(listening, b"S6\rL\r")
    for adapter in (closed, slow, listening):
        adapter.hear(Frame(0x70A, b"\x7f", 0.0))
    assert (bytes(closed.out), bytes(slow.out)) == (b"", b"")
    assert bytes(listening.out) == b"t70A17F\r"
    listening.out.clear()
    assert talk(slow, b"t701105\r") == ([], b"z\r")
    assert talk(listening, b"t701105\r") == ([], b"\a")
    # Back at the right rate.
    assert talk(slow, b"C\rS6\rO\r") == ([], b"\r\r\r")
    assert len(talk(slow, b"t701105\r")[0]) == 1


def test_who_does_not_read_loses_frames() -> None:
    adapter = opened()
    for _ in range(BACKLOG // 8 + 10):
        adapter.hear(Frame(0x70A, b"\x7f", 0.0))
    assert BACKLOG <= len(adapter.out) < BACKLOG + 8
