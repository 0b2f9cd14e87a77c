"""docs/simulator.md lists what the code has: options, switches and faults cannot be forgotten there."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from deltaq_master.simulator.options import SWITCHES, Options, show
from deltaq_master.simulator.script import FAULTS
from deltaq_master.simulator.writes import Spoil

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
NUMBERS = [each for each in fields(Options) if "low" in each.metadata]


def _rows(heading: str) -> list[str]:
    """Rows of the table under a heading, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_every_option_is_listed() -> None:
    expected = []
    for each in NUMBERS:
        low, high, unit = (each.metadata[key] for key in ("low", "high", "unit"))
        span = f"{low:g} to {high:.10g} {unit}".strip()
        expected.append(
            f"| `{each.name.replace('_', '-')}` | {each.default:g} | {span} | {each.metadata['doc']} |"
        )
    expected.append("| `battery` | yes | yes, no | a pack is connected |")
    expected.append("| `charger` | yes | yes, no | the charger is on the bus |")
    expected.append("| `device` | none | further devices, see above | devices over an EDS or DCF |")
    expected.append("| `fault` | none | fault script, see below | what goes wrong |")
    assert sorted(_rows("Options")) == sorted(expected)


@pytest.mark.parametrize("key", SWITCHES)
def test_every_switch_is_listed(key: str) -> None:
    switch = SWITCHES[key]
    values = ", ".join(f"`{show(key, value)}`" for value in switch.values)
    assert f"| `{key}` | {values} | {switch.doc} | {switch.source} | {switch.tag} |" in _rows("Switches")


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_listed(name: str) -> None:
    kind = FAULTS[name]
    default = kind.words[0] if kind.words else "" if kind.default is None else _number(kind.default)
    usage = kind.usage.replace("|", "\\|")
    other = "yes" if kind.any_device else ""
    assert f"| `{usage}` | {default} | {other} | {kind.effect} |" in _rows("Faults")


def _number(value: float) -> str:
    return f"{int(value):#010x}" if value > 600 and value != 1000 else f"{value:g}"


def test_every_spoilt_write_is_explained() -> None:
    section = PAGE.partition("### The K-th SDO write\n")[2].partition("\n### ")[0]
    explained = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert explained == [name for name, kind in FAULTS.items() if kind.counted]
    assert explained == [kind.value for kind in Spoil if kind]


def test_nothing_else_is_listed() -> None:
    assert len(_rows("Switches")) == len(SWITCHES)
    assert len(_rows("Faults")) == len(FAULTS)
