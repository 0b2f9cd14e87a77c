"""`deltaq service`: a bus that comes up by itself, and services on it, by systemd."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli import service_charge, service_status, service_watch
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from deltaq_master.service.request import Request

app = typer.Typer(
    help="systemd: a bus that comes up by itself, and a service that watches or charges.",
    no_args_is_help=True,
)
SCHEMA = "deltaq.service/1"
USUAL_BITRATE = 500_000

Channel = Annotated[
    str | None, typer.Option("--channel", metavar="NAME", help="Interface: can0. Else that of deltaq -c.")
]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="Work on the files of a system that lies there; run nothing."),
]
Print = Annotated[bool, typer.Option("--print", help="Show files and commands; change nothing.")]


@app.command("install")
def install(
    context: typer.Context,
    channel: Channel = None,
    bitrate: Annotated[
        int | None,
        typer.Option(
            "--bitrate",
            metavar="BIT/S",
            help="Bit rate. Else that of deltaq -b, else as installed, else 500000.",
        ),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option(
            "--txqueuelen", metavar="N", help="Transmit queue. Without it the kernel's own, which is enough."
        ),
    ] = None,
    charge: Annotated[
        Path | None,
        typer.Option(
            "--charge", metavar="PROFILE.toml", help="And a service that charges by this battery profile."
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="And a service that listens, and keeps a journal.")
    ] = False,
    bms: Annotated[
        str | None,
        typer.Option(
            "--bms",
            metavar="SOURCE",
            help="With --charge: battery readings from a named pipe, a Unix socket, or ADDRESS:PORT.",
        ),
    ] = None,
    eds: Annotated[
        Path | None,
        typer.Option(
            "--eds",
            metavar="FILE",
            help="EDS of the charger, for the service. Else that of deltaq --eds, else the shipped one.",
        ),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="With --charge: stay on the bus after the end at ready 0 and 0 A.")
    ] = False,
    release: Annotated[
        bool,
        typer.Option(
            "--release-to-local", help="With --charge: leave a charger that may charge on by itself."
        ),
    ] = False,
    way: Annotated[
        str | None,
        typer.Option(
            "--way", metavar="WAY", help="networkd or template, instead of what this computer runs."
        ),
    ] = None,
    printed: Print = False,
    root: Root = None,
) -> int:
    """Make an interface come up by itself: at boot, and when its adapter is plugged in.

    It writes files for systemd-networkd where that runs, else a template unit
    can-up@.service that uses `ip link`. What a driver or a kernel refuses
    (restart after bus-off, a long queue) is left out and said, and never
    keeps the bus down. It needs root. Given again it changes what is
    different, and nothing else; what is not asked for again is taken away.

    \b
    Examples:
      deltaq service install --channel can0 --bitrate 500000 --print
      sudo deltaq service install --channel can0 --bitrate 500000
      sudo deltaq service install --channel can0 --watch
      sudo deltaq service install --channel can0 --charge pack.toml --hold
      sudo deltaq service install --channel can0 --charge pack.toml --bms /run/bms

    A service that charges begins at the next boot, or by systemctl start.
    Profile and EDS are copied to /etc/deltaq.
    """
    from deltaq_master.service.carrying import carry_out
    from deltaq_master.service.looking import look, tried
    from deltaq_master.service.plan import install as planned
    from deltaq_master.service.request import Job

    chosen = settings(context)
    charging = _Charging(charge, bms, hold, release)
    chosen = replace(chosen, eds=eds or chosen.eds)
    name = _channel(chosen, channel)
    machine = look(name, root)
    request = _request(
        chosen, name, bitrate or chosen.bitrate or machine.bitrate, queue, charging, watch, way
    )
    if not printed:
        _check_rights("service install", machine.root, machine.systemd is not None or root is not None)
        machine = tried(request, machine) if root is None else machine
    elif request.job is not Job.NONE and not machine.readable:
        say(
            f"note: {machine.places[0]} cannot be read by a service: install deltaq elsewhere before, as /opt/deltaq"
        )
        machine = replace(machine, readable=True)
    plan = planned(request, machine)
    for note in plan.notes:
        say(f"note: {note}")
    if printed:
        service_status.show_plan(plan, chosen.json)
        return 0
    carry_out(plan, root, told=lambda text: show(text) if not chosen.json else None)
    return service_status.show_end(request, plan, chosen.json, root)


@app.command("uninstall")
def uninstall(
    context: typer.Context, channel: Channel = None, printed: Print = False, root: Root = None
) -> int:
    """Take away what `install` brought for an interface, and nothing else.

    A charge under way is ended by the safe order first; the interface is down
    afterwards. Files that `install` did not write stay.

    \b
    Examples:
      deltaq service uninstall --channel can0 --print
      sudo deltaq service uninstall --channel can0
    """
    from deltaq_master.service.carrying import carry_out
    from deltaq_master.service.looking import look
    from deltaq_master.service.plan import uninstall as planned

    chosen = settings(context)
    name = _channel(chosen, channel)
    machine = look(name, root)
    plan = planned(name, machine)
    for note in plan.notes:
        say(f"note: {note}")
    if printed:
        service_status.show_plan(plan, chosen.json)
        return 0
    _check_rights("service uninstall", machine.root, True)
    carry_out(plan, root, told=lambda text: show(text) if not chosen.json else None)
    if chosen.json:
        show_json({"schema": SCHEMA, "event": "uninstalled", "channel": name, "removed": plan.remove})
    elif plan.nothing:
        show(f"{name}: nothing of ours is installed")
    return 0


app.command("status")(service_status.status)
app.command("charge")(service_charge.charge)
app.command("watch")(service_watch.watch)


@dataclass(frozen=True)
class _Charging:
    """The words about a charge."""

    profile: Path | None
    bms: str | None
    hold: bool
    release: bool


def _request(
    chosen: Settings,
    channel: str,
    bitrate: int | None,
    queue: int | None,
    charging: _Charging,
    watch: bool,
    way: str | None,
) -> Request:
    from deltaq_master.service.bus_units import without_head
    from deltaq_master.service.request import AtTheEnd, Job, Request, Way

    charge = charging.profile
    if charge is not None and watch:
        raise UsageError("--charge and --watch exclude each other", "a charge keeps a journal too")
    try:
        wanted = Way(way) if way is not None else None
    except ValueError:
        raise UsageError(f"--way {way}: no such way", "networkd or template") from None
    text = ""
    # A profile or an EDS that could not be used is refused now, and not at the next boot.
    eds = without_head(_eds_text(chosen))
    if charge is not None:
        service_charge.plan_of(chosen, charge, charging.hold, charging.release)
        text = without_head(charge.read_text(encoding="utf-8"))
    return Request(
        channel,
        bitrate or USUAL_BITRATE,
        queue,
        wanted,
        Job.CHARGE if charge is not None else Job.WATCH if watch else Job.NONE,
        text,
        charging.bms or "",
        eds,
        AtTheEnd.HOLD if charging.hold else AtTheEnd.RELEASE if charging.release else AtTheEnd.REFUSE,
        chosen.node_id,
        chosen.master_id,
    )


def _eds_text(chosen: Settings) -> str:
    """The text of the EDS that is asked for, '' for the shipped one. Raises FileError for one that cannot be used."""
    if chosen.eds is None:
        return ""
    from deltaq_master.dictionary.sections import Reading, read_lines

    chosen.dictionary()
    return "\n".join(read_lines(Reading(chosen.eds, chosen.node_id)))


def _channel(chosen: Settings, channel: str | None) -> str:
    name = channel or chosen.channel
    if name is None:
        raise UsageError("no interface is named", "name it: --channel can0")
    return name


def _check_rights(verb: str, root: bool, systemd: bool) -> None:
    if not systemd:
        raise RefusedError(
            verb, "this computer does not run systemd", "--print shows the files, to take from there"
        )
    if not root:
        raise RefusedError(
            verb,
            "it writes to /etc and gives orders to systemd, which only root may",
            "look first with --print, then give it with sudo",
        )
