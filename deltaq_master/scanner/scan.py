"""A scan of a bus: listen, ask if that is wanted, and put both together, a row for each node-ID."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from deltaq_master.link.bus.listening import Ear
from deltaq_master.link.sdo.pacing import Pace
from deltaq_master.scanner.census import Census, Foreign, Heard
from deltaq_master.scanner.roll import ALL_NODES, TIMEOUT, Answer, call_roll
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.protocol.events import Frame

LISTENING: Final = 2.5
"""How long to listen [s]: heartbeats come every second or two."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one node-ID."""

    node_id: int
    heard: Heard | None = quantity("", "what was heard of it; None if nothing was")
    answer: Answer | None = quantity("", "what it answered; None if it was not asked")

    @property
    def present(self) -> bool:
        """True if somebody is there: it sent something of its own, or answered."""
        return bool(self.heard and self.heard.sent) or bool(self.answer and self.answer.present)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why two devices may have this node-ID; none where nothing speaks for it."""
        return self.heard.doubts if self.heard else ()

    @property
    def mute(self) -> bool:
        """True if it was heard and asked, and answers no SDO request."""
        return self.present and self.answer is not None and not self.answer.present


@dataclass(frozen=True, slots=True)
class Result:
    """A scan as far as it went."""

    nodes: tuple[Found, ...] = quantity("", "everybody who was heard, spoken to or answered, by node-ID")
    foreign: Foreign = quantity("", "what belongs to no node")
    frames: int = quantity("", "frames of others that were heard")

    @property
    def present(self) -> tuple[Found, ...]:
        """Those that are there."""
        return tuple(node for node in self.nodes if node.present)


class Scan:
    """One scan; use it as a context. `result` answers at any time with what is known by then."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ear = Ear(network)
        self._census = Census()
        self._answers: dict[int, Answer] = {}

    def __enter__(self) -> Self:
        self._ear.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ear.__exit__(kind, error, trace)

    def listen(self, seconds: float = LISTENING) -> Generator[int]:
        """Listen, and send nothing; gives the number of node-IDs heard so far, again and again.

        A bus that is lost and comes back is listened to again. Raises BusError if it does not within that time.
        """
        for frame in self._ear.listen(seconds, through_losses=True):
            if frame is not None:
                self._census.take(frame)
            yield self._census.nodes

    def ask(
        self, node_ids: Iterable[int] = ALL_NODES, *, pace: Pace | None = None, timeout: float = TIMEOUT
    ) -> Generator[Answer]:
        """Ask node-IDs what they are, by SDO reads; gives the answers as they come. Raises BusError."""
        heard = [node.node_id for node in self._heard() if node.sent]
        roll = call_roll(self._network, node_ids, heard=heard, pace=pace, timeout=timeout)
        with closing(roll) as answers:
            for answer in answers:
                self._answers[answer.node_id] = answer
                yield answer

    @property
    def result(self) -> Result:
        """What was found so far."""
        return result_of(self._heard(), self._census, self._answers)

    def _heard(self) -> tuple[Heard, ...]:
        for frame in self._ear.kept():
            self._census.take(frame)
        return self._census.heard


def scan_log(frames: Iterable[Frame]) -> Result:
    """Who was on the bus that a log was recorded from; its own frames count as anybody's."""
    census = Census()
    for frame in frames:
        census.take(frame._replace(sent=False))
    return result_of(census.heard, census, {})


def result_of(heard: Iterable[Heard], census: Census, answers: dict[int, Answer]) -> Result:
    """Put together what was heard and what was answered; silent node-IDs that nobody spoke to are left out."""
    by_id = {node.node_id: node for node in heard}
    known = by_id.keys() | {answer.node_id for answer in answers.values() if answer.present}
    nodes = tuple(Found(node_id, by_id.get(node_id), answers.get(node_id)) for node_id in sorted(known))
    return Result(nodes, census.foreign, census.frames)
