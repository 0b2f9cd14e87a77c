"""What python-can, pyserial and the operating system say, as sentences that a technician can act on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import NamedTuple


class Cause(NamedTuple):
    """What is wrong, and what mends it ('' where that is not known)."""

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem


NO_RIGHTS = Cause(
    "no rights to use {channel}",
    "a serial port belongs to a group, usually dialout: join it (usermod -a -G dialout USER), log in again",
)
NO_DEVICE = Cause("there is no device {channel}", "is the adapter plugged in, and its driver loaded?")
NOT_REACHED = Cause("{channel} cannot be reached", "correct the address, or start the hub there")

QUEUE_FULL = Cause(
    "the transmit queue of {channel} is full",
    "nobody acknowledges (alone on the bus, another bit rate, no termination), or the bus is overloaded",
)

# Keyed by errno: its number is the one thing that survives the wrapping of python-can and pyserial.
CAUSES = {
    errno.EAFNOSUPPORT: Cause(
        "this kernel has no SocketCAN",
        "load it (modprobe can_raw), or use a serial adapter (slcan) or the simulated charger (sim)",
    ),
    errno.ENODEV: NO_DEVICE,
    errno.ENXIO: NO_DEVICE,
    errno.ENOENT: NO_DEVICE,
    errno.EACCES: NO_RIGHTS,
    errno.EPERM: NO_RIGHTS,
    errno.EBUSY: Cause("{channel} is in use by another program", "end that program first"),
    errno.ENETDOWN: Cause(
        "{channel} is down", "bring it up: ip link set {channel} up type can bitrate 500000"
    ),
    errno.ENOBUFS: QUEUE_FULL,
    errno.EAGAIN: QUEUE_FULL,
    errno.ECONNREFUSED: Cause(
        "nobody listens at {channel}", "start the hub there (deltaq sim --listen), or correct the address"
    ),
    errno.ECONNRESET: Cause("{channel} closed the connection", "start the hub again"),
    errno.EPIPE: Cause("{channel} closed the connection", "start the hub again"),
    errno.ETIMEDOUT: NOT_REACHED,
    errno.EHOSTUNREACH: NOT_REACHED,
    errno.ENETUNREACH: NOT_REACHED,
}


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it came from, outermost first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def known_cause(error: BaseException, channel: str) -> Cause | None:
    """Problem and remedy for an exception of python-can, a driver or the system; None if it is not known."""
    for link in chain(error):
        if isinstance(link, socket.gaierror):
            return Cause(f"the host in {channel} is not known", "correct the address")
        told = getattr(link, "cause", None)
        if isinstance(told, Cause):
            return told
        # SocketCAN's receiver keeps the number in python-can's own attribute.
        known = CAUSES.get(getattr(link, "errno", None) or getattr(link, "error_code", None) or 0)
        if known is not None:
            return Cause(known.problem.format(channel=channel), known.remedy.format(channel=channel))
    return None


def cause_of(error: BaseException, channel: str) -> Cause:
    """The same, in the exception's own words where nothing better is known; `channel` names the bus."""
    return known_cause(error, channel) or Cause(f"{channel}: {words_of(error)}")


def words_of(error: BaseException) -> str:
    """An exception's text on one line; its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
