"""What a service tells systemd (sd_notify): ready, stopping, its status, and that it is alive."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells the service manager, without ever waiting for it; says nothing where none listens."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Find the manager by NOTIFY_SOCKET, and how often it wants to hear of us by WATCHDOG_USEC."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if self._address else None
        if self._socket is not None:
            self._socket.setblocking(False)
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        text = environment.get("WATCHDOG_USEC", "") if ours else ""
        self.watchdog = int(text) / 1e6 if text.isdecimal() else None
        """Time [s] after which the manager ends a service that is not heard, None if it does not watch."""

    def tell(self, **words: str) -> None:
        """Send assignments, such as `tell(READY="1", STATUS="armed")`; one that cannot be sent is dropped."""
        if self._socket is not None:
            text = "".join(f"{key}={value.replace(chr(10), ' ')}\n" for key, value in words.items())
            with contextlib.suppress(OSError):
                self._socket.sendto(text.encode(), self._address)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
