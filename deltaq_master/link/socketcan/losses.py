"""Why a SocketCAN bus is taken as lost, where no socket says it."""

from __future__ import annotations

from typing import Final

import can

from deltaq_master.link.bus.causes import Cause

NOBODY: Final = Cause(
    "nobody acknowledges what is sent on {channel}",
    "is the charger on, on this bus, at this bit rate, and the bus terminated?",
)
NOTHING_LEAVES: Final = Cause(
    "nothing of ours leaves {channel}, although others are heard",
    "who fills the bus or its transmit queue? Look with: candump {channel}; ip -statistics link show {channel}",
)
WENT_OFF: Final = Cause(
    "the controller of {channel} went bus off: it caused too many errors, and took itself off the bus",
    "check wiring, termination and bit rate, then: ip link set {channel} down; ip link set {channel} up",
)


class LossError(can.CanOperationError):
    """The bus is taken as lost, for a reason of ours; `cause` says which and what mends it."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(str(cause))
        self.cause = cause


def about(cause: Cause, channel: str) -> Cause:
    """One of these, of this interface."""
    return Cause(*(part.format(channel=channel) for part in cause))
