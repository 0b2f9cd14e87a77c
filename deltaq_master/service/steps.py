"""The commands that go with the files: what systemd and networkd are told, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from deltaq_master.service import bus_units, program_unit
from deltaq_master.service.machine import Machine
from deltaq_master.service.request import Job, Request, Way, bus_unit, eds_path, job_unit

KERNEL_QUEUE = 10
"""The transmit queue that the kernel gives a CAN interface."""
JOBS = (Job.CHARGE, Job.WATCH)


@dataclass(frozen=True, slots=True)
class Step:
    """A command; one that `may_fail` ends nothing."""

    words: tuple[str, ...]
    may_fail: bool = False


Steps = tuple[Step, ...]


def bus_steps(request: Request, way: Way, machine: Machine, changed: Collection[str]) -> Steps:
    """What brings the interface up now. An interface that is as it should be is left alone."""
    channel, here = request.channel, machine.interface
    units = [path for path in changed if path.startswith("/etc/systemd/system/")]
    steps = [_command("systemctl daemon-reload")] if units else []
    files = {
        bus_units.network_path(channel),
        bus_units.link_path(channel),
        bus_units.drop_in_path(channel),
        bus_units.TEMPLATE,
    }
    moved = bool(files & set(changed))
    asked = here is not None and here.up and here.bitrate == request.bitrate
    if way is Way.NETWORKD:
        # A queue that was tried is in force already; udev sees to it when the adapter comes back.
        if bus_units.link_path(channel) in changed:
            steps.append(_command("udevadm control --reload", may_fail=True))
        if not machine.networkd:
            steps.append(_command("systemctl enable --now systemd-networkd.service"))
        if moved:
            steps.append(_command("networkctl reload"))
        if here is not None and (moved or not asked):
            steps.append(_command(f"networkctl reconfigure {channel}"))
    else:
        if moved:
            steps.append(_command(f"systemctl enable {bus_unit(channel)}"))
        if here is not None and (moved or not asked):
            steps.append(_command(f"systemctl restart {bus_unit(channel)}"))
    return tuple(steps)


def job_steps(request: Request, changed: Collection[str]) -> Steps:
    """What enables the service. One that watches begins at once; one that charges waits for a word, or a boot."""
    read = {program_unit.unit_path(request.channel, request.job), eds_path(request.channel)}
    if request.job is Job.NONE or not read & set(changed):
        return ()
    unit = job_unit(request.channel, request.job)
    steps = [_command(f"systemctl enable {unit}")]
    if request.job is Job.WATCH:
        steps.append(_command(f"systemctl restart --no-block {unit}"))
    return tuple(steps)


def leave_steps(channel: str, gone: Collection[str], machine: Machine, removed: bool = False) -> Steps:
    """What ends before files are `gone`, or with `removed` what is told afterwards."""
    return tuple(_told(channel, gone, machine) if removed else _ended(channel, gone))


def _ended(channel: str, gone: Collection[str]) -> Iterator[Step]:
    for job in JOBS:
        if program_unit.unit_path(channel, job) in gone:
            # Stops it in the safe order.
            yield _command(f"systemctl disable --now {job_unit(channel, job)}")
    if bus_units.drop_in_path(channel) in gone:
        yield _command(
            f"systemctl disable --now {bus_unit(channel)}"
        )  # --now: it may be waiting for another try


def _told(channel: str, gone: Collection[str], machine: Machine) -> Iterator[Step]:
    networkd = bus_units.network_path(channel) in gone
    yield _command("systemctl daemon-reload")
    units = [job_unit(channel, job) for job in JOBS if program_unit.unit_path(channel, job) in gone]
    if bus_units.drop_in_path(channel) in gone:
        units.append(bus_unit(channel))
    for unit in units:
        yield _command(f"systemctl reset-failed {unit}", may_fail=True)
    if networkd:
        yield _command("networkctl reload", may_fail=True)
    here = machine.interface
    if here is None:
        return
    yield Step((machine.ip, "link", "set", channel, "down"), may_fail=True)
    if here.queue is not None and here.queue != KERNEL_QUEUE and _queued(gone, machine):
        yield Step((machine.ip, "link", "set", channel, "txqueuelen", str(KERNEL_QUEUE)), may_fail=True)


def _queued(gone: Collection[str], machine: Machine) -> bool:
    return any(word in machine.files[path] for path in gone for word in ("TransmitQueueLength", "txqueuelen"))


def _command(text: str, may_fail: bool = False) -> Step:
    return Step(tuple(text.split()), may_fail)
