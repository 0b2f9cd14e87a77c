"""SDO transfers as files: normal ones against a dialogue typed by hand, and who owns the channel when."""

from __future__ import annotations

import gc
import io
import threading

import pytest

from deltaq_master import errors
from deltaq_master.link.sdo.client import SdoAborted, SdoBadAnswer, SdoTimedOut, SdoVariable
from tests.wire.sdo_peer import talk

READ_ICL = """
    > 60A 40 08 10 00 00 00 00 00
    < 58A 41 08 10 00 0A 00 00 00
    > 60A 60 00 00 00 00 00 00 00
    < 58A 00 49 43 4C 31 35 30 30
    > 60A 70 00 00 00 00 00 00 00
    < 58A 19 2D 38 35 00 00 00 00
"""


def test_reading_a_file() -> None:
    with talk(READ_ICL) as client, client.open(0x1008) as file:
        assert isinstance(file, io.BufferedReader)
        assert file.read(4) == b"ICL1"
        assert file.read() == b"500-85"
        assert file.read() == b""


def test_reading_text() -> None:
    with talk(READ_ICL) as client, client.open(0x1008, mode="r") as file:
        assert file.read() == "ICL1500-85"


def test_reading_without_a_buffer_gives_pieces_as_they_come() -> None:
    with talk(READ_ICL) as client, client.open(0x1008, buffering=0) as file:
        assert file.readable()
        assert not file.writable()
        assert file.size == 10  # type: ignore[attr-defined]
        assert file.read(5) == b"ICL15"
        assert file.tell() == 5
        assert file.read(5) == b"00"
        assert file.read() == b"-85"
        assert file.tell() == 10


def test_an_expedited_value_reads_as_a_file_too() -> None:
    dialogue = "> 60A 40 70 60 00 00 00 00 00\n < 58A 4B 70 60 00 A0 00 00 00"
    with talk(dialogue) as client, client.open(0x6070) as file:
        assert file.read(2) == b"\xa0\x00"


def test_a_variable_opens_as_a_file() -> None:
    with talk(READ_ICL) as client:
        variable = client[0x1008]
        assert isinstance(variable, SdoVariable)
        with variable.open() as file:  # type: ignore[no-untyped-call]
            assert file.read() == b"ICL1500-85"


def test_closing_early_tells_the_server() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 0A 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 00 49 43 4C 31 35 30 30
        > 60A 80 08 10 00 00 00 00 08
    """) as client:
        file = client.open(0x1008, buffering=0)
        assert file.read(7) == b"ICL1500"
        file.close()
        file.close()
        with pytest.raises(ValueError, match="closed"):
            file.read()


def test_a_lost_segment_is_an_error_because_a_file_cannot_begin_again() -> None:
    with (
        talk(
            """
            > 60A 40 08 10 00 00 00 00 00
            < 58A 41 08 10 00 0A 00 00 00
            > 60A 60 00 00 00 00 00 00 00
            > 60A 80 08 10 00 00 00 04 05
            """,
            0.2,
        ) as client,
        client.open(0x1008) as file,
    ):
        with pytest.raises(SdoTimedOut):
            file.read()
        with pytest.raises(errors.CallError, match="ends with its first error"):
            file.read()


WRITE_HELLO = """
    > 60A 21 08 10 00 09 00 00 00
    < 58A 60 08 10 00 00 00 00 00
    > 60A 00 68 65 6C 6C 6F 20 63
    < 58A 20 00 00 00 00 00 00 00
    > 60A 1B 61 6E 00 00 00 00 00
    < 58A 30 00 00 00 00 00 00 00
"""


def test_writing_a_file_of_known_size() -> None:
    with talk(WRITE_HELLO) as client, client.open(0x1008, mode="wb", size=9) as file:
        assert isinstance(file, io.BufferedWriter)
        assert file.write(b"hello") == 5
        assert file.write(b" can") == 4


def test_writing_text() -> None:
    with talk(WRITE_HELLO) as client, client.open(0x1008, mode="w", buffering=1, size=9) as file:
        file.write("hello can")


def test_writing_a_file_of_unknown_size_ends_with_its_closing() -> None:
    with (
        talk("""
            > 60A 20 08 10 00 00 00 00 00
            < 58A 60 08 10 00 00 00 00 00
            > 60A 00 68 65 6C 6C 6F 20 63
            < 58A 20 00 00 00 00 00 00 00
            > 60A 1B 61 6E 00 00 00 00 00
            < 58A 30 00 00 00 00 00 00 00
        """) as client,
        client.open(0x1008, mode="wb", buffering=0) as file,
    ):
        assert file.writable()
        assert file.write(b"hello can") == 9
        assert file.tell() == 9


def test_four_bytes_go_with_the_request_once_they_are_there() -> None:
    with (
        talk("> 60A 23 00 60 00 01 02 03 04\n < 58A 60 00 60 00 00 00 00 00") as client,
        client.open(0x6000, mode="wb", buffering=0, size=4) as file,
    ):
        file.write(b"\x01\x02")
        file.write(b"\x03\x04")


def test_too_little_data_for_the_request_is_not_sent_at_all() -> None:
    with (
        talk("") as client,
        pytest.raises(errors.CallError, match="4 bytes were announced, 2 given"),
        client.open(0x6000, mode="wb", size=4) as file,
    ):
        file.write(b"\x01\x02")


def test_a_file_closed_before_its_size_is_reached_aborts() -> None:
    with talk("""
        > 60A 21 08 10 00 14 00 00 00
        < 58A 60 08 10 00 00 00 00 00
        > 60A 80 08 10 00 10 00 07 06
    """) as client:
        file = client.open(0x1008, mode="wb", size=20)
        file.write(b"hello")
        with pytest.raises(errors.CallError, match=r"1008h:00: 20 bytes were announced, 5 given"):
            file.close()


def test_more_data_than_announced_aborts() -> None:
    with (
        talk("""
            > 60A 21 08 10 00 05 00 00 00
            < 58A 60 08 10 00 00 00 00 00
            > 60A 80 08 10 00 10 00 07 06
        """) as client,
        pytest.raises(errors.CallError, match="5 bytes were announced, 8 given"),
        client.open(0x1008, mode="wb", buffering=0, size=5) as file,
    ):
        file.write(b"too long")


def test_a_refused_write_is_not_finished_by_closing() -> None:
    with (
        talk("""
            > 60A 20 08 10 00 00 00 00 00
            < 58A 60 08 10 00 00 00 00 00
            > 60A 00 68 65 6C 6C 6F 20 63
            < 58A 80 08 10 00 20 00 00 08
        """) as client,
        pytest.raises(SdoAborted, match="could not take"),
        client.open(0x1008, mode="wb", buffering=0) as file,
    ):
        file.write(b"hello can")


def test_a_stream_that_cannot_begin_gives_the_channel_back() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 80 08 10 00 00 00 02 06
        > 60A 40 00 10 00 00 00 00 00
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        with pytest.raises(SdoAborted, match="no such object"):
            client.open(0x1008)
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


@pytest.mark.parametrize(
    ("mode", "buffering"), [("a", 1024), ("rw", 1024), ("x", 1024), ("", 1024), ("r", 0)]
)
def test_other_modes_are_refused(mode: str, buffering: int) -> None:
    with talk("") as client, pytest.raises(errors.UsageError, match="use 'r' or 'w'"):
        client.open(0x1008, mode=mode, buffering=buffering)


# --- the channel belongs to one transfer, and a stream to one thread --------------------------------------


def test_the_same_thread_cannot_wait_for_itself() -> None:
    with talk(READ_ICL) as client, client.open(0x1008) as file:
        with pytest.raises(errors.CallError, match="still has a stream open on 1008h:00; close it first"):
            client.upload(0x1000, 0)
        assert file.read() == b"ICL1500-85"


def test_another_thread_waits_until_the_stream_is_closed() -> None:
    results: list[bytes] = []
    with talk(READ_ICL + "> 60A 40 00 10 00 00 00 00 00\n < 58A 43 00 10 00 A3 01 00 00") as client:
        other = threading.Thread(target=lambda: results.append(client.upload(0x1000, 0)))
        with client.open(0x1008) as file:
            other.start()
            other.join(0.02)
            assert file.read() == b"ICL1500-85"
            assert results == []
        other.join()
    assert results == [b"\xa3\x01\x00\x00"]


def in_another_thread(action: object) -> list[BaseException]:
    """What an action raises in a thread of its own."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            action()  # type: ignore[operator]
        except errors.CallError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_a_stream_cannot_be_read_in_another_thread() -> None:
    with talk(READ_ICL) as client, client.open(0x1008, buffering=0) as file:
        (error,) = in_another_thread(file.read)
        assert "a stream belongs to the thread that opened it" in str(error)
        assert file.read() == b"ICL1500-85"


def test_a_stream_that_failed_does_not_use_the_next_ones_channel() -> None:
    failing = "> 60A 40 08 10 00 00 00 00 00\n < 58A 40 08 10 00 00 00 00 00\n"
    failing += "> 60A 60 00 00 00 00 00 00 00\n < 58A 80 08 10 00 00 00 00 08\n"
    with talk(failing + READ_ICL) as client:
        old = client.open(0x1008, buffering=0)
        with pytest.raises(SdoAborted):
            old.read()
        with client.open(0x1008) as file:
            with pytest.raises(errors.CallError, match="ends with its first error"):
                old.read()
            old.close()
            assert file.read() == b"ICL1500-85"


def test_a_write_closed_in_another_thread_is_aborted() -> None:
    with talk("""
        > 60A 20 08 10 00 00 00 00 00
        < 58A 60 08 10 00 00 00 00 00
        > 60A 80 08 10 00 00 00 00 08
        > 60A 40 00 10 00 00 00 00 00
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        file = client.open(0x1008, mode="wb", buffering=0)
        assert in_another_thread(file.close) == []
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_a_write_that_is_complete_may_be_closed_by_anyone() -> None:
    with talk("> 60A 2F 00 60 00 01 00 00 00\n < 58A 60 00 60 00 00 00 00 00") as client:
        file = client.open(0x6000, mode="wb", buffering=0, size=1)
        file.write(b"\x01")
        assert in_another_thread(file.close) == []
        file.close()


def test_a_forgotten_stream_gives_the_channel_back() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 0A 00 00 00
        > 60A 80 08 10 00 00 00 00 08
        > 60A 40 00 10 00 00 00 00 00
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        client.open(0x1008)
        gc.collect()
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_a_length_that_is_wrong_ends_a_file_too() -> None:
    with (
        talk("""
            > 60A 40 08 10 00 00 00 00 00
            < 58A 41 08 10 00 14 00 00 00
            > 60A 60 00 00 00 00 00 00 00
            < 58A 01 49 43 4C 31 35 30 30
            > 60A 80 08 10 00 10 00 07 06
        """) as client,
        client.open(0x1008) as file,
        pytest.raises(SdoBadAnswer, match="announced 20 bytes and answered 7"),
    ):
        file.read()
