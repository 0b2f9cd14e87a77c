"""What the charge cycle sends: the request of this moment, its RPDOs when they are due, and the end of sending."""

from __future__ import annotations

import math
from dataclasses import replace

from deltaq_master.charger import objects
from deltaq_master.charger.battery import voltage_ceiling
from deltaq_master.charger.limits import Target
from deltaq_master.charger.packing import Request
from deltaq_master.charger.phases import ASKING, Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.state import CycleState
from deltaq_master.protocol.events import Cease, Effect, Hold, Read, Renew
from deltaq_master.protocol.heartbeat import next_due

Step = tuple[CycleState, tuple[Effect, ...]]


def allowed(plan: ChargePlan, state: CycleState) -> Target:
    """The most that may be asked for now: the target, lowered by what the battery says."""
    if state.target is None:
        return Target(min(plan.limits.max_voltage, plan.hardware.max_voltage), 0.0)
    voltage, current = state.target.voltage, state.target.current
    if (reading := state.reading) is None:
        return state.target
    if reading.max_current is not None:
        current = min(current, reading.max_current)
    ceiling = voltage_ceiling(plan.battery, reading, state.report.voltage)
    lowest = plan.timing.window_low * voltage
    if ceiling < lowest:
        # The voltage slot never carries 0 or next to it; no current is asked for instead.
        return Target(lowest, 0.0)
    return Target(min(voltage, ceiling), current)


def request(plan: ChargePlan, state: CycleState, now: float) -> Request:
    """All that an RPDO says in this state; a battery reading only as long as it is fresh."""
    current = state.current if state.phase in ASKING else 0.0
    reading = state.reading
    if reading is not None and now - reading.time >= plan.timing.battery_stale:
        reading = None
    return Request(state.ready, allowed(plan, state).voltage, current, reading)


def output(plan: ChargePlan, state: CycleState, now: float) -> Step:
    """What is to be sent now, and the state after it."""
    state = _end_of_ready(plan, state, now)
    effects: list[Effect] = []
    if now >= state.due and (layout := state.layout) is not None:
        state = _ramp(plan, state, now)
        period = plan.timing.rpdo_period
        frames = layout.frames(request(plan, state, now))
        effects += (Renew(cob_id, data, period) for cob_id, data in frames)
        armed = min(state.armed, now) if state.phase is Phase.ARMED else state.armed
        state = replace(state, sent=now, armed=armed, due=next_due(state.due, period, now))
    if state.ready_off < math.inf and not state.off_confirmed and not state.released:
        state, more = _ask_status(plan, state, now)
        effects += more
    if state.ended and not state.released and _may_leave(plan, state, now):
        state, more = release(state)
        effects += more
    return state, tuple(effects)


def release(state: CycleState) -> Step:
    """RPDO and heartbeat end together."""
    effects: list[Effect] = []
    if state.layout and state.due < math.inf:
        effects += [Cease(cob_id) for cob_id in sorted(state.layout.cob_ids)]
    if state.heartbeat_since < math.inf:
        effects.append(Hold(False))
    return replace(state, released=True, due=math.inf, off_read=math.inf), tuple(effects)


def _end_of_ready(plan: ChargePlan, state: CycleState, now: float) -> CycleState:
    """At a stop, ready goes to 0 as soon as the charger reports off, and after 0.5 s in any case."""
    if state.phase is not Phase.STOPPING or state.ready_off < math.inf:
        return state
    status = state.report.status
    off = status is not None and status.off and state.reported > state.since
    if off or now - state.since >= plan.timing.stop_current:
        return replace(state, ready_off=now, due=now)
    return state


def _ramp(plan: ChargePlan, state: CycleState, now: float) -> CycleState:
    """Up by the ramp for the time since the last RPDO, at most two periods of it; down at once."""
    if state.phase not in ASKING:
        return state
    passed = min(now - state.sent, 2 * plan.timing.rpdo_period)
    risen = state.current + plan.timing.ramp * passed
    return replace(state, current=min(allowed(plan, state).current, risen))


def _ask_status(plan: ChargePlan, state: CycleState, now: float) -> Step:
    """While no TPDO brings the status (after a restart, in pre-operational) it is read by SDO."""
    if now < state.off_read:
        if state.off_read < math.inf:
            return state, ()
        return replace(state, off_read=max(state.reported, state.ready_off) + plan.timing.off_read), ()
    if now - state.reported < plan.timing.off_read:
        return replace(state, off_read=state.reported + plan.timing.off_read), ()
    state = replace(state, off_read=now + plan.timing.off_read)
    return state, (Read(objects.STATUS.index, objects.STATUS.sub),)


def _may_leave(plan: ChargePlan, state: CycleState, now: float) -> bool:
    """True once off is confirmed or the wait for it is over, unless the bus is held on purpose."""
    if plan.holds and not state.leave:
        return False
    return state.off_confirmed or now - state.ready_off >= plan.timing.stop_confirm
