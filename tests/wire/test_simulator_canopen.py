"""Plain canopen against the simulated charger: an independent client for the SDO server and the EDS."""

from __future__ import annotations

from collections.abc import Iterator

import canopen
import pytest

from deltaq_master.dictionary.shipped import eds_path


@pytest.fixture(scope="module")
def node() -> Iterator[canopen.RemoteNode]:
    """A plain RemoteNode of the shipped EDS, with the charger on its network."""
    network = canopen.Network()
    network.connect(interface="deltaq_sim", channel="canopen", soc=50, auto_operational="yes")
    plain = canopen.RemoteNode(10, str(eds_path()))
    plain.sdo.RESPONSE_TIMEOUT = 3.0
    network.add_node(plain)
    plain.nmt.wait_for_heartbeat(5)
    yield plain
    network.disconnect()


def test_plain_canopen_reads_volts(node: canopen.RemoteNode) -> None:
    assert node.sdo[0x2101].phys == 74.0
    assert node.sdo[0x1000].raw == 0x1A3
    assert node.sdo[0x1018][1].raw == 0x110


def test_plain_canopen_hears_the_charger(node: canopen.RemoteNode) -> None:
    assert node.nmt.wait_for_heartbeat(5) == "OPERATIONAL"


def test_strings_come_in_segments(node: canopen.RemoteNode) -> None:
    assert node.sdo[0x1008].raw == "ICL1500-85"
    assert node.sdo[0x100A].raw == "001.008.00000#00008"


def test_download_in_segments(node: canopen.RemoteNode) -> None:
    node.sdo.download(0x1017, 0, b"\xf4\x01", force_segment=True)
    assert node.sdo[0x1017].raw == 500


@pytest.mark.parametrize("crc", [True, False])
def test_block_upload(node: canopen.RemoteNode, crc: bool) -> None:
    with node.sdo.open(0x100A, 0, "rb", block_transfer=True, request_crc_support=crc) as stream:
        assert stream.read() == b"001.008.00000#00008"


@pytest.mark.parametrize("crc", [True, False])
def test_block_download(node: canopen.RemoteNode, crc: bool) -> None:
    with node.sdo.open(
        0x1017, 0, "wb", size=2, buffering=7, block_transfer=True, request_crc_support=crc
    ) as stream:
        stream.write(b"\xf4\x01")
    assert node.sdo[0x1017].raw == 500


def test_aborts_are_those_of_the_device(node: canopen.RemoteNode) -> None:
    for index, sub, code in ((0x5FFF, 0, 0x06020000), (0x1018, 9, 0x06090011)):
        with pytest.raises(canopen.SdoAbortedError) as aborted:
            node.sdo.upload(index, sub)
        assert aborted.value.code == code
    for index, data, code in (
        (0x1000, bytes(4), 0x06010002),
        (0x1017, bytes(1), 0x06070013),
        (0x1017, bytes(4), 0x06070012),
        (0x6070, bytes(2), 0x08000022),
    ):
        with pytest.raises(canopen.SdoAbortedError) as aborted:
            node.sdo.download(index, 0, data)
        assert aborted.value.code == code


def test_tpdo_as_plain_canopen_decodes_it(node: canopen.RemoteNode) -> None:
    node.tpdo[1].read()
    node.tpdo[1].wait_for_reception(5)
    assert node.tpdo[1].map[1].phys == 74.0
