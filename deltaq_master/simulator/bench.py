"""What surrounds the charger, and what the fault script has bent: changed from outside, read by all parts."""

from __future__ import annotations

from dataclasses import dataclass

from deltaq_master.simulator.limits import MAX_AC, MIN_AC, Limits, available


@dataclass(slots=True)
class Bench:
    """Mains, battery, and scripted misbehaviour."""

    ac: float
    """Mains voltage [V]."""
    battery: bool
    """A pack is connected."""
    disabled: bool = False
    override_lost: bool = False
    no_start: bool = False
    stall: bool = False
    equalize: bool = False
    derate: int = 0
    """Scripted cause of derating (2008h), 0 for none."""
    volts_error: float = 0.0
    """What 2101h reads too high [V]."""
    amps_error: float = 0.0
    """What 2002h reads too high [A]."""

    @property
    def mains(self) -> Limits:
        """What the mains allows now."""
        return available(self.ac)

    @property
    def powered(self) -> bool:
        """True when the mains voltage is one that the unit works with."""
        return MIN_AC <= self.ac <= MAX_AC
