"""`deltaq config recover`: undoes a change that was cut off by a crash or power loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import FileError

if TYPE_CHECKING:
    from deltaq_master.configuration.journal import Unfinished
    from deltaq_master.dictionary.ordering import Difference

SCHEMA = "deltaq.config-recover/1"


def recover(
    context: typer.Context,
    journal: Annotated[
        Path | None,
        typer.Argument(metavar="[JOURNAL]", help="Journal of the change; by default this device's own."),
    ] = None,
    other_device: Annotated[
        bool, typer.Option("--other-device", help="Although another device answers than that of the journal.")
    ] = False,
) -> int:
    """Undo an apply, restore or remap that was cut off by a crash or power loss.

    Each change keeps a journal on the disk until it has come to its end. From
    it every object is made what it was before, in reverse order, and read back;
    then the journal is deleted. It is kept if anything could not be undone, and
    recover can be run again.

    \b
    Examples:
      deltaq -i socketcan -c can0 config recover
      deltaq -i socketcan -c can0 config recover ./apply.journal

    Exit code 0 if nothing is left to undo, 1 if something is.
    """
    from deltaq_master.cli.config_device import bus_name, subject
    from deltaq_master.cli.config_words import difference_fields
    from deltaq_master.configuration.applying import recover as undo
    from deltaq_master.configuration.journal import journal_path, read_journal

    chosen = settings(context)
    if journal is not None and not journal.exists():
        raise FileError(journal, "does not exist", remedy="name the journal of a change")
    with subject(chosen) as found:
        path = journal or journal_path(bus_name(chosen), chosen.node_id, found.identity)
        unfinished = read_journal(path) if path.exists() else None
        left: tuple[Difference, ...] = ()
        if unfinished is None:
            say(f"there is nothing to recover: no change of node {chosen.node_id} was cut off ({path})")
        else:
            with Signals(lambda _: None):
                left = undo(unfinished, found.device.node, found.identity, other_device=other_device)
    if unfinished is not None:
        _tell(unfinished, left)
    if chosen.json:
        head = unfinished.head if unfinished else None
        show_json(
            {
                "schema": SCHEMA,
                "node": chosen.node_id,
                "journal": str(path),
                "result": "nothing to do" if unfinished is None else "not undone" if left else "undone",
                "change": head,
                "differences": [difference_fields(difference) for difference in left],
            }
        )
    return ExitCode.FAILED if left else ExitCode.DONE


def _tell(unfinished: Unfinished, left: tuple[Difference, ...]) -> None:
    """Say how it went, and delete the journal if nothing is left."""
    path, head = unfinished.path, unfinished.head
    for difference in left:
        say(f"deltaq: {difference}")
    if left:
        say(f"deltaq: {len(left)} objects could not be made what they were; {path} is kept, run it again")
        return
    path.unlink(missing_ok=True)
    if head is None or not unfinished.writes:
        say(f"nothing was written before it was cut off; {path} is deleted")
    else:
        say(f"the {head.job} begun {head.begun} is undone and read back; {path} is deleted")
