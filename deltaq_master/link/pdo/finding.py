"""All PDOs of a device by SDO reads: those of its EDS, and those that it has beyond it."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, MAX_PDOS, TO_MAPPING, PdoRecord, described, reading_plan
from deltaq_master.dictionary.mapping import PdoDump, PdoKind
from deltaq_master.dictionary.pdo_reading import PdoReading
from deltaq_master.dictionary.widened import Widened
from deltaq_master.link.device.device import HEARTBEAT_WAIT, silent
from deltaq_master.link.pdo.parameters import dump_of
from deltaq_master.link.sdo.reading import NOT_ASKED, Progress, Reader

if TYPE_CHECKING:
    from deltaq_master.link.device.device import Device


class Beyond(Enum):
    """How far to look for PDOs that the EDS does not have."""

    NOTHING = "nothing"
    NEXT = "next"
    """The number after the last one of each kind, and on while there is one."""
    ALL = "all"
    """All 512 of each kind."""


def read_pdos(device: Device, beyond: Beyond = Beyond.NEXT, progress: Progress | None = None) -> PdoReading:
    """Read the parameters of every PDO that the device has; what fails is a problem of its PDO alone.

    Raises SilentError for a device that answers nothing and says nothing, BusError and CallError.
    """
    begun = time.monotonic()
    finding = _Finding(device, progress)
    finding.read(beyond)
    if finding.nothing and device.nmt.reported is None and not device.nmt.wait_heard(HEARTBEAT_WAIT):
        raise silent(device.node.id, time.monotonic() - begun)
    return finding.reading()


class _Finding:
    def __init__(self, device: Device, progress: Progress | None) -> None:
        self._node = device.node
        self._reader = Reader(self._node.sdo, progress)
        self._probes = Reader(self._node.sdo, progress)
        """Asks for PDOs that may not exist; apart, so that none of its failures is one of a PDO that does."""
        self._catalogue = Widened(self._node.dictionary)
        self._beyond: list[str] = []
        self._unsure: dict[str, list[str]] = {}
        """PDOs that may or may not exist, by the reason why it is not known."""

    @property
    def nothing(self) -> bool:
        """True when it fell silent and never gave an answer."""
        found = self._reader.found.values()
        heard = self._reader.absent or any(data is not None for data in found)
        return not heard and (self._reader.gone or self._probes.gone)

    def read(self, beyond: Beyond) -> None:
        self._reader.read(reading_plan(self._node.dictionary, self._reader.found))
        if beyond is Beyond.NOTHING:
            return
        for kind in PdoKind:
            known = described(self._node.dictionary, kind)
            first = 1 if beyond is Beyond.ALL else max(known, default=0) + 1
            for number in range(first, MAX_PDOS + 1):
                if self._reader.gone or self._probes.gone:
                    self._unsure.setdefault(NOT_ASKED, []).append(kind.numbered(number))
                    break
                if number not in known and not self._exists(kind, number) and beyond is Beyond.NEXT:
                    break
        if self._beyond:
            self._reader.read(reading_plan(self._catalogue, self._reader.found))

    def _exists(self, kind: PdoKind, number: int) -> bool:
        address = Address(kind.communication_index(number), COB_ID)
        self._probes.read((address,))
        name = kind.numbered(number)
        if self._probes.found[address] is not None:
            self._reader.found[address] = self._probes.found[address]
            self._catalogue.include(kind, number)
            self._beyond.append(name)
            return True
        if address in self._probes.failures:
            self._unsure.setdefault(self._probes.failures[address], []).append(name)
        return False

    def reading(self) -> PdoReading:
        dump = dump_of(self._node, self._reader, self._catalogue if self._beyond else None)
        absent = [record for record in dump.records if self._reader.absent and self._absent(record)]
        kept = tuple(record for record in dump.records if record not in absent)
        problems = tuple(
            f"whether it has {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''} is not known: {reason}"
            for reason, names in self._unsure.items()
        )
        values = self._reader.found
        if absent:
            shown = {record.communication_index for record in kept}
            values = {a: data for a, data in values.items() if a.index & ~TO_MAPPING in shown}
        return PdoReading(
            self._node.id,
            PdoDump(kept, dump.source),
            values,
            tuple(record.name for record in absent),
            tuple(self._beyond),
            problems,
        )

    def _absent(self, record: PdoRecord) -> bool:
        needed = (Address(record.communication_index, COB_ID), Address(record.mapping_index))
        return all(address in self._reader.absent for address in needed)
