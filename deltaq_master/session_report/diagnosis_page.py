"""An explanation as parts of an HTML page: the causes, the preconditions, what happened, and the notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deltaq_master.charger.diagnosis import Explanation, Finding, Standing

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def diagnosis(explanation: Explanation) -> Iterator[HtmlElement]:
    """All of it but the verdict, each part under a heading of the second level."""
    from lxml.html import builder as tag

    if explanation.causes:
        yield tag.H2("Causes, the likeliest first")
        yield tag.OL(*map(_cause, explanation.causes))
    yield tag.H2("Preconditions")
    yield tag.TABLE(tag.CLASS("findings"), *map(_row, explanation.preconditions))
    yield from _history(explanation)
    if explanation.notes:
        yield tag.H2("Notes")
        yield tag.UL(*(tag.LI(clean(note)) for note in explanation.notes))


def clean(text: str) -> str:
    """Without characters that XML does not know; a device's texts may hold any."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _cause(found: Finding) -> HtmlElement:
    from lxml.html import builder as tag

    return tag.LI(
        tag.P(tag.CLASS("unmet"), clean(found.sentence)),
        tag.P(tag.STRONG("Next: "), clean(found.action)),
        tag.P(tag.CLASS("small"), _rule(found)),
        tag.UL(tag.CLASS("small"), *(tag.LI(clean(str(each))) for each in found.evidence)),
    )


def _row(found: Finding) -> HtmlElement:
    from lxml.html import builder as tag

    evidence = [tag.DIV(tag.CLASS("small"), tag.CODE(clean(str(each)))) for each in found.evidence]
    rule = [tag.DIV(tag.CLASS("small"), _rule(found))] if found.standing is not Standing.MET else []
    return tag.TR(
        tag.TD(tag.CLASS(found.standing.value), found.standing.value),
        tag.TH(found.title),
        tag.TD(clean(found.sentence), *evidence, *rule),
    )


def _rule(found: Finding) -> str:
    return f"Rule: {found.rule.text} {found.rule.certainty} ({found.rule.source})"


def _history(explanation: Explanation) -> Iterator[HtmlElement]:
    from lxml.html import builder as tag

    history = explanation.history
    entries: list[str] = []
    if history.stop is not None:
        entries.append(f"{history.stop.time:.3f} s: {history.stop.text}")
        entries += [f"before it, at {each.time:.3f} s: {each.text}" for each in history.stop.before]
    if history.termination:
        entries.append(f"why the last charge ended, by the charger (2011h): {history.termination}")
    entries += [f"remembered error (1003h): {error}" for error in history.errors]
    entries += [f"active alarm: {alarm}" for alarm in history.alarms]
    changes = [tag.TR(tag.TD(f"{each.time:.3f} s"), tag.TD(clean(each.text))) for each in history.changes]
    if entries or changes:
        yield tag.H2("What happened")
    if entries:
        yield tag.UL(*(tag.LI(clean(text)) for text in entries))
    if changes:
        yield tag.TABLE(*changes)
