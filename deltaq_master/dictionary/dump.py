"""What is known about a device's PDOs: communication and mapping parameters, from the EDS or by SDO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Catalogue
from deltaq_master.dictionary.slots import PdoMapping
from deltaq_master.errors import UsageError

MAX_PDOS: Final = 512
"""PDOs of one kind that a device may have (CiA 301)."""
MAX_SLOTS: Final = 64
"""Objects that one PDO may map (CiA 301); more in sub-index 0 means a multiplex PDO, or nothing."""

EDS_DEFAULTS: Final = "EDS defaults"
"""Source of a dump that no device was asked for."""

COB_ID, TRANSMISSION, INHIBIT, EVENT, SYNC_START = 1, 2, 3, 5, 6
"""Sub-indices of the communication parameters."""

DISABLED, NO_RTR, EXTENDED = 1 << 31, 1 << 30, 1 << 29
"""Flags of a COB-ID as sub-index 1 holds it."""
TO_MAPPING: Final = 0x200
"""Set in the index of mapping parameters, clear in that of the communication parameters of the same PDO."""

_EXTENDED_ID: Final = EXTENDED - 1
_OFFSETS: Final = frozenset(range(MAX_PDOS))


class PdoKind(Enum):
    """Direction of a PDO, as seen from the device."""

    RPDO = "RPDO"
    TPDO = "TPDO"

    @property
    def first_communication_index(self) -> int:
        """Index of the communication parameters of the first PDO of this kind."""
        return 0x1400 if self is PdoKind.RPDO else 0x1800

    def numbered(self, number: int) -> str:
        """`RPDO1`."""
        return f"{self.value}{number}"

    def communication_index(self, number: int) -> int:
        """Index of the communication parameters of a PDO, 1..512."""
        return self.first_communication_index + number - 1

    def mapping_index(self, number: int) -> int:
        """Index of the mapping parameters of a PDO, 1..512."""
        return self.communication_index(number) | TO_MAPPING

    @classmethod
    def at(cls, index: int) -> tuple[PdoKind, int]:
        """Kind and number of the PDO that has this index among its parameters."""
        kind = cls.RPDO if index < cls.TPDO.first_communication_index else cls.TPDO
        return kind, (index & ~TO_MAPPING) - kind.first_communication_index + 1


@dataclass(frozen=True, slots=True)
class NumberedPdo:
    """One PDO of a device, by its number, and where its parameters are."""

    kind: PdoKind
    number: int
    """1..512"""

    @property
    def name(self) -> str:
        """`RPDO1`."""
        return self.kind.numbered(self.number)

    @property
    def communication_index(self) -> int:
        """Index of its communication parameters."""
        return self.kind.communication_index(self.number)

    @property
    def mapping_index(self) -> int:
        """Index of its mapping parameters."""
        return self.kind.mapping_index(self.number)


@dataclass(frozen=True, slots=True)
class PdoRecord(NumberedPdo):
    """What is known of one PDO; what is not known is None, and `problems` says why."""

    cob_word: int | None
    """COB-ID with its flags, as sub-index 1 of the communication parameters holds it."""
    transmission: int | None
    """Transmission type: FEh and FFh are event-driven."""
    inhibit_100us: int | None
    event_timer_ms: int | None
    """TPDO: longest time between two frames; RPDO: longest silence that the device bears; 0 is off."""
    count: int | None
    """Number of mapped objects, as sub-index 0 of the mapping parameters holds it."""
    words: tuple[int, ...]
    """Mapping words up to the first one that is not known."""
    mapping: PdoMapping
    problems: tuple[str, ...] = ()
    sync_start: int | None = None
    """SYNC counter value with which a TPDO on SYNC begins; 0 is any (CiA 301)."""

    @property
    def cob_id(self) -> int | None:
        """Its 11-bit COB-ID (all 29 bits where `extended`), None where it is not known."""
        if self.cob_word is None:
            return None
        return self.cob_word & (_EXTENDED_ID if self.extended else 0x7FF)

    @property
    def enabled(self) -> bool:
        """True when it is known to be in use: bit 31 of the COB-ID is 0."""
        return self.cob_word is not None and not self.cob_word & DISABLED

    @property
    def no_rtr(self) -> bool:
        """True when bit 30 of the COB-ID forbids remote frames."""
        return self.cob_word is not None and bool(self.cob_word & NO_RTR)

    @property
    def extended(self) -> bool:
        """True when bit 29 of the COB-ID says that it is 29 bits long."""
        return self.cob_word is not None and bool(self.cob_word & EXTENDED)

    @property
    def complete(self) -> bool:
        """True when all is known that is needed to send or to understand it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class PdoDump:
    """All PDOs of a device."""

    records: tuple[PdoRecord, ...]
    source: str
    """Where it is from: `EDS defaults`, `node 10`."""

    @property
    def rpdos(self) -> tuple[PdoRecord, ...]:
        """What the device receives, by number."""
        return tuple(record for record in self.records if record.kind is PdoKind.RPDO)

    @property
    def tpdos(self) -> tuple[PdoRecord, ...]:
        """What the device transmits, by number."""
        return tuple(record for record in self.records if record.kind is PdoKind.TPDO)

    def rpdo(self, number: int) -> PdoRecord:
        """RPDO by its number from 1 on. Raises UsageError where there is none."""
        return self._record(PdoKind.RPDO, number)

    def tpdo(self, number: int) -> PdoRecord:
        """TPDO by its number from 1 on. Raises UsageError where there is none."""
        return self._record(PdoKind.TPDO, number)

    def _record(self, kind: PdoKind, number: int) -> PdoRecord:
        for record in self.records:
            if record.kind is kind and record.number == number:
                return record
        raise UsageError(f"{kind.numbered(number)} is not in {self.source}")


def default_values(dictionary: Catalogue) -> dict[Address, bytes | None]:
    """Defaults of all PDO parameters that matter, None where the EDS gives none."""
    found: dict[Address, bytes | None] = {}
    for address in reading_plan(dictionary, found):
        entry = dictionary.get(address)
        found[address] = None if entry is None else entry.default_bytes
    return found


def defaults(dictionary: Catalogue) -> PdoDump:
    """What the EDS says about the PDOs; the device may have other mappings."""
    return assemble(dictionary, default_values(dictionary), EDS_DEFAULTS)


def described(dictionary: Catalogue, kind: PdoKind) -> tuple[int, ...]:
    """Numbers of the PDOs of one kind of which the dictionary has communication or mapping parameters."""
    return _described(frozenset(dictionary.indices), kind.first_communication_index)


@lru_cache(maxsize=64)
def _described(indices: frozenset[int], first: int) -> tuple[int, ...]:
    # 14xxh and 16xxh, 18xxh and 1Axxh differ in one bit.
    offsets = {(index & ~TO_MAPPING) - first for index in indices}
    return tuple(offset + 1 for offset in sorted(offsets & _OFFSETS))


def reading_plan(dictionary: Catalogue, found: Mapping[Address, bytes | None]) -> Iterator[Address]:
    """Addresses to read, in their order, that `found` does not hold yet; None in `found` is a failed read.

    `found` is looked at while the plan runs, so one loop that stores each answer reads everything.
    """
    for kind, number in _pdos(dictionary):
        communication, mapping = kind.communication_index(number), kind.mapping_index(number)
        wanted = [_at(communication, COB_ID), _at(communication, TRANSMISSION)]
        # Sub-indices 3 and 6 are reserved in an RPDO; timers and start value are optional.
        timers = (INHIBIT, EVENT, SYNC_START) if kind is PdoKind.TPDO else (EVENT,)
        optional = (_at(communication, sub) for sub in timers)
        wanted += [address for address in optional if dictionary.get(address) is not None]
        wanted.append(_at(mapping, 0))
        yield from (address for address in wanted if address not in found)
        count = _number(found.get(_at(mapping, 0)), 1)
        if count is not None and count <= MAX_SLOTS:
            slots = (_at(mapping, sub) for sub in range(1, count + 1))
            yield from (address for address in slots if address not in found)


def remaining_parameters(dictionary: Catalogue, found: Mapping[Address, bytes | None]) -> Iterator[Address]:
    """All readable PDO parameters of the EDS that `found` does not hold: what no dump needs, and an audit does."""
    for kind, number in _pdos(dictionary):
        for index in (kind.communication_index(number), kind.mapping_index(number)):
            for address in (Address(index, sub) for sub in range(MAX_SLOTS + 1)):
                entry = dictionary.get(address)
                if entry is not None and entry.readable and address not in found:
                    yield address


def assemble(dictionary: Catalogue, found: Mapping[Address, bytes | None], source: str) -> PdoDump:
    """The dump of what was read; what is missing is a problem of its PDO alone."""
    records = (_assemble(dictionary, found, kind, number) for kind, number in _pdos(dictionary))
    return PdoDump(tuple(records), source)


def _assemble(
    dictionary: Catalogue, found: Mapping[Address, bytes | None], kind: PdoKind, number: int
) -> PdoRecord:
    problems: list[str] = []

    def known(index: int, sub: int, size: int, what: str, needed: bool = True) -> int | None:
        address = _at(index, sub)
        data = found.get(address)
        value = _number(data, size)
        if data is not None and value is None:
            problems.append(f"{address} ({what}) is {len(data)} bytes long, not {size}")
        elif value is None and needed:
            problems.append(f"{address} ({what}) is not known")
        return value

    communication, mapping = kind.communication_index(number), kind.mapping_index(number)
    cob_word = known(communication, COB_ID, 4, "COB-ID")
    if cob_word is not None and cob_word & EXTENDED:
        problems.append(f"29-bit COB-ID {cob_word & _EXTENDED_ID:08X}h is not supported")
    transmission = known(communication, TRANSMISSION, 1, "transmission type")
    inhibit = known(communication, INHIBIT, 2, "inhibit time", needed=False)
    event = known(communication, EVENT, 2, "event timer", needed=False)
    sync_start = known(communication, SYNC_START, 1, "SYNC start value", needed=False)
    count = known(mapping, 0, 1, "number of mapped objects")
    words: list[int] = []
    if count is not None and count > MAX_SLOTS:
        problems.append(f"{Address(mapping)} is {count}: multiplex PDOs are not supported")
    else:
        for sub in range(1, (count or 0) + 1):
            word = known(mapping, sub, 4, "mapped object")
            if word is None:
                break
            words.append(word)
    return PdoRecord(
        kind,
        number,
        cob_word,
        transmission,
        inhibit,
        event,
        count,
        tuple(words),
        PdoMapping.of(words, dictionary),
        tuple(problems),
        sync_start,
    )


def _pdos(dictionary: Catalogue) -> Iterator[tuple[PdoKind, int]]:
    for kind in PdoKind:
        for number in described(dictionary, kind):
            yield kind, number


@lru_cache(maxsize=8192)
def _at(index: int, sub: int) -> Address:
    """An address, made once: a dump of a fast device would spend much of its time on making them."""
    return Address(index, sub)


def _number(data: bytes | None, size: int) -> int | None:
    return int.from_bytes(data, "little") if data is not None and len(data) == size else None
