"""Whether a screen can be shown here: it takes a terminal that is ours, and one that knows more than lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

PLAIN_TERMINALS = ("dumb", "unknown")
"""Values of TERM for terminals that know nothing but lines."""


def hindrance(environment: Mapping[str, str] | None = None, data_on_stdin: bool = False) -> str:
    """Why no screen can be shown, '' where one can; `data_on_stdin` says that stdin is read for something else."""
    environment = os.environ if environment is None else environment
    terminal = environment.get("TERM", "")
    if not _is_terminal(sys.stdout):
        return "stdout is not a terminal"
    if terminal in PLAIN_TERMINALS:
        return f"TERM is {terminal}"
    if not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf8"):
        return f"the terminal's text is {sys.stdout.encoding}, and a screen needs UTF-8"
    if data_on_stdin and _is_terminal(sys.stdin):
        return "the battery readings are typed into this terminal"
    return _not_ours()


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _not_ours() -> str:
    """Why the terminal cannot be asked for keys, '' where it can."""
    if hasattr(os, "tcgetpgrp"):
        try:
            terminal = os.open(CONTROLLING, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return "there is no controlling terminal"
        try:
            return "" if in_foreground(terminal) else "this is a job in the background"
        finally:
            os.close(terminal)
    both = _is_terminal(sys.stdin) and _is_terminal(sys.stderr)
    return "" if both else "stdin or stderr is not a terminal"


CONTROLLING = "/dev/tty"
"""The terminal itself, wherever stdin and stderr go: readings may come from a pipe, notes may go to a file."""


def in_foreground(terminal: int) -> bool:
    """True if the terminal is ours now; a job in the background is stopped when it reads from it."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
