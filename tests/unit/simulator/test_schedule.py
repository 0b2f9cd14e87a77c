"""Actions in the order of their times."""

from __future__ import annotations

import math

from deltaq_master.simulator.schedule import Schedule


def test_order_is_time_then_setting() -> None:
    schedule, done = Schedule(0.0), list[str]()
    schedule.at("late", 2.0, lambda: done.append("late"))
    schedule.at("first", 1.0, lambda: done.append("first"))
    schedule.at("second", 1.0, lambda: done.append("second"))
    assert schedule.deadline == 1.0
    schedule.run(1.5)
    assert done == ["first", "second"]
    assert schedule.now == 1.5
    schedule.run(2.0)
    assert done == ["first", "second", "late"]
    assert schedule.deadline == math.inf


def test_each_action_runs_at_its_own_time() -> None:
    schedule, times = Schedule(5.0), list[float]()

    def tick() -> None:
        times.append(schedule.now)
        schedule.after("tick", 1.0, tick)

    schedule.after("tick", 1.0, tick)
    schedule.run(9.5)
    assert times == [6.0, 7.0, 8.0, 9.0]
    assert schedule.deadline == 10.0


def test_a_name_holds_one_action() -> None:
    schedule, done = Schedule(0.0), list[str]()
    schedule.at("watch", 1.0, lambda: done.append("old"))
    schedule.at("watch", 3.0, lambda: done.append("new"))
    assert schedule.deadline == 3.0
    schedule.run(2.0)
    assert done == []
    schedule.run(3.0)
    assert done == ["new"]


def test_cancelled_is_forgotten() -> None:
    schedule, done = Schedule(0.0), list[str]()
    schedule.at("tpdo 1", 1.0, lambda: done.append("1"))
    schedule.at("tpdo 2", 1.0, lambda: done.append("2"))
    schedule.at("heartbeat", 1.0, lambda: done.append("heartbeat"))
    assert schedule.named("tpdo") == ["tpdo 1", "tpdo 2"]
    schedule.cancel("tpdo 1")
    schedule.cancel("never set")
    assert schedule.named("tpdo") == ["tpdo 2"]
    schedule.run(1.0)
    assert done == ["2", "heartbeat"]


def test_time_never_runs_back() -> None:
    schedule, times = Schedule(10.0), list[float]()
    schedule.at("overdue", 3.0, lambda: times.append(schedule.now))
    schedule.run(4.0)
    assert times == [10.0]
    assert schedule.now == 10.0
