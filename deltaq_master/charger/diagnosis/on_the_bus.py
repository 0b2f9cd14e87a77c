"""Preconditions on the bus: is it alive, who is there, and in what state."""

from __future__ import annotations

import math
from typing import Final

from deltaq_master.charger.diagnosis.facts import HEARD_WITHIN, Facts
from deltaq_master.charger.diagnosis.findings import Evidence, Rule, Verdict, met, unknown, unmet
from deltaq_master.charger.diagnosis.streams import GAPS, SHORT, Stream
from deltaq_master.charger.startup import DEVICE_TYPE, PROFILE_BITS, VENDOR_ID
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState

UNANSWERED: Final = 1.0
"""Sending for so long [s] without hearing anybody counts as being alone."""
FOREIGN_WITHIN: Final = 2.5
"""How recent [s] a foreign master's frame must be."""
DOUBLED: Final = 3
"""SDO answers without a request that speak for a second device; one or two may be left of a repetition."""

EARLY: Final = 3
"""Heartbeats before their time that speak for a second device; the first after a boot-up may be early."""
PRODUCER_TIME: Final = Address(0x1017)
"""Period of the charger's own heartbeat [ms]."""

_SAME_TIMES: Final = Rule(
    "two senders of one COB-ID show in the times between its frames", "CiA 301: one producer", "[I]"
)
_VENDOR: Final = Rule("Delta-Q's vendor-ID is taken to be 110h", "G, E31, E34", "[U]")
_BUS_ADVICE: Final = (
    "check that the bit rate is the charger's (500 kbit/s on the known unit), the termination at both ends "
    "(60 ohm between CAN-H and CAN-L), the wiring, and that the charger has AC"
)


def bus(facts: Facts) -> Verdict:
    """Bit rate, acknowledgement, error frames, somebody heard."""
    errors = facts.errors
    heard = max((stream.received for stream in facts.streams.values()), default=-math.inf)
    sent = [stream for stream in facts.streams.values() if stream.sent > -math.inf]
    if errors.lost > heard:
        return unmet(
            f"the bus was lost: {errors.problem}", _BUS_ADVICE, Evidence(errors.problem, errors.lost)
        )
    if errors.count and errors.time > heard:
        evidence = Evidence(f"{errors.count} error frames, {facts.received} frames heard", errors.time)
        if errors.unacknowledged:
            return unmet("nobody acknowledges what is sent (error frames: no ACK)", _BUS_ADVICE, evidence)
        return unmet("the controller sees error frames and no sound ones", _BUS_ADVICE, evidence)
    if sent and heard == -math.inf:
        first = min(stream.first for stream in sent)
        count = sum(stream.count for stream in sent)
        text = f"{count} frames of ours in {facts.now - first:.1f} s, and nobody was heard"
        if facts.now - first < UNANSWERED:
            return unknown(f"nobody was heard in the first {facts.now - first:.1f} s")
        return unmet(text, _BUS_ADVICE, Evidence(text, facts.now))
    if heard == -math.inf:
        return unknown("nothing was heard")
    text = f"{facts.received} frames heard in {facts.elapsed:.1f} s"
    if errors.count:
        text += f", and {errors.count} error frames"
    if errors.problem:
        text += f"; before that the bus was lost: {errors.problem}"
    return met(text, Evidence(text, heard))


def charger_heard(facts: Facts) -> Verdict:
    """The charger says something at least every second."""
    stream = facts.heard()
    node_id = facts.node_id
    action = (
        f"check the charger's AC plug and its CAN cable, and its node-ID (-n), which is taken to be {node_id}"
    )
    nodes = ", ".join(str(node) for node in facts.others if node not in facts.watched_ms)
    others = f"; heard instead: heartbeats of node {nodes}" if nodes else ""
    if stream is not None and facts.now - stream.received <= HEARD_WITHIN:
        age = facts.now - stream.received
        text = f"node {node_id} was heard {age:.1f} s before the end"
        return met(text, Evidence("its latest frame", stream.received, "", stream.frame()))
    if stream is not None:
        age = facts.now - stream.received
        last = Evidence("its last frame", stream.received, "", stream.frame())
        return unmet(f"node {node_id} fell silent {age:.1f} s before the end{others}", action, last)
    if facts.elapsed < HEARD_WITHIN:
        return unknown(f"node {node_id} was not heard, but only {facts.elapsed:.1f} s were listened")
    text = f"node {node_id} was not heard in {facts.elapsed:.1f} s{others}"
    return unmet(text, action, Evidence(text, facts.now))


def device(facts: Facts) -> Verdict:
    """A charger of CiA 419, and the vendor that the EDS is for."""
    kind, vendor = facts.known.number(DEVICE_TYPE), facts.known.number(VENDOR_ID)
    accepted = facts.subject.accepted
    low = (1 << PROFILE_BITS) - 1
    expected_kind, expected_vendor = _default(facts, DEVICE_TYPE), _default(facts, VENDOR_ID)
    evidence = [
        facts.evidence(f"{address} is {seen.raw:08X}h", seen)
        for address, seen in ((DEVICE_TYPE, kind), (VENDOR_ID, vendor))
        if seen is not None
    ]
    if kind is not None and kind.raw & low != expected_kind & low:
        text = (
            f"node {facts.node_id} is a CiA {kind.raw & low} device, not a CiA {expected_kind & low} charger"
        )
        return unmet(text, "choose the charger's node-ID (-n), or the EDS of this device (--eds)", *evidence)
    if kind is not None and kind.raw not in (expected_kind, accepted.device_type):
        text = f"the upper word of the device type differs: {kind.raw:08X}h, not {expected_kind:08X}h"
        return unmet(text, f"if it is your charger: --accept-device-type 0x{kind.raw:08X}", *evidence)
    if vendor is not None and vendor.raw not in (expected_vendor, accepted.vendor_id):
        text = f"another vendor: {vendor.raw:08X}h, not {expected_vendor:08X}h"
        action = f"if it is your charger: --accept-vendor 0x{vendor.raw:08X}"
        return unmet(text, action, *evidence, rule=_VENDOR)
    if kind is None or vendor is None:
        return unknown("device type and vendor-ID were not read", "deltaq read 0x1000 0x1018:01")
    return met(f"a CiA {kind.raw & low} charger of the expected vendor", *evidence)


def one_charger(facts: Facts) -> Verdict:
    """One device answers under the node-ID."""
    heartbeat = facts.stream(HEARTBEAT_BASE + facts.node_id)
    action = "unplug the other device, or give it another node-ID"
    if facts.unasked_answers >= DOUBLED:
        text = f"{facts.unasked_answers} SDO answers of node {facts.node_id} that nobody had asked for"
        return unmet(
            f"two devices seem to be node {facts.node_id}: {text}", action, Evidence(text, facts.now)
        )
    told = facts.known.number(PRODUCER_TIME)
    if heartbeat is None or len(heartbeat.gaps) < (2 if told is None else 1):
        return unknown(f"too few heartbeats of node {facts.node_id} to tell one device from two")
    # Not every unit has the EDS's period: until it is told, the heartbeats are measured by each other.
    period = told.raw / 1000 if told is not None else heartbeat.usual or 0.0
    early = sum(gap < SHORT * period for gap in heartbeat.gaps)
    text = f"{heartbeat.count} heartbeats of node {facts.node_id}, {_gaps(heartbeat)}"
    if told is not None:
        text += f", {told.raw} ms by 1017h"
    if early >= EARLY:
        sentence = (
            f"two devices seem to be node {facts.node_id}: its heartbeats come too often, {_gaps(heartbeat)}"
        )
        return unmet(sentence, action, Evidence(text, heartbeat.time), rule=_SAME_TIMES)
    if early == len(heartbeat.gaps):
        return unknown(f"too few heartbeats of node {facts.node_id} to tell one device from two")
    return met(f"node {facts.node_id} has one heartbeat", Evidence(text, heartbeat.time))


def operational(facts: Facts) -> Verdict:
    """Only an operational charger takes RPDOs."""
    nmt = facts.nmt
    if nmt is None:
        return unknown(f"node {facts.node_id} told no NMT state")
    evidence = Evidence(f"NMT state {nmt.state.word}", nmt.time, nmt.source, nmt.frame)
    if nmt.state is NmtState.OPERATIONAL:
        return met("the charger is operational", evidence)
    text = f"the charger is {nmt.state.word}: it takes no RPDO and sends none"
    action = f"send NMT start: deltaq nmt start, or the frame 000#01{facts.node_id:02X}"
    return unmet(text, action, evidence, consequence=_fell_back(facts))


def master_heartbeat(facts: Facts) -> Verdict:
    """The heartbeat that 1016h asks for, in its time."""
    watched, read = facts.watched_ms, facts.watched_read
    origin = "by its 1016h" if read else "by the EDS's 1016h, which is assumed"
    evidence = [facts.evidence(f"1016h names {_nodes(watched)}", read)] if read else []
    if not watched:
        text = f"the charger watches nobody's heartbeat ({origin})"
        return unmet(text, f"write 1016h:01 = {facts.subject.master_id:04X}07D0h", *evidence)
    stream, limit = facts.last_heartbeat()
    who = f"node {' or '.join(map(str, watched))}"
    foreign = [node for node in facts.others if node not in watched]
    wrong = (
        f"; node {', '.join(map(str, foreign))} sends one, which the charger does not watch"
        if foreign
        else ""
    )
    suited = next(iter(watched))
    action = f"send {HEARTBEAT_BASE + suited:03X}#05 every 100 ms"
    if foreign:
        action += (
            f", not {HEARTBEAT_BASE + foreign[0]:03X}h: the master's node-ID must be {suited} (--master-id)"
        )
    wanted = f"within {limit * 1000:.0f} ms ({origin})"
    if stream is not None:
        frame = Evidence("its latest heartbeat", stream.time, "", stream.frame())
        age = facts.now - stream.time
        if age > limit:
            text = f"the heartbeat of {who}, wanted {wanted}, ended {age:.1f} s before the end{wrong}"
            return unmet(text, action, frame, *evidence)
        if stream.late(limit) > 1:
            text = f"the heartbeat of {who} comes too rarely: {_gaps(stream)}, wanted {wanted}"
            return unmet(text, action, frame, *evidence)
        every = "" if stream.usual is None else f" every {stream.usual * 1000:.0f} ms"
        return met(f"a heartbeat of {who}{every}, wanted {wanted}", frame, *evidence)
    if facts.filtered:
        return unknown(f"no heartbeat of {who} in this log, but it does not seem to hold all frames")
    if facts.elapsed <= limit:
        return unknown(f"no heartbeat of {who} in {facts.elapsed:.1f} s, which is not long enough to say")
    text = f"no heartbeat of {who} was heard in {facts.elapsed:.1f} s, wanted {wanted}{wrong}"
    seen = [Evidence(f"heartbeat of node {node}", *_last(facts, node)) for node in foreign]
    return unmet(text, action, *seen, *(evidence or [Evidence(text, facts.now)]))


def one_master(facts: Facts) -> Verdict:
    """One master's heartbeat, one master's RPDOs."""
    cob_ids = [HEARTBEAT_BASE + node for node in facts.watched_ms]
    cob_ids += [stream.cob_id for stream, _ in facts.command_pdos()]
    streams = [stream for cob_id in cob_ids if (stream := facts.stream(cob_id)) is not None]
    action = "stop the other program, or let it alone charge"
    ours = [stream for stream in streams if stream.sent > -math.inf]
    for stream in streams:
        recent = facts.now - stream.received <= FOREIGN_WITHIN
        if ours and recent:
            text = f"another master is on the bus: {stream.cob_id:03X}h was heard, and not sent by us"
            return unmet(text, action, Evidence("a foreign frame", stream.received, "", stream.frame()))
        if recent and stream.irregular and (stream.cob_id >= HEARTBEAT_BASE or stream.flapping(facts.now)):
            text = f"{stream.cob_id:03X}h seems to have two senders: {_gaps(stream)}"
            evidence = Evidence(text, stream.time, "", stream.frame())
            return unmet(f"two masters: {text}", action, evidence, rule=_SAME_TIMES)
    if ours:
        return met("nobody but us sends a master's frames", Evidence("our latest frame", ours[0].sent))
    regular = [stream for stream in streams if stream.count > GAPS]
    if not regular:
        return unknown("too few frames of a master to tell one from two")
    text = f"{', '.join(f'{s.cob_id:03X}h' for s in regular)}: one sender, as far as the times tell"
    return met(text, Evidence(text, max(stream.time for stream in regular)))


def _fell_back(facts: Facts) -> bool:
    """True if it left operational because the heartbeat ended, and that is still so."""
    stream, limit = facts.last_heartbeat()
    return facts.ran and stream is not None and facts.now - stream.time > limit


def _last(facts: Facts, node: int) -> tuple[float, str, str]:
    stream = facts.streams[HEARTBEAT_BASE + node]
    return stream.time, "heartbeat", stream.frame()


def _nodes(watched: dict[int, int]) -> str:
    return " or ".join(f"node {node} within {ms} ms" for node, ms in watched.items()) or "nobody"


def _gaps(stream: Stream) -> str:
    return f"the last gaps are {min(stream.gaps) * 1000:.0f} to {max(stream.gaps) * 1000:.0f} ms"


def _default(facts: Facts, address: Address) -> int:
    entry = facts.dictionary.get(address)
    return entry.default if entry is not None and isinstance(entry.default, int) else 0
