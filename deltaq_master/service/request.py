"""What is asked of the installation: which interface, how it is set, and what runs on it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from deltaq_master.errors import UsageError
from deltaq_master.service.sandbox import UNSEEN
from deltaq_master.units import quantity

NAME = re.compile(r"[A-Za-z0-9_.:-]{1,15}")
"""An interface name that systemd and `ip` both take; the kernel's own limit is 15 characters."""
MOST_BITRATE = 1_000_000
ACCEPTED_QUEUE = 32767
"""The longest transmit queue that kernels take since "net: cap tx_queue_len at S16_MAX"."""
FRAME_BITS = 130
"""Bits of a full frame on the wire, with stuff bits, for estimates."""
RESTART_MS = 100
"""Rest after bus-off before the controller is started again [ms]."""


class Way(Enum):
    """Who sets the interface up."""

    NETWORKD = "networkd"
    TEMPLATE = "template"
    """A template unit of ours, `can-up@.service`, which uses `ip link`."""


class Job(Enum):
    """What runs on the bus."""

    NONE = "none"
    WATCH = "watch"
    CHARGE = "charge"


class AtTheEnd(Enum):
    """What the service shall do about a charger that may start by itself when our heartbeat ends."""

    REFUSE = ""
    HOLD = "--hold"
    RELEASE = "--release-to-local"


@dataclass(frozen=True, slots=True)
class Request:
    """An installation, as it was asked for. Raises UsageError for words that nothing can be done with."""

    channel: str
    bitrate: int = quantity("bit/s", "of the bus", default=500_000)
    queue: int | None = quantity("frames", "transmit queue; None leaves the kernel's own", default=None)
    way: Way | None = None
    """None: what the machine runs decides."""
    job: Job = Job.NONE
    profile: str = ""
    """Text of the battery profile, for a charge."""
    bms: str = ""
    """Where battery readings come from, for a charge: an absolute path, or HOST:PORT; '' for none."""
    eds: str = ""
    """Text of the EDS, '' for the shipped one."""
    at_the_end: AtTheEnd = AtTheEnd.REFUSE
    node_id: int = 10
    master_id: int = 1

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.channel) or self.channel in (".", ".."):
            raise UsageError(
                f"{self.channel!r} is no name of a network interface", "name one as ip link shows it: can0"
            )
        if not 1 <= self.bitrate <= MOST_BITRATE:
            raise UsageError(f"{self.bitrate} bit/s is no bit rate of classic CAN", "1 to 1000000")
        if self.queue is not None and not 1 <= self.queue <= 0x7FFFFFFF:
            raise UsageError(f"{self.queue} is no length of a queue", "give a number of frames")
        if self.at_the_end is not AtTheEnd.REFUSE and self.job is not Job.CHARGE:
            raise UsageError(f"{self.at_the_end.value} is about a charge", "add --charge PROFILE.toml")
        if self.eds and self.job is Job.NONE:
            raise UsageError("--eds is about a service", "add --charge PROFILE.toml or --watch")
        if self.bms:
            self._check_bms()

    def _check_bms(self) -> None:
        if self.job is not Job.CHARGE:
            raise UsageError("--bms is about a charge", "add --charge PROFILE.toml")
        path = self.bms.startswith("/") and self.bms.isprintable()
        if not path and not self.bms_host:
            raise UsageError(
                f"--bms {self.bms}: a service cannot read that",
                "give an absolute path (a named pipe or a Unix socket), localhost:PORT or ADDRESS:PORT",
            )
        if self.bms.startswith(UNSEEN):
            raise UsageError(f"--bms {self.bms}: a service does not see that folder", "put it below /run")

    @property
    def bms_host(self) -> str:
        """The computer that readings come from over TCP, as systemd takes it; '' for another source, or a bad one."""
        found = re.fullmatch(r"(localhost|[0-9.]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", self.bms)
        host = found[1].strip("[]") if found else ""
        if host and host != "localhost":
            with suppress(ValueError):
                return str(ip_address(host))
            return ""
        return host

    @property
    def queue_time(self) -> float:
        """How long full frames would wait in the queue that is asked for, if the bus were ours alone [s]."""
        return (self.queue or 0) * FRAME_BITS / self.bitrate

    @property
    def words(self) -> tuple[str, ...]:
        """The options that ask for this again, profile and EDS by their installed names."""
        found = ["--channel", self.channel, "--bitrate", str(self.bitrate)]
        if self.queue is not None:
            found += ["--txqueuelen", str(self.queue)]
        if self.job is Job.WATCH:
            found.append("--watch")
        if self.job is Job.CHARGE:
            found += ["--charge", profile_path(self.channel)]
        if self.eds:
            found += ["--eds", eds_path(self.channel)]
        if self.bms:
            found += ["--bms", self.bms]
        if self.at_the_end is not AtTheEnd.REFUSE:
            found.append(self.at_the_end.value)
        return tuple(found)


def profile_path(channel: str) -> str:
    """Where the battery profile of a charging service is kept."""
    return f"/etc/deltaq/{channel}.toml"


def eds_path(channel: str) -> str:
    """Where the EDS of a service is kept, if it is not the shipped one."""
    return f"/etc/deltaq/{channel}.eds"


def escaped(name: str) -> str:
    r"""A name as systemd writes it in the name of a unit: `can-a` is `can\x2da` (systemd.unit(5))."""
    first, rest = name[:1], name[1:]
    head = first if re.fullmatch(r"[A-Za-z0-9_:]", first) else f"\\x{ord(first):02x}"
    return head + "".join(c if re.fullmatch(r"[A-Za-z0-9_:.]", c) else f"\\x{ord(c):02x}" for c in rest)


def device_unit(channel: str) -> str:
    """The unit that systemd has for an interface while it is there."""
    return f"sys-subsystem-net-devices-{escaped(channel)}.device"


def bus_unit(channel: str) -> str:
    """The instance of our template that brings this interface up."""
    return f"can-up@{escaped(channel)}.service"


def job_unit(channel: str, job: Job) -> str:
    """The unit of a service of ours on this interface."""
    return f"deltaq-{job.value}-{escaped(channel)}.service"
