"""SDO frames (CiA 301): the requests that we send, and which answer belongs to which request.

A command specifier is the top three bits of the first byte; client and server number theirs apart.
"""

from __future__ import annotations

from typing import Final

ABORT: Final = 0x80
TOGGLE_BIT: Final = 0x10

# Specifiers of a client's requests.
DOWNLOAD_SEGMENT: Final = 0
DOWNLOAD: Final = 1
UPLOAD: Final = 2
UPLOAD_SEGMENT: Final = 3
BLOCK_UPLOAD: Final = 5
BLOCK_DOWNLOAD: Final = 6

# Specifiers of a server's answers.
SEGMENT_UPLOADED: Final = 0
SEGMENT_DOWNLOADED: Final = 1
UPLOADING: Final = 2
DOWNLOADED: Final = 3
BLOCK_DOWNLOADING: Final = 5
BLOCK_UPLOADING: Final = 6

# Sub-commands of a block transfer, in the low bits.
INITIATE: Final = 0
END: Final = 1
BLOCK_ACKNOWLEDGED: Final = 2
START: Final = 3

_ANSWER: Final = {
    DOWNLOAD_SEGMENT: SEGMENT_DOWNLOADED,
    DOWNLOAD: DOWNLOADED,
    UPLOAD: UPLOADING,
    UPLOAD_SEGMENT: SEGMENT_UPLOADED,
}

FRAME_LENGTH: Final = 8


def frame(command: int, rest: bytes = b"") -> bytes:
    """A frame of 8 bytes, filled up with zeros."""
    return (bytes((command,)) + rest).ljust(FRAME_LENGTH, b"\x00")


def multiplexer(index: int, sub: int) -> bytes:
    """Index and sub-index as bytes 1 to 3 of a frame carry them."""
    return index.to_bytes(2, "little") + bytes((sub,))


def specifier(data: bytes) -> int:
    """Command specifier of a frame."""
    return data[0] >> 5


def initiates(request: bytes) -> bool:
    """True for a request that begins a transfer: it may be repeated, and its answer names the object."""
    asked = specifier(request)
    if asked == BLOCK_UPLOAD:
        return request[0] & 3 == INITIATE
    if asked == BLOCK_DOWNLOAD:
        return request[0] & 1 == INITIATE
    return asked in (DOWNLOAD, UPLOAD)


def answers(request: bytes, answer: bytes) -> bool:
    """True for a frame of the kind that the request awaits, about the same object where it names one.

    Toggle bits are not compared: see `toggles`.
    """
    if initiates(request) and request[1:4] != answer[1:4]:
        return False
    asked, given = specifier(request), specifier(answer)
    if asked == BLOCK_UPLOAD:
        # CiA 301 lets a server answer the request for a block upload with a normal one.
        return given == UPLOADING or (given == BLOCK_UPLOADING and answer[0] & 1 == INITIATE)
    if asked == BLOCK_DOWNLOAD:
        return given == BLOCK_DOWNLOADING and answer[0] & 3 == request[0] & 1
    return given == _ANSWER[asked]


def toggles(request: bytes, answer: bytes) -> bool:
    """True unless a segment's answer carries another toggle bit than its request."""
    if specifier(request) not in (DOWNLOAD_SEGMENT, UPLOAD_SEGMENT):
        return True
    return not (request[0] ^ answer[0]) & TOGGLE_BIT


def about(data: bytes) -> str:
    """What a frame that nobody awaited is about, as far as it can be told."""
    if len(data) != FRAME_LENGTH:
        return f"{len(data)} bytes instead of 8"
    place = f"{data[2]:02X}{data[1]:02X}h:{data[3]:02X}"
    if data[0] == ABORT:
        return f"abort of {place}"
    if specifier(data) in (UPLOADING, DOWNLOADED):
        return f"about {place}"
    return "not the answer that was awaited"
