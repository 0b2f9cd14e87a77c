"""How often a device has restarted while it was worked on: its boot-up messages, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltaq_master.link.bus.listening import Listener
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState, heartbeat_state

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.protocol.events import Frame


class Restarts(Listener):
    """Counts the boot-up messages of one node within a `with` block; the object itself is the count to ask for."""

    def __init__(self, network: Network, node_id: int) -> None:
        super().__init__(network)
        self._cob_id = HEARTBEAT_BASE + node_id
        self.count = 0

    def __call__(self) -> int:
        """The count, for `Handling.restarts`."""
        return self.count

    def _on_frame(self, frame: Frame) -> None:
        if frame.cob_id == self._cob_id and frame.plain and not frame.sent:
            self.count += heartbeat_state(frame.data) is NmtState.INITIALISING
