"""The unit of a service that watches or charges."""

from __future__ import annotations

import re

from deltaq_master.service.bus_units import head
from deltaq_master.service.request import (
    AtTheEnd,
    Job,
    Request,
    bus_unit,
    eds_path,
    job_unit,
    profile_path,
)
from deltaq_master.service.sandbox import CHARGING, WATCHING, reaching

STOP_TIME = 15
"""Seconds for the safe order, which takes 6 s at most, and for leaving the bus."""
WATCHDOG = 5
"""Seconds after which a pump that runs no more is ended. The charger itself stops 0.5 s after our last frame."""
REST = 5
"""Seconds before a restart."""
NOBODY = 3
"""Exit code for no bus or no device (cli/exits.py)."""
RUNTIME = "deltaq-"

DESCRIPTIONS = {
    Job.WATCH: "Watch the charger on {}",
    Job.CHARGE: "Charge the battery on {}",
}


def unit_path(channel: str, job: Job) -> str:
    """Where the unit lies."""
    return f"/etc/systemd/system/{job_unit(channel, job)}"


def program_text(request: Request, command: tuple[str, ...], home: bool = False) -> str:
    """The unit of the service that is asked for; with `home` the command lies in somebody's home."""
    charges = request.job is Job.CHARGE
    unit = [
        "[Unit]",
        f"Description={DESCRIPTIONS[request.job].format(request.channel)}",
        f"After=systemd-networkd.service {bus_unit(request.channel)}",
        "# A bus or a charger that is not there yet is tried for again, however long it takes.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={' '.join(map(_quoted, (*command, *_words(request))))}",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_TIME}",
        f"WatchdogSec={WATCHDOG}",
        "# The program says where each of its threads hangs, and dies; it leaves no core.",
        "WatchdogSignal=SIGABRT",
        "TimeoutAbortSec=5",
        "LimitCORE=0",
        # Before other programs, on a machine that is busy.
        "Nice=-10",
        f"RestartSec={REST}",
    ]
    if charges:
        unit += [
            "# A charge that ended is over: complete, stopped, refused or in fault, it begins again only by a hand.",
            "Restart=on-failure",
            "RestartPreventExitStatus=1 2 4 5 130",
            "# After a crash in mid-charge the mark in this folder keeps the next run from charging again.",
            f"RuntimeDirectory={RUNTIME}{request.channel}",
            "RuntimeDirectoryPreserve=restart",
        ]
    else:
        unit += ["Restart=on-failure", "RestartPreventExitStatus=2"]
    unit.append("Environment=PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1")
    unit += CHARGING if charges else WATCHING
    if request.bms_host:
        unit += reaching(request.bms_host)
    if home:
        unit.append("ProtectHome=read-only")
    unit += ["", "[Install]", "WantedBy=multi-user.target"]
    return head(request.words) + "\n".join(unit) + "\n"


def _words(request: Request) -> tuple[str, ...]:
    """The command line behind the command: options that stand before the verb, the verb, its own."""
    ids = ("-n", str(request.node_id), "--master-id", str(request.master_id))
    eds = ("--eds", eds_path(request.channel)) if request.eds else ()
    before = ("-i", "socketcan", "-c", request.channel, *ids, *eds)
    if request.job is Job.WATCH:
        return (*before, "service", "watch")
    end = () if request.at_the_end is AtTheEnd.REFUSE else (request.at_the_end.value,)
    bms = ("--bms", request.bms) if request.bms else ()
    return (*before, "service", "charge", "--battery", profile_path(request.channel), *bms, *end)


def _quoted(word: str) -> str:
    """A word as ExecStart= takes it: its own signs doubled, in quotes where it has a space."""
    text = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{text}"' if re.search(r"[\s';\"]", text) else text
