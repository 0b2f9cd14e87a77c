"""What a watcher of a charge sees: one frozen value per change, from which screens, JSON and logs are printed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.packing import Request
from deltaq_master.charger.phases import ASKING, Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.report import Report
from deltaq_master.charger.sending import request
from deltaq_master.charger.state import Cause, CycleState, Outcome
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.units import quantity


@dataclass(frozen=True, slots=True)
class ChargeView:
    """The charge at one moment."""

    phase: Phase
    request: Request
    """What the RPDOs say; before the mapping is known nothing is sent."""
    report: Report
    current_note: str
    """Why the charger's own reading is not believed, '' if it is."""
    reading: BatteryReading | None
    nmt: NmtState | None
    """NMT state that the charger reported last, None before its first word."""
    time: float = quantity("s", "on the clock of the machines")
    current: float | None = quantity("A", "charging current that may be believed, None if there is none")
    since_ready: float | None = quantity("s", "time since ready 1", default=None)
    ah: float | None = quantity("Ah", "returned since ready 1", default=None)
    alarms: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ahead: str = ""
    """What will end this charge first, as far as can be told."""
    time_left: float | None = quantity("s", "until then, None if it cannot be told", default=None)
    outcome: Outcome | None = None
    cause: Cause | None = None
    off_confirmed: bool = False
    unconfirmed: bool = False
    """The charger was asked for current, and has not confirmed that it is off again."""
    ended: bool = False
    """The outcome is known and the safe order has been walked to its end."""
    released: bool = False

    @property
    def power(self) -> float | None:
        """Charging power [W], None without a believed current and a voltage."""
        volts = self.report.voltage
        return None if self.current is None or volts is None else self.current * volts


@dataclass(frozen=True, slots=True)
class AhMark:
    """Where the slope of the returned Ah is measured from."""

    time: float
    ah: float


SLOPE_SPAN = 30.0
"""The slope is measured over at least half of this time [s], so that steps of 1/8 Ah do not rule it."""


def next_mark(marks: tuple[AhMark, ...], state: CycleState, now: float) -> tuple[AhMark, ...]:
    """Two marks, half a span apart: the older one is what the slope is measured from."""
    ah = state.ah_returned if state.phase in ASKING else None
    if ah is None:
        return ()
    if not marks:
        return (AhMark(now, ah),)
    if now - marks[-1].time >= SLOPE_SPAN / 2:
        return (*marks[-1:], AhMark(now, ah))
    return marks


def forecast(
    plan: ChargePlan, state: CycleState, marks: tuple[AhMark, ...], now: float
) -> tuple[str, float | None]:
    """What will end the charge first, and in how many seconds, by the slope of the reported Ah."""
    if state.phase not in ASKING:
        return "", None
    candidates: list[tuple[float, str]] = []
    if plan.duration is not None:
        candidates.append((state.asked + plan.duration - now, "time-limit"))
    ah = state.ah_returned
    rate = (
        (ah - marks[0].ah) / (now - marks[0].time)
        if ah is not None and marks and now > marks[0].time
        else 0.0
    )
    if ah is not None and rate > 0:
        if plan.max_ah is not None:
            candidates.append(((plan.max_ah - ah) / rate, "ah-limit"))
        if (missing := _missing(plan, state)) is not None:
            candidates.append((missing / rate, "taper"))
    if not candidates:
        return ("taper" if plan.taper_current is not None else "indicated"), None
    seconds, cause = min(candidates)
    return cause, max(0.0, seconds)


def _missing(plan: ChargePlan, state: CycleState) -> float | None:
    """Ah until full, where the battery tells its SOC and the profile its capacity."""
    soc = state.reading.soc if state.reading else None
    if soc is None or plan.battery.capacity is None:
        return None
    return plan.battery.capacity * (100 - soc) / 100


def view(
    plan: ChargePlan, state: CycleState, marks: tuple[AhMark, ...], warnings: tuple[str, ...], now: float
) -> ChargeView:
    """The charge at this moment."""
    waited = now - state.ready_off >= plan.timing.stop_confirm
    ahead, left = forecast(plan, state, marks, now)
    note = state.report.current_untrusted
    if not note and not state.trust.trusted:
        note = "untrusted: it has not moved with the request since the start"
    return ChargeView(
        time=now,
        phase=state.phase,
        request=request(plan, state, now),
        report=state.report,
        current=state.current_measured,
        current_note=note if state.report.current is not None else "",
        reading=state.reading,
        nmt=state.heartbeat.state,
        since_ready=now - state.asked if state.asked < math.inf else None,
        ah=state.ah_returned,
        alarms=tuple(str(Alarm.from_emergency(emergency)) for emergency in state.alarms),
        warnings=warnings,
        ahead=ahead,
        time_left=left,
        outcome=state.outcome,
        cause=state.cause,
        off_confirmed=state.off_confirmed,
        unconfirmed=state.unconfirmed,
        ended=state.ended and (state.released or state.off_confirmed or waited),
        released=state.released,
    )
