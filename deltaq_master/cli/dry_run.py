"""`charge --dry-run`: the plan, and what would be sent by the mapping that the EDS has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Limits, Target, hardware_limits
from deltaq_master.charger.packing import CommandLayout, Request, encode, layout
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.cli.parsing import spoken
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.mapping import defaults

ASSUMED = "by the mapping in the EDS; a charge reads the mapping of its charger, and packs from that"


@dataclass(frozen=True, slots=True)
class Word:
    """A set-point as its object holds it."""

    object: str
    name: str
    raw: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """An RPDO as it would be sent."""

    cob_id: int
    data: str
    what: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """A plan, seen from outside."""

    schema: str
    target: Target
    limits: Limits
    hardware: Limits
    ends: tuple[str, ...]
    words: tuple[Word, ...]
    frames: tuple[PlannedFrame, ...]
    problem: str
    """Why a charger with the mapping of the EDS could not be commanded, '' if it could."""


def dry_run(plan: ChargePlan, target: Target) -> DryRun:
    """What a plan comes to; nothing is opened for it."""
    command = layout(defaults(plan.dictionary))
    known = command if isinstance(command, CommandLayout) else None
    return DryRun(
        "deltaq.plan/1",
        target,
        plan.limits,
        hardware_limits(plan.dictionary),
        tuple(_endings(plan)),
        tuple(_words(known, target)) if known else (),
        tuple(_frames(known, plan, target)) if known else (),
        "" if known else str(command),
    )


def lines(found: DryRun) -> Iterator[str]:
    """The same for people."""
    target, limits, hardware = found.target, found.limits, found.hardware
    yield f"target     {target.voltage:g} V, {target.current:g} A"
    yield f"limits     {limits.max_voltage:g} V, {limits.max_current:g} A"
    yield f"hardware   {hardware.max_voltage:g} V, {hardware.max_current:g} A, from the EDS"
    for number, ending in enumerate(found.ends):
        yield f"{'' if number else 'ends':<10} {ending}"
    for number, word in enumerate(found.words):
        held = f"{word.object} {word.name} = {word.raw}, {word.value:g} {word.unit}"
        yield f"{'' if number else 'words':<10} {held}"
    for number, frame in enumerate(found.frames):
        data = frame.data.replace(" ", ".")
        yield f"{'' if number else 'frames':<10} {frame.cob_id:03X}#{data}  {frame.what}"


def _endings(plan: ChargePlan) -> Iterator[str]:
    timing = plan.timing
    yield "when the charger indicates complete"
    if (taper := plan.taper_current) is not None:
        near = f"within {timing.near_target:g} V of the target"
        yield f"after {timing.taper_hold:g} s at {taper:g} A or less, {near}"
    if plan.duration is not None:
        yield f"{spoken(plan.duration)} after ready"
    if plan.max_ah is not None:
        yield f"after {plan.max_ah:g} Ah"


def _words(command: CommandLayout, target: Target) -> Iterator[Word]:
    set_points: tuple[tuple[Entry, float], ...] = (
        (command.voltage_entry, target.voltage),
        (command.current_entry, target.current),
    )
    for entry, value in set_points:
        size = entry.data_type.size or 0
        raw = encode(entry, value)
        held = entry.phys(entry.decode(raw.to_bytes(size, "little")))
        assert isinstance(held, int | float)
        yield Word(str(entry.address), entry.full_name, f"{raw:0{2 * size}X}h", held, entry.unit)


def _frames(command: CommandLayout, plan: ChargePlan, target: Target) -> Iterator[PlannedFrame]:
    # What the battery will say is not known yet: its slots get their invalid values.
    reading = BatteryReading(0.0) if plan.external else None
    for what, request in (
        ("ready 0, 0 A", Request(False, target.voltage, 0.0, reading)),
        (f"ready 1, {target.current:g} A", Request(True, target.voltage, target.current, reading)),
    ):
        for cob_id, data in command.frames(request):
            yield PlannedFrame(cob_id, data.hex(" ").upper(), what)
