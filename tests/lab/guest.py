"""A guest for the lab: Debian's User Mode Linux, a Linux kernel with SocketCAN as a process of this user.

The guest sees the files of this computer, and what it writes is in its memory and gone afterwards, except in
folders that are named. What it needs of this computer is checked before, with a sentence for what is missing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
KERNEL = "linux.uml"
BUSYBOX = Path("/bin/busybox")
UML_MODULES = Path("/usr/lib/uml/modules")
SHARED_MEMORY = Path("/dev/shm")
MEMORY_MB = 1024
MODULES = (
    "can",
    "can-raw",
    "can-bcm",
    "can-gw",
    "can-dev",  # vcan and slcan need it, and insmod loads nothing by itself
    "vcan",
    "slcan",
    "overlay",
)

DIED = 99
"""Exit status when the guest ended before the command did."""
TIME_OUT = 124
"""Exit status when the limit passed, as `timeout` has it."""


def programs_missing() -> Iterator[str]:
    """Sentences for programs that the tests need on any kernel."""
    for program, package in {
        "ip": "iproute2",
        "candump": "can-utils",
        "cansend": "can-utils",
        "cangen": "can-utils",
        "stdbuf": "coreutils",
    }.items():
        if shutil.which(program, path=search_path()) is None:
            yield f"there is no {program}: install the package {package}"


def missing() -> Iterator[str]:
    """Sentences for what this computer lacks to boot the guest."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        yield "the guest runs on Linux on x86-64 alone: use a kernel with SocketCAN (--here), or hardware (--bus)"
        return
    if shutil.which(KERNEL) is None or not UML_MODULES.is_dir():
        yield f"there is no {KERNEL}: install the package user-mode-linux (Debian), or run with --here"
    if not BUSYBOX.exists():
        yield f"there is no {BUSYBOX}: install the package busybox-static"
    if needs_xstate() and shutil.which("cc") is None:
        yield "this processor has AMX, for which the guest needs a C compiler: install the packages gcc and libc6-dev"
    room = shutil.disk_usage(SHARED_MEMORY).free >> 20 if SHARED_MEMORY.is_dir() else 0
    if room < MEMORY_MB // 2:
        yield f"{SHARED_MEMORY} has {room} MB left, and the guest's memory lies there: make it larger (1 GB)"


def needs_xstate() -> bool:
    """Whether this processor keeps more registers than the guest's kernel knows (xstate.c)."""
    return " amx_tile" in Path("/proc/cpuinfo").read_text(encoding="utf-8")


def search_path() -> str:
    """PATH with the folders for administrators, where ip may lie."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def boot(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    writable: Sequence[Path] = (),
    limit: float = 600.0,
    init: Path = HERE / "guest_init",
    notes: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
) -> int:
    """Boot the guest, run a command in it as its root, and return the command's exit status.

    What the command says goes to `output`, or to ours. `limit` [s] is for all of it. DIED and TIME_OUT come with a
    sentence on stderr and the kernel's last words. `init` is the guest's first process, which finds further `notes`
    as files.
    """
    with tempfile.TemporaryDirectory(prefix="lab.") as name:
        lab = Path(name)
        lines = [f"cd {shlex.quote(str(folder))}"]
        lines += [f"export {key}={shlex.quote(value)}" for key, value in environment.items()]
        lines.append(f"exec {shlex.join(command)}")
        (lab / "command").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (lab / "modules").write_text("".join(f"{path}\n" for path in module_files()), encoding="utf-8")
        (lab / "writable").write_text("".join(f"{path.resolve()}\n" for path in writable), encoding="utf-8")
        for note, text in (notes or {}).items():
            (lab / note).write_text(f"{text}\n", encoding="utf-8")
        shutil.copy(init, lab / "init")
        over = _run(lab, _preloaded(lab), limit, output)
        status = lab / "status"
        if not over and status.exists() and (text := status.read_text(encoding="ascii").strip()):
            return int(text)
        words = (lab / "kernel").read_text(encoding="utf-8", errors="replace").splitlines()
        what = f"was not done after {limit:g} s" if over else "ended before the command did"
        print("\n".join((*words[-20:], f"lab: the guest {what}")), file=sys.stderr, flush=True)
        return TIME_OUT if over else DIED


def module_files() -> Iterator[Path]:
    """Files of the kernel modules, in the order in which they are wanted."""
    release = subprocess.run([KERNEL, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found = {path.stem: path for path in (UML_MODULES / release).rglob("*.ko")}
    yield from (found[module] for module in MODULES)


def _preloaded(lab: Path) -> dict[str, str]:
    if not needs_xstate():
        return {}
    library = lab / "xstate.so"
    build = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "xstate.c")]
    subprocess.run(build, check=True)
    return {"LD_PRELOAD": str(library)}


def _run(lab: Path, extra: Mapping[str, str], limit: float, output: IO[bytes] | None) -> bool:
    """Run the guest to its end, its first serial line to `output` or ours; true if the limit passed."""
    # The guest's consoles want pipes, and not files or /dev/null: cat has the other end.
    with (
        (lab / "kernel").open("wb") as log,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output) as printer,
    ):
        assert printer.stdin is not None
        serial = printer.stdin.fileno()
        arguments = [
            KERNEL,
            f"mem={MEMORY_MB}M",
            "quiet",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            f"init={lab}/init",
            f"lab={lab}",
            "con=null",
            "con0=null",
            "ssl=null",
            f"ssl0=null,fd:{serial}",
            f"umid={lab.name}",
            f"uml_dir={lab}/",
        ]
        guest = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(serial,),
            env={**os.environ, **extra},
            start_new_session=True,
        )
        try:
            guest.wait(limit)
        except subprocess.TimeoutExpired:
            return True
        finally:
            # Whatever ends us ends the guest, and its processes, which live in its process group.
            if guest.poll() is None:
                os.killpg(guest.pid, signal.SIGKILL)
                guest.wait()
            assert guest.stdin is not None
            guest.stdin.close()
            printer.stdin.close()
    return False
