"""One bus and its master: what is shared by all the chargers on it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.network import Network, open_network
from deltaq_master.link.device.node import Node
from deltaq_master.link.pump.collecting import give_back, set_aside
from deltaq_master.link.pump.pump import MASTER_ID as MASTER_ID
from deltaq_master.link.pump.pump import Pump
from deltaq_master.link.pump.seats import Handle
from deltaq_master.link.record.recorder import Recorder
from deltaq_master.link.sdo.worker import TransferWorkers
from deltaq_master.master.charger import CHARGER_ID, Charger
from deltaq_master.protocol.events import Machine


class Master:
    """NMT master, heartbeat producer and pump of one bus; several nodes may be on it."""

    def __init__(self, network: Network, node_id: int = MASTER_ID) -> None:
        """Take over a connected network; it is closed by whoever opened it."""
        self.network = network
        self.node_id = node_id
        self._owns_network = False
        self._workers = TransferWorkers()
        self._pump: Pump | None = None
        self._recorder: Recorder | None = None
        self._chargers: list[Charger] = []
        network.reserve(node_id)

    @classmethod
    def open(
        cls,
        interface: str | None = None,
        channel: str | int | None = None,
        bitrate: int | None = None,
        *,
        node_id: int = MASTER_ID,
        **options: Any,
    ) -> Self:
        """Open a bus as python-can does, its settings and environment included; nothing is sent.

        Raises UsageError or BusError.
        """
        master = cls(open_network(interface, channel, bitrate, **options), node_id)
        master._owns_network = True
        return master

    def charger(self, node_id: int = CHARGER_ID, eds: str | Path | Dictionary | None = None) -> Charger:
        """The charger with this node-ID, described by our EDS, another one or a loaded one; nothing is sent.

        Raises FileError for an EDS that cannot be used, CallError if the node-ID is taken.
        """
        dictionary = eds if isinstance(eds, Dictionary) else load(eds or eds_path(), node_id)
        node = Node(node_id, dictionary)
        charger = Charger(self.network, lambda: self.pump, self._workers, node, self.node_id, self._forget)
        self._chargers.append(charger)
        return charger

    def _forget(self, charger: Charger) -> None:
        if charger in self._chargers:
            self._chargers.remove(charger)

    def record(self, recorder: Recorder) -> None:
        """Record every frame, loss of the bus, and step of a charge that begins from now on; its owner closes it."""
        self.network.gate.subscribe_frames(recorder.frame)
        self.network.gate.subscribe_turns(recorder.turn)
        self._recorder = recorder

    def _recorded(self, machine: Machine) -> Handle:
        return machine.handle if self._recorder is None else self._recorder.machine(machine)

    @property
    def pump(self) -> Pump:
        """The pump of this bus, started when it is first needed."""
        if self._pump is None:
            self._pump = Pump(
                self.network.send_frame, self._workers, master_id=self.node_id, recorded=self._recorded
            )
            self._pump.start(self.network.gate)
            set_aside()
        return self._pump

    def close(self) -> None:
        """End what runs by the safe order, all charges at once, then leave the bus; may be called again."""
        chargers, self._chargers = self._chargers, []
        for charger in chargers:
            charger.leave()
        # Ctrl-C shows at the end of one charger's safe order; the others get theirs all the same.
        with ExitStack() as ends:
            ends.callback(self._leave)
            for charger in chargers:
                ends.callback(charger.close)

    def _leave(self) -> None:
        if self._pump is not None:
            self._pump.stop()
            self._pump = None
            give_back()
        self._workers.stop()
        self.network.release(self.node_id)
        if self._owns_network:
            self.network.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
