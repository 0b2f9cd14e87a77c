"""Which objects a device has that no EDS tells of: one index after another, slowly, by SDO reads alone.

Sub-index 0 of each index is asked for first. If the index is there, its further sub-indices are looked for: as many
as sub-index 0 says, if it can be a count. Reading is all that is done; yet a device may forget something by being
read (an error history, a counter), and only its manufacturer knows.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import SdoAbortError, SdoError, SdoTimeoutError, SilentError
from deltaq_master.protocol.aborts import AbortCode
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient

MOST_SILENT: Final = 2
"""Indices in a row without any answer after which no more are asked for: the device has gone."""
PROBED: Final = 2
"""Sub-indices that are tried before an index is taken for one without any; records may have gaps."""
MOST_SUBS: Final = 254
"""The highest count that sub-index 0 can say (CiA 301)."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An object that answers, and is not in the EDS."""

    address: Address
    data: bytes | None = quantity("", "its bytes; None if it refuses to be read, or its answer was lost")
    problem: str = quantity("", "why it has no bytes", default="")
    lost: bool = quantity("", "no answer came, so it may be there or not", default=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """One index that was looked at, with what is there."""

    index: int
    found: tuple[Unlisted, ...] = ()


def search(client: TransferClient, node_id: int, indices: Iterable[int]) -> Generator[Probe]:
    """Look at these indices one after another, and give each as it is done.

    Raises SilentError when the device has stopped answering (the silent indices have not been given then),
    BusError and CallError.
    """
    silent: list[Probe] = []
    waited = 0.0
    for index in indices:
        try:
            probe = _probe(client, index)
        except SdoTimeoutError as error:
            waited += error.waited
            address = Address(index)
            silent.append(Probe(index, (Unlisted(address, None, _reason(error, address), lost=True),)))
            if len(silent) >= MOST_SILENT:
                problem = f"it has stopped answering at {silent[0].index:04X}h"
                raise SilentError(node_id, waited, problem, "check power and wiring, then go on") from error
        else:
            yield from silent
            silent.clear()
            yield probe
    yield from silent


def _probe(client: TransferClient, index: int) -> Probe:
    """One index. Raises SdoTimeoutError if sub-index 0 is not answered."""
    first = Address(index)
    try:
        data = client.upload(index, 0)
    except SdoTimeoutError:
        raise
    except SdoAbortError as error:
        if error.code == AbortCode.NO_OBJECT:
            return Probe(index)
        refused = Unlisted(first, None, _reason(error, first))
        if error.code != AbortCode.NO_SUB_INDEX:
            return Probe(index, (refused,))
        # There is such an object, but without a sub-index 0.
        return Probe(index, tuple(_subs(client, index, PROBED)) or (refused,))
    except SdoError as error:
        return Probe(index, (Unlisted(first, None, _reason(error, first)),))
    count = data[0] if len(data) == 1 and data[0] <= MOST_SUBS else 0
    return Probe(index, (Unlisted(first, data), *_subs(client, index, count)))


def _subs(client: TransferClient, index: int, count: int) -> Iterator[Unlisted]:
    """Sub-indices 1 to `count` that are there; given up if none of the first ones is: then 0 holds no count."""
    found = False
    for sub in range(1, count + 1):
        if sub > PROBED and not found:
            return
        address = Address(index, sub)
        try:
            unlisted = Unlisted(address, client.upload(index, sub))
        except SdoAbortError as error:
            if error.code in (AbortCode.NO_OBJECT, AbortCode.NO_SUB_INDEX):
                continue
            unlisted = Unlisted(address, None, _reason(error, address))
        except SdoTimeoutError as error:
            yield Unlisted(address, None, _reason(error, address), lost=True)
            return
        except SdoError as error:
            unlisted = Unlisted(address, None, _reason(error, address))
        found = True
        yield unlisted


def _reason(error: SdoError, address: Address) -> str:
    return error.problem.removeprefix(f"{address} ")
