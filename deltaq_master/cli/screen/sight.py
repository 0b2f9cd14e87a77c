"""What is seen on the bus: a thread takes the frames, and leaves the latest sight of them for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Subject
from deltaq_master.charger.report import IDLE_READING, UNKNOWN_READING
from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.screen.traffic import Load, NodeHeard, Traffic
from deltaq_master.link import clock
from deltaq_master.link.pump.feed import Feed
from deltaq_master.protocol.events import BusLost, Frame
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.charger.diagnosis.facts import Facts
    from deltaq_master.dictionary.address import Address
    from deltaq_master.link.bus.gate import Gate

PERIOD: Final = 0.5
"""How often the preconditions are weighed [s]."""
LOOK: Final = 0.1
"""How long to wait for a frame before looking at the clock [s]."""
FRAMES_KEPT: Final = 4096
"""Frames that may wait for the next look: a second of a full bus."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the charger reports, and is asked for; None is what was not heard lately."""

    status: tuple[str, ...] = ()
    """2006h in words."""
    charging: bool = False
    voltage: float | None = quantity("V", "battery voltage as the charger measures it", default=None)
    reading: float | None = quantity("A", "2002h as it came", default=None)
    untrusted: str = ""
    """Why that is not to be believed."""
    soc: float | None = quantity("%", "coarse state of charge as the charger says", default=None)
    ah: float | None = quantity("Ah", "returned in this cycle, as the charger counts", default=None)
    temperature: float | None = quantity("°C", "battery temperature as the charger is told", default=None)
    ac_voltage: float | None = quantity("V", "mains", default=None)
    asked_voltage: float | None = quantity("V", "what it was asked for last", default=None)
    asked_current: float | None = quantity("A", "what it was asked for last", default=None)


def measured(facts: Facts) -> Measured:
    """What the facts of a diagnosis say of the present."""

    def reported(*addresses: Address) -> float | None:
        found = facts.reported(*addresses)
        return None if found is None else facts.value(*found)

    def asked(*addresses: Address) -> float | None:
        found = facts.asked.latest(addresses)
        return None if found is None else facts.value(*found)

    present = facts.present_status()
    untrusted = UNKNOWN_READING
    if present is not None:
        untrusted = IDLE_READING if present[0].indication == 0 else ""
    reading = reported(objects.CURRENT)
    return Measured(
        status=() if present is None else present[0].words,
        charging=present is not None and present[0].charging,
        voltage=reported(*objects.VOLTAGES),
        reading=reading,
        untrusted="" if reading is None else untrusted,
        soc=reported(objects.CHARGER_SOC),
        ah=reported(*objects.AH_RETURNED),
        temperature=asked(objects.BATTERY_TEMPERATURE),
        ac_voltage=reported(objects.AC_VOLTAGE),
        asked_voltage=asked(*objects.VOLTAGE_REQUESTS),
        asked_current=asked(*objects.CURRENT_REQUESTS),
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen up to one moment."""

    explanation: Explanation
    measured: Measured
    nodes: tuple[NodeHeard, ...]
    load: Load | None
    frames: int
    errors: int
    """Error frames."""
    missed: int
    """Frames that came faster than they could be looked at."""
    back: str
    """The latest loss of the bus that is over, in words; '' for none."""
    time: float = quantity("s", "since it was begun to listen")


class Watching:
    """Takes frames and makes sights of them; pure, on any clock."""

    def __init__(self, subject: Subject, bitrate: int) -> None:
        self.diagnosis = Diagnosis(subject)
        self.traffic = Traffic(bitrate)

    def take(self, frame: Frame) -> None:
        """Take a frame; its time is counted from when it was begun to listen."""
        self.diagnosis.take(frame)
        self.traffic.take(frame)

    def sight(self, now: float, missed: int = 0, back: str = "") -> Sight:
        """What was seen up to now."""
        self.diagnosis.passed(now)
        return Sight(
            self.diagnosis.explain(),
            measured(self.diagnosis.facts),
            self.traffic.nodes(now),
            self.traffic.load(now),
            self.traffic.frames,
            self.traffic.errors,
            missed,
            back,
            now,
        )


class BusSight:
    """The sight of a bus: the gate stores frames, `follow` takes them in a thread of its own."""

    def __init__(self, subject: Subject, gate: Gate, bitrate: int, begun: float) -> None:
        """`begun` is the moment from which times are counted."""
        self._gate = gate
        self._begun = begun
        self._frames: Feed[Frame] = Feed(FRAMES_KEPT)
        self._watching = Watching(subject, bitrate)
        counts = gate.counts
        self._before = counts.received + counts.sent
        self._missed = 0
        self.latest = self._watching.sight(clock.now() - begun)
        gate.subscribe_frames(self._frames.put)

    @property
    def lost(self) -> str:
        """Why the bus is taken as lost, '' while it is not."""
        return self._gate.lost

    @property
    def gone(self) -> str:
        """The same for one that will not come back by itself."""
        return self._gate.gone

    def follow(self) -> None:
        """Take frames until `close`."""
        due, lost, since, back = 0.0, "", 0.0, ""
        while not self._frames.wait_closed(0):
            frame = self._frames.take(LOOK)
            if frame is not None:
                self._watching.take(frame._replace(time=frame.time - self._begun))
            else:
                counts = self._gate.counts
                self._missed = max(
                    0, counts.received + counts.sent - self._before - self._watching.traffic.frames
                )
            now = clock.now()
            if self._gate.lost != lost:
                before, lost, due = lost, self._gate.lost, 0.0
                if lost:
                    since = since if before else now - self._begun
                    self._watching.diagnosis.lost(BusLost(lost), now - self._begun)
                else:
                    gone = spoken(now - self._begun - since)
                    back = f"the bus is heard again; it was lost at {since:.1f} s for {gone}: {before}"
            if now >= due:
                due = now + PERIOD
                self.latest = self._watching.sight(now - self._begun, self._missed, back)

    def close(self) -> None:
        """Let `follow` end."""
        self._gate.unsubscribe_frames(self._frames.put)
        self._frames.close()
