"""`deltaq read`: objects by SDO."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deltaq_master.cli.completion import entries
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show_json

SCHEMA = "deltaq.read/1"


def read(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="ENTRY...",
            autocompletion=entries,
            help="Name or address: 'Battery Voltage Q8.8', 0x6070, 0x1018:01.",
        ),
    ],
    raw: Annotated[bool, typer.Option("--raw", help="Show the raw value, not the one in its unit.")] = False,
) -> int:
    """Read objects of the charger by SDO, and nothing else: no heartbeat, no NMT.

    Values are in the units of the EDS, bits in words; the object dictionary in
    docs/object-dictionary.md lists all objects.

    \b
    Examples:
      deltaq -i sim read 0x2101 0x2006
      deltaq -i socketcan -c can0 read 'Identity Object.Vendor Id' 0x1016:01
      deltaq --json -i socketcan -c can0 read 0x2101 | jq .value

    Exit code 1 if nothing could be read, 4 if only some of it.
    """
    from deltaq_master.cli.objects import read_rows

    chosen = settings(context)
    dictionary = chosen.dictionary()
    wanted = [dictionary.find(text) for text in names]
    with chosen.open() as master:
        rows = list(read_rows(chosen.charger(master), wanted))
    if chosen.json:
        for row in rows:
            show_json({"schema": SCHEMA, "node": chosen.node_id, **asdict(row)})
    else:
        from deltaq_master.cli.tables import show_rows

        show_rows(rows, raw=raw)
    missing = [row for row in rows if row.absent or row.problem]
    for row in missing:
        say(f"deltaq: {row.problem or f'{row.object} {row.name} is absent: the device has no such object'}")
    if not missing:
        return ExitCode.DONE
    return ExitCode.FAILED if len(missing) == len(rows) else ExitCode.INCOMPLETE
