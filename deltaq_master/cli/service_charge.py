"""`deltaq service charge`: a charge as a service, watched by systemd and told to the journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say
from deltaq_master.errors import FileError, RefusedError, UsageError

if TYPE_CHECKING:
    from deltaq_master.charger.plan import ChargePlan


def charge(
    context: typer.Context,
    battery: Annotated[
        Path,
        typer.Option("--battery", metavar="FILE.toml", help="Battery profile with [limits] and [charge]."),
    ],
    hold: Annotated[
        bool, typer.Option("--hold", help="Stay on the bus after the end at ready 0 and 0 A.")
    ] = False,
    bms: Annotated[
        str | None,
        typer.Option(
            "--bms",
            metavar="SOURCE",
            help="Battery readings as JSON lines: a named pipe, a socket, HOST:PORT.",
        ),
    ] = None,
    release: Annotated[
        bool,
        typer.Option(
            "--release-to-local", help="Leave the bus although the charger may then charge by itself."
        ),
    ] = False,
) -> int:
    """What the unit of a charging service runs; it may be tried at a terminal.

    It charges as `deltaq charge` does, tells systemd when it is ready and
    that its pump is alive, and writes messages with fields to the journal.

    After a run that was ended in mid-charge (killed, crashed, frozen) it does
    not charge again: with --hold it keeps the charger at ready 0 and 0 A,
    else it refuses. A stop and a start by hand, or a reboot, begin anew.

    \b
    Example:
      deltaq -i socketcan -c can0 service charge --battery pack.toml
    """
    from deltaq_master.cli.charge_run import run_charge
    from deltaq_master.cli.service_served import Served
    from deltaq_master.link.notify import Notifier
    from deltaq_master.service.journal import Journal, Priority
    from deltaq_master.service.mark import Mark

    chosen = settings(context)
    plan = replace(plan_of(chosen, battery, hold, release), external=bms is not None)
    journal = Journal(DELTAQ_CHANNEL=chosen.channel or "", DELTAQ_NODE=str(chosen.node_id))
    mark = Mark()
    served = Served(Notifier(), journal, mark)
    try:
        if mark.found:
            plan, bms = after_a_crash(plan, chosen.channel or "can0"), None
            journal.tell(
                "the run before ended in mid-charge: the charger is held at ready 0 and 0 A, and not charged",
                Priority.WARNING,
                DELTAQ_EVENT="held-after-crash",
            )
        return run_charge(chosen, plan, bms, served=served)
    except FileError as error:
        # The program that brings the readings may be later at a boot than we are: not to be heard is no wrong word.
        if error.path != bms:
            raise
        say(f"deltaq: {error}")
        return ExitCode.NO_DEVICE
    finally:
        served.close()


def plan_of(chosen: Settings, battery: Path, hold: bool, release: bool) -> ChargePlan:
    """The plan of a charge by a profile alone. Raises FileError, UsageError or LimitError."""
    from deltaq_master.charger.plan import ChargePlan, Consent
    from deltaq_master.cli.charge_plan import read_profile, target_of

    if hold and release:
        raise UsageError("--hold and --release-to-local exclude each other", "give one of them")
    profile = read_profile(battery)
    return ChargePlan(
        chosen.dictionary(),
        profile.tighten(),
        target_of(profile.charge),
        master_id=chosen.master_id,
        battery=profile.battery,
        duration=profile.charge.duration,
        max_ah=profile.charge.max_ah,
        taper=profile.charge.taper,
        consent=Consent.HOLD if hold else Consent.RELEASE if release else Consent.NONE,
    )


def after_a_crash(plan: ChargePlan, channel: str) -> ChargePlan:
    """What is done after a run that ended in mid-charge: hold, where that was asked for. Raises RefusedError."""
    from deltaq_master.service.request import Job, job_unit

    if plan.holds:
        # To hold at 0 A needs no readings, and whoever brings them may be gone.
        return replace(plan, target=None, external=False)
    unit = job_unit(channel, Job.CHARGE)
    raise RefusedError(
        "charging again",
        "the run before was ended in mid-charge (journalctl says how), and nobody has looked since",
        f"look at charger and battery, then: systemctl start {unit}",
    )
