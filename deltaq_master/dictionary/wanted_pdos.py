"""What somebody wants the PDOs of a device to be, as values: a profile, and the objects that it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import (
    COB_ID,
    DISABLED,
    EVENT,
    EXTENDED,
    INHIBIT,
    NO_RTR,
    TRANSMISSION,
    NumberedPdo,
    PdoDump,
    PdoRecord,
)
from deltaq_master.errors import UsageError


@dataclass(frozen=True, slots=True)
class PdoWanted(NumberedPdo):
    """What one PDO shall be; None is 'not said'."""

    cob_id: int | None = None
    """11 bits, without flags."""
    enabled: bool | None = None
    rtr: bool | None = None
    transmission: int | None = None
    inhibit_100us: int | None = None
    event_timer_ms: int | None = None
    words: tuple[int, ...] | None = None
    """Mapping words of all its slots, () for none."""

    def cob_word(self, present: int | None) -> int | None:
        """Sub-index 1 with what is said, and the rest as it is present; None where nothing is said of it.

        Raises UsageError where the rest is needed and not known.
        """
        said = (self.cob_id, self.enabled, self.rtr)
        if said == (None, None, None):
            return None
        if present is None and None in said:
            raise UsageError(f"{Address(self.communication_index, COB_ID)} is not known", "read it first")
        word = present or 0
        if self.cob_id is not None:
            word = word & ~(EXTENDED | EXTENDED - 1) | self.cob_id
        if self.enabled is not None:
            word = word & ~DISABLED if self.enabled else word | DISABLED
        if self.rtr is not None:
            word = word & ~NO_RTR if self.rtr else word | NO_RTR
        return word


@dataclass(frozen=True, slots=True)
class PdoProfile:
    """What the PDOs of a device shall be; a PDO that is not in it is left alone."""

    name: str
    source: str
    """Where it is from, and how sure it is: [C] certain, [I] inferred, [U] unresolved."""
    pdos: tuple[PdoWanted, ...]


def values_of(profile: PdoProfile, present: Mapping[Address, bytes | None]) -> dict[Address, bytes]:
    """The objects that a profile speaks of, with what they shall hold.

    `present` holds sub-index 1 of those of its PDOs of which not all of COB-ID, enabled and RTR is said.
    Raises UsageError where it does not.
    """
    values: dict[Address, bytes] = {}
    for pdo in profile.pdos:
        held = present.get(Address(pdo.communication_index, COB_ID))
        word = pdo.cob_word(None if held is None else int.from_bytes(held, "little"))
        for sub, value, size in (
            (COB_ID, word, 4),
            (TRANSMISSION, pdo.transmission, 1),
            (INHIBIT, pdo.inhibit_100us, 2),
            (EVENT, pdo.event_timer_ms, 2),
        ):
            if value is not None:
                values[Address(pdo.communication_index, sub)] = value.to_bytes(size, "little")
        if pdo.words is not None:
            values[Address(pdo.mapping_index)] = bytes([len(pdo.words)])
            for sub, word in enumerate(pdo.words, 1):
                values[Address(pdo.mapping_index, sub)] = word.to_bytes(4, "little")
    return values


def profile_of_dump(dump: PdoDump, name: str) -> PdoProfile:
    """All PDOs of a dump as a profile; what is not known in it, or is no 11-bit COB-ID, is not said."""
    return PdoProfile(name, dump.source, tuple(map(_wanted, dump.records)))


def _wanted(record: PdoRecord) -> PdoWanted:
    plain = record.cob_word is not None and not record.extended
    return PdoWanted(
        record.kind,
        record.number,
        record.cob_id if plain else None,
        record.enabled if plain else None,
        not record.no_rtr if plain else None,
        record.transmission,
        record.inhibit_100us,
        record.event_timer_ms,
        record.words if record.count == len(record.words) else None,
    )
