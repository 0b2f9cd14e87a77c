"""What a diagnosis says, as frozen values that print and become JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deltaq_master.units import quantity


class Standing(StrEnum):
    """How a precondition stands; what was not observed is unknown, never met."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


class State(StrEnum):
    """What the charger does, by its own words."""

    UNHEARD = "nothing heard"
    UNKNOWN = "unknown"
    IDLE = "not charging"
    CHARGING = "charging"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold, who says so, and how sure that is."""

    text: str
    source: str
    """A key of docs/sources.md, or a standard."""
    certainty: str
    """[C] certain, [I] inferred, [U] unresolved."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was observed."""

    text: str
    """What it says, with its value and unit."""
    time: float | None = quantity("s", "when, on the clock of the log or of the machines", default=None)
    source: str = ""
    """`TPDO1`, `SDO read`, `EMCY`."""
    frame: str = ""
    """The frame as candump writes it: `18A#7413454E70000000`; '' where it is more than one."""

    def __str__(self) -> str:
        when = "" if self.time is None else f"{self.time:.3f} s  "
        source = f" ({self.source})" if self.source else ""
        frame = f"  {self.frame}" if self.frame else ""
        return f"{when}{self.text}{source}{frame}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one precondition stands, by its own facts alone."""

    standing: Standing
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    action: str = ""
    """What to do next."""
    rule: Rule | None = None
    """A rule other than the row's own, by which this was found."""
    consequence: bool = False
    """True for what follows from another unmet precondition: it is true, and not where to begin."""


def met(sentence: str, *evidence: Evidence) -> Verdict:
    """It holds, and this was seen."""
    return Verdict(Standing.MET, sentence, evidence)


def unmet(
    sentence: str, action: str, *evidence: Evidence, rule: Rule | None = None, consequence: bool = False
) -> Verdict:
    """It does not hold, and this was seen."""
    return Verdict(Standing.UNMET, sentence, evidence, action, rule, consequence)


def unknown(sentence: str, action: str = "") -> Verdict:
    """Not seen; the sentence says why."""
    return Verdict(Standing.UNKNOWN, sentence, (), action)


@dataclass(frozen=True, slots=True)
class Finding:
    """One precondition of charging, weighed with all others."""

    id: str
    title: str
    standing: Standing
    sentence: str
    evidence: tuple[Evidence, ...]
    rule: Rule
    action: str
    rank: int
    """Place in the order of likelihood, 1 is the likeliest."""
    suspicious: bool
    """True if it does not keep the charger from charging by itself, as far as is known."""
    hidden_by: str = ""
    """The unmet precondition that hides it, '' if none does."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that became different."""

    time: float = quantity("s", "when it was seen")
    text: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A charge that was seen to end."""

    time: float = quantity("s", "when the charger's status showed it")
    text: str = ""
    before: tuple[Change, ...] = ()
    """What changed in the seconds before, the latest first: the likeliest causes of the end."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened."""

    stop: Stop | None
    """The last charge that was seen to end."""
    termination: str
    """Why the last charge ended, in the charger's own words (2011h), '' if it was not read."""
    errors: tuple[str, ...]
    """The errors that the charger remembers (1003h), the latest first, as far as they were read."""
    alarms: tuple[str, ...]
    """Alarms that are active, each with what to do about it."""
    changes: tuple[Change, ...]
    """The latest changes, in their order."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer."""

    verdict: str
    """One sentence."""
    state: State
    causes: tuple[Finding, ...]
    """The unmet preconditions, the likeliest first."""
    preconditions: tuple[Finding, ...]
    """All of them, in the order in which a charge comes about."""
    history: History
    notes: tuple[str, ...]
    node_id: int
    begun: float | None = quantity("s", "time of the first frame", default=None)
    ended: float | None = quantity("s", "time of the last frame", default=None)
    frames: int = 0

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """The preconditions that were not seen, met or not."""
        return tuple(found for found in self.preconditions if found.standing is Standing.UNKNOWN)

    @property
    def enough(self) -> bool:
        """True if something can be said: it charges, a cause was found, or nothing that is needed is unknown."""
        if self.state is State.CHARGING or self.causes:
            return True
        return not any(not found.suspicious for found in self.unknown)
