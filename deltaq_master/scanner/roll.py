"""Asking everybody: 1000h and 1018h of many node-IDs by SDO reads, paced, with the answers as they come."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import SdoAbortError, SdoError, SdoTimeoutError
from deltaq_master.link.sdo.pacing import Pace
from deltaq_master.link.sdo.roll_call import ask_all
from deltaq_master.protocol.identity import Identity
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.sdo.worker import TransferClient

ALL_NODES: Final = range(1, 128)
TIMEOUT: Final = 0.5
"""How long each request waits for its answer [s]."""
DEVICE_TYPE: Final = Address(0x1000)
IDENTITY: Final = 0x1018
FIELDS: Final = {
    DEVICE_TYPE: "device_type",
    Address(IDENTITY, 1): "vendor",
    Address(IDENTITY, 2): "product",
    Address(IDENTITY, 3): "revision",
    Address(IDENTITY, 4): "serial",
}
_SIZE: Final = 4
"""Bytes of each of these objects."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one node-ID answered."""

    node_id: int
    present: bool = quantity("", "it answered something, be it an abort")
    identity: Identity = quantity("", "what could be read")
    aborts: tuple[str, ...] = quantity("", "objects that it refused, with its reason", default=())
    failures: tuple[str, ...] = quantity("", "objects whose answer was lost or broken", default=())

    @property
    def complete(self) -> bool:
        """False if it is there, and something that it may have was not answered."""
        return not (self.present and self.failures)


def call_roll(
    network: Network,
    node_ids: Iterable[int] = ALL_NODES,
    *,
    heard: Collection[int] = (),
    pace: Pace | None = None,
    timeout: float = TIMEOUT,
) -> Generator[Answer]:
    """Ask these node-IDs what they are, and give the answers as they come, silence as well.

    SDO reads alone, at most `pace.most` of them young and unanswered at a time. Each is sent once, and once more
    only to a node that was `heard` before or has answered something: so all 127 take one time-out and the time of
    sending. A node-ID of a node object on this network is not asked. Raises BusError.
    """
    job = partial(identify, heard=frozenset(heard))
    yield from ask_all(network, node_ids, job, pace=pace, timeout=timeout)


def identify(node_id: int, client: TransferClient, heard: Collection[int] = ()) -> Answer:
    """Read 1000h and 1018h of one device; what it refuses and what is lost are in the answer. Raises BusError."""
    found: dict[str, int | None] = {}
    aborts: list[str] = []
    failures: list[str] = []
    present = False
    for address, name in FIELDS.items():
        for _ in range(2 if present or node_id in heard else 1):
            failure = ""
            try:
                data = client.upload(address.index, address.sub)
            except SdoTimeoutError as error:
                failure = error.problem
                continue
            except SdoAbortError as error:
                present = True
                aborts.append(error.problem)
            except SdoError as error:
                present = True
                failure = error.problem
            else:
                present = True
                if len(data) == _SIZE:
                    found[name] = int.from_bytes(data, "little")
                else:
                    failure = f"{address} is {len(data)} bytes long, not {_SIZE}"
            break
        if failure:
            failures.append(failure)
        if not present:
            break
    return Answer(node_id, present, Identity(**found), tuple(aborts), tuple(failures))
