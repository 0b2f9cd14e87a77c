"""What `--sim KEY=VALUE` takes, in words, out of the simulator's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from deltaq_master.simulator.extra_devices import USAGE
from deltaq_master.simulator.options import SWITCHES, Options, show
from deltaq_master.simulator.script import FAULTS


def lines() -> Iterator[str]:
    """Options, further devices, faults, and the switches of what is not known for certain."""
    yield "Options (KEY=VALUE):"
    for field in fields(Options):
        key = field.name.replace("_", "-")
        if key not in SWITCHES:
            yield f"  {key:<18}{field.metadata['doc']}{_range(field)}"
    yield ""
    yield f"Further devices (device={USAGE}, several with commas):"
    yield "  io.eds@5                     one device over this EDS or DCF, as node 5"
    yield "  io.eds@2-9                   eight of them"
    yield "  io.eds@5,gauge.eds@5         two that have one node-ID"
    yield "  io.eds@5/sdo-slow:300/write-lost-at:3    one with faults of its own"
    yield ""
    yield "Faults (fault=NAME[:ARGUMENT][@SECONDS], several with commas; seconds count from the first charging"
    yield "indication, @boot+SECONDS from power-on; * any device may have it, with @boot+SECONDS only):"
    width = max(len(kind.usage) for kind in FAULTS.values()) + 2
    for kind in FAULTS.values():
        yield f"{' *'[kind.any_device]} {kind.usage:<{width}}{kind.effect}"
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
