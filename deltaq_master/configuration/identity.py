"""Which device it is: what a configuration was made for, and what answers on the bus."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from deltaq_master.dictionary.ordering import Values
from deltaq_master.errors import SdoAbortError, SdoAnswerError
from deltaq_master.protocol import identity
from deltaq_master.protocol.identity import NUMBERS, TEXTS
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient

ADDRESSES: Final = frozenset((*NUMBERS.values(), *TEXTS.values()))

_WORDS: Final = {
    "device_type": "device type (1000h)",
    "vendor": "vendor (1018h:01)",
    "product": "product (1018h:02)",
    "revision": "revision (1018h:03)",
    "serial": "serial number (1018h:04)",
}
_ANOTHER_DEVICE: Final = ("device_type", "vendor", "product")
"""What must be the same for a configuration to fit at all."""


@dataclass(frozen=True, slots=True)
class Identity(identity.Identity):
    """What a device says it is, its texts with it; None for what it does not say, or is not known."""

    name: str | None = quantity("", "1008h", default=None)
    hardware: str | None = quantity("", "1009h", default=None)
    software: str | None = quantity("", "100Ah", default=None)

    @property
    def known(self) -> bool:
        """True if anything at all is known of vendor and product."""
        return self.vendor is not None or self.product is not None

    def __str__(self) -> str:
        numbers = (f"{key} {value:X}h" for key in NUMBERS if (value := getattr(self, key)) is not None)
        texts = (repr(value) for key in TEXTS if (value := getattr(self, key)))
        return ", ".join((*texts, *numbers)) or "nothing known"


def identity_of(values: Values) -> Identity:
    """The identity in the bytes of these objects; what is not among them is None."""
    known: dict[str, Any] = {
        key: int.from_bytes(values[address], "little")
        for key, address in NUMBERS.items()
        if address in values
    }
    known |= {
        key: values[address].decode("latin-1").rstrip("\0")
        for key, address in TEXTS.items()
        if address in values
    }
    return Identity(**known)


def read_identity(client: TransferClient) -> Identity:
    """Ask a device what it is. Raises SdoTimeoutError if it does not answer, BusError for a lost bus."""
    found = {}
    for address in (*NUMBERS.values(), *TEXTS.values()):
        try:
            found[address] = client.upload(address.index, address.sub)
        except (SdoAbortError, SdoAnswerError):
            continue
    return identity_of(found)


def another(expected: Identity, found: Identity, *, same_unit: bool = False) -> list[str]:
    """Why the device that was found is not one that this is for; `same_unit`: not the very device."""
    keys = (*_ANOTHER_DEVICE, "serial") if same_unit else _ANOTHER_DEVICE
    return list(_unlike(expected, found, keys))


def remarks(expected: Identity, found: Identity) -> list[str]:
    """What else differs between the device that this is for and the one that was found."""
    texts = list(_unlike(expected, found, ("revision", "serial")))
    if expected.software and found.software and expected.software != found.software:
        texts.append(f"software (100Ah) is {found.software!r}, and {expected.software!r} is expected")
    return texts


def _unlike(expected: Identity, found: Identity, keys: tuple[str, ...]) -> list[str]:
    said = []
    for key in keys:
        wanted, there = getattr(expected, key), getattr(found, key)
        if key == "device_type" and wanted is not None and there is not None:
            # The upper word is the manufacturer's, and may change with the firmware.
            wanted, there = wanted & 0xFFFF, there & 0xFFFF
        if wanted is not None and there != wanted:
            is_there = "not known" if there is None else f"{there:X}h"
            said.append(f"{_WORDS[key]} is {is_there}, and {wanted:X}h is expected")
    return said


def as_known(said: Identity) -> Identity:
    """The same without numbers that are 0, with which an EDS says that it does not say."""
    return Identity(**{field.name: getattr(said, field.name) or None for field in fields(Identity)})
