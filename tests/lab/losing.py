"""Charges in one process, over and over, on a bus that is taken away: what is left behind is told as JSON lines.

    python -m tests.lab.losing CHANNEL

Each line on standard input begins a charge on the same open bus; its end is told by a line, with the threads, files,
charges and memory that the process then has.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import weakref
from pathlib import Path

from deltaq_master.charger.limits import Limits
from deltaq_master.errors import DeltaqError
from deltaq_master.master import Charger, ChargeRun, Master

charges: weakref.WeakSet[ChargeRun] = weakref.WeakSet()
"""All that exist; nobody closes them."""


def charge(charger: Charger) -> str:
    """One charge to its end: what ended it."""
    try:
        run = charger.charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=3600.0)
        charges.add(run)
        for view in run:
            print(json.dumps({"phase": view.phase.value}), flush=True)
        cause = run.result.cause
        return "" if cause is None else cause.id
    except DeltaqError as error:
        return str(error)


def main(channel: str) -> None:
    """Charge whenever a line comes."""
    with Master.open("socketcan", channel) as master:
        charger = master.charger(10)
        print(json.dumps({"ready": True}), flush=True)
        for _ in sys.stdin:
            cause = charge(charger)
            left = {
                "cause": cause,
                "threads": threading.active_count(),
                "files": len(list(Path("/proc/self/fd").iterdir())),
                "charges": len(charges),
                "memory": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize(),
            }
            print(json.dumps(left), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
