"""Everything that ends a charge, as one table: what is looked at, when, and what it is called.

The order is the order of precedence: where two endings are true in one moment, the first one is the cause.
Endings that come as an event (a foreign frame, a boot-up, an emergency, a request, a pause of the program) are
in `INCIDENTS`; those that are read off the state are in `ENDINGS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deltaq_master.charger import events
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.phases import ASKING, RUNNING, Phase, Trigger
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.state import Cause, CycleState
from deltaq_master.charger.status import ChargeIndication, Override
from deltaq_master.protocol.events import BusLost, Paused
from deltaq_master.protocol.nmt import NmtState

Find = Callable[[ChargePlan, CycleState, float], str | None]


@dataclass(frozen=True, slots=True)
class Ending:
    """One reason to end: its evidence as a sentence, or None while it does not hold."""

    cause: str
    summary: str
    find: Find
    phases: frozenset[Phase] = RUNNING
    trigger: Trigger = Trigger.FAILED
    awaited: bool = False
    """While armed it only keeps the cycle waiting, and is the cause when the wait is over."""


def _stale(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    age = now - state.reported
    return (
        f"the charger is silent: no TPDO brought its status (2006h) for {age:.1f} s"
        if age >= plan.timing.report_stale
        else None
    )


def _silent(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if not state.heartbeat.lost(now):
        return None
    return f"no heartbeat from the charger for {now - state.heartbeat.last:.1f} s"


def _not_operational(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    nmt = state.heartbeat.state
    if nmt in (None, NmtState.OPERATIONAL):
        return None
    return f"the charger reports NMT state {nmt.word}"


def alarm_shown(state: CycleState) -> str | None:
    """The alarm that the charger shows or has raised and not reset, in words."""
    if state.alarms:
        return f"the charger raised {Alarm.from_emergency(next(iter(state.alarms)))}"
    if state.report.supply.error:
        return f"the charger shows {Alarm.from_word(state.report.supply.error)}"
    status = state.report.status
    if status and (status.fault or status.alarm):
        return f"the charger's status shows {'a fault' if status.fault else 'an alarm'} (2006h = {status.raw:04X}h)"
    return None


def _alarm(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    """An alarm; the first second of our heartbeat is the charger's to clear what is left of a time before."""
    grace = plan.timing.boot.alarm_grace
    if state.phase is Phase.ARMED and now - state.heartbeat_since < grace:
        return None
    return alarm_shown(state)


def _ac_lost(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    status = state.report.status
    return "the charger detects no AC" if status and not status.ac_connected else None


def _shutdown(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    status = state.report.status
    return "the charger's hardware is shut down" if status and status.hardware_shutdown else None


def _equalize(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if plan.battery.chemistry.lithium and state.indication is ChargeIndication.EQUALIZE:
        return f"the charger equalizes (Charge_Indication 6), which is not for {plan.battery.chemistry.value}"
    return None


def _not_remote(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    status = state.report.status
    if status and status.override is not Override.REMOTE:
        return (
            f"the charger is not in remote mode (override {status.override.word}), so it does not follow us"
        )
    return None


def _disabled(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    status = state.report.status
    return "the charger's enabled bit is gone" if status and not status.enabled else None


def _over_voltage(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    volts = state.report.voltage
    if volts is not None and volts > plan.limits.max_voltage:
        return f"the charger reports {volts:.2f} V, over the limit of {plan.limits.max_voltage:g} V"
    return None


def _over_current(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if now - state.over_current < plan.timing.over_current:
        return None
    return (
        f"{state.current_measured or 0:.1f} A flow, over the limit of {plan.limits.max_current:g} A, "
        f"for {now - state.over_current:.1f} s"
    )


def _battery_stale(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if not plan.external:
        return None
    if state.battery_problem:
        return f"battery data ended: {state.battery_problem}"
    if state.reading is None:
        return "no battery data came yet"
    age = now - state.reading.time
    return f"battery data is {age:.1f} s old" if age >= plan.timing.battery_stale else None


def _battery_unready(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    return "the battery says that it is not ready" if state.reading and not state.reading.ready else None


def _battery_voltage(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    volts, window = state.voltage_measured, plan.battery.voltage
    return None if window.holds(volts) else f"the battery has {volts:.2f} V, outside its window {window} V"


def _cell_voltage(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    volts, window = state.reading.max_cell_voltage if state.reading else None, plan.battery.cell_voltage
    return (
        None if window.holds(volts) else f"the highest cell has {volts:.3f} V, outside its window {window} V"
    )


def _temperature(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    degrees, window = state.reading.temperature if state.reading else None, plan.battery.temperature
    return (
        None if window.holds(degrees) else f"the battery has {degrees:.1f} °C, outside its window {window} °C"
    )


def _no_battery(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    """Before ready 1 the pack's voltage must be known, and look like this pack."""
    if state.target is None or state.report.status is None:
        return None
    volts = state.voltage_measured
    if volts is None:
        return "the battery voltage is not known, so the pack cannot be told from none at all"
    low, high = plan.timing.window_low * state.target.voltage, state.target.voltage
    if (plan.battery.voltage.low, plan.battery.voltage.high) != (None, None):
        low, high = plan.battery.voltage.low or 0.0, plan.battery.voltage.high or high
    if low <= volts <= high:
        return None
    return f"no battery, or another pack: {volts:.2f} V measured, {low:.1f} to {high:.1f} V expected"


def _ah_stale(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if plan.max_ah is None:
        return None
    age = now - max(state.ah_reported, state.armed)
    if age < plan.timing.ah_stale:
        return None
    return f"the returned Ah, which the Ah limit needs, were not reported for {age:.1f} s"


def _indicated(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if state.indication is ChargeIndication.COMPLETE and not state.stale_complete:
        return "the charger indicates complete (Charge_Indication 4)"
    return None


def _tapered(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if now - state.tapered < plan.timing.taper_hold:
        return None
    return (
        f"the current stayed at or below {plan.taper_current:g} A near the target voltage "
        f"for {now - state.tapered:.0f} s"
    )


def _time_limit(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if plan.duration is None or now - state.asked < plan.duration:
        return None
    return f"time limit of {plan.duration:g} s reached"


def _ah_limit(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if plan.max_ah is None or (ah := state.ah_returned) is None or ah < plan.max_ah:
        return None
    return f"{ah:.2f} Ah returned, the limit was {plan.max_ah:g} Ah"


def _never_started(plan: ChargePlan, state: CycleState, now: float) -> str | None:
    if now - state.since < plan.timing.start_timeout:
        return None
    shown = state.indication.word if state.indication is not None else "nothing"
    return f"no charge for {plan.timing.start_timeout:g} s at ready 1: the charger indicates {shown}"


ENDINGS: tuple[Ending, ...] = (
    Ending("alarm", "an alarm or fault is shown in 2060h or in the status bits", _alarm),
    Ending("reports-stale", "TPDO1 (the status word) is older than 1 s", _stale),
    Ending("heartbeat-lost", "the charger's heartbeat is lost", _silent),
    Ending("not-operational", "the charger reports another NMT state", _not_operational),
    Ending("ac-lost", "AC is not detected", _ac_lost, awaited=True),
    Ending("shutdown", "the hardware shutdown bit is set", _shutdown, awaited=True),
    Ending("equalize", "indication 6 with a lithium battery", _equalize, awaited=True),
    Ending("override-lost", "the override is not remote", _not_remote, awaited=True),
    Ending("disabled", "the enabled bit is gone", _disabled, awaited=True),
    Ending("over-voltage", "the reported voltage is over the limit", _over_voltage),
    Ending("over-current", "the measured current was over the limit for 1 s", _over_current),
    Ending("battery-stale", "battery data is stale, missing or broken", _battery_stale, awaited=True),
    Ending("battery-unready", "the battery says that it is not ready", _battery_unready, awaited=True),
    Ending("battery-voltage", "the battery voltage left its window", _battery_voltage, ASKING),
    Ending("cell-voltage", "the highest cell left its window", _cell_voltage),
    Ending("temperature", "the battery temperature left its window", _temperature),
    Ending("no-battery", "no battery, or another pack", _no_battery, frozenset({Phase.ARMED}), awaited=True),
    Ending("ah-stale", "an Ah limit is set and Ah are not reported", _ah_stale),
    Ending("indicated", "the charger indicates complete", _indicated, ASKING, Trigger.COMPLETED),
    Ending("taper", "taper current held at the target", _tapered, ASKING, Trigger.COMPLETED),
    Ending("time-limit", "the time limit is reached", _time_limit, ASKING, Trigger.LIMIT_REACHED),
    Ending("ah-limit", "the Ah limit is reached", _ah_limit, ASKING, Trigger.LIMIT_REACHED),
    Ending("no-start", "no charge within the start time-out", _never_started, frozenset({Phase.ENABLING})),
)

INCIDENTS: dict[str, str] = {
    "not-run": "the program did not run for over 0.3 s",
    "bus-lost": "the bus refused a frame, or its receiver died",
    "foreign-master": "another master's heartbeat or command RPDO was heard",
    "rebooted": "an unexpected boot-up message",
    "alarm": "an emergency message",
    "request": "on request",
    "no-device": "the charger was not heard at all",
}
"""Endings that come as an event, with their summary."""


_WATCHED = RUNNING | {Phase.STOPPING}
"""An end that is under way is still watched: what happens then takes ready away at once."""


_ALARMED = ASKING | {Phase.STOPPING}


def incident(plan: ChargePlan, state: CycleState, event: object) -> tuple[Trigger, Cause] | None:
    """The ending that an event is by itself, whatever the state says."""
    match event:
        case Paused(gap) if state.phase in _WATCHED:
            return Trigger.FAILED, Cause("not-run", f"the program did not run for {gap * 1000:.0f} ms")
        case BusLost(problem):
            return Trigger.FAILED, Cause("bus-lost", f"the bus was lost: {problem}")
        case events.Foreign(cob_id, data):
            what = f"{cob_id:03X}h [{data.hex(' ').upper()}]"
            return Trigger.FAILED, Cause("foreign-master", f"another master is on the bus: it sent {what}")
        case events.BootUp() if state.phase in _WATCHED or state.phase is Phase.BOOTING:
            return Trigger.FAILED, Cause("rebooted", "the charger restarted: it sent a boot-up message")
        case events.EmergencyHeard(emergency) if not emergency.reset and state.phase in _ALARMED:
            return Trigger.FAILED, Cause("alarm", f"the charger raised {Alarm.from_emergency(emergency)}")
        case events.Stop(reason):
            return Trigger.STOP_ASKED, Cause("request", f"stopped: {reason}")
        case _:
            return None
