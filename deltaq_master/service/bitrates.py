"""Finding the bit rate of an unknown bus by listening alone: a listen-only controller disturbs nobody."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deltaq_master.errors import BusError, RefusedError
from deltaq_master.link.bus.interfaces import Interface, interface, ip_program
from deltaq_master.service.examining import Opening, listened
from deltaq_master.service.findings import Heard

RATES = (500_000, 250_000, 125_000, 1_000_000, 800_000, 100_000, 50_000, 20_000)
"""Bit rates of CiA 301, the likely ones first."""
WHAT = "finding the bit rate"


@dataclass(frozen=True, slots=True)
class Tried:
    """One bit rate, and what was heard at it; None where the driver does not have it."""

    bitrate: int
    heard: Heard | None

    @property
    def fits(self) -> bool:
        """Whether frames were understood, and nothing else."""
        return self.heard is not None and self.heard.frames > 0 and not self.heard.errors


def find(channel: str, open_bus: Opening, seconds: float, told: Callable[[Tried], None]) -> int | None:
    """The bit rate that fits, None if none does; the interface is down afterwards, as it was.

    Raises RefusedError for an interface that is up, has no listen-only mode, or if we are not root; BusError.
    """
    here = interface(channel)
    _check(channel, here)
    program = ip_program() or "ip"
    for rate in RATES:
        with _listening(program, channel, rate) as up:
            heard = None
            if up:
                with open_bus() as network:
                    heard = listened(network, seconds)
        tried = Tried(rate, heard)
        told(tried)
        if tried.fits:
            return rate
    return None


def _check(channel: str, here: Interface | None) -> None:
    if here is None or here.virtual:
        raise BusError(f"there is no CAN controller {channel}", "ip -brief link show type can lists them")
    if here.up:
        raise RefusedError(
            WHAT,
            f"{channel} is up, and may be in use",
            f"take it down first: sudo ip link set {channel} down",
        )
    if here.listen_only is False:
        raise RefusedError(
            WHAT,
            f"the driver of {channel} has no listen-only mode, so that a wrong bit rate would disturb the bus",
            "read the bit rate off the documents of the other devices",
        )
    if os.geteuid() != 0:
        raise RefusedError(WHAT, "only root may set a bit rate", "give it with sudo")


@contextmanager
def _listening(program: str, channel: str, rate: int) -> Iterator[bool]:
    """The interface up at this bit rate, listening alone, for the time of a `with` block; false if it has none such."""
    link = (program, "link", "set", channel)
    try:
        yield _works(*link, "up", "type", "can", "bitrate", str(rate), "listen-only", "on")
    finally:
        _works(*link, "down")
        _works(*link, "type", "can", "listen-only", "off")


def _works(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0
