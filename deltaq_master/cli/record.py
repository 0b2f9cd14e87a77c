"""`--record FILE`: what every command that opens a bus records, and what is needed to run it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from deltaq_master.cli.talk import jsonable, say

if TYPE_CHECKING:
    from deltaq_master.charger.recording import ChargeRecord
    from deltaq_master.link.record.recorder import Recorder
    from deltaq_master.protocol.events import Machine

SMALLEST = 10_000
"""Bytes; a part needs room for its own header."""
_FACTORS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)b?")


def octets(text: str) -> int:
    """A size: `500k`, `100M`, `1G` or a number of bytes, in bytes."""
    match = _SIZE.fullmatch(text.strip().lower())
    size = round(float(match[1]) * _FACTORS[match[2]]) if match else 0
    if size < SMALLEST:
        raise typer.BadParameter(
            f"{text!r} is no size of {SMALLEST // 1000}k or more; write 500k, 100M or 1G"
        )
    return size


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """How to record."""

    log: Path
    max_size: int | None = None
    max_time: float | None = None
    keep: int | None = None
    overwrite: bool = False


class CommandRecording:
    """The recording of one command; it begins when a bus is opened."""

    def __init__(self, options: RecordOptions, words: Sequence[str]) -> None:
        self._options = options
        self._words = list(words)
        self._recorder: Recorder | None = None
        self._tried = False

    def begin(self, settings: Mapping[str, Any], eds: Path) -> Recorder:
        """The recorder, made when it is first asked for. Raises FileError."""
        self._tried = True
        if self._recorder is None:
            from deltaq_master.link.record.parts import Rotation
            from deltaq_master.link.record.recorder import Recorder

            options = self._options
            self._recorder = Recorder(
                options.log,
                {
                    "versions": versions(),
                    "words": self._words,
                    "settings": dict(settings),
                    "eds": {"name": eds.name, "sha256": digest(eds)},
                },
                record_of=_record_of,
                rotation=Rotation(options.max_size, options.max_time, options.keep),
                overwrite=options.overwrite,
                warn=lambda text: say(f"deltaq: {text}"),
            )
        return self._recorder

    def report(self, name: str, value: object) -> None:
        """Record a result of the command."""
        if self._recorder is not None:
            self._recorder.report(name, jsonable(value))

    def close(self) -> None:
        """End it, and say what came of it."""
        recorder = self._recorder
        if recorder is None:
            if not self._tried:
                say("note: nothing was recorded: this command listens to no bus")
            return
        recorder.close()
        lost = recorder.dropped_frames
        missing = f"; {lost} came faster than they could be written" if lost else ""
        state = f"up to when it stopped ({recorder.problem})" if recorder.problem else "in all"
        say(f"note: recorded to {self._options.log}: {recorder.frames} frames {state}{missing}")


def _record_of(machine: Machine) -> ChargeRecord | None:
    # Only a pump asks, and only chargers have one here: other devices do without the charger's code.
    from deltaq_master.charger.recording import record_of

    return record_of(machine)


def versions() -> dict[str, str]:
    """What runs here, as far as it can change what is decided."""
    import platform
    from importlib.metadata import version

    packages = ("deltaq-master", "canopen", "python-can")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def digest(path: Path) -> str:
    """SHA-256 of a file, '' for one that cannot be read."""
    import hashlib

    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
