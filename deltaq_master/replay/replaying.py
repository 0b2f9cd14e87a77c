"""A recording made again: every charge in it step by step, each frame looked up in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from deltaq_master.charger.replay import Again, ChargeReplay
from deltaq_master.charger.view import ChargeView
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import OurError
from deltaq_master.link.record.reading import Evidence, Line, Recording
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.recorded_values import line
from deltaq_master.replay.differing import FirstDifference

MOST_TOLD: Final = 5
"""Frames that are named when the log does not have them."""


@dataclass(slots=True)
class ReplayedCharge:
    """One charge of a recording, and how it compares."""

    replay: ChargeReplay
    begun: float
    steps: int = 0
    difference: FirstDifference = field(default_factory=FirstDifference)
    view: ChargeView | None = None
    """The last view."""
    cause: ChargeView | None = None
    """The first view with the cause of its end."""


@dataclass(slots=True)
class Replayed:
    """What came of a replay."""

    charges: list[ReplayedCharge] = field(default_factory=list)
    steps: int = 0
    missing: list[str] = field(default_factory=list)
    """Frames that a machine was given and the log does not have, in words; the first few."""
    unseen: int = 0
    """How many there are."""
    dropped: int = 0
    """Frames that the recording says it has left out."""
    reports: dict[str, tuple[Any, float]] = field(default_factory=dict)
    """What was said of it all, by name, with its time."""
    notes: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """True if every decision is, and the log has every frame that was not dropped."""
        return not self.unseen and not any(charge.difference.steps for charge in self.charges)


class Replaying:
    """Goes through a recording once. `dictionary` gives the EDS for a node-ID; `keep` gets every line made again."""

    def __init__(
        self,
        recording: Recording,
        dictionary: Callable[[int], Dictionary],
        keep: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._recording = recording
        self._dictionary = dictionary
        self._keep = keep
        self._charges: dict[object, ReplayedCharge] = {}
        self._found = Replayed()
        self._evidence = Evidence(recording.frames(), recording.rounding)

    def run(self) -> Replayed:
        """Make everything again. Raises FileError where the recording is broken or has not all that is needed."""
        for each in self._recording.lines():
            match each.told["kind"]:
                case "machine" if not each.told.get("again"):
                    self._machine(each)
                case "step":
                    self._step(each)
                case "dropped":
                    self._dropped(each)
                case "report":
                    name, now = each.told.get("name"), each.told.get("now")
                    if isinstance(name, str) and isinstance(now, float):
                        self._found.reports[name] = each.told.get("value"), now
        self._found.charges = list(self._charges.values())
        if not self._recording.ended:
            self._found.notes.append("it has no end: the program was killed, or the disk was full")
        return self._found

    def _machine(self, each: Line) -> None:
        node_id = each.told.get("node_id")
        if each.told.get("type") != "charge" or not isinstance(node_id, int):
            raise each.broken(f"a machine that this version does not know: {each.told.get('type')!r}")
        try:
            replay = ChargeReplay(each.told, self._dictionary(node_id))
        except (ValueError, OurError) as error:
            raise each.broken(f"cannot be made again: {error}") from error
        charge = self._charges[each.told.get("machine")] = ReplayedCharge(replay, each.told["begun"])
        again = {"kind": "machine", "machine": each.told["machine"], **replay.begin}
        self._compare(charge, each, again)

    def _step(self, each: Line) -> None:
        charge = self._charges.get(each.told.get("machine"))
        if charge is None:
            raise each.broken(
                "a step of a charge whose beginning is not in this recording: it may be in a part before"
            )
        try:
            step = charge.replay.step(each.told)
        except (ValueError, OurError) as error:
            raise each.broken(str(error)) from error
        charge.steps += 1
        self._found.steps += 1
        for view in step.views:
            charge.view = view
            if view.cause is not None and charge.cause is None:
                charge.cause = view
        self._look_up(step, charge)
        self._compare(charge, each, {"kind": "step", "machine": each.told["machine"], **step.step})

    def _compare(self, charge: ReplayedCharge, each: Line, again: dict[str, Any]) -> None:
        text = line(again)
        self._keep(text)
        if text == each.text:
            if "event" in again:
                charge.difference.same(charge.begun, again)
        else:
            charge.difference.different(charge.begun, each.told, again, (each.text, text))

    def _look_up(self, step: Again, charge: ReplayedCharge) -> None:
        frame = step.frame
        if frame is None or self._evidence.shows(frame):
            return
        if self._evidence.over and not self._recording.ended:
            return  # the last moment before a crash
        if self._found.dropped > 0:
            self._found.dropped -= 1
            return
        self._found.unseen += 1
        if len(self._found.missing) < MOST_TOLD:
            self._found.missing.append(in_words(frame, charge.begun))

    def _dropped(self, each: Line) -> None:
        steps = each.told.get("steps", 0)
        if steps:
            raise each.broken(f"{steps} steps were dropped here: what follows cannot be made again")
        frames = each.told.get("frames", 0)
        self._found.dropped += frames
        self._found.notes.append(f"{frames} frames were dropped while it was recorded")


def in_words(frame: Frame, begun: float) -> str:
    """A frame and its time, counted from `begun`."""
    return f"{frame.time - begun:.6f} s  {frame.cob_id:03X}  {frame.data.hex(' ').upper()}"


def differing_versions(header: dict[str, Any], here: dict[str, str]) -> Iterator[str]:
    """What ran when it was recorded, where that is not what runs here."""
    then = header.get("versions")
    for name, version in sorted((then if isinstance(then, dict) else {}).items()):
        if here.get(name) != version:
            yield f"recorded with {name} {version}, and this is {here.get(name, 'without it')}"
