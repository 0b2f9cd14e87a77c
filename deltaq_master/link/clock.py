"""The clock of the link: seconds that never jump, and that go on while the computer sleeps.

`time.monotonic()` stands still during suspend on Linux: after the lid was opened, a reading two hours old
would pass for two seconds old. CLOCK_BOOTTIME counts the sleep; where it does not exist, monotonic has to do.
"""

from __future__ import annotations

import time

KNOWN = 30.0
"""Oldest moment that is believed [s]."""

if hasattr(time, "CLOCK_BOOTTIME"):

    def now() -> float:
        """Time on the clock of the machines [s]."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def now() -> float:
        """Time on the clock of the machines [s]."""
        return time.monotonic()


def from_monotonic(moment: float) -> float:
    """A moment of `time.monotonic()` on the clock of the machines [s], never later than it was.

    Convert it as soon as it arrives: the two clocks differ by the time spent in suspend, and a moment from
    before a suspend would come out too young by its length.
    """
    here = now()
    return here - (time.monotonic() - moment)


def age(moment: float) -> float:
    """How long ago a moment of the system's clock was [s].

    One over KNOWN ago, or in the future, was taken before that clock was set: it counts as now.
    """
    passed = time.time() - moment
    return passed if 0.0 <= passed <= KNOWN else 0.0
