"""The diagnosis that goes along with a charge, and says at its end why it did not reach complete."""

from __future__ import annotations

import logging
from queue import SimpleQueue
from typing import TYPE_CHECKING

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, State, Subject
from deltaq_master.charger.state import Outcome
from deltaq_master.cli.explain_show import briefly
from deltaq_master.cli.talk import show
from deltaq_master.protocol.events import BusLost, Frame

if TYPE_CHECKING:
    from deltaq_master.charger.plan import ChargePlan
    from deltaq_master.charger.view import ChargeView
    from deltaq_master.link.bus.gate import Gate

logger = logging.getLogger(__name__)

OUR_END = "ready"
"""A precondition that our own end of a charge leaves unmet."""


class Companion:
    """Follows the frames of a charge; it explains them as they stood when the charge's cause came up.

    What comes after is our own safe order, which takes ready away by itself.
    """

    def __init__(self, plan: ChargePlan, gate: Gate) -> None:
        self._diagnosis = Diagnosis(Subject(plan.dictionary, plan.master_id, plan.accepted))
        self._frames: SimpleQueue[Frame] = SimpleQueue()
        self._kept: Frame | None = None
        self._first: Explanation | None = None
        self._broken = False
        self._gate = gate
        gate.subscribe_frames(self._frames.put)

    def follow(self, view: ChargeView, begun: float) -> None:
        """Take the frames up to this view; times are counted from `begun`."""
        if self._broken:
            return
        try:
            self._follow(view, begun)
        except Exception:  # noqa: BLE001  a mistake in explaining a charge must not end it
            self._break()

    def _follow(self, view: ChargeView, begun: float) -> None:
        while self._kept is not None or not self._frames.empty():
            frame = self._kept or self._frames.get()
            self._kept = None
            # What was received while the pump took its step may be stamped after it, and was decided on all the
            # same; what we sent by that decision comes behind it.
            if frame.sent and frame.time > view.time:
                self._kept = frame
                break
            self._diagnosis.take(frame, begun)
        self._diagnosis.passed(view.time - begun)
        if view.cause is not None and self._first is None:
            if view.cause.id == "bus-lost":
                self._diagnosis.lost(BusLost(view.cause.text), view.time - begun)
            self._first = self._diagnosis.explain()

    def explanation(self, outcome: Outcome, cause: str) -> Explanation | None:
        """Why the charge did not reach complete; None where it did, was ended on request, or ran as it should."""
        self._gate.unsubscribe_frames(self._frames.put)
        if self._broken or outcome not in (Outcome.FAULT, Outcome.REFUSED) or cause == "request":
            return None
        first = self._first
        if first is not None and (first.causes or first.state is State.IDLE):
            return first
        # What ends a charge sooner than it can be told for certain, a silent charger, is certain by now.
        last = self._diagnosis.explain()
        return last if last.causes and last.causes[0].id != OUR_END else None

    def _break(self) -> None:
        logger.exception("the diagnosis broke; the charge goes on without it")
        self._broken = True
        self._gate.unsubscribe_frames(self._frames.put)


def show_briefly(explanation: Explanation) -> None:
    """The likeliest cause and all others, below a charge's summary."""
    causes = explanation.causes
    show(
        "\n".join(
            ("", f"why: {causes[0].sentence if causes else explanation.verdict}", *briefly(explanation))
        )
    )
