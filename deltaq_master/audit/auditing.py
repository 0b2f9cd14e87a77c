"""The audit itself: what was seen of a device, held against everything that is expected of it, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from deltaq_master.audit.context import Context, Rule
from deltaq_master.audit.dbc_wanted import Dbc
from deltaq_master.audit.findings import Finding, Identity, Looked, Report, ordered
from deltaq_master.audit.missing import missing
from deltaq_master.audit.rules import RULES
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, MAX_PDOS
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import PdoDump, PdoKind
from deltaq_master.dictionary.wanted_pdos import PdoProfile
from deltaq_master.protocol.identity import NUMBERS, TEXTS
from deltaq_master.protocol.knowledge import Knowledge
from deltaq_master.protocol.observation import Observation

NOTHING: Final = Knowledge()
_TEXTS: Final = {key: TEXTS[key] for key in ("name", "software")}
_SERVICES: Final = (
    Address(0x1005),
    Address(0x1012),
    Address(0x1014),
    *(Address(index, sub) for index in range(0x1200, 0x1280) for sub in (1, 2)),
)


def audit(
    observation: Observation,
    dictionary: Dictionary,
    *,
    knowledge: Knowledge = NOTHING,
    profile: PdoProfile | None = None,
    dbc: Dbc | None = None,
    master_id: int = 1,
) -> Report:
    """Hold an observation against the EDS, a profile and a DBC; nothing is read and nothing is sent.

    `master_id` is the node-ID that the device should watch. Raises UsageError for a profile that fits no COB-ID.
    """
    context = Context(observation, dictionary, knowledge, profile, dbc, master_id)
    findings: list[Finding] = []
    explained: set[Address] = set()
    expected = _expected_trouble(context)
    looked: list[Looked] = []
    for rule in RULES:
        why_not = rule.why_not(context)
        looked.append(
            Looked(rule.id, rule.severity, rule.title, rule.checks, rule.remedy, rule.source, why_not)
        )
        if why_not:
            continue
        for finding in _findings(rule, context):
            if rule.yields and finding.address in explained:
                continue
            findings.append(finding)
            # What would be found in the expected device too is no reason for a difference from it.
            explained |= {each for each in finding.explains if (rule.id, each) not in expected}
    return Report(
        identity(observation),
        tuple(_compared(context)),
        tuple(looked),
        ordered(findings),
        missing(context),
        observation.dump,
        notes=tuple(_notes(context)),
    )


def _findings(rule: Rule, context: Context) -> Iterator[Finding]:
    for hit in rule.find(context):
        yield rule.finding(hit, context.observation)


def _expected_trouble(context: Context) -> frozenset[tuple[str, Address]]:
    """Rules that speak about the expected device too, with the parameters that they explain there."""
    if context.profile is None:
        return _eds_trouble(context.dictionary, context.knowledge, context.master_id)
    return _trouble(context.ideal)


@lru_cache(maxsize=8)
def _eds_trouble(
    dictionary: Dictionary, knowledge: Knowledge, master_id: int
) -> frozenset[tuple[str, Address]]:
    nothing = Observation(dictionary.node_id, PdoDump((), "nothing"))
    return _trouble(Context(nothing, dictionary, knowledge, master_id=master_id).ideal)


def _trouble(ideal: Context) -> frozenset[tuple[str, Address]]:
    return frozenset(
        (rule.id, address)
        for rule in RULES
        if not rule.why_not(ideal)
        for hit in rule.find(ideal)
        for address in hit.explains
    )


def further_objects(dictionary: Dictionary, knowledge: Knowledge) -> tuple[Address, ...]:
    """What is read beside the PDO parameters: identity, services, watchdog, aliases, and what TPDOs map by the EDS.

    1000h comes last: a device that answers it was there to the end.
    """
    wanted = [*_SERVICES, *(address for family in knowledge.families for address in family.addresses)]
    if knowledge.watch is not None:
        wanted += [Address(0x1016, sub) for sub in range(1, 128)]
    wanted += [Address(0x1018, sub) for sub in range(1, 5)]
    wanted += [*_TEXTS.values(), Address(0x1000)]
    entries = (dictionary.get(address) for address in dict.fromkeys(wanted))
    known = (entry.address for entry in entries if entry is not None and entry.readable)
    return (*_next_pdos(dictionary), *known)


def _next_pdos(dictionary: Dictionary) -> Iterator[Address]:
    """The COB-IDs behind the last PDO of each kind in the EDS: whether the device has more than it says."""
    for kind in PdoKind:
        first = kind.first_communication_index
        last = max(dictionary.indices & frozenset(range(first, first + MAX_PDOS)), default=None)
        if last is not None and last < first + MAX_PDOS - 1:
            yield Address(last + 1, COB_ID)


def mapped_objects(observation: Observation, dictionary: Dictionary) -> tuple[Address, ...]:
    """Objects of the TPDOs that were heard, which are to be read for a second opinion, and were not yet."""
    wanted = (
        slot.address
        for record in observation.dump.tpdos
        if record.enabled and record.cob_id in observation.frames
        for slot in record.mapping.slots
    )
    entries = (dictionary.get(address) for address in dict.fromkeys(wanted))
    return tuple(
        entry.address
        for entry in entries
        if entry is not None and entry.readable and entry.address not in observation.values
    )


def identity(observation: Observation) -> Identity:
    """Who the device says that it is."""
    values = observation.values
    said = {
        name: data[::-1].hex().upper() + "h"
        for name, address in NUMBERS.items()
        if (data := values.get(address)) is not None
    }
    texts = {
        name: data.decode("latin-1").rstrip("\0")
        for name, address in _TEXTS.items()
        if (data := values.get(address)) is not None
    }
    state = observation.state.word if observation.state is not None else ""
    return Identity(observation.node_id, **said, **texts, state=state)


def _compared(context: Context) -> Iterator[str]:
    yield f"EDS {context.dictionary.path.name}"
    if context.profile is not None:
        yield f"profile {context.profile.name} ({context.profile.source})"
    if context.dbc is not None:
        yield f"DBC {context.dbc.name}"
    if context.knowledge.device:
        yield f"what is known of a {context.knowledge.device}"


def _notes(context: Context) -> Iterator[str]:
    """What could not be looked at although nothing failed."""
    sending = [record for record in context.observation.dump.tpdos if record.enabled]
    unheard = [record.name for record in sending if record.cob_id not in context.observation.frames]
    if unheard:
        state = context.observation.state
        why = f"the device reports {state.word}" if state is not None else "no heartbeat of it was heard"
        yield f"{', '.join(unheard)} not heard, so not compared with SDO ({why})"
