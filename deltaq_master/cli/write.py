"""`deltaq write`: one object by SDO, if no rule forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.completion import entries
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.parsing import seconds
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.dictionary.entry import Entry, Value

SCHEMA = "deltaq.write/1"
FORCE = "Commands outside a charge"


def write(
    context: typer.Context,
    entry: Annotated[
        str,
        typer.Argument(metavar="ENTRY", autocompletion=entries, help="Name or address: 0x1017, 0x1029:01."),
    ],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="In the unit of the EDS, or raw with --raw.")],
    raw: Annotated[bool, typer.Option("--raw", help="VALUE is the raw value: 1280 or 0x500.")] = False,
    heartbeat: Annotated[
        bool,
        typer.Option(
            "--heartbeat", help="Put our heartbeat on the bus for it, after listening for another master."
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", metavar="ENTRY", help="Protected object that may be written; may be repeated."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force-command",
            rich_help_panel=FORCE,
            help="Write a command object under our heartbeat, keep it until Ctrl-C or --for, then switch off.",
        ),
    ] = False,
    max_voltage: Annotated[
        float | None,
        typer.Option("--max-voltage", metavar="V", rich_help_panel=FORCE, help="Limit; required with it."),
    ] = None,
    max_current: Annotated[
        float | None,
        typer.Option("--max-current", metavar="A", rich_help_panel=FORCE, help="Limit; required with it."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            "--for", metavar="TIME", parser=seconds, rich_help_panel=FORCE, help="How long to keep it."
        ),
    ] = None,
    release: Annotated[
        bool,
        typer.Option(
            "--release-to-local",
            rich_help_panel=FORCE,
            help="Leave the bus although the charger may then charge by its own algorithm.",
        ),
    ] = False,
) -> int:
    """Write an object of the charger by SDO, if no rule forbids it.

    Refused are objects that the EDS protects and writes that would weaken the
    charger's watch over its master, unless each is named with --allow; and
    command objects (6000h, the current and voltage requests), which belong to
    charge: only 0 may be written to 6000h and to the current.

    \b
    Examples:
      deltaq -i socketcan -c can0 write 0x1017 500
      deltaq -i socketcan -c can0 write 0x6000 0 --heartbeat
      deltaq -i socketcan -c can0 write 0x1029:01 0x00 --raw

    For experiments, --force-command writes a command object all the same,
    within limits. It listens for another master, sends our heartbeat, keeps
    the command until Ctrl-C or --for, and ends in the safe order: current 0,
    6000h = 0, until the charger reports off, then silence.

    \b
      deltaq -i sim write 0x6070 2 --force-command --for 10s \\
          --max-voltage 84 --max-current 3
    """
    chosen = settings(context)
    if not force and (max_voltage, max_current, duration, release) != (None, None, None, False):
        raise UsageError(
            "--max-voltage, --max-current, --for and --release-to-local go with --force-command",
            "add it, or leave them out",
        )
    dictionary = chosen.dictionary()
    known = dictionary.find(entry)
    parsed = value_of(known, value, raw)
    data = known.encode(parsed if raw else known.raw(parsed))
    if force:
        from deltaq_master.cli.force import command_limits, run_force

        limits = command_limits(dictionary, known, data, max_voltage, max_current)
        return run_force(chosen, known, data, limits, duration, release)
    named = [dictionary.find(text).address for text in allow or ()]
    with chosen.open() as master:
        charger = chosen.charger(master)
        charger.write(known, parsed, raw=raw, allow=named, heartbeat=heartbeat)
    written(chosen, known, data)
    return ExitCode.DONE


def value_of(entry: Entry, text: str, raw: bool) -> Value:
    """What a word of the command line is for an entry. Raises UsageError."""
    kind = entry.data_type
    try:
        if kind.integer or kind.bits == 1:
            return _number(text) if entry.scale and not raw else int(text, 0)
        if kind.floating:
            return float(text)
        return text if kind.text else bytes.fromhex(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no value for {entry.address} {entry.full_name}", f"it is {kind.name}"
        ) from None


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def written(chosen: Settings, entry: Entry, data: bytes) -> None:
    """Say what was written, as the device holds it."""
    from deltaq_master.protocol.fields import value_field

    raw = entry.decode(data)
    field = value_field(entry, raw, entry.full_name)
    say(f"wrote {entry.address} {field}")
    if chosen.json:
        plain = raw.hex(" ").upper() if isinstance(raw, bytes) else raw
        show_json(
            {
                "schema": SCHEMA,
                "node": chosen.node_id,
                "object": str(entry.address),
                "name": entry.full_name,
                "value": field.value,
                "unit": field.unit,
                "raw": plain,
            }
        )
