"""Looking at a bus and at this computer, without sending and without changing anything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from deltaq_master.errors import BusError, OurError
from deltaq_master.link import clock
from deltaq_master.link.bus.interfaces import interfaces
from deltaq_master.link.bus.network import Network
from deltaq_master.link.bus.own_settings import own_settings
from deltaq_master.link.pump.lateness import lateness
from deltaq_master.protocol.events import Frame
from deltaq_master.service.findings import Findings, Heard, heard

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
TIMESYNC = Path("/run/systemd/timesync")
STATUS = Path("/proc/self/status")
CAP_SYS_NICE = 1 << 23
"""Its bit in CapEff (capabilities(7)), by which any priority may be asked for."""
Opening = Callable[[], AbstractContextManager[Network]]


def examine(asked: Findings, open_bus: Opening, seconds: float) -> Findings:
    """Everything that can be found out, listening for `seconds`; a bus that is down is not opened."""
    configured, sources = own_settings()
    found = replace(asked, configured=configured, sources=sources)
    if found.way == "socketcan":
        here = interfaces()
        found = replace(
            found,
            before=next((each for each in here if each.name == found.channel), None),
            others=tuple(each.name for each in here if each.name != found.channel),
        )
    if found.way != "socketcan" or (found.before is not None and found.before.up):
        try:
            with open_bus() as network:
                found = replace(found, heard=listened(network, seconds))
        except (BusError, OurError) as error:
            found = replace(found, refused=str(error))
    if found.before is not None:
        after = next((each for each in interfaces() if each.name == found.channel), None)
        found = replace(found, after=after)
    return replace(
        found,
        lateness=lateness(),
        realtime=_realtime(),
        niceness=os.nice(0) if hasattr(os, "nice") else None,
        synchronised=SYNCHRONISED.exists() if TIMESYNC.is_dir() else None,
    )


def listened(network: Network, seconds: float) -> Heard:
    """What is heard on a bus in this time. Raises BusError if it is lost meanwhile."""
    queue: SimpleQueue[Frame] = SimpleQueue()
    network.gate.subscribe_frames(queue.put)
    until, frames = clock.now() + seconds, list[Frame]()
    while (left := until - clock.now()) > 0 and not network.gate.lost:
        try:
            frames.append(queue.get(timeout=left))
        except Empty:
            break
    if network.gate.lost:
        raise BusError(network.gate.lost)
    return heard(frames, seconds)


def _realtime() -> bool | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = getattr(resource, "RLIMIT_RTPRIO", None)
    return None if limit is None else resource.getrlimit(limit)[0] != 0 or _capable()


def _capable() -> bool:
    """Whether this process has CAP_SYS_NICE, as root has it outside of a container."""
    try:
        found = re.search(r"^CapEff:\s*([0-9a-f]+)$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return os.geteuid() == 0
    return found is not None and bool(int(found[1], 16) & CAP_SYS_NICE)
