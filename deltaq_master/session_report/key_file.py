"""The file that holds the key of a seal: its owner's alone, and its content is never shown."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from deltaq_master.errors import FileError
from deltaq_master.session_report.seal import SHORTEST_KEY

RIGHTS: Final = 0o600
"""Of a key file."""
_OTHERS: Final = 0o077


def new_key(path: Path) -> None:
    """Make a file with a new key of 32 random bytes, in hexadecimal. Raises FileError, too where one is there."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, RIGHTS)
    except FileExistsError as error:
        remedy = "leave out --new-key to use it, or give another name"
        raise FileError(path, "exists already, and a key is not written over", remedy=remedy) from error
    except OSError as error:
        remedy = "take a place where you may write"
        raise FileError(path, f"cannot be written: {error.strerror}", remedy=remedy) from error
    with os.fdopen(file, "wb") as opened:
        opened.write(secrets.token_hex(SHORTEST_KEY).encode("ascii") + b"\n")
        opened.flush()
        os.fsync(opened.fileno())


def read_key(path: Path) -> bytes:
    """The key in a file: its bytes less a line end. Raises FileError where others may read it, or it is too short."""
    try:
        with path.open("rb") as opened:
            told = os.fstat(opened.fileno())
            if not stat.S_ISREG(told.st_mode):
                raise FileError(path, "is no file", remedy="name a key file")
            if os.name == "posix" and told.st_mode & _OTHERS:
                problem = (
                    f"holds a key, and others may read or change it (mode {stat.S_IMODE(told.st_mode):04o})"
                )
                raise FileError(
                    path, problem, remedy=f"chmod 600 {path}, and think whether it is still a secret"
                )
            key = opened.read().rstrip(b"\r\n")
    except OSError as error:
        remedy = "name a key file, or make one with --new-key"
        raise FileError(path, f"cannot be read: {error.strerror}", remedy=remedy) from error
    if len(key) < SHORTEST_KEY:
        problem = f"holds a key of {len(key)} bytes, and {SHORTEST_KEY} are the least"
        raise FileError(path, problem, remedy="make one with --new-key")
    return key
