"""`deltaq doctor`: what is wrong between this computer and the charger, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.parsing import seconds
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.service.bitrates import Tried
    from deltaq_master.service.checks import Check

SCHEMA = "deltaq.doctor/1"
LISTENING = 2.5
"""How long it listens [s]: the charger's heartbeat comes every second."""
ALONE = (
    "is the charger powered (AC or battery)? A charger alone with this adapter is not heard so, because a listen-only "
    "controller acknowledges nothing: then set a bit rate by hand and ask the doctor"
)
EACH = 1.5
"""How long it listens at each bit rate [s]."""


def doctor(
    context: typer.Context,
    listening: Annotated[
        float | None,
        typer.Option("--listen", metavar="TIME", parser=seconds, help="How long to listen: 2.5s by default."),
    ] = None,
    find_bitrate: Annotated[
        bool,
        typer.Option(
            "--find-bitrate",
            help="Try bit rates, listen-only, on an interface of SocketCAN that is down; needs root.",
        ),
    ] = False,
) -> int:
    """Look at interface, bus and computer: one line each, with the command that mends it.

    It sends nothing and changes nothing, and needs no root. Whether the bit
    rate fits is told by what is heard; the termination is guessed from the
    error counters of the controller, where its driver has them.

    \b
    Examples:
      deltaq -i socketcan -c can0 doctor
      deltaq -i slcan -c /dev/ttyACM0 -b 500000 doctor
      deltaq --json -i socketcan -c can0 doctor
      sudo deltaq -i socketcan -c can0 doctor --find-bitrate

    Exit code 1 if something is wrong, 0 if not (also with warnings).
    """
    from deltaq_master.link.bus.own_settings import own_settings
    from deltaq_master.service.checks import Verdict, checks
    from deltaq_master.service.examining import examine
    from deltaq_master.service.findings import Findings

    chosen = settings(context)
    configured, _ = own_settings()
    way = chosen.interface or configured.get("interface")
    if way is None:
        raise UsageError("no CAN interface is named", "deltaq -i socketcan -c can0 doctor")
    channel = chosen.channel or configured.get("channel", "")
    asked = Findings(way, channel, chosen.node_id, chosen.master_id, chosen.bitrate)
    if find_bitrate:
        return _find_bitrate(chosen, way, channel, EACH if listening is None else listening)
    lines = checks(examine(asked, chosen.network, LISTENING if listening is None else listening))
    if chosen.json:
        show_json({"schema": SCHEMA, "channel": channel, "checks": [_row(line) for line in lines]})
    else:
        for line in lines:
            show(_line(line))
    return ExitCode.FAILED if any(line.verdict is Verdict.BAD for line in lines) else ExitCode.DONE


def _find_bitrate(chosen: Settings, way: str, channel: str, listening: float) -> int:
    from deltaq_master.service.bitrates import find

    if way != "socketcan":
        raise UsageError(f"the bit rate of {way} is set by its option -b alone", "try them one by one")

    def told(tried: Tried) -> None:
        if not chosen.json:
            show(f"{tried.bitrate:>8} bit/s  {_heard(tried)}")

    found = find(channel, chosen.network, listening, told)
    if chosen.json:
        show_json({"schema": SCHEMA, "channel": channel, "bitrate": found})
    elif found is None:
        say(f"deltaq: no bit rate fits; {ALONE}")
    else:
        show(f"{found} bit/s fits -> sudo ip link set {channel} up type can bitrate {found}")
    return ExitCode.FAILED if found is None else ExitCode.DONE


def _heard(tried: Tried) -> str:
    if tried.heard is None:
        return "the driver does not have it"
    return f"{tried.heard.frames} frames, {tried.heard.errors} error frames"


def _line(line: Check) -> str:
    mend = f" -> {line.mend}" if line.mend else ""
    return f"{line.verdict.value:<8} {line.subject:<12} {line.text}{mend}"


def _row(line: Check) -> dict[str, str]:
    return {
        "subject": line.subject,
        "verdict": line.verdict.value,
        "text": line.text,
        "mend": line.mend,
    }
