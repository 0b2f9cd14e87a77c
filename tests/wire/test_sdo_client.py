"""The SDO client against a scripted device: every byte on both sides is typed by hand from CiA 301."""

from __future__ import annotations

import threading

import can
import canopen
import pytest

from deltaq_master import errors
from deltaq_master.link.sdo.client import SdoAborted, SdoBadAnswer, SdoClient, SdoTimedOut
from tests.wire.sdo_peer import (
    ANSWER,
    NODE_ID,
    REQUEST,
    Peer,
    Server,
    client_on,
    dictionary,
    fresh_channel,
    plain_network,
    talk,
)

SHORT = 0.04
"""Time-out of tests in which an answer is missing [s]."""


# --- plain transfers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        ("4F 00 10 00 A3 00 00 00", b"\xa3"),
        ("4B 00 10 00 A3 01 00 00", b"\xa3\x01"),
        ("47 00 10 00 A3 01 02 00", b"\xa3\x01\x02"),
        ("43 00 10 00 A3 01 02 03", b"\xa3\x01\x02\x03"),
    ],
)
def test_an_expedited_read_returns_as_many_bytes_as_the_server_says(answer: str, data: bytes) -> None:
    with talk(f"> 60A 40 00 10 00 00 00 00 00\n < 58A {answer}") as client:
        assert client.upload(0x1000, 0) == data


def test_where_the_server_does_not_say_how_many_the_dictionary_does() -> None:
    with talk("> 60A 40 70 60 00 00 00 00 00\n < 58A 42 70 60 00 A0 00 77 77") as client:
        assert client.upload(0x6070, 0) == b"\xa0\x00"


def test_a_text_has_no_length_in_the_dictionary() -> None:
    with talk("> 60A 40 08 10 00 00 00 00 00\n < 58A 42 08 10 00 49 43 4C 31") as client:
        assert client.upload(0x1008, 0) == b"ICL1"


def test_where_nobody_says_how_many_all_four_bytes_are_returned() -> None:
    with talk("> 60A 40 77 60 00 00 00 00 00\n < 58A 42 77 60 00 A0 00 77 77") as client:
        assert client.upload(0x6077, 0) == b"\xa0\x00\x77\x77"


@pytest.mark.parametrize(
    ("data", "request_"),
    [
        (b"\x01", "2F 70 60 05 01 00 00 00"),
        (b"\x01\x02", "2B 70 60 05 01 02 00 00"),
        (b"\x01\x02\x03", "27 70 60 05 01 02 03 00"),
        (b"\x01\x02\x03\x04", "23 70 60 05 01 02 03 04"),
    ],
)
def test_an_expedited_write(data: bytes, request_: str) -> None:
    with talk(f"> 60A {request_}\n < 58A 60 70 60 05 00 00 00 00") as client:
        client.download(0x6070, 5, data)


def test_a_segmented_read() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 0A 00 00 00     # 10 bytes
        > 60A 60 00 00 00 00 00 00 00
        < 58A 00 49 43 4C 31 35 30 30
        > 60A 70 00 00 00 00 00 00 00
        < 58A 19 2D 38 35 00 00 00 00     # 3 bytes, last
    """) as client:
        assert client.upload(0x1008, 0) == b"ICL1500-85"


def test_a_segmented_read_of_unknown_size() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 40 08 10 00 00 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 01 49 43 4C 31 35 30 30     # 7 bytes, last
    """) as client:
        assert client.upload(0x1008, 0) == b"ICL1500"


def test_a_segmented_write() -> None:
    with talk("""
        > 60A 21 08 10 00 09 00 00 00
        < 58A 60 08 10 00 00 00 00 00
        > 60A 00 49 43 4C 31 35 30 30
        < 58A 20 00 00 00 00 00 00 00
        > 60A 1B 2D 38 00 00 00 00 00
        < 58A 30 00 00 00 00 00 00 00
    """) as client:
        client.download(0x1008, 0, b"ICL1500-8")


@pytest.mark.parametrize(
    ("data", "initiate", "segment"),
    [
        (b"", "21 08 10 00 00 00 00 00", "0F 00 00 00 00 00 00 00"),
        (b"\x55", "21 08 10 00 01 00 00 00", "0D 55 00 00 00 00 00 00"),
        (b"ICL1500", "21 08 10 00 07 00 00 00", "01 49 43 4C 31 35 30 30"),
    ],
)
def test_few_bytes_go_in_segments_too(data: bytes, initiate: str, segment: str) -> None:
    with talk(f"""
        > 60A {initiate}
        < 58A 60 08 10 00 00 00 00 00
        > 60A {segment}
        < 58A 20 00 00 00 00 00 00 00
    """) as client:
        client.download(0x1008, 0, data, force_segment=True)


# --- answers that are not ours ----------------------------------------------------------------------------


def test_the_answer_for_another_object_is_waited_past() -> None:
    with talk("""
        > 60A 40 00 10 00 00 00 00 00
        < 58A 4F 00 60 00 01 00 00 00     # 6000h:00
        < 58A 43 00 10 01 FF FF FF FF     # another sub-index
        < 58A 60 00 10 00 00 00 00 00     # a write, late
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_a_write_confirmed_for_another_object_is_not_written() -> None:
    with talk(
        """
        > 60A 2B 70 60 00 A0 00 00 00
        < 58A 60 00 60 00 00 00 00 00     # 6000h:00 written
        > 60A 2B 70 60 00 A0 00 00 00
        > 60A 80 70 60 00 00 00 04 05     # given up: 0504 0000h, about 6070h:00
        """,
        0.2,
    ) as client:
        with pytest.raises(SdoTimedOut, match="it was heard meanwhile") as caught:
            client.download(0x6070, 0, b"\xa0\x00")
        assert (caught.value.index, caught.value.sub, caught.value.attempts) == (0x6070, 0, 2)
        assert "heard 58Ah 60 00 60 00 00 00 00 00: about 6000h:00" in caught.value.evidence


def test_a_short_frame_is_evidence_and_waited_past() -> None:
    with talk("""
        > 60A 40 00 10 00 00 00 00 00
        < 58A
        < 58A 43
        < 58A 43 00 10 00 A3 01 00
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_an_abort_of_another_object_is_waited_past() -> None:
    with talk("""
        > 60A 40 00 10 00 00 00 00 00
        < 58A 80 70 60 00 00 00 02 06
        < 58A 43 00 10 00 A3 01 00 00
    """) as client:
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_a_late_answer_to_a_repeated_request_does_not_disturb_the_segments() -> None:
    with talk(
        """
        > 60A 40 08 10 00 00 00 00 00
        > 60A 40 08 10 00 00 00 00 00     # repeated: the first answer is late
        < 58A 41 08 10 00 03 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 41 08 10 00 03 00 00 00     # the answer to the second request
        < 58A 09 49 43 4C 00 00 00 00
        """,
        0.2,
    ) as client:
        assert client.upload(0x1008, 0) == b"ICL"


# --- aborts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["70 60 00", "00 00 00"])
def test_an_abort_says_what_to_do_and_is_canopens_error_too(place: str) -> None:
    with talk(f"> 60A 2B 70 60 00 FF FF 00 00\n < 58A 80 {place} 31 00 09 06") as client:
        with pytest.raises(SdoAborted) as caught:
            client.download(0x6070, 0, b"\xff\xff")
        error = caught.value
        assert isinstance(error, errors.SdoAbortError)
        assert isinstance(error, canopen.SdoAbortedError)
        assert (error.node_id, error.index, error.sub, error.code) == (10, 0x6070, 0, 0x06090031)
        assert str(error) == (
            "node 10: 6070h:00 aborted: the value is too high (0609 0031h);"
            " check the limits of the object in the EDS and the device's manual"
        )
        assert error == canopen.SdoAbortedError(0x06090031)
        assert error != canopen.SdoAbortedError(0x06090032)
        assert error != 3
        assert len({error, error}) == 1
        assert error.evidence[0] == "sent 60Ah 2B 70 60 00 FF FF 00 00, awaited on 58Ah"


def test_an_abort_in_the_middle_ends_the_transfer_at_once() -> None:
    with (
        talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 0A 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 80 08 10 00 00 00 00 08
    """) as client,
        pytest.raises(SdoAborted, match="general error"),
    ):
        client.upload(0x1008, 0)


# --- silence ----------------------------------------------------------------------------------------------


def test_silence_is_asked_twice_and_then_given_up() -> None:
    with talk(
        """
        > 60A 40 00 10 00 00 00 00 00
        > 60A 40 00 10 00 00 00 00 00
        > 60A 80 00 10 00 00 00 04 05
        """,
        SHORT,
    ) as client:
        with pytest.raises(SdoTimedOut) as caught:
            client.upload(0x1000, 0)
        error = caught.value
        assert isinstance(error, errors.SdoTimeoutError)
        assert isinstance(error, canopen.SdoCommunicationError)
        assert error.attempts == 2
        assert 2 * SHORT <= error.waited < 1
        assert "not answered: 2 requests" in str(error)
        assert "check power, wiring, bit rate and node-ID" in str(error)
        assert error.evidence == (
            "sent 60Ah 40 00 10 00 00 00 00 00, awaited on 58Ah (2 times)",
            "aborted by us with 0504 0000h",
        )


def test_a_node_that_lives_but_does_not_answer_is_told_apart() -> None:
    channel = fresh_channel()
    dialogue = """
        > 60A 40 00 10 00 00 00 00 00
        < 70A 04
        < 70A 04
        < 08A 30 81 11 20 80 00 00 00
        > 60A 40 00 10 00 00 00 00 00
        > 60A 80 00 10 00 00 00 04 05
    """
    with Peer(channel, dialogue), plain_network(channel) as network, client_on(network, 0.2) as client:
        network.subscribe(0x70A, client.on_other)
        network.subscribe(0x08A, client.on_other)
        with pytest.raises(SdoTimedOut, match="it was heard meanwhile: check its NMT state") as caught:
            client.upload(0x1000, 0)
        assert "heard 70Ah 04 (2 times)" in caught.value.evidence
        assert "heard 08Ah 30 81 11 20 80 00 00 00" in caught.value.evidence


def test_an_answer_to_the_repeated_request_is_good() -> None:
    with talk(
        """
        > 60A 40 00 10 00 00 00 00 00
        > 60A 40 00 10 00 00 00 00 00
        < 58A 43 00 10 00 A3 01 00 00
        """,
        0.2,
    ) as client:
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_wrong_answers_do_not_lengthen_the_wait() -> None:
    def babble(request: bytes) -> list[bytes]:
        return [bytes.fromhex("4F 00 60 00 01 00 00 00")] * 50

    channel = fresh_channel()
    with Server(channel, babble), plain_network(channel) as network, client_on(network, SHORT) as client:
        with pytest.raises(SdoTimedOut) as caught:
            client.upload(0x1000, 0)
        assert caught.value.waited < 1
        # Each request and the abort are babbled at; what came before the end was counted, not listed.
        assert len(caught.value.evidence) == 3


class Answering(canopen.Network):
    """A network that has these frames for the client as soon as it sends anything."""

    def __init__(self, client: SdoClient, *answers: bytes) -> None:
        super().__init__()
        self.client = client
        self.answers = answers

    def send_message(self, can_id: int, data: bytes, remote: bool = False) -> None:
        for answer in self.answers:
            self.client.on_response(ANSWER, answer, 0.0)


@pytest.mark.parametrize(("attempts", "kept"), [(3, 3), (40, 32)])
def test_short_frames_do_not_lengthen_the_wait_either_and_evidence_is_bounded(
    attempts: int, kept: int
) -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    client.network = Answering(client, *(bytes((number,)) for number in range(100)))
    client.RESPONSE_TIMEOUT = -1.0
    client.MAX_RETRIES = attempts
    with pytest.raises(SdoTimedOut) as caught:
        client.upload(0x1000, 0)
    # Past the deadline, one frame is looked at per request, and not the whole flood.
    assert len(caught.value.evidence) == 1 + min(kept, 32) + (kept < 32)


def test_what_was_left_over_is_not_the_next_answer() -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    first, second = bytes.fromhex("43 00 10 00 A3 01 00 00"), bytes.fromhex("43 00 10 00 77 77 77 77")
    client.network = network = Answering(client, first, second)
    assert client.upload(0x1000, 0) == first[4:]
    network.answers = (first,)
    assert client.upload(0x1000, 0) == first[4:]


def test_a_lost_segment_aborts_and_the_whole_transfer_is_made_again() -> None:
    with talk(
        """
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 08 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 00 49 43 4C 31 35 30 30
        > 60A 70 00 00 00 00 00 00 00     # no answer; never repeated by itself
        > 60A 80 08 10 00 00 00 04 05
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 08 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 00 49 43 4C 31 35 30 30
        > 60A 70 00 00 00 00 00 00 00
        < 58A 1D 2D 00 00 00 00 00 00
        """,
        0.2,
    ) as client:
        assert client.upload(0x1008, 0) == b"ICL1500-"


def test_a_segment_lost_each_time_is_an_error_with_its_story() -> None:
    once = """
        > 60A 21 08 10 00 05 00 00 00
        < 58A 60 08 10 00 00 00 00 00
        > 60A 05 68 65 6C 6C 6F 00 00
        > 60A 80 08 10 00 00 00 04 05
    """
    with talk(once + once, 0.2) as client:
        with pytest.raises(SdoTimedOut, match="not answered: 1 request") as caught:
            client.download(0x1008, 0, b"hello")
        assert caught.value.lost_segment
        assert "a segment was lost: the whole transfer was made again" in caught.value.evidence
        assert "aborted by us with 0504 0000h (2 times)" in caught.value.evidence


# --- answers that break the protocol ----------------------------------------------------------------------


def test_a_wrong_toggle_bit_aborts() -> None:
    with talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 0A 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 10 49 43 4C 31 35 30 30
        > 60A 80 08 10 00 00 00 03 05     # 0503 0000h
    """) as client:
        with pytest.raises(SdoBadAnswer, match="wrong toggle bit") as caught:
            client.upload(0x1008, 0)
        assert isinstance(caught.value, errors.SdoAnswerError)
        assert isinstance(caught.value, canopen.SdoCommunicationError)


def test_a_wrong_toggle_bit_in_a_write_aborts() -> None:
    with (
        talk("""
        > 60A 21 08 10 00 05 00 00 00
        < 58A 60 08 10 00 00 00 00 00
        > 60A 05 68 65 6C 6C 6F 00 00
        < 58A 30 00 00 00 00 00 00 00
        > 60A 80 08 10 00 00 00 03 05
    """) as client,
        pytest.raises(SdoBadAnswer, match="wrong toggle bit"),
    ):
        client.download(0x1008, 0, b"hello")


@pytest.mark.parametrize(
    ("announced", "segment", "problem"),
    [
        ("14 00 00 00", "01 49 43 4C 31 35 30 30", "announced 20 bytes and answered 7"),
        ("05 00 00 00", "01 49 43 4C 31 35 30 30", "announced 5 bytes and answered 7"),
        ("05 00 00 00", "00 49 43 4C 31 35 30 30", "announced 5 bytes and answered 7"),
    ],
)
def test_another_length_than_announced_aborts(announced: str, segment: str, problem: str) -> None:
    with (
        talk(f"""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 {announced}
        > 60A 60 00 00 00 00 00 00 00
        < 58A {segment}
        > 60A 80 08 10 00 10 00 07 06
    """) as client,
        pytest.raises(SdoBadAnswer, match=problem),
    ):
        client.upload(0x1008, 0)


def test_empty_segments_do_not_go_on_for_ever() -> None:
    with (
        talk("""
        > 60A 40 08 10 00 00 00 00 00
        < 58A 40 08 10 00 00 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 0E 00 00 00 00 00 00 00
        > 60A 80 08 10 00 01 00 04 05
    """) as client,
        pytest.raises(SdoBadAnswer, match="empty segment"),
    ):
        client.upload(0x1008, 0)


# --- threads ----------------------------------------------------------------------------------------------


def echo(request: bytes) -> list[bytes]:
    """Answers a read of index 2000h + n with the number n, in one segment where n is odd."""
    if request[0] == 0x40:
        echo.number = request[1]  # type: ignore[attr-defined]
        if request[1] % 2:
            return [b"\x41" + request[1:4] + b"\x04\x00\x00\x00"]
        return [b"\x43" + request[1:4] + bytes((request[1], 0, 0, 0))]
    return [bytes((0x07, echo.number, 0, 0, 0, 0, 0, 0))]  # type: ignore[attr-defined]


def test_two_threads_with_200_transfers_each_all_right() -> None:
    channel = fresh_channel()
    wrong: list[object] = []

    def read(client: SdoClient, numbers: range) -> None:
        for number in numbers:
            try:
                data = client.upload(0x2000 + number % 256, 0)
            except errors.DeltaqError as error:
                wrong.append(error)
            else:
                if data != bytes((number % 256, 0, 0, 0)):
                    wrong.append((number, data))

    with Server(channel, echo) as server, plain_network(channel) as network, client_on(network) as client:
        threads = [
            threading.Thread(target=read, args=(client, numbers)) for numbers in (range(200), range(200, 400))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len([request for request in server.requests if request[0] == 0x40]) == 400


def test_a_call_from_a_receive_callback_raises_at_once() -> None:
    channel = fresh_channel()
    raised: list[BaseException] = []
    done = threading.Event()
    with plain_network(channel) as network, client_on(network) as client:

        def on_heartbeat(*_: object) -> None:
            try:
                client.upload(0x1000, 0)
            except errors.CallError as error:
                raised.append(error)
            finally:
                done.set()

        network.subscribe(0x70A, on_heartbeat)
        with Peer(channel, "< 70A 7F"):
            assert done.wait(2)
    assert "called from a receive callback" in str(raised[0])


def test_the_network_may_know_its_receive_thread_itself() -> None:
    class Network(canopen.Network):
        def in_receive_thread(self) -> bool:
            return True

    with client_on(Network()) as client, pytest.raises(errors.CallError, match="receive callback"):
        client.upload(0x1000, 0)


def test_a_client_on_no_network_says_so() -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    with pytest.raises(errors.CallError, match=r"on no network; add it with network\.add_node first"):
        client.upload(0x1000, 0)


def test_frames_outside_a_transfer_belong_to_nobody() -> None:
    with talk("> 60A 40 00 10 00 00 00 00 00\n < 58A 43 00 10 00 A3 01 00 00") as client:
        client.on_response(ANSWER, bytes.fromhex("43 00 10 00 77 77 77 77"), 0.0)
        client.on_other(0x70A, b"\x05", 0.0)
        assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"
        with pytest.raises(errors.CallError, match="no transfer of this thread is open"):
            client.abort()


# --- a bus that does not take the frame -------------------------------------------------------------------


class Reluctant(Answering):
    """A bus whose transmit queue is full a number of times."""

    def __init__(self, client: SdoClient, refusals: float) -> None:
        super().__init__(client, bytes.fromhex("43 00 10 00 A3 01 00 00"))
        self.refusals = refusals

    def send_message(self, can_id: int, data: bytes, remote: bool = False) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise can.CanOperationError("No buffer space available", 105)
        super().send_message(can_id, data, remote)


@pytest.mark.parametrize(("refusals", "timeout"), [(0, 1.0), (3, 1.0)])
def test_a_full_queue_is_tried_again(refusals: int, timeout: float) -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    client.network = Reluctant(client, refusals)
    client.RESPONSE_TIMEOUT = timeout
    assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_a_queue_that_stays_full_is_a_bus_error() -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    client.network = Reluctant(client, float("inf"))
    client.RESPONSE_TIMEOUT = 0.02
    with pytest.raises(
        errors.BusError, match="SDO request to node 10 not sent: the transmit queue"
    ) as caught:
        client.upload(0x1000, 0)
    assert isinstance(caught.value, can.CanError)


def test_an_abort_that_cannot_be_sent_hides_nothing() -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    network = Reluctant(client, 0)
    client.network = network
    client.RESPONSE_TIMEOUT = 0.02
    with client.transfer(0x6070, 0), pytest.raises(SdoTimedOut) as caught:
        client.request_response(bytes.fromhex("40 70 60 00 00 00 00 00"))
    assert caught.value.attempts == 2
    network.refusals = float("inf")
    with client.transfer(0x6070, 0) as transfer:
        client.abort()
        assert transfer.heard == {
            "abort not sent: SDO request to node 10 not sent: the transmit queue of the bus is full": 1
        }


def test_a_pause_before_each_request_is_kept() -> None:
    client = SdoClient(REQUEST, ANSWER, dictionary())
    client.network = Reluctant(client, 0)
    client.PAUSE_BEFORE_SEND = 0.001
    assert client.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_the_node_id_may_differ_from_the_channel() -> None:
    client = SdoClient(0x640, 0x5C0, dictionary(), node_id=NODE_ID)
    with pytest.raises(errors.CallError, match="with node 10"):
        client.upload(0x1000, 0)
