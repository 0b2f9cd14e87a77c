"""A charge under way, seen from the program that started it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Self

from deltaq_master.charger import events
from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.limits import Target
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.session import ChargeSession, Mapped
from deltaq_master.charger.view import ChargeView
from deltaq_master.errors import CallError, TheirError, UsageError
from deltaq_master.link import clock
from deltaq_master.link.pump.feed import Feed
from deltaq_master.link.pump.poll import Poll, Source
from deltaq_master.link.pump.pump import MachineFailed, Pump

SAFE_ORDER_TIME = 6.0
"""The longest that an end by the safe order may take [s]: 0.5 s at 0 A, 3 s until off, and some to spare."""


class ChargeRun:
    """A charge under way: iterate over its views, `stop` it, or `wait` for its end."""

    def __init__(
        self,
        pump: Pump,
        plan: ChargePlan,
        mapped: Callable[[Mapped], None],
        ended: Callable[[], None],
        readings: Source | None = None,
    ) -> None:
        """Made by `Charger.charge`, `boot` or `begin`.

        `mapped` gets the device's PDOs once they are known, `ended` is called when nothing is sent any more.
        """
        self.plan = plan
        self._mapped = mapped
        self._ended = ended
        self._feed: Feed[ChargeView] = Feed()
        self._failed = ""
        self._pump = pump
        self.session = ChargeSession(plan, clock.now())
        self._poll: Poll | None = None
        self._pump.add(self.session, self._store)
        if readings is not None:
            self._poll = Poll(readings, self._deliver, self._data_ended)
            if self.over:  # refused at once, while there was no poll to stop
                self._poll.stop()

    @property
    def view(self) -> ChargeView | None:
        """The latest view, None before the first."""
        return self._feed.latest

    @property
    def over(self) -> bool:
        """True once nothing is sent any more for this charge."""
        return self._failed != "" or (self.view is not None and self.view.released)

    @property
    def result(self) -> ChargeView:
        """The last view of a charge that is over.

        Raises CallError while it is under way, TheirError if it broke.
        """
        if self._failed:
            raise TheirError(
                f"the charge cycle broke ({self._failed}): nothing is sent any more, and the charger ends by its "
                "own time-outs"
            )
        if self.view is None or self.view.outcome is None:
            raise CallError("the charge is under way")
        return self.view

    def __iter__(self) -> Iterator[ChargeView]:
        """Views as they change, until the charge has ended (or holds the bus after its end)."""
        while (view := self.next_view(1.0)) is not None or not self._feed.wait_closed(0):
            if view is not None:
                yield view
                if view.ended:
                    return

    def next_view(self, timeout: float) -> ChargeView | None:
        """The next view not seen yet, None if none came within `timeout` [s]."""
        return self._feed.take(timeout)

    def charge(self, target: Target) -> None:
        """Begin to charge from armed, or again after an end that holds the bus. Raises LimitError, UsageError."""
        self.plan.check(target)
        self._pump.post(self.session, events.Charge(target))

    def stop(self, reason: str = "requested by the program") -> None:
        """Ask for an end by the safe order; returns at once."""
        self._pump.post(self.session, events.Stop(reason))

    def release(self) -> None:
        """Leave the bus after an end that holds it; returns at once."""
        self._pump.post(self.session, events.Release())

    def wait(self, timeout: float | None = None) -> ChargeView:
        """Wait until nothing is sent any more, and answer with the last view; CallError on a time-out."""
        if not self._feed.wait_closed(timeout):
            raise CallError(f"the charge did not end within {timeout:g} s")
        return self.result

    def leave(self) -> None:
        """Ask for an end by the safe order that leaves the bus; returns at once."""
        if not self.over:
            self.stop("the program left the charge")
            self.release()

    def close(self) -> None:
        """End by the safe order and wait for it; Ctrl-C meanwhile does not shorten it."""
        interrupted: KeyboardInterrupt | None = None
        until = clock.now() + SAFE_ORDER_TIME
        self.leave()
        while not self.over and self._pump.alive and clock.now() < until:
            try:
                self._feed.wait_closed(0.2)
            except KeyboardInterrupt as error:
                interrupted = error
        self._finish()
        if interrupted is not None:
            raise interrupted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- called by other threads: they only store ---------------------------------------------------------

    def _store(self, value: object) -> None:
        match value:
            case Mapped():
                self._mapped(value)
            case ChargeView():
                self._feed.put(value)
                if value.released:
                    self._finish()
            case MachineFailed(problem):
                self._failed = problem
                self._finish()

    def _finish(self) -> None:
        if self._feed.wait_closed(0):
            return  # the charger may have another charge by now
        # A charge that is over is kept by nobody but the program, whether or not that closes it.
        if self._poll is not None:
            self._poll.stop()
        self._pump.remove(self.session)
        self._ended()
        self._feed.close()

    def _deliver(self, reading: object) -> None:
        if not isinstance(reading, BatteryReading):
            raise UsageError(f"a battery reading must be a BatteryReading, not {type(reading).__name__}")
        moved = replace(reading, time=clock.from_monotonic(reading.time))
        self._pump.post(self.session, events.Battery(moved))

    def _data_ended(self, problem: str) -> None:
        self._pump.post(self.session, events.BatteryLost(problem))
