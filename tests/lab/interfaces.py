"""CAN interfaces of the lab: vcan0, and can0, can1, can2 on one simulated wire (adapters.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab.programs import Program, wait_for

ADAPTERS = Path(__file__).with_name("adapters.py")
NAMES = ("can0", "can1", "can2")


def ip(words: str) -> str:
    """Run `ip`, and return what it says; fails with its own words."""
    done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {words}: {done.stderr.strip()}"
    return done.stdout


def described(name: str) -> dict[str, Any]:
    """What the kernel says of an interface."""
    (found,) = json.loads(ip(f"-json -details -statistics link show {name}"))
    assert isinstance(found, dict)
    return found


def frames_of(name: str) -> tuple[int, int]:
    """Frames that an interface has received and sent since it exists."""
    counts = described(name)["stats64"]
    return counts["rx"]["packets"], counts["tx"]["packets"]


def up(name: str, bitrate: int = 500_000) -> None:
    """Bring an interface of type can up."""
    ip(f"link set {name} up type can bitrate {bitrate}")


def down(name: str) -> None:
    """Take an interface down."""
    ip(f"link set {name} down")


class Wire:
    """The simulated wire with its adapters; nothing of it is left after `close`."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-S", "-E", str(ADAPTERS), *NAMES]
        self._program = Program("adapters", command, folder)
        self._answers = 1
        self._program.until("ready\n")

    def tell(self, command: str) -> None:
        """Give the adapters a command (adapters.py lists them), and wait until it is carried out."""
        stdin = self._program.process.stdin
        assert stdin is not None
        stdin.write(f"{command}\n".encode())
        stdin.flush()
        self._answers += 1
        wait_for(f"adapters: {command}", lambda: self._program.out.count("\n") >= self._answers)
        answer = self._program.out.splitlines()[-1]
        assert answer == "done", answer

    @property
    def files(self) -> tuple[Path, Path]:
        """The files of its words."""
        return self._program.files

    def close(self) -> None:
        """Take the adapters away, and their interfaces with them."""
        self._program.end()
