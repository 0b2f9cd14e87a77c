"""Battery readings from a BMS bridge: JSON lines from stdin, a file or named pipe, or a socket."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Self

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.reading_lines import reading_of
from deltaq_master.errors import FileError, UsageError
from deltaq_master.link import clock

CHUNK = 65536
"""Bytes read at once, and the longest line."""
CONNECT_TIME = 5.0
"""How long a socket may take to answer [s]."""
STDIN = 0


class Readings:
    """Iterable over the readings of `-` (stdin), a file, a named pipe, a Unix socket, or HOST:PORT, as they come.

    Raises FileError: at once for a source that is not there, while iterating for a bad line, with its number.
    """

    def __init__(self, source: str) -> None:
        self._name = "stdin" if source == "-" else source
        # To open a pipe is to wait for somebody who writes into it: not here.
        self._pipe = source if source != "-" and Path(source).is_fifo() else ""
        self._stream = None if self._pipe else _stream(source)

    def __iter__(self) -> Iterator[BatteryReading]:
        if self._stream is None:
            self._stream = _raw(self._pipe)
        for number, line in enumerate(_lines(self._stream), 1):
            if line.strip():
                # time.monotonic(), by which readings count, by way of the two clocks of the link.
                arrived = clock.now() - clock.from_monotonic(0.0)
                try:
                    reading = reading_of(line, arrived)
                except UsageError as error:
                    raise FileError(self._name, error.problem, line=number, remedy=error.remedy) from None
                yield reading

    def close(self) -> None:
        """Let go of the source; may be called again."""
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lines(stream: RawIOBase) -> Iterator[bytes]:
    rest = b""
    while len(rest) < CHUNK and (chunk := stream.read(CHUNK)):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _stream(source: str) -> RawIOBase:
    try:
        if source == "-":
            # Not sys.stdin: a thread that waits in its lock keeps Python from ending.
            return _raw(STDIN)
        if Path(source).is_socket():
            local = socket.socket(socket.AF_UNIX)
            local.settimeout(CONNECT_TIME)
            return _received(local, source)
        if not Path(source).exists() and (address := re.fullmatch(r"(.+):(\d{1,5})", source)):
            return _received(
                socket.create_connection((address[1].strip("[]"), int(address[2])), CONNECT_TIME)
            )
        return _raw(source)
    except OSError as error:
        problem = f"no battery readings from there: {error.strerror or error}"
        remedy = "--bms takes - (stdin), a file or named pipe, a Unix socket, or HOST:PORT"
        raise FileError(source, problem, remedy=remedy) from error


def _raw(source: str | int) -> RawIOBase:
    return open(source, "rb", buffering=0, closefd=source != STDIN)


def _received(connection: socket.socket, path: str = "") -> RawIOBase:
    """What comes over a connection; its stream closes it."""
    with connection:
        if path:
            connection.connect(path)
        connection.settimeout(None)
        return connection.makefile("rb", buffering=0)
