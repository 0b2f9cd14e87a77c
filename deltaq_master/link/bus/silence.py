"""What is known of a bus on which nothing was heard: no frame tells then whether its bit rate is ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deltaq_master.errors import BusError
from deltaq_master.link.bus.interfaces import interface
from deltaq_master.link.socketcan.socketcan import SocketCan
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network

FEW: Final = 3
"""Error frames up to which a disturbance explains them as well as another bit rate."""

TROUBLED: Final = ("ERROR-WARNING", "ERROR-PASSIVE", "BUS-OFF")
"""States that many errors bring a controller into."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What somebody knows of the bit rate of a device."""

    bitrate: int | None = quantity("bit/s", "the one that it has, None if that is not known", default=None)
    source: str = ""
    """The same as words that go on from the number: `was named with -b`."""
    allowed: tuple[int, ...] = quantity("bit/s", "those that it can have, none if not known", default=())


@dataclass(frozen=True, slots=True)
class Silence:
    """An interface on which nothing was heard, and what can be said of its bit rate."""

    channel: str
    bitrate: int = quantity("bit/s", "at which it was listened")
    waited: float = quantity("s", "for which nothing was heard")
    expected: Expected = quantity("", "what is known of the other side's")
    sent: int = quantity("", "frames of ours that left for the bus")
    errors: int = quantity("", "error frames of the controller")
    unacknowledged: int = quantity("", "of these: nobody acknowledged")
    controller: str | None = quantity("", "its error state, None where the driver does not tell")
    by_ip: bool = True
    """True where `ip` sets the bit rate; elsewhere it is an option of the program."""

    @property
    def wrong(self) -> bool:
        """Whether the device is known to have another bit rate."""
        known, allowed = self.expected.bitrate, self.expected.allowed
        return known != self.bitrate if known else bool(allowed) and self.bitrate not in allowed

    @property
    def problem(self) -> str:
        """What was found out, and what is known of the other side."""
        known, allowed = self.expected.bitrate, self.expected.allowed
        said = f"nothing was heard in {self.waited:.1f} s on {self.channel} at {self.bitrate} bit/s"
        if known and known != self.bitrate:
            said += f"; {known} bit/s {self.expected.source}"
        elif known:
            said += f", which {self.expected.source}"
        elif self.wrong:
            said += f"; the EDS has {_either(allowed)} bit/s"
        if self.errors - self.unacknowledged > FEW:
            said += f"; {self.errors} error frames and no sound one speak for another bit rate"
        elif self.controller in TROUBLED and not self.sent:
            # Its receive errors alone: a sender without acknowledgement gets there too.
            said += f"; its controller is {self.controller}, which speaks for another bit rate"
        elif self.unacknowledged:
            said += "; nobody acknowledged what was sent"
        return said

    @property
    def remedy(self) -> str:
        """The command that mends it; where the bit rate is as it should be, what else to look at."""
        known = self.expected.bitrate
        if known and self.wrong:
            return self._set(known)
        others = [rate for rate in self.expected.allowed if rate != self.bitrate]
        may = f" ({_either(others)} bit/s by its EDS)" if others else ""
        if self.wrong:
            return f"find out which{may}: {self._find}"
        look = "is the other side powered and connected, the bus terminated?"
        return f"{look} It may have another bit rate{may}: {self._find}"

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"

    def _set(self, bitrate: int) -> str:
        if self.by_ip:
            return (
                f"ip link set {self.channel} down; ip link set {self.channel} up type can bitrate {bitrate}"
            )
        return f"deltaq -b {bitrate}"

    @property
    def _find(self) -> str:
        if self.by_ip:
            name = self.channel
            return f"ip link set {name} down; deltaq -i socketcan -c {name} doctor --find-bitrate"
        return "try them with deltaq -b"


def unheard(network: Network) -> bool:
    """Whether nobody was heard on an open bus since it was opened, and the bus itself is not lost."""
    counts = network.gate.counts
    return not network.gate.lost and counts.received == counts.error


def silence(
    network: Network, expected: Expected, waited: float, bitrate: int | None = None
) -> Silence | None:
    """What is known of an open bus on which nothing was heard for `waited` [s].

    None if somebody was heard, if the bus is lost, or if it has no bit rate; `bitrate` [bit/s] is that of an
    interface which does not tell its own.
    """
    bus, gate = network.bus, network.gate
    counts = gate.counts
    if not unheard(network):
        return None
    if not isinstance(bus, SocketCan):
        if bus is None or bitrate is None:
            return None
        return Silence(gate.name, bitrate, waited, expected, counts.sent, counts.error, 0, None, by_ip=False)
    try:
        here = interface(bus.channel)
    except BusError:  # without `ip` nobody tells
        return None
    if here is None or here.bitrate is None:
        return None
    told = bus.controller
    return Silence(
        bus.channel,
        here.bitrate,
        waited,
        expected,
        counts.sent,
        counts.error,
        told.unacknowledged,
        here.state or told.state.value.upper().replace(" ", "-"),
    )


def _either(rates: tuple[int, ...] | list[int]) -> str:
    *most, last = map(str, sorted(rates))
    return f"{', '.join(most)} or {last}" if most else last
