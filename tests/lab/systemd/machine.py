"""The guest as its administrator sees it: systemctl, the journal, and our own command."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.lab.forks import ROOT
from tests.lab.interfaces import described
from tests.lab.programs import DELTAQ, wait_for

PLACES = (
    "/etc/systemd/system",
    "/etc/systemd/network",
    "/etc/deltaq",
    "/etc/udev/rules.d",
    "/run/deltaq-can0",
)
QUEUES = (65536, 32767)
"""What 65536 frames, as asked for, become: old kernels give them, current ones the most that they take."""
KERNEL_QUEUE = 10
"""And what there is if nothing is asked for."""
CHARGE_UNIT = "deltaq-charge-can0.service"
WATCH_UNIT = "deltaq-watch-can0.service"


def run(command: str, *, may_fail: bool = False) -> str:
    """Run a command, and return what it says."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert may_fail or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def ours(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run our command, and return what it says."""
    done = subprocess.run([*DELTAQ, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def files() -> set[str]:
    """Files and links of ours, wherever an installation may have left one."""
    found = (path for place in PLACES for path in Path(place).rglob("*"))
    return {str(path) for path in found if "deltaq" in str(path) or "can-up" in str(path)}


def shown(unit: str, name: str) -> str:
    """A property of a unit."""
    return run(f"systemctl show --value --property={name} {unit}").strip()


def is_up(name: str = "can0", bitrate: int = 500_000) -> bool:
    """Whether an interface is up at this bit rate."""
    found = described(name)
    return "UP" in found["flags"] and found["linkinfo"]["info_data"]["bittiming_bitrate"] == bitrate


def exists(name: str = "can0") -> bool:
    """Whether an interface is there."""
    return Path("/sys/class/net", name).exists()


def real_time(pid: int) -> list[int]:
    """Priorities of the threads of a process that run by SCHED_FIFO (FF in `ps -eLo cls,rtprio`)."""
    threads = [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    first = [
        each for each in threads if os.sched_getscheduler(each) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO
    ]
    return [os.sched_getparam(each).sched_priority for each in first]


class Unit:
    """A service of systemd, and what it and systemd have said of it since this object was made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._since = time.time()

    def shown(self, name: str) -> str:
        """One of its properties."""
        return shown(self.name, name)

    def until(self, state: str) -> None:
        """Wait for a state, such as `active` or `failed`."""
        wait_for(f"{self.name} is {state}", lambda: self.shown("ActiveState") == state)

    def messages(self) -> list[dict[str, Any]]:
        """Its messages and systemd's about it, with their fields."""
        run("journalctl --sync", may_fail=True)
        text = run(f"journalctl --unit={self.name} --since=@{self._since:.6f} --output=json --no-pager")
        return [json.loads(line) for line in text.splitlines()]

    def told(self, **fields: str) -> list[dict[str, Any]]:
        """Those that have these fields."""
        return [each for each in self.messages() if all(each.get(key) == fields[key] for key in fields)]

    def when(self, words: str) -> float:
        """When something was said first, on the clock that never jumps [s]."""
        found = (each for each in self.messages() if words in str(each["MESSAGE"]))
        return int(next(found)["__MONOTONIC_TIMESTAMP"]) / 1e6

    @property
    def words(self) -> str:
        """All texts."""
        return "\n".join(str(each["MESSAGE"]) for each in self.messages())
