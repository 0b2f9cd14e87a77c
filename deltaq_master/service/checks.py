"""What findings mean: one line each, with the command that mends it. Nothing is asked or read here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from deltaq_master.link.bus.interfaces import Interface
from deltaq_master.service.findings import Findings, Heard
from deltaq_master.service.request import ACCEPTED_QUEUE

LONG_QUEUE = 100
"""Frames above which a queue hides a dead bus for longer than a charger waits, at 500 kbit/s and with its traffic."""
LATE = 0.02
"""Lateness of a wait [s] that is no reason to do anything."""
VERY_LATE = 0.1
"""And one that costs periods of the heartbeat."""
USUAL = 500_000
RIGHT = (
    'echo "$USER - rtprio 1" | sudo tee /etc/security/limits.d/70-deltaq.conf, then log in again; a service that '
    "charges has it (deltaq service install --charge)"
)
"""What gives the pump of this user's programs real-time priority (limits.conf(5))."""


class Verdict(Enum):
    """How a check went."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is, and what mends it ('' where there is nothing to mend)."""

    subject: str
    verdict: Verdict
    text: str
    mend: str = ""


def checks(found: Findings) -> tuple[Check, ...]:
    """All checks, in the order in which one would mend them."""
    lines = [*_permissions(found)]
    if found.way == "socketcan":
        lines = [*_interface(found), *lines]
    lines += [*_traffic(found), *_who(found), _configured(found)]
    if found.way == "socketcan" and found.before is not None:
        lines += [*_queue(found.before)]
    return (*lines, *_computer(found))


# --- the interface ----------------------------------------------------------------------------------------


def _interface(found: Findings) -> Iterator[Check]:
    here = found.before
    if here is None:
        others = f"; here: {', '.join(found.others)}" if found.others else ""
        text = f"there is no {found.channel}{others}"
        yield Check(
            "interface", Verdict.BAD, text, "plug the adapter in; ip -brief link show type can lists them"
        )
        return
    kind = here.kind if here.virtual else f"driver {here.driver or 'unknown'}"
    if not here.up:
        yield Check("interface", Verdict.BAD, f"{here.name} is down ({kind})", _up(found))
        return
    yield Check("interface", Verdict.GOOD, f"{here.name} is up ({kind})")
    if here.virtual:
        return
    yield _state(found.after or here, found)
    if not here.restart_ms:
        text = "the controller stays off after bus-off"
        mend = f"sudo deltaq service install --channel {here.name}, if its driver can restart"
        yield Check("restart", Verdict.WARNING, text, mend)


def _state(here: Interface, found: Findings) -> Check:
    counters = ""
    if here.sent_errors is not None:
        counters = f", error counters {here.sent_errors} sending and {here.received_errors} receiving"
    text = f"{here.state or 'unknown'}{counters}"
    restart = f"sudo ip link set {here.name} down; {_up(found)}"
    match here.state:
        case "ERROR-ACTIVE":
            return Check("state", Verdict.GOOD, text)
        case "ERROR-WARNING" | "ERROR-PASSIVE":
            return Check("state", Verdict.WARNING, text, "see bit rate and termination below")
        case "BUS-OFF":
            return Check("state", Verdict.BAD, text, f"mend the wiring, then {restart}")
        case _:
            return Check("state", Verdict.UNKNOWN, text, restart)


def _up(found: Findings) -> str:
    if found.before is not None and found.before.virtual:
        return f"sudo ip link set {found.channel} up"
    return f"sudo ip link set {found.channel} up type can bitrate {found.bitrate or USUAL}"


def _queue(here: Interface) -> Iterator[Check]:
    if here.queue is None:
        return
    text = f"{here.queue} frames"
    if here.queue > LONG_QUEUE:
        text += ": with nobody to acknowledge, as much of the past is sent when the bus is back"
        if here.queue > ACCEPTED_QUEUE:
            text += "; newer kernels refuse a queue this long"
        mend = f"sudo ip link set {here.name} txqueuelen 10"
        yield Check("queue", Verdict.WARNING, text, mend)
    else:
        yield Check("queue", Verdict.GOOD, text)


# --- the bus ----------------------------------------------------------------------------------------------


def _permissions(found: Findings) -> Iterator[Check]:
    if found.heard is not None:
        name = " ".join(filter(None, (found.way, found.channel)))
        yield Check("permission", Verdict.GOOD, f"{name} can be opened")
    elif not found.refused:
        return
    elif found.way != "socketcan" or (found.before is not None and found.before.up):
        problem, _, remedy = found.refused.partition("; ")
        yield Check("permission", Verdict.BAD, problem, remedy)


def _traffic(found: Findings) -> Iterator[Check]:
    heard = found.heard
    if heard is None:
        return
    yield _bit_rate(found, heard)
    if found.before is not None and not found.before.virtual:
        yield _termination(found, heard)


def _bit_rate(found: Findings, heard: Heard) -> Check:
    here = found.before
    rate = (here.bitrate if here is not None else None) or found.bitrate
    told = f"{rate} bit/s" if rate else "the bit rate"
    mend = "try another one, without disturbing the bus"
    if here is not None:
        mend = f"sudo ip link set {here.name} down; sudo deltaq -i socketcan -c {here.name} doctor --find-bitrate"
    if heard.frames:
        return Check("bit rate", Verdict.GOOD, f"{heard.frames} frames in {heard.seconds:g} s fit {told}")
    if _risen(found) or heard.errors:
        return Check("bit rate", Verdict.BAD, f"there is traffic, and none of it fits {told}", mend)
    text = f"nothing was heard in {heard.seconds:g} s: {told} is neither confirmed nor contradicted"
    return Check("bit rate", Verdict.UNKNOWN, text, "power the charger (AC or battery), and ask again")


def _termination(found: Findings, heard: Heard) -> Check:
    here = found.after or found.before
    assert here is not None
    measure = "with all power off, 60 ohm between CAN-H and CAN-L; else mend the termination, or a wire"
    if here.sent_errors and here.sent_errors >= 96 and not heard.frames:
        text = "nobody acknowledges what we send: alone on the bus, unplugged, or not terminated"
        return Check("termination", Verdict.BAD, text, measure)
    if heard.frames and (_risen(found) or heard.errors):
        text = "errors between good frames, as from a missing termination, a long stub or a bad ground"
        return Check("termination", Verdict.WARNING, text, measure)
    if heard.frames:
        return Check("termination", Verdict.GOOD, "no errors: no sign of a wrong one")
    return Check("termination", Verdict.UNKNOWN, "without traffic there is nothing to guess from", measure)


def _risen(found: Findings) -> bool:
    """Whether our controller has counted errors while we listened."""
    if found.before is None or found.after is None:
        return False
    pairs = (
        (found.before.bus_errors, found.after.bus_errors),
        (found.before.received_errors, found.after.received_errors),
    )
    return any(after > before for before, after in pairs if before is not None and after is not None)


def _who(found: Findings) -> Iterator[Check]:
    heard = found.heard
    if heard is None:
        return
    names = {found.node_id: "the charger", found.master_id: "a master under our node-ID"}
    listed = ", ".join(
        f"{node} ({names[node]}, {word})" if node in names else f"{node} ({word})"
        for node, word in heard.nodes.items()
    )
    text = f"heard: {listed}" if listed else "nobody was heard"
    if found.master_id in heard.nodes or heard.commands:
        if heard.commands:
            text += f"; command RPDOs {', '.join(f'{each:03X}h' for each in sorted(heard.commands))}"
        yield Check(
            "who", Verdict.BAD, f"{text}: another master is at work", "end that program before you charge"
        )
    elif found.node_id in heard.nodes:
        yield Check("who", Verdict.GOOD, text)
    else:
        mend = f"power the charger; is its node-ID {found.node_id}? deltaq scan lists who answers"
        yield Check("who", Verdict.WARNING, f"{text}; the charger ({found.node_id}) was not", mend)


# --- the computer -----------------------------------------------------------------------------------------


def _configured(found: Findings) -> Check:
    places = f" ({', '.join(found.sources)})" if found.sources else ""
    if not found.configured:
        text = "python-can has no settings of its own: -i and -c are needed every time"
        return Check("settings", Verdict.GOOD, text)
    told = ", ".join(f"{key} {value}" for key, value in found.configured.items())
    other = {
        key: value
        for key, value in (("interface", found.way), ("channel", found.channel))
        if found.configured.get(key, value) != value
    }
    if other:
        text = f"python-can's own settings name another bus: {told}{places}"
        return Check("settings", Verdict.WARNING, text, "correct them, or go on naming -i and -c")
    return Check("settings", Verdict.GOOD, f"python-can's own settings: {told}{places}")


def _computer(found: Findings) -> Iterator[Check]:
    if found.lateness is not None:
        text = f"waits of 10 ms were late by up to {found.lateness * 1000:.1f} ms"
        if found.lateness <= LATE:
            yield Check("timing", Verdict.GOOD, text)
        else:
            grave = Verdict.BAD if found.lateness > VERY_LATE else Verdict.WARNING
            other = "" if found.realtime else ", or give the pump priority, as below"
            yield Check("timing", grave, text, f"end busy programs{other}")
    if found.realtime is not None:
        yield _priority(found)
    if found.synchronised is not None:
        if found.synchronised:
            yield Check("clock", Verdict.GOOD, "set by the network")
        else:
            text = "not set by the network: times in recordings may be off"
            yield Check("clock", Verdict.WARNING, text, "sudo timedatectl set-ntp true")


def _priority(found: Findings) -> Check:
    """Whether the pump, which asks for real-time priority by itself, will have it."""
    if found.realtime:
        return Check("priority", Verdict.GOOD, "the pump takes real-time priority by itself (SCHED_FIFO 1)")
    late = found.lateness is not None and found.lateness > LATE
    text = f"the pump goes on at nice {found.niceness}: this user has no right to real-time priority"
    return Check("priority", Verdict.WARNING if late else Verdict.GOOD, text, RIGHT)
