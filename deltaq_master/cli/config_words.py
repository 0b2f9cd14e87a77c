"""Objects, steps and identities in the words of the EDS, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from deltaq_master.cli.settings import is_charger
from deltaq_master.cli.talk import show

if TYPE_CHECKING:
    from deltaq_master.configuration.planning import Plan
    from deltaq_master.dictionary.address import Address
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.dictionary.ordering import Difference, Step

NOTHING = "-"


def words_for(dictionary: Dictionary) -> Callable[[Address, bytes | None], str]:
    """How the values of this kind of device are said: in their unit, with what they mean."""
    from deltaq_master.dictionary.dump import TO_MAPPING
    from deltaq_master.dictionary.ordering import PDO_PARAMETERS
    from deltaq_master.protocol.fields import value_field

    meaning: Callable[[Address, int], str] = lambda _, __: ""  # noqa: E731
    if is_charger(dictionary):
        from deltaq_master.cli.meanings import meaning

    def mapped(word: int) -> str:
        from deltaq_master.dictionary.address import Address

        entry = dictionary.get(Address(word >> 16, word >> 8 & 0xFF))
        return entry.full_name if entry else ""

    def said(address: Address, data: bytes | None) -> str:
        if data is None:
            return NOTHING
        entry = dictionary.get(address)
        try:
            raw = entry.decode(data) if entry else data
        except ValueError:
            raw = data
        if entry is None or (isinstance(raw, bytes) and not entry.data_type.text):
            return data.hex(" ").upper() or "(empty)"
        shown = value_field(entry, raw).shown
        note = ""
        if isinstance(raw, int):
            slot = address.index in PDO_PARAMETERS and address.index & TO_MAPPING and address.sub
            note = mapped(raw) if slot else meaning(address, raw)
        return f"{shown} ({note})" if note else shown or "(empty)"

    return said


def name_of(dictionary: Dictionary, address: Address) -> str:
    """The name of an object, or that it has none."""
    entry = dictionary.get(address)
    return entry.full_name if entry else "(not in the EDS)"


def show_table(rows: Iterable[Sequence[str]], headings: Sequence[str] = ()) -> None:
    """Print rows on stdout in aligned columns; the last one runs free."""
    found = [tuple(headings), *map(tuple, rows)] if headings else [tuple(row) for row in rows]
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]) - 1)] if found else []
    for row in found:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        show("  ".join((*cells, row[-1])).rstrip())


def show_steps(plan: Plan, dictionary: Dictionary) -> None:
    """Print the writes of a plan in their order: what the device holds, and what it shall hold."""
    say_value = words_for(dictionary)
    held = dict(plan.before)
    rows = []
    for number, step in enumerate(plan.steps, 1):
        change = f"{say_value(step.address, held.get(step.address))} -> {say_value(step.address, step.data)}"
        held[step.address] = step.data
        name = name_of(dictionary, step.address)
        rows.append((str(number), str(step.address), name, step.why, change))
    show_table(rows)


def step_fields(step: Step, dictionary: Dictionary) -> dict[str, Any]:
    """A write, for programs."""
    return {
        "object": str(step.address),
        "name": name_of(dictionary, step.address),
        "data": hexadecimal(step.data),
        "value": words_for(dictionary)(step.address, step.data),
        "why": step.why,
    }


def difference_fields(difference: Difference) -> dict[str, Any]:
    """What could not be undone, for programs."""
    return {
        "object": str(difference.address),
        "expected": hexadecimal(difference.expected),
        "found": None if difference.found is None else hexadecimal(difference.found),
        "reason": difference.reason,
    }


def plan_fields(plan: Plan, dictionary: Dictionary) -> dict[str, Any]:
    """What a plan says, for programs."""
    return {
        "node": plan.node_id,
        "identity": plan.identity,
        "source": plan.source,
        "steps": [
            {**step_fields(step, dictionary), "held": hexadecimal(plan.before.get(step.address, b""))}
            for step in plan.steps
        ],
        "unchanged": plan.unchanged,
        "refusals": plan.refusals,
        "notes": plan.notes,
    }


def hexadecimal(data: bytes) -> str:
    """Bytes as they lie in the device: `F4 01`."""
    return data.hex(" ").upper()
