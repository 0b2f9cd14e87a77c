"""The CAN interfaces of this computer as its kernel describes them, by `ip`, which the units and mends use too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltaq_master.errors import BusError
from deltaq_master.units import quantity

ADMINISTRATORS = ("/usr/sbin", "/sbin")
"""Folders that PATH may lack, where `ip` may lie."""
ECHO = 1 << 18
"""IFF_ECHO in the flags: the driver shows a frame to its sender when it was acknowledged."""
SYSTEM = Path("/sys/class/net")


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of SocketCAN; what its driver does not tell is None."""

    name: str
    kind: str
    """`can` for a controller, `vcan` and `vxcan` for virtual ones."""
    driver: str | None
    up: bool
    state: str | None
    """`ERROR-ACTIVE`, `ERROR-WARNING`, `ERROR-PASSIVE`, `BUS-OFF` or `STOPPED`."""
    modes: tuple[str, ...]
    """Control modes in force, such as LISTEN-ONLY."""
    listen_only: bool | None
    """Whether the driver has a listen-only mode."""
    echo: bool | None
    """Whether the driver shows our own frames when they were acknowledged, and not before."""
    received: int
    sent: int
    bitrate: int | None = quantity("bit/s", "as configured", default=None)
    queue: int | None = quantity("frames", "length of the transmit queue", default=None)
    restart_ms: int | None = quantity("ms", "until a restart after bus-off, 0 for none", default=None)
    sent_errors: int | None = quantity("", "transmit error counter", default=None)
    received_errors: int | None = quantity("", "receive error counter", default=None)
    bus_errors: int | None = quantity("", "error frames since the interface exists", default=None)
    bus_off: int | None = quantity("", "times in bus-off since the interface exists", default=None)

    @property
    def virtual(self) -> bool:
        """True for an interface without a controller: it has no bit rate and no errors."""
        return self.kind != "can"


def ip_program() -> str | None:
    """Where `ip` is, None if this computer has none."""
    return _program("ip")


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *ADMINISTRATORS)))


def interfaces() -> tuple[Interface, ...]:
    """All CAN interfaces, by name. Raises BusError where `ip` is missing or fails."""
    program = ip_program()
    if program is None:
        raise BusError(
            "the network interfaces cannot be listed: there is no program ip", "install the package iproute2"
        )
    command = [program, "-json", "-details", "-statistics", "link", "show"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BusError(f"the network interfaces cannot be listed: {done.stderr.strip()}")
    return tuple(sorted(parsed(done.stdout), key=lambda each: each.name))


def interface(name: str) -> Interface | None:
    """The interface of this name, None if there is none. Raises BusError as `interfaces`."""
    return next((each for each in interfaces() if each.name == name), None)


def waiting(name: str) -> int | None:
    """Frames of all programs in the transmit queue of an interface, by `tc`; None where nobody tells.

    What driver and adapter have taken, one or two frames, is not among them.
    """
    program = _program("tc")
    if program is None:
        return None
    command = [program, "-json", "-statistics", "qdisc", "show", "dev", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return queued(done.stdout) if done.returncode == 0 else None


def queued(text: str) -> int | None:
    """Frames that wait, in what `tc -json -statistics qdisc show dev NAME` prints; None for an interface without."""
    # The root of an interface with several queues (mq) has counted theirs already.
    roots = [each for each in json.loads(text or "[]") if each.get("root")]
    return sum(each["qlen"] for each in roots) if roots else None


def parsed(text: str) -> Iterator[Interface]:
    """The CAN interfaces in what `ip -json -details -statistics link show` prints."""
    for link in json.loads(text):
        if link.get("link_type") == "can":
            yield _described(link)


def _described(link: Mapping[str, Any]) -> Interface:
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    modes = tuple(data.get("ctrlmode", ()))
    # The slcan driver fixes its bit rates, which `ip` prints under another key.
    timing = data.get("bittiming", {})
    bitrate = timing.get("bitrate") or data.get("bittiming_bitrate")
    counters = data.get("berr_counter", {})
    totals = info.get("info_xstats", {})
    traffic = link.get("stats64", {})
    static = data.get("ctrlmode_static", ())
    supported = data.get("ctrlmode_supported")
    return Interface(
        name=link["ifname"],
        kind=info.get("info_kind", "can"),
        driver=_driver(link),
        up="UP" in link.get("flags", ()),
        state=data.get("state"),
        modes=modes,
        listen_only=None
        if supported is None
        else any("LISTEN-ONLY" in each for each in (supported, static, modes)),
        echo=_echo(link["ifname"]),
        received=traffic.get("rx", {}).get("packets", 0),
        sent=traffic.get("tx", {}).get("packets", 0),
        bitrate=bitrate or None,
        queue=link.get("txqlen"),
        restart_ms=data.get("restart_ms"),
        sent_errors=counters.get("tx"),
        received_errors=counters.get("rx"),
        bus_errors=totals.get("bus_error"),
        bus_off=totals.get("bus_off"),
    )


def _driver(link: Mapping[str, Any]) -> str | None:
    try:
        return (SYSTEM / str(link["ifname"]) / "device" / "driver").readlink().name
    except OSError:
        # A line discipline has no device of its own; the name of its parent bus is all that is left.
        parent = link.get("parentbus")
        return str(parent) if parent else None


def _echo(name: str) -> bool | None:
    try:
        return bool(int((SYSTEM / name / "flags").read_text(encoding="ascii"), 16) & ECHO)
    except OSError:
        return None


def usb_serial(name: str) -> str | None:
    """Serial number of the USB adapter behind an interface, None if it has none."""
    try:
        place = (SYSTEM / name / "device").resolve(strict=True)
    except OSError:
        return None
    for folder in (place, *place.parents):
        found = folder / "serial"
        if (folder / "idVendor").exists():
            return found.read_text(encoding="ascii", errors="replace").strip() if found.exists() else None
    return None
