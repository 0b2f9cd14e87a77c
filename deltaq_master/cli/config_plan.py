"""`deltaq config plan`: which writes an apply would make."""

from __future__ import annotations

import typer

from deltaq_master.cli.config_options import (
    Allow,
    Except,
    FileArgument,
    Force,
    OtherDevice,
    Raw,
    Sets,
    SkipAbsent,
    rules_of,
    source_of,
)
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show_json

SCHEMA = "deltaq.config-plan/1"


def plan(
    context: typer.Context,
    file: FileArgument = None,
    sets: Sets = None,
    raw: Raw = False,
    allow: Allow = None,
    left_out: Except = None,
    skip_absent: SkipAbsent = False,
    other_device: OtherDevice = False,
    force: Force = False,
) -> int:
    """Show the writes that would make a device hold what a file says. By SDO reads alone.

    Only what differs is written: other objects by their index, then PDOs in
    the order of CiA 301 (disabled, mapped, enabled). What would be refused is
    said with its reason.

    \b
    Examples:
      deltaq -i socketcan -c can0 config plan charger.dcf
      deltaq -i sim config plan --set 0x1017=500 --set 0x1029:01=1

    Exit code 1 if an apply would be refused.
    """
    from deltaq_master.cli.config_device import Shown, subject
    from deltaq_master.cli.config_words import plan_fields, show_steps
    from deltaq_master.configuration import planning

    chosen = settings(context)
    source = source_of(chosen, file, sets, raw)
    rules = rules_of(chosen, allow, left_out, skip_absent=skip_absent, other_device=other_device, force=force)
    shown = Shown()
    with subject(chosen) as found:
        made = planning.plan(found.device.node, source, found.identity, rules, found.state, shown.reading)
    shown.end()
    if chosen.json:
        show_json({"schema": SCHEMA, **plan_fields(made, found.dictionary)})
    else:
        show_steps(made, found.dictionary)
    for text in made.notes:
        say(f"note: {text}")
    for text in made.refusals:
        say(f"refused: {text}")
    say(f"{len(made.steps)} writes; {made.unchanged} objects are as wanted already")
    return ExitCode.FAILED if made.refusals else ExitCode.DONE
