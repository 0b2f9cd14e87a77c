"""The wire's side of every simulated device: what goes in and comes out is its node's affair."""

from __future__ import annotations

from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.node import Node


class Wired:
    """Pure: frames and times go in, frames come out."""

    _node: Node

    @property
    def id(self) -> int:
        """Its node-ID."""
        return self._node.id

    @property
    def deadline(self) -> float:
        """When `advance` has something to do at the latest [s]."""
        return self._node.deadline

    def receive(self, frame: Frame, now: float) -> None:
        """Take a frame from the wire; answers come out of `advance`."""
        self._node.receive(frame, now)

    def advance(self, now: float) -> list[Frame]:
        """Every frame due by `now`, in order, answers included."""
        return self._node.advance(now)
