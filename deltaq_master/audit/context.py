"""What the rules look at: the device as it was seen, beside what its EDS, a profile and a DBC expect of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from deltaq_master.audit.dbc_wanted import Dbc
from deltaq_master.audit.findings import Finding, Severity
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, MAX_SLOTS, TO_MAPPING
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.mapping import PdoRecord, Slot, assemble
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.dictionary.wanted_pdos import PdoProfile, values_of
from deltaq_master.protocol.knowledge import Knowledge
from deltaq_master.protocol.observation import Observation

PREDEFINED: Final = {Address(0x1005): 0x080, Address(0x1012): 0x100}
"""COB-IDs of SYNC and TIME where the device says nothing else (CiA 301)."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule has found, before it is a finding of that rule."""

    address: Address
    expected: str
    found: str
    text: str
    record: PdoRecord | None = None
    slot: int | None = None
    severity: Severity | None = None
    """Where it is not the rule's own."""
    remedy: str = ""
    """Where it is not the rule's own."""
    explains: frozenset[Address] = frozenset()
    further: tuple[Address, ...] = ()
    """Other objects whose frames are evidence, too."""
    frames: tuple[str, ...] = ()
    """Other frames that are evidence."""
    key: str = ""
    pdo: str = ""
    """Where there is no record."""


@dataclass(frozen=True)
class Rule:
    """One row of the table of rules."""

    id: str
    """Readable, and the same for ever: baselines and suppressions name it."""
    severity: Severity
    title: str
    checks: str
    """What it looks at, as a sentence."""
    remedy: str
    """What to do about a finding of it, as a sentence."""
    source: str
    """Where it is from, with its certainty."""
    find: Callable[[Context], Iterator[Hit]]
    why_not: Callable[[Context], str] = lambda _: ""
    """Why it does not apply to what is known; '' where it does."""
    yields: bool = False
    """True for a general rule: it says nothing about a parameter that a more specific one explains."""

    def finding(self, hit: Hit, observation: Observation) -> Finding:
        """The finding that a hit of this rule is."""
        frames = [f for a in (hit.address, *hit.further) for f in observation.evidence.get(a, ())]
        return Finding(
            self.id,
            hit.severity or self.severity,
            hit.address,
            hit.expected,
            hit.found,
            hit.text,
            hit.remedy or self.remedy,
            hit.record.name if hit.record else hit.pdo,
            hit.slot,
            (*dict.fromkeys(frames), *hit.frames),
            hit.explains,
            hit.key,
        )


@dataclass(frozen=True)
class Context:
    """Everything that a rule may look at."""

    observation: Observation
    dictionary: Dictionary
    knowledge: Knowledge
    profile: PdoProfile | None = None
    dbc: Dbc | None = None
    master_id: int = 1

    # --- the device --------------------------------------------------------------------------------------

    @property
    def records(self) -> tuple[PdoRecord, ...]:
        """All its PDOs."""
        return self.observation.dump.records

    @cached_property
    def enabled(self) -> tuple[PdoRecord, ...]:
        """Its PDOs that are in use."""
        return tuple(record for record in self.records if record.enabled)

    def held(self, address: Address) -> bytes | None:
        """What an object of the device holds, None where that is not known."""
        return self.observation.values.get(address)

    def number(self, address: Address) -> int | None:
        """The unsigned integer that an object of the device holds, None where that is not known."""
        data = self.held(address)
        return None if data is None else int.from_bytes(data, "little")

    def slots(self, record: PdoRecord) -> Iterator[tuple[int, Address, Slot]]:
        """Number, mapping parameter and content of each slot of a PDO that maps something."""
        for number, slot in enumerate(record.mapping.slots, 1):
            if slot.word:
                yield number, Address(record.mapping_index, number), slot

    @cached_property
    def unread(self) -> bool:
        """True when there is an RPDO of which it is not known whether it is enabled, or what it maps."""
        return any(
            record.cob_word is None or record.count is None or len(record.words) < record.count
            for record in self.observation.dump.rpdos
            if not self.not_there(record)
        )

    def not_there(self, record: PdoRecord) -> bool:
        """True for a PDO of the EDS of which the device has neither half, in its own words."""
        halves = (Address(record.communication_index, COB_ID), Address(record.mapping_index))
        return all(half in self.observation.absent for half in halves)

    @property
    def parameters(self) -> tuple[Entry, ...]:
        """Every readable PDO parameter of the EDS."""
        return _parameters(self.dictionary)

    # --- what is expected --------------------------------------------------------------------------------

    @property
    def defaults(self) -> Mapping[Address, bytes]:
        """PDO parameters with the default that the EDS gives them."""
        return _defaults(self.dictionary)

    @cached_property
    def wanted(self) -> dict[Address, bytes]:
        """PDO parameters that the profile speaks of; flags of a COB-ID that it does not say are the EDS's."""
        if self.profile is None:
            return {}
        pdos = self.profile.pdos
        cob_ids = [Address(pdo.communication_index, COB_ID) for pdo in pdos]
        present = {a: self.defaults.get(a) or self.held(a) or bytes(4) for a in cob_ids}
        return values_of(self.profile, present)

    @cached_property
    def expected(self) -> dict[Address, bytes]:
        """PDO parameters as the profile wants them, and as the EDS has them where it says nothing."""
        ours = self.wanted
        remapped = {address.index: data[0] for address, data in ours.items() if _counts(address)}
        kept = {
            address: data
            for address, data in self.defaults.items()
            if address.sub <= remapped.get(address.index, MAX_SLOTS)
        }
        return kept | ours

    @cached_property
    def ideal(self) -> Context:
        """The device that has exactly what is expected: what a rule finds there, no difference explains."""
        services = {
            entry.address: entry.default_bytes
            for entry in self.dictionary
            if entry.address.index not in PDO_PARAMETERS and entry.address.index < 0x1400
        }
        values: Mapping[Address, bytes | None] = {**services, **self.expected}
        dump = assemble(self.dictionary, values, "what is expected")
        seen = Observation(self.observation.node_id, dump, values)
        return Context(seen, self.dictionary, self.knowledge, None, None, self.master_id)

    # --- words -------------------------------------------------------------------------------------------

    def named(self, address: Address) -> str:
        """`2002h:00 Charging Current`, or the address alone where the EDS does not know it."""
        entry = self.dictionary.get(address)
        return str(address) if entry is None else f"{address} {entry.full_name}"

    def listed(self, addresses: Iterable[Address]) -> str:
        """`6000h:00, 6070h:00 and 2276h:00`."""
        return listed(str(address) for address in addresses)


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    told = list(words)
    return " and ".join((", ".join(told[:-1]), told[-1])) if len(told) > 1 else "".join(told)


# Dictionaries are compared by identity; one is audited against many times in a row.


@lru_cache(maxsize=4)
def _parameters(dictionary: Dictionary) -> tuple[Entry, ...]:
    return tuple(entry for entry in dictionary if entry.address.index in PDO_PARAMETERS and entry.readable)


@lru_cache(maxsize=4)
def _defaults(dictionary: Dictionary) -> Mapping[Address, bytes]:
    parameters = (entry for entry in dictionary if entry.address.index in PDO_PARAMETERS)
    return {entry.address: data for entry in parameters if (data := entry.default_bytes) is not None}


def _counts(address: Address) -> bool:
    return address.sub == 0 and bool(address.index & TO_MAPPING)
