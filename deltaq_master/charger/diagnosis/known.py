"""What is known of the charger's objects from SDO transfers, and of its PDOs: its own mapping, or the EDS's.

Each PDO counts as the device's own once its COB-ID and whole mapping were seen in transfers. Until then the
EDS's is assumed; where what was seen contradicts it, the PDO is not decoded at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from deltaq_master.charger import objects
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import (
    PdoDump,
    PdoKind,
    PdoRecord,
    Slot,
    assemble,
    defaults,
    reading_plan,
)
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.protocol.fields import decodable

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

READ: Final = "SDO read"
WRITTEN: Final = "SDO write"


class Seen(NamedTuple):
    """A raw value as it was on the bus."""

    raw: int
    time: float
    source: str
    """`TPDO1`, `RPDO1`, `SDO read`, `SDO write`."""
    frame: str

    @property
    def by_sdo(self) -> bool:
        """True for one that was read or written, and does not come again by itself."""
        return self.source in (READ, WRITTEN)


class Held(NamedTuple):
    """The bytes of an object, from a transfer."""

    data: bytes
    time: float
    source: str
    frame: str

    @property
    def seen(self) -> Seen:
        """As an unsigned number."""
        return Seen(int.from_bytes(self.data, "little"), self.time, self.source, self.frame)


class KnownPdo(NamedTuple):
    """One PDO, as far as its frames can be taken apart."""

    record: PdoRecord
    own: bool
    """True if the device told it; False where the EDS's is assumed."""

    def place(self, address: Address) -> Slot | None:
        """The last slot of an object whose length is the object's, None where there is none."""
        return next(
            (slot for slot in reversed(self.record.mapping.slots_of(address)) if not slot.opaque), None
        )


class KnownObjects:
    """Objects by transfers, PDOs by COB-ID."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._assumed = defaults(dictionary)
        self._default = {
            address: entry.default_bytes
            for address in reading_plan(dictionary, {})
            if (entry := dictionary.get(address)) is not None
        }
        for record in self._assumed.records:
            for sub, word in enumerate(record.words, 1):
                self._default[Address(record.mapping_index, sub)] = word.to_bytes(4, "little")
        self.held: dict[Address, Held] = {}
        """Every object of the EDS that was read or written, with its latest bytes."""
        self.absent: dict[Address, int] = {}
        """Every object of the EDS whose read was aborted, with the abort code."""
        self.rpdos: dict[int, KnownPdo] = {}
        """What the charger takes, by COB-ID."""
        self.tpdos: dict[int, KnownPdo] = {}
        """What it sends, by COB-ID."""
        self.status_places: dict[int, tuple[int, int]] = {}
        """Length [byte] of each TPDO that carries 2006h, and the lowest bit of that, by COB-ID."""
        self.parameters_told = 0.0
        """When the last PDO parameter was told [s]."""
        self._dump: PdoDump | None = None
        self._index()

    def tell(self, address: Address, held: Held) -> bool:
        """Take an object's bytes; True if with that the frames of a PDO mean something else than before."""
        if address.index not in self._dictionary.indices:
            return False
        self.held[address] = held
        self.absent.pop(address, None)
        if address.index not in PDO_PARAMETERS:
            return False
        self._dump, self.parameters_told = None, held.time
        before = self._layout()
        self._index()
        return self._layout() != before

    def _layout(self) -> tuple[dict[int, tuple[int, ...]], ...]:
        return tuple(
            {cob_id: pdo.record.words for cob_id, pdo in pdos.items()} for pdos in (self.rpdos, self.tpdos)
        )

    def refuse(self, address: Address, code: int) -> None:
        """Take the abort of a read."""
        if address.index in self._dictionary.indices:
            self.absent[address] = code

    def number(self, address: Address) -> Seen | None:
        """An object that was read or written, as an unsigned number; None for one that was not."""
        held = self.held.get(address)
        return None if held is None else held.seen

    @property
    def dump(self) -> PdoDump:
        """The PDOs as the device told them; what it has not told is a problem of its PDO."""
        if self._dump is None:
            found = {address: held.data for address, held in self.held.items()}
            self._dump = assemble(self._dictionary, found, f"node {self._dictionary.node_id}")
        return self._dump

    @property
    def rpdos_told(self) -> bool:
        """True once the device told all its RPDOs."""
        return bool(self.dump.rpdos) and all(_told(record) for record in self.dump.rpdos)

    @property
    def assumed(self) -> PdoDump:
        """The PDOs of the EDS."""
        return self._assumed

    def _index(self) -> None:
        self.rpdos, self.tpdos = {}, {}
        for own, default in zip(self.dump.records, self._assumed.records, strict=True):
            if _told(own):
                known = KnownPdo(own, True)
            elif self._contradicted(own):
                continue
            else:
                known = KnownPdo(default, False)
            record = known.record
            if record.enabled and not record.extended and decodable(record) and record.cob_id is not None:
                pdos = self.rpdos if record.kind is PdoKind.RPDO else self.tpdos
                pdos.setdefault(record.cob_id, known)
        self.status_places = {
            cob_id: (pdo.record.mapping.length, slot.offset)
            for cob_id, pdo in self.tpdos.items()
            if (slot := pdo.place(objects.STATUS)) is not None
        }

    def _contradicted(self, record: PdoRecord) -> bool:
        """True if something that was told of this PDO is not what the EDS says."""
        mapping = (Address(record.mapping_index, sub) for sub in range(1 + (record.count or 0)))
        places = (Address(record.communication_index, 1), *mapping)
        return any(
            address in self.held and self.held[address].data != self._default.get(address)
            for address in places
        )


def _told(record: PdoRecord) -> bool:
    return record.cob_word is not None and record.count is not None and len(record.words) == record.count
