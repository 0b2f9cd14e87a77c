"""What the charge cycle hears besides frames: events with a meaning, made by the session or by the integrator."""

from __future__ import annotations

from dataclasses import dataclass

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Target
from deltaq_master.charger.report import Report
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import BusLost, Paused, ReadDone, Tick, TransferFailed, WriteDone
from deltaq_master.protocol.nmt import NmtState


@dataclass(frozen=True, slots=True)
class Heard:
    """A heartbeat of the charger, with the state that it reports."""

    state: NmtState


@dataclass(frozen=True, slots=True)
class BootUp:
    """The charger's boot-up message: it was plugged in, or has restarted."""


@dataclass(frozen=True, slots=True)
class EmergencyHeard:
    """An emergency message of the charger."""

    emergency: Emergency


@dataclass(frozen=True, slots=True)
class Reported:
    """A TPDO of the charger, merged into what it had said before."""

    report: Report
    status: bool = True
    """True if this PDO brought the status word (2006h), so that the report counts as fresh."""
    ah: bool = False
    """True if this PDO brought the returned Ah."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Somebody else sent a frame that only the master of this charger sends."""

    cob_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Battery:
    """A reading of the battery; its time is on the clock of the machines."""

    reading: BatteryReading


@dataclass(frozen=True, slots=True)
class BatteryLost:
    """The source of battery readings ended or is broken; `problem` says how."""

    problem: str


@dataclass(frozen=True, slots=True)
class Charge:
    """Begin to charge towards this target, from armed or from an end that still holds the bus."""

    target: Target


@dataclass(frozen=True, slots=True)
class Stop:
    """End by the safe order, on request; `reason` names who asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """Leave the bus after an end that holds it."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Acknowledge an end, and begin again by listening."""


Event = (
    Tick
    | Paused
    | BusLost
    | ReadDone
    | WriteDone
    | TransferFailed
    | Heard
    | BootUp
    | EmergencyHeard
    | Reported
    | Foreign
    | Battery
    | BatteryLost
    | Charge
    | Stop
    | Release
    | Clear
)
"""The whole event type: a new one joins here, and with that the sequence proofs of the charge cycle."""
