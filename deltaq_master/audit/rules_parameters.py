"""Rules about PDO parameters: COB-IDs that collide, counts that do not fit, what is not as it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from deltaq_master.audit.context import PREDEFINED, Context, Hit
from deltaq_master.audit.findings import Severity
from deltaq_master.audit.parameter_words import optional, parameter, pdo_of, said
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, MAX_SLOTS, TO_MAPPING
from deltaq_master.dictionary.mapping import PdoKind, PdoRecord
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.protocol.cob_ids import RESTRICTED

MULTIPLEX: Final = {0xFE: "source", 0xFF: "destination"}
"""Counts that say that the PDO is a multiplex PDO (CiA 301), by its address mode."""
_INVALID: Final = 1 << 31
_EXTENDED: Final = 1 << 29
_ID: Final = 0x1FFFFFFF
_SDO_SERVERS: Final = frozenset(range(0x1200, 0x1280))


def cob_id_clash(context: Context) -> Iterator[Hit]:
    """Two services of the device on one COB-ID."""
    for first, second in combinations(context.enabled, 2):
        if _key(first) == _key(second):
            both = (Address(first.communication_index, COB_ID), Address(second.communication_index, COB_ID))
            receive = first.kind is second.kind is PdoKind.RPDO
            harm = (
                "one frame sets the objects of both"
                if receive
                else "receivers cannot tell the frames apart"
                if first.kind is second.kind
                else "whoever commands the device collides with its reports"
            )
            yield Hit(
                both[1],
                "a COB-ID of its own",
                f"{_id(second)}, as {first.name}",
                f"{first.name} and {second.name} both use COB-ID {_id(second)}: {harm}.",
                second,
                severity=Severity.WARNING if receive else None,
                explains=frozenset(both),
                further=both[:1],
            )
    services = dict(_services(context))
    for record in context.enabled:
        service = None if record.extended or record.cob_id is None else services.get(record.cob_id)
        if service is not None:
            what, where = service
            yield Hit(
                Address(record.communication_index, COB_ID),
                "a COB-ID of its own",
                f"{_id(record)}, as {what}",
                f"{record.name} uses COB-ID {_id(record)}, which is that of {what} ({where}).",
                record,
                explains=frozenset((Address(record.communication_index, COB_ID),)),
                further=(where,),
            )


def cob_id_restricted(context: Context) -> Iterator[Hit]:
    """COB-IDs that CiA 301 keeps from PDOs."""
    for record in context.enabled:
        if record.extended or record.cob_id is None:
            continue
        for span in RESTRICTED:
            if record.cob_id in span:
                address = Address(record.communication_index, COB_ID)
                yield Hit(
                    address,
                    "a COB-ID that CiA 301 leaves to PDOs",
                    _id(record),
                    f"{record.name} uses COB-ID {_id(record)}, within {span.start:03X}h to {span.stop - 1:03X}h, "
                    "which CiA 301 keeps for other services.",
                    record,
                    explains=frozenset((address,)),
                )


def count_against_entries(context: Context) -> Iterator[Hit]:
    """Counts that promise more slots than there are."""
    for record in context.enabled:
        count = record.count
        if not count:
            continue
        address = Address(record.mapping_index)
        if count > MAX_SLOTS:
            mode = MULTIPLEX.get(count)
            yield Hit(
                address,
                f"0 to {MAX_SLOTS} slots",
                f"{count:02X}h, a multiplex PDO with {mode} address mode" if mode else str(count),
                f"{record.name} is a multiplex PDO, whose slots are not audited."
                if mode
                else f"{record.name} says that it maps {count} objects, and no PDO has more than {MAX_SLOTS}.",
                record,
                explains=frozenset((address,)),
            )
            continue
        slots = [Address(record.mapping_index, sub) for sub in range(1, count + 1)]
        lacking = [slot for slot in slots if slot in context.observation.absent]
        empty = [slot for slot in slots if context.held(slot) == bytes(4)]
        if _fixed(context, address):
            # A device that does not let the count change has the slots that it does not use at the end.
            while empty and empty[-1] == slots[-1]:
                slots.pop()
                empty.pop()
        for bad, what in ((lacking, "are absent"), (empty, "are empty")):
            if bad:
                which = f"{context.listed(bad)} {what if len(bad) > 1 else what.replace('are', 'is')}"
                yield Hit(
                    address,
                    f"{count} objects",
                    which,
                    f"{record.name} says that it maps {count} objects, and {which}.",
                    record,
                    explains=frozenset((address, *bad)),
                    further=tuple(bad),
                )


def disabled(context: Context) -> Iterator[Hit]:
    """PDOs that are off and should be on."""
    for record in context.records:
        address = Address(record.communication_index, COB_ID)
        wanted, held = context.expected.get(address), record.cob_word
        if wanted is None or held is None:
            continue
        word = int.from_bytes(wanted, "little")
        if held & _INVALID and not word & _INVALID:
            source = _source(context, address)
            yield Hit(
                address,
                said(context, address, wanted),
                said(context, address, held.to_bytes(4, "little")),
                f"{record.name} is disabled (bit 31 of {address}), and {source} has it enabled.",
                record,
                explains=frozenset((address,)),
            )


def differs_from_profile(context: Context) -> Iterator[Hit]:
    """Parameters that are not as the profile wants them."""
    name = f"the profile {context.profile.name}" if context.profile else ""
    yield from _differences(context, context.wanted, name)


def differs_from_eds(context: Context) -> Iterator[Hit]:
    """Parameters that are not as the EDS has them, where no profile says otherwise."""
    ours = context.wanted
    rest = {a: data for a, data in context.expected.items() if a not in ours} if ours else context.expected
    yield from _differences(context, rest, context.dictionary.path.name)
    yield from _beyond(context)


def _beyond(context: Context) -> Iterator[Hit]:
    """PDOs that the device has and the EDS does not."""
    parameters = (a for a in context.observation.values if a.sub == COB_ID and a.index in PDO_PARAMETERS)
    for address in sorted(a for a in parameters if not a.index & TO_MAPPING and a not in context.wanted):
        held = context.held(address)
        if held is not None and context.dictionary.get(address) is None:
            name, word = pdo_of(address), said(context, address, held)
            source = context.dictionary.path.name
            yield Hit(
                address,
                f"no {name}, as in {source}",
                word,
                f"{name} is in the device (COB-ID {word}) and not in {source}, so it is not audited.",
                pdo=name,
            )


def _differences(context: Context, wanted: dict[Address, bytes], source: str) -> Iterator[Hit]:
    absent = context.observation.absent
    whole = {record.name for record in context.records if context.not_there(record)}
    told: set[str] = set()
    for address in sorted(a for a, data in wanted.items() if context.held(a) != data):
        data, held = wanted[address], context.held(address)
        name = pdo_of(address)
        if name in whole:
            if name not in told:
                told.add(name)
                yield Hit(
                    Address(address.index, COB_ID),
                    f"{name}, as in {source}",
                    "absent",
                    f"{name} is in {source}, and the device says that it does not have it.",
                    pdo=name,
                )
            continue
        if (not optional(address) and address in absent) or _head(address) in absent:
            continue  # half a PDO: the audit is incomplete, and says so
        lacking = address in absent and any(data)
        if lacking or (held is not None and len(held) == len(data)):
            expected = said(context, address, data)
            found = "absent" if held is None else said(context, address, held)
            what, slot = parameter(address)
            yield Hit(
                address,
                expected,
                found,
                f"{name}: {what} ({address}) is {found}, and {source} has {expected}.",
                slot=slot,
                pdo=name,
            )
        elif held is None and context.dictionary.get(address) is None:
            what, slot = parameter(address)
            expected = said(context, address, data)
            text = (
                f"{name}: {what} ({address}) should be {expected} by {source}, and the EDS does not know it."
            )
            yield Hit(address, expected, "not in the EDS", text, slot=slot, pdo=name)


def _head(address: Address) -> Address:
    """The parameter without which an object of parameters is not there."""
    return Address(address.index, 0 if address.index & TO_MAPPING else COB_ID)


def _source(context: Context, address: Address) -> str:
    if context.profile is not None and address in context.wanted:
        return f"the profile {context.profile.name}"
    return context.dictionary.path.name


def _fixed(context: Context, count: Address) -> bool:
    entry = context.dictionary.get(count)
    return entry is not None and not entry.writable


def _key(record: PdoRecord) -> tuple[bool, int | None]:
    return record.extended, record.cob_id


def _id(record: PdoRecord) -> str:
    return f"{record.cob_id:08X}h" if record.extended else f"{record.cob_id:03X}h"


def _services(context: Context) -> Iterator[tuple[int, tuple[str, Address]]]:
    """COB-IDs of the device's other services, with their names and the objects that say so."""
    node_id = context.observation.node_id
    yield 0x000, ("NMT", Address(0x0000))
    for index, name in ((0x1005, "SYNC"), (0x1012, "TIME"), (0x1014, "EMCY")):
        address = Address(index)
        word = _service_word(context, address)
        if word is None:
            # CiA 301's own, which the device may still use: nothing else was said.
            yield PREDEFINED.get(address, 0x080 + node_id), (name, address)
        elif not (index == 0x1014 and word & _INVALID) and not word & _EXTENDED:
            yield word & 0x7FF, (name, address)
    yield 0x600 + node_id, ("SDO requests", Address(0x1200, 1))
    yield 0x580 + node_id, ("SDO answers", Address(0x1200, 2))
    yield 0x700 + node_id, ("heartbeat", Address(0x1017))
    for index in sorted(context.dictionary.indices & _SDO_SERVERS):
        for sub, name in ((1, "SDO requests"), (2, "SDO answers")):
            word = _service_word(context, Address(index, sub))
            if word is not None and not word & (_INVALID | _EXTENDED):
                yield word & 0x7FF, (name, Address(index, sub))


def _service_word(context: Context, address: Address) -> int | None:
    number = context.number(address)
    if number is None and address not in context.observation.absent:
        entry = context.dictionary.get(address)
        data = None if entry is None else entry.default_bytes
        number = None if data is None else int.from_bytes(data, "little")
    return number
