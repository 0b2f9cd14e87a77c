"""`tests/lab/run`: the tests of tests/lab on a kernel with SocketCAN, this computer's or a guest's."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.lab import guest

ROOT = Path(__file__).resolve().parents[2]
FIRST_KERNEL = (6, 0)
"""The first kernel whose slcan driver takes its bit rate from `ip link`."""
KEPT = re.compile(r"CI|LANG|TERM|COLUMNS|VIRTUAL_ENV|PYTEST_.*|PYTHON.*")
"""Variables that the guest takes over."""
PROBE = "ip link add vcan0 type vcan && python3 -c 'import socket; socket.socket(socket.PF_CAN, socket.SOCK_RAW, 1)'"

DESCRIPTION = """\
Run the tests of tests/lab, and end with pytest's exit status. They run on this kernel, in a network namespace of
their own, if it has SocketCAN and we are root; else in a guest (User Mode Linux) that boots in seconds and needs no
root. No interface of this computer is touched either way. For hardware: pytest tests/lab --bus socketcan:can0
"""


def here_missing() -> Iterator[str]:
    """Sentences for what this kernel lacks to run the tests itself."""
    if sys.platform != "linux":
        yield "this is not Linux"
        return
    if os.geteuid() != 0:
        yield "only root may make CAN interfaces: run it as root, or in the guest"
        return
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if found and (int(found[1]), int(found[2])) < FIRST_KERNEL:
        yield "the slcan driver takes its bit rate from ip since kernel 6.0: use a newer one, or the guest"
    for module in ("vcan", "can-raw", "can-bcm", "slcan"):
        subprocess.run(["modprobe", "--quiet", module], capture_output=True, check=False)
    loaded = Path("/sys/module")
    if not (loaded / "slcan").exists():
        yield "this kernel has no slcan module: install the kernel's extra modules, or use the guest"
    tried = subprocess.run(
        ["unshare", "--net", "sh", "-c", PROBE], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        yield f"this kernel has no SocketCAN ({tried.stderr.strip()}): install its extra modules, or use the guest"


def run_here(command: list[str]) -> int:
    """Run a command on this kernel, in a network namespace of its own."""
    script = f"ip link set lo up && exec {shlex.join(command)}"
    environment = {**os.environ, "DELTAQ_LAB": "here", "PATH": guest.search_path()}
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], cwd=ROOT, env=environment, check=False)
    return done.returncode


def run_guest(command: list[str], writable: list[Path], limit: float) -> int:
    """Run a command in the guest."""
    environment = {key: value for key, value in os.environ.items() if KEPT.fullmatch(key)}
    environment |= {"DELTAQ_LAB": "guest", "PATH": guest.search_path(), "HOME": "/root"}
    return guest.boot(command, environment=environment, folder=ROOT, writable=writable, limit=limit)


def pytest_command(arguments: list[str], logs: Path | None) -> list[str]:
    """The command line of pytest: all of tests/lab, unless files or folders are named."""
    named = [word for word in arguments if word.startswith("tests/lab")]
    # The guest's clock and files are not this computer's: no cache is shared.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    if not named:
        command.append("tests/lab")
    if logs is not None:
        command.append(f"--basetemp={logs / 'pytest'}")
    return command


def main(words: list[str]) -> int:
    """Check what is needed, say what is missing, and run."""
    parser = argparse.ArgumentParser(prog="tests/lab/run", description=DESCRIPTION)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--here", action="store_true", help="on this kernel, or not at all")
    where.add_argument("--guest", action="store_true", help="in the guest, or not at all")
    parser.add_argument(
        "--logs", type=Path, metavar="DIR", help="keep logs and recordings of all programs there"
    )
    parser.add_argument(
        "--limit", type=float, default=600.0, metavar="S", help="end the guest after this time"
    )
    parser.add_argument("--do", metavar="COMMAND", help="run a shell command in place of pytest")
    options, rest = parser.parse_known_args(words)
    problems = list(guest.programs_missing())
    lacking = [] if options.guest else list(here_missing())
    here = options.here or not (options.guest or lacking)
    problems += lacking if here else guest.missing()
    if problems:
        for problem in problems:
            print(f"tests/lab/run: {problem}", file=sys.stderr)
        return 2
    if options.logs is not None:
        options.logs.mkdir(parents=True, exist_ok=True)
    logs = options.logs.resolve() if options.logs is not None else None
    command = ["sh", "-c", options.do] if options.do else pytest_command(rest, logs)
    print(f"tests/lab: {'on this kernel' if here else 'in a guest'}", flush=True)
    return run_here(command) if here else run_guest(command, [logs] if logs else [], options.limit)


if __name__ == "__main__":
    # A request to end must pass through the guest's own clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
