"""A session as one value: what a report tells, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deltaq_master.charger.diagnosis import Explanation
from deltaq_master.dictionary.mapping import PdoRecord
from deltaq_master.session_report.curves import Curve
from deltaq_master.session_report.frame_statistics import FrameStatistics
from deltaq_master.units import quantity

SCHEMA = "deltaq.report/1"


class EventKind(StrEnum):
    """What kind of thing happened."""

    NMT = "NMT"
    EMCY = "EMCY"
    ALARM = "alarm"
    WARNING = "warning"
    READY = "ready"
    STOP = "stop"
    CAUSE = "cause"
    OUTCOME = "outcome"
    BUS = "bus"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    time: float = quantity("s", "since the beginning")
    kind: EventKind = EventKind.BUS
    text: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """How something was over a time."""

    begun: float = quantity("s", "since the beginning")
    ended: float = quantity("s", "since the beginning")
    text: str = ""


@dataclass(frozen=True, slots=True)
class ChargeRun:
    """One charge of a recording, as it was decided."""

    node_id: int
    target: str
    """What it was told: `84.0 V, 10.0 A within 84.2 V and 12.0 A`."""
    phases: tuple[Band, ...]
    outcome: str
    """'' while it was under way when the recording ended."""
    cause: str
    """Its id: `ac-lost`."""
    sentence: str
    """The cause in words, with its evidence."""
    begun: float = quantity("s", "since the beginning")
    ended: float = quantity("s", "when its last step was")
    caused: float | None = quantity("s", "when the cause of its end was known", default=None)
    ready: float | None = quantity("s", "how long ready was 1, until the last step", default=None)
    ah: float | None = quantity("Ah", "returned since ready 1", default=None)
    off_confirmed: bool = False
    unconfirmed: bool = False
    """It was asked for current, and did not report that it is off again."""
    alarms: tuple[str, ...] = ()
    """All that were active at some time."""
    warnings: tuple[str, ...] = ()
    steps: int = 0


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """An object of the charger, as a transfer showed it."""

    address: str
    name: str
    value: str
    note: str = ""
    how: str = ""
    """`read` or `written`."""
    time: float = quantity("s", "since the beginning", default=0.0)


@dataclass(frozen=True, slots=True)
class PdoSeen:
    """A PDO, and whether the charger told it."""

    record: PdoRecord
    told: bool
    """False where it is the EDS's, assumed."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file that the report is made from."""

    name: str
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a report is made from, and with what."""

    files: tuple[FileSeen, ...]
    eds: str
    eds_sha256: str
    recorded: bool
    """True if decisions were recorded beside the log."""
    words: str
    """The command line as it was recorded, '' where it was not."""
    versions: tuple[tuple[str, str], ...]
    """What ran when it was recorded."""
    made_by: str
    """Name and version of the program that makes the report."""
    begun: str
    """The beginning in UTC, ISO 8601, '' where the log does not tell it."""
    bitrate: int | None = None
    """Of the bus [bit/s], None where nothing tells it."""


@dataclass(frozen=True, slots=True)
class Session:
    """All that a report tells; times are counted from the first frame or step."""

    origin: Origin
    node_id: int
    verdict: str
    """Outcome and cause in one sentence."""
    good: bool | None
    """True if it came to a good end, False if not, None if that cannot be told."""
    charges: tuple[ChargeRun, ...]
    explanation: Explanation
    explained_at: str
    """At what moment the diagnosis is made."""
    identity: tuple[ObjectSeen, ...]
    objects: tuple[ObjectSeen, ...]
    """What else was read or written."""
    absent: tuple[str, ...]
    """Objects that the charger says it has not."""
    pdos: tuple[PdoSeen, ...]
    statistics: FrameStatistics
    curves: tuple[Curve, ...]
    reported: tuple[Band, ...]
    """What the charger said that it does."""
    events: tuple[Event, ...]
    missing: tuple[str, ...]
    """What is not known, and why."""
    ended: float = quantity("s", "time of the last frame or step", default=0.0)
