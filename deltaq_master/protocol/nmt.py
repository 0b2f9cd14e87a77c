"""Network management as the wire says it (CiA 301): states that a device reports, commands that we send."""

from __future__ import annotations

from enum import IntEnum

NMT_COB_ID = 0x000
HEARTBEAT_BASE = 0x700


class NmtState(IntEnum):
    """State in a heartbeat or boot-up message."""

    INITIALISING = 0x00
    """The boot-up message: the device has just entered pre-operational after a reset."""
    STOPPED = 0x04
    OPERATIONAL = 0x05
    PRE_OPERATIONAL = 0x7F

    @property
    def word(self) -> str:
        """The state as a person reads it: 'pre-operational'."""
        return self.name.lower().replace("_", "-")


class NmtCommand(IntEnum):
    """Command specifier of an NMT message."""

    START = 0x01
    STOP = 0x02
    PRE_OPERATIONAL = 0x80
    RESET_NODE = 0x81
    RESET_COMMUNICATION = 0x82


def command_data(command: NmtCommand, node_id: int) -> bytes:
    """Data of the NMT message (COB-ID 000h) for one node (1 to 127), or for all of them (0)."""
    return bytes((command, node_id))


def heartbeat_state(data: bytes) -> NmtState | None:
    """State that a heartbeat or boot-up message reports, None for a wrong length or an unknown state.

    The top bit is the toggle bit of node guarding (CiA 301) and is not part of the state.
    """
    if len(data) != 1:
        return None
    try:
        return NmtState(data[0] & 0x7F)
    except ValueError:
        return None
