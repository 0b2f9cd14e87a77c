"""Limits at the door: what may be asked of the charger at all, checked before anything is sent."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from deltaq_master.charger.objects import CURRENT_REQUESTS, VOLTAGE_REQUESTS
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import LimitError
from deltaq_master.units import quantity


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that the integrator allows: required, because no default is safe for an unknown pack."""

    max_voltage: float = quantity("V", "highest voltage that may be asked for or reported")
    max_current: float = quantity("A", "highest current that may be asked for, or flow for a second")

    def __post_init__(self) -> None:
        _positive("max-voltage", self.max_voltage, "V")
        _positive("max-current", self.max_current, "A")

    def tighten(self, other: Limits) -> Limits:
        """The lower of both, value by value."""
        return Limits(min(self.max_voltage, other.max_voltage), min(self.max_current, other.max_current))


@dataclass(frozen=True, slots=True)
class Target:
    """What the charge asks for: the voltage at which it ends, and the current until there."""

    voltage: float = quantity("V", "voltage request")
    current: float = quantity("A", "current request after the ramp")


@functools.lru_cache(maxsize=8)
def hardware_limits(dictionary: Dictionary) -> Limits:
    """The device's own limits: the lowest HighLimit among the request objects of its EDS [V, A].

    Raises LimitError if the EDS names none, because then nothing could be checked against the hardware.
    """
    return Limits(
        _lowest(dictionary, VOLTAGE_REQUESTS, "voltage", "V"),
        _lowest(dictionary, CURRENT_REQUESTS, "current", "A"),
    )


def admit(target: Target, limits: Limits, hardware: Limits) -> None:
    """Raise LimitError for a target that is not a number, not above 0, or over a limit; nothing was sent."""
    for name, asked, limit, own, unit in (
        ("voltage", target.voltage, limits.max_voltage, hardware.max_voltage, "V"),
        ("current", target.current, limits.max_current, hardware.max_current, "A"),
    ):
        _positive(name, asked, unit)
        if not asked <= limit:
            raise LimitError(name, asked, f"at most {limit:g} {unit}", unit, f"max-{name}")
        if not asked <= own:
            raise LimitError(
                name, asked, f"at most {own:g} {unit}", unit, "the charger's hardware, from its EDS"
            )


def _positive(name: str, value: float, unit: str) -> None:
    # The comparison is written so that NaN fails it.
    if not 0 < value < math.inf:
        raise LimitError(name, value, "a number above 0", unit, "set-points and limits must be real")


def _lowest(dictionary: Dictionary, addresses: tuple[Address, ...], name: str, unit: str) -> float:
    known = [
        entry.scale.decode(int(entry.high)) if entry.scale else float(entry.high)
        for address in addresses
        if (entry := dictionary.get(address)) is not None and isinstance(entry.high, int | float)
    ]
    if not known:
        raise LimitError(
            name, math.nan, "known", unit, f"{dictionary.path} gives no HighLimit for a {name} request"
        )
    return min(known)
