"""What the power stage may give, from the mains voltage (SPEC p. 3) and from the request."""

from __future__ import annotations

from typing import NamedTuple

MAX_VOLTS = 85.0
"""Highest output voltage of the ICL1500-85 [V] (SPEC p. 3) [C]."""
LOW_LINE = 200.0
"""Mains voltage below which power and current are lower [V] (SPEC p. 3) [C]."""
LOW_LINE_WATTS, LOW_LINE_AMPS = 1200.0, 20.8
HIGH_LINE_WATTS, HIGH_LINE_AMPS = 1500.0, 25.0
MIN_AC, MAX_AC = 85.0, 270.0
"""Mains voltage that the unit works with [V] (SPEC p. 3) [C]."""


class Limits(NamedTuple):
    """Largest output at this moment."""

    volts: float
    amps: float
    watts: float


def available(ac: float) -> Limits:
    """What the mains voltage [V] allows; nothing outside its range."""
    if not MIN_AC <= ac <= MAX_AC:
        return Limits(MAX_VOLTS, 0.0, 0.0)
    if ac < LOW_LINE:
        return Limits(MAX_VOLTS, LOW_LINE_AMPS, LOW_LINE_WATTS)
    return Limits(MAX_VOLTS, HIGH_LINE_AMPS, HIGH_LINE_WATTS)


def requested(here: Limits, volts: float | None, amps: float, share: float = 1.0) -> Limits:
    """The request within what is available; no voltage means the charger's maximum (N, section on remote
    mode) [C]; `share` (0 to 1) is what a derating leaves of current and power.
    """
    top = here.volts if volts is None else min(volts, here.volts)
    return Limits(top, min(amps, share * here.amps), share * here.watts)
