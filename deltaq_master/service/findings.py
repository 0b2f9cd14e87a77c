"""What an examination of a bus has found, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaq_master.link.bus.interfaces import Interface
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, heartbeat_state
from deltaq_master.units import quantity


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard while nothing was sent."""

    seconds: float = quantity("s", "how long it was listened")
    frames: int = 0
    """Frames that were received whole."""
    errors: int = 0
    """Error frames of our controller."""
    nodes: Mapping[int, str] = field(default_factory=dict)
    """Nodes that sent a heartbeat, with the state they told, or that sent something else of their own."""
    commands: frozenset[int] = frozenset()
    """COB-IDs in 200h to 57Fh by which a master commands (RPDOs as CiA 301 numbers them)."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was looked at; None is what could not be."""

    way: str
    """python-can's name of the interface."""
    channel: str
    node_id: int = 10
    master_id: int = 1
    bitrate: int | None = None
    """What was asked for on the command line."""
    before: Interface | None = None
    """The network interface before it was listened to, None where there is none."""
    after: Interface | None = None
    others: tuple[str, ...] = ()
    """Other CAN interfaces of this computer."""
    refused: str = ""
    """Why the bus cannot be opened, '' if it can."""
    heard: Heard | None = None
    configured: Mapping[str, str] = field(default_factory=dict)
    """What python-can's own settings say: interface, channel, bitrate."""
    sources: tuple[str, ...] = ()
    """Files and variables that they come from."""
    lateness: float | None = quantity("s", "the longest that a wait of 10 ms was late", default=None)
    realtime: bool | None = None
    """Whether this user may ask for real-time priority."""
    niceness: int | None = None
    synchronised: bool | None = None
    """Whether the clock of the day is set by the network."""


RPDO_BASES = (0x200, 0x300, 0x400, 0x500)
OWN_BASES = (0x080, 0x180, 0x280, 0x380, 0x480, 0x580)
"""EMCY, TPDO1 to 4 and SDO answers: what a node itself sends."""


def heard(frames: list[Frame], seconds: float) -> Heard:
    """What frames say about who is on the bus."""
    plain = [frame for frame in frames if frame.plain and not frame.sent]
    nodes: dict[int, str] = {}
    commands = set()
    for frame in plain:
        base, node_id = frame.cob_id & 0x780, frame.cob_id & 0x7F
        if base == HEARTBEAT_BASE and node_id and len(frame.data) == 1:
            state = heartbeat_state(frame.data)
            nodes[node_id] = state.word if state is not None else "in an unknown state"
        elif base in OWN_BASES and node_id:
            nodes.setdefault(node_id, "without a heartbeat")
        elif base in RPDO_BASES:
            commands.add(frame.cob_id)
    errors = sum(frame.error for frame in frames)
    return Heard(seconds, len(frames) - errors, errors, dict(sorted(nodes.items())), frozenset(commands))
