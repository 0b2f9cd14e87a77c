"""A simulated device over any EDS, without an application: it stores what it is given, and sends it back.

It has what every CANopen device has by CiA 301: see node.py. Nothing moves its inputs, and its outputs drive
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.simulator.channel import Trouble
from deltaq_master.simulator.model import Model
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.node_faults import acts
from deltaq_master.simulator.pdos import Pdo
from deltaq_master.simulator.script import Fault
from deltaq_master.simulator.wired import Wired


class SimulatedDevice(Wired):
    """Whatever its EDS says, and no more."""

    def __init__(
        self,
        dictionary: Dictionary | Model,
        now: float,
        faults: Sequence[Fault] = (),
        *,
        serial: int = 1,
        seed: int = 1,
    ) -> None:
        """Power on at `now` [s]. `serial` is 1018h:04 where the EDS has no default for it."""
        trouble = Trouble(Random(seed))
        self._node = node = Node(Model.of(dictionary), now, trouble)
        place = node.objects.get(0x1018, 4)
        if place is not None and place.entry.default is None:
            node.objects.begin_with(0x1018, 4, serial)
        node.power_on(self)
        does = acts(node, trouble)
        for number, fault in enumerate(faults):
            node.schedule.after(f"fault {number}", fault.seconds, partial(does[fault.name], fault))

    # --- Application of the node -------------------------------------------------------------------------

    def started(self) -> None:
        """The node is up; it waits for NMT start."""

    def stopped(self) -> None:
        """The node has lost power, or resets."""

    def nmt_changed(self) -> None:
        """Nothing depends on the NMT state."""

    def heartbeat_found(self) -> None:
        """Nothing depends on the heartbeat."""

    def heartbeat_lost(self) -> None:
        """The state of 1029h:01, by default pre-operational."""
        self._node.enter_error_state()

    def may_receive(self, _: Address) -> bool:
        """RPDOs may set whatever they are mapped to."""
        return True

    def received(self, pdo: Pdo) -> None:
        """An RPDO is through."""

    def wrong_length(self) -> None:
        """The RPDO is ignored; there is no EMCY."""
