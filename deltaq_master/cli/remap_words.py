"""A plan of a remap for people and for programs: each write with what the object held, holds then, and means."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import (
    COB_ID,
    DISABLED,
    EVENT,
    EXTENDED,
    INHIBIT,
    NO_RTR,
    TO_MAPPING,
    TRANSMISSION,
)
from deltaq_master.dictionary.mapping import DUMMIES

if TYPE_CHECKING:
    from deltaq_master.dictionary.entry import Catalogue
    from deltaq_master.link.device.remap import RemapPlan

SCHEMA: Final = "deltaq.pdo-remap/1"
WIDE: Final = 1000
"""Width [columns] where nobody looks: lines in a file or a pipe are not broken."""
_EVENT_DRIVEN: Final = 0xFE


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a plan; `old` and `new` are raw, in hexadecimal, most significant digit first."""

    number: int
    object: str
    what: str
    old: str
    new: str
    old_means: str
    new_means: str


def writes(plan: RemapPlan, dictionary: Catalogue) -> Iterator[Write]:
    """The writes of a plan in their order; what is old at each is what the writes before it have left."""
    held = dict(plan.before)
    for number, step in enumerate(plan.steps, 1):
        old, new = held.get(step.address), step.data
        held[step.address] = new
        means = (
            ("not known" if old is None else said(step.address, old, dictionary)),
            said(step.address, new, dictionary),
        )
        yield Write(number, str(step.address), step.why, _raw(old), _raw(new), *means)


def said(address: Address, data: bytes, dictionary: Catalogue) -> str:
    """What the bytes of a PDO parameter mean: `20Ah, disabled`, `6070h:00 Charge Current Requested, 16 bits`."""
    value = int.from_bytes(data, "little")
    if address.index & TO_MAPPING:
        return _slot(value, dictionary) if address.sub else f"{value} slots"
    if address.sub == COB_ID:
        flags = "disabled" if value & DISABLED else "enabled"
        flags += ", no RTR" if value & NO_RTR else ""
        digits = 8 if value & EXTENDED else 3
        return f"{value & (0x1FFFFFFF if value & EXTENDED else 0x7FF):0{digits}X}h, {flags}"
    if address.sub == TRANSMISSION:
        return "event-driven" if value >= _EVENT_DRIVEN else f"type {value:02X}h"
    if address.sub in (EVENT, INHIBIT):
        return f"{value / 10 if address.sub == INHIBIT else value:g} ms" if value else "off"
    return str(value)


def _slot(word: int, dictionary: Catalogue) -> str:
    if not word:
        return "nothing"
    address = Address(word >> 16, word >> 8 & 0xFF)
    entry = DUMMIES.get(address) or dictionary.get(address)
    name = "not in the EDS" if entry is None else entry.full_name
    return f"{address} {name}, {word & 0xFF} bits"


def _raw(data: bytes | None) -> str:
    return "" if data is None else data[::-1].hex().upper()


def show_plan(plan: RemapPlan, dictionary: Catalogue) -> None:
    """Print a plan on stdout."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deltaq_master.cli.talk import show

    show(f"Remap of node {plan.node_id} to: {plan.profile.name}")
    if plan.profile.source:
        show(f"  {plan.profile.source}")
    if not plan.steps:
        return
    table = Table.grid(padding=(0, 2))
    for title in ("", "object", "write", "old", "new", "meaning"):
        table.add_column(title, justify="right" if not title else "left")
    for write in writes(plan, dictionary):
        means = f"{write.old_means} -> {write.new_means}"
        cells = (str(write.number), write.object, write.what, write.old, write.new, means)
        table.add_row(*map(Text, cells))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as printed:
        console.print(table)
    show("\n".join(line.rstrip() for line in printed.get().splitlines()))


def json_of(
    plan: RemapPlan, dictionary: Catalogue, outcome: str, differences: tuple[object, ...] = ()
) -> dict[str, Any]:
    """A plan and what came of it, for programs."""
    from dataclasses import asdict

    return {
        "schema": SCHEMA,
        "node": plan.node_id,
        "profile": plan.profile.name,
        "source": plan.profile.source,
        "outcome": outcome,
        "writes": [asdict(write) for write in writes(plan, dictionary)],
        "refusals": list(plan.refusals),
        "warnings": list(plan.warnings),
        "differences": [str(difference) for difference in differences],
    }
