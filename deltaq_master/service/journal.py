"""Journal messages with fields, by journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).

Lines on stdout reach the journal too, but as a text and a priority; fields of one's own, by which messages are
found (`journalctl DELTAQ_CAUSE=ac-lost`), only come this way. It is one datagram per message, and needs no library.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "deltaq"


class Priority(IntEnum):
    """How grave a message is, as syslog counts."""

    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6


def encoded(fields: Mapping[str, str]) -> bytes:
    """A message as journald takes it: KEY=value lines; a value of several lines with its length before it."""
    parts: list[bytes] = []
    for key, text in fields.items():
        value = text.encode()
        if b"\n" in value:
            parts.append(key.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
        else:
            parts.append(key.encode() + b"=" + value + b"\n")
    return b"".join(parts)


class Journal:
    """Sends messages to journald; where there is none, they are lines on stdout."""

    def __init__(self, path: Path | None = None, **always: str) -> None:
        """`always` are fields of every message."""
        self._always = {"SYSLOG_IDENTIFIER": IDENTIFIER, **always}
        self._path = path or SOCKET
        self._socket: socket.socket | None = None
        if hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            # A journal that is behind must not hold up a charge.
            self._socket.setblocking(False)

    def tell(self, message: str, priority: Priority = Priority.INFO, **fields: str | float | None) -> None:
        """Send a message; fields that are None or '' are left out."""
        told = {key: _text(value) for key, value in fields.items() if value not in (None, "")}
        whole = {"MESSAGE": message, "PRIORITY": str(int(priority)), **self._always, **told}
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(encoded(whole), str(self._path))
                return
        print(message, file=sys.stdout, flush=True)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()


def _text(value: str | float | None) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
