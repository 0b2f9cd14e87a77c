"""Preconditions of what is asked and told: a current, a voltage that makes sense, no label, true measurements."""

from __future__ import annotations

from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis.facts import Facts
from deltaq_master.charger.diagnosis.findings import Evidence, Verdict, met, unknown, unmet
from deltaq_master.charger.diagnosis.reported import LOWEST_PACK, NEAR
from deltaq_master.charger.diagnosis.wanted_frames import NOBODY, ended, refused
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry

HOTTEST: Final = 60.0
"""Battery temperature [°C] above which a report is more likely a mistake than a battery [I]."""
COLDEST: Final = -30.0
"""The same below [°C]."""
OFFSET: Final = 40.0
"""Offset [°C] of a public DBC file for 6010h that contradicts its own signed type."""
ROOM: Final = (-10.0, 45.0)
"""Temperatures [°C] that a battery usually has."""
USUAL: Final = 55.0
"""Lowest final charging voltage [V] of the data sheet (SPEC): less is asked for by mistake."""
DISAGREE: Final = 2.0
"""Difference [V] of two measurements of one battery that is worth naming [I]."""
FLOWS: Final = 1.0
"""Current [A] that a BMS may report while none flows [I]."""


def current(facts: Facts) -> Verdict:
    """A valid current request above 0."""
    found = facts.asked.latest(objects.CURRENT_REQUESTS)
    if found is None:
        return unknown(refused(facts, *objects.CURRENT_REQUESTS) or NOBODY)
    address, seen = found
    amps = facts.value(address, seen)
    evidence = facts.evidence(f"{address} = {seen.raw}: {facts.shown(address, seen)}", seen)
    if amps is None:
        text = f"the current request ({address}) has no valid value: {seen.raw:X}h"
        return unmet(text, "ask for a current above 0 A", evidence)
    if amps <= 0:
        return unmet(f"0 A are asked for ({address})", "ask for a current above 0 A", evidence)
    if not seen.by_sdo and (text := ended(facts)):
        return unknown(f"{amps:.1f} A were asked for ({address}) until {text}")
    return met(f"{amps:.1f} A are asked for ({address})", evidence)


def voltage_scale(facts: Facts) -> Verdict:
    """The number of the voltage request is one in its object's own scale."""
    found = facts.asked.latest(objects.VOLTAGE_REQUESTS)
    if found is None:
        return unknown(refused(facts, *objects.VOLTAGE_REQUESTS) or NOBODY)
    address, seen = found
    volts, pack = facts.value(address, seen), facts.battery_voltage()
    evidence = [facts.evidence(f"{address} = {seen.raw}: {facts.shown(address, seen)}", seen)]
    if volts is None:
        text = f"no voltage is asked for ({address} says 'ignore'): the limit is the charger's own maximum"
        return met(text, *evidence)
    lowest = pack[0] - NEAR if pack is not None and pack[0] >= LOWEST_PACK else USUAL
    if lowest <= volts <= facts.limits.max_voltage:
        return met(f"{volts:.1f} V are asked for ({address}), a voltage that makes sense", *evidence)
    meant = _meant(facts, address, seen.raw, lowest)
    if meant is None:
        return met(
            f"{volts:.1f} V are asked for ({address}); no other scale would make more sense", *evidence
        )
    other, by_other = meant
    counted, wanted = _steps(facts, address), _steps(facts, other.address)
    at = f", battery at {pack[0]:.0f} V" if pack is not None else ""
    text = (
        f"{volts:.1f} V asked{at}: {address} counts {counted}, and {seen.raw} is {by_other:.1f} V "
        f"in the {wanted} of {other.address}"
    )
    entry = facts.dictionary[address]
    action = f"write {int(by_other / (entry.factor or 1.0))} to {address}, or {seen.raw} to {other.address}"
    return unmet(text, action, *evidence, *([pack[1]] if pack is not None else []))


def voltage_above_battery(facts: Facts) -> Verdict:
    """More volts than the battery has."""
    request, pack = _request(facts), facts.battery_voltage()
    if request is None or pack is None:
        missing = "voltage request" if request is None else "battery voltage"
        return unknown(f"the {missing} was not seen")
    volts, evidence = request
    if volts > pack[0]:
        return met(f"{volts:.1f} V asked, battery at {pack[0]:.1f} V", evidence, pack[1])
    if volts > pack[0] - NEAR:
        return unknown(f"{volts:.1f} V asked, battery at {pack[0]:.1f} V: too near to say")
    text = f"{volts:.1f} V asked, battery at {pack[0]:.1f} V: nothing can flow"
    return unmet(text, "ask for the pack's final charging voltage", evidence, pack[1])


def voltage_below_maximum(facts: Facts) -> Verdict:
    """No more volts than the hardware has."""
    request, highest = _request(facts), facts.limits.max_voltage
    if request is None:
        return unknown("no voltage request was seen")
    volts, evidence = request
    if volts <= highest:
        return met(f"{volts:.1f} V asked, the charger's maximum is {highest:g} V", evidence)
    text = f"{volts:.1f} V asked, over the charger's maximum of {highest:g} V"
    return unmet(text, f"ask for at most {highest:g} V", evidence)


def cycle_label(facts: Facts) -> Verdict:
    """4201h labels no other cycle."""
    seen = facts.asked.values.get(objects.OVERRIDE)
    if seen is None:
        return unknown("4201h was not seen to be sent")
    evidence = facts.evidence(f"4201h = {seen.raw}", seen)
    if not seen.raw:
        return met("4201h = 0: no label", evidence)
    labels = [label for bit, label in ((1, "equalize"), (2, "maintenance")) if seen.raw & bit]
    text = f"4201h = {seen.raw} labels the cycle as {' and '.join(labels) or 'something reserved'}"
    return unmet(text, "send 4201h = 0", evidence)


def temperature(facts: Facts) -> Verdict:
    """A battery temperature that can be."""
    address = objects.BATTERY_TEMPERATURE
    seen = facts.asked.values.get(address)
    degrees = None if seen is None else facts.value(address, seen)
    if seen is None:
        return unknown("no battery temperature was seen to be sent")
    evidence = facts.evidence(f"{address} = {seen.raw}: {facts.shown(address, seen)}", seen)
    if degrees is None:
        return met("the battery temperature is sent as 'not known'", evidence)
    if COLDEST <= degrees <= HOTTEST:
        return met(f"the battery temperature is sent as {degrees:.1f} °C", evidence)
    text = f"the battery temperature is sent as {degrees:.1f} °C"
    if ROOM[0] <= degrees - OFFSET <= ROOM[1]:
        text += f", by mistake, it seems: with the offset of -40 of a public DBC it would be {degrees - OFFSET:.1f} °C"
    action = "send degrees x 8, signed, without offset (25 °C = 200), or 8000h for 'not known'"
    return unmet(text, action, evidence)


def bms_agrees(facts: Facts) -> Verdict:
    """What the RPDOs report as measured is what the charger measures."""
    told = facts.asked.latest(objects.VOLTAGES)
    volts = None if told is None else facts.value(*told)
    current_seen = facts.asked.values.get(objects.CURRENT)
    amps = None if current_seen is None else facts.value(objects.CURRENT, current_seen)
    pack, status = facts.battery_voltage(), facts.present_status()
    idle = status is not None and not status[0].charging
    if (volts is None and amps is None) or pack is None:
        return unknown("no measurements of a BMS were seen beside the charger's own")
    seen = told[1] if told is not None else current_seen
    assert seen is not None  # one of the two was told
    reports = [f"{volts:.1f} V"] if volts is not None else []
    reports += [f"{amps:.1f} A"] if amps is not None else []
    evidence = facts.evidence(f"reported as measured: {' and '.join(reports)}", seen)
    wrong_volts = volts is not None and abs(volts - pack[0]) > DISAGREE
    if not wrong_volts and not (idle and amps is not None and amps > FLOWS):
        return met(
            f"{seen.source} reports {' and '.join(reports)}, and the charger agrees", evidence, pack[1]
        )
    text = (
        f"{seen.source} reports {' and '.join(reports)} as measurements, where the charger measures "
        f"{pack[0]:.2f} V{' and nothing flows' if idle else ''}: they are no requests"
    )
    return unmet(
        text, "send true measurements, FFFFh for what is not known, or leave it out", evidence, pack[1]
    )


def _request(facts: Facts) -> tuple[float, Evidence] | None:
    found = facts.asked.latest(objects.VOLTAGE_REQUESTS)
    volts = None if found is None else facts.value(*found)
    if found is None or volts is None:
        return None
    return volts, facts.evidence(f"{found[0]} = {found[1].raw}: {facts.shown(*found)}", found[1])


def _meant(facts: Facts, address: Address, raw: int, lowest: float) -> tuple[Entry, float] | None:
    """The first other voltage request in whose scale the number is a sound voltage."""
    if facts.dictionary[address].scale is None:
        return None
    for other in objects.VOLTAGE_REQUESTS:
        entry = facts.dictionary.get(other)
        if other == address or entry is None or entry.scale is None:
            continue
        volts = raw * entry.scale.factor
        if max(lowest, LOWEST_PACK) <= volts <= facts.limits.max_voltage:
            return entry, volts
    return None


def _steps(facts: Facts, address: Address) -> str:
    """'1/1024 V', '10 mV'."""
    factor = facts.dictionary[address].factor or 1.0
    return f"1/{1 / factor:.0f} V" if (1 / factor) % 16 == 0 else f"{factor * 1000:g} mV"
