"""The mark that a charge is under way: what a run leaves behind that was ended in mid-charge by nobody's wish."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

NAME = "charging"


class Mark:
    """A file in the service's RuntimeDirectory=, which systemd keeps over a restart of its own, and no longer.

    A start by hand or a reboot finds none.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Find the folder by RUNTIME_DIRECTORY; without one there is no mark, and nothing to restart us."""
        folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
        self._path = Path(folder) / NAME if folder else None
        self.found = self._path is not None and self._path.exists()
        """Whether the run before this one left it."""
        self._set = False

    def set(self) -> None:
        """Leave the mark, before the charger may be asked for current."""
        if not self._set and self._path is not None:
            self._path.touch()
        self._set = True

    def clear(self) -> None:
        """The charge has ended in order, however it went."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._set = False
