"""Boot of one slave (after CiA 302-2), by reads first: nothing is asked of a device before it is known.

The order is the safe order of the house: identity by SDO reads alone, then our heartbeat, then one write that
disarms a device found running, then its configuration (PDO mapping) by reads, then NMT start, until the device
shows that it is operational. What is read and how it is judged is the plan's; how it goes on is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Protocol

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.events import (
    Effect,
    Hold,
    Read,
    ReadDone,
    Send,
    Tick,
    Transfer,
    TransferFailed,
    Write,
    WriteDone,
)
from deltaq_master.protocol.nmt import NMT_COB_ID, NmtCommand, command_data

Found = Mapping[Address, bytes | None]
"""What the device answered: the bytes of each object, None for one that it has not (an SDO abort)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a device may not be used: the object, what was expected and what was found."""

    cause: str
    """Short id, stable for scripts: 'device-type', 'mapping', ..."""
    text: str
    """One sentence that a technician can act on."""
    address: Address | None = None
    expected: str = ""
    found: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.address}: " if self.address else ""
        detail = f", expected {self.expected}, found {self.found}" if self.expected else ""
        return f"{place}{self.text}{detail}" + (f"; {self.remedy}" if self.remedy else "")


class BootPlan(Protocol):
    """What to read of a device, and what to think of the answers."""

    @property
    def node_id(self) -> int:
        """Node-ID of the slave."""

    @property
    def timing(self) -> BootTiming:
        """Time limits."""

    def identity(self, found: Found) -> Iterator[Address]:
        """Objects to read before our heartbeat, given what was found so far."""

    def judge_identity(self, found: Found) -> Refusal | None:
        """A reason not to go on, before anything but reads was sent."""

    def disarm(self, found: Found, running: bool) -> Write | None:
        """The first write, for a device found running."""

    def configuration(self, found: Found) -> Iterator[Address]:
        """Objects to read under our heartbeat, given what was found so far."""

    def judge_configuration(self, found: Found) -> Refusal | None:
        """A reason not to start the device."""

    def recheck(self, found: Found) -> Address | None:
        """An object that must be read again before the device is started (an alarm still shown)."""


@dataclass(frozen=True, slots=True)
class BootTiming:
    """Time limits of a boot [s]."""

    whole: float = 60.0
    """From the first read to the first sign of operation: some hundred reads of a slow device, but not for ever."""
    start_repeat: float = 1.5
    """NMT start is repeated when no sign of operation came: a device's heartbeat shows the new state only at its
    next 1 s tick (seen on this charger, docs/sources.md)."""
    start_attempts: int = 3
    """NMT starts until the device counts as one that cannot be started."""
    read_attempts: int = 3
    """Reads without any answer, each already repeated by the SDO client."""
    disarm_repeat: float = 0.05
    """The device needs some milliseconds to notice our heartbeat before it lets itself be written."""
    disarm_attempts: int = 10
    """Writes until a running device counts as one that cannot be told to stop."""
    alarm_grace: float = 1.0
    """Alarms may need this long after our first heartbeat to be cleared by the device."""
    recheck_repeat: float = 0.2
    """How often a shown alarm is read again meanwhile."""


class BootStep(Enum):
    """Where a boot is."""

    IDENTITY = auto()
    DISARM = auto()
    CONFIGURATION = auto()
    RECHECK = auto()
    START = auto()
    DONE = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Boot:
    """State of a boot: frozen, advanced by `begin` and `handle`."""

    step: BootStep = BootStep.IDENTITY
    since: float = 0.0
    entered: float = 0.0
    """When the present step, or its present attempt, began [s]."""
    attempts: int = 0
    pending: Transfer | None = None
    """The transfer that is under way: answers to anything else say nothing here."""
    heartbeat_since: float = math.inf
    answers: tuple[tuple[Address, bytes | None], ...] = ()
    refusal: Refusal | None = None
    running: bool = False
    """True if the device was operational before we came."""
    found: Found = field(default_factory=dict, compare=False)

    def deadline(self, plan: BootPlan) -> float:
        """When the boot wants a tick at the latest [s]."""
        whole = self.since + plan.timing.whole
        match self.step:
            case BootStep.DISARM if self.pending is None:
                return min(whole, self.entered + plan.timing.disarm_repeat)
            case BootStep.RECHECK if self.pending is None:
                return min(whole, self.entered + plan.timing.recheck_repeat)
            case BootStep.START:
                return min(whole, self.entered + plan.timing.start_repeat)
            case _:
                return whole


Outcome = tuple[Boot, tuple[Effect, ...]]


def begin(plan: BootPlan, running: bool, now: float) -> Outcome:
    """Start a boot of a device that was heard; `running` if it reported operational by itself."""
    return _read_on(plan, Boot(since=now, entered=now, running=running), now)


def handle(plan: BootPlan, boot: Boot, event: object, now: float) -> Outcome:
    """Advance a boot by the answer that it waits for, or by time."""
    if boot.step in (BootStep.DONE, BootStep.REFUSED):
        return boot, ()
    if now - boot.since >= plan.timing.whole:
        return _refuse(boot, Refusal("boot-timeout", f"the boot did not end within {plan.timing.whole:g} s"))
    match event, boot.pending:
        case ReadDone(index, sub, data), Read(i, s) if (index, sub) == (i, s):
            return _read_on(plan, _note(boot, Address(index, sub), data, now), now)
        case WriteDone(index, sub), Write(i, s) if (index, sub) == (i, s):
            disarmed = replace(boot, step=BootStep.CONFIGURATION, entered=now, attempts=0, pending=None)
            return _read_on(plan, disarmed, now)
        case TransferFailed(index, sub, abort, reason), Read(i, s) | Write(i, s) if (index, sub) == (i, s):
            return _failed(plan, boot, Address(index, sub), abort, reason, now)
        case Tick(), _:
            return _tick(plan, boot, now)
        case _:
            return boot, ()


def operational(boot: Boot, now: float) -> Boot:
    """The device showed that it is operational (a PDO or a heartbeat after NMT start)."""
    return replace(boot, step=BootStep.DONE, entered=now) if boot.step is BootStep.START else boot


def _refuse(boot: Boot, refusal: Refusal) -> Outcome:
    return replace(boot, step=BootStep.REFUSED, refusal=refusal), ()


def _note(boot: Boot, address: Address, data: bytes | None, now: float) -> Boot:
    kept = tuple(answer for answer in boot.answers if answer[0] != address)
    answers = (*kept, (address, data))
    return replace(boot, answers=answers, found=dict(answers), entered=now, attempts=0, pending=None)


def _ask(boot: Boot, transfer: Transfer) -> Outcome:
    return replace(boot, pending=transfer), (transfer,)


def _read(boot: Boot, address: Address) -> Outcome:
    return _ask(boot, Read(address.index, address.sub))


def _failed(
    plan: BootPlan, boot: Boot, address: Address, abort: int | None, reason: str, now: float
) -> Outcome:
    boot = replace(boot, attempts=boot.attempts + 1)
    if boot.step is BootStep.DISARM:
        if boot.attempts >= plan.timing.disarm_attempts:
            text = f"the running device could not be told to stop ({reason})"
            return _refuse(boot, Refusal("disarm", text, address))
        return replace(boot, entered=now, pending=None), ()
    if abort is not None:
        return _read_on(plan, _note(boot, address, None, now), now)
    if boot.attempts >= plan.timing.read_attempts:
        return _refuse(boot, Refusal("sdo-silent", f"no usable answer to an SDO read: {reason}", address))
    return _read(boot, address)


def _missing(addresses: Iterator[Address], found: Found) -> Address | None:
    return next((address for address in addresses if address not in found), None)


def _read_on(plan: BootPlan, boot: Boot, now: float) -> Outcome:
    """Ask for the next object that the step needs, or go on to the next step."""
    if boot.step is BootStep.IDENTITY:
        if (address := _missing(plan.identity(boot.found), boot.found)) is not None:
            return _read(boot, address)
        if refusal := plan.judge_identity(boot.found):
            return _refuse(boot, refusal)
        boot = replace(boot, heartbeat_since=now, step=BootStep.DISARM, entered=now)
        if disarm := plan.disarm(boot.found, boot.running):
            boot, effects = _ask(boot, disarm)
        else:
            boot, effects = _read_on(plan, replace(boot, step=BootStep.CONFIGURATION), now)
        return boot, (Hold(True), *effects)
    if boot.step is BootStep.CONFIGURATION:
        if (address := _missing(plan.configuration(boot.found), boot.found)) is not None:
            return _read(boot, address)
        if refusal := plan.judge_configuration(boot.found):
            return _refuse(boot, refusal)
    shown = plan.recheck(boot.found)
    if shown is None:
        return _start(plan, boot, now)
    if now - boot.heartbeat_since <= plan.timing.alarm_grace:
        return replace(boot, step=BootStep.RECHECK, entered=now), ()
    text = f"an alarm is still shown {plan.timing.alarm_grace:g} s after our first heartbeat"
    value = f"{int.from_bytes(boot.found.get(shown) or b'', 'little'):08X}h"
    return _refuse(boot, Refusal("alarm", text, shown, "00000000h", value))


def _tick(plan: BootPlan, boot: Boot, now: float) -> Outcome:
    if now < boot.deadline(plan):
        return boot, ()
    match boot.step:
        case BootStep.DISARM:
            disarm = plan.disarm(boot.found, boot.running)
            return _ask(boot, disarm) if disarm else (boot, ())
        case BootStep.RECHECK:
            shown = plan.recheck(boot.found)
            return _read(boot, shown) if shown else (boot, ())
        case _ if boot.attempts >= plan.timing.start_attempts:
            text = f"NMT start was sent {boot.attempts} times and no sign of operation came"
            return _refuse(boot, Refusal("not-operational", text))
        case _:
            return _start(plan, boot, now)


def _start(plan: BootPlan, boot: Boot, now: float) -> Outcome:
    attempts = boot.attempts + 1 if boot.step is BootStep.START else 1
    command = Send(NMT_COB_ID, command_data(NmtCommand.START, plan.node_id))
    return replace(boot, step=BootStep.START, entered=now, attempts=attempts), (command,)
