"""Several chargers on one bus with one master, and several buses in one process, in real time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from deltaq_master import Charger, ChargeRun, Limits, Master, Outcome, Phase, UsageError
from deltaq_master.link.bus.network import Network
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.bus import SimulatedBus
from tests.rig.wire_rules import check_limits, check_stop_order, commands, sent

LIMITS = Limits(84.2, 12.0)
NODES = (10, 11, 12)
PATIENCE = 60.0
SERVICES = (0x080, 0x180, 0x200, 0x280, 0x300, 0x380, 0x580, 0x600, 0x700)
_numbers = itertools.count()


def opened(**options: Any) -> Master:
    """A master on a simulated bus of its own."""
    return Master.open("deltaq_sim", f"test_many_{next(_numbers)}", **options)


def record(master: Master) -> list[Frame]:
    frames: list[Frame] = []
    master.network.gate.subscribe_frames(frames.append)
    return frames


def begin(charger: Charger, duration: float = 60.0) -> ChargeRun:
    return charger.charge(84.0, 10.0, limits=LIMITS, duration=duration)


def of_node(frames: Iterable[Frame], node: int) -> list[Frame]:
    """What belongs to one charger, or to all, until its last RPDO1; as if that charger were node 10."""
    found: list[Frame] = []
    for frame in frames:
        cob_id, data = frame.cob_id, frame.data
        if cob_id == 0 and data[1] == node:
            found.append(frame._replace(data=bytes((data[0], 10))))
        elif cob_id == 0x701:
            found.append(frame)
        elif cob_id - node in SERVICES:
            found.append(frame._replace(cob_id=cob_id - node + 10))
    last = max(place for place, frame in enumerate(found) if frame.cob_id == 0x20A)
    return found[: last + 1]


def until(runs: Iterable[ChargeRun], phase: Phase) -> None:
    """Wait until all of them are at a phase."""
    for run in runs:
        assert phase in (view.phase for view in run)


def test_three_at_once_end_each_by_itself_and_a_fault_stays_where_it_is() -> None:
    """Node 10 gets a hardware fault, 11 completes, 12 is stopped; each in the safe order, with its own frames."""
    with opened(chargers=3, speed=1000, soc=85, fault="hardware-fault@1") as master:
        frames = record(master)
        faulty, complete, stopped = (begin(master.charger(node)) for node in NODES)
        assert faulty.wait(PATIENCE).outcome is Outcome.FAULT
        assert not complete.over
        assert not stopped.over
        when = len(frames)
        stopped.stop()
        assert stopped.wait(PATIENCE).outcome is Outcome.STOPPED
        assert not complete.over
        assert complete.wait(PATIENCE).outcome is Outcome.COMPLETE
        cause = faulty.result.cause
        assert cause is not None
        assert "F-0-0-7" in cause.text
        assert stopped.result.off_confirmed
        assert complete.result.off_confirmed
    for node in NODES:
        own = of_node(frames, node)
        check_limits(own)
        check_stop_order(own, fault=node == 10, slack=0.2)
    assert not [frame for frame in frames[when:] if frame.cob_id == 0x20A]
    assert [command for command in commands(of_node(frames[when:], 11)) if command.amps > 0]


def test_they_share_one_heartbeat_that_ends_with_the_last() -> None:
    with opened(chargers=3, soc=50) as master:
        frames = record(master)
        runs = [begin(master.charger(node)) for node in NODES]
        until(runs, Phase.CHARGING)
        beats = sent(frames, 0x701)
        # Skipped when late, never in a burst: there cannot be more than one in a period.
        assert len(beats) <= (beats[-1].time - beats[0].time) / 0.1 + 2
        for run in runs:
            before = len(frames)
            run.stop()
            run.wait(PATIENCE)
            assert sent(frames[before:], 0x701)
        last = sent(frames, 0x701)[-1]
        first_two = [frame for frame in frames if frame.cob_id in (0x20A, 0x20B)]
        assert last.time > first_two[-1].time
        assert sent(frames, 0x20C)[-1].time > sent(frames, 0x20B)[-1].time > sent(frames, 0x20A)[-1].time
    assert sent(frames, 0x701)[-1] is last


def test_each_has_a_pack_and_an_identity_of_its_own() -> None:
    bus = SimulatedBus("packs", chargers=2, soc=50)
    with ExitStack() as ends:
        ends.callback(bus.shutdown)
        network = Network(bus).connect()
        ends.callback(network.disconnect)
        master = ends.enter_context(Master(network))
        first, second = master.charger(10), master.charger(11)
        assert [each.read("Identity Object.Serial number") for each in (first, second)] == [1, 2]
        run = begin(second)
        until([run], Phase.CHARGING)
        assert bus.measure().current == bus.measure(10).current == 0
        assert bus.measure(11).current > 0
        with pytest.raises(UsageError, match="no charger at node 12; there are: 10 to 11"):
            bus.measure(12)


def test_leaving_the_master_ends_all_at_once() -> None:
    """None goes on while another one's safe order is waited for: each has ready 0 before any falls silent."""
    with opened(chargers=3, soc=50) as master:
        frames = record(master)
        runs = [begin(master.charger(node)) for node in NODES]
        until(runs, Phase.CHARGING)
    assert all(run.over for run in runs)
    assert {run.result.outcome for run in runs} == {Outcome.STOPPED}
    own = {node: of_node(frames, node) for node in NODES}
    silent = min(commands(found)[-1].time for found in own.values())
    for found in own.values():
        check_stop_order(found, fault=False, slack=0.2)
        assert [command.time for command in commands(found) if command.amps > 0][-1] < silent


def test_an_interrupted_end_is_an_end_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C shows when the first one has ended; the others get their safe order all the same."""
    asked = []
    master = opened(chargers=2, soc=50)
    frames = record(master)
    runs = [begin(master.charger(node)) for node in NODES[:2]]
    until(runs, Phase.CHARGING)
    close = ChargeRun.close

    def interrupted(run: ChargeRun) -> None:
        asked.append(run)
        close(run)
        if len(asked) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(ChargeRun, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        master.close()
    assert len(asked) == 2
    for node in NODES[:2]:
        check_stop_order(of_node(frames, node), fault=False, slack=0.2)
    assert not [thread for thread in threading.enumerate() if thread.name == "pump"]


def test_two_buses_in_one_process_know_nothing_of_each_other() -> None:
    """The same node-ID on both; one bus is left in mid-charge, the other one's charge completes."""
    with opened(speed=1000, soc=85) as kept:
        with opened(soc=50) as left:
            frames = record(kept), record(left)
            here, there = begin(kept.charger()), begin(left.charger())
            until([here, there], Phase.CHARGING)
        assert there.result.outcome is Outcome.STOPPED
        assert not here.over
        assert here.wait(PATIENCE).outcome is Outcome.COMPLETE
    for found in frames:
        check_limits(found)
        check_stop_order(found, fault=False, slack=0.2)
    assert sent(frames[0], 0x20A)[-1].time > sent(frames[1], 0x20A)[-1].time
