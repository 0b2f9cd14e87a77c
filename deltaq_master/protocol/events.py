"""What goes into a machine and what comes out of it.

A machine is pure: `handle(event, now)` returns effects, and `deadline` names when it wants a `Tick` at the
latest. The pump (`link/pump/pump.py`) runs machines on a bus, a test runs them on a virtual clock, a replay runs
them on a log; all three get the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Frame(NamedTuple):
    """One CAN frame as the gate saw it."""

    cob_id: int
    data: bytes
    time: float
    """When it was received or sent [s], on the clock of the machines."""
    extended: bool = False
    remote: bool = False
    error: bool = False
    fd: bool = False
    sent: bool = False
    """True for a frame of our own (Tx)."""
    length: int = -1
    """DLC where it is not the number of data bytes (remote frames), else -1."""

    @property
    def plain(self) -> bool:
        """True for an 11-bit data frame of classic CAN, the only kind that CANopen services use here."""
        return not (self.extended or self.remote or self.error or self.fd)


# --- events that every machine may get besides frames -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but the passing of time."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The program did not run for `gap` seconds (stopped, suspended, starved), and runs again."""

    gap: float


@dataclass(frozen=True, slots=True)
class BusLost:
    """The bus refused a frame of ours or its receiver died; what we sent last may not have arrived."""

    problem: str


@dataclass(frozen=True, slots=True)
class ReadDone:
    """Answer to a `Read`: the object's bytes as they came."""

    index: int
    sub: int
    data: bytes


@dataclass(frozen=True, slots=True)
class WriteDone:
    """Confirmation of a `Write`."""

    index: int
    sub: int


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """A `Read` or `Write` that failed: with an SDO abort code, or None where nothing usable was answered."""

    index: int
    sub: int
    abort: int | None
    reason: str


# --- effects ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame once, now."""

    cob_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Renew:
    """This frame of a cyclic message is due now; the machine has just checked that it may be sent.

    A bus whose kernel repeats frames may repeat it for a few periods, never longer: the next `Renew` is what
    keeps it alive.
    """

    cob_id: int
    data: bytes
    period: float


@dataclass(frozen=True, slots=True)
class Cease:
    """The cyclic message is over: nothing may be repeated any more."""

    cob_id: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Ask for the master's heartbeat on the bus (True), or give up asking for it (False)."""

    on: bool


@dataclass(frozen=True, slots=True)
class Read:
    """Read an object of the machine's node by SDO; answered by `ReadDone` or `TransferFailed`."""

    index: int
    sub: int


@dataclass(frozen=True, slots=True)
class Write:
    """Write an object of the machine's node by SDO; answered by `WriteDone` or `TransferFailed`."""

    index: int
    sub: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Publish:
    """Hand a frozen value to whoever watches the machine; watchers only store it."""

    value: object


Effect = Send | Renew | Cease | Hold | Read | Write | Publish
Transfer = Read | Write


class Machine(Protocol):
    """A pure state machine for one node of the bus."""

    @property
    def node_id(self) -> int:
        """Node-ID that its SDO transfers go to."""

    @property
    def cob_ids(self) -> frozenset[int]:
        """COB-IDs whose frames it wants to see."""

    @property
    def deadline(self) -> float:
        """Time of the latest next `Tick` that it wants [s], `math.inf` for none."""

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        """Take one event (a `Frame`, or any of its own) at a time, and answer with effects."""
