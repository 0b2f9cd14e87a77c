"""What the bits of the charger's status objects mean: 2006h, 2008h, 2011h, 2250h.

Source of all of them: the vendor's public interface glossary [C], written for a sibling platform whose
firmware is newer than this unit's. Bits 0 and 1 of 2006h (fault, alarm) are reserved in older firmware and
stayed 0 on this unit while an alarm was active [C], so that their 0 proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cache
from typing import Self

from deltaq_master.errors import UsageError


class _Coded(IntEnum):
    """Numbers of a device with words for people; a number that no document names is kept as reserved."""

    _value_: int
    word: str

    def __new__(cls, value: int, word: str = "") -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.word = word
        return member

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"RESERVED_{value}"
        member._value_ = value
        member.word = f"reserved value {value}"
        return member


class Override(_Coded):
    """Who controls the charger: 2006h bits 38-39 of TPDO1 (bits 6 and 7 of the word)."""

    LOCAL = 0, "local"
    """Its own algorithm, if it has one: it may charge by itself."""
    REMOTE = 1, "remote"
    """The master that it hears; the heartbeat alone brings this, before any RPDO [C]."""


class ChargeIndication(_Coded):
    """How far the charge is: bits 8 to 11 of 2006h."""

    INACTIVE = 0, "inactive"
    BELOW_80 = 1, "charging, below 80 %"
    ABOVE_80 = 2, "charging, above 80 %"
    FINISHING = 3, "finishing"
    COMPLETE = 4, "complete"
    RESTING = 5, "resting"
    """Not charging by itself."""
    EQUALIZE = 6, "equalize"
    """Not for lithium."""
    POWER_SUPPLY = 7, "power supply mode"


class CycleType(_Coded):
    """Which kind of cycle runs: bits 12 to 15 of 2006h."""

    NONE = 0, "no cycle"
    CHARGE = 1, "charge cycle"
    MAINTENANCE = 2, "maintenance cycle"


class TerminationReason(_Coded):
    """Why the last charge ended: 2011h, the best read after the fact."""

    NONE = 0, "none"
    ALGORITHM = 1, "ended by the algorithm"
    EXTERNAL_DISABLE = 2, "disabled from outside (6000h = 0)"
    AC_REMOVED = 3, "AC removed"
    BATTERY_DISCONNECTED = 4, "battery disconnected"
    ALGORITHM_CHANGED = 5, "algorithm changed"
    THERMAL = 6, "temperature"
    REPROGRAMMING = 7, "reprogramming"
    PLATFORM = 8, "alarm or fault of the charger"
    OPERATOR = 9, "ended by the operator"
    LINK_LOST = 16, "heartbeat or RPDO lost"
    PRE_OPERATIONAL = 17, "NMT pre-operational"


class ChargerMode(_Coded):
    """What the charger is set up to be: 2250h."""

    POWER_SUPPLY = 0, "power supply"
    CHARGING = 1, "charging"
    DIAGNOSTIC = 2, "diagnostic"
    SAFE = 3, "safe mode"


class DerateCause(IntFlag):
    """Why the charger gives less than it was asked for: bits of 2008h."""

    AC_VOLTAGE = 1
    BATTERY_VOLTAGE = 2
    TEMPERATURE = 4
    AC_CURRENT_LIMIT = 8

    @property
    def word(self) -> str:
        """Every cause that is set, as a person reads them: 'AC voltage, temperature'."""
        named = ", ".join(word for cause, word in _DERATE_WORDS if cause in self)
        rest = int(self) & ~sum(DerateCause)
        unnamed = f"reserved bits {rest:02X}h" if rest else ""
        return ", ".join(filter(None, (named, unnamed))) or "none"


_DERATE_WORDS = (
    (DerateCause.AC_VOLTAGE, "AC voltage"),
    (DerateCause.BATTERY_VOLTAGE, "battery voltage"),
    (DerateCause.TEMPERATURE, "temperature"),
    (DerateCause.AC_CURRENT_LIMIT, "AC current limit"),
)

_CHARGING = frozenset(
    (
        ChargeIndication.BELOW_80,
        ChargeIndication.ABOVE_80,
        ChargeIndication.FINISHING,
        ChargeIndication.POWER_SUPPLY,
    )
)


@dataclass(frozen=True, slots=True)
class ChargerStatus:
    """Extended Charge Status (2006h), one frozen value for each raw word.

    It has no invalid value: all ones reads as fault, alarm and shut down, which is the safe way to take it.
    """

    raw: int
    fault: bool
    """Bit 0; reserved in older firmware, so that False proves nothing."""
    alarm: bool
    """Bit 1; as `fault`: it was False on this unit while alarm E-0-3-2 was active [C]."""
    hardware_shutdown: bool
    """Bit 2: the power stage is shut down."""
    derating: bool
    """Bit 3: less is given than was asked for; 2008h says why."""
    ac_connected: bool
    """Bit 4: AC is detected."""
    enabled: bool
    """Bit 5: able to charge (6001h bit 0)."""
    override: Override
    indication: ChargeIndication
    cycle: CycleType

    @staticmethod
    @cache
    def of(raw: int) -> ChargerStatus:
        """Status of a 2006h word (0 to FFFFh); at most 65536 of them are ever made, each one once.

        Raises UsageError for a number that 16 bits cannot hold.
        """
        if not 0 <= raw <= 0xFFFF:
            raise UsageError(f"2006h:00 is 16 bits wide and cannot be {raw:X}h")
        return ChargerStatus(
            raw=raw,
            fault=bool(raw & 0x0001),
            alarm=bool(raw & 0x0002),
            hardware_shutdown=bool(raw & 0x0004),
            derating=bool(raw & 0x0008),
            ac_connected=bool(raw & 0x0010),
            enabled=bool(raw & 0x0020),
            override=Override(raw >> 6 & 0x3),
            indication=ChargeIndication(raw >> 8 & 0xF),
            cycle=CycleType(raw >> 12 & 0xF),
        )

    @property
    def charging(self) -> bool:
        """True for indication 1, 2, 3 or 7: resting (5) is not charging, equalize (6) not for lithium."""
        return self.indication in _CHARGING

    @property
    def off(self) -> bool:
        """True when the charger says so itself: indication 0 and cycle 0."""
        return self.indication == 0 and self.cycle == 0

    @property
    def words(self) -> tuple[str, ...]:
        """The whole status in words, what is wrong first."""
        wrong = (
            (self.fault, "fault"),
            (self.alarm, "alarm"),
            (self.hardware_shutdown, "hardware shut down"),
            (self.derating, "derating"),
        )
        return (
            *(word for is_set, word in wrong if is_set),
            "AC detected" if self.ac_connected else "no AC",
            "enabled" if self.enabled else "not enabled",
            self.override.word,
            self.indication.word,
            self.cycle.word,
        )
