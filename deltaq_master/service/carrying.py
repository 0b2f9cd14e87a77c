"""Carrying a plan out: files whole or not at all, commands in order, and the first that fails said in its words."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from deltaq_master.errors import FileError, RefusedError
from deltaq_master.service.plan import Plan
from deltaq_master.service.steps import Step, Steps

OWN_FOLDERS = ("/etc/deltaq",)
"""Folders that are ours, and go when they are empty."""


def carry_out(plan: Plan, root: Path | None = None, told: Callable[[str], None] = lambda _: None) -> None:
    """Do what a plan says; with `root` files alone, in that folder. Raises FileError or RefusedError.

    Everything may be done again: what was done before a failure is found as it is.
    """
    if root is None:
        _run_all(plan.before, told)
    for path, text in plan.write.items():
        _write(_place(path, root), text)
        told(f"wrote {path}")
    for path in plan.remove:
        _remove(_place(path, root))
        told(f"removed {path}")
    if root is None:
        _run_all(plan.after, told)


def _run_all(steps: Steps, told: Callable[[str], None]) -> None:
    for step in steps:
        told(f"run {' '.join(step.words)}")
        _run(step)


def _run(step: Step) -> None:
    try:
        done = subprocess.run(
            step.words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        problem = error.strerror or str(error)
    else:
        if done.returncode == 0:
            return
        problem = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
    if not step.may_fail:
        remedy = "mend that and give the command again: what is done already is kept"
        raise RefusedError(" ".join(step.words), problem, remedy)


def _place(path: str, root: Path | None) -> Path:
    return Path(path) if root is None else root / path.lstrip("/")


def _write(path: Path, text: str) -> None:
    """Write a file that everybody may read, beside its place first."""
    beside = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # systemd and the services' users read it, whatever the umask of root's shell is.
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except OSError as error:
        if beside:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
        raise FileError(
            path, f"cannot be written: {error.strerror}", remedy="nothing else was done"
        ) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(path, f"cannot be removed: {error.strerror}") from error
    ours = path.parent.name.endswith(".service.d") or str(path.parent).endswith(OWN_FOLDERS)
    if ours:
        with contextlib.suppress(OSError):
            path.parent.rmdir()
