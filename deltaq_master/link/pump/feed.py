"""Values on their way from the pump to those who watch: storing never blocks, reading may wait."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

V = TypeVar("V")

KEPT = 512
"""Values kept for a reader that is behind; the oldest are dropped first, the latest never.

Half a minute of a charge. What nobody reads, the garbage collector goes through all the same, for every charge.
"""


class Feed(Generic[V]):
    """The latest value, and those that a reader has not taken yet, `kept` at most."""

    def __init__(self, kept: int = KEPT) -> None:
        self._values: deque[V] = deque(maxlen=kept)
        self._latest: V | None = None
        self._changed = threading.Condition()
        self._closed = False

    def put(self, value: V) -> None:
        """Store a value."""
        with self._changed:
            self._latest = value
            self._values.append(value)
            self._changed.notify_all()

    def close(self) -> None:
        """No more values will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def latest(self) -> V | None:
        """The latest value, None before the first."""
        return self._latest

    def take(self, timeout: float) -> V | None:
        """The next value not taken yet; None if none came within `timeout` seconds, or the feed is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._values or self._closed, timeout)
            return self._values.popleft() if self._values else None

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait for the end; False if it did not come within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, timeout)
