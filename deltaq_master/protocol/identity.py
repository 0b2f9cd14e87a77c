"""What a device says it is (1000h, 1018h) in words: CiA's device profiles, and the vendors known for certain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.units import quantity

NUMBERS: Final = {
    "device_type": Address(0x1000),
    "vendor": Address(0x1018, 1),
    "product": Address(0x1018, 2),
    "revision": Address(0x1018, 3),
    "serial": Address(0x1018, 4),
}
TEXTS: Final = {"name": Address(0x1008), "hardware": Address(0x1009), "software": Address(0x100A)}
"""Objects of CiA 301 that say what a device is."""

PROFILES: Final = {
    401: "I/O module",
    402: "drive",
    404: "measuring device or closed-loop controller",
    405: "programmable controller (IEC 61131-3)",
    406: "encoder",
    408: "fluid power drive: proportional valve or hydrostatic transmission",
    410: "inclinometer",
    412: "medical device",
    413: "truck gateway",
    414: "weaving machine",
    415: "road construction machine",
    416: "building door",
    417: "lift",
    418: "battery",
    419: "battery charger",
    420: "extruder downstream device",
    421: "train vehicle control",
    422: "municipal vehicle",
    423: "rail vehicle power drive",
    424: "rail vehicle door",
    425: "medical diagnostic add-on",
    426: "rail vehicle exterior lighting",
    430: "rail vehicle auxiliary equipment",
    433: "rail vehicle interior lighting",
    434: "laboratory device",
    436: "construction machine",
    437: "photovoltaic system",
    442: "low-voltage switchgear: motor starter",
    443: "subsea instrument",
    444: "container-handling machine add-on",
    445: "RFID reader",
    446: "AS-Interface gateway",
    447: "special-purpose car add-on",
    450: "pump",
    452: "drive (PLCopen motion control)",
    453: "power supply",
    454: "energy management system",
    455: "drilling machine",
    458: "energy meter",
    459: "on-board weighing device",
    461: "weighing device",
}
"""Profile numbers of CiA's 4xx series, and what they are for."""


class Profile(IntEnum):
    """Lower words of 1000h that are no profile's number (CiA 301)."""

    NONE = 0
    SEVERAL = 0xFFFF
    """The profiles are in other objects."""


IO_MODULE: Final = 401
_IO_BITS: Final = ("digital inputs", "digital outputs", "analogue inputs", "analogue outputs")
"""Bits 0 to 3 of the upper word of 1000h of an I/O module (CiA 401)."""

VENDORS: Final = {0x110: "Delta-Q"}
"""Vendor-IDs known for certain; CiA's list of all is not for copying."""


@dataclass(frozen=True, slots=True)
class Identity:
    """1000h and 1018h of a device as numbers; None for what it does not have or did not answer."""

    device_type: int | None = quantity("", "1000h", default=None)
    vendor: int | None = quantity("", "1018h:01", default=None)
    product: int | None = quantity("", "1018h:02", default=None)
    revision: int | None = quantity("", "1018h:03", default=None)
    serial: int | None = quantity("", "1018h:04", default=None)

    @property
    def profile(self) -> int | None:
        """Number of the device profile, 401 to 4xx; None where 1000h is not known."""
        return None if self.device_type is None else self.device_type & 0xFFFF

    @property
    def profile_name(self) -> str:
        """The device profile: 'CiA 419 battery charger'; '' where 1000h is not known."""
        match self.profile:
            case None:
                return ""
            case Profile.NONE:
                return "no standard profile"
            case Profile.SEVERAL:
                return "several profiles in one device"
            case number:
                return f"CiA {number} {PROFILES.get(number, '')}".rstrip()

    @property
    def profile_words(self) -> str:
        """The device profile, and what the additional-information word says: 'CiA 401 I/O module, digital inputs'."""
        additional = "" if self.device_type is None else _additional(self.device_type)
        return ", ".join(filter(None, (self.profile_name, additional)))

    def vendor_words(self, named: tuple[int, str] | None = None) -> str:
        """The vendor's name where it is known, here or by `named` (from an EDS); else its number."""
        if self.vendor is None:
            return ""
        number = f"{self.vendor:08X}h"
        if named is not None and named[0] == self.vendor and named[1]:
            return f"{named[1]} ({number})"
        name = VENDORS.get(self.vendor)
        return f"{name} ({number})" if name else f"vendor {number}"

    @property
    def revision_words(self) -> str:
        """Major and minor number: '1.2048'."""
        return "" if self.revision is None else f"{self.revision >> 16}.{self.revision & 0xFFFF}"


def _additional(device_type: int) -> str:
    profile, word = device_type & 0xFFFF, device_type >> 16
    if profile == IO_MODULE and word and not word >> len(_IO_BITS):
        return ", ".join(name for bit, name in enumerate(_IO_BITS) if word >> bit & 1)
    return f"additional information {word:04X}h" if word else ""
