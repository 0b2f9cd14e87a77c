"""Whether another master is on the bus: found out by listening, before anything of ours could disturb it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltaq_master.link import clock
from deltaq_master.link.bus.listening import Ear
from deltaq_master.protocol.events import Publish
from deltaq_master.protocol.presence import Absent, Presence, Present

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network


def another_master(
    network: Network, node_id: int, master_id: int, commands: frozenset[int], listening: float
) -> str:
    """What was heard of another master within `listening` [s], '' for none; a boot-up of the node ends it early.

    `commands` are the COB-IDs that only this node's master sends. Nothing is sent. Raises BusError.
    """
    # The machine is the one that goes before our heartbeat; it is never told that it may send.
    machine = Presence(node_id, master_id, commands, listening, clock.now())
    with Ear(network) as ear:
        for frame in ear.listen(listening):
            if frame is None or frame.cob_id not in machine.cob_ids or not frame.plain:
                continue
            for effect in machine.handle(frame, frame.time):
                match effect:
                    case Publish(Absent(reason)):
                        return reason
                    case Publish(Present()):
                        return ""
    return ""
