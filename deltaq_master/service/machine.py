"""What the computer is, as far as the installation depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaq_master.link.bus.interfaces import Interface
from deltaq_master.service.bus_units import options_in

FIRST_NETWORKD = 248
"""The first systemd whose .link files have TransmitQueueLength=; [CAN] in .network files is older."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts about the computer; the defaults are those of one about which nothing could be tried."""

    root: bool = True
    """Whether we may write to /etc and tell systemd."""
    systemd: int | None = 252
    """Its version, None where it does not run."""
    networkd: bool = False
    """Whether systemd-networkd runs."""
    ip: str = "/usr/sbin/ip"
    command: tuple[str, ...] = ("/usr/bin/python3", "-m", "deltaq_master")
    """How our command is started here, by absolute paths."""
    places: tuple[str, ...] = ()
    """Where our command and its libraries lie, the ends of links."""
    readable: bool = True
    """Whether every user can read those places."""
    interface: Interface | None = None
    """The interface as it stands, None while it is not there."""
    present: tuple[str, ...] = ()
    """All CAN controllers that are there, by the names of their interfaces."""
    restart: bool | None = None
    """Whether its driver can restart after bus-off, None if that could not be tried."""
    queue: int | None = None
    """The queue length that its kernel took when it was tried, None if it could not be."""
    usb_serial: str | None = None
    """Serial number of the adapter, where it is one with a USB plug."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts of the files that are there, of those that an installation on this interface may have."""
    others: tuple[str, ...] = ()
    """Other interfaces that our template unit brings up."""

    @property
    def bitrate(self) -> int | None:
        """The bit rate that is installed [bit/s], None if none is."""
        return options_in(self.files).get("bitrate")
