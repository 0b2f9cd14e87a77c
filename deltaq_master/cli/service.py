"""`deltaq service`: a bus that comes up by itself, and services on it, by systemd."""

from __future__ import annotations

from dataclasses import replace
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
        typer.Option("--bitrate", metavar="BIT/S", help="Bit rate. Else that of deltaq -b, else 500000."),
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
    different, and nothing else.

    \b
    Examples:
      deltaq service install --channel can0 --bitrate 500000 --print
      sudo deltaq service install --channel can0 --bitrate 500000
      sudo deltaq service install --channel can0 --watch
      sudo deltaq service install --channel can0 --charge pack.toml --hold

    A service that charges begins at the next boot, or by systemctl start.
    """
    from deltaq_master.service.carrying import carry_out
    from deltaq_master.service.looking import look, tried
    from deltaq_master.service.plan import install as planned

    chosen = settings(context)
    request = _request(chosen, channel, bitrate, queue, charge, watch, (hold, release), way)
    machine = look(request.channel, root)
    if not printed:
        _check_rights("service install", machine.root, machine.systemd is not None or root is not None)
        machine = tried(request, machine) if root is None else machine
    elif not machine.readable:
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


def _request(
    chosen: Settings,
    channel: str | None,
    bitrate: int | None,
    queue: int | None,
    charge: Path | None,
    watch: bool,
    end: tuple[bool, bool],
    way: str | None,
) -> Request:
    from deltaq_master.service.request import AtTheEnd, Job, Request, Way

    if charge is not None and watch:
        raise UsageError("--charge and --watch exclude each other", "a charge keeps a journal too")
    if chosen.eds is not None:
        raise UsageError("a service uses the shipped EDS", "leave --eds out")
    try:
        wanted = Way(way) if way is not None else None
    except ValueError:
        raise UsageError(f"--way {way}: no such way", "networkd or template") from None
    text = ""
    if charge is not None:
        # A profile that could not be carried out is refused now, and not at the next boot.
        service_charge.plan_of(chosen, charge, *end)
        text = charge.read_text(encoding="utf-8")
    hold, release = end
    return Request(
        _channel(chosen, channel),
        bitrate or chosen.bitrate or 500_000,
        queue,
        wanted,
        Job.CHARGE if charge is not None else Job.WATCH if watch else Job.NONE,
        text,
        AtTheEnd.HOLD if hold else AtTheEnd.RELEASE if release else AtTheEnd.REFUSE,
        chosen.node_id,
        chosen.master_id,
    )


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
