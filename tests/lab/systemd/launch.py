"""`tests/lab/systemd/run`: the tests of this folder under a real systemd, in a guest (../guest.py)."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deltaq_master.service.sandbox import REPLACED
from tests.lab import guest
from tests.lab.forks import ROOT
from tests.lab.launch import KEPT

HERE = Path(__file__).resolve().parent
SYSTEMD = Path("/lib/systemd/systemd")
UDEV = Path("/lib/systemd/systemd-udevd")
TESTS = "tests/lab/systemd"

DESCRIPTION = """\
Run the tests of tests/lab/systemd under a real systemd, with udev and networkd, in a guest (User Mode Linux) that
needs no root; end with pytest's exit status. Nothing of this computer is touched. Without a package udev on this
computer, the one of its distribution is fetched (apt-get download) and used in the guest alone.
"""


def missing() -> Iterator[str]:
    """Sentences for what this computer lacks."""
    yield from guest.programs_missing()
    yield from guest.missing()
    if not SYSTEMD.exists():
        yield f"there is no {SYSTEMD}: install the package systemd"
    if str(ROOT).startswith(REPLACED):
        yield f"this checkout is {ROOT}, and services do not see that folder: move it"
    if not UDEV.exists() and shutil.which("apt-get") is None:
        yield f"there is no {UDEV}: install the package udev"


def udev_layer(folder: Path) -> Path | None:
    """A folder with the files of the package udev, for the guest; None where this computer has them.

    Ends the program with a sentence where the package cannot be fetched.
    """
    if UDEV.exists():
        return None
    loaded, unpacked = folder / "package", folder / "unpacked"
    loaded.mkdir()
    fetched = subprocess.run(
        ["apt-get", "download", "udev"], cwd=loaded, check=False, capture_output=True, text=True
    )
    if fetched.returncode != 0:
        problem = " ".join(fetched.stderr.split())
        sys.exit(
            f"tests/lab/systemd/run: the package udev cannot be fetched ({problem}): apt-get update, or install it"
        )
    (package,) = loaded.glob("udev_*.deb")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(unpacked)], check=True)
    # /bin and /lib are links to /usr/bin and /usr/lib, and a folder of the layer would hide them.
    for name in ("bin", "lib", "sbin"):
        if (unpacked / name).is_dir():
            shutil.copytree(unpacked / name, unpacked / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(unpacked / name)
    return unpacked


def to_open() -> Iterator[Path]:
    """Folders on the way to Python and to the checkout."""
    for place in (Path(sys.base_prefix).resolve(), Path(sys.executable).resolve().parent, ROOT):
        yield from (place, *list(place.parents)[:-1])


def main(words: list[str]) -> int:
    """Check what is needed, say what is missing, and run."""
    parser = argparse.ArgumentParser(prog="tests/lab/systemd/run", description=DESCRIPTION)
    parser.add_argument(
        "--limit", type=float, default=1800.0, metavar="S", help="end the guest after this time"
    )
    parser.add_argument("--do", metavar="COMMAND", help="run a shell command in place of pytest")
    options, rest = parser.parse_known_args(words)
    problems = list(missing())
    if problems:
        for problem in problems:
            print(f"tests/lab/systemd/run: {problem}", file=sys.stderr)
        return 2
    named = [word for word in rest if word.startswith(TESTS)]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *rest, *([] if named else [TESTS])]
    if options.do:
        command = ["sh", "-c", options.do]
    environment = {key: value for key, value in os.environ.items() if KEPT.fullmatch(key)}
    environment |= {"DELTAQ_LAB": "systemd", "PATH": guest.search_path(), "HOME": "/root"}
    with tempfile.TemporaryDirectory(prefix="udev.") as name:
        layer = udev_layer(Path(name))
        return guest.boot(
            command,
            environment=environment,
            folder=ROOT,
            limit=options.limit,
            init=HERE / "guest_init",
            notes={"layer": str(layer or ""), "open": "\n".join(map(str, to_open()))},
        )


if __name__ == "__main__":
    # A request to end must pass through the guest's own clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
