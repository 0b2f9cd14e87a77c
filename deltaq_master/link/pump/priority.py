"""How soon the pump's thread runs when it is due: before every program that has no real-time priority.

A bus cycle needs the processor for a millisecond in a hundred. On a busy machine the scheduler makes it wait for that
behind whoever computes, our own threads included, which must give up the interpreter lock first.
"""

from __future__ import annotations

import os

PRIORITY = 1
"""The lowest real-time priority there is: kernel threads and audio stay before us."""


def go_first() -> bool:
    """Ask the kernel to run this thread before others (SCHED_FIFO); answer whether it will.

    Linux permits it to root, and within RLIMIT_RTPRIO. Programs that the thread starts do not inherit it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except (AttributeError, OSError):
        return False
    return True
