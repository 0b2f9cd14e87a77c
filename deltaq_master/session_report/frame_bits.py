"""How long a frame is on the wire, stuff bits included: from its identifier and data alone (ISO 11898-1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from deltaq_master.protocol.events import Frame

POLYNOMIAL: Final = 0x4599
"""Of the 15-bit CRC."""
CRC_BITS: Final = 15
STUFFED_AFTER: Final = 5
"""Equal bits in a row after which an opposite one is put in."""
UNSTUFFED: Final = 13
"""CRC delimiter 1, acknowledge 2, end of frame 7, intermission 3."""


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte << 7
        for _ in range(8):
            crc = (crc << 1 ^ POLYNOMIAL if crc & 0x4000 else crc << 1) & 0x7FFF
        found.append(crc)
    return tuple(found)


_CRC: Final = _table()


def frame_bits(frame: Frame) -> int | None:
    """Bits of a frame of classic CAN with the intermission after it; None for FD and error frames."""
    if frame.fd or frame.error:
        return None
    length = frame.length if frame.length >= 0 else len(frame.data)
    return _bits(frame.cob_id, b"" if frame.remote else frame.data, length, frame.extended, frame.remote)


@lru_cache(maxsize=1 << 16)
def _bits(cob_id: int, data: bytes, length: int, extended: bool, remote: bool) -> int:
    code = min(length, 15)
    if extended:
        # Start 0, 11 bits of the identifier, SRR 1, IDE 1, its other 18 bits, RTR, two reserved 0, DLC.
        head = ((cob_id >> 18 & 0x7FF) << 2 | 0b11) << 18 | cob_id & 0x3FFFF
        head, count = (head << 1 | remote) << 6 | code, 39
    else:
        # Start 0, 11 bits of the identifier, RTR, IDE 0, reserved 0, DLC.
        head, count = ((cob_id & 0x7FF) << 1 | remote) << 6 | code, 19
    value = head << 8 * len(data) | int.from_bytes(data, "big")
    count += 8 * len(data)
    value = value << CRC_BITS | crc_of(value, count)
    count += CRC_BITS
    return count + stuff_bits(f"{value:0{count}b}") + UNSTUFFED


def crc_of(value: int, count: int) -> int:
    """The CRC of the first `count` bits of a frame, from its start bit on."""
    crc = 0
    # It begins as 0, so that leading zeros change nothing.
    for byte in value.to_bytes((count + 7) // 8, "big"):
        crc = crc << 8 & 0x7FFF ^ _CRC[crc >> 7 ^ byte]
    return crc


def stuff_bits(bits: str) -> int:
    """How many stuff bits a row of bits gets; a stuff bit begins a row of its own."""
    stuffed, last, run = 0, "", 0
    for bit in bits:
        run = run + 1 if bit == last else 1
        last = bit
        if run == STUFFED_AFTER:
            stuffed += 1
            last, run = "1" if bit == "0" else "0", 1
    return stuffed
