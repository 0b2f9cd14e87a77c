"""`deltaq info`: who the charger is, what it is set up for, and how its last charge went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show_json

if TYPE_CHECKING:
    from deltaq_master.cli.objects import Row
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.dictionary.entry import Entry

SCHEMA = "deltaq.info/1"

GROUPS: dict[str, tuple[str, ...]] = {
    "Identity": (
        "0x1000", "0x1018:01", "0x1018:02", "0x1018:03", "0x1018:04",
        "0x1008", "0x100A", "0x2251", "0x2260", "0x2261",
    ),
    "On the bus": ("0x1016:01", "0x1016:02", "0x1017", "0x1029:01", "0x1F80", "0x1400:05", "0x1401:05"),
    "Mode": ("0x2250", "0x2241", "0x2242"),
    "Limits": ("0x4208", "0x4209", "0x4212", "0x2008"),
    "State": ("0x2006", "0x6001", "0x2101", "0x2002", "0x2200", "0x2050", "0x6080"),
    "Errors": ("0x1001", "0x2060", "0x2061", "0x1003"),
    "Commands as they stand": ("0x6000", "0x6070", "0x2276", "0x2271"),
    "Last charge": ("0x2011", "0x200B", "0x200C", "0x200D", "0x200E", "0x200F", "0x2010", "0x6052", "0x2E01"),
    "Counters": ("0x2500",),
}  # fmt: skip
"""What is read, by heading; a record by its index alone means all of it but its length."""


def info(
    context: typer.Context,
    bus: Annotated[
        bool,
        typer.Option(
            "--bus", help="The way to the bus instead: what it can do, and its round trip, clock, queue."
        ),
    ] = False,
) -> int:
    """Show identity, versions, mode, algorithm, limits, errors, counters and the last charge.

    By SDO reads alone: no heartbeat, no NMT, so it may be asked of a charger
    that is at work. What the device has not is shown as absent: this unit's
    firmware is older than the documents that the EDS is made from.

    \b
    Examples:
      deltaq -i sim info
      deltaq -i socketcan -c can0 info
      deltaq --json -i socketcan -c can0 info > charger.json
      deltaq -i socketcan -c can0 info --bus

    Exit code 4 if something that the device has could not be read.
    """
    from deltaq_master.cli.objects import read_rows

    chosen = settings(context)
    if bus:
        from deltaq_master.cli.info_bus import show_bus

        return show_bus(chosen)
    groups = dict(entries(chosen.dictionary()))
    with chosen.open() as master:
        charger = chosen.charger(master)
        found = {
            title: [row for row in read_rows(charger, wanted) if told(row)]
            for title, wanted in groups.items()
        }
    all_of_it = {"schema": SCHEMA, "node": chosen.node_id, "groups": found}
    chosen.report("info", all_of_it)
    if chosen.json:
        show_json(all_of_it)
    else:
        from deltaq_master.cli.tables import show_rows

        for title, rows in found.items():
            show_rows(rows, title)
    missed = [row for rows in found.values() for row in rows if row.problem]
    for row in missed:
        say(f"deltaq: {row.problem}")
    return ExitCode.INCOMPLETE if missed else ExitCode.DONE


def entries(dictionary: Dictionary) -> Iterator[tuple[str, list[Entry]]]:
    """The entries of each group that the EDS knows, in their order."""
    from deltaq_master.dictionary.address import Address

    for title, written in GROUPS.items():
        found: list[Entry] = []
        for text in written:
            address = Address.parse(text)
            if ":" in text or dictionary.get(Address(address.index, 1)) is None:
                entry = dictionary.get(address)
                found += [entry] if entry and entry.readable else []
            else:
                found += [entry for entry in dictionary if _inside(entry, address.index)]
        yield title, found


def told(row: Row) -> bool:
    """False for the empty places of the error history."""
    return not (row.object.startswith("1003h") and row.raw == 0)


def _inside(entry: Entry, index: int) -> bool:
    return entry.address.index == index and entry.address.sub > 0 and entry.readable
