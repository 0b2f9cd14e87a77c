"""The charge cycle as a table: phases, what moves it, and where it goes.

Everything that decides where the cycle goes next is in `TRANSITIONS`; what is not in the table cannot happen.
`endings.py` says when a charge ends, `charge.py` walks the table. The diagram in docs/charge-cycle.md is drawn
from here.
"""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """Where a charge is; the value is its name in reports."""

    LISTENING = "listening"
    """Nothing is sent: is another master on the bus?"""
    WAITING = "waiting"
    """Nothing is sent: the charger was not heard yet."""
    BOOTING = "booting"
    """Identity, our heartbeat, mapping, NMT start; no RPDO yet."""
    ARMED = "armed"
    """RPDOs with ready 0 and 0 A."""
    ENABLING = "enabling"
    """Ready 1 and a ramp; the charger does not report a charge yet."""
    CHARGING = "charging"
    FINISHING = "finishing"
    """Near the target voltage: the current tapers."""
    STOPPING = "stopping"
    """0 A, then ready 0, until the charger reports off."""
    COMPLETE = "complete"
    STOPPED = "stopped"
    REFUSED = "refused"
    """Ended before the charger was asked for anything."""
    FAULT = "fault"
    """Ended by something that must not be; latched with its first cause until cleared."""


class Trigger(Enum):
    """What moves the cycle; the value is its label in the diagram."""

    QUIET = "nothing foreign heard for 2.5 s, or a boot-up message"
    HEARD = "the charger was heard"
    BOOTED = "operational, mapping checked"
    ADMITTED = "ready 0 sent for 0.51 s, all conditions met"
    CHARGE_SEEN = "indication 1, 2, 3 or 7"
    CHARGE_LOST = "indication says not charging"
    NEAR_TARGET = "within 0.5 V of the target"
    BELOW_TARGET = "over 1 V below the target"
    COMPLETED = "indication 4, or taper held"
    LIMIT_REACHED = "time or Ah limit"
    STOP_ASKED = "on request"
    OFF_COMPLETE = "off confirmed after completion"
    OFF_STOPPED = "off confirmed after a stop"
    FAILED = "an ending that is a fault"
    NOT_OFF = "off not confirmed within 3 s"
    UNFIT = "an ending before ready 1 was ever sent"
    AGAIN = "a new charge while the bus is held"
    CLEARED = "cleared"


_P = Phase
_T = Trigger

SILENT = frozenset((_P.LISTENING, _P.WAITING))
"""Phases in which nothing at all is sent."""
ASKING = frozenset((_P.ENABLING, _P.CHARGING, _P.FINISHING))
"""The only phases that ask for current."""
RUNNING = ASKING | {_P.ARMED}
"""Phases in which the charger is watched with the whole table of endings."""
ENDED = frozenset((_P.COMPLETE, _P.STOPPED, _P.REFUSED, _P.FAULT))
"""Phases in which the outcome is known."""
SAFE = frozenset(_P) - ASKING - {_P.STOPPING}
"""Phases that ask for ready 0 and 0 A, or send nothing; STOPPING asks for 0 A, and soon for ready 0 too."""

_WATCHED = {_T.FAILED: _P.FAULT, _T.STOP_ASKED: _P.STOPPING}
_ENDS = {_T.COMPLETED: _P.STOPPING, _T.LIMIT_REACHED: _P.STOPPING, **_WATCHED}
_OVER = {_T.AGAIN: _P.ARMED, _T.CLEARED: _P.LISTENING}

TRANSITIONS: dict[Phase, dict[Trigger, Phase]] = {
    _P.LISTENING: {_T.QUIET: _P.WAITING, _T.STOP_ASKED: _P.STOPPED, _T.UNFIT: _P.REFUSED},
    _P.WAITING: {_T.HEARD: _P.BOOTING, _T.STOP_ASKED: _P.STOPPED, _T.UNFIT: _P.REFUSED},
    _P.BOOTING: {_T.BOOTED: _P.ARMED, _T.STOP_ASKED: _P.STOPPED, _T.UNFIT: _P.REFUSED},
    _P.ARMED: {_T.ADMITTED: _P.ENABLING, _T.STOP_ASKED: _P.STOPPING, _T.UNFIT: _P.REFUSED},
    _P.ENABLING: {_T.CHARGE_SEEN: _P.CHARGING, **_ENDS},
    _P.CHARGING: {_T.NEAR_TARGET: _P.FINISHING, _T.CHARGE_LOST: _P.ENABLING, **_ENDS},
    _P.FINISHING: {_T.BELOW_TARGET: _P.CHARGING, _T.CHARGE_LOST: _P.ENABLING, **_ENDS},
    _P.STOPPING: {
        _T.OFF_COMPLETE: _P.COMPLETE,
        _T.OFF_STOPPED: _P.STOPPED,
        _T.NOT_OFF: _P.FAULT,
    },
    _P.COMPLETE: _OVER,
    _P.STOPPED: _OVER,
    _P.REFUSED: {_T.CLEARED: _P.LISTENING},
    _P.FAULT: {_T.CLEARED: _P.LISTENING},
}
