"""A recorded charge, made again: the same machine gets the same events at the same times.

What it decides now stands beside what was recorded. Both are texts of one form, so "the same" means every byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.recording import EVENTS, ChargeRecord, session_of
from deltaq_master.charger.view import ChargeView
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.events import Effect, Frame, Publish
from deltaq_master.protocol.recorded_values import broken_by, line


class Again(NamedTuple):
    """One step made again."""

    event: object
    now: float
    step: dict[str, Any]
    """What would be recorded for it now."""
    views: tuple[ChargeView, ...]

    @property
    def frame(self) -> Frame | None:
        """The frame that the step was about, None if it was about something else."""
        return self.event if isinstance(self.event, Frame) else None


class ChargeReplay:
    """One charge of a recording."""

    def __init__(self, begin: Mapping[str, Any], dictionary: Dictionary) -> None:
        """`begin` is what the recording says of its beginning.

        Raises ValueError where that is broken, LimitError and UsageError for a plan that may not be carried out.
        """
        try:
            self._session = session_of(begin, dictionary)
        except KeyError as error:
            raise ValueError(f"the beginning of the charge has no {error.args[0]!r}") from error
        self._record = ChargeRecord(self._session)
        self.begin = self._record.begin()
        """What would be recorded as its beginning now."""

    @property
    def plan(self) -> ChargePlan:
        """What the charge was told."""
        return self._session.plan

    def step(self, recorded: Mapping[str, Any]) -> Again:
        """Give the machine the event of a recorded step, at its time. Raises ValueError for a broken one."""
        event, now = EVENTS.value(recorded.get("event")), recorded.get("now")
        if not isinstance(now, float | int) or event is None:
            raise ValueError("a step without its event or its time")
        effects: tuple[Effect, ...] = ()
        problem = ""
        try:
            effects = tuple(self._session.handle(event, now))
        except Exception as error:  # noqa: BLE001  the recorded one may have broken in the same way
            problem = broken_by(error)
        step, _ = self._record.step(event, now, effects)
        if problem:
            step["broke"] = problem
        views = (each.value for each in effects if isinstance(each, Publish))
        return Again(event, now, step, tuple(view for view in views if isinstance(view, ChargeView)))


def rows(begun: float, step: Mapping[str, Any]) -> Iterable[str]:
    """A step as lines to be compared: the event, then each thing decided, a view field by field."""
    yield f"{step['now'] - begun:.6f} s  {line(step['event'])}"
    for decided in step["effects"]:
        if isinstance(decided, dict) and decided.get("is") == "ChargeView":
            yield from (
                f"    {name}: {line(value)}" for name, value in sorted(decided.items()) if name != "is"
            )
        else:
            yield f"  {line(decided)}"
    if "broke" in step:
        yield f"  broke: {step['broke']}"
