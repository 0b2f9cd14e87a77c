"""`deltaq config apply` and `restore`: makes a device hold what a file says, wholly or not at all."""

from __future__ import annotations

import typer

from deltaq_master.cli.config_change import change_device
from deltaq_master.cli.config_options import (
    Allow,
    Except,
    FileArgument,
    Force,
    JournalOption,
    OtherDevice,
    Raw,
    Sets,
    SkipAbsent,
    rules_of,
    source_of,
)
from deltaq_master.cli.settings import settings
from deltaq_master.errors import UsageError


def apply(
    context: typer.Context,
    file: FileArgument = None,
    sets: Sets = None,
    raw: Raw = False,
    allow: Allow = None,
    left_out: Except = None,
    skip_absent: SkipAbsent = False,
    other_device: OtherDevice = False,
    force: Force = False,
    journal: JournalOption = None,
) -> int:
    """Make a device hold what a file says: all of it or, proven by reading, nothing.

    Everything is read back. On an abort, a time-out, another value read back or
    Ctrl-C the device is made what it was. What is needed for that is on the
    disk before each write: after a crash or power loss, config recover undoes
    it. What the device holds already is not written again.

    \b
    Refused, with the reason, and then nothing is written:
      a file for another device           unless --other-device
      objects that the EDS protects       unless each is named with --allow
      weakening 1016h or 140nh:05         unless each is named with --allow
      command objects                     always
      values over the limits of the EDS   always
      a device that is charging           unless --force

    \b
    Examples:
      deltaq -i socketcan -c can0 config apply charger.dcf
      deltaq -i sim config apply --set 0x1017=500 --set 0x1029:01=1

    Exit code 0 if the device holds it, 1 if it was refused or failed, 130 after
    Ctrl-C.
    """
    chosen = settings(context)
    source = source_of(chosen, file, sets, raw)
    rules = rules_of(chosen, allow, left_out, skip_absent=skip_absent, other_device=other_device, force=force)
    return change_device(chosen, "apply", source, rules, journal, file)


def restore(
    context: typer.Context,
    file: FileArgument,
    allow: Allow = None,
    left_out: Except = None,
    skip_absent: SkipAbsent = False,
    other_device: OtherDevice = False,
    force: Force = False,
    journal: JournalOption = None,
) -> int:
    """Put a snapshot back into the device that it was taken of.

    As apply, but for that very device (its serial number, too), and its values
    may be what they were, whatever limits the EDS gives.

    \b
    Examples:
      deltaq -i socketcan -c can0 config restore charger.dcf

    Exit codes as of apply.
    """
    chosen = settings(context)
    source = source_of(chosen, file, None, raw=False)
    if source.sidecar is None:
        raise UsageError(
            f"{source.name} has no sidecar: nothing says that its values are from this device",
            "use config apply",
        )
    rules = rules_of(
        chosen,
        allow,
        left_out,
        skip_absent=skip_absent,
        other_device=other_device,
        force=force,
        restoring=True,
    )
    return change_device(chosen, "restore", source, rules, journal, file)
