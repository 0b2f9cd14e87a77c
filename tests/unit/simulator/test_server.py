"""The SDO server in wire bytes, typed by hand from CiA 301's SDO protocols."""

from __future__ import annotations

import struct

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.simulator.objects import Abort, Cell, Objects
from deltaq_master.simulator.server import SdoServer

U8, U16, U32, I16 = DataType.UNSIGNED8, DataType.UNSIGNED16, DataType.UNSIGNED32, DataType.INTEGER16
TEXT, REAL, BIT, DOMAIN = DataType.VISIBLE_STRING, DataType.REAL32, DataType.BOOLEAN, DataType.DOMAIN

LONG = bytes(range(256)) * 5
"""1280 bytes: 183 segments, so two blocks of a block transfer."""


def _entry(
    index: int, sub: int, kind: DataType, access: Access = Access.RW, **more: int | float | str
) -> Entry:
    return Entry(Address(index, sub), f"{index:X}", kind, access, **more)  # type: ignore[arg-type]


@pytest.fixture
def objects() -> Objects:
    made = Objects(
        [
            _entry(0x1000, 0, U32, Access.RO, default=0x000001A3),
            _entry(0x1008, 0, TEXT, Access.CONST, default="ICL1500-85"),
            _entry(0x1018, 0, U8, Access.RO, default=4),
            _entry(0x1018, 1, U32, Access.RO, default=0x110),
            _entry(0x2000, 0, U16, low=10, high=1000, default=100),
            _entry(0x2001, 0, I16, low=-40, high=85, default=-1),
            _entry(0x2002, 0, REAL, low=0.0, high=85.0, default=1.5),
            _entry(0x2003, 0, BIT),
            _entry(0x2004, 0, U8, Access.WO),
            _entry(0x2005, 0, TEXT),
            _entry(0x2006, 0, DOMAIN),
            _entry(0x2007, 0, DataType.UNSIGNED64, default=0x0807060504030201),
            _entry(0x2008, 0, TEXT),
        ]
    )
    made.cells[Address(0x2006)].value = LONG
    return made


@pytest.fixture
def server(objects: Objects) -> SdoServer:
    return SdoServer(objects)


def ask(server: SdoServer, *requests: str) -> list[str]:
    """Answers to requests, each one of them, or '-' for none."""
    said = []
    for request in requests:
        answers = server.handle(bytes.fromhex(request))
        said += [answer.hex(" ").upper() for answer in answers] or ["-"]
    return said


# --- expedited -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("40 00 10 00 00 00 00 00", "43 00 10 00 A3 01 00 00"),
        ("40 18 10 01 00 00 00 00", "43 18 10 01 10 01 00 00"),
        ("40 18 10 00 00 00 00 00", "4F 18 10 00 04 00 00 00"),
        ("40 00 20 00 00 00 00 00", "4B 00 20 00 64 00 00 00"),
        ("40 01 20 00 00 00 00 00", "4B 01 20 00 FF FF 00 00"),
        ("40 02 20 00 00 00 00 00", "43 02 20 00 00 00 C0 3F"),
        # Two, four and one byte; without a size the object's own holds.
        ("2B 00 20 00 E8 03 00 00", "60 00 20 00 00 00 00 00"),
        ("22 00 20 00 E8 03 99 99", "60 00 20 00 00 00 00 00"),
        ("23 02 20 00 00 00 AA 42", "60 02 20 00 00 00 00 00"),
        ("2F 03 20 00 01 00 00 00", "60 03 20 00 00 00 00 00"),
        ("2F 04 20 00 FF 00 00 00", "60 04 20 00 00 00 00 00"),
        ("2B 01 20 00 D8 FF 00 00", "60 01 20 00 00 00 00 00"),
        # "No value" lies beyond the limit, and is meant.
        ("2B 00 20 00 FF FF 00 00", "60 00 20 00 00 00 00 00"),
    ],
)
def test_expedited(server: SdoServer, request_: str, answer: str) -> None:
    assert ask(server, request_) == [answer]
    assert not server.busy


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("40 99 20 00 00 00 00 00", "80 99 20 00 00 00 02 06"),  # no object
        ("2B 99 20 00 00 00 00 00", "80 99 20 00 00 00 02 06"),
        ("22 99 20 00 00 00 00 00", "80 99 20 00 00 00 02 06"),
        ("40 18 10 09 00 00 00 00", "80 18 10 09 11 00 09 06"),  # no sub-index
        ("40 00 10 05 00 00 00 00", "80 00 10 05 11 00 09 06"),
        ("40 04 20 00 00 00 00 00", "80 04 20 00 01 00 01 06"),  # write only
        ("23 00 10 00 00 00 00 00", "80 00 10 00 02 00 01 06"),  # read only
        ("23 08 10 00 41 42 43 44", "80 08 10 00 02 00 01 06"),  # const
        ("23 00 20 00 01 00 00 00", "80 00 20 00 12 00 07 06"),  # too long
        ("2F 00 20 00 0B 00 00 00", "80 00 20 00 13 00 07 06"),  # too short
        ("2B 00 20 00 E9 03 00 00", "80 00 20 00 31 00 09 06"),  # too high
        ("2B 00 20 00 09 00 00 00", "80 00 20 00 32 00 09 06"),  # too low
        ("2B 01 20 00 D7 FF 00 00", "80 01 20 00 32 00 09 06"),
        ("23 02 20 00 00 80 AA 42", "80 02 20 00 31 00 09 06"),  # 85.25 over 85.0
        ("2F 03 20 00 02 00 00 00", "80 03 20 00 30 00 09 06"),  # no BOOLEAN
        ("E0 00 20 00 00 00 00 00", "80 00 00 00 01 00 04 05"),  # no such command
        ("60 00 00 00 00 00 00 00", "80 00 00 00 01 00 04 05"),  # a segment of nothing
        ("A3 00 00 00 00 00 00 00", "80 00 00 00 01 00 04 05"),
        ("40 00 10", "80 00 10 00 01 00 04 05"),  # too short a frame
        ("", "80 00 00 00 01 00 04 05"),
    ],
)
def test_refusals(server: SdoServer, request_: str, answer: str) -> None:
    assert ask(server, request_) == [answer]
    assert not server.busy


def test_refused_values_are_not_stored(server: SdoServer, objects: Objects) -> None:
    ask(server, "2B 00 20 00 E9 03 00 00")
    assert objects.integer(0x2000) == 100
    ask(server, "2B 00 20 00 E8 03 00 00")
    assert objects.integer(0x2000) == 1000


def test_guard_decides_and_effect_follows(server: SdoServer, objects: Objects) -> None:
    cell, written = objects.cells[Address(0x2000)], list[bytes]()
    cell.guard = lambda data: Abort(0x08000022) if data == b"\x0b\0" else None
    cell.effect = written.append
    assert ask(server, "2B 00 20 00 0B 00 00 00") == ["80 00 20 00 22 00 00 08"]
    assert ask(server, "2B 00 20 00 0C 00 00 00") == ["60 00 20 00 00 00 00 00"]
    assert written == [b"\x0c\0"]


def test_client_abort_is_not_answered(server: SdoServer) -> None:
    assert ask(server, "41 08 10 00 00 00 00 00")[0].startswith("41")
    assert ask(server, "80 08 10 00 00 00 04 05") == ["-"]
    assert not server.busy
    assert ask(server, "60 00 00 00 00 00 00 00") == ["80 00 00 00 01 00 04 05"]


# --- segmented -----------------------------------------------------------------------------------------------


def test_segmented_upload(server: SdoServer) -> None:
    """ "ICL1500-85": ten bytes, seven and three."""
    assert ask(server, "40 08 10 00 00 00 00 00", "60 00 00 00 00 00 00 00", "70 00 00 00 00 00 00 00") == [
        "41 08 10 00 0A 00 00 00",
        "00 49 43 4C 31 35 30 30",
        "19 2D 38 35 00 00 00 00",
    ]
    assert not server.busy


def test_segmented_upload_of_eight_bytes_ends_with_one(server: SdoServer) -> None:
    assert ask(server, "40 07 20 00 00 00 00 00", "60 00 00 00 00 00 00 00", "70 00 00 00 00 00 00 00") == [
        "41 07 20 00 08 00 00 00",
        "00 01 02 03 04 05 06 07",
        "1D 08 00 00 00 00 00 00",
    ]


def test_upload_of_nothing(server: SdoServer) -> None:
    assert ask(server, "40 05 20 00 00 00 00 00", "60 00 00 00 00 00 00 00") == [
        "41 05 20 00 00 00 00 00",
        "0F 00 00 00 00 00 00 00",
    ]


def test_segmented_download(server: SdoServer, objects: Objects) -> None:
    assert ask(server, "21 05 20 00 0A 00 00 00", "00 49 43 4C 31 35 30 30", "19 2D 38 35 00 00 00 00") == [
        "60 05 20 00 00 00 00 00",
        "20 00 00 00 00 00 00 00",
        "30 00 00 00 00 00 00 00",
    ]
    assert objects.cells[Address(0x2005)].value == b"ICL1500-85"
    assert not server.busy


def test_segmented_download_without_a_size(server: SdoServer, objects: Objects) -> None:
    assert ask(server, "20 00 20 00 00 00 00 00", "0B C8 00 00 00 00 00 00") == [
        "60 00 20 00 00 00 00 00",
        "20 00 00 00 00 00 00 00",
    ]
    assert objects.integer(0x2000) == 200


@pytest.mark.parametrize(
    ("requests", "last"),
    [
        # The toggle bit does not change, up and down.
        (("40 08 10 00 00 00 00 00", "70 00 00 00 00 00 00 00"), "80 08 10 00 00 00 03 05"),
        (("21 05 20 00 0A 00 00 00", "10 49 43 4C 31 35 30 30"), "80 05 20 00 00 00 03 05"),
        # Another command in the middle of a transfer.
        (("40 08 10 00 00 00 00 00", "00 00 00 00 00 00 00 00"), "80 08 10 00 01 00 04 05"),
        (("21 05 20 00 0A 00 00 00", "60 00 00 00 00 00 00 00"), "80 05 20 00 01 00 04 05"),
        # Fewer bytes than announced.
        (("21 05 20 00 0A 00 00 00", "01 49 43 4C 31 35 30 30"), "80 05 20 00 10 00 07 06"),
        # Announced or sent with another length than the object's.
        (("21 00 20 00 04 00 00 00",), "80 00 20 00 12 00 07 06"),
        (("20 00 20 00 00 00 00 00", "09 01 02 03 00 00 00 00"), "80 00 20 00 12 00 07 06"),
        # More than any device would take.
        (("21 05 20 00 01 00 10 00",), "80 05 20 00 05 00 04 05"),
    ],
)
def test_broken_segmented_transfers(server: SdoServer, requests: tuple[str, ...], last: str) -> None:
    assert ask(server, *requests)[-1] == last
    assert not server.busy


def test_segmented_download_without_end_is_stopped(server: SdoServer) -> None:
    ask(server, "20 06 20 00 00 00 00 00")
    toggle, answer = 0, b""
    for _ in range((1 << 16) // 7 + 1):
        (answer,) = server.handle(bytes((toggle,)) + bytes(7))
        toggle ^= 0x10
    assert answer.hex(" ").upper() == "80 06 20 00 05 00 04 05"


def test_new_transfer_ends_the_one_before(server: SdoServer) -> None:
    assert ask(server, "40 08 10 00 00 00 00 00", "40 00 10 00 00 00 00 00") == [
        "41 08 10 00 0A 00 00 00",
        "43 00 10 00 A3 01 00 00",
    ]
    assert ask(server, "60 00 00 00 00 00 00 00") == ["80 00 00 00 01 00 04 05"]


def test_time_out_aborts_with_the_object_of_the_transfer(server: SdoServer) -> None:
    ask(server, "40 08 10 00 00 00 00 00")
    assert [answer.hex(" ").upper() for answer in server.expire()] == ["80 08 10 00 00 00 04 05"]
    assert not server.busy


# --- block upload --------------------------------------------------------------------------------------------


def test_block_upload(server: SdoServer) -> None:
    """ "ICL1500-85" in two segments; the CRC is worked out bit by bit below."""
    crc = _crc(b"ICL1500-85")
    assert ask(server, "A4 08 10 00 7F 00 00 00") == ["C6 08 10 00 0A 00 00 00"]
    assert ask(server, "A3 00 00 00 00 00 00 00") == ["01 49 43 4C 31 35 30 30", "82 2D 38 35 00 00 00 00"]
    assert ask(server, "A2 02 7F 00 00 00 00 00") == [f"D1 {crc & 0xFF:02X} {crc >> 8:02X} 00 00 00 00 00"]
    assert ask(server, "A1 00 00 00 00 00 00 00") == ["-"]
    assert not server.busy


def test_crc_of_the_standard_check_string() -> None:
    """CRC-16 with 1021h, from 0: 31C3h for "123456789", as CiA 301 prints it."""
    assert _crc(b"123456789") == 0x31C3


def test_block_upload_sends_again_what_was_lost(server: SdoServer) -> None:
    """Of a block of four the second got lost: the client acknowledges one, and the next begins behind it."""
    ask(server, "A0 06 20 00 04 00 00 00")
    first = ask(server, "A3 00 00 00 00 00 00 00")
    assert [line[:8] for line in first] == ["01 00 01", "02 07 08", "03 0E 0F", "04 15 16"]
    second = ask(server, "A2 01 02 00 00 00 00 00")
    assert [line[:8] for line in second] == ["01 07 08", "02 0E 0F"]


def test_long_block_upload_is_whole(server: SdoServer) -> None:
    ask(server, "A4 06 20 00 7F 00 00 00")
    frames = server.handle(bytes.fromhex("A3 00 00 00 00 00 00 00"))
    assert (len(frames), frames[-1][0]) == (127, 127)
    rest = server.handle(bytes.fromhex("A2 7F 7F 00 00 00 00 00"))
    assert (len(rest), rest[-1][0]) == (56, 0x80 | 56)
    data = b"".join(frame[1:] for frame in frames + rest)
    (end,) = server.handle(bytes.fromhex("A2 38 7F 00 00 00 00 00"))
    # 183 segments hold 1281 bytes: one is unused.
    assert end == struct.pack("<BH5x", 0xC1 | 1 << 2, _crc(LONG))
    assert data[:-1] == LONG


def test_block_upload_of_nothing(server: SdoServer) -> None:
    assert ask(server, "A0 08 20 00 7F 00 00 00", "A3 00 00 00 00 00 00 00", "A2 01 7F 00 00 00 00 00") == [
        "C6 08 20 00 00 00 00 00",
        "81 00 00 00 00 00 00 00",
        "DD 00 00 00 00 00 00 00",
    ]


def test_block_upload_gives_way_below_the_threshold(server: SdoServer) -> None:
    """The client allows segments for up to 10 bytes; for 9 it does not."""
    assert ask(server, "A4 08 10 00 7F 0A 00 00") == ["41 08 10 00 0A 00 00 00"]
    assert ask(server, "A4 08 10 00 7F 09 00 00") == ["C6 08 10 00 0A 00 00 00"]
    assert ask(server, "A4 00 10 00 7F 04 00 00") == ["43 00 10 00 A3 01 00 00"]


@pytest.mark.parametrize(
    ("requests", "last"),
    [
        (("A4 99 20 00 7F 00 00 00",), "80 99 20 00 00 00 02 06"),
        (("A4 04 20 00 7F 00 00 00",), "80 04 20 00 01 00 01 06"),
        (("A4 08 10 00 00 00 00 00",), "80 08 10 00 02 00 04 05"),
        (("A4 08 10 00 80 00 00 00",), "80 08 10 00 02 00 04 05"),
        (("A4 08 10 00 7F 00 00 00", "A2 00 7F 00 00 00 00 00"), "80 08 10 00 01 00 04 05"),
        (("A4 08 10 00 7F 00 00 00", "A3" + " 00" * 7, "A3" + " 00" * 7), "80 08 10 00 01 00 04 05"),
        (("A4 08 10 00 7F 00 00 00", "A3" + " 00" * 7, "A2 03 7F 00 00 00 00 00"), "80 08 10 00 03 00 04 05"),
        (("A4 08 10 00 7F 00 00 00", "A3" + " 00" * 7, "A2 02 00 00 00 00 00 00"), "80 08 10 00 02 00 04 05"),
        (("A4 08 10 00 7F 00 00 00", "A3" + " 00" * 7, "A2 01 80 00 00 00 00 00"), "80 08 10 00 02 00 04 05"),
        (
            ("A4 08 10 00 7F 00 00 00", "A3" + " 00" * 7, "A2 02 7F 00 00 00 00 00", "A2" + " 00" * 7),
            "80 08 10 00 01 00 04 05",
        ),
    ],
)
def test_broken_block_uploads(server: SdoServer, requests: tuple[str, ...], last: str) -> None:
    assert ask(server, *requests)[-1] == last
    assert not server.busy


# --- block download ------------------------------------------------------------------------------------------


def test_block_download(server: SdoServer, objects: Objects) -> None:
    crc = _crc(b"ICL1500-85")
    assert ask(server, "C6 05 20 00 0A 00 00 00") == ["A4 05 20 00 7F 00 00 00"]
    assert ask(server, "01 49 43 4C 31 35 30 30", "82 2D 38 35 00 00 00 00") == [
        "-",
        "A2 02 7F 00 00 00 00 00",
    ]
    assert ask(server, f"D1 {crc & 0xFF:02X} {crc >> 8:02X} 00 00 00 00 00") == ["A1 00 00 00 00 00 00 00"]
    assert objects.cells[Address(0x2005)].value == b"ICL1500-85"
    assert not server.busy


def test_block_download_without_size_and_crc(server: SdoServer, objects: Objects) -> None:
    assert ask(server, "C0 00 20 00 00 00 00 00", "81 C8 00 00 00 00 00 00", "D5 00 00 00 00 00 00 00") == [
        "A4 00 20 00 7F 00 00 00",
        "A2 01 7F 00 00 00 00 00",
        "A1 00 00 00 00 00 00 00",
    ]
    assert objects.integer(0x2000) == 200


def test_segment_of_a_block_is_no_command(server: SdoServer) -> None:
    """Segment 40h looks like an upload request, 20h like a download request; both are data here."""
    ask(server, "C0 06 20 00 00 00 00 00")
    for number in range(1, 0x7F):
        assert server.handle(bytes((number,)) + bytes(7)) == []
    assert ask(server, "7F 00 00 00 00 00 00 00") == ["A2 7F 7F 00 00 00 00 00"]


def test_block_download_asks_again_for_what_was_lost(server: SdoServer, objects: Objects) -> None:
    """Segment 2 of 3 is lost: 1 is acknowledged, and the rest comes again as 1 and 2."""
    ask(server, "C2 05 20 00 11 00 00 00")
    assert ask(server, "01 41 42 43 44 45 46 47", "83 4F 50 51 00 00 00 00") == [
        "-",
        "A2 01 7F 00 00 00 00 00",
    ]
    assert ask(server, "01 48 49 4A 4B 4C 4D 4E", "82 4F 50 51 00 00 00 00") == [
        "-",
        "A2 02 7F 00 00 00 00 00",
    ]
    assert ask(server, "D1 00 00 00 00 00 00 00") == ["A1 00 00 00 00 00 00 00"]
    assert objects.cells[Address(0x2005)].value == b"ABCDEFGHIJKLMNOPQ"


def test_doubled_segment_counts_once(server: SdoServer, objects: Objects) -> None:
    ask(server, "C0 05 20 00 00 00 00 00", "01 41 42 43 44 45 46 47", "01 41 42 43 44 45 46 47")
    assert ask(server, "82 48 00 00 00 00 00 00", "D9 00 00 00 00 00 00 00") == [
        "A2 02 7F 00 00 00 00 00",
        "A1 00 00 00 00 00 00 00",
    ]
    assert objects.cells[Address(0x2005)].value == b"ABCDEFGH"


@pytest.mark.parametrize(
    ("requests", "last"),
    [
        (("C6 99 20 00 0A 00 00 00",), "80 99 20 00 00 00 02 06"),
        (("C6 00 10 00 04 00 00 00",), "80 00 10 00 02 00 01 06"),
        (("C6 00 20 00 04 00 00 00",), "80 00 20 00 12 00 07 06"),
        (("C6 05 20 00 01 00 10 00",), "80 05 20 00 05 00 04 05"),
        # CRC, length, and another command at the end.
        (
            ("C4 05 20 00 00 00 00 00", "81 41 00 00 00 00 00 00", "D9 01 00 00 00 00 00 00"),
            "80 05 20 00 04 00 04 05",
        ),
        (
            ("C2 05 20 00 02 00 00 00", "81 41 00 00 00 00 00 00", "D9 00 00 00 00 00 00 00"),
            "80 05 20 00 10 00 07 06",
        ),
        (
            ("C0 05 20 00 00 00 00 00", "81 41 00 00 00 00 00 00", "60 00 00 00 00 00 00 00"),
            "80 05 20 00 01 00 04 05",
        ),
        (
            ("C0 00 20 00 00 00 00 00", "81 01 00 00 00 00 00 00", "D5 00 00 00 00 00 00 00"),
            "80 00 20 00 32 00 09 06",
        ),
    ],
)
def test_broken_block_downloads(server: SdoServer, requests: tuple[str, ...], last: str) -> None:
    assert ask(server, *requests)[-1] == last
    assert not server.busy


def test_block_download_without_end_is_stopped(server: SdoServer) -> None:
    ask(server, "C0 06 20 00 00 00 00 00")
    answers: list[bytes] = []
    for _ in range((1 << 16) // (127 * 7) + 1):
        for number in range(1, 128):
            answers = server.handle(bytes((number,)) + bytes(7))
    assert answers[0].hex(" ").upper() == "80 06 20 00 05 00 04 05"


def test_abort_in_the_middle_of_a_block(server: SdoServer) -> None:
    ask(server, "C0 06 20 00 00 00 00 00", "01 00 00 00 00 00 00 00")
    assert ask(server, "80 06 20 00 00 00 00 08", "40 00 10 00 00 00 00 00") == [
        "-",
        "43 00 10 00 A3 01 00 00",
    ]


def _crc(data: bytes) -> int:
    """CRC-16 with polynomial 1021h from 0, one bit after the other."""
    crc = 0
    for octet in data:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


# --- cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "factor", "value", "data"),
    [
        (U16, 1 / 256, 84.0, "00 54"),
        (U16, 1 / 256, 300.0, "FF FF"),
        (U16, 1 / 256, None, "FF FF"),
        (I16, 0.125, -40.0, "C0 FE"),
        (I16, 0.125, None, "00 80"),
        (I16, 0.125, -99999.0, "00 80"),
        (U32, 1 / 1024, 84.0, "00 50 01 00"),
        (REAL, None, 84.0, "00 00 A8 42"),
        (REAL, None, None, "00 00 C0 7F"),
        (DataType.REAL64, None, 0.5, "00 00 00 00 00 00 E0 3F"),
    ],
)
def test_physical_values(kind: DataType, factor: float | None, value: float | None, data: str) -> None:
    """84 V is 5400h x 1/256 and 15000h x 1/1024; -40 degrees is FEC0h x 0.125."""
    cell = Cell(Entry(Address(0x2000), "n", kind, Access.RW, factor=factor))
    octets = bytes.fromhex(data)
    assert cell.bytes_of(cell.raw(value)) == octets
    if value is None or abs(value) < 300:
        assert cell.phys(octets) == value


def test_power_on_values(objects: Objects) -> None:
    """The EDS's default, zeros where there is none, or what the device says."""
    assert objects.cells[Address(0x2003)].value == b"\0"
    assert objects.cells[Address(0x2008)].value == b""
    objects.begin_with(0x2000, 0, 500)
    objects.begin_with(0x2008, 0, "text")
    objects.begin_with(0x2999, 0, 1)
    assert objects.integer(0x2000) == 500
    assert objects.integer(0x2999) == 0
    objects.cells[Address(0x2000)].put(b"\1\1")
    objects.reset(0x2001, 0xFFFF)
    assert objects.integer(0x2000) == 0x101
    objects.reset(0x1000, 0xFFFF)
    assert objects.integer(0x2000) == 500
    assert objects.cells[Address(0x2008)].value == b"text"


def test_removed_object_is_unknown(server: SdoServer, objects: Objects) -> None:
    objects.remove(0x2000)
    assert ask(server, "40 00 20 00 00 00 00 00") == ["80 00 20 00 00 00 02 06"]
