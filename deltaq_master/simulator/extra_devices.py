"""Further devices of a simulated bus, as options name them: `FILE@NODE[-LAST][/FAULT...]`, with commas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deltaq_master.errors import UsageError
from deltaq_master.simulator.script import FAULTS, Fault, parse_one

USAGE = "FILE.eds@NODE[-LAST][/FAULT...]"
_DEVICE = re.compile(
    r"(?P<file>.+\.(?:eds|dcf))@(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?(?P<faults>(?:/[^/]+)*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ExtraDevice:
    """One device over an EDS or DCF file, without any application."""

    path: str
    node: int
    faults: tuple[Fault, ...] = ()


def parse_devices(text: str) -> tuple[ExtraDevice, ...]:
    """Devices of an option; UsageError names what is wrong. Two may have one node-ID: that is a fault, too."""
    return tuple(device for part in text.split(",") if part.strip() for device in _parse(part.strip()))


def _parse(text: str) -> Iterator[ExtraDevice]:
    match = _DEVICE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"simulator option device={text!r} cannot be used",
            f"write {USAGE}, as io.eds@5 or io.eds@2-9/sdo-slow:100",
        )
    first = int(match["first"])
    last = int(match["last"] or first)
    if not 1 <= first <= last <= 127:
        raise UsageError(
            f"simulator option device={text!r}: there are no such nodes", "node-IDs are 1 to 127"
        )
    faults = tuple(_fault(text, call) for call in match["faults"].split("/")[1:])
    for node in range(first, last + 1):
        yield ExtraDevice(match["file"], node, faults)


def _fault(text: str, call: str) -> Fault:
    fault = parse_one(call)
    if not FAULTS[fault.name].any_device:
        legal = ", ".join(name for name, kind in FAULTS.items() if kind.any_device)
        raise UsageError(
            f"simulator option device={text!r}: {fault.name} is a fault of the charger alone",
            f"other devices may have: {legal}",
        )
    if not fault.boot:
        raise UsageError(
            f"simulator option device={text!r}: {call} counts from the first charging indication",
            "write @boot+SECONDS: this device charges nothing",
        )
    return fault
