"""`deltaq service status`: what is installed for an interface, and whether it is in force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.link.bus.interfaces import Interface
    from deltaq_master.service.plan import Plan
    from deltaq_master.service.request import Request

SCHEMA = "deltaq.service/1"
UP_WAIT = 5.0
"""How long the interface may take to come up after the commands [s]."""
LOOK = 0.1


def show_plan(plan: Plan, json: bool) -> None:
    """Files and commands of a plan, so that they could be carried out by hand."""
    if json:
        show_json(
            {
                "schema": SCHEMA,
                "event": "plan",
                "way": plan.way.value if plan.way else None,
                "write": plan.write,
                "remove": plan.remove,
                "before": [step.words for step in plan.before],
                "after": [step.words for step in plan.after],
                "unchanged": plan.unchanged,
                "notes": plan.notes,
            }
        )
        return
    if plan.nothing:
        show("# there is nothing to do")
    for step in plan.before:
        show(f"# run: {' '.join(step.words)}")
    for path, text in plan.write.items():
        # An EDS is a copy, and thousands of lines long.
        lines = text.count("\n")
        show(
            f"# file: {path}, a copy of {lines} lines" if path.endswith(".eds") else f"# file: {path}\n{text}"
        )
    for path in plan.remove:
        show(f"# remove: {path}")
    for path in plan.unchanged:
        show(f"# unchanged: {path}")
    for step in plan.after:
        show(f"# run: {' '.join(step.words)}")


def show_end(request: Request, plan: Plan, json: bool, root: Path | None) -> int:
    """What is in force after an installation, and exit code 1 if an interface that is there did not come up."""
    here = None if root is not None else _when_up(request)
    fault = here is not None and not (here.up and here.bitrate == request.bitrate)
    if json:
        show_json(
            {
                "schema": SCHEMA,
                "event": "installed",
                "channel": request.channel,
                "way": plan.way.value if plan.way else None,
                "written": list(plan.write),
                "removed": plan.remove,
                "unchanged": plan.unchanged,
                "notes": plan.notes,
                "interface": here,
            }
        )
    else:
        for path in plan.unchanged:
            show(f"unchanged {path}")
        if here is not None:
            show(in_force(here))
    if fault:
        way = plan.way.value if plan.way else ""
        unit = "systemd-networkd" if way == "networkd" else f"can-up@{request.channel}"
        say(
            f"deltaq: {request.channel} did not come up at {request.bitrate} bit/s; journalctl -u {unit} says why"
        )
    return ExitCode.FAILED if fault else ExitCode.DONE


def in_force(here: Interface) -> str:
    """An interface on one line."""
    parts = (
        f"{here.name}: {'up' if here.up else 'down'}",
        f"{here.bitrate} bit/s" if here.bitrate else "",
        here.state or "",
        f"queue {here.queue} frames" if here.queue is not None else "",
        f"restart after {here.restart_ms} ms" if here.restart_ms else "no restart after bus-off",
    )
    return ", ".join(filter(None, parts))


def status(
    context: typer.Context,
    channel: Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Interface: can0.")] = None,
) -> int:
    """Show what is installed for an interface, and whether it is in force.

    It needs no root and changes nothing. Exit code 1 if something is
    installed and not in force: the interface down, at another bit rate, with
    another queue than was asked for, a service failed.

    \b
    Examples:
      deltaq service status --channel can0
      deltaq --json service status --channel can0
    """
    from deltaq_master.service.looking import bus_state, look, unit_states
    from deltaq_master.service.plan import is_ours
    from deltaq_master.service.program_unit import unit_path
    from deltaq_master.service.request import Job, bus_unit, job_unit

    chosen = settings(context)
    name = channel or chosen.channel
    if name is None:
        raise UsageError("no interface is named", "name it: --channel can0")
    files = {path: text for path, text in look(name).files.items() if is_ours(text)}
    units = [job_unit(name, job) for job in (Job.CHARGE, Job.WATCH) if unit_path(name, job) in files]
    if any(f"/{bus_unit(name)}.d/" in path for path in files):
        units.append(bus_unit(name))
    states, here = unit_states(tuple(units)), bus_state(name)
    problems = list(_problems(name, files, here, states))
    if chosen.json:
        found: dict[str, Any] = {"schema": SCHEMA, "event": "status", "channel": name}
        show_json({**found, "files": list(files), "interface": here, "units": states, "problems": problems})
    else:
        show(in_force(here) if here is not None else f"{name}: not there")
        for unit, state in states.items():
            show(_unit_line(unit, state))
        for path in files:
            show(f"installed {path}")
        if not files:
            show(f"{name}: nothing of ours is installed")
    for problem in problems:
        say(f"deltaq: {problem}")
    return ExitCode.FAILED if problems else ExitCode.DONE


def _unit_line(unit: str, state: dict[str, str]) -> str:
    words = f"{unit}: {state.get('ActiveState', 'unknown')} ({state.get('SubState', '?')})"
    text = state.get("StatusText", "")
    return f"{words}, {state.get('UnitFileState') or 'not enabled'}" + (f": {text}" if text else "")


def _problems(
    name: str, files: dict[str, str], here: Interface | None, states: dict[str, dict[str, str]]
) -> Iterator[str]:
    from deltaq_master.service.bus_units import options_in

    asked = options_in(files)
    if files and here is not None:
        if not here.up:
            yield f"{name} is down; deltaq service install brings it up again"
        elif asked.get("bitrate") not in (None, here.bitrate):
            yield f"{name} runs at {here.bitrate} bit/s, and {asked['bitrate']} is installed; install again"
        queue = asked.get("txqueuelen")
        if queue is not None and here.queue not in (queue, min(queue, 32767)):
            yield (
                f"the queue of {name} is {here.queue} frames, and {queue} is installed; is there another .link file "
                f"for it (udevadm info /sys/class/net/{name})?"
            )
    for unit, state in states.items():
        if state.get("ActiveState") == "failed":
            yield f"{unit} has failed ({state.get('Result', 'unknown')}); journalctl -u {unit} says why"


def _when_up(request: Request) -> Interface | None:
    """The interface once it is up, or as it is when it took too long."""
    from deltaq_master.link import clock
    from deltaq_master.link.pump.feed import Feed
    from deltaq_master.service.looking import bus_state

    rest: Feed[None] = Feed()
    until = clock.now() + UP_WAIT
    while (here := bus_state(request.channel)) is not None and clock.now() < until:
        if here.up and here.bitrate == request.bitrate:
            break
        rest.take(LOOK)
    return here
