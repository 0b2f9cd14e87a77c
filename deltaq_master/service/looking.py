"""Finding out what the computer is, for the installation and for its status."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from deltaq_master.errors import BusError
from deltaq_master.link.bus.interfaces import Interface, interface, interfaces, ip_program, usb_serial
from deltaq_master.service.machine import Machine
from deltaq_master.service.plan import paths
from deltaq_master.service.request import ACCEPTED_QUEUE, RESTART_MS, Request, bus_unit

SYSTEMD_RUNS = Path("/run/systemd/system")
INSTANCES = Path("/etc/systemd/system")


def look(channel: str, root: Path | None = None) -> Machine:
    """The computer as it is; nothing is changed. With `root` the files are those in that folder."""
    try:
        found = interfaces()
    except BusError:
        found = ()
    version = _version()
    return Machine(
        root=root is not None or (hasattr(os, "geteuid") and os.geteuid() == 0),
        systemd=version,
        networkd=version is not None and _networkd(),
        ip=ip_program() or "/usr/sbin/ip",
        command=(sys.executable, "-m", "deltaq_master"),
        places=tuple(map(str, _places())),
        # Who may read what in a system that only lies there is not known here.
        readable=root is not None or all(map(_readable, _places())),
        interface=next((each for each in found if each.name == channel), None),
        present=tuple(each.name for each in found if not each.virtual),
        usb_serial=usb_serial(channel),
        files={path: text for path in paths(channel) if (text := _text(path, root)) is not None},
        others=_others(channel, root),
    )


def tried(request: Request, machine: Machine) -> Machine:
    """The same, with what only a trial tells: which queue the kernel takes, whether the driver restarts.

    The queue stays as it was taken. An interface that is up is not asked for its restart: that takes it down.
    """
    from dataclasses import replace

    here = machine.interface
    if here is None:
        return machine
    link = (machine.ip, "link", "set", here.name)
    restart: bool | None = True if here.restart_ms else None
    if restart is None and not here.up:
        restart = _works(*link, "type", "can", "restart-ms", str(RESTART_MS))
    queue = None
    if request.queue is not None:
        tries = dict.fromkeys((request.queue, min(request.queue, ACCEPTED_QUEUE)))
        queue = next((each for each in tries if _works(*link, "txqueuelen", str(each))), None)
    return replace(machine, restart=restart, queue=queue)


def unit_states(units: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """What systemd says of each unit: ActiveState, SubState, Result, UnitFileState, StatusText, NRestarts."""
    wanted = "ActiveState,SubState,Result,UnitFileState,StatusText,NRestarts"
    return {unit: _shown(unit, wanted) for unit in units}


def bus_state(channel: str) -> Interface | None:
    """The interface now, None if it is not there or cannot be asked for."""
    try:
        return interface(channel)
    except BusError:
        return None


def _shown(unit: str, wanted: str) -> dict[str, str]:
    done = _run("systemctl", "show", unit, f"--property={wanted}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line) if done else {}


def _version() -> int | None:
    if not SYSTEMD_RUNS.is_dir():
        return None
    done = _run("systemctl", "--version")
    found = re.match(r"systemd (\d+)", done.stdout) if done else None
    return int(found[1]) if found else None


def _networkd() -> bool:
    return _works("systemctl", "is-active", "--quiet", "systemd-networkd.service")


def _places() -> tuple[Path, ...]:
    package = Path(__file__).resolve().parents[1]
    return Path(sys.executable).resolve(), Path(sys.prefix).resolve(), package


def _readable(place: Path) -> bool:
    """Whether somebody who is neither its owner nor in its group can read it."""
    try:
        return all(each.stat().st_mode & 0o005 for each in (place, *place.parents))
    except OSError:
        return False


def _others(channel: str, root: Path | None) -> tuple[str, ...]:
    folder = _place(str(INSTANCES), root)
    own = f"{bus_unit(channel)}.d"
    found = [each.parent.name for each in folder.glob("can-up@*.service.d/deltaq.conf")]
    return tuple(sorted(name.removesuffix(".d") for name in found if name != own))


def _text(path: str, root: Path | None) -> str | None:
    try:
        return _place(path, root).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _place(path: str, root: Path | None) -> Path:
    return Path(path) if root is None else root / path.lstrip("/")


def _works(*words: str) -> bool:
    done = _run(*words)
    return done is not None and done.returncode == 0


def _run(*words: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return None
