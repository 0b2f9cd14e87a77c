"""Files that a command writes: whole or not at all; `-` is stdout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

STDOUT: Final = Path("-")
"""The name that stands for stdout."""


def write_file(path: Path, data: bytes) -> None:
    """Write a file, or to stdout. Raises FileError; what was in the file before is then still there."""
    if path != STDOUT:
        from deltaq_master.configuration.files import write_whole

        write_whole(path, data)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
