"""What a serial-line CAN adapter (slcan) answers, as Lawicel's CAN232 and CANUSB do; pure.

Commands end with CR. CR alone is yes, BEL is no; `z` and `Z` confirm a frame sent. An adapter that no bit rate
was set for, or only by registers (`s`), is taken to have the right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deltaq_master.protocol.events import Frame

BIT_RATE = "6"
"""The wire's, as command S has it: 500 kbit/s, that of this unit (N) [C]."""
BACKLOG = 1 << 20
"""Bytes that may wait for a client that does not read; frames beyond are lost, as in a receiver overrun."""

OK, NO = b"\r", b"\a"
_FRAME = re.compile(
    rb"(?:([tr])([0-7][0-9A-Fa-f]{2})|([TR])([01][0-9A-Fa-f]{7}))([0-8])((?:[0-9A-Fa-f]{2})*)"
)
_SIMPLE = {b"V": b"V1013\r", b"N": b"NDQ85\r", b"F": b"F00\r"}
"""Version, serial number, status flags: no error."""
_IGNORED = re.compile(rb"|s[0-9A-Fa-f]{4}|[Mm][0-9A-Fa-f]{8}|X[01]|Z0")
"""Bit rate by registers, acceptance filter, polling, stamps off, and an empty line."""


class Adapter:
    """One adapter: what its client has set, and what waits for the client."""

    def __init__(self) -> None:
        self.out = bytearray()
        """Bytes for the client."""
        self._line = bytearray()
        self._open = False
        self._listens_only = False
        self._rate = BIT_RATE

    def feed(self, received: bytes, now: float) -> Iterator[Frame]:
        """Take bytes of the client; frames that it sends, each once the one before has been dealt with."""
        for octet in received:
            if octet != ord("\r"):
                self._line.append(octet)
                continue
            line = bytes(self._line)
            self._line.clear()
            match = _FRAME.fullmatch(line)
            if match is None:
                self.out += self._answer(line)
            elif frame := self._frame(match, now):
                self.out += b"Z\r" if frame.extended else b"z\r"
                if self._rate == BIT_RATE:
                    yield frame
            else:
                self.out += NO

    def hear(self, frame: Frame) -> None:
        """A frame is on the wire."""
        if self._open and self._rate == BIT_RATE and len(self.out) < BACKLOG:
            self.out += line_of(frame)

    def _answer(self, line: bytes) -> bytes:
        command = line[:1]
        if line in _SIMPLE:
            return _SIMPLE[line]
        if _IGNORED.fullmatch(line):
            return OK
        if command == b"S" and re.fullmatch(rb"S[0-9]", line) and not self._open:
            self._rate = line[1:].decode()
            return OK
        if line in (b"O", b"L") and not self._open:
            self._open, self._listens_only = True, line == b"L"
            return OK
        if line == b"C" and self._open:
            self._open = False
            return OK
        return NO

    def _frame(self, match: re.Match[bytes], now: float) -> Frame | None:
        """Frame of a command, None if it may not be sent or its data are not as long as it says."""
        if not self._open or self._listens_only:
            return None
        kind = match[1] or match[3]
        remote = kind in b"rR"
        data = bytes.fromhex(match[6].decode())
        length = int(match[5])
        if len(data) != (0 if remote else length):
            return None
        cob_id = int(match[2] or match[4], 16)
        dlc = length if remote else -1
        return Frame(cob_id, data, now, extended=kind in b"TR", remote=remote, length=dlc)


def line_of(frame: Frame) -> bytes:
    """Line with which an adapter reports a frame."""
    kind = "r" if frame.remote else "t"
    name = f"{kind.upper()}{frame.cob_id:08X}" if frame.extended else f"{kind}{frame.cob_id:03X}"
    length = len(frame.data) if frame.length < 0 else frame.length
    return f"{name}{length}{frame.data.hex().upper()}\r".encode()
