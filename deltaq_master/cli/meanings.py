"""What the raw values of the charger's objects mean, for those who read them one by one."""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.charger import objects
from deltaq_master.charger.report import Report
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.charger.value_words import words
from deltaq_master.dictionary.address import Address

DEVICE_TYPE = Address(0x1000)
CONSUMERS = 0x1016
IDENTITY = 0x1018
ERROR_BEHAVIOUR = Address(0x1029, 1)
NMT_STARTUP = Address(0x1F80)
NO_ALGORITHM = 0xFFFF_FFFF
AUTO_OPERATIONAL = 1 << 3

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH = 5


def meaning(address: Address, raw: int) -> str:
    """What a raw value says, '' where there is nothing to add to it."""
    told = _MEANINGS.get(address)
    return told(raw) if told else words(address, raw)


def untrusted(status: bytes | None) -> str:
    """Why a reading of 2002h is not to be believed, given the 2006h that was read with it."""
    known = ChargerStatus.of(int.from_bytes(status, "little")) if status and len(status) == 2 else None
    return Report(status=known).current_untrusted


def _device_type(raw: int) -> str:
    upper = f", upper word {raw >> 16:04X}h" if raw >> 16 else ""
    return f"CiA {raw & 0xFFFF}{upper}"


def _vendor(raw: int) -> str:
    return "Delta-Q" if raw == 0x110 else "another vendor"


def _serial(raw: int) -> str:
    """Five characters of the serial number, six bits each; that the first one is the highest is inferred [I]."""
    codes = [raw >> 6 * place & 0x3F for place in reversed(range(_SERIAL_LENGTH))]
    if raw >> 6 * _SERIAL_LENGTH or any(code >= len(_DIGITS) for code in codes):
        return "not in the form of an ICL's serial characters"
    return f"serial characters {''.join(_DIGITS[code] for code in codes)}"


def _revision(raw: int) -> str:
    return f"v{raw >> 16}.{raw >> 8 & 0xFF}.{raw & 0xFF}"


def _consumer(raw: int) -> str:
    return f"watches node {raw >> 16 & 0x7F} for {raw & 0xFFFF} ms" if raw & 0xFFFF else "off"


def _error_behaviour(raw: int) -> str:
    words = ("goes pre-operational", "stays as it is", "stops")
    return f"{words[raw]} when its master is lost" if raw < len(words) else ""


def _startup(raw: int) -> str:
    return "operational by itself" if raw & AUTO_OPERATIONAL else "waits in pre-operational for NMT start"


def _algorithm(raw: int) -> str:
    if raw == NO_ALGORITHM:
        return "no active algorithm"
    return f"algorithm {raw & 0xFFFF}, variant {raw >> 16 & 0xFF}"


def _algorithms(raw: int) -> str:
    if not raw:
        return "none installed: it cannot start by itself"
    return "it may charge by itself while no master is heard: silence is not off"


_MEANINGS: dict[Address, Callable[[int], str]] = {
    DEVICE_TYPE: _device_type,
    Address(IDENTITY, 1): _vendor,
    Address(IDENTITY, 2): _serial,
    Address(IDENTITY, 3): _revision,
    Address(CONSUMERS, 1): _consumer,
    Address(CONSUMERS, 2): _consumer,
    ERROR_BEHAVIOUR: _error_behaviour,
    NMT_STARTUP: _startup,
    objects.ALGORITHM: _algorithm,
    objects.ALGORITHM_COUNT: _algorithms,
}
