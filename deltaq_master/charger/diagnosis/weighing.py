"""Weighing the preconditions with each other: what hides what, what is likeliest, and the verdict in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deltaq_master.charger import objects
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.diagnosis.facts import Facts
from deltaq_master.charger.diagnosis.findings import Explanation, Finding, History, Standing, State, Verdict
from deltaq_master.charger.diagnosis.masking import MASKS, Mask
from deltaq_master.charger.diagnosis.table import PRECONDITIONS, Precondition
from deltaq_master.charger.report import IDLE_READING
from deltaq_master.charger.status import ChargeIndication, Override, TerminationReason
from deltaq_master.dictionary.address import Address

ERROR_HISTORY = 0x1003
MOST_ERRORS = 254
"""Entries that 1003h may have (CiA 301)."""
IDLE_CURRENT = 1.0
"""A reading of 2002h above it [A], while nothing flows, is worth a word."""


def explain(facts: Facts) -> Explanation:
    """Weigh everything that is known now."""
    verdicts = {row.id: row.find(facts) for row in PRECONDITIONS}
    hidden = _hidden(verdicts)
    findings = tuple(_finding(row, verdicts[row.id], hidden.get(row.id)) for row in PRECONDITIONS)
    unmet = [found for found in findings if found.standing is Standing.UNMET]
    state = _state(facts, findings)

    def likelihood(found: Finding) -> tuple[bool, bool, int]:
        # A charge that is complete ended by that; what follows from another cause is not where to begin.
        complete = state is State.COMPLETE and found.id == "full"
        return not complete, verdicts[found.id].consequence, found.rank

    causes = tuple(sorted(unmet, key=likelihood))
    explanation = Explanation(
        verdict="",
        state=state,
        causes=causes,
        preconditions=findings,
        history=_history(facts),
        notes=tuple(_notes(facts)),
        node_id=facts.node_id,
        begun=facts.begun,
        ended=None if facts.begun is None else facts.now,
        frames=facts.frames,
    )
    return replace(explanation, verdict=_verdict(facts, explanation))


def _hidden(verdicts: dict[str, Verdict]) -> dict[str, Mask]:
    """The mask of every row that is hidden; one that is hidden itself hides nothing."""
    hidden: dict[str, Mask] = {}
    for mask in MASKS:
        if mask.by in hidden or verdicts[mask.by].standing is not Standing.UNMET:
            continue
        for name in mask.hides:
            seen = verdicts[name].standing is not Standing.UNKNOWN
            if not (mask.unless_seen and seen):
                hidden.setdefault(name, mask)
    return hidden


def _finding(row: Precondition, verdict: Verdict, mask: Mask | None) -> Finding:
    if mask is not None:
        sentence = f"{verdict.sentence} ({mask.reason})" if mask.unless_seen else f"not known: {mask.reason}"
        return Finding(
            row.id, row.title, Standing.UNKNOWN, sentence, (), row.rule, "", row.rank, row.suspicious, mask.by
        )
    return Finding(
        row.id,
        row.title,
        verdict.standing,
        verdict.sentence,
        verdict.evidence,
        verdict.rule or row.rule,
        verdict.action,
        row.rank,
        row.suspicious,
    )


def _state(facts: Facts, findings: tuple[Finding, ...]) -> State:
    if not facts.received:
        return State.UNHEARD
    status = next(found for found in findings if found.id == "shutdown")
    present = facts.present_status()
    if present is None or status.standing is Standing.UNKNOWN:
        return State.UNKNOWN
    if present[0].charging:
        return State.CHARGING
    return State.COMPLETE if present[0].indication is ChargeIndication.COMPLETE else State.IDLE


_BEGINNINGS: Mapping[State, str] = {
    State.UNHEARD: "Nothing was heard",
    State.UNKNOWN: "Whether it charges was not seen",
    State.IDLE: "It does not charge",
    State.COMPLETE: "It does not charge any more",
}


def _verdict(facts: Facts, explanation: Explanation) -> str:
    causes, state = explanation.causes, explanation.state
    further = f"; {len(causes) - 1} more below" if len(causes) > 1 else ""
    if state is State.CHARGING:
        present = facts.present_status()
        local = present is not None and present[0].override is Override.LOCAL
        how = "It charges, by its own algorithm and not by a master's request" if local else "It charges"
        return f"{how}{f'; to be noted: {causes[0].sentence}{further}' if causes else ''}."
    beginning = _BEGINNINGS[state]
    if causes:
        first = causes[0]
        likely = first.rule.certainty != "[C]"
        tag = f" {first.rule.certainty}" if likely else ""
        if first.suspicious:
            return f"{beginning}, and no cause is certain; suspicious is: {first.sentence}{tag}{further}."
        return f"{beginning}{'; most likely' if likely else ''}: {first.sentence}{tag}{further}."
    if state is State.UNHEARD:
        return f"{beginning} in {facts.elapsed:.1f} s."
    count = len(explanation.unknown)
    if explanation.enough:
        return f"{beginning}, and nothing wrong was seen."
    total = len(explanation.preconditions)
    return f"{beginning}: not enough was seen to say why, {count} of {total} preconditions are unknown."


def _history(facts: Facts) -> History:
    termination = facts.known.number(objects.TERMINATION)
    raised = (Alarm.from_emergency(each.emergency) for each in facts.raised.values())
    return History(
        stop=facts.chronicle.stop,
        termination="" if termination is None else TerminationReason(termination.raw).word,
        errors=tuple(_errors(facts)),
        alarms=tuple(f"{alarm}: {alarm.advice}" for alarm in raised if alarm is not None),
        changes=facts.chronicle.changes,
    )


def _errors(facts: Facts) -> Iterator[str]:
    for sub in range(1, MOST_ERRORS + 1):
        seen = facts.known.number(Address(ERROR_HISTORY, sub))
        if seen is not None and (alarm := Alarm.from_word(seen.raw)) is not None:
            yield str(alarm)


def _notes(facts: Facts) -> Iterator[str]:
    assumed = [
        pdo.record.name for pdo in (*facts.known.rpdos.values(), *facts.known.tpdos.values()) if not pdo.own
    ]
    if assumed and facts.received:
        yield f"the mapping of {', '.join(assumed)} is assumed from the EDS, it was not read from this charger"
    if facts.filtered:
        yield "an operational charger sends PDOs, and none is in this log: what is missing in it proves nothing"
    others = [node for node in facts.others if node not in facts.watched_ms]
    if others:
        yield f"heartbeats of other nodes were heard: {', '.join(map(str, others))}"
    if facts.errors.count:
        yield f"{facts.errors.count} error frames were seen"
    if facts.unusual:
        yield f"{facts.unusual} frames were no 11-bit data frames, and say nothing here"
    current, present = facts.reported(objects.CURRENT), facts.present_status()
    amps = None if current is None else facts.value(*current)
    if present is not None and not present[0].charging and amps is not None and amps > IDLE_CURRENT:
        yield f"2002h shows {amps:.2f} A: {IDLE_READING.removeprefix('untrusted: ')}"
    if present is not None and present[0].indication is ChargeIndication.EQUALIZE:
        yield "it indicates equalize (6), which is not for lithium"
    if present is not None and present[0].indication is ChargeIndication.RESTING:
        yield "it indicates resting (5), which is not charging"
    for time, address, code, frame in facts.refusals:
        yield f"a write of {address} was refused at {time:.3f} s with {code >> 16:04X} {code & 0xFFFF:04X}h ({frame})"
