"""Draw the generated parts of docs/charge-cycle.md from the tables of the charge cycle.

    python tools/charge_cycle_diagram.py            write them
    python tools/charge_cycle_diagram.py --check    exit code 1 if they are not what the tables say now

A part lies between `<!-- drawn: NAME -->` and `<!-- end: NAME -->`; the text around it is written by hand.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields

from deltaq_master.charger.endings import ENDINGS, INCIDENTS, Ending
from deltaq_master.charger.phases import ASKING, ENDED, SILENT, TRANSITIONS, Phase, Trigger
from deltaq_master.charger.plan import Timing
from deltaq_master.protocol.boot import BootTiming
from tools.generated_page import DOCS, filled, table, write_or_check

PAGE = DOCS / "charge-cycle.md"

GROUPS = {
    "before": (SILENT | {Phase.BOOTING}, "no RPDO yet"),
    "asking": (ASKING, "the only phases that ask for current"),
}
"""Phases drawn inside a frame, so that an edge which all of them have is drawn once."""

Edge = tuple[str, str, str]
"""From, to, label."""


def notes_of(cls: type) -> dict[str, str]:
    """The sentence below each attribute of a class, for those that have one."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        target = before.targets[0] if isinstance(before, ast.Assign) else getattr(before, "target", None)
        if (
            isinstance(target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[target.id] = " ".join(str(after.value.value).split())
    return found


# --- the diagram ------------------------------------------------------------------------------------------


def edges() -> Iterator[Edge]:
    """Every edge of the table; one that all phases of a group have leaves from the group."""
    drawn: set[tuple[Phase, Trigger]] = set()
    for name, (members, _) in GROUPS.items():
        for trigger, target in TRANSITIONS[next(iter(members))].items():
            if target not in members and all(TRANSITIONS[phase].get(trigger) is target for phase in members):
                drawn.update((phase, trigger) for phase in members)
                yield name, target.value, trigger.value
    for phase, moves in TRANSITIONS.items():
        for trigger, target in moves.items():
            if (phase, trigger) not in drawn:
                yield phase.value, target.value, trigger.value


def diagram() -> list[str]:
    """The state diagram, in Mermaid's words."""
    labels: dict[tuple[str, str], list[str]] = {}
    for origin, target, label in sorted(edges(), key=_order):
        labels.setdefault((origin, target), []).append(label)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.LISTENING.value}"]
    for name, (members, caption) in GROUPS.items():
        inside = {phase.value for phase in members}
        lines += [f'    state "{caption}" as {name} {{']
        for (origin, target), said in list(labels.items()):
            if {origin, target} <= inside:
                lines.append(f"        {origin} --> {target} : {' / '.join(said)}")
                del labels[origin, target]
        lines.append("    }")
    lines += [f"    {origin} --> {target} : {' / '.join(said)}" for (origin, target), said in labels.items()]
    return [*lines, "```"]


def _order(edge: Edge) -> tuple[int, int]:
    """By the phase that an edge leaves and enters, in the order of the table; groups come last."""
    places = [phase.value for phase in Phase]
    origin, target, _ = edge
    return (places.index(origin) if origin in places else len(places)), places.index(target)


# --- the tables -------------------------------------------------------------------------------------------


def phases() -> list[str]:
    """What each phase is, and what is sent in it."""
    said = notes_of(Phase)
    sent = dict.fromkeys(ENDED, "ready 0 and 0 A until off is confirmed or a hold ends; then nothing")
    sent |= dict.fromkeys(ASKING, "ready 1 and the request") | dict.fromkeys(SILENT, "nothing")
    sent |= {
        Phase.BOOTING: "SDO reads, then the heartbeat, then NMT start",
        Phase.ARMED: "ready 0 and 0 A",
        Phase.STOPPING: "0 A with ready 1, then with ready 0",
    }
    return table(
        ("phase", "what is sent", "what it is"), ((p.value, sent[p], said.get(p.name, "")) for p in Phase)
    )


def endings() -> list[str]:
    """What ends a charge, in the order in which it is looked for."""
    outcomes = {"request": "stopped", "no-device": "refused"}
    rows = [(f"`{c}`", what, "whenever it comes", outcomes.get(c, "fault")) for c, what in INCIDENTS.items()]
    for ending in ENDINGS:
        others = [phase.value for phase in Phase if phase in ending.phases - ASKING]
        asking = (
            ["asking"] if ending.phases >= ASKING else [p.value for p in Phase if p in ending.phases & ASKING]
        )
        where = " and ".join(others + asking) + (" (waited for while armed)" if ending.awaited else "")
        rows.append((f"`{ending.cause}`", ending.summary, where, _outcome(ending)))
    return table(("cause", "what is seen", "looked for while", "outcome"), rows)


def _outcome(ending: Ending) -> str:
    if ending.trigger is Trigger.COMPLETED:
        return "complete"
    if ending.trigger is not Trigger.FAILED:
        return "stopped"
    faults = [phase for phase in ending.phases if Trigger.FAILED in TRANSITIONS[phase]]
    return "fault" if faults else "refused"


def times() -> list[str]:
    """Every time, rate and margin, with its default."""
    rows = [
        (f"`{each.name}`", f"{each.default:g} {each.metadata['unit']}".strip(), each.metadata["doc"])
        for each in fields(Timing)
        if each.name != "boot"
    ]
    said = notes_of(BootTiming)
    for each in fields(BootTiming):
        unit = "" if isinstance(each.default, int) else " s"
        rows.append((f"`boot.{each.name}`", f"{each.default:g}{unit}", said.get(each.name, "")))
    return table(("name", "default", "what it is"), rows)


PARTS = {"diagram": diagram, "phases": phases, "endings": endings, "times": times}


def drawn(page: str) -> str:
    """The page with its parts drawn anew. Raises LookupError for a part that it has no place for."""
    return filled(page, "drawn", PARTS)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it has drifted."""
    drifted = "what the tables say: run python tools/charge_cycle_diagram.py"
    return write_or_check(arguments, __doc__, PAGE, drawn, drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
