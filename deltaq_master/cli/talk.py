"""Data goes to stdout, talk to stderr: notes, errors, and with -v what the floors below have logged."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import TracebackType
from typing import Any, Self


def say(text: str) -> None:
    """A note for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """A line of data for people, on stdout."""
    print(text, flush=True)


def show_json(value: object) -> None:
    """A line of data for programs, on stdout: a dataclass or a mapping; what is no finite number is null."""
    print(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False), flush=True)


def jsonable(value: object) -> object:
    """A value as a program would read it from that line."""
    return json.loads(json.dumps(_plain(value), allow_nan=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        # Also NaN, which JSON does not know.
        return round(value, 6) if abs(value) < float("inf") else None
    return value


class Log(logging.Handler):
    """Keeps what is logged to itself: errors are told in sentences. With `verbose` it shows all, with tracebacks."""

    verbose = False
    words: Sequence[str] = ()
    """The command line, as it was given."""

    def __enter__(self) -> Self:
        """Listen to every logger, for the time of one command."""
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)

    def speak_up(self) -> None:
        """Show everything from now on."""
        self.verbose = True
        logging.getLogger().setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        if self.verbose:
            say(f"{record.name}: {record.getMessage()}")
            if record.exc_info and record.exc_info[0] is not None:
                say("".join(traceback.format_exception(*record.exc_info)).rstrip())
