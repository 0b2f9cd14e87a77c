"""`deltaq explain`: why it does not charge, and what happened; and what a number means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.files import write_file
from deltaq_master.cli.settings import Settings, is_charger, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.charger.diagnosis import Explanation
    from deltaq_master.dictionary.eds import Dictionary

LISTENING = 2.5
"""How long to listen before anything is read [s]: longer than the 1 s of the slowest frames, and than 1016h's 2 s."""
TAUGHT = ("alarm", "abort", "object")
WORDS = "a log file, or: alarm 0x20, abort 0x06010002, object 0x2276"


def explain(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LOGFILE | alarm ID | abort CODE | object NAME]",
            help="A log that python-can reads, instead of a bus; or a number to be explained.",
        ),
    ] = None,
    passive: Annotated[
        bool, typer.Option("--passive", help="Listen only: read nothing, never transmit.")
    ] = False,
    listen: Annotated[
        float,
        typer.Option("--listen", metavar="S", min=0.5, max=3600, help="How long to listen to a bus."),
    ] = LISTENING,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as a page, too, that needs no network."),
    ] = None,
) -> int:
    """Say why the charger does not charge, by evidence, and what to do next.

    It listens for 2.5 s, then reads what it needs by SDO reads alone, and weighs
    every precondition of charging: met, unmet, or unknown. What was not seen is
    unknown, never met. The unmet ones come first, the likeliest on top; [I] is
    what is inferred and not certain. On a log it does the same without reading.

    \b
    Examples:
      deltaq -i socketcan -c can0 explain
      deltaq -i socketcan -c can0 explain --passive --listen 10
      deltaq explain ride.trc --html ride.html
      deltaq --json explain ride.asc | jq .verdict
      deltaq explain alarm 0x20
      deltaq explain abort 0x06010002
      deltaq explain object 0x2276

    Exit codes: 0 it charges, or nothing is wrong; 1 a cause was found; 3 nothing
    was heard; 4 not enough was seen to say.
    """
    chosen = settings(context)
    words = words or []
    if words and words[0] in TAUGHT and len(words) == 2:
        from deltaq_master.cli.explain_words import teach

        return teach(chosen, words[0], words[1])
    if len(words) > 1 or (words and words[0] in TAUGHT):
        raise UsageError(f"{' '.join(words)!r} cannot be explained", f"give {WORDS}")
    if words and passive:
        raise UsageError("--passive is about a bus, and a log is never transmitted to", "leave it out")
    dictionary = chosen.dictionary()
    if not is_charger(dictionary):
        raise UsageError(
            f"{dictionary.path.name} is not a battery charger's (CiA 419), and only those are explained",
            "deltaq monitor decodes the traffic of any device",
        )
    explanation = (
        explain_log(dictionary, chosen, Path(words[0]))
        if words
        else explain_bus(dictionary, chosen, listen, passive)
    )
    from deltaq_master.cli.explain_show import json_of, lines

    if html is not None:
        from deltaq_master.cli.explain_html import page

        write_file(html, page(explanation, words[0] if words else "the bus"))
        say(f"note: written to {html}")
    if chosen.json:
        show_json(json_of(explanation))
    else:
        show("\n".join(lines(explanation)))
    return code_of(explanation)


def explain_log(dictionary: Dictionary, chosen: Settings, path: Path) -> Explanation:
    """Explain a log, as it stands at its end. Raises FileError."""
    from deltaq_master.charger.diagnosis import Diagnosis, Subject
    from deltaq_master.link.bus.logs import read_log

    diagnosis = Diagnosis(Subject(dictionary, chosen.master_id))
    for frame in read_log(path):
        diagnosis.take(frame)
    return diagnosis.explain()


def explain_bus(dictionary: Dictionary, chosen: Settings, listen: float, passive: bool) -> Explanation:
    """Explain what goes on on the bus. Raises BusError."""
    from deltaq_master.charger.diagnosis import Subject
    from deltaq_master.cli.explain_live import listened

    return listened(chosen, Subject(dictionary, chosen.master_id), listen, passive)


def code_of(explanation: Explanation) -> ExitCode:
    """The exit code of an explanation."""
    from deltaq_master.charger.diagnosis import State

    if explanation.state is State.UNHEARD:
        return ExitCode.NO_DEVICE
    if explanation.state is State.CHARGING:
        return ExitCode.DONE
    if explanation.causes:
        return ExitCode.FAILED
    return ExitCode.DONE if explanation.enough else ExitCode.INCOMPLETE
