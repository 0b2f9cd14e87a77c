"""Listening to a bus for a while: every frame, kept until it is asked for, and nothing sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from deltaq_master.errors import BusError
from deltaq_master.link import clock

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.protocol.events import Frame

LOOK: Final = 0.1
"""How often one who listens is told that nothing came [s]."""


class Listener(ABC):
    """Hears every frame of a network, sent and received, for the time of a `with` block."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __enter__(self) -> Self:
        self._network.gate.subscribe_frames(self._on_frame)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._network.gate.unsubscribe_frames(self._on_frame)

    @abstractmethod
    def _on_frame(self, frame: Frame) -> None:
        """Take a frame, in the receive thread: only store."""


class Ear(Listener):
    """Keeps the frames of a network for the time of a `with` block."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._frames: SimpleQueue[Frame] = SimpleQueue()

    def _on_frame(self, frame: Frame) -> None:
        self._frames.put(frame)

    def kept(self) -> Iterator[Frame]:
        """The frames that have come and were not taken yet."""
        while True:
            try:
                yield self._frames.get_nowait()
            except Empty:
                return

    def listen(self, seconds: float, *, through_losses: bool = False) -> Iterator[Frame | None]:
        """Frames as they come, for so long; None whenever none came for a moment.

        Raises BusError for a lost bus; with `through_losses` only if it is lost at the end, or for good.
        """
        gate = self._network.gate
        until = clock.now() + seconds
        while (left := until - clock.now()) > 0:
            try:
                yield self._frames.get(timeout=min(left, LOOK))
            except Empty:
                _check(gate.gone if through_losses else gate.lost)
                yield None
        _check(gate.lost)


def _check(lost: str) -> None:
    if lost:
        raise BusError(f"the bus was lost: {lost}")
