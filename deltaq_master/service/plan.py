"""What an installation does on this computer: files, commands, and what there is to say. Nothing is done here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deltaq_master.errors import RefusedError
from deltaq_master.service import bus_units, program_unit
from deltaq_master.service.machine import FIRST_NETWORKD, Machine
from deltaq_master.service.request import (
    ACCEPTED_QUEUE,
    AtTheEnd,
    Job,
    Request,
    Way,
    eds_path,
    job_unit,
    profile_path,
)
from deltaq_master.service.sandbox import HOMES, REPLACED
from deltaq_master.service.steps import Steps, bus_steps, job_steps, leave_steps


@dataclass(frozen=True, slots=True)
class Plan:
    """An installation or its removal, to be carried out from left to right."""

    way: Way | None
    before: Steps
    """Commands while the old files are there."""
    write: dict[str, str]
    """Files that are missing or different, with their text."""
    remove: tuple[str, ...]
    after: Steps
    """Commands once the new files are there."""
    unchanged: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """True if all is as it should be."""
        return not (self.before or self.write or self.remove or self.after)


def paths(channel: str) -> tuple[str, ...]:
    """Every file that an installation on this interface may have."""
    return (
        bus_units.network_path(channel),
        bus_units.link_path(channel),
        bus_units.TEMPLATE,
        bus_units.drop_in_path(channel),
        *(program_unit.unit_path(channel, job) for job in (Job.WATCH, Job.CHARGE)),
        profile_path(channel),
        eds_path(channel),
    )


def way_of(request: Request, machine: Machine) -> Way:
    """Who sets the interface up: who was named, else networkd where it runs and is new enough."""
    if request.way is not None:
        return request.way
    capable = machine.networkd and (machine.systemd or 0) >= FIRST_NETWORKD
    return Way.NETWORKD if capable else Way.TEMPLATE


def texts(request: Request, machine: Machine) -> dict[str, str]:
    """The files of an installation, by path."""
    channel = request.channel
    if way_of(request, machine) is Way.NETWORKD:
        found = {bus_units.network_path(channel): bus_units.network_text(request, machine.restart is True)}
        if request.queue is not None:
            found[bus_units.link_path(channel)] = bus_units.link_text(request, accepted(request, machine))
    else:
        found = {
            bus_units.TEMPLATE: bus_units.template_text(machine.ip),
            bus_units.drop_in_path(channel): bus_units.drop_in_text(request, machine.ip),
        }
    if request.job is not Job.NONE:
        path = program_unit.unit_path(channel, request.job)
        home = any(place.startswith(HOMES) for place in machine.places)
        found[path] = program_unit.program_text(request, machine.command, home)
    if request.job is Job.CHARGE:
        found[profile_path(channel)] = bus_units.head(request.words) + request.profile
    if request.eds:
        found[eds_path(channel)] = bus_units.head(request.words) + request.eds
    return found


def accepted(request: Request, machine: Machine) -> int:
    """The queue length to write where a refused one would be ignored: what was taken, else what every kernel takes."""
    return machine.queue or min(request.queue or 0, ACCEPTED_QUEUE)


def install(request: Request, machine: Machine) -> Plan:
    """Install, or change what is installed. Raises RefusedError; then nothing was changed."""
    machine = _with_known_restart(request, machine)
    _check(request, machine)
    way, wanted = way_of(request, machine), texts(request, machine)
    stale = _removable(machine, [path for path in machine.files if path not in wanted])
    _check_ours(wanted, machine)
    write = {path: text for path, text in wanted.items() if machine.files.get(path) != text}
    return Plan(
        way,
        leave_steps(request.channel, stale, machine),
        write,
        stale,
        (*bus_steps(request, way, machine, {*write, *stale}), *job_steps(request, set(write))),
        tuple(path for path in wanted if path not in write),
        tuple(_notes(request, way, machine)),
    )


def uninstall(channel: str, machine: Machine) -> Plan:
    """Take everything away that `install` brought for this interface, and nothing else."""
    gone = _removable(machine, list(machine.files))
    after: Steps = ()
    if gone:
        after = leave_steps(channel, gone, machine, removed=True)
    kept = [path for path in machine.files if path not in gone and path != bus_units.TEMPLATE]
    notes = tuple(f"{path} is not ours, and stays" for path in kept)
    return Plan(None, leave_steps(channel, gone, machine), {}, gone, after, (), notes)


def is_ours(text: str) -> bool:
    """Whether an installation wrote this file."""
    return text.startswith(bus_units.HEAD)


def _removable(machine: Machine, listed: list[str]) -> tuple[str, ...]:
    shared = {bus_units.TEMPLATE} if machine.others else set()
    return tuple(path for path in listed if is_ours(machine.files[path]) and path not in shared)


def _with_known_restart(request: Request, machine: Machine) -> Machine:
    """What could not be tried, because the interface is up, was found out by the installation before."""
    before = machine.files.get(bus_units.network_path(request.channel), "")
    if machine.restart is None and is_ours(before):
        return replace(machine, restart="RestartSec=" in before)
    return machine


def _check(request: Request, machine: Machine) -> None:
    here = machine.interface
    if here is not None and here.virtual:
        raise RefusedError(
            "service install",
            f"{here.name} is a virtual interface ({here.kind}), without a bit rate",
            f"bring it up by hand: ip link set {here.name} up",
        )
    if request.job is Job.NONE:
        return
    hidden = next((place for place in machine.places if place.startswith(REPLACED)), "")
    if hidden or not machine.readable:
        raise RefusedError(
            "service install",
            f"a service, which has a user of its own, cannot read {hidden or machine.places[0]}",
            "install deltaq for all: python3 -m venv /opt/deltaq, then /opt/deltaq/bin/pip install it there",
        )


def _check_ours(wanted: dict[str, str], machine: Machine) -> None:
    for path in wanted:
        if path in machine.files and not is_ours(machine.files[path]):
            raise RefusedError(
                "service install", f"{path} is there, and is not ours", "move it away, or keep to it"
            )


def _notes(request: Request, way: Way, machine: Machine) -> Iterator[str]:
    here = machine.interface
    if here is None:
        others = f" (here: {', '.join(machine.present)})" if machine.present else ""
        yield f"there is no {request.channel} now{others}: it comes up when its adapter is plugged in"
    if request.queue is not None:
        yield (
            f"a queue of {request.queue} frames holds {request.queue_time:.1f} s of a bus at {request.bitrate} "
            "bit/s: with nobody to acknowledge, that much of the past is sent when the bus is back. It is for "
            "bursts of bulk data; charging needs the kernel's own length, without --txqueuelen"
        )
        written = accepted(request, machine) if way is Way.NETWORKD else machine.queue
        if written is not None and written != request.queue:
            yield f"{request.queue} is refused by current kernels: {written} is used, the most that they take"
    if way is Way.NETWORKD and not machine.networkd:
        yield "systemd-networkd does not run here: it is enabled and started, and uninstall leaves it so"
    if way is Way.NETWORKD and machine.restart is not True:
        why = "its driver cannot restart" if machine.restart is False else "it could not be tried"
        mend = (
            f"after bus-off: ip link set {request.channel} down, then networkctl reconfigure {request.channel}"
            if machine.restart is False
            else f"ip link set {request.channel} down, with the adapter plugged in, and install again"
        )
        yield f"no restart after bus-off ({why}); {mend}"
    if way is Way.TEMPLATE and machine.restart is False:
        mend = f"after bus-off: systemctl restart can-up@{request.channel}"
        yield f"no restart after bus-off (its driver cannot restart); {mend}"
    if request.job is Job.CHARGE:
        unit = job_unit(request.channel, Job.CHARGE)
        yield f"it charges at the next boot; now: systemctl start {unit}"
        if request.at_the_end is AtTheEnd.REFUSE:
            yield (
                "a charger with a local algorithm will be refused: say --hold or --release-to-local for one that "
                "may charge by itself once our heartbeat ends"
            )
    if machine.usb_serial:
        yield (
            "with more than one adapter the names may change at a boot; this line in "
            "/etc/udev/rules.d/70-deltaq-names.rules names this one for good: "
            + bus_units.naming_rule(machine.usb_serial)
        )
