"""SDO transfers for machines: one thread per node waits for the answers, so that the pump never does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from deltaq_master.errors import CallError, DeltaqError, SdoAbortError
from deltaq_master.protocol.events import Read, ReadDone, Transfer, TransferFailed, WriteDone

logger = logging.getLogger(__name__)

Answer = Callable[[object], None]


class TransferClient(Protocol):
    """The SDO client of one node; it raises errors of this package."""

    def upload(self, index: int, subindex: int, /) -> bytes:
        """Read an object."""

    def download(self, index: int, subindex: int, data: bytes, /) -> None:
        """Write an object."""


class TransferWorkers:
    """Runs transfers in order, one at a time per node; this is the `transfer` that a pump is given."""

    def __init__(self) -> None:
        self._workers: dict[int, _Worker] = {}
        self._lock = threading.Lock()

    def attach(self, node_id: int, client: TransferClient) -> None:
        """Carry out transfers of a node with its client; CallError if the node has one already."""
        with self._lock:
            if node_id in self._workers:
                raise CallError(f"node {node_id} already has an SDO client at work")
            worker = self._workers[node_id] = _Worker(node_id, client)
        worker.start()

    def detach(self, node_id: int, timeout: float = 0.0) -> None:
        """Take no more transfers of a node; those that wait fail, one under way has `timeout` [s] to end."""
        with self._lock:
            worker = self._workers.pop(node_id, None)
        if worker is not None:
            worker.stop(timeout)

    def stop(self, timeout: float = 0.0) -> None:
        """Detach every node."""
        for node_id in tuple(self._workers):
            self.detach(node_id, timeout)

    def __call__(self, node_id: int, transfer: Transfer, answer: Answer) -> None:
        """Carry out a transfer and call `answer` with its ReadDone, WriteDone or TransferFailed."""
        with self._lock:
            worker = self._workers.get(node_id)
            if worker is not None:
                worker.jobs.put((transfer, answer))
                return
        answer(_failed(transfer, f"node {node_id} has no SDO client"))


class _Worker(threading.Thread):
    def __init__(self, node_id: int, client: TransferClient) -> None:
        # A daemon: a program that ends without closing its bus falls silent.
        super().__init__(name=f"SDO transfers of node {node_id}", daemon=True)
        self.jobs: SimpleQueue[tuple[Transfer, Answer] | None] = SimpleQueue()
        self._client = client
        self._stopping = False

    def stop(self, timeout: float) -> None:
        self._stopping = True
        self.jobs.put(None)
        self.join(timeout)

    def run(self) -> None:
        while (job := self.jobs.get()) is not None:
            transfer, answer = job
            answer(
                _failed(transfer, "the node was taken off") if self._stopping else self._carry_out(transfer)
            )

    def _carry_out(self, transfer: Transfer) -> object:
        index, sub = transfer.index, transfer.sub
        try:
            if isinstance(transfer, Read):
                return ReadDone(index, sub, bytes(self._client.upload(index, sub)))
            self._client.download(index, sub, transfer.data)
        except SdoAbortError as error:
            return TransferFailed(index, sub, error.code, str(error))
        except DeltaqError as error:
            return _failed(transfer, str(error))
        except Exception as error:  # a machine that gets no answer would wait for ever
            logger.exception("transfer of %04Xh:%02X", index, sub)
            return _failed(transfer, f"{type(error).__name__}: {error}")
        return WriteDone(index, sub)


def _failed(transfer: Transfer, reason: str) -> TransferFailed:
    return TransferFailed(transfer.index, transfer.sub, None, reason)
