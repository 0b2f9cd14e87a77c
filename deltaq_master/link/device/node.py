"""A device on the bus: canopen's `RemoteNode`, built from our dictionary, with our SDO client and PDO maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import canopen
import canopen.network
from canopen.emcy import EmcyConsumer

from deltaq_master.dictionary.mapping import PdoDump, PdoKind
from deltaq_master.errors import UsageError
from deltaq_master.link.pdo.maps import AllPdos, ReceivePdos, TransmitPdos
from deltaq_master.link.sdo.client import SdoClient
from deltaq_master.protocol.nmt import HEARTBEAT_BASE

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

EMCY_BASE = 0x080
EMERGENCIES_KEPT = 256
"""Emergency messages that a node's log holds when it was cut; canopen's own grows for as long as the program runs."""


class Emergencies(EmcyConsumer):
    """canopen's record of a node's emergency messages, whose oldest are dropped."""

    def on_emcy(self, can_id: int, data: bytearray, timestamp: float) -> None:
        """Take a message."""
        super().on_emcy(can_id, data, timestamp)  # type: ignore[no-untyped-call]
        with self.emcy_received:
            for kept in (self.log, self.active):
                # By half at a time: canopen's `wait` tells by the length of the log that a message came.
                if len(kept) > 2 * EMERGENCIES_KEPT:
                    del kept[:-EMERGENCIES_KEPT]


class Node(canopen.RemoteNode):
    """canopen's node, with its own interface: `node.sdo[...]`, `node.rpdo[1]`, `node.tpdo[1]`, `node.emcy`.

    What it does on the bus is checked, what it is told to do is not: this raw node writes any object, and no
    rule about charging stands before it. `node.nmt.state` is the state that was last commanded or reported,
    whichever came later; it is no proof that the device is in it, or there.
    """

    id: int
    sdo: SdoClient
    rpdo: ReceivePdos
    tpdo: TransmitPdos
    pdo: AllPdos
    emcy: Emergencies

    def __init__(self, node_id: int, dictionary: Dictionary) -> None:
        """Raises UsageError for a dictionary that was loaded for another node-ID: its COB-IDs are that one's."""
        if dictionary.node_id != node_id:
            raise UsageError(
                f"{dictionary.path.name} was loaded for node {dictionary.node_id}, not {node_id}",
                "load it for this one",
            )
        self.dictionary = dictionary
        super().__init__(node_id, dictionary.od)
        # canopen has built its own by now; nobody has seen them yet.
        self.rpdo = ReceivePdos(self)
        self.tpdo = TransmitPdos(self)
        self.pdo = AllPdos(self, self.rpdo, self.tpdo)
        self.emcy = Emergencies()  # type: ignore[no-untyped-call]

    def add_sdo(self, rx_cobid: int, tx_cobid: int) -> SdoClient:
        """Add an SDO channel; on a node that is on a network it works at once."""
        client = SdoClient(rx_cobid, tx_cobid, self.object_dictionary, self.id)
        self.sdo_channels.append(client)
        if self.has_network():
            self._attach(client)
        return client

    def install(self, dump: PdoDump) -> None:
        """Fill `rpdo` and `tpdo` with what is known about the PDOs of the device, every slot kept.

        Raises UsageError for a PDO that the dictionary does not have; nothing is changed then.
        """
        maps = [
            ((self.rpdo if record.kind is PdoKind.RPDO else self.tpdo).numbered(record.number), record)
            for record in dump.records
        ]
        for pdo, record in maps:
            pdo.install(record)

    def associate_network(self, network: canopen.Network) -> None:
        """Go on a network (`network.add_node` comes here)."""
        super().associate_network(network)
        for client in self.sdo_channels:
            self._attach(client)
        for pdo in self.tpdo.all:
            pdo.subscribe()

    def remove_network(self) -> None:
        """Leave the network: nothing is received or sent any more, periodic PDOs included."""
        if not self.has_network():
            return
        for pdo in (*self.rpdo.all, *self.tpdo.all):
            pdo.stop()
            pdo.unsubscribe()
        network = self.network
        for client in self.sdo_channels:
            for base in (HEARTBEAT_BASE, EMCY_BASE):
                network.unsubscribe(base + self.id, client.on_other)
        super().remove_network()
        for client in self.sdo_channels:
            client.network = self.network

    def _attach(self, client: SdoClient) -> None:
        client.network = self.network
        self.network.subscribe(client.tx_cobid, client.on_response)
        for base in (HEARTBEAT_BASE, EMCY_BASE):
            self.network.subscribe(base + self.id, client.on_other)
