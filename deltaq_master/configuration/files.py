"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from deltaq_master.errors import FileError, UsageError


def write_whole(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file beside its place, bring it to the disk, and move it there.

    Raises FileError if the disk refuses, and UsageError for a file that is there and may not be replaced; what
    was there is then still there, as it was.
    """
    if not overwrite and path.exists():
        raise UsageError(f"{path} exists", "take another name, or add --overwrite")
    beside = ""
    try:
        number, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # The file of mkstemp is its owner's alone.
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if beside:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
        remedy = "free some room or take another place"
        raise FileError(path, f"cannot be written: {error.strerror}", remedy=remedy) from error


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
