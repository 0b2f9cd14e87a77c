"""What a charge is told before it begins: targets, limits, times, and what the user accepts."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import Enum

from deltaq_master.charger.battery import Battery
from deltaq_master.charger.limits import Limits, Target, admit, hardware_limits
from deltaq_master.charger.objects import VOLTAGE_REQUESTS
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry
from deltaq_master.errors import LimitError, UsageError
from deltaq_master.protocol.boot import BootTiming
from deltaq_master.units import quantity

RPDO_TIMEOUT = 0.5
"""The charger stops this long [s] after the last command RPDO: 505.7 ms were measured."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Every time, rate and margin of the charge cycle; the defaults are what docs/charge-cycle.md explains."""

    listening: float = quantity("s", "silence before our first frame: longer than 1016h's 2 s", default=2.5)
    waiting: float = quantity(
        "s", "how long a charger may stay unheard; it says something every 1 s", default=5.0
    )
    rpdo_period: float = quantity(
        "s", "period of the command RPDOs; the charger's time-out is 0.5 s", default=0.1
    )
    armed: float = quantity(
        "s", "ready 0 and 0 A this long [I, strong]: 0.5 s on the wire, and some for its jitter", default=0.51
    )
    admission: float = quantity("s", "how long an unmet condition may keep the cycle armed", default=5.0)
    ramp: float = quantity("A/s", "rise of the current request", default=2.0)
    start_timeout: float = quantity("s", "from ready 1 to a reported charge [I]", default=30.0)
    near_target: float = quantity("V", "the target counts as reached this far below it", default=0.5)
    below_target: float = quantity("V", "and as left this far below it", default=1.0)
    taper_share: float = quantity("A/Ah", "taper current as a share of the capacity", default=0.05)
    taper_hold: float = quantity("s", "how long the current must stay below the taper current", default=10.0)
    over_current: float = quantity("s", "how long the current may be over the limit", default=1.0)
    report_stale: float = quantity("s", "age at which the charger's status counts as lost", default=1.0)
    ah_stale: float = quantity(
        "s", "age at which the returned Ah, if a limit needs them, are lost", default=5.0
    )
    battery_stale: float = quantity("s", "age at which battery data counts as lost", default=2.0)
    battery_future: float = quantity("s", "how far a reading may lie in the future", default=0.05)
    heartbeat_lost: float = quantity(
        "s", "silence of the charger's 1 s heartbeat that counts as lost", default=2.5
    )
    stop_current: float = quantity(
        "s", "0 A with ready 1 at a stop: at most 0.5 s on the wire, less some for its jitter", default=0.49
    )
    stop_confirm: float = quantity(
        "s", "at most this long to wait until the charger reports off", default=3.0
    )
    off_settle: float = quantity(
        "s", "a report this soon after ready 0 may still be older than it", default=0.1
    )
    off_read: float = quantity("s", "status is read by SDO while no TPDO brings it", default=0.5)
    window_low: float = quantity(
        "", "lowest pack voltage before a charge, as a share of the target", default=0.6
    )
    boot: BootTiming = BootTiming()

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, float | int) and not 0 <= value < math.inf:
                raise LimitError(
                    each.name, value, "a number of 0 or more", each.metadata["unit"], "the timing"
                )
        if not 0 < self.rpdo_period < RPDO_TIMEOUT:
            limit = f"above 0 and below {RPDO_TIMEOUT:g} s"
            raise LimitError("rpdo_period", self.rpdo_period, limit, "s", "the charger's RPDO time-out")


class Consent(Enum):
    """What shall happen when we leave a charger that may start by itself once our heartbeat ends."""

    NONE = "refuse"
    HOLD = "hold"
    """Stay on the bus after the end, and keep it at ready 0 and 0 A."""
    RELEASE = "release-to-local"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Differences from the expected identity that the user has seen and accepts."""

    device_type: int | None = None
    """The whole 1000h, where its upper word is not 0; its lower word is never negotiable."""
    vendor_id: int | None = None
    """1018h:01."""


@dataclass(frozen=True, slots=True)
class ChargePlan:
    """All that one charge is told; checked when it is made, so that a plan that exists may be carried out.

    Raises LimitError for set-points outside the limits, and UsageError for a plan that nothing would end.
    """

    dictionary: Dictionary
    limits: Limits
    target: Target | None = None
    """None: boot, and stay armed at ready 0 and 0 A until a `Charge` event brings one."""
    master_id: int = 1
    battery: Battery = Battery()
    external: bool = False
    """True if battery readings come from the integrator: then no charge without fresh ones."""
    duration: float | None = quantity("s", "time limit, from ready 1", default=None)
    max_ah: float | None = quantity("Ah", "limit of the returned Ah", default=None)
    taper: float | None = quantity("A", "taper current that ends the charge", default=None)
    consent: Consent = Consent.NONE
    accepted: Accepted = Accepted()
    first_ready_current: bool = True
    """The first ready frame carries the first ramp step, as other programs do, not 0 A [I]."""
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        for name, value, unit in (
            ("for", self.duration, "s"),
            ("max-ah", self.max_ah, "Ah"),
            ("taper", self.taper, "A"),
        ):
            if value is not None and not 0 < value < math.inf:
                raise LimitError(name, value, "a number above 0", unit, "the end of the charge")
        if not 1 <= self.master_id <= 127 or self.master_id == self.node_id:
            raise UsageError(
                f"master node-ID {self.master_id} cannot be used",
                f"1 to 127, but not the charger's {self.node_id}",
            )
        if self.target is not None:
            self.check(self.target)

    def check(self, target: Target) -> None:
        """Raise LimitError or UsageError for a target that this plan does not allow."""
        admit(target, self.limits, self.hardware)
        coarsest = max((entry.factor or 0.0 for entry in _requests(self.dictionary)), default=0.0)
        if target.voltage < coarsest:
            source = "less is sent as 0, which is no voltage"
            raise LimitError("voltage", target.voltage, f"at least {coarsest:g} V", "V", source)
        if self.battery.voltage.high is not None and target.voltage > self.battery.voltage.high:
            high = self.battery.voltage.high
            raise LimitError("voltage", target.voltage, f"at most {high:g} V", "V", "the battery's window")
        if self.taper_current is not None and self.taper_current >= target.current:
            raise UsageError(
                f"the taper current of {self.taper_current:g} A is not below the current of {target.current:g} A",
                "it would end the charge as soon as the voltage is near: give a lower --taper",
            )
        if self.duration is None and self.max_ah is None and self.battery.capacity is None:
            raise UsageError(
                "nothing would end this charge for certain",
                "give a time (--for 2h), an Ah limit (--max-ah 40) or a battery profile with its capacity",
            )

    @property
    def node_id(self) -> int:
        """Node-ID of the charger."""
        return self.dictionary.node_id

    @property
    def hardware(self) -> Limits:
        """The charger's own limits, from its EDS."""
        return hardware_limits(self.dictionary)

    @property
    def taper_current(self) -> float | None:
        """The taper current that ends the charge [A], None where none is known."""
        if self.taper is not None:
            return self.taper
        capacity = self.battery.capacity
        return None if capacity is None else capacity * self.timing.taper_share

    @property
    def holds(self) -> bool:
        """True if the bus is held after the end."""
        return self.consent is Consent.HOLD


def _requests(dictionary: Dictionary) -> tuple[Entry, ...]:
    """The voltage requests that the EDS scales, by whichever name this charger maps one."""
    found = (dictionary.get(address) for address in VOLTAGE_REQUESTS)
    return tuple(entry for entry in found if entry is not None and entry.scale is not None)
