"""SIGINT, SIGTERM and SIGHUP as a request to end in order, instead of an end in the middle of something."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
"""SIGHUP, the terminal that goes away, does not exist on Windows."""


class Signals:
    """Calls `asked` with the name of every signal that comes within a `with` block, in the main thread."""

    def __init__(self, asked: Callable[[str], None]) -> None:
        self._asked = asked
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._asked(signal.Signals(number).name)
