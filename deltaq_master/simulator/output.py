"""The power stage on the pack: constant current, constant voltage, constant power, and the counters.

Battery time runs `speed` times as fast as the bus. Each step of at most one second of it is solved
algebraically, so the terminal voltage never passes the set-point, at any speed.
"""

from __future__ import annotations

from deltaq_master.simulator.limits import Limits
from deltaq_master.simulator.pack import Pack, PackState

STEP = 1.0
"""Longest step [s of battery time]."""
TAPER_AMPS = 1.0
"""At constant voltage, a current below this is the end of a charge [A] (a choice of this simulator) [U]."""
TAPER_SECONDS = 60.0
"""How long it must stay there [s of battery time] (a choice of this simulator) [U]."""
NEAR = 0.01
"""Within this much of the set-point the voltage limits the current [V]."""


class Counter:
    """What has been returned to the battery."""

    __slots__ = ("ah", "seconds", "wh")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.ah = 0.0
        self.wh = 0.0

    def add(self, seconds: float, amps: float, volts: float) -> None:
        """Count one step of battery time."""
        self.seconds += seconds
        self.ah += amps * seconds / 3600
        self.wh += amps * volts * seconds / 3600


class Output:
    """A pack at the charger's terminals."""

    def __init__(self, pack: Pack, state: PackState, speed: float, now: float) -> None:
        self.pack = pack
        self.state = state
        self.limits: Limits | None = None
        """Largest output now, None: the output is off."""
        self.tapers = False
        """Whether a low current ends the charge."""
        self.finished = False
        """It has."""
        self.cycle = Counter()
        self.connection = Counter()
        self._speed = speed
        self._at = now
        self._low = 0.0

    @property
    def amps(self) -> float:
        """Current into the pack now [A]."""
        return self.pack.charge_current(self.state, self.limits) if self.limits else 0.0

    @property
    def volts(self) -> float:
        """Voltage of the pack's terminals now [V]."""
        if self.limits is None:
            return self.pack.open_voltage(self.state)
        return self.pack.terminal_voltage(self.state, self.amps, self.limits)

    @property
    def voltage_limited(self) -> bool:
        """True while the set-point, not the request, holds the current down."""
        limits = self.limits
        return limits is not None and self.amps < limits.amps and self.volts > limits.volts - NEAR

    def begin(self, tapers: bool) -> None:
        """A charge cycle begins; its output is still off."""
        self.tapers = tapers
        self.finished = False
        self.cycle = Counter()
        self._low = 0.0

    def run(self, now: float) -> None:
        """Go on to `now` [s of bus time] under the limits that stand."""
        if now == self._at:
            return
        left = (now - self._at) * self._speed
        self._at = now
        while left > 0 and self.limits is not None:
            step = min(STEP, left)
            left -= step
            self._charge(step, self.limits)
        if left > 0:
            self.state = self.pack.after(self.state, 0.0, left, _REST)

    def _charge(self, seconds: float, limits: Limits) -> None:
        amps = self.pack.charge_current(self.state, limits)
        volts = self.pack.terminal_voltage(self.state, amps, limits)
        self.cycle.add(seconds, amps, volts)
        self.connection.add(seconds, amps, volts)
        low = amps < TAPER_AMPS and volts > limits.volts - NEAR and amps < limits.amps
        self._low = self._low + seconds if low else 0.0
        self.state = self.pack.after(self.state, amps, seconds, limits)
        if self.tapers and self._low >= TAPER_SECONDS:
            self.finished = True
            self.limits = None


_REST = Limits(0.0, 0.0, 0.0)
