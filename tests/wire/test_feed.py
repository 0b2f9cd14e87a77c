"""Values on their way to a watcher: the order is kept, the latest is never lost, a reader may wait."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from deltaq_master.link.pump.feed import KEPT, Feed
from tests.wire.conftest import PATIENCE


class Waiting:
    """Asks in a thread of its own, and keeps the answer."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._answers: list[object] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._answers.append(self._ask())

    @property
    def answer(self) -> object:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "nobody woke it"
        (answer,) = self._answers
        return answer


def test_values_come_in_their_order_and_once() -> None:
    feed: Feed[int] = Feed()
    for value in (1, 2, 3):
        feed.put(value)
    assert [feed.take(0) for _ in range(4)] == [1, 2, 3, None]


def test_before_the_first_value_there_is_no_latest() -> None:
    assert Feed().latest is None


def test_the_latest_stays_when_it_was_taken() -> None:
    feed: Feed[str] = Feed()
    for value in ("one", "two"):
        feed.put(value)
    assert feed.latest == "two"
    assert [feed.take(0), feed.take(0)] == ["one", "two"]
    assert feed.latest == "two"


def test_a_reader_that_is_behind_loses_the_oldest_first() -> None:
    feed: Feed[int] = Feed()
    for value in range(KEPT + 3):
        feed.put(value)
    assert feed.take(0) == 3
    assert feed.latest == KEPT + 2


@pytest.mark.parametrize("timeout", [0, 0.002])
def test_nothing_to_take_is_none(timeout: float) -> None:
    feed: Feed[int] = Feed()
    assert feed.take(timeout) is None


def test_a_value_that_is_falsy_is_a_value() -> None:
    feed: Feed[int] = Feed()
    feed.put(0)
    assert feed.take(PATIENCE) == 0


def test_a_reader_that_waits_is_woken_by_a_value() -> None:
    feed: Feed[int] = Feed()
    reader = Waiting(lambda: feed.take(PATIENCE * 2))
    feed.put(7)
    assert reader.answer == 7


def test_a_reader_that_waits_is_woken_by_the_end() -> None:
    feed: Feed[int] = Feed()
    readers = [Waiting(lambda: feed.take(PATIENCE * 2)), Waiting(feed.wait_closed)]
    feed.close()
    assert [reader.answer for reader in readers] == [None, True]


def test_a_closed_feed_gives_what_it_still_has_and_does_not_wait() -> None:
    feed: Feed[int] = Feed()
    feed.put(1)
    feed.close()
    assert feed.take(PATIENCE) == 1
    assert feed.take(PATIENCE) is None
    assert feed.wait_closed()
    assert feed.wait_closed(0)


@pytest.mark.parametrize("timeout", [0, 0.002])
def test_it_is_not_closed_before_it_is_closed(timeout: float) -> None:
    feed: Feed[int] = Feed()
    feed.put(1)
    assert not feed.wait_closed(timeout)
