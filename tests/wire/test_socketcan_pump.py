"""The pump on a bus whose kernel repeats frames: what is renewed, and that nothing outlives its reason."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import pytest

from deltaq_master.errors import BusError
from deltaq_master.link.bus.gate import Gate
from deltaq_master.link.bus.network import Network
from deltaq_master.link.pump.pump import PAUSE_LIMIT, Pump
from deltaq_master.protocol.events import BusLost, Cease, Effect, Hold, Renew, Tick

HEARTBEAT, COMMAND = 0x701, 0x20A
PATIENCE = 5.0


class Kernel:
    """Notes what it is told, and raises what the test says."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int | None]] = []
        self.due: list[float] = []
        self.listening = 0
        self.refusal: BusError | None = None

    def renew(self, cob_id: int, data: bytes, period: float, due: float) -> None:
        if self.refusal is not None:
            raise self.refusal
        assert period == 0.1
        self.told.append(("renew", cob_id))
        self.due.append(due)

    def cease(self, cob_id: int | None = None) -> None:
        self.told.append(("cease", cob_id))

    def listen(self) -> None:
        self.listening += 1


class Machine:
    """Answers with what the test gives it."""

    node_id = 10
    cob_ids = frozenset({0x18A, COMMAND})

    def __init__(self, *effects: Effect) -> None:
        self.deadline = math.inf
        self.effects = effects
        self.heard: list[object] = []

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        self.heard.append(event)
        return () if isinstance(event, BusLost) else self.effects


RENEW = Renew(COMMAND, bytes(8), 0.1)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def gate(kernel: Kernel) -> Gate:
    made = Network().gate
    made.opened("can0", kernel)
    return made


def refuse(cob_id: int, data: bytes) -> None:
    raise AssertionError(f"{cob_id:03X}h was sent by itself")


def running(gate: Gate, now: list[float]) -> Pump:
    """A pump that is started, whose thread rests, so that the test can step it."""
    pump = Pump(refuse, lambda *transfer: None, clock=lambda: now[0])
    pump._run = lambda *arguments: None  # type: ignore[method-assign]
    pump.start(gate)
    return pump


def do(pump: Pump, machine: Machine, now: float, *effects: Effect) -> None:
    machine.effects = effects
    machine.deadline = now
    pump._seats.all[0].deadline = now
    pump.step(now)


def test_renewals_and_heartbeats_go_to_the_kernel(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, now := [0.0])
    machine = Machine()
    pump.add(machine, lambda value: None)
    do(pump, machine, 0.0, Hold(on=True), RENEW)
    assert kernel.told == [("renew", HEARTBEAT), ("renew", COMMAND)]
    now[0] = 0.1
    do(pump, machine, 0.1, RENEW)
    assert kernel.told[2:] == [("renew", COMMAND), ("renew", HEARTBEAT)]
    do(pump, machine, 0.15, Cease(COMMAND), Hold(on=False))
    assert kernel.told[4:] == [("cease", COMMAND), ("cease", HEARTBEAT)]


def test_the_kernel_is_told_when_a_renewal_was_due(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, now := [0.0])
    machine = Machine(Hold(on=True), RENEW)
    machine.deadline = 0.0
    pump.add(machine, lambda value: None)
    now[0] = 0.03
    pump.step(0.03)
    assert kernel.due == [0.03, 0.0]
    machine.effects, machine.deadline = (RENEW,), 0.1
    pump._seats.all[0].deadline = 0.1
    now[0] = 0.16
    pump.step(0.16)
    assert kernel.due[2:] == [0.1, 0.13]


def test_a_heartbeat_ends_with_its_last_holder(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, [0.0])
    machines = [Machine(Hold(on=True)), Machine(Hold(on=True))]
    for machine in machines:
        machine.deadline = 0.0
        pump.add(machine, lambda value: None)
    pump.step(0.0)
    pump.remove(machines[0])
    assert ("cease", HEARTBEAT) not in kernel.told
    pump.remove(machines[1])
    assert kernel.told[-1] == ("cease", HEARTBEAT)


def test_a_machine_that_goes_takes_its_frames_with_it(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, [0.0])
    machine = Machine()
    pump.add(machine, lambda value: None)
    do(pump, machine, 0.0, Hold(on=True), RENEW)
    pump.remove(machine)
    assert kernel.told[2:] == [("cease", HEARTBEAT), ("cease", COMMAND)]


def test_a_machine_that_breaks_does_too(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, [0.0])
    machine = Machine()
    pump.add(machine, lambda value: None)
    do(pump, machine, 0.0, Hold(on=True), RENEW)
    do(pump, machine, 0.05, "no effect")  # type: ignore[arg-type]
    assert set(kernel.told[2:]) == {("cease", HEARTBEAT), ("cease", COMMAND)}


def test_a_decision_from_before_a_pause_is_not_renewed(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, now := [0.0])
    machine = Machine()
    pump.add(machine, lambda value: None)
    now[0] = PAUSE_LIMIT + 0.01
    do(pump, machine, 0.0, RENEW)
    assert kernel.told == []


def test_a_refused_renewal_is_a_lost_bus_once(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, [0.0])
    machine = Machine()
    pump.add(machine, lambda value: None)
    kernel.refusal = BusError("nobody acknowledges")
    for step in range(3):
        do(pump, machine, step / 10, RENEW)
    assert [event for event in machine.heard if event != Tick()] == [BusLost("nobody acknowledges")]
    assert pump.refused == 3
    kernel.refusal = None
    do(pump, machine, 0.3, RENEW)
    kernel.refusal = BusError("again")
    do(pump, machine, 0.4, RENEW)
    pump.step(0.41)
    assert machine.heard.count(BusLost("again")) == 1


def test_the_gate_knows_what_the_machines_listen_to(gate: Gate, kernel: Kernel) -> None:
    pump = running(gate, [0.0])
    assert gate.wanted == frozenset()
    machine = Machine()
    pump.add(machine, lambda value: None)
    assert gate.wanted == {0x18A, COMMAND}
    asked = kernel.listening
    machine.cob_ids = frozenset({0x18A, 0x28A})
    do(pump, machine, 0.0)
    assert gate.wanted == {0x18A, 0x28A}
    assert kernel.listening == asked + 1
    pump.remove(machine)
    assert gate.wanted == frozenset()


def test_the_end_of_the_pump_is_the_end_of_its_frames(gate: Gate, kernel: Kernel) -> None:
    pump = Pump(refuse, lambda *transfer: None)
    pump.start(gate)
    machine = Machine(Hold(on=True), RENEW)
    machine.deadline = 0.0
    pump.add(machine, lambda value: None)
    end = time.monotonic() + PATIENCE
    while ("renew", COMMAND) not in kernel.told:
        assert time.monotonic() < end
        time.sleep(0.002)
    pump.stop()
    assert kernel.told[-1] == ("cease", None)
    assert gate.wanted is None
