"""SDO server (CiA 301): expedited, segmented and block transfers over any object dictionary.

canopen's LocalNode cannot serve as a device: it answers for objects that do not exist, checks no limits and
knows no block download. A transfer is a generator here: it takes one request after another, and what it
yields are the answers.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Generator

from deltaq_master.dictionary.address import Address
from deltaq_master.simulator.objects import Abort, Code, Objects

TIMEOUT = 2.0
"""Seconds without a request after which an unfinished transfer is aborted (a choice of this simulator)."""
BLOCK_SIZE = 127
"""Segments in a block of a block download."""
MEMORY = 1 << 16
"""Most bytes that a download may bring."""

Transfer = Generator[list[bytes], bytes, list[bytes]]


def _abort(address: Address, code: int) -> list[bytes]:
    return [struct.pack("<BHBI", 0x80, address.index, address.sub, code)]


def _initiates(command: int) -> bool:
    """True for the first request of a transfer; block transfers have sub-commands in their lowest bits."""
    specifier = command >> 5
    return specifier in (1, 2) or (specifier == 5 and not command & 3) or (specifier == 6 and not command & 1)


class SdoServer:
    """One SDO channel of a device: one transfer at a time, a new one ends the one before."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._transfer: Transfer | None = None
        self._address = Address(0)
        self._in_block = False

    @property
    def busy(self) -> bool:
        """True while a transfer waits for its next request."""
        return self._transfer is not None

    def begins(self, request: bytes) -> bool:
        """True for a request that begins a transfer."""
        return len(request) == 8 and _initiates(request[0]) and not self._in_block

    def reset(self) -> None:
        """Forget the transfer under way."""
        self._transfer = None
        self._in_block = False

    def expire(self) -> list[bytes]:
        """Abort the transfer under way, because its next request did not come in time."""
        self.reset()
        return _abort(self._address, Code.TIMED_OUT)

    def handle(self, request: bytes) -> list[bytes]:
        """Answers to one request, none to an abort."""
        if len(request) != 8:
            self.reset()
            index, sub = struct.unpack("<HB", request[1:4].ljust(3, b"\0"))
            return _abort(Address(index, sub), Code.COMMAND)
        command = request[0]
        if command == 0x80:
            self.reset()
            return []
        if self.begins(request):
            return self._start(request)
        if self._transfer is None:
            return _abort(Address(0), Code.COMMAND)
        return self._step(self._transfer, request)

    def _start(self, request: bytes) -> list[bytes]:
        self._address = Address(*struct.unpack("<HB", request[1:4]))
        begin = {1: self._download, 2: self._upload, 5: self._block_upload, 6: self._block_download}
        transfer = self._transfer = begin[request[0] >> 5](self._address, request)
        return self._step(transfer, None)

    def _step(self, transfer: Transfer, request: bytes | None) -> list[bytes]:
        try:
            return next(transfer) if request is None else transfer.send(request)
        except StopIteration as end:
            self.reset()
            answers: list[bytes] = end.value
            return answers

    # --- upload: the client reads ------------------------------------------------------------------------

    def _upload(self, address: Address, _: bytes) -> Transfer:
        data = self._objects.read(address)
        if isinstance(data, Abort):
            return _abort(address, data.code)
        return (yield from self._send(address, data))

    def _send(self, address: Address, data: bytes) -> Transfer:
        if 1 <= len(data) <= 4:
            return [struct.pack("<BHB4s", 0x43 | (4 - len(data)) << 2, address.index, address.sub, data)]
        request = yield [struct.pack("<BHBI", 0x41, address.index, address.sub, len(data))]
        toggle = 0
        while True:
            if request[0] >> 5 != 3:
                return _abort(address, Code.COMMAND)
            if request[0] & 0x10 != toggle:
                return _abort(address, Code.TOGGLE)
            part, data = data[:7], data[7:]
            answer = struct.pack("<B7s", toggle | (7 - len(part)) << 1 | (not data), part)
            if not data:
                return [answer]
            toggle ^= 0x10
            request = yield [answer]

    def _block_upload(self, address: Address, request: bytes) -> Transfer:
        size, threshold = request[4], request[5]
        data = self._objects.read(address)
        if isinstance(data, Abort):
            return _abort(address, data.code)
        if not 1 <= size <= 127:
            return _abort(address, Code.BLOCK_SIZE)
        if threshold and len(data) <= threshold:
            return (yield from self._send(address, data))
        request = yield [struct.pack("<BHBI", 0xC6, address.index, address.sub, len(data))]
        if request[0] != 0xA3:
            return _abort(address, Code.COMMAND)
        segments = [data[i : i + 7] for i in range(0, len(data), 7)] or [b""]
        sent = 0
        while sent < len(segments):
            block = segments[sent : sent + size]
            final = sent + len(block) == len(segments)
            answers = [struct.pack("<B7s", number, part) for number, part in enumerate(block, 1)]
            if final:
                answers[-1] = bytes((answers[-1][0] | 0x80,)) + answers[-1][1:]
            request = yield answers
            if request[0] != 0xA2:
                return _abort(address, Code.COMMAND)
            if request[1] > len(block):
                return _abort(address, Code.SEQUENCE)
            # What the client has not acknowledged is sent again.
            sent, size = sent + request[1], request[2]
            if not 1 <= size <= 127:
                return _abort(address, Code.BLOCK_SIZE)
        unused = 7 - len(segments[-1])
        request = yield [struct.pack("<BH5x", 0xC1 | unused << 2, crc_hqx(data, 0))]
        return [] if request[0] == 0xA1 else _abort(address, Code.COMMAND)

    # --- download: the client writes ---------------------------------------------------------------------

    def _download(self, address: Address, request: bytes) -> Transfer:
        command = request[0]
        if command & 2:
            return self._expedited(address, request)
        length = struct.unpack("<I", request[4:])[0] if command & 1 else None
        refused = self._refuse(address, length)
        if refused:
            return refused
        request = yield [struct.pack("<BHB4x", 0x60, address.index, address.sub)]
        data, toggle = bytearray(), 0
        while True:
            if request[0] >> 5 != 0:
                return _abort(address, Code.COMMAND)
            if request[0] & 0x10 != toggle:
                return _abort(address, Code.TOGGLE)
            data += request[1 : 8 - (request[0] >> 1 & 7)]
            answer = bytes((0x20 | toggle,)).ljust(8, b"\0")
            if request[0] & 1:
                return self._finish(address, bytes(data), length, answer)
            if len(data) > MEMORY:
                return _abort(address, Code.MEMORY)
            toggle ^= 0x10
            request = yield [answer]

    def _expedited(self, address: Address, request: bytes) -> list[bytes]:
        sized = request[0] & 1
        # Without a size the object's own holds: the client leaves the other bytes open.
        length = 4 - (request[0] >> 2 & 3) if sized else self._objects.expedited_size(address)
        answer = struct.pack("<BHB4x", 0x60, address.index, address.sub)
        return self._finish(address, request[4 : 4 + length], None, answer)

    def _block_download(self, address: Address, request: bytes) -> Transfer:
        length = struct.unpack("<I", request[4:])[0] if request[0] & 2 else None
        checked = request[0] & 4
        refused = self._refuse(address, length)
        if refused:
            return refused
        answers = [struct.pack("<BHBB3x", 0xA4, address.index, address.sub, BLOCK_SIZE)]
        data, final = bytearray(), False
        while not final:
            part, final, good = yield from self._block(answers)
            data += part
            if len(data) > MEMORY:
                return _abort(address, Code.MEMORY)
            answers = [bytes((0xA2, good, BLOCK_SIZE)).ljust(8, b"\0")]
        request = yield answers
        if request[0] & 0xE3 != 0xC1:
            return _abort(address, Code.COMMAND)
        unused = request[0] >> 2 & 7
        whole = bytes(data[: len(data) - unused])
        if checked and struct.unpack("<H", request[1:3])[0] != crc_hqx(whole, 0):
            return _abort(address, Code.CRC)
        return self._finish(address, whole, length, bytes((0xA1,)).ljust(8, b"\0"))

    def _block(self, answers: list[bytes]) -> Generator[list[bytes], bytes, tuple[bytes, bool, int]]:
        """Bytes of the segments of one block that came in sequence; whether the last of all; their number."""
        data, good, final = b"", 0, False
        self._in_block = True
        request = yield answers
        while True:
            number = request[0] & 0x7F
            if number == good + 1:
                data, good, final = data + request[1:], number, bool(request[0] & 0x80)
            # A lost segment is found when the block is over: the answer names the last good one.
            if number == BLOCK_SIZE or request[0] & 0x80:
                self._in_block = False
                return data, final, good
            request = yield []

    def _refuse(self, address: Address, length: int | None) -> list[bytes]:
        entry = self._objects.may_write(address, length)
        if isinstance(entry, Abort):
            return _abort(address, entry.code)
        return _abort(address, Code.MEMORY) if length is not None and length > MEMORY else []

    def _finish(self, address: Address, data: bytes, length: int | None, answer: bytes) -> list[bytes]:
        if length is not None and length != len(data):
            return _abort(address, Code.LENGTH)
        refused = self._objects.write(address, data)
        return _abort(address, refused.code) if refused is not None else [answer]
