"""One thing is wrong: it is named first, and nothing false beside it. Two are wrong: both are found, or hidden."""

from __future__ import annotations

import itertools

import pytest

from deltaq_master.charger.diagnosis import Explanation, Finding, Standing, State
from deltaq_master.charger.diagnosis.masking import MASKS
from deltaq_master.charger.diagnosis.table import IDS, PRECONDITIONS
from tests.unit.charger.diagnosis.scenarios import SCENARIOS, Scenario, script_of
from tests.unit.charger.diagnosis.scripted import LABEL, Script, explained

# Which unmet precondition hides which, and why; written down here once more, so that a change is noticed.
COMMANDS = frozenset(
    ("ready-edge", "ready", "current", "voltage-scale", "voltage-battery", "voltage-maximum", "cycle-label")
)
REPORTED = frozenset(("ac", "remote", "shutdown", "enabled", "derating"))
COMPARED = frozenset(("battery", "full", "voltage-battery", "bms-agrees"))
EVERYTHING = frozenset(IDS)
HIDDEN: dict[str, tuple[frozenset[str], str]] = {
    "bus": (EVERYTHING - {"bus"}, "nothing is known of what is on a dead bus"),
    "charger-heard": (
        EVERYTHING - {"bus", "charger-heard", "one-master"},
        "a silent charger says nothing of itself, nor of what it hears",
    ),
    "device": (
        EVERYTHING - {"bus", "charger-heard", "one-charger", "device", "one-master"},
        "another device's frames mean something else",
    ),
    "one-charger": (
        REPORTED | COMPARED | {"operational", "alarm", "device", "ready-edge"},
        "either of two devices may have said it",
    ),
    "one-master": (COMMANDS | {"rpdo"}, "either of two masters may have asked for it"),
    "operational": (
        frozenset(("rpdo", "ready-edge", "ready", "current")),
        "RPDOs are taken only in operational, and none is owed before",
    ),
    "master-heartbeat": (
        frozenset(("remote", "ready-edge", "ready", "current")),
        "without the heartbeat it is local, and takes no command",
    ),
    "mapping": (
        COMMANDS | {"rpdo", "temperature", "bms-agrees", "full"},
        "the frames do not say what was meant",
    ),
    "rpdo-length": (COMMANDS | {"full"}, "a frame of the wrong length is not taken"),
    "voltage-scale": (
        frozenset(("voltage-battery", "voltage-maximum", "full")),
        "the number is one of another scale",
    ),
    "battery": (frozenset(("full", "voltage-battery", "bms-agrees")), "there is no pack to compare with"),
    "voltage-battery": (frozenset(("full",)), "nothing is asked for that could fill it"),
    "voltage-maximum": (frozenset(("full",)), "nothing is asked for that a full battery has"),
    "ac": (frozenset(("enabled",)), "it is the cause"),
    "alarm": (frozenset(("enabled",)), "it is the cause"),
    "shutdown": (frozenset(("enabled",)), "it is the cause"),
}
SEEN_ELSEWHERE: dict[str, tuple[frozenset[str], str]] = {
    "operational": (REPORTED | COMPARED, "a charger that sends no PDOs tells it when it is read"),
    "rpdo": (COMMANDS | {"full"}, "what no RPDO carried may have been written"),
    "master-heartbeat": (
        frozenset(("voltage-scale", "voltage-battery", "voltage-maximum")),
        "an RPDO shows it; a write is refused without the heartbeat",
    ),
}
"""Hidden as long as it is not seen in another way; here everything is read."""


def of(explanation: Explanation, name: str) -> Finding:
    return next(found for found in explanation.preconditions if found.id == name)


def ids(explanation: Explanation) -> list[str]:
    return [found.id for found in explanation.causes]


# --- the table --------------------------------------------------------------------------------------------


def test_the_table_of_masks_is_this_one() -> None:
    forced: dict[str, frozenset[str]] = {}
    natural: dict[str, frozenset[str]] = {}
    for mask in MASKS:
        assert mask.reason
        assert mask.by not in mask.hides
        into = natural if mask.unless_seen and mask.by in SEEN_ELSEWHERE else forced
        into[mask.by] = into.get(mask.by, frozenset()) | mask.hides
    assert forced == {by: hides for by, (hides, _) in HIDDEN.items()}
    assert natural == {by: hides for by, (hides, _) in SEEN_ELSEWHERE.items()}


def test_every_row_has_a_rank_of_its_own_and_a_rule_with_its_certainty() -> None:
    assert sorted(row.rank for row in PRECONDITIONS) == list(range(1, len(PRECONDITIONS) + 1))
    assert len(set(IDS)) == len(IDS)
    for row in PRECONDITIONS:
        assert row.rule.certainty in ("[C]", "[I]", "[U]")
        assert row.rule.text
        assert row.rule.source


def test_every_precondition_has_a_scenario_in_which_it_is_the_cause() -> None:
    assert {scenario.cause for scenario in SCENARIOS} == set(IDS)


# --- one thing is wrong -----------------------------------------------------------------------------------


def test_nothing_wrong() -> None:
    explanation = explained(Script())
    assert explanation.state is State.CHARGING
    assert explanation.causes == ()
    assert explanation.verdict == "It charges."
    assert {found.id for found in explanation.unknown} == {"temperature", "bms-agrees"}


def test_nothing_wrong_and_still_no_charge() -> None:
    explanation = explained(Script(faults=("no-start@boot+0",)))
    assert explanation.verdict == "It does not charge, and nothing wrong was seen."
    assert explanation.enough


def test_what_is_only_suspicious_is_no_cause() -> None:
    explanation = explained(Script(faults=("no-start@boot+0",), label=LABEL))
    assert explanation.verdict == (
        "It does not charge, and no cause is certain; suspicious is: 4201h = 1 labels the cycle as equalize [I]."
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_one_cause_is_named_first_and_nothing_false_beside_it(scenario: Scenario) -> None:
    script = script_of(scenario)
    assert script is not None
    explanation = explained(script)
    first, *others = explanation.causes
    assert first.id == scenario.cause
    assert {found.id for found in others} <= scenario.beside
    assert first.evidence
    assert first.action
    assert explanation.enough
    assert first.sentence in explanation.verdict
    assert (explanation.state is State.CHARGING) is scenario.charges


def test_no_standing_without_evidence() -> None:
    for scenario in SCENARIOS:
        script = script_of(scenario)
        assert script is not None
        for found in explained(script).preconditions:
            assert bool(found.evidence) is (found.standing is not Standing.UNKNOWN), (scenario.name, found)


# --- two things are wrong ---------------------------------------------------------------------------------


def hides(by: Scenario, name: str, by_sdo: bool) -> bool:
    """Whether a scenario, or what follows from it, hides a precondition."""
    if by_sdo and by.cause == "master-heartbeat" and name in SEEN_ELSEWHERE["master-heartbeat"][0]:
        return True
    return any(name in HIDDEN.get(cause, (frozenset(), ""))[0] for cause in (by.cause, *by.beside))


PAIRS = [pair for pair in itertools.combinations(SCENARIOS, 2) if pair[0].cause != pair[1].cause]


def check_pair(one: Scenario, other: Scenario) -> bool:
    """Check a pair; False where both cannot be at once."""
    script = script_of(one, other)
    if script is None:
        return False
    explanation = explained(script)
    for this, that in ((one, other), (other, one)):
        standing = of(explanation, this.cause).standing
        # Of two that would hide each other the one counts that is applied first.
        by_sdo = bool(script.by_sdo)
        hidden = hides(that, this.cause, by_sdo) and not hides(this, that.cause, by_sdo)
        if hidden:
            assert standing is Standing.UNKNOWN, (one.name, other.name, this.cause, ids(explanation))
        else:
            assert standing is Standing.UNMET, (one.name, other.name, this.cause, ids(explanation))
    allowed = {one.cause, other.cause} | one.beside | other.beside
    assert set(ids(explanation)) <= allowed, (one.name, other.name, ids(explanation))
    return True


@pytest.mark.parametrize("one", SCENARIOS, ids=lambda scenario: scenario.name)
def test_of_every_pair_each_is_found_or_hidden(one: Scenario) -> None:
    checked = [check_pair(*pair) for pair in PAIRS if pair[0] is one]
    assert any(checked) or not checked
