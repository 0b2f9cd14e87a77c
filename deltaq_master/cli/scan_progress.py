"""How far a scan is, on one line of the terminal; nothing where nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from deltaq_master.cli.parsing import spoken

_ERASE = "\r\x1b[K"


class ProgressLine:
    """A line on stderr that is written anew each time, and gone when the `with` block is left."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last:
            print(_ERASE, end="", file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """Show a text in the place of the last one."""
        if self._shown and text != self._last:
            print(f"{_ERASE}{text}", end="", file=sys.stderr, flush=True)
            self._last = text


def left(done: int, total: int, elapsed: float) -> str:
    """How much is done, and how long the rest will take at this pace: '43 %, about 2 min 10 s left'."""
    if not 0 < done <= total:
        return "0 %"
    return f"{100 * done // total} %, about {spoken(elapsed / done * (total - done))} left"
