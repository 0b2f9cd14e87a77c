"""The SDO client against an independent CANopen stack: python-durand as the server, in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import can
import pytest
from durand import MinimalNode, Variable
from durand.datatypes import DatatypeEnum
from durand.network import NetworkABC

from deltaq_master.link.sdo.client import SdoAborted, SdoClient
from tests.wire.sdo_peer import CYCLE, NODE_ID, client_on, fresh_channel, plain_network

LENGTHS = [0, 1, 4, 5, 6, 7, 8, 13, 14, 15, 888, 889, 890, 1778, 5000]
"""Around a request (4), a segment (7) and a block of 127 segments (889)."""


class OnVirtualBus(NetworkABC):  # type: ignore[misc]
    """durand's own adapter waits up to a second when it is stopped; this one does not."""

    def __init__(self, channel: str) -> None:
        self._callbacks: dict[int, Any] = {}
        self._bus = can.Bus(interface="virtual", channel=channel)
        self._notifier = can.Notifier(self._bus, [self._receive], timeout=CYCLE)

    def add_subscription(self, cob_id: int, callback: Any) -> None:
        self._callbacks[cob_id] = callback

    def remove_subscription(self, cob_id: int) -> None:
        del self._callbacks[cob_id]

    def send(self, cob_id: int, msg: bytes) -> None:
        self._bus.send(can.Message(arbitration_id=cob_id, data=msg, is_extended_id=False))

    def close(self) -> None:
        self._notifier.stop()
        self._bus.shutdown()

    def _receive(self, message: can.Message) -> None:
        callback = self._callbacks.get(message.arbitration_id)
        if callback is not None:
            callback(message.arbitration_id, bytes(message.data))


class Device:
    """A durand node with a number, a domain and a constant."""

    def __init__(self, channel: str) -> None:
        self.network = OnVirtualBus(channel)
        self.node = MinimalNode(self.network, NODE_ID)
        od = self.node.object_dictionary
        od[0x2000] = Variable(DatatypeEnum.UNSIGNED16, "rw", value=0x1234, minimum=0, maximum=0x2000)
        od[0x2001] = Variable(DatatypeEnum.DOMAIN, "rw", value=b"")
        od[0x2002] = Variable(DatatypeEnum.UNSIGNED32, "const", value=7)

    @property
    def domain(self) -> bytes:
        data: bytes = self.node.object_dictionary.read(0x2001, 0)
        return data

    @domain.setter
    def domain(self, data: bytes) -> None:
        self.node.object_dictionary.write(0x2001, 0, data)


@pytest.fixture
def device() -> Iterator[tuple[Device, SdoClient]]:
    channel = fresh_channel()
    made = Device(channel)
    try:
        with plain_network(channel) as network, client_on(network) as client:
            yield made, client
    finally:
        made.network.close()


def content(length: int) -> bytes:
    return bytes((number * 7 + number // 256) % 256 for number in range(length))


def test_a_number_is_read_and_written(device: tuple[Device, SdoClient]) -> None:
    there, client = device
    assert client.upload(0x2000, 0) == b"\x34\x12"
    client.download(0x2000, 0, b"\x00\x20")
    assert there.node.object_dictionary.read(0x2000, 0) == 0x2000


@pytest.mark.parametrize(
    ("index", "data", "code"),
    [
        (0x2000, b"\x01\x20", 0x06090031),
        (0x2000, b"\x01\x20\x00", 0x06070010),
        (0x2002, b"\x01\x00\x00\x00", 0x06010002),
        (0x2003, b"\x01", 0x06020000),
    ],
)
def test_what_it_refuses(device: tuple[Device, SdoClient], index: int, data: bytes, code: int) -> None:
    with pytest.raises(SdoAborted) as caught:
        device[1].download(index, 0, data)
    assert caught.value.code == code


def test_a_missing_sub_index(device: tuple[Device, SdoClient]) -> None:
    with pytest.raises(SdoAborted) as caught:
        device[1].upload(0x1018, 99)
    assert caught.value.code == 0x06090011


@pytest.mark.parametrize("length", LENGTHS)
def test_reading_segments(device: tuple[Device, SdoClient], length: int) -> None:
    there, client = device
    there.domain = content(length)
    assert client.upload(0x2001, 0) == content(length)


@pytest.mark.parametrize("length", LENGTHS)
def test_writing_segments(device: tuple[Device, SdoClient], length: int) -> None:
    there, client = device
    client.download(0x2001, 0, content(length), force_segment=True)
    assert there.domain == content(length)


# durand 0.5 says of a full last segment that none of its 7 bytes count.
@pytest.mark.parametrize("crc", [True, False])
@pytest.mark.parametrize("length", [length for length in LENGTHS if length % 7 or length == 0])
def test_reading_blocks(device: tuple[Device, SdoClient], length: int, crc: bool) -> None:
    there, client = device
    there.domain = content(length)
    with client.open(0x2001, block_transfer=True, request_crc_support=crc) as file:
        assert file.read() == content(length)


@pytest.mark.parametrize("crc", [True, False])
@pytest.mark.parametrize("length", LENGTHS)
def test_writing_blocks(device: tuple[Device, SdoClient], length: int, crc: bool) -> None:
    there, client = device
    with client.open(0x2001, mode="wb", size=length, block_transfer=True, request_crc_support=crc) as file:
        file.write(content(length))
    assert there.domain == content(length)
