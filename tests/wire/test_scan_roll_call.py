"""The active scan of a whole bus: 127 node-IDs, of which five answer, three abort, one is slow, the rest not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import can
import pytest

from deltaq_master.errors import BusError, SdoAnswerError
from deltaq_master.link.bus.network import Network
from deltaq_master.link.sdo.pacing import Pace
from deltaq_master.link.sdo.roll_call import ask_all
from deltaq_master.link.sdo.worker import TransferClient
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.identity import Identity
from deltaq_master.scanner.roll import Answer, call_roll, identify
from deltaq_master.scanner.scan import Scan
from tests.wire.conftest import ScriptedBus

ANSWERING = (3, 10, 40, 99, 127)
ABORTING = (5, 64, 90)
SLOW = 77
SLOWNESS = 0.06
"""How late the slow one answers [s]: later than a request is young, in time for the time-out."""
YOUNG = 0.01
TIMEOUT = 0.4
MOST = 16
NO_OBJECT = "00 00 02 06"

Reply = Callable[[int, str], list[str]]
"""Node-ID and object (`1000:00`) to the answers, in hexadecimal."""


def value(place: str, number: int) -> str:
    index, sub = place.split(":")
    return f"43 {index[2:]} {index[:2]} {sub} {number.to_bytes(4, 'little').hex(' ')}"


def abort(place: str, code: str = NO_OBJECT) -> str:
    index, sub = place.split(":")
    return f"80 {index[2:]} {index[:2]} {sub} {code}"


IDENTITY = {"1000:00": 0x0003_0191, "1018:01": 0x123, "1018:02": 0x77, "1018:03": 0x0002_0005}


def town(node_id: int, place: str) -> list[str]:
    """What the nodes of this bus answer."""
    if node_id in ABORTING:
        return [abort(place)]
    if node_id in (*ANSWERING, SLOW):
        return [value(place, {**IDENTITY, "1018:04": 0xAB00 + node_id}[place])]
    return []


def identity(node_id: int) -> Identity:
    return Identity(0x0003_0191, 0x123, 0x77, 0x0002_0005, 0xAB00 + node_id)


class Town:
    """Answers requests on a scripted bus, and keeps every frame with its time."""

    def __init__(self, bus: ScriptedBus, network: Network, reply: Reply = town) -> None:
        self.frames: list[Frame] = []
        self._bus = bus
        self._reply = reply
        bus.answer = self._answer
        network.gate.subscribe_frames(self.frames.append)

    @property
    def asked(self) -> list[int]:
        """Node-IDs in the order of their first request."""
        return list(dict.fromkeys(frame.cob_id - 0x600 for frame in self.requests))

    @property
    def requests(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.sent and frame.data[0] == 0x40]

    def most_young(self, young: float) -> int:
        """The most requests that were unanswered and younger than this at one moment, as the bus recorded them."""
        spans: list[tuple[float, int]] = []
        for place, frame in enumerate(self.frames):
            if not (frame.sent and frame.data[0] == 0x40):
                continue
            answers = (f.time for f in self.frames[place:] if f.cob_id == frame.cob_id - 0x80)
            ends = min(next(answers, frame.time + young), frame.time + young)
            spans += [(frame.time, 1), (ends, -1)]
        most = young_ones = 0
        for _, step in sorted(spans):
            young_ones += step
            most = max(most, young_ones)
        return most

    def _answer(self, sent: can.Message) -> None:
        data = sent.data.hex(" ").upper()
        if sent.data[0] != 0x40:
            return
        node_id, place = sent.arbitration_id - 0x600, f"{data[6:8]}{data[3:5]}:{data[9:11]}"
        for reply in self._reply(node_id, place):
            if node_id == SLOW:
                threading.Timer(SLOWNESS, self._bus.hear, (0x580 + node_id, reply)).start()
            else:
                self._bus.hear(0x580 + node_id, reply)


@pytest.fixture
def lively(bus: ScriptedBus, network: Network) -> Town:
    return Town(bus, network)


PACE = Pace(most=MOST, young=YOUNG)


def test_127_node_ids(network: Network, lively: Town) -> None:
    answers = list(call_roll(network, pace=PACE, timeout=TIMEOUT))
    assert sorted(answer.node_id for answer in answers) == list(range(1, 128))
    present = {answer.node_id: answer for answer in answers if answer.present}
    assert sorted(present) == sorted((*ANSWERING, *ABORTING, SLOW))
    for node_id in (*ANSWERING, SLOW):
        assert present[node_id] == Answer(node_id, True, identity(node_id))
    for node_id in ABORTING:
        answer = present[node_id]
        assert answer.identity == Identity()
        assert answer.aborts[0] == "1000h:00 aborted: the device has no such object (0602 0000h)"
        assert len(answer.aborts) == 5
        assert answer.complete


def test_a_bounded_number_is_young(network: Network, lively: Town) -> None:
    list(call_roll(network, pace=PACE, timeout=TIMEOUT))
    assert len(lively.requests) == 127 + 4 * 9
    assert lively.most_young(YOUNG) <= MOST
    # The measure itself: many more were waiting for a late answer.
    assert lively.most_young(TIMEOUT) > MOST


def test_every_request_is_a_read_and_silence_ends_with_an_abort(bus: ScriptedBus, network: Network) -> None:
    Town(bus, network, lambda node_id, place: [])
    assert [answer.present for answer in call_roll(network, (7,), timeout=0.02)] == [False]
    # 0504 0000h: the transfer took too long (CiA 301); whoever comes too late knows that nobody listens.
    assert bus.sent == [
        (0x607, bytes.fromhex("40 00 10 00 00 00 00 00")),
        (0x607, bytes.fromhex("80 00 10 00 00 00 04 05")),
    ]


def test_only_those_that_were_named_are_asked_and_each_once(network: Network, lively: Town) -> None:
    answers = list(call_roll(network, (10, 3, 10), pace=PACE, timeout=TIMEOUT))
    assert sorted(answer.node_id for answer in answers) == [3, 10]
    assert sorted(lively.asked) == [3, 10]


def test_a_node_object_of_ours_is_not_asked(network: Network, lively: Town, objects: object) -> None:
    network.add_node(10, objects)  # type: ignore[arg-type]
    answers = list(call_roll(network, (9, 10), pace=PACE, timeout=0.02))
    assert [answer.node_id for answer in answers] == [9]
    assert lively.asked == [9]


def test_a_lost_answer_is_asked_for_again_where_somebody_is(bus: ScriptedBus, network: Network) -> None:
    lost = {(10, "1018:02"), (20, "1000:00"), (30, "1000:00")}

    def forgetful(node_id: int, place: str) -> list[str]:
        if (node_id, place) in lost:
            lost.remove((node_id, place))
            return []
        return town(10, place)

    Town(bus, network, forgetful)
    answers = {a.node_id: a for a in call_roll(network, (10, 20, 30), heard={20}, timeout=0.05)}
    assert answers[10] == Answer(10, True, identity(10))
    assert answers[20] == Answer(20, True, identity(10))
    # Nobody knew of node 30: it is asked once.
    assert not answers[30].present


def test_an_answer_that_stays_away_makes_it_incomplete(bus: ScriptedBus, network: Network) -> None:
    Town(bus, network, lambda node_id, place: [] if place == "1018:03" else town(10, place))
    (answer,) = call_roll(network, (10,), timeout=0.02)
    assert answer.present
    assert not answer.complete
    assert answer.identity.revision is None
    assert answer.identity.serial == 0xAB0A
    assert answer.failures == ("1018h:03 not answered: 1 request, 0.0 s",)


def test_an_answer_of_another_length_is_no_number(bus: ScriptedBus, network: Network) -> None:
    Town(
        bus, network, lambda n, place: ["4B 00 10 00 91 01 00 00"] if place == "1000:00" else town(10, place)
    )
    (answer,) = call_roll(network, (10,), timeout=TIMEOUT)
    assert answer.identity.device_type is None
    assert answer.failures == ("1000h:00 is 2 bytes long, not 4",)


def test_an_answer_that_breaks_the_protocol_is_one() -> None:
    class Broken:
        def upload(self, index: int, subindex: int, /) -> bytes:
            raise SdoAnswerError(9, index, subindex, "answered with the wrong toggle bit")

        def download(self, index: int, subindex: int, data: bytes, /) -> None:
            raise AssertionError("a scan reads alone")

    answer = identify(9, Broken())
    assert (answer.present, answer.complete, len(answer.failures)) == (True, False, 5)
    assert answer.failures[0] == "1000h:00 answered with the wrong toggle bit"


def test_a_bus_that_refuses_ends_it(bus: ScriptedBus, network: Network) -> None:
    bus.refusal = can.CanOperationError("No buffer space available", 105)
    with pytest.raises(BusError):
        list(call_roll(network, timeout=0.02))
    assert not [cob_id for cob_id in network.subscribers if 0x581 <= cob_id <= 0x5FF]


def test_answers_come_as_they_are_given_and_a_lost_bus_ends_it(
    bus: ScriptedBus, network: Network, lively: Town
) -> None:
    with closing(call_roll(network, (20, 10), timeout=1.0)) as answers:
        assert next(answers).node_id == 10
        bus.fail(OSError(19, "No such device"))
        bus.settle()
        with pytest.raises(BusError, match="the bus was lost"):
            next(answers)


def test_who_stops_early_sends_no_more(bus: ScriptedBus, network: Network) -> None:
    bus_town = Town(bus, network)
    # One at a time, and none of them grows old: the rest waits for its turn.
    with closing(call_roll(network, pace=Pace(most=1, young=1000.0), timeout=0.05)) as answers:
        next(answers)
    sent = len(bus.sent)
    bus.settle()
    assert len(bus.sent) == sent
    assert len(bus_town.asked) < 127
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("SDO of node")]


# --- listening and asking together ------------------------------------------------------------------------


def test_two_devices_with_one_node_id(bus: ScriptedBus, network: Network) -> None:
    def twins(node_id: int, place: str) -> list[str]:
        second = [value(place, 0xBEEF)] if place == "1018:04" else town(10, place)
        return [*town(10, place), *second] if node_id == 9 else town(node_id, place)

    Town(bus, network, twins)
    with Scan(network) as scan:
        list(scan.ask((9, 10), timeout=TIMEOUT))
        bus.settle()
        nodes = {node.node_id: node for node in scan.result.nodes}
    assert "1018h:04 got two different answers" in nodes[9].doubts[0]
    assert nodes[10].doubts == ()


def test_a_node_that_is_heard_and_answers_nothing_is_mute(bus: ScriptedBus, network: Network) -> None:
    Town(bus, network)
    with Scan(network) as scan:
        bus.hear(0x714, "05")
        bus.hear(0x18A, "01")
        bus.settle()
        list(scan.ask((10, 20, 21), timeout=0.02))
        result = scan.result
    assert [(node.node_id, node.present, node.mute) for node in result.nodes] == [
        (10, True, False),
        (20, True, True),
    ]
    # Heard before, so it was asked twice; node 21 once.
    assert [cob_id for cob_id, data in bus.sent if data[0] == 0x40].count(0x614) == 2
    assert [cob_id for cob_id, data in bus.sent if data[0] == 0x40].count(0x615) == 1


def test_listening_sends_nothing(bus: ScriptedBus, network: Network) -> None:
    with Scan(network) as scan:
        bus.hear(0x70A, "7F")
        bus.hear(0x18FEF100, "FF", is_extended_id=True)
        bus.settle()
        assert list(scan.listen(0.05))[-1] == 1
        result = scan.result
    assert bus.sent == []
    assert [node.node_id for node in result.present] == [10]
    assert (result.frames, result.foreign.extended) == (2, 1)


def test_a_bus_that_is_lost_while_we_listen(bus: ScriptedBus, network: Network) -> None:
    bus.fail(OSError(19, "No such device"))
    bus.settle()
    with Scan(network) as scan, pytest.raises(BusError, match="the bus was lost"):
        list(scan.listen(5.0))


def test_a_bus_that_is_lost_while_answers_come_is_said(network: Network) -> None:
    def answered(node_id: int, _: TransferClient) -> int:
        network.gate.lost = "the adapter was unplugged"
        return node_id

    asking = ask_all(network, (3,), answered, timeout=TIMEOUT)
    assert next(asking) == 3
    with pytest.raises(BusError, match="the bus was lost: the adapter was unplugged"):
        next(asking)
