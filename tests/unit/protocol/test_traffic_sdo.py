"""SDO frames as a listener sees them; the bytes are written by hand after CiA 301."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.sdo_frames import SdoChannel, SdoFrame, SdoKind

NAME = Address(0x1008)
READY = Address(0x6000)


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        ("40 08 10 00 00 00 00 00", SdoFrame(SdoKind.READ, NAME)),
        ("2F 00 60 00 01 00 00 00", SdoFrame(SdoKind.WRITE, READY, b"\x01")),
        ("2B 70 60 00 A0 00 00 00", SdoFrame(SdoKind.WRITE, Address(0x6070), b"\xa0\x00")),
        ("27 18 10 02 AA BB CC 00", SdoFrame(SdoKind.WRITE, Address(0x1018, 2), hexed("AA BB CC"))),
        ("23 71 22 00 00 54 00 00", SdoFrame(SdoKind.WRITE, Address(0x2271), hexed("00 54 00 00"))),
        ("22 00 60 00 01 00 00 00", SdoFrame(SdoKind.WRITE, READY, hexed("01 00 00 00"), sized=False)),
        ("21 00 2F 01 2C 01 00 00", SdoFrame(SdoKind.WRITE_FOLLOWS, Address(0x2F00, 1), size=300)),
        ("20 00 2F 01 00 00 00 00", SdoFrame(SdoKind.WRITE_FOLLOWS, Address(0x2F00, 1))),
        ("80 00 60 00 00 00 04 05", SdoFrame(SdoKind.ABORT, READY, code=0x0504_0000)),
        ("A4 00 2F 01 7F 00 00 00", SdoFrame(SdoKind.BLOCK_READ, Address(0x2F00, 1))),
        ("C6 00 2F 01 2C 01 00 00", SdoFrame(SdoKind.BLOCK_WRITE, Address(0x2F00, 1), size=300)),
        ("C4 00 2F 01 00 00 00 00", SdoFrame(SdoKind.BLOCK_WRITE, Address(0x2F00, 1))),
        ("E0 00 60 00 00 00 00 00", SdoFrame(SdoKind.UNKNOWN, data=hexed("E0 00 60 00 00 00 00 00"))),
        ("40 08 10", SdoFrame(SdoKind.LENGTH, data=hexed("40 08 10"))),
        ("40 08 10 00 00 00 00 00 00", SdoFrame(SdoKind.LENGTH, data=hexed("40 08 10 00 00 00 00 00 00"))),
    ],
)
def test_request(data: str, frame: SdoFrame) -> None:
    assert SdoChannel().request(hexed(data)) == frame


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        # Seen on the wire: the confirmation of 6000h:00.
        ("60 00 60 00 00 00 00 00", SdoFrame(SdoKind.WRITE_TAKEN, READY)),
        ("4F 00 60 00 01 00 00 00", SdoFrame(SdoKind.VALUE, READY, b"\x01")),
        ("43 00 10 00 A3 01 00 00", SdoFrame(SdoKind.VALUE, Address(0x1000), hexed("A3 01 00 00"))),
        (
            "42 00 10 00 A3 01 00 00",
            SdoFrame(SdoKind.VALUE, Address(0x1000), hexed("A3 01 00 00"), sized=False),
        ),
        ("41 08 10 00 0C 00 00 00", SdoFrame(SdoKind.VALUE_FOLLOWS, NAME, size=12)),
        ("80 00 60 00 22 00 00 08", SdoFrame(SdoKind.ABORT, READY, code=0x0800_0022)),
        ("A4 00 2F 01 7F 00 00 00", SdoFrame(SdoKind.BLOCK_WRITE_TAKEN, Address(0x2F00, 1))),
        ("C6 00 2F 01 2C 01 00 00", SdoFrame(SdoKind.BLOCK_VALUE_FOLLOWS, Address(0x2F00, 1), size=300)),
        ("A3 00 00 00 00 00 00 00", SdoFrame(SdoKind.UNKNOWN, data=hexed("A3 00 00 00 00 00 00 00"))),
        ("E0 00 00 00 00 00 00 00", SdoFrame(SdoKind.UNKNOWN, data=hexed("E0 00 00 00 00 00 00 00"))),
    ],
)
def test_answer(data: str, frame: SdoFrame) -> None:
    assert SdoChannel().answer(hexed(data)) == frame


def test_segmented_read_keeps_its_object() -> None:
    channel = SdoChannel()
    channel.request(hexed("40 08 10 00 00 00 00 00"))
    channel.answer(hexed("41 08 10 00 0A 00 00 00"))
    assert channel.request(hexed("60 00 00 00 00 00 00 00")) == SdoFrame(SdoKind.SEGMENT_ASKED, NAME)
    first = channel.answer(hexed("00 49 43 4C 31 35 30 30"))
    assert first == SdoFrame(SdoKind.SEGMENT, NAME, b"ICL1500")
    channel.request(hexed("70 00 00 00 00 00 00 00"))
    last = channel.answer(hexed("19 2D 38 35 00 00 00 00"))
    assert last == SdoFrame(SdoKind.SEGMENT, NAME, b"-85", last=True)


def test_segmented_write_keeps_its_object() -> None:
    channel = SdoChannel()
    channel.request(hexed("21 08 10 00 09 00 00 00"))
    channel.answer(hexed("60 08 10 00 00 00 00 00"))
    assert channel.request(hexed("00 61 62 63 64 65 66 67")) == SdoFrame(SdoKind.SEGMENT, NAME, b"abcdefg")
    assert channel.answer(hexed("20 00 00 00 00 00 00 00")) == SdoFrame(SdoKind.SEGMENT_TAKEN, NAME)
    assert channel.request(hexed("1B 68 69 00 00 00 00 00")) == SdoFrame(
        SdoKind.SEGMENT, NAME, b"hi", last=True
    )


def test_segment_of_a_transfer_whose_begin_was_not_seen() -> None:
    assert SdoChannel().answer(hexed("00 49 43 4C 31 35 30 30")) == SdoFrame(
        SdoKind.SEGMENT, None, b"ICL1500"
    )


def test_segment_of_seven_unused_bytes_is_empty() -> None:
    assert SdoChannel().answer(hexed("0F 00 00 00 00 00 00 00")) == SdoFrame(SdoKind.SEGMENT, last=True)


LOGS = Address(0x2F00, 1)


def kinds(channel: SdoChannel, *frames: str) -> list[SdoKind]:
    """Kinds of a sequence of frames: '>' is the client's, '<' the server's."""
    heard = []
    for frame in frames:
        side = channel.request if frame[0] == ">" else channel.answer
        result = side(hexed(frame[1:]))
        assert result.address == LOGS
        heard.append(result.kind)
    return heard


def test_block_read() -> None:
    channel = SdoChannel()
    assert kinds(
        channel,
        "> A0 00 2F 01 02 00 00 00",
        "< C2 00 2F 01 15 00 00 00",
        "> A3 00 00 00 00 00 00 00",
        "< 01 40 41 42 43 44 45 46",
        "< 02 60 61 62 63 64 65 66",
        "> A2 02 02 00 00 00 00 00",
        "< 81 40 41 42 43 44 45 46",
        "> A2 01 02 00 00 00 00 00",
        "< C1 00 00 00 00 00 00 00",
        "> A1 00 00 00 00 00 00 00",
    ) == [
        SdoKind.BLOCK_READ,
        SdoKind.BLOCK_VALUE_FOLLOWS,
        SdoKind.BLOCK_READ_STARTED,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_ACKNOWLEDGED,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_ACKNOWLEDGED,
        SdoKind.BLOCK_END,
        SdoKind.BLOCK_END_TAKEN,
    ]


def test_block_write_with_a_repetition() -> None:
    channel = SdoChannel()
    assert kinds(
        channel,
        "> C2 00 2F 01 0E 00 00 00",
        "< A0 00 2F 01 02 00 00 00",
        "> 01 40 41 42 43 44 45 46",
        "> 82 60 61 62 63 64 65 66",
        # Only the first of them has arrived: what follows is a segment again, although it begins like a read.
        "< A2 01 02 00 00 00 00 00",
        "> 40 60 61 62 63 64 65 66",
        "> 81 60 61 62 63 64 65 66",
        "< A2 01 02 00 00 00 00 00",
        "> C1 00 00 00 00 00 00 00",
        "< A1 00 00 00 00 00 00 00",
    ) == [
        SdoKind.BLOCK_WRITE,
        SdoKind.BLOCK_WRITE_TAKEN,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_ACKNOWLEDGED,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_SEGMENT,
        SdoKind.BLOCK_ACKNOWLEDGED,
        SdoKind.BLOCK_END,
        SdoKind.BLOCK_END_TAKEN,
    ]


BLOCK_BEGUN = ("> C2 00 2F 01 0E 00 00 00", "< A0 00 2F 01 02 00 00 00")


def test_data_of_block_segments() -> None:
    channel = SdoChannel()
    kinds(channel, *BLOCK_BEGUN)
    assert channel.request(hexed("01 40 41 42 43 44 45 46")) == SdoFrame(
        SdoKind.BLOCK_SEGMENT, LOGS, b"@ABCDEF"
    )
    assert channel.request(hexed("82 40 41 42 43 44 45 46")).last


def test_nothing_acknowledged_is_not_the_end() -> None:
    channel = SdoChannel()
    kinds(channel, *BLOCK_BEGUN, "> 01 40 41 42 43 44 45 46", "< A2 00 02 00 00 00 00 00")
    assert channel.request(hexed("40 41 42 43 44 45 46 47")).kind is SdoKind.BLOCK_SEGMENT


def test_abort_ends_the_blocks() -> None:
    channel = SdoChannel()
    kinds(channel, *BLOCK_BEGUN, "> 80 00 2F 01 00 00 04 05")
    assert channel.request(hexed("40 08 10 00 00 00 00 00")) == SdoFrame(SdoKind.READ, NAME)


def test_another_answer_ends_the_blocks() -> None:
    # The client has restarted, and reads; the first of its frames is still taken for a segment.
    channel = SdoChannel()
    kinds(channel, *BLOCK_BEGUN)
    assert channel.request(hexed("40 08 10 00 00 00 00 00")).kind is SdoKind.BLOCK_SEGMENT
    assert channel.answer(hexed("4F 08 10 00 01 00 00 00")).kind is SdoKind.VALUE
    assert channel.request(hexed("40 08 10 00 00 00 00 00")).kind is SdoKind.READ


def test_the_last_count_of_an_old_block_does_not_end_a_new_one() -> None:
    channel = SdoChannel()
    kinds(channel, *BLOCK_BEGUN, "> 81 40 41 42 43 44 45 46", "> 80 00 2F 01 00 00 04 05")
    kinds(channel, *BLOCK_BEGUN, "< A2 01 02 00 00 00 00 00")
    assert channel.request(hexed("40 08 10 00 00 00 00 00")).kind is SdoKind.BLOCK_SEGMENT
    channel = SdoChannel()
    read = ("> A0 00 2F 01 02 00 00 00", "< C2 00 2F 01 15 00 00 00", "> A3 00 00 00 00 00 00 00")
    kinds(channel, *read, "< 81 40 41 42 43 44 45 46", "> 80 00 2F 01 00 00 04 05")
    kinds(channel, *read, "> A2 01 02 00 00 00 00 00")
    assert channel.answer(hexed("40 08 10 00 00 00 00 00")).kind is SdoKind.BLOCK_SEGMENT
