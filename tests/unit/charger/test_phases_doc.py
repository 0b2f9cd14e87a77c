"""docs/charge-cycle.md shows the charge cycle as it is: its diagram, its causes, its times."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from deltaq_master.charger.endings import ENDINGS, INCIDENTS
from deltaq_master.charger.phases import TRANSITIONS, Phase, Trigger
from deltaq_master.charger.plan import Timing
from tools import charge_cycle_diagram

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "charge-cycle.md").read_text(encoding="utf-8")


def drawn_edges() -> set[tuple[str, str, str]]:
    """Edges of the diagram in the page; one from a frame counts for each phase that the frame names."""
    diagram = PAGE.split("```mermaid\n")[1].split("```")[0]
    members: dict[str, set[str]] = {}
    edges: list[tuple[str, str, str]] = []
    frame = ""
    for line in diagram.splitlines():
        if opened := re.fullmatch(r' *state ".*" as (\w+) \{', line):
            frame = opened[1]
            members[frame] = set()
        elif line.strip() == "}":
            frame = ""
        elif edge := re.fullmatch(r" *(\w+) --> (\w+) : (.*)", line):
            edges += [(edge[1], edge[2], label) for label in edge[3].split(" / ")]
            if frame:
                members[frame] |= {edge[1], edge[2]}
    return {
        (phase, target, label) for origin, target, label in edges for phase in members.get(origin, {origin})
    }


def causes_in_code() -> set[str]:
    """First argument of every `Cause(...)` and `Refusal(...)` in the pure floors, where it is written out."""
    found: set[str] = set()
    for folder in ("charger", "protocol"):
        for path in (ROOT / "deltaq_master" / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    first = node.args[0]
                    if node.func.id in ("Cause", "Refusal") and isinstance(first, ast.Constant):
                        found.add(str(first.value))
    return found | set(INCIDENTS) | {ending.cause for ending in ENDINGS}


def test_the_diagram_has_every_edge_of_the_table_and_no_other() -> None:
    table = {
        (phase.value, target.value, trigger.value)
        for phase, moves in TRANSITIONS.items()
        for trigger, target in moves.items()
    }
    assert drawn_edges() == table


def test_the_page_is_what_the_tables_say_now() -> None:
    assert charge_cycle_diagram.drawn(PAGE) == PAGE


def test_a_changed_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {**TRANSITIONS[Phase.ARMED], Trigger.ADMITTED: Phase.CHARGING}
    monkeypatch.setitem(TRANSITIONS, Phase.ARMED, moved)
    assert charge_cycle_diagram.drawn(PAGE) != PAGE


def test_a_page_without_its_places_is_refused() -> None:
    with pytest.raises(LookupError, match="endings"):
        charge_cycle_diagram.drawn(PAGE.replace("<!-- end: endings -->", ""))


def test_every_cause_is_in_the_page_and_no_invented_one() -> None:
    page = PAGE.split("## Times")[0]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) | {"not-off"}
    assert "`not-off`" in page
    assert named == causes_in_code()


@pytest.mark.parametrize(
    ("trigger", "field", "unit"),
    [
        (Trigger.QUIET, "listening", "s"),
        (Trigger.ADMITTED, "armed", "s"),
        (Trigger.NEAR_TARGET, "near_target", "V"),
        (Trigger.BELOW_TARGET, "below_target", "V"),
        (Trigger.NOT_OFF, "stop_confirm", "s"),
    ],
)
def test_the_labels_name_the_defaults(trigger: Trigger, field: str, unit: str) -> None:
    assert f"{getattr(Timing(), field):g} {unit}" in trigger.value
