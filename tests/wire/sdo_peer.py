"""The other end of an SDO channel, played from a dialogue that is typed by hand.

    > 60A  40 00 10 00 00 00 00 00      the client must send this next
    < 58A  43 00 10 00 A3 01 00 00      the device sends this
    . 20                                the device does nothing for 20 ms

The test is the trace: whatever else the client sends, or does not send, fails it. A `Server` answers by a
function instead, for tests that count on many transfers.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import can
import canopen
from canopen.objectdictionary import ODArray, ODRecord, ODVariable
from canopen.objectdictionary.datatypes import (
    INTEGER16,
    UNSIGNED8,
    UNSIGNED16,
    UNSIGNED32,
    VISIBLE_STRING,
)
from canopen.sdo.client import SdoClient as CanopenClient

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.mapping import PdoKind, PdoMapping, PdoRecord
from deltaq_master.link.sdo.client import SdoClient

NODE_ID = 10
REQUEST, ANSWER = 0x60A, 0x58A
PATIENCE = 5.0
"""How long a peer waits for a client that does not go on [s]; only a failing test waits."""

CYCLE = 0.002
"""How often a thread looks whether it should end [s]."""

_channels = (f"sdo-{number}" for number in itertools.count())


def fresh_channel() -> str:
    """Name of a virtual bus that nobody else uses."""
    return next(_channels)


def frame(cob_id: int, data: bytes) -> can.Message:
    """A classic CAN frame with an 11-bit identifier."""
    return can.Message(arbitration_id=cob_id, data=data, is_extended_id=False)


def hexed(message: can.Message) -> str:
    """A frame as the dialogues write it."""
    return f"{message.arbitration_id:03X}  {message.data.hex(' ').upper()}"


class Peer:
    """A device that plays its part of one dialogue, in a thread of its own."""

    def __init__(self, channel: str, dialogue: str) -> None:
        self.bus = can.Bus(interface="virtual", channel=channel)
        self.faults: list[str] = []
        lines = (line.split("#")[0].strip() for line in dialogue.splitlines())
        self._script = [line for line in lines if line]
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(PATIENCE if kind is None else 0)
        # Frames are in the queue as soon as their sender goes on, so whatever was sent is here by now.
        while (message := self.bus.recv(0)) is not None:
            self.faults.append(f"not in the dialogue: {hexed(message)}")
        self.bus.shutdown()
        if kind is None:
            assert not self.faults, "\n".join(self.faults)

    def _play(self) -> None:
        for line in self._script:
            mark, rest = line.split(maxsplit=1)
            if mark == ".":
                time.sleep(float(rest) / 1000)
                continue
            cob_id, *data = rest.split()
            message = frame(int(cob_id, 16), bytes.fromhex(" ".join(data)))
            if mark == "<":
                self.bus.send(message)
                continue
            assert mark == ">", line
            heard = self.bus.recv(PATIENCE)
            if heard is None or hexed(heard) != hexed(message):
                self.faults.append(f"awaited {hexed(message)}, got {hexed(heard) if heard else 'nothing'}")
                return


class Server:
    """A device that answers each request at once by a function, until the block is left."""

    def __init__(self, channel: str, answer: Callable[[bytes], list[bytes]]) -> None:
        self.bus = can.Bus(interface="virtual", channel=channel)
        self.requests: list[bytes] = []
        self._answer = answer
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self.bus.shutdown()

    def _serve(self) -> None:
        while not self._ending.is_set():
            request = self.bus.recv(CYCLE)
            if request is not None and request.arbitration_id == REQUEST:
                self.requests.append(bytes(request.data))
                for data in self._answer(bytes(request.data)):
                    self.bus.send(frame(ANSWER, data))


class Objects(Server):
    """A device that holds objects of up to four bytes, and can be told to misbehave."""

    def __init__(self, channel: str, held: Mapping[tuple[int, int], bytes]) -> None:
        self.held = dict(held)
        self.silent: set[tuple[int, int]] = set()
        self.aborts: dict[tuple[int, int], int] = {}
        """Abort code by object, for reading and writing."""
        self.write_aborts: dict[tuple[int, int], int] = {}
        """Abort code by object, for writing alone."""
        self.stubborn: set[tuple[int, int]] = set()
        """Objects that confirm a write and keep their value."""
        super().__init__(channel, self._serve_objects)

    @property
    def written(self) -> list[tuple[int, int, str]]:
        """Index, sub-index and bytes of each write that was asked for, in order."""
        return [
            (r[1] | r[2] << 8, r[3], r[4 : 8 - (r[0] >> 2 & 3)].hex(" ").upper())
            for r in self.requests
            if r[0] >> 5 == 1
        ]

    def _serve_objects(self, request: bytes) -> list[bytes]:
        place = request[1] | request[2] << 8, request[3]
        if place in self.silent or request[0] == 0x80:
            return []
        if place in self.aborts:
            return [self._abort(request, self.aborts[place])]
        if place not in self.held:
            return [self._abort(request, 0x06020000)]
        if request[0] == 0x40:
            data = self.held[place]
            return [bytes((0x43 | (4 - len(data)) << 2,)) + request[1:4] + data.ljust(4, b"\0")]
        if place in self.write_aborts:
            return [self._abort(request, self.write_aborts[place])]
        if place not in self.stubborn:
            self.held[place] = request[4 : 8 - (request[0] >> 2 & 3)]
        return [b"\x60" + request[1:4] + bytes(4)]

    @staticmethod
    def _abort(request: bytes, code: int) -> bytes:
        return b"\x80" + request[1:4] + code.to_bytes(4, "little")


@contextmanager
def plain_network(channel: str) -> Iterator[canopen.Network]:
    """canopen's own network on a virtual bus; what works there works on ours."""
    network = canopen.Network(can.Bus(interface="virtual", channel=channel))
    network.NOTIFIER_CYCLE = CYCLE
    network.connect()
    try:
        yield network
    finally:
        network.disconnect()


def variable(name: str, index: int, sub: int, data_type: int) -> ODVariable:
    """An entry as canopen's parser would make it."""
    made = ODVariable(name, index, sub)
    made.data_type = data_type
    return made


def dictionary() -> canopen.ObjectDictionary:
    """A small object dictionary with one object of each kind that the tests use."""
    od = canopen.ObjectDictionary()  # type: ignore[no-untyped-call]
    for index, name, data_type in (
        (0x1000, "Device type", UNSIGNED32),
        (0x1008, "Device name", VISIBLE_STRING),
        (0x6000, "Battery status", UNSIGNED8),
        (0x6010, "Temperature", INTEGER16),
    ):
        od.add_object(variable(name, index, 0, data_type))
    current = variable("Current requested", 0x6070, 0, UNSIGNED16)
    current.min, current.max, current.factor, current.unit = 0, 400, 0.0625, "A"
    od.add_object(current)
    errors = ODArray("Error field", 0x1003)
    for sub, data_type in ((0, UNSIGNED8), (1, UNSIGNED32), (2, UNSIGNED32)):
        errors.add_member(variable(f"Error {sub}", 0x1003, sub, data_type))
    od.add_object(errors)
    identity = ODRecord("Identity", 0x1018)
    for sub, data_type in ((0, UNSIGNED8), (1, UNSIGNED32), (4, UNSIGNED32)):
        identity.add_member(variable(f"Identity {sub}", 0x1018, sub, data_type))
    od.add_object(identity)
    return od


@contextmanager
def client_on(network: canopen.Network, timeout: float = 2.0) -> Iterator[SdoClient]:
    """Our client for the device, on any network."""
    client = SdoClient(REQUEST, ANSWER, dictionary())
    client.network = network
    client.RESPONSE_TIMEOUT = timeout
    network.subscribe(ANSWER, client.on_response)
    yield client


@contextmanager
def talk(dialogue: str, timeout: float = 2.0) -> Iterator[SdoClient]:
    """A client whose device plays this dialogue, to its end."""
    channel = fresh_channel()
    with Peer(channel, dialogue), plain_network(channel) as network, client_on(network, timeout) as client:
        yield client


@contextmanager
def talk_plainly(dialogue: str, timeout: float = 2.0) -> Iterator[CanopenClient]:
    """canopen's own client with such a device."""
    channel = fresh_channel()
    with Peer(channel, dialogue), plain_network(channel) as network:
        client = CanopenClient(REQUEST, ANSWER, dictionary())  # type: ignore[no-untyped-call]
        client.network = network
        client.RESPONSE_TIMEOUT = timeout
        network.subscribe(ANSWER, client.on_response)
        yield client


OBJECTS = """
    1000     Device type       7 ro
    1400     RPDO 1            record
    1400sub0 Highest           5 ro
    1400sub1 COB-ID            7 rw
    1400sub2 Transmission      5 rw
    1400sub5 Event timer       6 rw
    1401     RPDO 2            record
    1401sub1 COB-ID            7 rw
    1401sub2 Transmission      5 ro
    1402     RPDO 3            record
    1402sub1 COB-ID            7 rw
    1402sub2 Transmission      5 rw
    1600     RPDO mapping 1    record
    1600sub0 Count             5 rw
    1600sub1 Slot 1            7 rw
    1600sub2 Slot 2            7 rw
    1600sub3 Slot 3            7 rw
    1601     RPDO mapping 2    array
    1601sub0 Count             5 rw
    1601sub1 Slot              7 rw
    1800     TPDO 1            record
    1800sub1 COB-ID            7 rw
    1800sub2 Transmission      5 rw
    1800sub3 Inhibit time      6 rw
    1800sub5 Event timer       6 rw
    1801     TPDO 2            record
    1801sub1 COB-ID            7 rw
    1801sub2 Transmission      5 rw
    1A00     TPDO mapping 1    record
    1A00sub0 Count             5 rw
    1A00sub1 Slot 1            7 rw
    1A01     TPDO mapping 2    record
    1A01sub0 Count             5 rw
    1A01sub1 Slot 1            7 rw
    2000     Small             5 rww
    2001     Signed            3 rww 0.5 degC
    2002     Switch            1 rww
    2003     Long             27 rww
    2004     Real              8 rww
    2005     Group             record
    2005sub1 One               5 rww
    2005sub2 Two               6 rww
    2006     Limited           6 rww 0.0625 A
    2007     Text              9 rww
    2008     Wide              7 rww
    2009     Little            2 rww
"""
"""Objects of a device for tests about PDOs; 1602h, the other half of RPDO3, is missing on purpose."""


def device(folder: Path, node_id: int = NODE_ID) -> Dictionary:
    """The dictionary of that device."""
    lines = ["[FileInfo]", "FileName=device.eds", "[DeviceInfo]"]
    for text in OBJECTS.strip().splitlines():
        section, rest = text.split(maxsplit=1)
        name, kind = rest[:18].strip(), rest[18:].split()
        lines += [f"[{section}]", f"ParameterName={name}"]
        if kind[0] in ("record", "array"):
            lines.append(f"ObjectType={9 if kind[0] == 'record' else 8}")
            continue
        keys = ("DataType", "AccessType", "Factor", "Unit")[: len(kind)]
        lines += ["ObjectType=7", "PDOMapping=1"]
        lines += [f"{key}={value}" for key, value in zip(keys, kind, strict=True)]
        if name == "Limited":
            lines += ["LowLimit=0", "HighLimit=400"]
    path = folder / "device.eds"
    path.write_text("\n".join(lines), encoding="ascii")
    return load(path, node_id)


def word(index: int, sub: int, bits: int) -> int:
    """A mapping word."""
    return index << 16 | sub << 8 | bits


def record_of(
    dictionary: Dictionary, kind: PdoKind, words: Sequence[int], number: int = 1, **changes: Any
) -> PdoRecord:
    """A PDO as a device may have it: enabled, on its predefined COB-ID, complete."""
    cob_word = (0x200 if kind is PdoKind.RPDO else 0x180) + (number - 1) * 0x100 + dictionary.node_id
    known = {"cob_word": cob_word, "transmission": 255, "inhibit_100us": None, "event_timer_ms": 0} | changes
    mapping = PdoMapping.of(words, dictionary)
    return PdoRecord(kind, number, count=len(words), words=tuple(words), mapping=mapping, **known)
