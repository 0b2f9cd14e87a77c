"""Preconditions of how it is asked: a known mapping, RPDOs in time and whole, ready 0 first and then 1."""

from __future__ import annotations

from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis.facts import HEARD_WITHIN, Facts
from deltaq_master.charger.diagnosis.findings import Evidence, Rule, Verdict, met, unknown, unmet
from deltaq_master.charger.diagnosis.streams import written
from deltaq_master.charger.packing import layout
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.boot import Refusal

ANYBODY: Final = 2.0
"""Silence [s] after which it may be said that nobody asks."""
NOBODY: Final = "nothing was seen to be asked of the charger"

_OWN_TIMER: Final = Rule("the RPDO's own event timer (140nh:05)", "read from the device", "[C]")


def mapping(facts: Facts) -> Verdict:
    """The device's mapping, as far as it was told, and whether what is sent fits it."""
    known = facts.known
    if not known.rpdos_told:
        told = [pdo.record.name for pdo in known.rpdos.values() if pdo.own]
        text = "the mapping is assumed from the EDS, it was not read from this charger"
        if told:
            text = f"only the mapping of {', '.join(told)} was read, the rest is assumed from the EDS"
        return unknown(text, "deltaq explain on the bus reads it, without --passive")
    command = layout(known.dump)
    read = Evidence("1400h to 17FFh were read", known.parameters_told, "SDO read")
    if isinstance(command, Refusal):
        action = command.remedy or "send what the mapping asks for, or remap the PDOs (deltaq pdo)"
        return unmet(f"the charger's mapping cannot be commanded: {command.text}", action, read)
    expected = {record.number: record.words for record in known.assumed.rpdos}
    differing = [pdo.record.name for pdo in command.pdos if pdo.record.words != expected[pdo.record.number]]
    if not differing:
        return met("the charger's mapping is the EDS's", read)
    names = ", ".join(differing)
    if any(stream.sent == stream.time for stream, _ in facts.command_pdos()):
        return met(f"the charger's own mapping of {names} is known, and what we send is packed by it", read)
    text = f"the charger maps {names} otherwise than the EDS, and whether the sender packs so is not known"
    return unknown(text, "compare the sender's layout with deltaq pdo")


def rpdo(facts: Facts) -> Verdict:
    """The RPDO that carries the command comes often enough."""
    pdos = facts.command_pdos()
    if not pdos:
        return _no_rpdo(facts)
    stream, pdo = pdos[0]
    limit, read = facts.rpdo_limit(pdo)
    name = f"{pdo.record.name} ({stream.cob_id:03X}h)"
    wanted = f"within {limit * 1000:.0f} ms"
    rule = _OWN_TIMER if read else None
    evidence = [Evidence("its latest frame", stream.time, pdo.record.name, stream.frame())]
    if read:
        evidence.append(facts.evidence(f"its event timer is {read.raw} ms", read))
    action = f"send it every 100 to 250 ms; {wanted} is what the charger bears"
    age, usual = facts.now - stream.time, stream.usual or 0.0
    if age > max(limit, 2 * usual):
        return unmet(f"{name} ended {age:.1f} s before the end", action, *evidence, rule=rule)
    if stream.late(limit) > 1:
        text = f"{name} comes too rarely: every {usual * 1000:.0f} ms, wanted {wanted}"
        return unmet(text, action, *evidence, rule=rule)
    if stream.usual is None:
        return unknown(f"only one frame of {name} came")
    return met(f"{name} comes every {stream.usual * 1000:.0f} ms, wanted {wanted}", *evidence)


def _no_rpdo(facts: Facts) -> Verdict:
    if facts.asked.values or any(address in objects.COMMANDS for _, address, _, _ in facts.refusals):
        return unknown("asked by SDO alone: whether a charger without RPDOs charges is not known [U]")
    if facts.filtered:
        return unknown("no command RPDO in this log, but it does not seem to hold all frames")
    if facts.elapsed < ANYBODY:
        return unknown(f"no command RPDO in {facts.elapsed:.1f} s, which is not long enough to say")
    base = range(0x200, 0x600, 0x100)
    other = [cob_id for cob_id in (each + facts.node_id for each in base) if facts.stream(cob_id)]
    text = f"nobody asks: no RPDO with a command came in {facts.elapsed:.1f} s"
    if other:
        listed = ", ".join(f"{cob_id:03X}h" for cob_id in other)
        text += f"; {listed} came, which the charger does not take, by the mapping that is known"
    action = (
        "send the RPDO that carries 6000h, the current and the voltage, every 100 to 250 ms: deltaq charge"
    )
    return unmet(text, action, Evidence(text, facts.now))


def rpdo_length(facts: Facts) -> Verdict:
    """Exactly as many bytes as are mapped."""
    for cob_id, (time, frame) in facts.wrong_lengths.items():
        pdo, stream = facts.known.rpdos[cob_id], facts.streams[cob_id]
        if written(cob_id, stream.data or b"") == frame:
            time = stream.time
        if facts.now - time > HEARD_WITHIN:
            continue
        due, data = pdo.record.mapping.length, len(frame.partition("#")[2]) // 2
        source = "" if pdo.own else ", by the EDS's mapping"
        text = f"{pdo.record.name} ({cob_id:03X}h) has {data} bytes, and {due} are mapped{source}"
        action = f"send {due} bytes: the charger takes no other length (alarm E-0-4-6)"
        return unmet(text, action, Evidence(text, time, pdo.record.name, frame))
    pdos = facts.command_pdos()
    if not pdos:
        return unknown("no command RPDO came")
    assumed = "" if all(pdo.own for _, pdo in pdos) else ", by the EDS's mapping"
    text = f"{', '.join(pdo.record.name for _, pdo in pdos)}: as many bytes as are mapped{assumed}"
    return met(text, *(Evidence("its latest frame", s.time, p.record.name, s.frame()) for s, p in pdos))


def ready(facts: Facts) -> Verdict:
    """6000h is 1 now."""
    state = facts.asked.ready
    action = "send ready (6000h bit 0) = 1 once AC, remote mode and the enabled bit are there"
    if state.value is None:
        return unknown(refused(facts, objects.BATTERY_STATUS) or NOBODY)
    if state.back is not None:
        age = facts.now - state.back.time
        text = f"ready (6000h) went back from 1 to 0, {age:.1f} s before the end"
        return unmet(
            text, f"find out why the master took it away; {action}", facts.evidence("6000h = 0", state.back)
        )
    if not state.value.raw & 1:
        return unmet("ready (6000h) is 0, and never was 1", action, facts.evidence("6000h = 0", state.value))
    if not state.value.by_sdo and (text := ended(facts)):
        return unknown(f"ready (6000h) was 1 until {text}")
    return met("ready (6000h) is 1", facts.evidence("6000h = 1", state.value))


def ready_edge(facts: Facts) -> Verdict:
    """6000h went 0 and then 1."""
    state = facts.asked.ready
    if facts.charging:
        seen = facts.present_status()
        assert seen is not None  # it says that it charges
        return met("it charges, so it was content with ready", facts.evidence("charging", seen[1]))
    if state.value is None:
        return unknown(NOBODY)
    if state.first_one is None and state.zero is not None:
        return met("ready was 0 before it is or was 1", facts.evidence("6000h = 0", state.zero))
    if state.first_one is None:
        return unknown("ready is 0, and not yet taken by the charger")
    one = facts.evidence("6000h = 1", state.first_one)
    if not state.witnessed:
        return unknown("ready was 1 in all that was seen, and how it began was not seen")
    action = "send ready = 0 with 0 A for at least 0.5 s, then ready = 1"
    where = f"the first {state.first_one.source} on"
    if state.first_one.by_sdo:
        where = "the first write on"
    if state.zero_sent:
        text = "ready was 1 before the charger took any 0: what was sent before came too early to be taken"
        return unmet(text, f"after NMT start and heartbeat: {action}", one)
    return unmet(f"ready (6000h) was 1 from {where}, with no 0 before it", action, one)


def refused(facts: Facts, *addresses: Address) -> str:
    """What a refused write says, '' if there was none."""
    for time, address, code, _ in reversed(facts.refusals):
        if address in addresses:
            words = f"{code >> 16:04X} {code & 0xFFFF:04X}h"
            return f"a write of {address} was refused at {time:.3f} s ({words}): it needs the heartbeat"
    return ""


def ended(facts: Facts) -> str:
    """That the command RPDO ended, and when, '' if it did not: what it said last is asked no more."""
    stream = next((stream for stream, _ in facts.command_pdos()), None)
    if stream is None or facts.now - stream.time <= HEARD_WITHIN:
        return ""
    return f"the RPDO that said so ended at {stream.time:.3f} s"
