"""Our command, with a pump whose thread hangs from SIGUSR1 on while the rest of the process goes on.

A test starts it in place of the command, by a drop-in of the unit. The thread hangs before a step, as one does that
waits for a lock which nobody lets go.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable

from deltaq_master.cli import main
from deltaq_master.link.pump.pump import Pump

whole_step = Pump.step
frozen = threading.Event()
never = threading.Event()


def step(pump: Pump, now: float, events: Iterable[object] = ()) -> float:
    """A step, or none for ever."""
    if frozen.is_set():
        never.wait()
    return whole_step(pump, now, events)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: frozen.set())
    Pump.step = step  # type: ignore[method-assign,assignment]
    sys.exit(main())
