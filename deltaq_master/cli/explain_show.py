"""An explanation as text: the verdict, the causes in their order, then the evidence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import fields

from deltaq_master.charger.diagnosis import Explanation, Finding, Standing

SCHEMA = "deltaq.explain/1"
WIDTH = 100
"""Columns, so that it can be read over a serial console and pasted into a mail."""
MARKS = {Standing.MET: "+", Standing.UNMET: "!", Standing.UNKNOWN: "?"}
MOST_CHANGES = 12


def json_of(explanation: Explanation) -> dict[str, object]:
    """The explanation for programs."""
    told = {each.name: getattr(explanation, each.name) for each in fields(explanation)}
    return {"schema": SCHEMA, **told, "enough": explanation.enough}


def lines(explanation: Explanation) -> Iterator[str]:
    """The whole explanation."""
    yield from _wrapped(explanation.verdict, "")
    yield from briefly(explanation)
    yield from ("", "Preconditions (+ met, ! unmet, ? unknown)")
    for found in explanation.preconditions:
        yield from _precondition(found)
    yield from _history(explanation)
    if explanation.notes:
        yield from ("", "Notes")
        for note in explanation.notes:
            yield from _wrapped(note, "  ", "- ")


def briefly(explanation: Explanation) -> Iterator[str]:
    """The causes in their order, each with its rule, its evidence and what to do."""
    if explanation.causes:
        yield ""
    for place, found in enumerate(explanation.causes, 1):
        suspicious = " (suspicious, not a known cause)" if found.suspicious else ""
        yield from _wrapped(f"{found.sentence}{suspicious}", "", f"{place}. ")
        yield from _wrapped(f"rule: {found.rule.text} {found.rule.certainty} ({found.rule.source})", "   ")
        for evidence in found.evidence:
            yield f"   seen: {evidence}"
        yield from _wrapped(f"next: {found.action}", "   ")


def _precondition(found: Finding) -> Iterator[str]:
    yield from _wrapped(f"{found.title}: {found.sentence}", "  ", f"{MARKS[found.standing]} ")
    if found.standing is Standing.MET:
        for evidence in found.evidence[:1]:
            yield f"      {evidence}"


def _history(explanation: Explanation) -> Iterator[str]:
    history = explanation.history
    if not (history.changes or history.termination or history.errors or history.alarms):
        return
    yield from ("", "What happened")
    if history.stop is not None:
        yield from _wrapped(f"{history.stop.time:.3f} s: {history.stop.text}", "  ", "- ")
        before = "; ".join(
            f"{each.text}, {history.stop.time - each.time:.2f} s before" for each in history.stop.before
        )
        yield from _wrapped(f"changed before it: {before or 'nothing that was seen'}", "    ")
    if history.termination:
        yield from _wrapped(
            f"why the last charge ended, by the charger (2011h): {history.termination}", "  ", "- "
        )
    for error in history.errors:
        yield from _wrapped(f"remembered error (1003h): {error}", "  ", "- ")
    for alarm in history.alarms:
        yield from _wrapped(f"active alarm: {alarm}", "  ", "- ")
    for change in history.changes[-MOST_CHANGES:]:
        yield from _wrapped(f"{change.time:.3f} s  {change.text}", "    ")


def _wrapped(text: str, indent: str, mark: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent + mark,
        subsequent_indent=indent + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
