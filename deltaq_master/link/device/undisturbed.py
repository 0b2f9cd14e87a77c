"""A part of a program that Ctrl-C does not end in the middle."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Pass over Ctrl-C for the time of a `with` block; Python raises KeyboardInterrupt in the main thread alone."""
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: logger.warning("Ctrl-C: a change is being undone; please wait"))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
