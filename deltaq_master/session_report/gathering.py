"""A recording, or a log alone, read from the disk into a session."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deltaq_master.charger.diagnosis import Explanation, State, Subject
from deltaq_master.errors import FileError
from deltaq_master.link.bus.logs import read_log
from deltaq_master.link.record.parts import lines_of, log_of
from deltaq_master.link.record.reading import Line, Recording, is_recording
from deltaq_master.protocol.events import Frame
from deltaq_master.session_report.curves import DIGITS, Curves
from deltaq_master.session_report.following import Following
from deltaq_master.session_report.objects_seen import absent_of, objects_of, pdos_of
from deltaq_master.session_report.recorded_charges import RecordedCharges
from deltaq_master.session_report.session import ChargeRun, Event, FileSeen, Origin, Session

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary

EPOCH: Final = 1e9
"""Times over this [s] are counted from 1970, those below from the start of a log."""
GOOD: Final = ("complete", "stopped")
"""Outcomes of a charge in which nothing went wrong."""
PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Maker:
    """With what a report is made."""

    name: str
    """Name and version of the program."""
    master_id: int = 1
    bitrate: int | None = None
    """Of the bus [bit/s], where the user names it."""


class _Clock:
    """Where the times of a session begin."""

    def __init__(self, origin: float, since_1970: float | None) -> None:
        self.origin = origin
        self.begun = ""
        if since_1970 is not None:
            begun = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(since_1970, 3))
            self.begun = f"{begun:%Y-%m-%dT%H:%M:%S}.{begun.microsecond // 1000:03d}Z"


def gather(path: Path, dictionary: Dictionary, maker: Maker) -> Session:
    """The session of a log, with what was decided if that was recorded beside it.

    Raises FileError where something of it cannot be read.
    """
    recording = Recording(path) if is_recording(path) else None
    return _Gathering(path, dictionary, maker, recording).session()


class _Gathering:
    """Goes through the lines once, then through the frames."""

    def __init__(self, path: Path, dictionary: Dictionary, maker: Maker, recording: Recording | None) -> None:
        self._path = path
        self._dictionary = dictionary
        self._maker = maker
        self._recording = recording
        self._curves = Curves()
        self._events: list[Event] = []
        self._missing: list[str] = []
        self._decided = RecordedCharges(self._curves, self._events.append)
        self._header: dict[str, Any] = {} if recording is None else recording.header

    def session(self) -> Session:
        """All of it."""
        clock = self._clock()
        if self._recording is None:
            self._missing.append(
                "no decisions were recorded with this log: which phases a charge went through, and why it ended, "
                "can only be told from the frames"
            )
        else:
            self._lines(self._recording, clock)
        charges = self._decided.result()
        following = Following(
            Subject(self._dictionary, self._maker.master_id), self._curves, self._events.append
        )
        explanation, at = self._follow(following, clock, charges)
        known = following.diagnosis.facts.known
        identity, objects = objects_of(self._dictionary, known, following.texts)
        pdos = pdos_of(known)
        if not identity:
            self._missing.append("the identity was not read from the charger while this was recorded")
        if not all(pdo.told for pdo in pdos):
            self._missing.append("PDOs that the charger did not tell are assumed to be those of the EDS")
        verdict, good = _verdict(charges, explanation)
        return Session(
            origin=self._origin(clock),
            node_id=self._dictionary.node_id,
            verdict=verdict,
            good=good,
            charges=charges,
            explanation=explanation,
            explained_at=at,
            identity=identity,
            objects=objects,
            absent=absent_of(self._dictionary, known),
            pdos=pdos,
            statistics=following.counting.result(),
            curves=self._curves.present(),
            reported=following.bands(),
            events=tuple(sorted(self._events, key=lambda event: event.time)),
            missing=tuple(self._missing),
            ended=max(following.last, self._decided.last),
        )

    def _frames(self) -> Iterator[Frame]:
        return read_log(self._path) if self._recording is None else self._recording.frames()

    def _clock(self) -> _Clock:
        """Times begin with the recording, or with the first frame of a log."""
        first = next(self._frames(), None)
        if self._recording is None:
            if first is None:
                raise FileError(self._path, "has no frames", remedy="give a log of some traffic")
            return _Clock(first.time, first.time if first.time > EPOCH else None)
        begun, offset = self._header.get("begun"), self._header.get("clock_offset")
        known = [time for time in (begun, None if first is None else first.time) if isinstance(time, float)]
        origin = min(known, default=0.0)
        return _Clock(origin, origin + offset if isinstance(offset, float) and known else None)

    def _lines(self, recording: Recording, clock: _Clock) -> None:
        if not recording.whole:
            self._missing.append(
                f"this begins with part {self._header.get('part')} of the recording: what came before is not in it"
            )
        for each in recording.lines():
            match each.told["kind"]:
                case "machine":
                    _take(each, self._decided.machine, clock.origin)
                case "step":
                    _take(each, self._decided.step, clock.origin)
                case "dropped":
                    frames, steps = each.told.get("frames", 0), each.told.get("steps", 0)
                    self._missing.append(
                        f"{frames} frames and {steps} steps were dropped while it was recorded"
                    )
        if not recording.ended:
            self._missing.append("the recording has no end: the program was killed, or the disk was full")

    def _follow(
        self, following: Following, clock: _Clock, charges: tuple[ChargeRun, ...]
    ) -> tuple[Explanation, str]:
        """Take all frames; the explanation is that of the moment at which the last charge ended.

        What came after it was sent to end it, and would be named as its cause.
        """
        until = next((charge.caused for charge in reversed(charges) if charge.caused is not None), None)
        rounding = 0.0 if self._recording is None else self._recording.rounding
        explanation: Explanation | None = None
        for frame in self._frames():
            time = round(frame.time - clock.origin, DIGITS)
            if until is not None and explanation is None and time > until + rounding:
                following.diagnosis.passed(until)
                explanation = following.diagnosis.explain()
            following.take(frame._replace(time=time))
        if explanation is not None and until is not None:
            return explanation, f"at {until:.3f} s, when the charge ended"
        return following.diagnosis.explain(), "at the end of the log"

    def _origin(self, clock: _Clock) -> Origin:
        paths = [self._path]
        if self._recording is not None:
            paths = [path for log in self._recording.logs() for path in (log, lines_of(log))]
        told = self._header.get("settings")
        bitrate = self._maker.bitrate or (told.get("bitrate") if isinstance(told, dict) else None)
        versions = self._header.get("versions")
        words = self._header.get("words")
        then, eds = self._header.get("eds"), self._dictionary.path
        sha256 = hashlib.sha256(eds.read_bytes()).hexdigest()
        if isinstance(then, dict) and then.get("sha256") != sha256:
            self._missing.append(f"it was recorded with another {then.get('name')} than the one used here")
        return Origin(
            files=tuple(map(_file, paths)),
            eds=eds.name,
            eds_sha256=sha256,
            recorded=self._recording is not None,
            words=shlex.join(map(str, words)) if isinstance(words, list) and words else "",
            versions=tuple(sorted(versions.items())) if isinstance(versions, dict) else (),
            made_by=self._maker.name,
            begun=clock.begun,
            bitrate=bitrate if isinstance(bitrate, int) else None,
        )


def subject_of(path: Path) -> tuple[int | None, int | None]:
    """Node-IDs of the charger and of its master, as a recording says them; None where it does not."""
    if not is_recording(path):
        return None, None
    told = Recording(log_of(path)).header.get("settings")
    told = told if isinstance(told, dict) else {}
    node_id, master_id = told.get("node_id"), told.get("master_id")
    return (
        node_id if isinstance(node_id, int) else None,
        master_id if isinstance(master_id, int) else None,
    )


def _take(each: Line, take: Callable[[dict[str, Any], float], None], origin: float) -> None:
    try:
        take(each.told, origin)
    except ValueError as error:
        raise each.broken(str(error)) from error


def _verdict(charges: tuple[ChargeRun, ...], explanation: Explanation) -> tuple[str, bool | None]:
    """Outcome and cause in one sentence, and whether that is good."""
    if not charges:
        return explanation.verdict, True if explanation.state is State.CHARGING else None
    last = charges[-1]
    if not last.outcome:
        return "The charge was under way when the recording ended.", None
    off = ", output NOT CONFIRMED OFF: remove AC" if last.unconfirmed else ""
    return f"{last.outcome}: {last.sentence}{off}", last.outcome in GOOD and not last.unconfirmed


def _file(path: Path) -> FileSeen:
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    return FileSeen(path.name, digest.hexdigest(), size)
