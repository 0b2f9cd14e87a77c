"""What the kernel's error frames say of a CAN controller, in words (linux/can/error.h)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

TIMEOUT, LOST_ARBITRATION, CONTROLLER, PROTOCOL, TRANSCEIVER, NO_ACK, BUS_OFF, BUS_ERROR, RESTARTED = (
    1 << bit for bit in range(9)
)
COUNTERS: Final = 1 << 9
OVERFLOW: Final = 0x03
WARNING: Final = 0x0C
PASSIVE: Final = 0x30
ACTIVE: Final = 0x40
"""Bits of data byte 1, of an error frame about the controller."""
ACK_SLOT: Final = 0x19
"""Data byte 3 of an error frame about the protocol: where in the frame it happened."""


class ControllerState(Enum):
    """Error state of a CAN controller (ISO 11898-1); the value is the word for it."""

    ACTIVE = "error active"
    WARNING = "error warning"
    PASSIVE = "error passive"
    OFF = "bus off"


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller as its error frames have described it so far."""

    state: ControllerState = ControllerState.ACTIVE
    received_errors: int = 0
    """Receive error counter, where the driver tells it."""
    sent_errors: int = 0
    """Transmit error counter, likewise."""
    unacknowledged: int = 0
    """Error frames that said that nobody acknowledged."""
    overflows: int = 0
    """Error frames that said that frames were lost in the controller."""
    restarts: int = 0
    """Times that it was restarted after bus off."""

    def after(self, can_id: int, data: bytes) -> Controller:
        """The same after one more error frame; `can_id` without the kernel's flags."""
        data = data.ljust(8, b"\0")
        new = self
        if can_id & CONTROLLER:
            new = replace(new, state=_state(data[1], new.state))
            new = replace(new, overflows=new.overflows + bool(data[1] & OVERFLOW))
        if can_id & (CONTROLLER | COUNTERS) and (data[6] or data[7] or can_id & COUNTERS):
            new = replace(new, sent_errors=data[6], received_errors=data[7])
        if can_id & NO_ACK or (can_id & PROTOCOL and data[3] == ACK_SLOT):
            new = replace(new, unacknowledged=new.unacknowledged + 1)
        if can_id & BUS_OFF:
            new = replace(new, state=ControllerState.OFF)
        if can_id & RESTARTED:
            new = replace(new, state=ControllerState.ACTIVE, restarts=new.restarts + 1)
        return new

    def __str__(self) -> str:
        counters = f", error counters Tx {self.sent_errors} Rx {self.received_errors}"
        return self.state.value + (counters if self.sent_errors or self.received_errors else "")


def _state(bits: int, state: ControllerState) -> ControllerState:
    if bits & PASSIVE:
        return ControllerState.PASSIVE
    if bits & WARNING:
        return ControllerState.WARNING
    return ControllerState.ACTIVE if bits & ACTIVE else state
