"""Carrying out a change of a device from the command line: refused, done, or undone, and said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings, is_charger
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import ChangeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltaq_master.configuration.planning import Plan, Rules
    from deltaq_master.configuration.sources import Source
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.dictionary.ordering import Difference, Step
    from deltaq_master.link.device.node import Node
    from deltaq_master.link.device.transaction import Journal

PATIENCE = 10.0
"""How long a device that has stopped answering is waited for, so that a change can be undone [s]."""
INTERRUPTED = "interrupted: the change was undone, the device holds what it held before"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a change went."""

    code: ExitCode
    result: str
    """`done`, `nothing to do`, `refused`, `undone`, `not undone` or `interrupted`."""
    written: Sequence[Step] = ()
    left: Sequence[Difference] = ()
    """What could not be undone."""
    sentence: str = ""
    """What is said of it, '' for a success."""


def change_device(
    chosen: Settings, verb: str, source: Source, rules: Rules, journal: Path | None, file: Path | None
) -> int:
    """Plan a change of the device that is meant, carry it out, and say how it went."""
    from deltaq_master.cli.config_device import Shown, journal_of, subject
    from deltaq_master.cli.config_words import plan_fields, show_steps
    from deltaq_master.configuration import planning

    shown = Shown()
    with subject(chosen) as found:
        log = journal_of(chosen, found, f"{verb} of {source.name}", journal)
        log.check()
        plan = planning.plan(found.device.node, source, found.identity, rules, found.state, shown.reading)
        shown.end()
        outcome = carried_out(plan, found.device.node, log)
    if chosen.json:
        show_json(
            {
                "schema": f"deltaq.config-{verb}/1",
                **plan_fields(plan, found.dictionary),
                **fields(outcome, found.dictionary),
            }
        )
    elif outcome.code is ExitCode.DONE:
        show_steps(plan, found.dictionary)
    if outcome.code is ExitCode.DONE and plan.steps:
        advise(found.dictionary, file, plan)
    return outcome.code


def carried_out(plan: Plan, node: Node, journal: Journal | None) -> Outcome:
    """Carry out a plan, with notes and refusals on stderr, and progress; signals undo it."""
    from deltaq_master.cli.config_device import Interrupt, Shown
    from deltaq_master.configuration.applying import carry_out
    from deltaq_master.dictionary.ordering import Difference
    from deltaq_master.link.device.transaction import Handling

    for text in plan.notes:
        say(f"note: {text}")
    if plan.refusals:
        for text in plan.refusals:
            say(f"refused: {text}")
        sentence = f"node {node.id} was not changed: {len(plan.refusals)} refusals"
        say(f"deltaq: {sentence}")
        return Outcome(ExitCode.FAILED, "refused", sentence=sentence)
    shown = Shown()
    interrupt = Interrupt()
    handling = Handling(journal, shown.changing, interrupt.stop, patience=PATIENCE)
    try:
        with Signals(interrupt.asked):
            written = carry_out(plan, node, handling)
    except KeyboardInterrupt:
        shown.end()
        say(f"deltaq: {INTERRUPTED}")
        return Outcome(ExitCode.INTERRUPTED, "interrupted", sentence=INTERRUPTED)
    except ChangeError as error:
        shown.end()
        say(f"deltaq: {error}")
        left = [found for found in error.differences if isinstance(found, Difference)]
        if not error.undone:
            say("note: the journal is kept; when the device answers again, run: deltaq config recover")
        return Outcome(ExitCode.FAILED, "undone" if error.undone else "not undone", (), left, str(error))
    shown.end()
    say(
        f"{len(written)} writes made and read back; {plan.unchanged} objects were as wanted already"
        if written
        else f"nothing to write: all {plan.unchanged} objects are as wanted"
    )
    return Outcome(ExitCode.DONE, "done" if written else "nothing to do", written)


def fields(outcome: Outcome, dictionary: Dictionary) -> dict[str, object]:
    """How a change went, for programs."""
    from deltaq_master.cli.config_words import difference_fields, step_fields

    return {
        "result": outcome.result,
        "written": [step_fields(step, dictionary) for step in outcome.written],
        "differences": [difference_fields(difference) for difference in outcome.left],
        "sentence": outcome.sentence,
    }


def advise(dictionary: Dictionary, file: Path | None, plan: Plan) -> None:
    """Say how to find out whether a change survives a power cycle."""
    from deltaq_master.configuration.persistence import check_list

    further: tuple[str, ...] = ()
    if is_charger(dictionary):
        from deltaq_master.charger.persistence import remarks

        further = remarks(plan.wanted)
    say("Does it survive a power cycle?")
    for number, text in enumerate(check_list(dictionary, str(file) if file else None, further), 1):
        say(f"  {number}. {text}")
