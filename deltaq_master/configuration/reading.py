"""The values of a device on the bus, by SDO reads alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.sources import Source
from deltaq_master.dictionary.address import Address
from deltaq_master.link.sdo.reading import Progress, Reader

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node


def read_device(
    node: Node,
    addresses: Iterable[Address],
    identity: Identity,
    progress: Progress | None = None,
) -> Source:
    """What a device holds of these objects; what it does not answer is in `failures` and `absent`.

    Raises BusError and CallError.
    """
    reader = Reader(node.sdo, progress)
    reader.read(addresses)
    values = {address: data for address, data in reader.found.items() if data is not None}
    return Source(
        f"node {node.id}",
        values,
        identity,
        node.id,
        is_file=False,
        failures=reader.failures,
        absent=reader.absent,
    )
