"""Heartbeats on both sides, and the grid of deadlines that cyclic frames keep."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deltaq_master.protocol.heartbeat import HeartbeatProducer, HeartbeatWatch, next_due
from deltaq_master.protocol.nmt import NmtState


def test_a_node_that_was_never_heard_is_not_lost() -> None:
    watch = HeartbeatWatch()
    assert watch.state is None
    assert watch.timeout == 2.5
    assert not watch.lost(1e9)


def test_a_node_is_lost_after_the_time_out_and_not_before() -> None:
    watch = HeartbeatWatch(timeout=2.5).heard(NmtState.OPERATIONAL, 100.0)
    assert watch.state is NmtState.OPERATIONAL
    assert not watch.lost(102.4)
    assert not watch.lost(102.5)
    assert watch.lost(102.6)


def test_every_heartbeat_begins_the_time_anew() -> None:
    watch = HeartbeatWatch(timeout=2.5)
    watch = watch.heard(NmtState.PRE_OPERATIONAL, 100.0).heard(NmtState.STOPPED, 102.0)
    assert watch.state is NmtState.STOPPED
    assert not watch.lost(104.0)
    assert watch.timeout == 2.5


def test_a_boot_up_message_means_pre_operational() -> None:
    watch = HeartbeatWatch().heard(NmtState.OPERATIONAL, 1.0).heard(NmtState.INITIALISING, 2.0)
    assert watch.state is NmtState.PRE_OPERATIONAL
    assert watch.last == 2.0


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        (100.0, 99.0, 100.0),  # not due yet
        (100.0, 100.0, 100.5),  # due now: the next one is a period later
        (100.0, 100.25, 100.5),  # late: the grid is kept
        (100.0, 100.5, 101.0),
        (100.0, 103.75, 104.0),  # seven periods missed: skipped, not sent in a burst
    ],
)
def test_missed_periods_are_skipped(due: float, now: float, expected: float) -> None:
    assert next_due(due, 0.5, now) == expected


@given(
    st.floats(0, 1e6),
    st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0]),
    st.integers(0, 2000),
    st.sampled_from([0.0, 1e-9, 0.3]),
)
@example(1000.0, 0.05, 1, 0.0)
def test_the_next_one_is_after_now_and_within_a_period(
    due: float, period: float, periods: int, late: float
) -> None:
    # Exactly on the grid the sum is a float that may lie a hair above or below: now itself is never the answer.
    now = due + periods * period + late * period
    found = next_due(due, period, now)
    assert now < found <= now + period * (1 + 1e-6)


# --- our own heartbeat ----------------------------------------------------------------------------------------


def test_without_a_holder_nothing_is_due() -> None:
    producer = HeartbeatProducer(0.5)
    assert producer.deadline == math.inf
    assert not producer.due(1e9)
    producer.release(7)
    assert producer.deadline == math.inf


def test_the_first_holder_begins_it_and_the_last_one_ends_it() -> None:
    producer = HeartbeatProducer(0.5)
    assert producer.hold(1, 100.0)
    assert producer.deadline == 100.5
    assert not producer.hold(2, 100.25)
    assert not producer.hold(1, 100.25)
    assert producer.deadline == 100.5
    producer.release(1)
    assert producer.deadline == 100.5
    producer.release(2)
    assert producer.deadline == math.inf
    assert producer.hold(3, 200.0)


def test_it_is_due_on_the_grid_and_missed_ones_are_skipped() -> None:
    producer = HeartbeatProducer(0.5)
    producer.hold(1, 100.0)
    assert not producer.due(100.4)
    assert producer.due(100.5)
    assert not producer.due(100.5)
    assert producer.deadline == 101.0
    assert producer.due(103.75)
    assert not producer.due(103.75)
    assert producer.deadline == 104.0


def test_one_heartbeat_a_moment_however_the_floats_fall() -> None:
    producer = HeartbeatProducer(0.05)
    producer.hold(1, 999.95)
    assert producer.due(1000.05)
    assert not producer.due(1000.05)
