"""`deltaq config snapshot`: keeps what a device is set to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import settings
from deltaq_master.cli.talk import say, show_json

SCHEMA = "deltaq.config-snapshot/1"
MOST_SAID = 10
"""Objects that could not be read and are said one by one; the sidecar has them all."""


def snapshot(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="DCF to write; .cdc, .cdcf, .concise or .bin: a concise DCF."),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE and its sidecar if they are there.")
    ] = False,
) -> int:
    """Read what a device is set to, and keep it in a DCF. By SDO reads alone.

    FILE is the EDS with a ParameterValue for each setting. FILE.json beside it
    says which device it was taken of, when, what was measured then, and what
    could not be read and why. Both are there whole or not at all.

    \b
    Examples:
      deltaq -i socketcan -c can0 config snapshot charger.dcf
      deltaq -i socketcan -c can0 --node 5 --eds module.eds config snapshot module.dcf
      deltaq -i sim config snapshot for-the-plc.cdcf

    Exit code 4 if something that the device has could not be read.
    """
    from deltaq_master.cli.config_device import Shown, now, subject
    from deltaq_master.configuration.sidecar import sidecar_path
    from deltaq_master.configuration.snapshot import take, write
    from deltaq_master.errors import UsageError

    chosen = settings(context)
    for path in (file, sidecar_path(file)):
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists", "take another name, or add --overwrite")
    shown = Shown()
    with subject(chosen) as found:
        taken = take(found.device.node, found.identity, found.policy, shown.reading)
    shown.end()
    sidecar = write(file, taken, now(), bitrate=chosen.bitrate, overwrite=overwrite)
    say(
        f"{sidecar.objects} objects of node {chosen.node_id} are in {file}, {len(sidecar.further)} more in {file}.json"
    )
    if taken.absent:
        say(f"note: the device does not have {len(taken.absent)} objects of the EDS; {file}.json names them")
    for title, reasons in (("not in the file", sidecar.left_out), ("not read", sidecar.failures)):
        for address, reason in list(reasons.items())[:MOST_SAID]:
            say(f"note: {address} is {title}: {reason}")
        if len(reasons) > MOST_SAID:
            say(f"note: and {len(reasons) - MOST_SAID} more are {title}; {file}.json names them")
    if chosen.json:
        show_json(
            {
                "schema": SCHEMA,
                "node": chosen.node_id,
                "file": str(file),
                "sidecar": str(sidecar_path(file)),
                "identity": taken.identity,
                "objects": sidecar.objects,
                "absent": sidecar.absent,
                "left_out": sidecar.left_out,
                "failures": sidecar.failures,
            }
        )
    return ExitCode.INCOMPLETE if sidecar.failures else ExitCode.DONE
