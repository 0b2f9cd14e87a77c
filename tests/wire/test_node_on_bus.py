"""The node object: what it is made of, how it comes and goes, and canopen's own interface on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import can
import canopen
import pytest

from deltaq_master import errors
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.mapping import PdoDump, PdoKind
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device.node import Node
from deltaq_master.link.pdo.maps import PdoMap, PdoVariable
from deltaq_master.link.sdo.client import SdoClient, SdoTimedOut
from tests.wire.sdo_peer import CYCLE, Peer, device, frame, fresh_channel, plain_network, record_of, word

SMALL, SIGNED, TWO = word(0x2000, 0, 8), word(0x2001, 0, 16), word(0x2005, 2, 16)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(10, device(tmp_path))


@pytest.fixture
def bus() -> Iterator[can.BusABC]:
    """The device's end of a virtual bus."""
    with can.Bus(interface="virtual", channel=fresh_channel()) as made:
        yield made


def channel_of(bus: can.BusABC) -> str:
    return str(bus.channel_id)  # type: ignore[attr-defined]


def falls_silent(bus: can.BusABC) -> bool:
    """True once three periods of 10 ms pass without a frame, with no more than a few before."""
    return any(bus.recv(0.03) is None for _ in range(20))


def dump(node: Node) -> PdoDump:
    return PdoDump(
        (
            record_of(node.dictionary, PdoKind.RPDO, [SMALL, SIGNED]),
            record_of(node.dictionary, PdoKind.TPDO, [SMALL, SIGNED]),
            record_of(node.dictionary, PdoKind.TPDO, [TWO, SMALL], number=2),
        ),
        "a test",
    )


# --- what it is made of -----------------------------------------------------------------------------------


def test_everything_is_ours_from_the_beginning(node: Node) -> None:
    assert isinstance(node, canopen.RemoteNode)
    assert isinstance(node.sdo, SdoClient)
    assert node.sdo_channels == [node.sdo]
    for pdo in (*node.rpdo.all, *node.tpdo.all):
        assert isinstance(pdo, PdoMap)
        assert pdo.com_record.sdo_node is node.sdo
        assert pdo.map_array.sdo_node is node.sdo


def test_a_dictionary_of_another_node_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match=r"device\.eds was loaded for node 11, not 10"):
        Node(10, device(tmp_path, 11))


def test_half_a_pair_of_pdo_parameters_does_not_stop_it(node: Node) -> None:
    assert node.rpdo.numbered(3).map_array.od.index == 0x1602


def test_pdos_by_number_and_by_index(node: Node) -> None:
    assert node.rpdo[1] is node.rpdo[0x1600] is node.rpdo[0x1400] is node.pdo[0x1600]
    assert node.tpdo[2] is node.tpdo[0x1A01] is node.tpdo[0x1801] is node.pdo[0x1A01]
    assert list(node.rpdo) == [1, 2, 3]
    assert list(node.pdo) == [0x1600, 0x1601, 0x1602, 0x1A00, 0x1A01]
    assert node.pdo.rx is node.rpdo.map
    assert node.pdo.tx is node.tpdo.map
    assert [pdo.predefined_cob_id for pdo in node.rpdo.all] == [0x20A, 0x30A, 0x40A]
    assert [pdo.predefined_cob_id for pdo in node.tpdo.all] == [0x18A, 0x28A]
    for key, written in ((4, "4"), (0, "0"), (0x1607, "1607h"), (0x1A00, "1A00h")):
        assert key not in node.rpdo
        with pytest.raises(KeyError, match=f"node 10 has no PDO {written} among its RPDOs"):
            node.rpdo[key]
    with pytest.raises(errors.UsageError, match="has no PDO 1 among its PDOs"):
        node.pdo[1]


def test_pdos_from_5_on_have_no_predefined_cob_id() -> None:
    charger = Node(10, load(eds_path(), 10))
    assert [pdo.predefined_cob_id for pdo in charger.rpdo.all][3:5] == [0x50A, None]


# --- objects across PDOs ----------------------------------------------------------------------------------


def test_an_object_is_found_in_whichever_pdo_has_it(node: Node) -> None:
    node.install(dump(node))
    found = node.tpdo["Group.Two"]
    assert isinstance(found, PdoVariable)
    assert found.pdo_parent is node.tpdo[2]
    assert "Group.Two" in node.tpdo
    assert "Wide" not in node.tpdo
    assert 0x2005 in node.tpdo
    assert object() not in node.tpdo
    with pytest.raises(KeyError, match="'Wide' is not mapped in the TPDOs of node 10"):
        node.tpdo["Wide"]


def test_an_object_in_two_pdos_is_ambiguous(node: Node) -> None:
    node.install(dump(node))
    assert "Small" in node.tpdo
    with pytest.raises(errors.UsageError) as caught:
        node.tpdo["Small"]
    assert "TxPDO1_node10 position 0 (Small), TxPDO2_node10 position 1 (Small)" in str(caught.value)


def test_a_disabled_pdo_is_looked_at_last(node: Node) -> None:
    both = dump(node)
    disabled = record_of(node.dictionary, PdoKind.TPDO, [SMALL, TWO], number=2, cob_word=0x8000028A)
    node.install(PdoDump((both.tpdo(1), disabled), ""))
    assert node.tpdo["Small"].pdo_parent is node.tpdo[1]  # type: ignore[union-attr]
    assert node.tpdo["Group.Two"].pdo_parent is node.tpdo[2]  # type: ignore[union-attr]


def test_a_dump_with_an_unknown_pdo_changes_nothing(node: Node) -> None:
    first = record_of(node.dictionary, PdoKind.RPDO, [SMALL])
    with pytest.raises(errors.UsageError, match="has no PDO 9 among its RPDOs"):
        node.install(PdoDump((first, record_of(node.dictionary, PdoKind.RPDO, [SMALL], number=9)), ""))
    assert node.rpdo.numbered(1).cob_id is None


# --- coming and going -------------------------------------------------------------------------------------


EXTRA = "> 64A 40 00 10 00 00 00 00 00\n < 5CA 43 00 10 00 A3 01 00 00"


def test_a_channel_added_later_works_at_once(node: Node, bus: can.BusABC) -> None:
    with Peer(channel_of(bus), EXTRA), plain_network(channel_of(bus)) as network:
        network.add_node(node)
        extra = node.add_sdo(0x64A, 0x5CA)
        assert extra.upload(0x1000, 0) == b"\xa3\x01\x00\x00"
        assert extra.node_id == 10


def test_a_channel_added_before_works_too(node: Node, bus: can.BusABC) -> None:
    extra = node.add_sdo(0x64A, 0x5CA)
    with Peer(channel_of(bus), EXTRA), plain_network(channel_of(bus)) as network:
        network.add_node(node)
        assert extra.upload(0x1000, 0) == b"\xa3\x01\x00\x00"


def test_leaving_the_network_leaves_nothing_behind(node: Node, bus: can.BusABC) -> None:
    node.add_sdo(0x64A, 0x5CA)
    node.install(dump(node))
    with plain_network(channel_of(bus)) as network:
        before = {cob_id: list(callbacks) for cob_id, callbacks in network.subscribers.items()}
        network.add_node(node)
        node.rpdo.subscribe()  # type: ignore[no-untyped-call]
        assert {0x18A, 0x28A, 0x20A, 0x70A, 0x08A, 0x58A, 0x5CA} <= set(network.subscribers)
        node.rpdo.numbered(1).start(0.01)
        assert bus.recv(1) is not None
        del network[10]
        assert network.subscribers == before
        assert falls_silent(bus)
        assert not node.has_network()
        for client in node.sdo_channels:
            with pytest.raises(errors.CallError, match="on no network"):
                client.upload(0x1000, 0)
        node.remove_network()


def test_a_node_may_come_back(node: Node, bus: can.BusABC) -> None:
    node.install(dump(node))
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        del network[10]
        network.add_node(node)
        assert network.subscribers[0x18A] == [node.tpdo.numbered(1).on_message]
        assert len(network.subscribers[0x58A]) == 1


def test_pdos_installed_before_are_received_afterwards(node: Node, bus: can.BusABC) -> None:
    node.install(dump(node))
    pdo = node.tpdo.numbered(1)
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        arrived = threading.Event()
        pdo.add_callback(lambda _: arrived.set())
        bus.send(frame(0x18A, bytes.fromhex("07 38 FF")))
        assert arrived.wait(2)
    assert pdo.raws() == (7, -200)


# --- canopen's interface goes on --------------------------------------------------------------------------


def test_wait_for_reception(node: Node, bus: can.BusABC) -> None:
    node.install(dump(node))
    pdo = node.tpdo.numbered(1)
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        timer = threading.Timer(0.02, lambda: bus.send(frame(0x18A, bytes.fromhex("07 38 FF"))))
        timer.start()
        assert pdo.wait_for_reception(2) is not None
        timer.join()
        assert pdo["Signed"].phys == -100.0
        assert pdo.wait_for_reception(0.01) is None


def test_frames_of_an_rpdo_go_out(node: Node, bus: can.BusABC) -> None:
    node.install(dump(node))
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        pdo = node.rpdo.numbered(1)
        pdo["Signed"].phys = -100.0
        pdo.transmit()
        sent = bus.recv(1)
    assert sent is not None
    assert (sent.arbitration_id, bytes(sent.data)) == (0x20A, bytes.fromhex("00 38 FF"))


def test_nmt_shows_what_was_commanded(node: Node, bus: can.BusABC) -> None:
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        node.nmt.state = "OPERATIONAL"
        assert node.nmt.state == "OPERATIONAL"  # with nobody on the bus


def test_a_silent_transfer_tells_that_the_node_lives(node: Node, bus: can.BusABC) -> None:
    dialogue = """
        > 60A 40 00 10 00 00 00 00 00
        < 70A 04
        < 08A 00 00 00 00 00 00 00 00
        > 60A 40 00 10 00 00 00 00 00
        > 60A 80 00 10 00 00 00 04 05
    """
    with Peer(channel_of(bus), dialogue), plain_network(channel_of(bus)) as network:
        network.add_node(node)
        node.sdo.RESPONSE_TIMEOUT = 0.2
        with pytest.raises(SdoTimedOut, match="it was heard meanwhile") as caught:
            node.sdo.upload(0x1000, 0)
    assert "heard 70Ah 04" in caught.value.evidence
    assert "heard 08Ah 00 00 00 00 00 00 00 00" in caught.value.evidence


def test_stopping_a_container_ends_what_it_sends(node: Node, bus: can.BusABC) -> None:
    node.install(dump(node))
    with plain_network(channel_of(bus)) as network:
        network.add_node(node)
        node.rpdo.numbered(1).start(0.01)
        node.tpdo.stop()
        node.pdo.stop()
        assert falls_silent(bus)


def test_on_our_own_network_it_is_the_same(node: Node, bus: can.BusABC) -> None:
    raised: list[BaseException] = []
    done = threading.Event()

    def call(_: object) -> None:
        try:
            node.sdo.upload(0x1000, 0)
        except errors.CallError as error:
            raised.append(error)
        done.set()

    node.install(dump(node))
    node.tpdo.numbered(1).add_callback(call)
    network = Network(can.Bus(interface="virtual", channel=channel_of(bus)))
    network.NOTIFIER_CYCLE = CYCLE
    network.connect()
    try:
        network.add_node(node)
        with Peer(channel_of(bus), "> 60A 40 00 10 00 00 00 00 00\n < 58A 43 00 10 00 A3 01 00 00"):
            assert node.sdo.upload(0x1000, 0) == b"\xa3\x01\x00\x00"
        bus.send(frame(0x18A, bytes.fromhex("07 38 FF")))
        assert done.wait(2)
        assert "called from a receive callback" in str(raised[0])
        lent = network.bus
    finally:
        network.disconnect()
    with pytest.raises(errors.CallError, match="not connected to a bus"):
        node.sdo.upload(0x1000, 0)
    assert lent is not None
    lent.shutdown()
