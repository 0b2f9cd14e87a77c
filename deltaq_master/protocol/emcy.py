"""Emergency messages (CiA 301): what a frame says, and which emergencies are active."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

EMCY_BASE = 0x080
"""COB-ID of node n's emergency message is this plus n, unless its 1014h says otherwise."""

LENGTH = 8

ACTIVE_CAPACITY = 254
"""How many different emergencies are remembered: as many as 1003h can hold."""

_MEANINGS = {
    0x1000: "generic error",
    0x2000: "current",
    0x2100: "current, input side",
    0x2200: "current inside the device",
    0x2300: "current, output side",
    0x3000: "voltage",
    0x3100: "mains voltage",
    0x3200: "voltage inside the device",
    0x3300: "output voltage",
    0x4000: "temperature",
    0x4100: "ambient temperature",
    0x4200: "device temperature",
    0x5000: "device hardware",
    0x6000: "device software",
    0x6100: "internal software",
    0x6200: "user software",
    0x6300: "data set",
    0x7000: "additional modules",
    0x8000: "monitoring",
    0x8100: "communication",
    0x8110: "CAN overrun (objects lost)",
    0x8120: "CAN in error passive mode",
    0x8130: "life guard or heartbeat error",
    0x8140: "recovered from bus-off",
    0x8150: "CAN-ID collision",
    0x8200: "protocol error",
    0x8210: "PDO not processed because of its length",
    0x8220: "PDO length exceeded",
    0x8230: "DAM MPDO not processed, destination object not available",
    0x8240: "unexpected SYNC data length",
    0x8250: "RPDO time-out",
    0x9000: "external error",
    0xF000: "additional functions",
    0xFF00: "device-specific",
}


def meaning(code: int) -> str:
    """What CiA 301 calls an error code: the code itself, else the class that it belongs to."""
    if code == 0:
        return "error reset or no error"
    for known in (code, code & 0xFF00, code & 0xF000):
        if known in _MEANINGS:
            return _MEANINGS[known]
    return "a code of no class that CiA 301 defines"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One emergency message as it came; what a short frame left out is None, or missing in `data`."""

    code: int | None
    """Error code, little-endian in bytes 0 and 1; None for a frame of less than two bytes."""
    register: int | None
    """Error register (1001h), byte 2."""
    data: bytes
    """Manufacturer's own, bytes 3 to 7."""

    @classmethod
    def parse(cls, data: bytes) -> Emergency:
        """Read a frame of any length; short ones are not refused, because they still tell of an error."""
        return cls(
            code=int.from_bytes(data[:2], "little") if len(data) >= 2 else None,
            register=data[2] if len(data) > 2 else None,
            data=data[3:],
        )

    @property
    def short(self) -> bool:
        """True for a frame of less than eight bytes, which CiA 301 does not allow."""
        return len(self.data) < LENGTH - 3

    @property
    def reset(self) -> bool:
        """True for code 0000h: errors are reset, or there is none."""
        return self.code == 0

    @property
    def key(self) -> tuple[int | None, int | None]:
        """What makes two emergencies the same one: code and first manufacturer byte.

        Devices with more errors than codes number them in that byte: the code alone would take two of theirs
        for one. The other bytes may hold changing values, and would make one error many.
        """
        return self.code, self.data[0] if self.data else None


@dataclass(frozen=True, slots=True)
class ActiveEmergencies:
    """Emergencies that were not reset yet, each of them once, in the order in which they came.

    Frozen and hashable: `after` answers with a new one, or with itself when nothing changed.
    """

    entries: tuple[Emergency, ...] = ()

    def after(self, emergency: Emergency) -> ActiveEmergencies:
        """What is active after this message: nothing after a reset, no more than before after a repetition.

        Beyond `ACTIVE_CAPACITY` the oldest is forgotten: a device that babbles cannot fill the memory.
        """
        if emergency.reset:
            return NONE_ACTIVE
        if emergency in self:
            return self
        return ActiveEmergencies((*self.entries, emergency)[-ACTIVE_CAPACITY:])

    def __contains__(self, emergency: Emergency) -> bool:
        return any(emergency.key == entry.key for entry in self.entries)

    def __iter__(self) -> Iterator[Emergency]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


NONE_ACTIVE = ActiveEmergencies()
