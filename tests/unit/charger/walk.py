"""States of the charge cycle to start from, and events of every kind to meet them with."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from deltaq_master.charger import events
from deltaq_master.charger.battery import Battery, BatteryReading, Window
from deltaq_master.charger.charge import begin, step
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.report import Report, Returned, Supply
from deltaq_master.charger.state import CycleState
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import (
    BusLost,
    Effect,
    Paused,
    Read,
    ReadDone,
    Tick,
    TransferFailed,
    Write,
    WriteDone,
)
from deltaq_master.protocol.nmt import NmtState

START = 100.0
STEP = 0.1

# 2006h words as section 3 of the charger's facts lists their bits: AC (bit 4), enabled (5), remote (6).
IDLE = 0x0070
BELOW_80 = 0x1170
COMPLETE = 0x1470
RESTING = 0x1570
EQUALIZE = 0x1670
NO_AC = 0x0060
LOCAL = 0x0030
DISABLED = 0x0050
SHUT_DOWN = 0x0074
ALARM = 0x0072

# The device as the EDS describes it; typed by hand from the notes.
DEVICE: dict[tuple[int, int], bytes] = {
    (0x1000, 0): bytes.fromhex("A3010000"),
    (0x1018, 1): bytes.fromhex("10010000"),
    (0x1016, 0): b"\x01",
    (0x1016, 1): bytes.fromhex("D0070100"),
    (0x2242, 0): b"\x00",
    (0x2060, 0): bytes(4),
    (0x1400, 1): bytes.fromhex("0A020000"),
    (0x1400, 2): b"\xff",
    (0x1400, 5): bytes(2),
    (0x1600, 0): b"\x06",
    **{
        (0x1600, sub): int.to_bytes(word, 4, "little")
        for sub, word in enumerate(
            (0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008), start=1
        )
    },
    (0x1800, 1): bytes.fromhex("8A010000"),
    (0x1800, 2): b"\xff",
    (0x1800, 5): bytes.fromhex("C800"),
    (0x1A00, 0): b"\x05",
    **{
        (0x1A00, sub): int.to_bytes(word, 4, "little")
        for sub, word in enumerate((0x20020010, 0x21010010, 0x20060010, 0x2FFA0208, 0x2FFA0208), start=1)
    },
    (0x1801, 1): bytes.fromhex("8A020000"),
    (0x1801, 2): b"\xff",
    (0x1801, 5): bytes.fromhex("E803"),
    (0x1A01, 0): b"\x01",
    (0x1A01, 1): bytes.fromhex("20010920"),
}


@functools.cache
def plan(external: bool = False, with_target: bool = True) -> ChargePlan:
    """84 V, 10 A, limits 84.2 V and 12 A, one hour or 30 Ah, a 50 Ah pack with windows."""
    battery = Battery(cells=20, capacity=50.0, temperature=Window(0.0, 45.0), cell_voltage=Window(2.5, 4.25))
    return ChargePlan(
        dictionary=load(eds_path(), 10),
        limits=Limits(84.2, 12.0),
        target=Target(84.0, 10.0) if with_target else None,
        battery=battery,
        external=external,
        duration=3600.0,
        max_ah=30.0,
    )


def report(
    status: int, *, current: float = 19.48, voltage: float = 78.27, ah: float = 0.0, error: int = 0
) -> Report:
    """What the charger says in its TPDOs."""
    return Report(
        current, voltage, ChargerStatus.of(status), Supply(error=error, ac_voltage=122.0), Returned(ah=ah)
    )


def reading(time: float, **changes: float | bool | None) -> BatteryReading:
    """A battery at rest, measured at `time`."""
    values: dict[str, float | bool | None] = {
        "voltage": 78.3,
        "current": 0.0,
        "temperature": 25.0,
        "soc": 60.0,
    }
    return BatteryReading(time, **(values | changes))  # type: ignore[arg-type]


def events_at(now: float) -> Mapping[type, tuple[object, ...]]:
    """Events of every kind, as they could come at this time."""
    return {
        Tick: (Tick(),),
        Paused: (Paused(0.5),),
        BusLost: (BusLost("no buffer space"),),
        ReadDone: (ReadDone(0x2006, 0, b"\x70\x00"), ReadDone(0x1000, 0, DEVICE[0x1000, 0])),
        WriteDone: (WriteDone(0x6000, 0),),
        TransferFailed: (TransferFailed(0x2006, 0, None, "no answer"),),
        events.Heard: (events.Heard(NmtState.OPERATIONAL), events.Heard(NmtState.PRE_OPERATIONAL)),
        events.BootUp: (events.BootUp(),),
        events.EmergencyHeard: (
            events.EmergencyHeard(Emergency.parse(bytes.fromhex("30 81 01 20 80 00 00 00"))),
            events.EmergencyHeard(Emergency.parse(bytes(8))),
            events.EmergencyHeard(Emergency.parse(b"\x00\x10")),
        ),
        events.Reported: (
            events.Reported(report(IDLE)),
            events.Reported(report(BELOW_80, current=0.2)),
            events.Reported(report(BELOW_80, current=25.0, voltage=83.9, ah=31.0), ah=True),
            events.Reported(report(COMPLETE, voltage=84.0)),
            events.Reported(report(RESTING)),
            events.Reported(report(EQUALIZE)),
            events.Reported(report(NO_AC)),
            events.Reported(report(LOCAL)),
            events.Reported(report(DISABLED, voltage=90.0)),
            events.Reported(report(ALARM, error=0x20808130)),
        ),
        events.Foreign: (events.Foreign(0x701, b"\x05"),),
        events.Battery: (
            events.Battery(reading(now)),
            events.Battery(reading(now, ready=False, temperature=70.0, max_current=1.0, max_voltage=80.0)),
            events.Battery(reading(now + 60)),
        ),
        events.BatteryLost: (events.BatteryLost("end of stream"),),
        events.Charge: (events.Charge(Target(82.0, 5.0)),),
        events.Stop: (events.Stop("test"),),
        events.Release: (events.Release(),),
        events.Clear: (events.Clear(),),
    }


def every_event(now: float) -> tuple[object, ...]:
    """All of them; a type that joins `Event` without an example here is missed on purpose."""
    known = events_at(now)
    missing = [kind for kind in get_args(events.Event) if kind not in known]
    assert not missing, f"no example of {missing}"
    return tuple(event for kind in get_args(events.Event) for event in known[kind])


def answer(effect: Effect) -> object | None:
    """The device's answer to an SDO effect."""
    if isinstance(effect, Read):
        data = DEVICE.get((effect.index, effect.sub))
        if data is None:
            return TransferFailed(effect.index, effect.sub, 0x06020000, "object does not exist")
        return ReadDone(effect.index, effect.sub, data)
    return WriteDone(effect.index, effect.sub) if isinstance(effect, Write) else None


class Walker:
    """Walks one cycle, answering its reads at once."""

    def __init__(self, plan_: ChargePlan) -> None:
        self.plan = plan_
        self.now = START
        self.state = begin(plan_, START)
        self.effects: list[tuple[float, Effect]] = []

    def meet(self, *met: object, after: float = 0.0) -> Walker:
        """Meet events, `after` seconds later."""
        self.now += after
        for event in met:
            pending = [event]
            while pending:
                self.state, effects = step(self.plan, self.state, pending.pop(0), self.now)
                self.effects += ((self.now, effect) for effect in effects)
                pending += (found for effect in effects if (found := answer(effect)) is not None)
        return self

    def wait(self, seconds: float, status: int = IDLE, **said: float) -> Walker:
        """Let time pass, with a status every 100 ms."""
        for _ in range(round(seconds / STEP)):
            volts = said.get("voltage", 78.3)
            battery = (events.Battery(reading(self.now + STEP, voltage=volts)),) if self.plan.external else ()
            told = events.Reported(report(status, **said), ah=True)  # type: ignore[arg-type]
            self.meet(events.Heard(NmtState.OPERATIONAL), told, *battery, Tick(), after=STEP)
        return self

    def to(self, phase: Phase) -> Walker:
        """The shortest way to a phase that a charge passes when all goes well."""
        order = list(Phase)
        if order.index(phase) >= order.index(Phase.WAITING):
            self.meet(Tick(), after=2.5)
        if order.index(phase) >= order.index(Phase.BOOTING):
            self.meet(events.Heard(NmtState.PRE_OPERATIONAL))
        if order.index(phase) >= order.index(Phase.ARMED):
            self.wait(0.1)
        if order.index(phase) >= order.index(Phase.ENABLING):
            self.wait(0.6)
        if order.index(phase) >= order.index(Phase.CHARGING):
            self.wait(3.0, BELOW_80, current=1.0)
        if order.index(phase) >= order.index(Phase.FINISHING):
            self.wait(0.1, BELOW_80, current=8.0, voltage=83.8)
        assert self.state.phase is phase or order.index(phase) > order.index(Phase.FINISHING), (
            self.state.phase
        )
        return self


@functools.cache
def states(external: bool) -> tuple[tuple[CycleState, float], ...]:
    """A state of every phase, with its time; of ends both those that still send and those that let go."""
    found: list[tuple[CycleState, float]] = []
    chosen = plan(external)
    for phase in list(Phase)[:7]:
        walker = Walker(chosen).to(phase)
        found.append((walker.state, walker.now))
    for end in (events.Stop("test"), events.BootUp(), events.Reported(report(COMPLETE, voltage=84.0))):
        walker = Walker(chosen).to(Phase.CHARGING).meet(end, after=STEP)
        found.append((walker.state, walker.now))
        walker.wait(1.0)
        found.append((walker.state, walker.now))
    refused = Walker(chosen).meet(events.Foreign(0x701, b"\x05"))
    found.append((refused.state, refused.now))
    held = replace(found[-2][0], released=False, due=found[-2][1] + STEP)
    found.append((held, found[-2][1]))
    return tuple(found)
