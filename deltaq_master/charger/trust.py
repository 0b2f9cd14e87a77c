"""When the charger's own current reading (2002h) may be believed.

On this unit 2002h shows 19.45 to 19.49 A while nothing flows, before and regardless of any request [C]; the
cause is not known [U]: a stale value, or a constant offset. So it is untrusted while Charge_Indication is 0, and
until it has moved with the request after the start, to a value that the request can explain: along the ramp, or
from where it stood at rest to where the request stands now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deltaq_master.units import quantity

MOVE = 1.0
"""Change of the request [A] over which the reading must have followed."""
FOLLOW = 0.5
"""Share of that change that the reading must show: it lags behind a ramp, and saturates under a power limit."""
EXCESS = 1.0
"""How far [A] the reading may stand above the request; an offset of 19 A stands far above it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of the current reading since the start of this charge."""

    trusted: bool = False
    anchor_request: float | None = quantity("A", "request where the movement is measured from", default=None)
    anchor_reading: float = quantity("A", "reading at that moment", default=0.0)
    rest: float | None = quantity("A", "reading when nothing flowed last", default=None)

    def charging(self, reading: float | None, request: float) -> Trust:
        """Take one reading while the charger says that it charges, with the request that it answers to."""
        if self.trusted or reading is None:
            return self
        if self._left_rest(reading, request):
            return replace(self, trusted=True)
        if self.anchor_request is None or reading < self.anchor_reading or request < self.anchor_request:
            return replace(self, anchor_request=request, anchor_reading=reading)
        asked = request - self.anchor_request
        followed = reading - self.anchor_reading >= FOLLOW * asked
        return replace(self, trusted=asked >= MOVE and followed and reading <= request + EXCESS)

    def _left_rest(self, reading: float, request: float) -> bool:
        """True for a reading that went from its value at rest to the request's own, wherever the ramp was then."""
        if self.rest is None or request < MOVE:
            return False
        return abs(reading - self.rest) >= MOVE and abs(reading - request) <= EXCESS
