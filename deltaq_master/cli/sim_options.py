"""What `--sim KEY=VALUE` takes, in words, out of the simulator's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from deltaq_master.simulator.options import SWITCHES, Options, show
from deltaq_master.simulator.script import FAULTS


def lines() -> Iterator[str]:
    """Options, faults, and the switches of what is not known for certain."""
    yield "Options (KEY=VALUE):"
    for field in fields(Options):
        key = field.name.replace("_", "-")
        if key not in SWITCHES:
            yield f"  {key:<18}{field.metadata['doc']}{_range(field)}"
    yield ""
    yield "Faults (fault=NAME[:ARGUMENT][@SECONDS], several with commas; seconds count from the first charging"
    yield "indication, @boot+SECONDS from power-on):"
    for kind in FAULTS.values():
        yield f"  {kind.usage:<28}{kind.effect}"
    yield ""
    yield "Switches, the default first ([I] inferred, [U] unresolved on the real charger):"
    for key, switch in SWITCHES.items():
        positions = "|".join(show(key, value) for value in switch.values)
        yield f"  {key:<18}{positions}: {switch.doc} {switch.tag}"


def _range(field: Field[Any]) -> str:
    data = field.metadata
    if "low" in data:
        unit = f" {data['unit']}" if data["unit"] else ""
        return f" ({data['low']:g} to {data['high']:g}{unit}; {field.default:g})"
    return f" ({' or '.join(data['values'])})" if "values" in data else ""
