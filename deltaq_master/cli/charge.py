"""`deltaq charge`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltaq_master.cli.parsing import integer, seconds
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import UsageError

ASKED = "What is asked for, and what ends it"
LIMITS = "What is never exceeded"
BATTERY = "What is known of the battery"
END = "The end"
ACCEPTED = "What is accepted"
SHOWN = "How it is shown"

WITHOUT_BMS = (
    "no --bms: only the charger's own voltage and current are watched; cell voltages, temperature and the "
    "battery's wish to stop are not known here"
)


def charge(
    context: typer.Context,
    voltage: Annotated[
        float | None,
        typer.Option("--voltage", metavar="V", rich_help_panel=ASKED, help="Voltage to charge to."),
    ] = None,
    current: Annotated[
        float | None,
        typer.Option("--current", metavar="A", rich_help_panel=ASKED, help="Current until there."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="TIME",
            parser=seconds,
            rich_help_panel=ASKED,
            help="Longest time from ready on: 90s, 45m, 2h, 1h30m. Required without a capacity or --max-ah.",
        ),
    ] = None,
    max_ah: Annotated[
        float | None,
        typer.Option("--max-ah", metavar="AH", rich_help_panel=ASKED, help="Most Ah to return."),
    ] = None,
    taper: Annotated[
        float | None,
        typer.Option(
            "--taper",
            metavar="A",
            rich_help_panel=ASKED,
            help="Current that ends the charge when held near the voltage; else 0.05 x capacity.",
        ),
    ] = None,
    max_voltage: Annotated[
        float | None,
        typer.Option(
            "--max-voltage",
            metavar="V",
            rich_help_panel=LIMITS,
            help="Highest voltage to ask for or to be reported. Required, here or in the profile.",
        ),
    ] = None,
    max_current: Annotated[
        float | None,
        typer.Option(
            "--max-current",
            metavar="A",
            rich_help_panel=LIMITS,
            help="Highest current to ask for, or to flow for a second. Required, here or in the profile.",
        ),
    ] = None,
    battery: Annotated[
        Path | None,
        typer.Option(
            "--battery",
            metavar="FILE.toml",
            rich_help_panel=BATTERY,
            help="Battery profile: chemistry, cells, capacity, windows, limits, set-points. Options only tighten it.",
        ),
    ] = None,
    bms: Annotated[
        str | None,
        typer.Option(
            "--bms",
            metavar="SOURCE",
            rich_help_panel=BATTERY,
            help="Battery readings as JSON lines: - (stdin), a file or named pipe, a socket, HOST:PORT.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            rich_help_panel=ACCEPTED,
            help="DCF whose settings are written before, as by config apply, if the charger does not hold them.",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live/--no-live",
            rich_help_panel=SHOWN,
            help="A live screen where stdout is a terminal, else lines; --no-live: always lines.",
        ),
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", rich_help_panel=END, help="Show the plan and its frames; open nothing, send nothing."
        ),
    ] = False,
    hold: Annotated[
        bool,
        typer.Option(
            "--hold",
            rich_help_panel=END,
            help="Stay on the bus after the end at ready 0 and 0 A, until Ctrl-C or SIGTERM.",
        ),
    ] = False,
    release: Annotated[
        bool,
        typer.Option(
            "--release-to-local",
            rich_help_panel=END,
            help="Leave the bus although the charger may then charge by its own algorithm.",
        ),
    ] = False,
    device_type: Annotated[
        int | None,
        typer.Option(
            "--accept-device-type",
            metavar="N",
            parser=integer,
            rich_help_panel=ACCEPTED,
            help="Accept this 1000h, where its upper word differs.",
        ),
    ] = None,
    vendor: Annotated[
        int | None,
        typer.Option(
            "--accept-vendor",
            metavar="N",
            parser=integer,
            rich_help_panel=ACCEPTED,
            help="Accept this vendor-ID (1018h:01).",
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="TIME",
            parser=seconds,
            rich_help_panel=ACCEPTED,
            help="How long the charger may stay unheard before it counts as absent.",
        ),
    ] = None,
) -> int:
    """Charge a battery, within limits, and end safely.

    It listens for another master, boots the charger, checks its identity and
    PDO mapping, and charges. It ends when the charger indicates complete, at
    the taper current, at a time or Ah limit, on Ctrl-C or SIGTERM, and on
    anything that must not be: always by taking the current to 0, then ready
    to 0, until the charger reports that it is off. Nothing shortens that.

    \b
    Examples:
      deltaq -i sim --sim speed=400 charge --voltage 84 --current 10 \\
          --max-voltage 84.2 --max-current 12 --for 12h
      deltaq -i socketcan -c can0 charge --battery pack.toml --dry-run
      deltaq -i socketcan -c can0 charge --battery pack.toml --current 5
      bms-bridge | deltaq -i socketcan -c can0 charge --battery pack.toml --bms -
      deltaq --json -i socketcan -c can0 charge --battery pack.toml > log.jsonl

    In a terminal it shows a live screen, on which q or Ctrl-C ends the charge
    in that order; else a line for every change, with --json an object per
    line, the last one a summary.
    """
    from deltaq_master.charger.plan import Accepted, ChargePlan, Consent, Timing
    from deltaq_master.charger.profile import Wanted
    from deltaq_master.cli.charge_plan import overruled, read_profile, target_of

    chosen = settings(context)
    if hold and release:
        raise UsageError("--hold and --release-to-local exclude each other", "give one of them")
    profile = read_profile(battery)
    asked = Wanted(voltage, current, taper, max_ah, duration)
    wanted = profile.charge.tighten(asked)
    target = target_of(wanted)
    plan = ChargePlan(
        chosen.dictionary(),
        profile.tighten(max_voltage, max_current),
        target,
        master_id=chosen.master_id,
        battery=profile.battery,
        external=bms is not None,
        duration=wanted.duration,
        max_ah=wanted.max_ah,
        taper=wanted.taper,
        consent=Consent.HOLD if hold else Consent.RELEASE if release else Consent.NONE,
        accepted=Accepted(device_type, vendor),
        timing=Timing() if wait is None else Timing(waiting=wait),
    )
    for text in overruled(asked, wanted):
        say(f"note: {text}")
    if bms is None:
        say(f"note: {WITHOUT_BMS}")
    source = None
    if config is not None:
        from deltaq_master.cli.charge_config import settings_in

        source = settings_in(chosen, config)
    if dry_run:
        from deltaq_master.cli.dry_run import ASSUMED, lines
        from deltaq_master.cli.dry_run import dry_run as look

        found = look(plan, target)
        if chosen.json:
            show_json(found)
        else:
            show("\n".join(lines(found)))
        say(f"note: {ASSUMED}. Nothing was sent.")
        if source is not None:
            say(f"note: {source.name} would be applied first; deltaq config plan {config} shows how")
        if found.problem:
            say(f"note: a charger with the mapping of the EDS would be refused: {found.problem}")
        return 0
    from deltaq_master.cli.charge_run import run_charge

    return run_charge(chosen, plan, bms, source, live=live)
