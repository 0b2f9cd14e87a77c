"""SDO block transfers: bytes typed by hand from CiA 301, losses included.

The checksum is CRC-16 with the polynomial 1021h and the start value 0 (CiA 301):
31C3h for "123456789", 8BFAh for the 23 bytes below (both from a bit-by-bit implementation).
"""

from __future__ import annotations

import pytest

from deltaq_master import errors
from deltaq_master.link.sdo.client import SdoAborted, SdoBadAnswer, SdoTimedOut
from tests.wire.sdo_peer import PATIENCE, talk

NINE = b"123456789"
SILENCE = 0.2
"""Time-out of tests in which a frame is lost [s]: the others must still arrive on a busy computer."""


# --- reading ----------------------------------------------------------------------------------------------


def test_a_block_read() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00     # checksum, 9 bytes
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            < 58A 82 38 39 00 00 00 00 00
            > 60A A2 02 7F 00 00 00 00 00
            < 58A D5 C3 31 00 00 00 00 00     # 5 bytes of the last segment do not count
            > 60A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, block_transfer=True, buffering=0) as file,
    ):
        assert file.size == 9  # type: ignore[attr-defined]
        assert file.read() == NINE


def test_a_block_read_without_checksum_or_size() -> None:
    with (
        talk("""
            > 60A A0 08 10 00 7F 00 00 00
            < 58A C0 08 10 00 00 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 81 31 32 33 34 35 36 37
            > 60A A2 01 7F 00 00 00 00 00
            < 58A C1 77 77 00 00 00 00 00
            > 60A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, block_transfer=True, request_crc_support=False) as file,
    ):
        assert file.read() == b"1234567"


def test_a_checksum_that_we_did_not_ask_for_does_not_count() -> None:
    with (
        talk("""
            > 60A A0 08 10 00 7F 00 00 00
            < 58A C4 08 10 00 00 00 00 00     # it could send one
            > 60A A3 00 00 00 00 00 00 00
            < 58A 81 31 32 33 34 35 36 37
            > 60A A2 01 7F 00 00 00 00 00
            < 58A C1 00 00 00 00 00 00 00
            > 60A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, block_transfer=True, request_crc_support=False) as file,
    ):
        assert file.read() == b"1234567"


def test_a_full_block_is_acknowledged_at_once() -> None:
    full = "\n".join(f"< 58A {number:02X} 31 31 31 31 31 31 31" for number in range(1, 128))
    dialogue = f"""
        > 60A A0 08 10 00 7F 00 00 00
        < 58A C2 08 10 00 7B 03 00 00     # 891 bytes
        > 60A A3 00 00 00 00 00 00 00
        {full}
        > 60A A2 7F 7F 00 00 00 00 00
        < 58A 81 32 33 00 00 00 00 00
        > 60A A2 01 7F 00 00 00 00 00
        < 58A D5 00 00 00 00 00 00 00
        > 60A A1 00 00 00 00 00 00 00
    """
    # The peer's patience ends before the client's: an acknowledge that waits for silence fails.
    with (
        talk(dialogue, 2 * PATIENCE) as client,
        client.open(0x1008, block_transfer=True, request_crc_support=False) as file,
    ):
        assert file.read() == b"1" * 889 + b"23"


def test_a_segment_lost_in_the_middle_is_sent_again() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 17 00 00 00     # 23 bytes
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 61 61 61 61 61 61 61
            < 58A 03 63 63 63 63 63 63 63     # the second is lost
            < 58A 84 64 64 00 00 00 00 00
            > 60A A2 01 7F 00 00 00 00 00     # one arrived in order
            < 58A 01 62 62 62 62 62 62 62
            < 58A 02 63 63 63 63 63 63 63
            < 58A 83 64 64 00 00 00 00 00
            > 60A A2 03 7F 00 00 00 00 00
            < 58A D5 FA 8B 00 00 00 00 00
            > 60A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
    ):
        assert file.read() == b"aaaaaaabbbbbbbcccccccdd"


def test_the_end_of_a_block_lost_is_sent_again_after_silence() -> None:
    with (
        talk(
            """
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            > 60A A2 01 7F 00 00 00 00 00
            < 58A 81 38 39 00 00 00 00 00
            > 60A A2 01 7F 00 00 00 00 00
            < 58A D5 C3 31 00 00 00 00 00
            > 60A A1 00 00 00 00 00 00 00
            """,
            SILENCE,
        ) as client,
        client.open(0x1008, block_transfer=True) as file,
    ):
        assert file.read() == NINE


def test_silence_in_a_block_read_aborts() -> None:
    with (
        talk(
            """
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            > 60A 80 08 10 00 00 00 04 05
            """,
            SILENCE,
        ) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoTimedOut),
    ):
        file.read()


def test_silence_after_the_last_acknowledge_aborts() -> None:
    with (
        talk(
            """
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            < 58A 82 38 39 00 00 00 00 00
            > 60A A2 02 7F 00 00 00 00 00
            < 58A 82 38 39 00 00 00 00 00     # not the end: kept as evidence
            > 60A 80 08 10 00 00 00 04 05
            """,
            SILENCE,
        ) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoTimedOut) as caught,
    ):
        file.read()
    assert "heard 58Ah 82 38 39 00 00 00 00 00: not the answer that was awaited" in caught.value.evidence


def test_a_block_that_never_arrives_in_order_is_given_up() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 82 38 39 00 00 00 00 00
            > 60A A2 00 7F 00 00 00 00 00
            < 58A 82 38 39 00 00 00 00 00
            > 60A 80 08 10 00 00 00 04 05
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoTimedOut),
    ):
        file.read()


def test_a_wrong_checksum_aborts() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            < 58A 82 38 39 00 00 00 00 00
            > 60A A2 02 7F 00 00 00 00 00
            < 58A D5 C4 31 00 00 00 00 00
            > 60A 80 08 10 00 04 00 04 05
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoBadAnswer, match="wrong checksum"),
    ):
        file.read()


def test_another_length_than_announced_aborts() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 0A 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            < 58A 82 38 39 00 00 00 00 00
            > 60A A2 02 7F 00 00 00 00 00
            < 58A D5 C3 31 00 00 00 00 00
            > 60A 80 08 10 00 10 00 07 06
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoBadAnswer, match="announced 10 bytes and answered 9"),
    ):
        file.read()


def test_an_abort_in_the_middle_of_a_block() -> None:
    with (
        talk("""
            > 60A A4 08 10 00 7F 00 00 00
            < 58A C6 08 10 00 09 00 00 00
            > 60A A3 00 00 00 00 00 00 00
            < 58A 01 31 32 33 34 35 36 37
            < 58A 80 08 10 00 00 00 06 06
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoAborted, match="hardware error"),
    ):
        file.read()


@pytest.mark.parametrize(
    "first",
    [
        "< 58A 41 08 10 00 09 00 00 00",  # answered with a normal read, as CiA 301 allows
        "< 58A 80 08 10 00 01 00 04 05\n > 60A 40 08 10 00 00 00 00 00\n < 58A 41 08 10 00 09 00 00 00",
    ],
)
def test_a_server_without_block_transfer_is_read_normally(first: str) -> None:
    with (
        talk(f"""
            > 60A A4 08 10 00 7F 00 00 00
            {first}
            > 60A 60 00 00 00 00 00 00 00
            < 58A 00 31 32 33 34 35 36 37
            > 60A 70 00 00 00 00 00 00 00
            < 58A 1B 38 39 00 00 00 00 00
        """) as client,
        client.open(0x1008, block_transfer=True) as file,
    ):
        assert file.read() == NINE


def test_another_abort_is_no_reason_to_read_normally() -> None:
    dialogue = "> 60A A4 08 10 00 7F 00 00 00\n < 58A 80 08 10 00 00 00 02 06"
    with talk(dialogue) as client, pytest.raises(SdoAborted, match="no such object"):
        client.open(0x1008, block_transfer=True)


# --- writing ----------------------------------------------------------------------------------------------


def test_a_block_write() -> None:
    with (
        talk("""
            > 60A C6 08 10 00 09 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 01 31 32 33 34 35 36 37
            > 60A 82 38 39 00 00 00 00 00
            < 58A A2 02 7F 00 00 00 00 00
            > 60A D5 C3 31 00 00 00 00 00
            < 58A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", buffering=0, size=9, block_transfer=True) as file,
    ):
        assert file.write(NINE) == 9
        assert file.write(b"") == 0


def test_a_block_write_without_checksum_or_size() -> None:
    with (
        talk("""
            > 60A C0 08 10 00 00 00 00 00
            < 58A A0 08 10 00 01 00 00 00     # one segment at a time
            > 60A 01 31 32 33 34 35 36 37
            < 58A A2 01 02 00 00 00 00 00     # two from now on
            > 60A 81 38 39 00 00 00 00 00
            < 58A A2 01 02 00 00 00 00 00
            > 60A D5 00 00 00 00 00 00 00
            < 58A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", block_transfer=True, request_crc_support=False) as file,
    ):
        file.write(NINE)


def test_nothing_at_all_is_one_empty_segment() -> None:
    with (
        talk("""
            > 60A C4 08 10 00 00 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 81 00 00 00 00 00 00 00
            < 58A A2 01 7F 00 00 00 00 00
            > 60A DD 00 00 00 00 00 00 00
            < 58A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", block_transfer=True),
    ):
        pass


def test_what_was_not_acknowledged_is_sent_again_the_last_segment_too() -> None:
    with (
        talk("""
            > 60A C6 08 10 00 17 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 01 61 61 61 61 61 61 61
            > 60A 02 62 62 62 62 62 62 62
            > 60A 03 63 63 63 63 63 63 63
            > 60A 84 64 64 00 00 00 00 00
            < 58A A2 01 7F 00 00 00 00 00     # only one arrived
            > 60A 01 62 62 62 62 62 62 62
            > 60A 02 63 63 63 63 63 63 63
            > 60A 83 64 64 00 00 00 00 00
            < 58A A2 03 7F 00 00 00 00 00
            > 60A D5 FA 8B 00 00 00 00 00
            < 58A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", size=23, block_transfer=True) as file,
    ):
        file.write(b"aaaaaaabbbbbbbcccccccdd")


def test_a_server_may_want_smaller_blocks_in_the_end() -> None:
    with (
        talk("""
            > 60A C2 08 10 00 0E 00 00 00
            < 58A A0 08 10 00 02 00 00 00
            > 60A 01 61 61 61 61 61 61 61
            > 60A 82 62 62 62 62 62 62 62
            < 58A A2 00 01 00 00 00 00 00     # nothing taken, and one at a time from now on
            > 60A 01 61 61 61 61 61 61 61
            < 58A A2 01 01 00 00 00 00 00
            > 60A 81 62 62 62 62 62 62 62
            < 58A A2 01 01 00 00 00 00 00
            > 60A C1 00 00 00 00 00 00 00
            < 58A A1 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", size=14, block_transfer=True, request_crc_support=False) as file,
    ):
        file.write(b"aaaaaaabbbbbbb")


def test_a_server_that_takes_nothing_is_given_up() -> None:
    with (
        talk("""
            > 60A C6 08 10 00 07 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 81 31 32 33 34 35 36 37
            < 58A A2 00 7F 00 00 00 00 00
            > 60A 81 31 32 33 34 35 36 37
            < 58A A2 00 7F 00 00 00 00 00
            > 60A 80 08 10 00 00 00 04 05
        """) as client,
        pytest.raises(SdoTimedOut),
        client.open(0x1008, mode="wb", buffering=0, size=7, block_transfer=True) as file,
    ):
        file.write(b"1234567")


def test_silence_in_a_block_write_aborts() -> None:
    with (
        talk(
            """
            > 60A C6 08 10 00 07 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 81 31 32 33 34 35 36 37
            > 60A 80 08 10 00 00 00 04 05
            """,
            SILENCE,
        ) as client,
        pytest.raises(SdoTimedOut),
        client.open(0x1008, mode="wb", buffering=0, size=7, block_transfer=True) as file,
    ):
        file.write(b"1234567")


@pytest.mark.parametrize("room", ["00", "80", "FF"])
def test_a_block_size_that_is_none_aborts(room: str) -> None:
    with (
        talk(f"""
            > 60A C6 08 10 00 09 00 00 00
            < 58A A4 08 10 00 {room} 00 00 00
            > 60A 80 08 10 00 02 00 04 05
        """) as client,
        pytest.raises(SdoBadAnswer, match="asked for blocks of"),
    ):
        client.open(0x1008, mode="wb", size=9, block_transfer=True)


def test_more_segments_acknowledged_than_sent_aborts() -> None:
    with (
        talk("""
            > 60A C6 08 10 00 07 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 81 31 32 33 34 35 36 37
            < 58A A2 02 7F 00 00 00 00 00
            > 60A 80 08 10 00 03 00 04 05
        """) as client,
        pytest.raises(SdoBadAnswer, match="took 2 segments of 1"),
        client.open(0x1008, mode="wb", buffering=0, size=7, block_transfer=True) as file,
    ):
        file.write(b"1234567")


@pytest.mark.parametrize("data", [b"12345", b"123456789"])
def test_another_size_than_announced_aborts(data: bytes) -> None:
    with (
        talk("""
            > 60A C6 08 10 00 07 00 00 00
            < 58A A4 08 10 00 7F 00 00 00
            > 60A 80 08 10 00 10 00 07 06
        """) as client,
        pytest.raises(errors.CallError, match="7 bytes were announced"),
        client.open(0x1008, mode="wb", buffering=0, size=7, block_transfer=True) as file,
    ):
        file.write(data)


def test_a_server_without_block_transfer_refuses_a_block_write() -> None:
    dialogue = "> 60A C6 08 10 00 09 00 00 00\n < 58A 80 08 10 00 01 00 04 05"
    with talk(dialogue) as client, pytest.raises(SdoAborted, match="use a normal transfer"):
        client.open(0x1008, mode="wb", size=9, block_transfer=True)
