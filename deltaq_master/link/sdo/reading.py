"""Many objects of one device by SDO: a read that fails is noted with its reason, and hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import group_of
from deltaq_master.errors import SdoAbortError, SdoError, SdoTimeoutError
from deltaq_master.protocol.aborts import AbortCode

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient

MOST_SILENT: Final = 2
"""Objects in a row without any answer after which the rest is not asked for: the device has gone."""
ABSENT: Final = (AbortCode.NO_OBJECT, AbortCode.NO_SUB_INDEX)
"""Aborts that say that the device does not have the object."""
NOT_ASKED: Final = "not asked for: the device had stopped answering"

Progress = Callable[[Address], None]
"""Told each address when its read is over."""


class Reader:
    """Reads objects one after another; `found`, `absent` and `failures` fill up as it goes."""

    def __init__(self, client: TransferClient, progress: Progress | None = None) -> None:
        self._client = client
        self._progress = progress
        self._silent: list[int] = []
        self.found: dict[Address, bytes | None] = {}
        """What each object holds, None for one that could not be read."""
        self.absent: dict[Address, str] = {}
        """Objects that the device says it does not have, with its words."""
        self.failures: dict[Address, str] = {}
        """Objects that it should have and that could not be read, and why."""

    @property
    def gone(self) -> bool:
        """True once so many reads in a row got no answer that no more are made."""
        return len(self._silent) >= MOST_SILENT

    def read(self, addresses: Iterable[Address]) -> None:
        """Read these objects; the iterable may look at `found` while it runs. Raises BusError and CallError."""
        for address in addresses:
            self._read(address)
            if self._progress is not None:
                self._progress(address)

    def _read(self, address: Address) -> None:
        if self._silent and (self.gone or group_of(address) in self._silent):
            self.found[address], self.failures[address] = None, NOT_ASKED
            return
        try:
            self.found[address] = self._client.upload(address.index, address.sub)
            self._silent.clear()
        except SdoError as error:
            self.found[address] = None
            reason = error.problem.removeprefix(f"{address} ")
            if isinstance(error, SdoAbortError) and error.code in ABSENT:
                self.absent[address] = reason
            else:
                self.failures[address] = reason
            if isinstance(error, SdoTimeoutError):
                self._silent.append(group_of(address))
            else:
                self._silent.clear()
