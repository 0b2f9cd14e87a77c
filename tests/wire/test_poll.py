"""Polling the integrator's source of readings: whatever it does, only its data ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from deltaq_master.link.pump.poll import PERIOD, Poll
from tests.wire.conftest import PATIENCE

PERIOD_HERE = 0.001


class Taker:
    """Keeps what a poll delivers, and how it ended."""

    def __init__(self) -> None:
        self.values: SimpleQueue[object] = SimpleQueue()
        self.ends: SimpleQueue[str] = SimpleQueue()

    def take(self, count: int) -> list[object]:
        return [self.values.get(timeout=PATIENCE) for _ in range(count)]

    @property
    def end(self) -> str:
        return self.ends.get(timeout=PATIENCE)


def quiet() -> None:
    """Wait until no thread of a poll runs any more."""
    for thread in threading.enumerate():
        if thread.name == "battery readings":
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture
def taker() -> Iterator[Taker]:
    yield Taker()
    quiet()


def test_five_readings_a_second_are_fresh_enough_by_far() -> None:
    assert PERIOD == 0.2


def test_a_callable_is_asked_again_and_again(taker: Taker) -> None:
    numbers = iter(range(1000))
    poll = Poll(lambda: next(numbers), taker.values.put, taker.ends.put, PERIOD_HERE)
    assert taker.take(3) == [0, 1, 2]
    poll.stop()


def test_an_iterable_is_read_to_its_end(taker: Taker) -> None:
    Poll([1, 2, 3], taker.values.put, taker.ends.put)
    assert taker.take(3) == [1, 2, 3]
    assert taker.end == "the source has no more readings"


def test_none_is_no_reading(taker: Taker) -> None:
    Poll([None, 1, None, 0], taker.values.put, taker.ends.put)
    assert taker.take(2) == [1, 0]
    assert taker.end
    assert taker.values.empty()


def test_a_callable_that_raises_has_ended(taker: Taker) -> None:
    answers: Iterator[object] = iter([1])

    def source() -> object:
        for answer in answers:
            return answer
        raise OSError("the BMS does not answer")

    Poll(source, taker.values.put, taker.ends.put, PERIOD_HERE)
    assert taker.take(1) == [1]
    assert taker.end == "OSError: the BMS does not answer"


def test_an_iterable_that_raises_has_ended(taker: Taker) -> None:
    def source() -> Iterator[object]:
        yield 1
        raise ValueError("line 2 is no reading")

    Poll(source(), taker.values.put, taker.ends.put)
    assert taker.take(1) == [1]
    assert taker.end == "ValueError: line 2 is no reading"


def test_a_taker_that_raises_ends_it_too(taker: Taker) -> None:
    def deliver(value: object) -> None:
        raise TypeError("not a reading")

    Poll([1, 2], deliver, taker.ends.put)
    assert taker.end == "TypeError: not a reading"


def test_after_stop_nothing_is_delivered(taker: Taker) -> None:
    asked, go = threading.Event(), threading.Event()

    def source() -> Iterator[object]:
        yield 1
        asked.set()
        assert go.wait(PATIENCE)
        yield 2

    poll = Poll(source(), taker.values.put, taker.ends.put)
    assert taker.take(1) == [1]
    assert asked.wait(PATIENCE)
    poll.stop()  # does not wait, although the source blocks
    go.set()
    quiet()
    assert taker.values.empty()


def test_a_callable_is_not_asked_after_stop(taker: Taker) -> None:
    asked = SimpleQueue[int]()
    poll = Poll(lambda: asked.put(1), taker.values.put, taker.ends.put, PATIENCE * 10)
    assert asked.get(timeout=PATIENCE) == 1
    poll.stop()
    quiet()
    assert asked.empty()


@pytest.mark.parametrize("kind", ["callable", "iterable"])
def test_a_stop_is_not_the_end_of_the_data(taker: Taker, kind: str) -> None:
    # Nobody asked for readings any more: that is not a source that broke off.
    go = threading.Event()

    def readings() -> Iterator[object]:
        yield 1
        go.wait(PATIENCE)

    poll = Poll(
        (lambda: 1) if kind == "callable" else readings(), taker.values.put, taker.ends.put, PERIOD_HERE
    )
    taker.take(1)
    poll.stop()
    go.set()
    quiet()
    assert taker.ends.empty()


def test_a_source_that_blocks_for_ever_does_not_keep_the_program(taker: Taker) -> None:
    go = threading.Event()
    poll = Poll(lambda: go.wait(PATIENCE), taker.values.put, taker.ends.put)
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "battery readings")
    assert thread.daemon
    poll.stop()
    go.set()
