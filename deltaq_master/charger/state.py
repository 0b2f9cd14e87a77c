"""The state of a charge: frozen and hashable, so that equal states are one state."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Target
from deltaq_master.charger.packing import CommandLayout
from deltaq_master.charger.phases import ASKING, ENDED, Phase
from deltaq_master.charger.report import Report
from deltaq_master.charger.status import ChargeIndication
from deltaq_master.charger.trust import Trust
from deltaq_master.dictionary.mapping import PdoDump
from deltaq_master.protocol.boot import Boot
from deltaq_master.protocol.emcy import NONE_ACTIVE, ActiveEmergencies
from deltaq_master.protocol.heartbeat import HeartbeatWatch
from deltaq_master.units import quantity

NEVER = -math.inf
"""Time of what has not happened yet."""


class Outcome(Enum):
    """How a charge ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    """On request, or at the time or Ah limit."""
    REFUSED = "refused"
    """The charger was never asked for anything."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Cause:
    """The one cause of an end, with its evidence in the sentence."""

    id: str
    """Stable for scripts: 'ac-lost', 'foreign-master', 'taper', ..."""
    text: str


@dataclass(frozen=True, slots=True)
class CycleState:
    """All that the charge cycle knows; times are on the clock of the machines [s]."""

    phase: Phase = Phase.LISTENING
    since: float = 0.0
    target: Target | None = None

    # --- the device ---------------------------------------------------------------------------------------
    heartbeat: HeartbeatWatch = HeartbeatWatch()
    restarted: bool = False
    """A boot-up message was heard while we listened."""
    boot: Boot | None = None
    """While booting; what came of it is in `dump` and `layout`."""
    heartbeat_since: float = math.inf
    """When our own heartbeat began."""
    # Both follow from what the boot was answered: a device has one mapping in one charge.
    dump: PdoDump | None = field(default=None, compare=False)
    layout: CommandLayout | None = field(default=None, compare=False)
    alarms: ActiveEmergencies = NONE_ACTIVE
    report: Report = Report()
    reported: float = NEVER
    """When the status word came last, by TPDO or by SDO read."""
    ah_reported: float = NEVER
    trust: Trust = Trust()

    # --- the battery --------------------------------------------------------------------------------------
    reading: BatteryReading | None = None
    battery_problem: str = ""

    # --- what we ask for ----------------------------------------------------------------------------------
    current: float = quantity("A", "present current request", default=0.0)
    due: float = math.inf
    """When the next RPDO is due."""
    sent: float = NEVER
    """When the last RPDO was sent."""
    armed: float = math.inf
    """When the first ready 0 was sent."""
    asked: float = math.inf
    """When ready 1 was first sent: the beginning of the charge."""

    # --- what is held over time ---------------------------------------------------------------------------
    charging: float = math.inf
    """When the first charge indication came."""
    stale_complete: bool = False
    """Indication 4 stood there before we asked: it is not about this charge."""
    over_current: float = math.inf
    tapered: float = math.inf
    ah_base: float | None = quantity("Ah", "what the counter showed when this charge began", default=None)
    ah_last: float = quantity("Ah", "what it showed last", default=0.0)

    # --- the end ------------------------------------------------------------------------------------------
    outcome: Outcome | None = None
    cause: Cause | None = None
    ready_off: float = math.inf
    """When ready went back to 0."""
    off_confirmed: bool = False
    off_read: float = math.inf
    """When the status is to be read by SDO next, while no TPDO brings it."""
    leave: bool = False
    """The user lets go of the bus, where an end holds it."""
    released: bool = False
    """RPDO and heartbeat have ended."""

    @property
    def ready(self) -> bool:
        """What the next RPDO says in 6000h bit 0."""
        if self.phase is Phase.STOPPING:
            return self.ready_off == math.inf
        return self.phase in ASKING

    @property
    def ended(self) -> bool:
        """True once the outcome is known and nothing is awaited any more but a release."""
        return self.phase in ENDED

    @property
    def unconfirmed(self) -> bool:
        """True if the charger was asked for current and never confirmed that it is off again."""
        return self.asked < math.inf and self.ready_off < math.inf and not self.off_confirmed

    @property
    def current_reading(self) -> float | None:
        """The charger's own current reading [A] where it is to be trusted, else None."""
        return self.report.current if self.trust.trusted else None

    @property
    def current_measured(self) -> float | None:
        """Measured charging current [A]: the integrator's, else a trusted reading of the charger."""
        if self.reading is not None and self.reading.current is not None:
            return self.reading.current
        return self.current_reading

    @property
    def voltage_measured(self) -> float | None:
        """Measured pack voltage [V]: the integrator's, else the charger's."""
        if self.reading is not None and self.reading.voltage is not None:
            return self.reading.voltage
        return self.report.voltage

    @property
    def indication(self) -> ChargeIndication | None:
        """Charge_Indication as reported, None before the first status."""
        return self.report.status.indication if self.report.status else None

    @property
    def ah_returned(self) -> float | None:
        """Ah returned since the charge began."""
        ah = self.report.returned.ah
        if ah is None or self.ah_base is None:
            return None
        return ah - self.ah_base if ah >= self.ah_base else ah
