"""What Python's garbage collector goes through while a pump runs.

A full collection looks at every object that there is, and holds the interpreter lock meanwhile: with the dictionaries
of 80 chargers that is 0.1 to 0.3 s in which no thread sends. What exists when a pump starts is there to stay, so it is
set aside; collections then go through what came after it. As the switch interval (`switching.py`) this belongs to
the whole process: what was set aside is given back when the last pump ends. The price: cycles that a bus closed before
has left, and that were not collected yet, stay until then.
"""

from __future__ import annotations

import gc
import threading

_lock = threading.Lock()
_running = 0
_ours = False


def set_aside() -> None:
    """Have collections pass over everything that exists; each call wants one of `give_back`."""
    global _running, _ours
    with _lock:
        if _running == 0:
            # A program that does the same for reasons of its own wants it to stay.
            _ours = gc.get_freeze_count() == 0
        _running += 1
        gc.freeze()


def give_back() -> None:
    """Have collections go through everything again, once nobody needs otherwise."""
    global _running
    with _lock:
        _running -= 1
        if _running == 0 and _ours:
            gc.unfreeze()
