"""`deltaq pdo verify`: what a device maps, held against its EDS, a profile and a DBC."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltaq_master.audit.findings import Severity
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say, show
from deltaq_master.errors import UsageError

FILES = "Reports, each into a file or with - to stdout"
KNOWN = "Findings that are known"
STDOUT = Path("-")


def verify(
    context: typer.Context,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", metavar="FILE", help="What the PDOs should be: TOML, DCF, or a shipped name."
        ),
    ] = None,
    dbc: Annotated[
        Path | None, typer.Option("--dbc", metavar="FILE", help="Hold the PDOs against this DBC, too.")
    ] = None,
    level: Annotated[
        Severity, typer.Option("--level", help="Findings of this severity and graver ones make exit code 1.")
    ] = Severity.INFO,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", rich_help_panel=FILES, help="JUnit XML.")
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", rich_help_panel=FILES, help="SARIF 2.1.0.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", rich_help_panel=FILES, help="One page for people."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="FILE", rich_help_panel=KNOWN, help="Accept the findings of this file."
        ),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline",
            metavar="FILE",
            rich_help_panel=KNOWN,
            help="Accept all that is found now: write it into this file.",
        ),
    ] = None,
) -> int:
    """Audit the PDOs of a device: every parameter, every slot, and what they mean.

    By SDO reads and by listening alone: no heartbeat, no NMT. The device is held
    against the defaults of its EDS, a profile and a DBC if they are given, and,
    for a charger, against what is known of chargers. docs/pdo-audit.md lists
    the rules. Works for any CANopen device with an EDS (--eds before the verb).

    \b
    Examples:
      deltaq -i sim pdo verify
      deltaq -i socketcan -c can0 pdo verify --html audit.html
      deltaq -i socketcan -c can0 pdo verify --write-baseline known.json
      deltaq -i socketcan -c can0 pdo verify --baseline known.json \\
          --level warning --junit audit.xml --sarif audit.sarif
      deltaq --eds drive.eds -n 5 pdo verify --profile wanted.toml --dbc bus.dbc

    \b
    Exit codes:
      0 clean: all was read, and no finding of --level is left
      1 findings   2 usage   3 no device   4 incomplete, whatever was found
    """
    from deltaq_master.cli.pdo_verify_run import Request, run

    chosen = settings(context)
    outputs = {"junit": junit, "sarif": sarif, "html": html}
    _check(chosen, [*outputs.values(), write_baseline])
    request = Request(profile, dbc, level, baseline, write_baseline)
    outcome = run(chosen, request)
    report = outcome.report
    for form, path in outputs.items():
        if path is not None:
            outcome.write(form, path)
    if chosen.json:
        show(outcome.json())
    elif STDOUT not in (*outputs.values(), write_baseline):
        from deltaq_master.audit.report_text import text_of

        show(text_of(report))
    for missing in report.missing:
        say(f"deltaq: incomplete: {missing}")
    if not report.complete:
        return ExitCode.INCOMPLETE
    return ExitCode.FAILED if report.counting(level) else ExitCode.DONE


def _check(chosen: Settings, paths: list[Path | None]) -> None:
    """Refuse before the bus is opened what could not be written after it."""
    if [*paths, STDOUT if chosen.json else None].count(STDOUT) > 1:
        raise UsageError("stdout can hold one form only", "write the others to files")
    named = [path for path in paths if path not in (None, STDOUT)]
    if len(set(named)) < len(named):
        raise UsageError("two reports have the same file", "give each its own")
    for path in named:
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path.parent} is no folder", f"make it, or write {path.name} elsewhere")
