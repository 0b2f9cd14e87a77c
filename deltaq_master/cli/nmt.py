"""`deltaq nmt`: network management commands, and what came of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.parsing import seconds
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show, show_json

SCHEMA = "deltaq.nmt/1"
PATIENCE = 3.0
"""How long to wait for the reported state [s]: a heartbeat shows a new one at its next 1 s tick."""


class Command(StrEnum):
    """What a node can be told."""

    START = "start"
    STOP = "stop"
    PREOP = "preop"
    RESET_NODE = "reset-node"
    RESET_COMM = "reset-comm"


def nmt(
    context: typer.Context,
    command: Annotated[Command, typer.Argument(metavar="|".join(Command), help="What the charger is told.")],
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="TIME", parser=seconds, help="How long to wait for its word; 3s by default."
        ),
    ] = None,
) -> int:
    """Send an NMT command to the charger, and wait until it reports the state.

    Only a heartbeat of the device counts: what was commanded need not be what
    it is in. After a reset its boot-up message or its first heartbeat is
    awaited. start switches PDOs on; it charges nothing.

    \b
    Examples:
      deltaq -i socketcan -c can0 nmt preop
      deltaq -i socketcan -c can0 nmt reset-comm --timeout 10s

    Exit code 3 if the state was not reported in time.
    """
    from deltaq_master.errors import SilentError
    from deltaq_master.link import clock
    from deltaq_master.link.device.device import HEARTBEAT_WAIT
    from deltaq_master.protocol.nmt import NmtCommand, NmtState

    anew = frozenset((NmtState.INITIALISING, NmtState.PRE_OPERATIONAL, NmtState.OPERATIONAL))
    sent, awaited = {
        Command.START: (NmtCommand.START, frozenset((NmtState.OPERATIONAL,))),
        Command.STOP: (NmtCommand.STOP, frozenset((NmtState.STOPPED,))),
        Command.PREOP: (NmtCommand.PRE_OPERATIONAL, frozenset((NmtState.PRE_OPERATIONAL,))),
        Command.RESET_NODE: (NmtCommand.RESET_NODE, anew),
        Command.RESET_COMM: (NmtCommand.RESET_COMMUNICATION, anew),
    }[command]
    chosen = settings(context)
    patience = PATIENCE if timeout is None else timeout
    if command is Command.START:
        say("note: NMT start switches PDOs on; the output stays off until a charge asks for it")
    with chosen.open() as master:
        charger = chosen.charger(master)
        # One that is just starting would not hear it.
        charger.nmt.wait_heard(HEARTBEAT_WAIT)
        begun = clock.now()
        charger.nmt.command(sent)
        # It may have answered before the wait begins.
        age = charger.nmt.age
        if not (age is not None and clock.now() - age >= begun and charger.nmt.reported in awaited):
            charger.nmt.wait_for(awaited, patience)
        reported, age = charger.nmt.reported, charger.nmt.age
        fresh = age is not None and clock.now() - age >= begun
    state = reported.word if reported is not None and fresh else None
    if fresh and reported is NmtState.INITIALISING:
        state = "boot-up"
    if chosen.json:
        show_json({"schema": SCHEMA, "node": chosen.node_id, "command": command.value, "reported": state})
    elif state is not None:
        show(f"node {chosen.node_id} reports {state}")
    if reported not in awaited or not fresh:
        problem = f"nmt {command.value} was sent, and within {patience:g} s it reported {state or 'nothing'}"
        remedy = "is it powered, and its node-ID right?"
        raise SilentError(chosen.node_id, patience, problem, remedy)
    return ExitCode.DONE
