"""Preconditions that the charger itself reports: AC, mode, alarms, derating, battery, its own algorithm."""

from __future__ import annotations

from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.alarms import EXPECTED_AFTER_STOP, Alarm, AlarmKind
from deltaq_master.charger.diagnosis.facts import Facts
from deltaq_master.charger.diagnosis.findings import Evidence, Rule, Verdict, met, unknown, unmet
from deltaq_master.charger.diagnosis.known import Seen
from deltaq_master.charger.status import ChargeIndication, DerateCause, Override

NO_BATTERY: Final = 1.0
"""Voltage [V] below which nothing is connected [I]."""
LOWEST_PACK: Final = 28.0
"""Lowest voltage [V] of the smallest pack: 14 cells (SPEC) at 2 V, below which none may be charged [I]."""
NEAR: Final = 0.5
"""A battery so near [V] to the request has nothing left to take [I]."""
FULL: Final = 100
NO_ALGORITHM: Final = 0xFFFF_FFFF
LINK_ALARMS: Final = EXPECTED_AFTER_STOP | {0x2E}
"""Alarms that follow from missing heartbeats, missing RPDOs, or RPDOs of a wrong length."""
NOT_TOLD: Final = "the charger's status (2006h) was not seen"

_NOTHING_LEFT: Final = Rule(
    "a battery at the voltage asked for takes nothing", "physics; the margin is ours", "[I]"
)
_DERATE_ADVICE: Final = {
    DerateCause.AC_VOLTAGE: "check the mains voltage under load; below 200 V this charger gives 1200 W",
    DerateCause.BATTERY_VOLTAGE: "at this battery voltage it gives less; that ends by itself as it rises",
    DerateCause.TEMPERATURE: "let the charger cool, clear its fan and air inlets",
    DerateCause.AC_CURRENT_LIMIT: "the AC current is limited: check the charger's setting and the outlet",
}


def ac(facts: Facts) -> Verdict:
    """2006h bit 4."""
    found = facts.present_status()
    if found is None:
        return unknown(NOT_TOLD)
    status, seen = found
    mains = facts.reported(objects.AC_VOLTAGE)
    volts = None if mains is None else facts.value(*mains)
    extra = [facts.evidence(f"mains {volts:.1f} V", mains[1])] if mains and volts is not None else []
    if status.ac_connected:
        return met("the charger detects AC", _bits(facts, seen), *extra)
    action = "plug the charger in, and check the outlet, the fuse and the mains cable"
    return unmet("the charger detects no AC", action, _bits(facts, seen), *extra)


def remote(facts: Facts) -> Verdict:
    """2006h bits 6 and 7."""
    found = facts.present_status()
    if found is None:
        return unknown(NOT_TOLD)
    status, seen = found
    if status.override is Override.REMOTE:
        return met("the charger is in remote mode", _bits(facts, seen))
    text = f"the charger is in {status.override.word} mode: it does not follow the master"
    action = "send the heartbeat that 1016h names; newer firmware wants an RPDO besides"
    return unmet(text, action, _bits(facts, seen))


def shutdown(facts: Facts) -> Verdict:
    """2006h bit 2."""
    found = facts.present_status()
    if found is None:
        return unknown(NOT_TOLD)
    status, seen = found
    if not status.hardware_shutdown:
        return met("the power stage is not shut down", _bits(facts, seen))
    action = "remove AC and battery for at least 30 s and try again; if it returns, the charger needs service"
    return unmet("the charger's hardware is shut down", action, _bits(facts, seen))


def enabled(facts: Facts) -> Verdict:
    """2006h bit 5, 6001h bit 0."""
    found = facts.present_status()
    if found is None:
        return unknown(NOT_TOLD)
    status, seen = found
    if status.enabled:
        return met("the charger is able to charge", _bits(facts, seen))
    text = "the charger says that it is not able to charge (enabled bit)"
    return unmet(text, "read its errors: deltaq info", _bits(facts, seen))


def alarm(facts: Facts) -> Verdict:
    """EMCY first, then 2060h and the status bits, whose 0 proves little."""
    raised = [(Alarm.from_emergency(each.emergency), each) for each in facts.raised.values()]
    alarms = [(found, each) for found, each in raised if found is not None]
    if alarms:
        evidence = [Evidence(str(found), each.time, "EMCY", each.frame) for found, each in alarms]
        names = "; ".join(str(found) for found, _ in alarms)
        advice = "; ".join(dict.fromkeys(found.advice for found, _ in alarms))
        follows = all(_by_link(found) for found, _ in alarms)
        plural = "alarms are" if len(alarms) > 1 else "an alarm is"
        return unmet(f"{plural} active: {names}", advice, *evidence, consequence=follows)
    word = facts.reported(objects.ERROR)
    if word is not None and (shown := Alarm.from_word(word[1].raw)) is not None:
        evidence = [facts.evidence(f"2060h = {word[1].raw:08X}h", word[1])]
        follows = _by_link(shown)
        return unmet(f"the charger shows {shown}", shown.advice, *evidence, consequence=follows)
    found_status = facts.present_status()
    if found_status is not None and (found_status[0].fault or found_status[0].alarm):
        kind = "a fault" if found_status[0].fault else "an alarm"
        text = f"the charger's status shows {kind}"
        return unmet(text, "read which: deltaq read 0x2060 0x1003:01", _bits(facts, found_status[1]))
    if facts.error_reset is not None:
        time, frame = facts.error_reset
        return met("no alarm since the error reset", Evidence("error reset", time, "EMCY", frame))
    if word is None:
        return unknown("no EMCY came, and the error word (2060h) was not seen")
    evidence = [facts.evidence("2060h = 0, no error", word[1])]
    if found_status is None or not found_status[0].enabled:
        return unknown(
            "no EMCY came; that 2060h is 0 proves nothing, it was seen to stay 0 under an alarm [C]"
        )
    text = "no EMCY came, 2060h is 0, and the charger is able to charge"
    return met(text, *evidence, _bits(facts, found_status[1]))


def derating(facts: Facts) -> Verdict:
    """2006h bit 3, and 2008h for the cause."""
    found, cause = facts.present_status(), facts.reported(objects.DERATE_CAUSE)
    active = DerateCause(cause[1].raw) if cause is not None else DerateCause(0)
    read = [facts.evidence(f"2008h = {int(active):02X}h: {active.word}", cause[1])] if cause else []
    if found is None and not active:
        return unknown(NOT_TOLD)
    bits = [_bits(facts, found[1])] if found is not None else []
    if active:
        advice = "; ".join(text for bit, text in _DERATE_ADVICE.items() if bit in active)
        text = f"the charger gives less than asked for, because of: {active.word}"
        return unmet(text, advice or "look the bits up in the vendor's documents", *bits, *read)
    if found is not None and found[0].derating:
        text = "the charger gives less than asked for; the cause (2008h) was not read"
        return unmet(text, "deltaq read 0x2008", *bits, *read)
    return met("the charger is not derating", *bits, *read)


def battery(facts: Facts) -> Verdict:
    """Connected, and within the charger's window."""
    found = facts.battery_voltage()
    if found is None:
        return unknown("the battery voltage was not seen")
    volts, evidence = found
    highest = facts.limits.max_voltage
    if volts < NO_BATTERY:
        action = "check the cable, the polarity and the contactor between charger and battery"
        return unmet(f"no battery is connected: {volts:.2f} V measured", action, evidence)
    if volts < LOWEST_PACK or volts > highest:
        text = (
            f"the battery has {volts:.2f} V, outside the charger's window of {LOWEST_PACK:g} to {highest:g} V"
        )
        return unmet(text, "check that charger and pack belong together, and the pack's cells", evidence)
    window = f"{LOWEST_PACK:g} to {highest:g} V"
    return met(f"a battery with {volts:.2f} V, within the charger's window of {window}", evidence)


def full(facts: Facts) -> Verdict:
    """A full battery takes nothing."""
    found, soc = facts.present_status(), facts.reported(objects.CHARGER_SOC)
    action = "nothing: it is full; if it is not, check the voltage request and the cells"
    if found is not None and found[0].indication is ChargeIndication.COMPLETE:
        return unmet("the charger indicates complete: the battery is full", action, _bits(facts, found[1]))
    if soc is not None and soc[1].raw == FULL and not facts.charging:
        evidence = facts.evidence("6080h = 100 %", soc[1])
        return unmet("the charger takes the battery for full (6080h = 100 %)", action, evidence)
    if facts.charging and found is not None:
        return met("it takes charge", _bits(facts, found[1]))
    volts, asked = facts.battery_voltage(), facts.asked.latest(objects.VOLTAGE_REQUESTS)
    request = facts.value(*asked) if asked is not None else None
    if volts is None or asked is None or request is None:
        return unknown("full or not is told by voltage and request, and not both were seen")
    evidence = facts.evidence(f"{request:.1f} V asked for", asked[1])
    if request > facts.limits.max_voltage:
        return unknown(f"{request:.1f} V are asked for, which is no voltage to compare with")
    if volts[0] < request - NEAR:
        return met(
            f"the battery, at {volts[0]:.2f} V, is below the {request:.1f} V asked for", volts[1], evidence
        )
    if volts[0] > request + NEAR:
        return unknown(f"the battery, at {volts[0]:.2f} V, is above the {request:.1f} V asked for")
    text = (
        f"the battery, at {volts[0]:.2f} V, is at the {request:.1f} V asked for: it has nothing left to take"
    )
    return unmet(text, action, volts[1], evidence, rule=_NOTHING_LEFT)


def local(facts: Facts) -> Verdict:
    """2241h and 2242h: what it may do when the master falls silent."""
    count, active = facts.known.number(objects.ALGORITHM_COUNT), facts.known.number(objects.ALGORITHM)
    action = "end with --hold, or --release-to-local if it may go on by itself; only removing AC is off"
    evidence = [
        facts.evidence(text, seen)
        for text, seen in (
            (f"2242h = {count.raw if count else 0}: installed algorithms", count),
            (f"2241h = {active.raw if active else 0:08X}h: the active algorithm", active),
        )
        if seen is not None
    ]
    if count is not None and count.raw:
        text = (
            f"{count.raw} local algorithms are installed: when the master is silent it may charge by itself"
        )
        return unmet(text, action, *evidence)
    if active is not None and active.raw != NO_ALGORITHM:
        text = f"algorithm {active.raw & 0xFFFF} is active: when the master is silent it may charge by itself"
        return unmet(text, action, *evidence)
    if count is None and objects.ALGORITHM_COUNT in facts.known.absent:
        return unknown("this charger does not have 2242h, the number of installed algorithms")
    if count is None:
        return unknown("installed algorithms (2242h) were not read", "deltaq read 0x2242 0x2241")
    return met("no local algorithm is installed: it cannot start by itself", *evidence)


def _bits(facts: Facts, seen: Seen) -> Evidence:
    return facts.evidence(f"2006h = {seen.raw:04X}h", seen)


def _by_link(alarm: Alarm) -> bool:
    """True for an alarm that tells of heartbeats or RPDOs: what is wrong with those is a row of its own."""
    return alarm.kind == AlarmKind.ALARM and alarm.number in LINK_ALARMS
