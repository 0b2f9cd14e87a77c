"""What canopen 2.4.1 does wrong with SDO, beside what ours does, one pair per defect.

The first half of each pair is there to fail when canopen changes: then the work-around has served its time,
or the two no longer fit together. Names begin with the number that the project gives the defect.
"""

from __future__ import annotations

import inspect
import struct
import threading

import can
import canopen
import pytest
from canopen import objectdictionary
from canopen.sdo import client as canopen_client
from canopen.sdo.client import SdoClient as CanopenClient

from deltaq_master import errors
from deltaq_master.link.sdo.client import SdoBadAnswer, SdoClient, SdoTimedOut
from tests.wire.sdo_peer import (
    ANSWER,
    REQUEST,
    Server,
    client_on,
    dictionary,
    fresh_channel,
    plain_network,
    talk,
    talk_plainly,
)

SILENCE = 0.2
"""Time-out of tests in which a frame is lost [s]: the others must still arrive on a busy computer."""
GIVE_UP_ON_1000 = "> 60A 80 00 10 00 00 00 04 05"


def plain_client(network: canopen.Network) -> CanopenClient:
    client = CanopenClient(REQUEST, ANSWER, dictionary())  # type: ignore[no-untyped-call]
    client.network = network
    network.subscribe(ANSWER, client.on_response)
    return client


def test_s1_retries_and_the_object_in_an_abort() -> None:
    asked = "> 60A 40 00 10 00 00 00 00 00\n"
    gone = "> 60A 80 00 00 00 00 00 04 05"
    with talk_plainly(asked + gone, 0.03) as theirs, pytest.raises(canopen.SdoCommunicationError):
        theirs.upload(0x1000, 0)
    with talk(asked + asked + GIVE_UP_ON_1000, 0.03) as ours, pytest.raises(SdoTimedOut):
        ours.upload(0x1000, 0)


def test_s2_a_write_confirmed_for_another_object() -> None:
    wrong = "> 60A 2B 70 60 00 A0 00 00 00\n < 58A 60 00 60 00 00 00 00 00\n"
    with talk_plainly(wrong) as theirs:
        theirs.download(0x6070, 0, b"\xa0\x00")  # taken for success
    right = "< 58A 60 70 60 00 00 00 00 00"
    with talk(wrong + right) as ours:
        ours.download(0x6070, 0, b"\xa0\x00")


def test_s3_a_short_answer() -> None:
    short = "> 60A 40 00 10 00 00 00 00 00\n < 58A 43 00\n"
    with talk_plainly(short) as theirs, pytest.raises(struct.error):
        theirs.upload(0x1000, 0)
    with talk(short + "< 58A 43 00 10 00 A3 01 00 00") as ours:
        assert ours.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_s4_fewer_bytes_than_announced() -> None:
    fewer = """
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 14 00 00 00
        > 60A 60 00 00 00 00 00 00 00
        < 58A 01 49 43 4C 31 35 30 30
    """
    with talk_plainly(fewer) as theirs:
        assert theirs.upload(0x1008, 0) == b"ICL1500"  # 7 of 20, without a word
    with talk(fewer + "> 60A 80 08 10 00 10 00 07 06") as ours, pytest.raises(SdoBadAnswer):
        ours.upload(0x1008, 0)


def test_s5_two_threads() -> None:
    """Theirs asks while the other thread still waits, and then each takes what comes first."""
    answers = {0: bytes.fromhex("43 00 10 00 A3 01 00 00"), 1: bytes.fromhex("4F 00 60 00 01 00 00 00")}

    def both(client: CanopenClient) -> list[BaseException]:
        raised: list[BaseException] = []

        def read(index: int) -> None:
            try:
                client.upload(index, 0)
            except (canopen.SdoCommunicationError, errors.DeltaqError) as error:
                raised.append(error)

        threads = [threading.Thread(target=read, args=(index,)) for index in (0x1000, 0x6000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return raised

    waiting: list[bytes] = []

    def late(request: bytes) -> list[bytes]:
        """Answers when both have asked, and the first one's answer comes twice."""
        waiting.append(request)
        return [answers[waiting[0][2] == 0x60]] * 2 if len(waiting) == 2 else []

    channel = fresh_channel()
    with Server(channel, late), plain_network(channel) as network:
        theirs = plain_client(network)
        theirs.RESPONSE_TIMEOUT = SILENCE
        assert both(theirs)

    def prompt(request: bytes) -> list[bytes]:
        return [answers[request[2] == 0x60]]

    channel = fresh_channel()
    with Server(channel, prompt), plain_network(channel) as network, client_on(network) as ours:
        assert both(ours) == []


def test_s6_a_call_from_a_receive_callback() -> None:
    channel = fresh_channel()

    def answer(request: bytes) -> list[bytes]:
        return [bytes.fromhex("43 00 10 00 A3 01 00 00")]

    raised: list[BaseException] = []
    done = threading.Event()

    def call(client: CanopenClient) -> None:
        try:
            client.upload(0x1000, 0)
        except (canopen.SdoCommunicationError, errors.CallError) as error:
            raised.append(error)
        done.set()

    with Server(channel, answer) as server, plain_network(channel) as network, client_on(network) as ours:
        theirs = plain_client(network)
        theirs.RESPONSE_TIMEOUT = 0.03
        for client in (theirs, ours):
            done.clear()
            network.subscribers[0x70A] = [lambda *_, client=client: call(client)]
            with can.Bus(interface="virtual", channel=channel) as bus:
                bus.send(can.Message(arbitration_id=0x70A, data=b"\x7f", is_extended_id=False))
                assert done.wait(2)
    assert str(raised[0]) == "No SDO response received"
    assert isinstance(raised[1], errors.CallError)
    # Theirs asked and waited in vain; ours never asked.
    assert [request[0] for request in server.requests] == [0x40, 0x80]


def test_s7_block_read_from_a_server_that_answers_normally() -> None:
    normally = """
        > 60A A4 08 10 00 7F 00 00 00
        < 58A 43 08 10 00 49 43 4C 31
    """
    refused = "> 60A 80 00 00 00 01 00 04 05"
    with talk_plainly(normally + refused) as theirs, pytest.raises(canopen.SdoCommunicationError):
        theirs.open(0x1008, block_transfer=True)  # type: ignore[no-untyped-call]
    with talk(normally) as ours, ours.open(0x1008, block_transfer=True) as file:
        assert file.read() == b"ICL1"


def test_s8_the_end_of_a_block_read_is_missing() -> None:
    without_end = """
        > 60A A4 08 10 00 7F 00 00 00
        < 58A C6 08 10 00 07 00 00 00
        > 60A A3 00 00 00 00 00 00 00
        < 58A 81 31 32 33 34 35 36 37
        > 60A A2 01 7F 00 00 00 00 00
    """
    with talk_plainly(without_end, SILENCE) as theirs:
        file = theirs.open(0x1008, block_transfer=True)  # type: ignore[no-untyped-call]
        with pytest.raises(AttributeError):
            file.read()
    with (
        talk(without_end + "> 60A 80 08 10 00 00 00 04 05", SILENCE) as ours,
        ours.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoTimedOut),
    ):
        file.read()


def test_s9_the_last_segment_of_a_block_write_is_asked_for_again() -> None:
    again = """
        > 60A C6 08 10 00 09 00 00 00
        < 58A A4 08 10 00 7F 00 00 00
        > 60A 01 31 32 33 34 35 36 37
        > 60A 82 38 39 00 00 00 00 00
        < 58A A2 01 7F 00 00 00 00 00
    """
    with talk_plainly(
        again + "> 60A D5 C3 31 00 00 00 00 00\n > 60A 80 00 00 00 00 00 04 05", SILENCE
    ) as theirs:
        file = theirs.open(0x1008, mode="wb", buffering=0, size=9, block_transfer=True)  # type: ignore[no-untyped-call]
        file.write(b"1234567")
        with pytest.raises(RuntimeError, match="already been transmitted"):
            file.write(b"89")
        with pytest.raises(canopen.SdoCommunicationError):
            file.close()
    rest = """
        > 60A 81 38 39 00 00 00 00 00
        < 58A A2 01 7F 00 00 00 00 00
        > 60A D5 C3 31 00 00 00 00 00
        < 58A A1 00 00 00 00 00 00 00
    """
    with (
        talk(again + rest) as ours,
        ours.open(0x1008, mode="wb", buffering=0, size=9, block_transfer=True) as file,
    ):
        file.write(b"1234567")
        file.write(b"89")


def test_s9b_one_full_transmit_queue() -> None:
    class FullOnce(canopen.Network):
        full = True

        def send_message(self, can_id: int, data: bytes, remote: bool = False) -> None:
            if self.full:
                self.full = False
                raise can.CanOperationError("No buffer space available", 105)
            for callback in self.subscribers[ANSWER]:
                callback(ANSWER, bytearray.fromhex("43 00 10 00 A3 01 00 00"), 0.0)

    with pytest.raises(can.CanOperationError):
        plain_client(FullOnce()).upload(0x1000, 0)
    with client_on(FullOnce()) as ours:
        assert ours.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_s14_a_value_over_its_limit() -> None:
    over = "> 60A 2B 70 60 00 FF FF 00 00\n < 58A 60 70 60 00 00 00 00 00"
    with talk_plainly(over) as theirs:
        theirs[0x6070].raw = 0xFFFF  # type: ignore[union-attr]  # sent, with a line in the log
    with talk("") as ours, pytest.raises(errors.LimitError):
        ours[0x6070].raw = 0xFFFF  # type: ignore[union-attr]


def test_s19_a_lost_segment_with_retries() -> None:
    """Theirs repeats the segment's request; the server, which has sent it, sees the toggle bit stand still."""
    begun = """
        > 60A 40 08 10 00 00 00 00 00
        < 58A 41 08 10 00 03 00 00 00
        > 60A 60 00 00 00 00 00 00 00
    """
    with talk_plainly(
        begun + "> 60A 60 00 00 00 00 00 00 00\n < 58A 80 08 10 00 00 00 03 05", SILENCE
    ) as theirs:
        theirs.MAX_RETRIES = 2
        with pytest.raises(canopen.SdoAbortedError):
            theirs.upload(0x1008, 0)
    again = "> 60A 80 08 10 00 00 00 04 05" + begun + "< 58A 09 49 43 4C 00 00 00 00"
    with talk(begun + again, SILENCE) as ours:
        assert ours.upload(0x1008, 0) == b"ICL"


def test_s21_looking_at_an_array() -> None:
    with talk_plainly("> 60A 40 03 10 00 00 00 00 00\n < 58A 4F 03 10 00 07 00 00 00") as theirs:
        assert len(theirs[0x1003]) == 7  # type: ignore[arg-type]  # by way of the bus
    with talk("") as ours:
        assert len(ours[0x1003]) == 2  # type: ignore[arg-type]
        assert 2 in ours[0x1003]  # type: ignore[operator]


def test_s23_silence_after_a_request_for_repetition() -> None:
    silent = """
        > 60A A4 08 10 00 7F 00 00 00
        < 58A C6 08 10 00 0E 00 00 00
        > 60A A3 00 00 00 00 00 00 00
        < 58A 01 31 32 33 34 35 36 37
        > 60A A2 01 7F 00 00 00 00 00
    """
    with talk_plainly(silent, SILENCE) as theirs:
        file = theirs.open(0x1008, block_transfer=True, buffering=0)  # type: ignore[no-untyped-call]
        file.read(7)
        with pytest.raises(canopen.SdoCommunicationError):
            file.read(7)  # no abort: the server goes on waiting
    with (
        talk(silent + "> 60A 80 08 10 00 00 00 04 05", SILENCE) as ours,
        ours.open(0x1008, block_transfer=True) as file,
        pytest.raises(SdoTimedOut),
    ):
        file.read()


def test_x8_an_answer_longer_than_the_object() -> None:
    longer = "> 60A 40 00 60 00 00 00 00 00\n < 58A 43 00 60 00 01 02 03 04"
    with talk_plainly(longer) as theirs:
        assert theirs[0x6000].raw == 1  # type: ignore[union-attr]  # three bytes dropped
    with talk(longer) as ours, pytest.raises(errors.SdoAnswerError):
        _ = ours[0x6000].raw  # type: ignore[union-attr]
    with talk(longer) as ours:
        assert ours.upload(0x6000, 0) == b"\x01\x02\x03\x04"


def test_x9_an_answer_shorter_than_the_object() -> None:
    shorter = "> 60A 40 70 60 00 00 00 00 00\n < 58A 4F 70 60 00 A0 00 00 00"
    with talk_plainly(shorter) as theirs, pytest.raises(objectdictionary.ObjectDictionaryError):
        _ = theirs[0x6070].raw  # type: ignore[union-attr]
    with talk(shorter) as ours, pytest.raises(errors.SdoAnswerError):
        _ = ours[0x6070].raw  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name", ["send_request", "read_response", "request_response", "abort", "on_response"]
)
def test_canopens_client_still_consists_of_what_ours_replaces(name: str) -> None:
    theirs = list(inspect.signature(getattr(CanopenClient, name)).parameters)
    ours = list(inspect.signature(getattr(SdoClient, name)).parameters)
    assert [parameter.lstrip("_") for parameter in ours[: len(theirs)]] == theirs


def test_canopens_open_takes_what_ours_takes() -> None:
    theirs = inspect.signature(canopen_client.SdoClient.open).parameters
    ours = inspect.signature(SdoClient.open).parameters
    assert [(name, p.default) for name, p in ours.items()] == [
        (name, p.default) for name, p in theirs.items()
    ]
