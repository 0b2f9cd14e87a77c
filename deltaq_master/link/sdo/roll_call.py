"""One job for many node-IDs at once, each with an SDO client and a thread of its own, all at one pace.

Most of the threads only wait: for their turn to send, then for an answer that never comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import canopen

from deltaq_master.errors import BusError
from deltaq_master.link.sdo.pacing import Pace, PacedClient, Pacer

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.sdo.worker import TransferClient

R = TypeVar("R")
Job = Callable[[int, "TransferClient"], R]
"""What is done for one node-ID with its client; it catches the errors that are part of its answer."""

LOOK: Final = 0.1
"""How often to look whether the bus is still there while nothing comes [s]."""
GRACE: Final = 0.2
"""How much longer than the time-out a thread may take to end [s]."""


@contextmanager
def paced_client(
    network: Network,
    node_id: int,
    pacer: Pacer,
    *,
    timeout: float = PacedClient.RESPONSE_TIMEOUT,
    tries: int = PacedClient.MAX_RETRIES,
    od: canopen.ObjectDictionary | None = None,
) -> Iterator[PacedClient]:
    """An SDO client for a node-ID, on the network for the time of a `with` block; nothing is sent by itself."""
    known = canopen.ObjectDictionary() if od is None else od  # type: ignore[no-untyped-call]
    client = PacedClient(node_id, known, pacer)
    client.RESPONSE_TIMEOUT, client.MAX_RETRIES = timeout, tries
    client.network = network
    network.subscribe(client.tx_cobid, client.on_response)
    try:
        yield client
    finally:
        network.unsubscribe(client.tx_cobid, client.on_response)


def free_node_ids(network: Network, node_ids: Iterable[int]) -> tuple[int, ...]:
    """These node-IDs, each once, without those that a node object on this network has."""
    return tuple(dict.fromkeys(node_id for node_id in node_ids if node_id not in network.nodes))


def ask_all(
    network: Network,
    node_ids: Iterable[int],
    job: Job[R],
    *,
    pace: Pace | None = None,
    timeout: float = PacedClient.RESPONSE_TIMEOUT,
) -> Generator[R]:
    """Do a job for each node-ID, and give its results as they come; each request is sent once.

    A node-ID that a node object on this network has is left out: its client is that one's. Ends early when it is
    closed. Raises BusError if the bus refuses or is lost, and whatever a job raises.
    """
    run = _Run(network, free_node_ids(network, node_ids), job, pace or Pace(), timeout)
    try:
        yield from run.results()
    finally:
        run.end()


class _Run(Generic[R]):
    def __init__(
        self, network: Network, node_ids: tuple[int, ...], job: Job[R], pace: Pace, timeout: float
    ) -> None:
        self._network = network
        self._job = job
        self._timeout = timeout
        self._pacer = Pacer(pace)
        self._answers: SimpleQueue[tuple[R, None] | tuple[None, BaseException]] = SimpleQueue()
        # Daemons, as all threads of the link: they must not keep a program alive.
        self._threads = [
            threading.Thread(target=self._work, args=(node_id,), name=f"SDO of node {node_id}", daemon=True)
            for node_id in node_ids
        ]

    def results(self) -> Iterator[R]:
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            result, error = self._next()
            if error is not None:
                raise error
            yield result  # type: ignore[misc]  # None is a result too
        # Those who were asked over a lost bus have been silent for that reason.
        self._check_bus()

    def end(self) -> None:
        """Let nobody send any more, and wait for those who still wait for an answer."""
        self._pacer.close()
        until = time.monotonic() + self._timeout + GRACE
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(until - time.monotonic(), 0.0))

    def _next(self) -> tuple[R, None] | tuple[None, BaseException]:
        while True:
            try:
                return self._answers.get(timeout=LOOK)
            except Empty:
                self._check_bus()

    def _check_bus(self) -> None:
        if self._network.gate.lost:
            raise BusError(f"the bus was lost: {self._network.gate.lost}")

    def _work(self, node_id: int) -> None:
        try:
            with paced_client(self._network, node_id, self._pacer, timeout=self._timeout, tries=1) as client:
                result = self._job(node_id, client)
        except Exception as error:  # noqa: BLE001  a thread that said nothing would be awaited for ever
            self._answers.put((None, error))
        else:
            self._answers.put((result, None))
