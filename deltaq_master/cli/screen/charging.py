"""The screen of `charge`: the views of a charge, beside what is seen on its bus."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from deltaq_master.charger.phases import ENDED, Phase
from deltaq_master.cli.charge_show import State, coming, state_of
from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.screen.monitoring import bus_notes, curves, number, share
from deltaq_master.cli.screen.scene import (
    BAD,
    DOUBTFUL,
    GOOD,
    PLAIN,
    QUIET,
    Gauge,
    Line,
    Scene,
    bus_line,
    precondition,
)
from deltaq_master.cli.screen.sight import BusSight
from deltaq_master.link import clock

if TYPE_CHECKING:
    from deltaq_master.charger.limits import Limits
    from deltaq_master.charger.plan import ChargePlan
    from deltaq_master.charger.view import ChargeView

KEYS: Final = "q or Ctrl-C: end safely   Ctrl-Z: a pause, which ends it   arrows: scroll"
ENDING: Final = "ending in the safe order: 0 A, then ready 0; nothing shortens it"
HOLDING: Final = "the bus is held at ready 0 and 0 A   q or Ctrl-C: let go of it"
TONES: Final = {
    Phase.CHARGING: GOOD,
    Phase.FINISHING: GOOD,
    Phase.COMPLETE: GOOD,
    Phase.FAULT: BAD,
    Phase.REFUSED: BAD,
    Phase.STOPPING: DOUBTFUL,
}
KEPT: Final = 100
"""Lines that were printed while the screen was shown, and are printed again after it."""


def gauges(state: State, temperature: float | None, limits: Limits) -> Iterator[Gauge]:
    """The measurements of a charge; full scale is what was set as its limits."""
    asked = "asked {:.2f} {}" if state.ready else ""
    yield Gauge(
        "voltage",
        number(state.voltage, "V", 2),
        share(state.voltage, limits.max_voltage),
        asked.format(state.requested_voltage, "V"),
    )
    if state.current is None and state.current_note:
        yield Gauge("current", "untrusted", tone=DOUBTFUL)
    else:
        yield Gauge(
            "current",
            number(state.current, "A", 2),
            share(state.current, limits.max_current),
            asked.format(state.requested_current, "A"),
        )
    yield Gauge(
        "power", number(state.power, "W", 0), share(state.power, limits.max_voltage * limits.max_current)
    )
    soc, whose = (
        (state.soc, "the battery's") if state.soc is not None else (state.charger_soc, "the charger's")
    )
    yield Gauge("SOC", number(soc, "%", 0), share(soc, 100), "" if soc is None else whose)
    yield Gauge("returned", number(state.ah, "Ah", 2))
    yield Gauge("battery", number(temperature, "°C", 1), None, "" if temperature is None else "by its BMS")
    yield Gauge("mains", number(state.ac_voltage, "V", 0))


def notes(state: State | None) -> Iterator[Line]:
    """Alarms, why it ends, and what is to be known of this charger."""
    if state is None:
        return
    for alarm in state.alarms:
        yield Line(f"alarm: {alarm}", BAD)
    if state.cause is not None:
        yield Line(f"because {state.cause.text}", BAD if state.phase == Phase.FAULT.value else PLAIN)
    for warning in state.warnings:
        yield Line(f"warning: {warning}", DOUBTFUL)


class ChargeShowing:
    """What the screen of a charge asks, and where its views are put."""

    def __init__(
        self,
        sight: BusSight,
        plan: ChargePlan,
        title: str,
        bitrate: int,
        given: bool,
        over: Callable[[], bool],
        leave: Callable[[], None],
        now: Callable[[], float] = clock.now,
    ) -> None:
        """`over` says whether the charge has let go of the bus, `leave` asks for that; `now` is the clock [s]."""
        self._sight = sight
        self._plan = plan
        self._title = title
        self._bitrate, self._given = bitrate, given
        self._over, self._leave = over, leave
        self._curves = curves()
        self._now = now
        self._begun = now()
        self._view: tuple[ChargeView, float] | None = None
        self._asked = False
        self.talk: deque[str] = deque(maxlen=KEPT)
        """What was printed while the screen was shown."""

    def put(self, view: ChargeView, time: float) -> None:
        """Store a view; it is drawn when the screen comes round to it, if no later one came."""
        self._view = view, time

    @property
    def over(self) -> bool:
        """True once nothing is sent any more for this charge."""
        return self._over()

    def leave(self) -> None:
        """Ask for the end by the safe order, or to let go of a bus that is held."""
        self._asked = True
        self._leave()

    def said(self, text: str) -> None:
        """Keep what was printed meanwhile."""
        self.talk.extend(line for line in text.splitlines() if line.strip())

    def scene(self) -> Scene:
        """What is to be seen now."""
        sight, shown, now = self._sight.latest, self._view, self._now() - self._begun
        view = None if shown is None else shown[0]
        state = None if shown is None else state_of(*shown)
        values = (None, None, None) if state is None else (state.voltage, state.current, state.ah)
        for curve, value in zip(self._curves, values, strict=True):
            curve.take(now, value)
        reading = None if view is None else view.reading
        temperature = None if reading is None else reading.temperature
        return Scene(
            title=self._title,
            phase=self._phase(view, state, now),
            gauges=() if state is None else tuple(gauges(state, temperature, self._plan.limits)),
            curves=self._curves,
            preconditions=tuple(precondition(each) for each in sight.explanation.preconditions),
            nodes=sight.nodes,
            node_names=((self._plan.master_id, "master"), (self._plan.node_id, "charger")),
            bus=bus_line(sight.load, self._bitrate, self._given),
            notes=(*bus_notes(sight, self._sight.lost), *notes(state), *self._further(view)),
            keys=self._keys(view),
        )

    def _phase(self, view: ChargeView | None, state: State | None, now: float) -> Line:
        if view is None or state is None:
            return Line(f"{Phase.LISTENING.value}   {spoken(now)}", QUIET)
        ends = coming(state)
        return Line(
            f"{state.phase}   {spoken(now)}{f'   {ends}' if ends else ''}", TONES.get(view.phase, PLAIN)
        )

    def _further(self, view: ChargeView | None) -> Iterator[Line]:
        """What the preconditions say, as long as the charge is not ended by ourselves."""
        for line in tuple(self.talk)[-2:]:
            yield Line(line, QUIET)
        explanation = self._sight.latest.explanation
        if view is None or view.cause is None:
            for found in explanation.causes:
                yield Line(
                    f"{precondition(found).mark} {found.sentence}", DOUBTFUL if found.suspicious else PLAIN
                )
        for note in explanation.notes:
            yield Line(note, QUIET)

    def _keys(self, view: ChargeView | None) -> str:
        if view is not None and self._plan.holds and view.phase in ENDED and not view.released:
            return HOLDING
        return ENDING if self._asked or (view is not None and view.cause is not None) else KEYS
