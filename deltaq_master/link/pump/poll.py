"""Polling a source of readings in a thread of its own, so that a slow or broken one only makes data stale."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

Source = Callable[[], object] | Iterable[object]
"""A callable that is asked again and again, or an iterable that yields when it has something."""

PERIOD = 0.2
"""How often a callable is asked [s]."""


class Poll:
    """Hands what a source gives to `deliver`, and the way it ended to `ended`; both only store."""

    def __init__(
        self,
        source: Source,
        deliver: Callable[[object], None],
        ended: Callable[[str], None],
        period: float = PERIOD,
    ) -> None:
        self._source = source
        self._deliver = deliver
        self._ended = ended
        self._period = period
        self._stop = threading.Event()
        # A daemon, because an iterable may block for ever in somebody else's code.
        self._thread = threading.Thread(target=self._run, name="battery readings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more readings; does not wait for a source that blocks."""
        self._stop.set()

    def _run(self) -> None:
        try:
            for value in self._values():
                if self._stop.is_set():
                    return
                if value is not None:
                    self._deliver(value)
        except Exception as error:  # noqa: BLE001  whatever the integrator's code raises, the data has ended
            self._end(f"{type(error).__name__}: {error}")
        else:
            self._end("the source has no more readings")

    def _end(self, problem: str) -> None:
        if not self._stop.is_set():
            self._ended(problem)

    def _values(self) -> Iterator[object]:
        if not callable(self._source):
            yield from self._source
            return
        while not self._stop.is_set():
            yield self._source()
            self._stop.wait(self._period)
