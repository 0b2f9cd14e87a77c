"""One device on a bus, for jobs that need no master: our node on it, and what it reports of its NMT state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from deltaq_master.dictionary.eds import load
from deltaq_master.errors import SilentError
from deltaq_master.link.bus.network import Network, open_network
from deltaq_master.link.device.node import Node
from deltaq_master.link.device.reported import ReportedNmt

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.errors import SdoTimeoutError

HEARTBEAT_WAIT = 1.5
"""How long to listen for a device that answers no read [s]: most say something every second."""


class Device(NamedTuple):
    """A device as it can be read and written; nothing is sent before it is asked for."""

    network: Network
    node: Node
    nmt: ReportedNmt

    def missing(self, error: SdoTimeoutError) -> SilentError | None:
        """The error of a device that answers nothing and says nothing; None if it was heard."""
        if self.nmt.reported is not None or self.nmt.wait_heard(HEARTBEAT_WAIT):
            return None
        return silent(self.node.id, error.waited + HEARTBEAT_WAIT)


@contextmanager
def on_bus(network: Network, dictionary: Dictionary) -> Iterator[Device]:
    """The device that a dictionary was loaded for, on a network, for the time of a `with` block."""
    node = Node(dictionary.node_id, dictionary)
    network.add_node(node)
    nmt = ReportedNmt(network, node.id)
    try:
        yield Device(network, node, nmt)
    finally:
        nmt.close()
        network.nodes.pop(node.id, None)
        node.remove_network()


@contextmanager
def open_device(
    interface: str | None = None,
    channel: str | int | None = None,
    bitrate: int | None = None,
    *,
    node_id: int,
    eds: str | PathLike[str],
    **options: Any,
) -> Iterator[Device]:
    """Any device with an EDS, on a bus that is opened as python-can does, for the time of a `with` block.

    Nothing is sent before it is asked for. Raises FileError for an EDS that cannot be used, UsageError, BusError.
    """
    dictionary = load(eds, node_id)
    with (
        open_network(interface, channel, bitrate, **options) as network,
        on_bus(network, dictionary) as device,
    ):
        yield device


def silent(node_id: int, waited: float) -> SilentError:
    """The error of a device that answers nothing and says nothing."""
    problem = "it answers no SDO request and sends no heartbeat"
    remedy = "is it powered, are node-ID and bit rate right, is the bus terminated?"
    return SilentError(node_id, waited, problem, remedy)
