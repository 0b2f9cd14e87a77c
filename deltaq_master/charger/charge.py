"""The charge cycle: pure, table-driven, `step(plan, state, event, now)` from a frozen state to the next.

`step` takes the facts of an event into the state (`facts.py`), looks for an ending (`endings.py`), walks the
table (`phases.py`), and lastly says what to send (`sending.py`). Nothing here waits, sends, or knows the time.
"""

from __future__ import annotations

import math
from dataclasses import replace

from deltaq_master.charger import events
from deltaq_master.charger.endings import ENDINGS, alarm_shown, incident
from deltaq_master.charger.facts import absorb, below_target, measure
from deltaq_master.charger.phases import RUNNING, TRANSITIONS, Phase, Trigger
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.sending import Step, allowed, output, release
from deltaq_master.charger.startup import ChargerBoot
from deltaq_master.charger.state import Cause, CycleState, Outcome
from deltaq_master.charger.status import ChargeIndication
from deltaq_master.protocol import boot as booting
from deltaq_master.protocol.boot import BootStep
from deltaq_master.protocol.events import Effect
from deltaq_master.protocol.heartbeat import HeartbeatWatch
from deltaq_master.protocol.nmt import NmtState

NOT_OFF = "output not confirmed off: remove AC"

Move = tuple[Trigger, Cause | None]


def begin(plan: ChargePlan, now: float) -> CycleState:
    """A new cycle: it listens."""
    return CycleState(since=now, target=plan.target, heartbeat=HeartbeatWatch(plan.timing.heartbeat_lost))


def deadline(plan: ChargePlan, state: CycleState) -> float:
    """When the cycle wants a tick at the latest [s]."""
    match state.phase:
        case Phase.LISTENING:
            return state.since + plan.timing.listening
        case Phase.WAITING:
            return state.since + plan.timing.waiting
        case Phase.BOOTING:
            return state.boot.deadline(ChargerBoot(plan)) if state.boot else state.due
        case Phase.ARMED if state.target is not None and state.armed + plan.timing.armed > state.sent:
            return min(state.due, state.armed + plan.timing.armed)
        case Phase.STOPPING if state.ready:
            return min(state.due, state.since + plan.timing.stop_current)
        case _:
            return min(state.due, state.off_read)


def step(plan: ChargePlan, state: CycleState, event: object, now: float) -> Step:
    """Take one event at a time `now`: the next state, and the effects in the order to carry them out."""
    state = measure(plan, absorb(plan, state, event, now), now)
    effects: list[Effect] = []
    if state.phase is Phase.BOOTING:
        state, more = _boot(plan, state, event, now)
        effects += more
    move = _asked_for(plan, state, event)
    if move is not None and state.phase is Phase.STOPPING:
        # It is ending already, and has its cause: what comes now only takes ready away at once.
        if move[0] is Trigger.FAILED:
            state = replace(state, ready_off=min(state.ready_off, now), due=now)
        move = None
    move = _in_table(state, move) or _decide(plan, state, now)
    while move is not None:
        state, more = _go(plan, state, *move, now)
        effects += more
        move = _decide(plan, state, now)
    state, more = output(plan, state, now)
    return state, (*effects, *more)


# --- decisions --------------------------------------------------------------------------------------------


def _asked_for(plan: ChargePlan, state: CycleState, event: object) -> Move | None:
    """What an event moves by itself, before anything else is looked at."""
    match event:
        case events.Clear() if state.released:
            return Trigger.CLEARED, None
        case events.Charge() if state.ended and not state.released:
            return Trigger.AGAIN, None
        case _:
            return incident(plan, state, event)


def _in_table(state: CycleState, move: Move | None) -> Move | None:
    """The move as the table knows it: a failure before ready 1 was ever sent means that the device is unfit."""
    if move is None or move[0] in TRANSITIONS[state.phase]:
        return move
    if move[0] is Trigger.FAILED and Trigger.UNFIT in TRANSITIONS[state.phase]:
        return Trigger.UNFIT, move[1]
    return None


def _decide(plan: ChargePlan, state: CycleState, now: float) -> Move | None:
    """The next move of the table, if there is one."""
    match state.phase:
        case Phase.LISTENING if state.restarted or now - state.since >= plan.timing.listening:
            return Trigger.QUIET, None
        case Phase.WAITING if state.heartbeat.state is not None:
            return Trigger.HEARD, None
        case Phase.WAITING if now - state.since >= plan.timing.waiting:
            waited = plan.timing.waiting + plan.timing.listening
            text = f"no heartbeat of node {plan.node_id} for {waited:.1f} s: is it powered, and its node-ID right?"
            return Trigger.UNFIT, Cause("no-device", text)
        case Phase.BOOTING if state.boot and state.boot.refusal:
            return Trigger.UNFIT, Cause(state.boot.refusal.cause, str(state.boot.refusal))
        case Phase.BOOTING if state.boot and state.boot.step is BootStep.DONE:
            return Trigger.BOOTED, None
        case Phase.STOPPING if state.off_confirmed:
            complete = state.outcome is Outcome.COMPLETE
            return (Trigger.OFF_COMPLETE if complete else Trigger.OFF_STOPPED), state.cause
        case Phase.STOPPING if now - state.ready_off >= plan.timing.stop_confirm:
            return Trigger.NOT_OFF, Cause("not-off", NOT_OFF)
        case phase if phase in RUNNING:
            return _in_table(state, _ending(plan, state, now)) or _progress(plan, state, now)
        case _:
            return None


def _ending(plan: ChargePlan, state: CycleState, now: float) -> Move | None:
    """The first ending that holds; one that is awaited while armed counts when the wait is over."""
    waiting = state.phase is Phase.ARMED and not _waited(plan, state, now)
    for ending in ENDINGS:
        if state.phase not in ending.phases or (ending.awaited and waiting):
            continue
        if (evidence := ending.find(plan, state, now)) is not None:
            return ending.trigger, Cause(ending.cause, evidence)
    return None


def _waited(plan: ChargePlan, state: CycleState, now: float) -> bool:
    """True if conditions were awaited for long enough; without a target the cycle may stay armed for ever."""
    return state.target is not None and now - state.since >= plan.timing.admission


def _progress(plan: ChargePlan, state: CycleState, now: float) -> Move | None:
    """The next phase of a charge that goes well."""
    status = state.report.status
    if status is None:
        return None
    match state.phase:
        case Phase.ARMED:
            return (Trigger.ADMITTED, None) if _admitted(plan, state, now) else None
        case Phase.ENABLING:
            return (Trigger.CHARGE_SEEN, None) if status.charging else None
        case _ if not status.charging:
            return Trigger.CHARGE_LOST, None
        case Phase.CHARGING:
            near = below_target(plan, state) <= plan.timing.near_target
            return (Trigger.NEAR_TARGET, None) if near else None
        case _:
            left = below_target(plan, state) > plan.timing.below_target
            return (Trigger.BELOW_TARGET, None) if left else None


def _admitted(plan: ChargePlan, state: CycleState, now: float) -> bool:
    if state.target is None or now - state.armed < plan.timing.armed or alarm_shown(state):
        return False
    blocking = (ending for ending in ENDINGS if ending.awaited and state.phase in ending.phases)
    return all(ending.find(plan, state, now) is None for ending in blocking)


# --- moves ------------------------------------------------------------------------------------------------


def _boot(plan: ChargePlan, state: CycleState, event: object, now: float) -> Step:
    """Advance the boot; when the configuration is known, so is what we pack by."""
    assert state.boot is not None
    rules = ChargerBoot(plan)
    boot, effects = booting.handle(rules, state.boot, event, now)
    state = replace(state, boot=boot, heartbeat_since=boot.heartbeat_since)
    if boot.step is BootStep.START and state.layout is None:
        dump = rules.dump(boot.found)
        state = replace(state, dump=dump, layout=rules.layout(dump))
    return state, effects


def _go(plan: ChargePlan, state: CycleState, trigger: Trigger, cause: Cause | None, now: float) -> Step:
    """Walk one edge of the table, with what belongs to entering the new phase."""
    before = state.phase
    phase = TRANSITIONS[before][trigger]
    state = replace(state, phase=phase, since=now)
    match phase:
        case Phase.LISTENING:
            return begin(plan, now), ()
        case Phase.BOOTING:
            running = state.heartbeat.state is NmtState.OPERATIONAL
            boot, effects = booting.begin(ChargerBoot(plan), running, now)
            return replace(state, boot=boot), effects
        case Phase.ARMED:
            return _arm(state, now), ()
        case Phase.ENABLING if before is Phase.ARMED:
            return _enable(plan, state, now), ()
        case Phase.STOPPING:
            outcome = Outcome.COMPLETE if trigger is Trigger.COMPLETED else Outcome.STOPPED
            ready_off = now if before is Phase.ARMED else math.inf
            return replace(state, outcome=outcome, cause=cause, current=0.0, due=now, ready_off=ready_off), ()
        case Phase.COMPLETE | Phase.STOPPED | Phase.REFUSED | Phase.FAULT:
            return _end(state, before, cause, now)
        case _:
            return state, ()


def _arm(state: CycleState, now: float) -> CycleState:
    """Ready 0 and 0 A from now on; what an earlier charge on the held bus left behind is forgotten."""
    return CycleState(
        phase=Phase.ARMED,
        since=now,
        target=state.target,
        heartbeat=state.heartbeat,
        heartbeat_since=state.heartbeat_since,
        dump=state.dump,
        layout=state.layout,
        alarms=state.alarms,
        report=state.report,
        reported=state.reported,
        ah_reported=state.ah_reported,
        reading=state.reading,
        battery_problem=state.battery_problem,
        due=now,
    )


def _enable(plan: ChargePlan, state: CycleState, now: float) -> CycleState:
    """Ready 1; the first frame carries the first step of the ramp [I], one that the object can express."""
    first = 0.0
    if plan.first_ready_current and state.layout:
        step_up = max(plan.timing.ramp * plan.timing.rpdo_period, state.layout.quantum())
        first = min(step_up, allowed(plan, state).current)
    complete = state.indication is ChargeIndication.COMPLETE
    return replace(state, asked=now, sent=now, due=now, current=first, stale_complete=complete)


def _end(state: CycleState, before: Phase, cause: Cause | None, now: float) -> Step:
    outcome = Outcome(state.phase.value)
    state = replace(state, outcome=outcome, cause=cause, current=0.0)
    if before is Phase.STOPPING:
        return state, ()
    if state.due == math.inf:
        return release(state)
    return replace(state, due=now, ready_off=now), ()
