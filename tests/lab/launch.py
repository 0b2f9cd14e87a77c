"""`tests/lab/run`: the tests of tests/lab on a kernel with SocketCAN, this computer's or a guest's."""

from __future__ import annotations

import argparse
import compileall
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from tests.lab import guest
from tests.lab.forks import ROOT
from tests.lab.rig_tests import SAMPLE

FIRST_KERNEL = (6, 0)
"""The first kernel whose slcan driver takes its bit rate from `ip link`."""
KEPT = re.compile(r"CI|LANG|TERM|COLUMNS|VIRTUAL_ENV|PYTEST_.*|PYTHON.*")
"""Variables that the guest takes over."""
PROBE = "ip link add vcan0 type vcan && python3 -c 'import socket; socket.socket(socket.PF_CAN, socket.SOCK_RAW, 1)'"

LIMIT, RIG_LIMIT = 600.0, 3600.0
"""Seconds after which a guest hangs; the second for all of tests/rig."""
GUESTS = 2
"""How many guests share all tests, on a computer with so many processors; each has one."""
RIG_PLUGIN = "tests.lab.rig_on_socketcan"
"""What brings the tests of tests/rig onto SocketCAN."""

DESCRIPTION = """\
Run the tests of tests/lab, and a sample of those of tests/rig, and end with pytest's exit status; words are
pytest's, tests/rig all of the latter that can run here. They run on this kernel, in a network namespace of
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


def run_guest(command: list[str], writable: list[Path], limit: float, output: IO[bytes] | None = None) -> int:
    """Run a command in a guest; what it says goes to `output`, or to ours."""
    environment = {key: value for key, value in os.environ.items() if KEPT.fullmatch(key)}
    environment |= {"DELTAQ_LAB": "guest", "PATH": guest.search_path(), "HOME": "/root"}
    return guest.boot(
        command, environment=environment, folder=ROOT, writable=writable, limit=limit, output=output
    )


def run_guests(command: list[str], logs: Path | None, limit: float) -> int:
    """Deal the files of one run of pytest out to GUESTS guests at once; the highest exit status of theirs."""
    with tempfile.TemporaryDirectory(prefix="lab.") as name, ThreadPoolExecutor(GUESTS) as pool:
        shared = Path(name)

        def run(number: int) -> int:
            own = None if logs is None else logs / f"guest-{number}"
            writable = [shared] if own is None else [shared, own]
            if own is not None:
                own.mkdir(exist_ok=True)
            words = [*command, *logged(own), "-p", "tests.lab.sharing", f"--shared={shared}"]
            if number == 1:
                return run_guest(words, writable, limit)
            # Two at a time would be hard to read: the others are printed afterwards.
            with (shared / f"said-{number}").open("wb") as said:
                return run_guest(words, writable, limit, said)

        statuses = list(pool.map(run, range(1, GUESTS + 1)))
        for path in sorted(shared.glob("said-*")):
            sys.stdout.write(path.read_text(encoding="utf-8", errors="replace"))
    return max(statuses)


def pytest_command(arguments: list[str]) -> list[str]:
    """The command line of pytest: tests/lab and a sample of tests/rig, unless files or folders are named."""
    # The guest's clock and files are not this computer's: no cache is shared.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", RIG_PLUGIN, *arguments]
    return command if names_tests(arguments) else [*command, "tests/lab", *SAMPLE]


def names_tests(arguments: list[str]) -> bool:
    """Whether files or folders are named."""
    return any(word.startswith(("tests/lab", "tests/rig")) for word in arguments)


def logged(logs: Path | None) -> list[str]:
    """The words that have pytest keep what programs say and record."""
    return [] if logs is None else [f"--basetemp={logs / 'pytest'}"]


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
        "--limit",
        type=float,
        metavar="S",
        help=f"end the guest after this time ({LIMIT:g} s; {RIG_LIMIT:g} s for all of tests/rig)",
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
    whole_rig = any(word.rstrip("/") == "tests/rig" for word in rest)
    limit = options.limit or (RIG_LIMIT if whole_rig else LIMIT)
    several = not (here or options.do or names_tests(rest)) and (os.cpu_count() or 1) >= GUESTS
    where_to = "on this kernel" if here else f"in {GUESTS} guests at once" if several else "in a guest"
    print(f"tests/lab: {where_to}", flush=True)
    # What the guest compiles it forgets, and it is slow at it.
    compileall.compile_dir(ROOT / "deltaq_master", quiet=2)
    compileall.compile_dir(ROOT / "tests", quiet=2)
    if several:
        return run_guests(pytest_command(rest), logs, limit)
    command = ["sh", "-c", options.do] if options.do else [*pytest_command(rest), *logged(logs)]
    return run_here(command) if here else run_guest(command, [logs] if logs else [], limit)


if __name__ == "__main__":
    # A request to end must pass through the guest's own clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
