"""How often a device has restarted while it was worked on: its boot-up messages, counted."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState, heartbeat_state

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.protocol.events import Frame


class Restarts:
    """Counts the boot-up messages of one node within a `with` block; the object itself is the count to ask for."""

    def __init__(self, network: Network, node_id: int) -> None:
        self._network = network
        self._cob_id = HEARTBEAT_BASE + node_id
        self.count = 0

    def __call__(self) -> int:
        """The count, for `Handling.restarts`."""
        return self.count

    def __enter__(self) -> Self:
        self._network.gate.subscribe_frames(self._on_frame)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._network.gate.unsubscribe_frames(self._on_frame)

    def _on_frame(self, frame: Frame) -> None:
        if frame.cob_id == self._cob_id and frame.plain and not frame.sent:
            self.count += heartbeat_state(frame.data) is NmtState.INITIALISING
