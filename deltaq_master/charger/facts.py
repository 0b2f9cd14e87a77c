"""Taking what an event says into the state of the charge, without judging it."""

from __future__ import annotations

import math
from dataclasses import replace

from deltaq_master.charger import events, objects
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.phases import ASKING, SILENT, Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.sending import allowed
from deltaq_master.charger.state import CycleState
from deltaq_master.charger.status import ChargeIndication, ChargerStatus
from deltaq_master.charger.trust import Trust
from deltaq_master.protocol import boot as booting
from deltaq_master.protocol.boot import BootStep
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import Paused, ReadDone
from deltaq_master.protocol.nmt import NmtState


def absorb(plan: ChargePlan, state: CycleState, event: object, now: float) -> CycleState:
    """The state with what this event says, as far as it matters where the charge is."""
    if state.released:
        return state
    match event:
        case events.Heard(nmt):
            return state if state.ended else replace(state, heartbeat=state.heartbeat.heard(nmt, now))
        case events.BootUp():
            watch = state.heartbeat.heard(NmtState.INITIALISING, now)
            return replace(state, heartbeat=watch, restarted=state.phase in SILENT)
        case events.EmergencyHeard(emergency):
            return state if state.ended else _emergency(state, emergency)
        case events.Reported(report, status, ah):
            state = replace(state, report=report, ah_reported=now if ah else state.ah_reported)
            return _status_seen(state, plan, now) if status else state
        case ReadDone(index, _, data) if index == objects.STATUS.index and len(data) == 2:
            word = ChargerStatus.of(int.from_bytes(data, "little"))
            return _status_seen(replace(state, report=replace(state.report, status=word)), plan, now)
        case events.Battery(reading) if plan.external:
            return _battery(plan, state, reading, now)
        case events.BatteryLost(problem) if plan.external:
            return replace(state, battery_problem=state.battery_problem or problem)
        case events.Charge(target) if _chargeable(state):
            return replace(state, target=target)
        case events.Release() if plan.holds:
            return replace(state, leave=True)
        case Paused() if state.phase is Phase.LISTENING:
            # What came while we did not run may not all have been kept: listen anew.
            return replace(state, since=now)
        case _:
            return state


def measure(plan: ChargePlan, state: CycleState, now: float) -> CycleState:
    """What must hold for some time before it counts: since when does it."""
    if state.phase not in ASKING:
        return state
    current, taper = state.current_measured, plan.taper_current
    over = current is not None and current > plan.limits.max_current
    # A request that is itself below the taper current says nothing about the battery.
    low = taper is not None and current is not None and current <= taper < allowed(plan, state).current
    near = below_target(plan, state) <= plan.timing.near_target
    ah, base = state.report.returned.ah, state.ah_base
    if base is None:
        base = ah
    elif ah is not None and ah < state.ah_last:
        base -= state.ah_last  # it counts a new cycle from 0 on; what was returned before stays counted
    return replace(
        state,
        over_current=min(state.over_current, now) if over else math.inf,
        tapered=min(state.tapered, now) if low and near and state.phase is Phase.FINISHING else math.inf,
        ah_base=base,
        ah_last=state.ah_last if ah is None else ah,
    )


def below_target(plan: ChargePlan, state: CycleState) -> float:
    """How far the measured voltage lies below the requested one [V], infinite while unknown."""
    volts = state.voltage_measured
    return math.inf if volts is None else allowed(plan, state).voltage - volts


def _status_seen(state: CycleState, plan: ChargePlan, now: float) -> CycleState:
    """A status word came: it says whether current flows, and so whether the reading may be believed."""
    status = state.report.status
    if status is None:
        return state
    trust, charging = state.trust, state.charging
    if not status.charging:
        trust = Trust(rest=state.report.current)
    if status.charging and state.phase in ASKING:
        trust = trust.charging(state.report.current, state.current)
        charging = min(charging, now)
    settled = now - state.ready_off >= plan.timing.off_settle
    return replace(
        _started(state, now),
        reported=now,
        trust=trust,
        charging=charging,
        stale_complete=state.stale_complete and status.indication is ChargeIndication.COMPLETE,
        off_confirmed=state.off_confirmed or (settled and status.off),
    )


def _started(state: CycleState, now: float) -> CycleState:
    """Only an operational device sends PDOs: after NMT start the first status says that it is."""
    if state.phase is not Phase.BOOTING or state.boot is None or state.boot.step is not BootStep.START:
        return state
    watch = replace(state.heartbeat, state=NmtState.OPERATIONAL)
    return replace(state, boot=booting.operational(state.boot, now), heartbeat=watch)


def _emergency(state: CycleState, emergency: Emergency) -> CycleState:
    """What follows from our own end (RPDO and heartbeat lost) is expected then, and no alarm."""
    alarm = Alarm.from_emergency(emergency)
    if alarm is not None and alarm.expected_after_stop and state.ready_off < math.inf:
        return state
    return replace(state, alarms=state.alarms.after(emergency))


def _battery(plan: ChargePlan, state: CycleState, reading: BatteryReading, now: float) -> CycleState:
    """Times in the future, or that do not advance, are as good as none: the last good reading grows old."""
    advances = state.reading is None or reading.time > state.reading.time
    if not advances or reading.time > now + plan.timing.battery_future:
        return state
    return replace(state, reading=reading, battery_problem="")


def _chargeable(state: CycleState) -> bool:
    held = state.phase in (Phase.COMPLETE, Phase.STOPPED) and not state.released
    return state.phase is Phase.ARMED or held
