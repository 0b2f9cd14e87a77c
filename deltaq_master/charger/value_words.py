"""What the raw values of the charger's objects say in words: one table for traffic, reads and documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.status import ChargerMode, ChargerStatus, DerateCause, TerminationReason
from deltaq_master.dictionary.address import Address

ERROR_HISTORY: Final = 0x1003
UNMAPPED_ERROR: Final = Address(0x2061)


def _alarm(raw: int) -> str:
    alarm = Alarm.from_word(raw)
    return str(alarm) if alarm else "no error"


def _label(raw: int) -> str:
    labels = [label for bit, label in ((1, "equalize"), (2, "maintenance")) if raw & bit]
    return f"labels the logged cycle as {' and '.join(labels)}" if labels else "no label"


WORDS: Final[dict[Address, tuple[int, Callable[[int], str]]]] = {
    objects.BATTERY_STATUS: (8, lambda raw: "ready" if raw & 1 else "not ready"),
    objects.OVERRIDE: (8, _label),
    objects.STATUS: (16, lambda raw: ", ".join(ChargerStatus.of(raw).words)),
    objects.DERATE_CAUSE: (8, lambda raw: DerateCause(raw).word),
    objects.TERMINATION: (8, lambda raw: TerminationReason(raw).word),
    objects.MODE: (8, lambda raw: ChargerMode(raw).word),
    objects.ERROR: (32, _alarm),
    UNMAPPED_ERROR: (32, _alarm),
    **{Address(ERROR_HISTORY, sub): (32, _alarm) for sub in range(1, 255)},
}
"""How many bits an object has, and what a raw value of that many bits says."""


def words(address: Address, raw: int) -> str:
    """What a raw value says; '' where there is nothing to add to it, or it does not fit into the object."""
    bits, say = WORDS.get(address, (0, str))
    return say(raw) if 0 <= raw < 1 << bits and bits else ""
