"""SDO transfers of machines: in order, one thread per node, and always answered."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from deltaq_master.errors import BusError, CallError, SdoAbortError, SdoTimeoutError
from deltaq_master.link.sdo.worker import TransferWorkers
from deltaq_master.protocol.events import Read, ReadDone, TransferFailed, Write, WriteDone

PATIENCE = 5.0


class Client:
    """An SDO client with objects in a dictionary; exceptions among them are raised."""

    def __init__(self, objects: dict[tuple[int, int], bytes | Exception]) -> None:
        self.objects = objects
        self.threads: set[int] = set()
        self.go = threading.Event()
        self.go.set()
        self.busy = threading.Event()

    def upload(self, index: int, subindex: int, /) -> bytes:
        self.threads.add(threading.get_ident())
        self.busy.set()
        assert self.go.wait(PATIENCE)
        found = self.objects[index, subindex]
        if isinstance(found, Exception):
            raise found
        return found

    def download(self, index: int, subindex: int, data: bytes, /) -> None:
        if isinstance(self.objects.get((index, subindex)), Exception):
            self.upload(index, subindex)
        self.objects[index, subindex] = data


class Answers(SimpleQueue[object]):
    def take(self, count: int) -> list[object]:
        return [self.get(timeout=PATIENCE) for _ in range(count)]


ABORT = SdoAbortError(10, 0x6000, 0, 0x06010002, "a read only object")
TIMEOUT = SdoTimeoutError(10, 0x6000, 0, 2, 1.0)


def test_transfers_in_order() -> None:
    client = Client({(0x1000, 0): b"\xa3\x01\x00\x00"})
    workers, answers = TransferWorkers(), Answers()
    workers.attach(10, client)
    workers(10, Read(0x1000, 0), answers.put)
    workers(10, Write(0x6000, 0, b"\x01"), answers.put)
    workers(10, Read(0x6000, 0), answers.put)
    assert answers.take(3) == [
        ReadDone(0x1000, 0, b"\xa3\x01\x00\x00"),
        WriteDone(0x6000, 0),
        ReadDone(0x6000, 0, b"\x01"),
    ]
    assert len(client.threads) == 1
    assert threading.get_ident() not in client.threads
    workers.stop(PATIENCE)


@pytest.mark.parametrize(
    ("error", "abort", "reason"),
    [
        (ABORT, 0x06010002, "node 10: 6000h:00 aborted: a read only object (0601 0002h)"),
        (TIMEOUT, None, "node 10: 6000h:00 not answered: 2 requests, 1.0 s"),
        (BusError("can0 is down"), None, "can0 is down"),
        (ZeroDivisionError("a mistake"), None, "ZeroDivisionError: a mistake"),
    ],
)
def test_failures_are_answers(error: Exception, abort: int | None, reason: str) -> None:
    workers, answers = TransferWorkers(), Answers()
    workers.attach(10, Client({(0x6000, 0): error, (0x1000, 0): b"\x00"}))
    workers(10, Read(0x6000, 0), answers.put)
    workers(10, Write(0x6000, 0, b"\x01"), answers.put)
    workers(10, Read(0x1000, 0), answers.put)
    failed = TransferFailed(0x6000, 0, abort, reason)
    assert answers.take(3) == [failed, failed, ReadDone(0x1000, 0, b"\x00")]
    workers.stop(PATIENCE)


def test_nodes_do_not_wait_for_each_other() -> None:
    slow, quick = Client({(0x1000, 0): b"\x01"}), Client({(0x1000, 0): b"\x02"})
    slow.go.clear()
    workers, answers = TransferWorkers(), Answers()
    workers.attach(10, slow)
    workers.attach(12, quick)
    workers(10, Read(0x1000, 0), answers.put)
    workers(12, Read(0x1000, 0), answers.put)
    assert answers.take(1) == [ReadDone(0x1000, 0, b"\x02")]
    slow.go.set()
    assert answers.take(1) == [ReadDone(0x1000, 0, b"\x01")]
    workers.stop(PATIENCE)


def test_taking_a_node_off_fails_what_waits() -> None:
    client = Client({(0x1000, 0): b"\x01"})
    client.go.clear()
    workers, answers = TransferWorkers(), Answers()
    workers.attach(10, client)
    workers(10, Read(0x1000, 0), answers.put)
    workers(10, Write(0x6000, 0, b"\x01"), answers.put)
    assert client.busy.wait(PATIENCE)
    workers.detach(10)
    client.go.set()
    assert answers.take(2) == [
        ReadDone(0x1000, 0, b"\x01"),
        TransferFailed(0x6000, 0, None, "the node was taken off"),
    ]
    assert (0x6000, 0) not in client.objects
    workers.detach(10)
    workers(10, Read(0x1000, 0), answers.put)
    assert answers.take(1) == [TransferFailed(0x1000, 0, None, "node 10 has no SDO client")]


def test_one_client_per_node() -> None:
    workers = TransferWorkers()
    workers.attach(10, Client({}))
    with pytest.raises(CallError, match="node 10 already"):
        workers.attach(10, Client({}))
    workers.stop(PATIENCE)
    workers.attach(10, Client({}))
    workers.stop(PATIENCE)
