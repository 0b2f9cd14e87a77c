"""What kind of frame one is: as ours, sound for canopen or not, and how many of each kind there were."""

from __future__ import annotations

from dataclasses import dataclass

import can

from deltaq_master.protocol.events import Frame

CLASSIC_LENGTH = 8
NMT_LENGTH = 2
EMCY_LENGTH = 8
HEARTBEAT_LENGTH = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What went through the gate since it was built."""

    received: int
    sent: int
    refused: int
    """Frames of ours that the bus did not take."""
    extended: int
    remote: int
    error: int
    fd: int
    wrong_length: int
    raised: int
    """Callbacks that raised."""
    receive_errors: int
    """Times that the interface failed to receive."""


def frame_of(message: can.Message, time: float, *, sent: bool = False) -> Frame:
    """A python-can message as a Frame, at a time of our own choosing."""
    return Frame(
        message.arbitration_id,
        bytes(message.data),
        time,
        message.is_extended_id,
        message.is_remote_frame,
        message.is_error_frame,
        message.is_fd,
        sent,
        message.dlc if message.is_remote_frame else -1,
    )


def length_fits(cob_id: int, length: int) -> bool:
    """Whether a service with a fixed length (NMT, EMCY, heartbeat) has it; others may have 0 to 8 bytes.

    SDO answers and PDOs pass at any length: their clients know what is wrong with a short one, and say so.
    """
    if cob_id == 0x000:
        return length == NMT_LENGTH
    if 0x081 <= cob_id <= 0x0FF:
        return length == EMCY_LENGTH
    if 0x701 <= cob_id <= 0x77F:
        return length == HEARTBEAT_LENGTH
    return length <= CLASSIC_LENGTH
