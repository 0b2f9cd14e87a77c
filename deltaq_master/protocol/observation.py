"""What was seen of one device at one time, as a value: its PDOs, further objects, and frames that it sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoDump
from deltaq_master.protocol.nmt import NmtState


@dataclass(frozen=True)
class Observation:
    """One look at a device, by reads and by listening; nothing in it is inferred."""

    node_id: int
    dump: PdoDump
    """Its PDOs; what failed is in their `problems`."""
    values: Mapping[Address, bytes | None] = field(default_factory=dict)
    """Every object that was read, those of the PDOs among them; None for one without an answer of use."""
    absent: Mapping[Address, str] = field(default_factory=dict)
    """Objects that the device says it does not have, in its words."""
    failures: Mapping[Address, str] = field(default_factory=dict)
    """Objects that should have been read, and why they were not."""
    frames: Mapping[int, bytes] = field(default_factory=dict)
    """Data of the last frame on the COB-ID of each TPDO that was heard."""
    evidence: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    """The SDO frames of each object as they were on the bus: `60A#40.00.14.05.00.00.00.00`."""
    state: NmtState | None = None
    """NMT state that the device reported, None before its first word."""
