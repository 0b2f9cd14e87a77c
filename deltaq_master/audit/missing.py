"""What an audit needed and could not have: with any of it, no report is clean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deltaq_master.audit.context import Context
from deltaq_master.audit.findings import Missing
from deltaq_master.audit.parameter_words import optional, parameter, pdo_of
from deltaq_master.audit.rules_parameters import MULTIPLEX
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import PDO_PARAMETERS

DEVICE_TYPE: Final = Address(0x1000)
MOST_NAMED: Final = 6
"""Objects with one reason that are named one by one; more are drawn together."""


def missing(context: Context) -> tuple[Missing, ...]:
    """Everything that was not read, was of no use, or is not audited."""
    reasons: dict[str, list[Address]] = {}
    for address, reason in _unread(context):
        reasons.setdefault(reason, []).append(address)
    found: list[Missing] = []
    for reason, addresses in reasons.items():
        if len(addresses) > MOST_NAMED:
            span = f"{addresses[0]} to {addresses[-1]}, {len(addresses)} objects"
            found.append(Missing(span, reason))
        else:
            found.extend(Missing(_place(address), reason) for address in addresses)
    records = context.records
    if not records:
        name = context.dictionary.path.name
        found.append(Missing("PDOs", f"{name} has no PDO parameters, so there was nothing to read"))
    elif all(context.not_there(record) for record in records):
        found.append(Missing("PDOs", "the device says that it has none of those in the EDS"))
    if DEVICE_TYPE in context.observation.absent:
        reason = (
            "every CANopen device has it, and this one says that it has not: what else it says is in doubt"
        )
        found.append(Missing(str(DEVICE_TYPE), reason))
    multiplex = (record.name for record in context.enabled if record.count in MULTIPLEX)
    found.extend(Missing(name, "slots of a multiplex PDO are not audited") for name in multiplex)
    return tuple(found)


def _unread(context: Context) -> Iterator[tuple[Address, str]]:
    seen = context.observation
    # What is beyond the EDS was asked for out of curiosity.
    yield from sorted(item for item in seen.failures.items() if context.dictionary.get(item[0]) is not None)
    for record in context.records:
        if not context.not_there(record):
            for address in (Address(record.communication_index, 1), Address(record.communication_index, 2)):
                yield from _lacking(context, address)
            yield from _lacking(context, Address(record.mapping_index))
    for entry in context.parameters:
        address, size = entry.address, entry.data_type.size
        held = seen.values.get(address)
        if held is None:
            if address not in seen.absent and address not in seen.failures:
                yield address, "it was not asked for"
        elif len(held) != size:
            yield address, f"its answer is {len(held)} byte long, and {entry.data_type.name} is {size}"


def _lacking(context: Context, address: Address) -> Iterator[tuple[Address, str]]:
    reason = context.observation.absent.get(address)
    if reason is not None and not optional(address):
        yield address, reason


def _place(address: Address) -> str:
    if address.index not in PDO_PARAMETERS:
        return str(address)
    return f"{pdo_of(address)} {parameter(address)[0]} ({address})"
