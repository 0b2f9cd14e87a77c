"""What the screen shows at one moment, as frozen values; words and marks say everything, colour only repeats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from deltaq_master.charger.diagnosis.findings import Finding, Standing
from deltaq_master.cli.screen.curve import Curve
from deltaq_master.cli.screen.traffic import Load, NodeHeard

GOOD: Final = "good"
BAD: Final = "bad"
DOUBTFUL: Final = "doubtful"
QUIET: Final = "quiet"
PLAIN: Final = ""

MET: Final = "✓"
UNMET: Final = "✗"
SUSPICIOUS: Final = "!"
UNKNOWN: Final = "?"
LEGEND: Final = f"{MET} met {UNMET} unmet {SUSPICIOUS} suspect {UNKNOWN} unknown"

EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
NAME_WIDTH: Final = 9
VALUE_WIDTH: Final = 9
NOTE_WIDTH: Final = 14
LEAST_BAR: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, and in which tone it is shown."""

    text: str
    tone: str = PLAIN


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measurement."""

    name: str
    value: str = "-"
    """With its unit; '-' where it is not known, 'untrusted' where it is not believed."""
    share: float | None = None
    """Of its full scale, 0 to 1, for the bar; None for no bar."""
    note: str = ""
    tone: str = PLAIN


@dataclass(frozen=True, slots=True)
class Precondition:
    """One precondition of charging, on one line."""

    mark: str
    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole screen at one moment."""

    title: str
    phase: Line
    """What is going on, and what will end it."""
    gauges: tuple[Gauge, ...] = ()
    curves: tuple[Curve, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    nodes: tuple[NodeHeard, ...] = ()
    node_names: tuple[tuple[int, str], ...] = ()
    bus: str = ""
    notes: tuple[Line, ...] = ()
    """What is wrong first, then what is to be known."""
    keys: str = ""


class Showing(Protocol):
    """What a screen asks, some times a second, from its own thread."""

    @property
    def over(self) -> bool:
        """True once there is nothing more to show: the screen ends."""

    def scene(self) -> Scene:
        """What is to be seen now."""

    def leave(self) -> None:
        """Somebody wants to leave: q or Ctrl-C."""

    def said(self, text: str) -> None:
        """Something was printed while the screen was shown."""


def precondition(found: Finding) -> Precondition:
    """One finding of the diagnosis as a mark and a label."""
    label = found.id.replace("-", " ")
    if found.standing is Standing.MET:
        return Precondition(MET, label, GOOD)
    if found.standing is Standing.UNKNOWN:
        return Precondition(UNKNOWN, label, QUIET)
    return Precondition(SUSPICIOUS, label, DOUBTFUL) if found.suspicious else Precondition(UNMET, label, BAD)


def tally(preconditions: tuple[Precondition, ...]) -> str:
    """How many preconditions are met: '20 of 28 met'."""
    return f"{sum(each.mark == MET for each in preconditions)} of {len(preconditions)} met"


def gauge_line(gauge: Gauge, width: int) -> Line:
    """A gauge on one line: name, value, bar, note; the bar takes what is left, and goes first where it is narrow."""
    room = width - NAME_WIDTH - VALUE_WIDTH - NOTE_WIDTH - 1
    bar = ""
    if room >= LEAST_BAR:
        bar = " " + (" " * room if gauge.share is None else bar_of(gauge.share, room))
    text = f"{gauge.name:<{NAME_WIDTH}}{gauge.value:>{VALUE_WIDTH}}{bar} {gauge.note}"
    return Line(text.rstrip()[:width], gauge.tone)


def bar_of(share: float, width: int) -> str:
    """A share from 0 to 1 as a bar of `width` columns, in eighths of a column."""
    steps = round(max(0.0, min(1.0, share)) * width * 8)
    full, rest = divmod(steps, 8)
    return (EIGHTHS[8] * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def columns_of(preconditions: tuple[Precondition, ...], width: int) -> list[tuple[Precondition, ...]]:
    """Preconditions in rows of as many columns as fit, read downwards."""
    if not preconditions:
        return []
    widest = max(len(each.label) for each in preconditions) + 3
    columns = max(1, min(2, width // widest))
    rows = -(-len(preconditions) // columns)
    return [preconditions[row::rows] for row in range(rows)]


def node_line(node: NodeHeard, name: str) -> Line:
    """One node on one line: node-ID, who it is, NMT state, age of its heartbeat."""
    age = f"{node.age:.1f} s" if node.age < 100 else f"{node.age:.0f} s"
    state = node.state or "unknown state"
    text = f"{node.node_id:>2} {name:<7} {state:<15} {age:>6}{' late' if node.late else ''}"
    return Line(text, BAD if node.late else PLAIN)


def bus_line(load: Load | None, bitrate: int, given: bool) -> str:
    """The load of the bus in words, and of which bit rate: the one that was `given`, or the usual one."""
    rate = f"{bitrate / 1000:g} kbit/s{'' if given else ', assumed'}"
    return rate if load is None else f"load {load.share:.1f} % of {rate}"
