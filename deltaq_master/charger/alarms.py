"""The alarms and faults of Delta-Q chargers, out of an EMCY or out of the error words 2060h and 1003h.

An EMCY carries the CiA code in bytes 0 and 1, the Delta-Q id in byte 3 and its class in byte 4: 80h alarm
(E), C0h fault (F), 00h high priority (H) [C: alarms were seen on this unit, the other classes are from the
vendor's glossary]. The charger's display shows the class and the id in decimal digits: alarm 20h is E-0-3-2.

Texts and advice are our words. They follow the vendor's list for firmware v3.4.0 of a sibling platform [C]
unless `Alarm.source` says otherwise; this unit's firmware is older, and where documents differ `Alarm.remark`
says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from deltaq_master.protocol import emcy
from deltaq_master.protocol.emcy import Emergency

EXPECTED_AFTER_STOP = frozenset((0x20, 0x44, 0x1E))
"""Alarms (E) that follow when a master ends its RPDOs and its heartbeat: no fault, if that was on purpose."""

VENDOR_LIST = "the vendor's list for v3.4.0 of a sibling platform [C]"
SEEN = "seen on this unit [C]"
SUPPORT = "the vendor's support page FAQ121 [C]"


class AlarmKind(IntEnum):
    """Class byte of an alarm."""

    HIGH_PRIORITY = 0x00
    ALARM = 0x80
    FAULT = 0xC0


_LETTERS: dict[int | None, str] = {AlarmKind.HIGH_PRIORITY: "H", AlarmKind.ALARM: "E", AlarmKind.FAULT: "F"}
"""Letter that the display shows for a class."""


class _Row(NamedTuple):
    text: str
    advice: str
    code: int = 0x9000
    """CiA code that the source gives for it."""
    other: int | None = None
    """CiA code that another document or an older firmware gives for it."""
    remark: str = ""
    other_text: str = ""
    """What it means with the other code, where that differs."""
    source: str = VENDOR_LIST


_PACK = "check the pack's voltage, its number of cells and the charge limits against this charger"
_CONNECT = "check the cable, the polarity and the contactor between charger and battery"
_MAINS = "check the mains supply, its voltage under load and the plug"
_SENSOR = "check the battery's temperature sensor and its wiring"
_HEAT = "let the battery reach its temperature range, and check how it is cooled"
_SETUP = "have the charger's algorithm and configuration checked; reload them with the vendor's tools"
_SERVICE = "remove AC and battery for at least 30 s and try again; if it returns, the charger needs service"
_LINK = "check that the master's heartbeat and RPDOs arrive in time, the wiring, and the bus load"
_BMS = "read the battery management system's own errors"
_AGREE = "send true measurements in RPDO2, or leave RPDO2 out"
_STACK = "check the other chargers of the stack, their configuration and the bus between them"
_EVSE = "check the charging station, its cable and its control pilot"
_MEDIUM = "repeat it with another USB medium or file"

_E: dict[int, _Row] = {
    0x01: _Row("battery voltage too high", _PACK),
    0x02: _Row("battery voltage too low", _PACK),
    0x03: _Row("the charge took too long", "check the battery's health and the time limit of the algorithm"),
    0x04: _Row("error of the battery pack", _BMS),
    0x05: _Row("temperature sensor too hot", _HEAT, 0x1000),
    0x06: _Row("temperature sensor shorted", _SENSOR),
    0x07: _Row("amp-hour limit reached", "check the battery's health and the capacity that is set"),
    0x08: _Row("external temperature out of range", _HEAT),
    0x09: _Row("temperature readings not plausible", _SENSOR, 0x1000),
    0x0A: _Row("output shorted", _CONNECT, 0x1000),
    0x0B: _Row(
        "charge ended by the vehicle",
        "look up on the vehicle's side why it ended the charge",
        0x0000,
        remark="0000h is the code of an error reset as well: whether it sets or clears the alarm is [U]",
    ),
    0x0C: _Row("battery connected with reverse polarity", _CONNECT),
    0x0D: _Row("no current flows", _CONNECT),
    0x0E: _Row("wrong number of cells", _PACK, 0x1000),
    0x0F: _Row("algorithm and target voltage do not go together", _SETUP, 0x1000),
    0x14: _Row("no algorithm set", _SETUP, 0x1000),
    0x15: _Row("battery voltage too high during the charge", _PACK),
    0x16: _Row("battery voltage too low during the charge", _PACK),
    0x17: _Row("AC voltage too high", _MAINS),
    0x18: _Row("initialisation failed", _SERVICE, 0x1000),
    0x19: _Row("AC voltage low and unstable", _MAINS),
    0x1C: _Row("the algorithm does not fit this charger", _SETUP, 0x1000),
    0x1D: _Row("CAN bus-off", "check bit rate, termination and wiring of the CAN bus"),
    0x1E: _Row(
        "the BMS reported an error",
        "check that the master's heartbeat arrives in time, then the battery management system's own errors",
        other=0x8130,
        other_text="communication with the battery module lost",
        remark="8130h: communication with the battery module lost (older firmware); "
        "9000h: the BMS reported an error (v3.4)",
        source=SEEN,
    ),
    0x1F: _Row("internal supply", _SERVICE, 0x1000),
    0x20: _Row("heartbeat or RPDO lost while charging", _LINK, 0x8130, source=SEEN),
    0x21: _Row("target voltage too high", _SETUP, 0x1000),
    0x22: _Row("capacity setting out of range", _SETUP, 0x1000),
    0x23: _Row("target voltage too low", _SETUP, 0x1000),
    0x24: _Row("temperature sensor open", _SENSOR),
    0x25: _Row("programming over CAN failed", "repeat the programming with the vendor's tools", 0x6000),
    0x26: _Row("fan", "clear the fan and the air inlets; if it returns, the charger needs service"),
    0x27: _Row("button", "check that no button is stuck", 0x1000),
    0x28: _Row("fan supply", _SERVICE, 0x1000),
    0x29: _Row("software", _SERVICE, 0x1000, 0x6000),
    0x2A: _Row("configuration", _SETUP, 0x6000),
    0x2B: _Row("checksum (CRC) of the RPDOs wrong", "send 2FFBh as the mapping asks for it, or unmap it"),
    0x2C: _Row("sequence count of the RPDOs wrong", "send 2FFDh as the mapping asks for it, or unmap it"),
    0x2D: _Row("battery disconnected", _CONNECT),
    0x2E: _Row("RPDO has the wrong length", "send exactly as many bytes as the mapping has", 0x8210),
    0x2F: _Row("battery voltage too high", _PACK),
    0x39: _Row("the BMS fell silent (customer's network)", _LINK, 0x8130),
    0x3A: _Row("network management of the BMS down (customer's network)", _LINK, 0x8130),
    0x3C: _Row("the BMS was never heard", _LINK, 0x8130),
    0x3D: _Row("the BMS's current disagrees with the charger's", _AGREE),
    0x3E: _Row("the BMS's voltage disagrees with the charger's", _AGREE),
    0x40: _Row("J1939 communication", _LINK),
    0x41: _Row("J1939 communication", _LINK),
    0x42: _Row("battery voltage too high", _PACK),
    0x43: _Row("CAN bus", "check bit rate, termination and wiring of the CAN bus"),
    0x44: _Row("heartbeat or RPDO lost while not charging", _LINK, 0x8130),
    0x4E: _Row("12 V supply", _SERVICE),
    0x51: _Row("external temperature out of range", _HEAT),
    0x52: _Row("temperature sensor open", _SENSOR, 0x1000),
    0x54: _Row("configuration", _SETUP, 0x6000),
    0x55: _Row("CAN activity where none was expected", "find the other device that sends on this bus"),
    0x57: _Row("reset", _SERVICE, 0x1000),
    0x58: _Row("initialisation failed", _SERVICE, 0x1000),
    0x5E: _Row("AC peak voltage", _MAINS, 0x1000),
}

_F: dict[int, _Row] = {
    0x01: _Row("leakage in the LLC stage", _SERVICE, source=SUPPORT),
    0x02: _Row("leakage in the PFC stage", _SERVICE, source=SUPPORT),
    0x03: _Row("PFC boost stage", _SERVICE, source=SUPPORT),
    0x04: _Row("calibration of the current offset", _SERVICE, source=SUPPORT),
    0x05: _Row("DC relay", _SERVICE, source=SUPPORT),
    0x06: _Row("internal current measurements disagree", _SERVICE, source=SUPPORT),
    0x07: _Row("DC-DC stage", _SERVICE, source=SUPPORT),
    0x09: _Row("algorithm raised an exception", _SERVICE, other=0x6000),
    0x0A: _Row("interlock", _SERVICE),
    0x0B: _Row("internal supply", _SERVICE),
    0x0D: _Row("output shorted", _SERVICE),
    0x0E: _Row("leakage at the output", _SERVICE),
    0x15: _Row("temperature sensor", _SERVICE),
    0x17: _Row("output of the PFC stage", _SERVICE),
    0x1A: _Row("too much PFC", _SERVICE),
}

_H: dict[int, _Row] = {
    0x02: _Row("status of the BMS", _BMS),
    0x03: _Row("no connection to the BMS yet", _LINK),
    0x04: _Row("pre-charge took too long", _CONNECT),
}


def _group(
    numbers: Iterable[int], text: str, advice: str, code: int = 0x9000, other: int | None = None
) -> None:
    """Enter ids that the sources name only together."""
    for number in numbers:
        _E[number] = _Row(text, advice, code, other, "the sources name this id only as one of a group")


_group(range(0x10, 0x14), "programming, USB or storage", _MEDIUM)
_group(range(0x1A, 0x1C), "USB", _MEDIUM, other=0x0000)
_group(range(0x30, 0x39), "stacked chargers", _STACK)
_group(range(0x45, 0x4E), "charging station (EVSE)", _EVSE)
_group(range(0x61, 0x69), "communication over J1772, DCI or the auxiliary port", _EVSE, 0x8130)

_TABLE: dict[tuple[int | None, int | None], _Row] = {
    **{(AlarmKind.ALARM, number): row for number, row in sorted(_E.items())},
    **{(AlarmKind.FAULT, number): row._replace(code=0x5000) for number, row in _F.items()},
    **{(AlarmKind.HIGH_PRIORITY, number): row for number, row in _H.items()},
}

_CODE_HIGH_BYTES = frozenset((0x10, 0x50, 0x60, 0x81, 0x82, 0x90))


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm or fault, known to the catalogue or not; None is what a short frame left out."""

    code: int | None
    """CiA error code as received."""
    kind: int | None
    """Class byte as received; one of `AlarmKind` unless the device is of another mind."""
    number: int | None
    """Delta-Q id as received."""

    @classmethod
    def from_emergency(cls, emergency: Emergency) -> Alarm | None:
        """Alarm that an EMCY names; None for a plain error reset.

        Code 0000h with an id is the alarm of that id, because one is listed with this code (0Bh).
        """
        number = emergency.data[0] if emergency.data else None
        if emergency.reset and not number:
            return None
        return cls(emergency.code, emergency.data[1] if len(emergency.data) > 1 else None, number)

    @classmethod
    def from_word(cls, word: int) -> Alarm | None:
        """Alarm that an error word of 2060h or 1003h:01.. names, in either order [U]; None for 0.

        The vendor's glossary prints 8130_2080h, a DBC file 2080_8130h, and no capture has one that is not 0.
        On the wire, b0 first: with a class in b2, the upper half of a known code in b1 and no class in b0 it
        is the latter (what CiA 301 asks of 1003h), else the former. A code 0000h shows itself by b0 = b1 = 0,
        which as a class and an id would name nothing.
        """
        if word == 0:
            return None
        b0, b1, b2, b3 = word.to_bytes(4, "little")
        code_first = b2 in _LETTERS and b1 in _CODE_HIGH_BYTES and b0 not in (0x80, 0xC0)
        if code_first or b0 == b1 == 0:
            return cls(word & 0xFFFF, b2, b3)
        return cls(word >> 16, b0, b1)

    @property
    def display(self) -> str:
        """What the charger's display shows: E-0-3-2; '?' stands for what is not known."""
        digits = "???" if self.number is None else f"{self.number:03d}"
        return "-".join((_LETTERS.get(self.kind, "?"), *digits))

    @property
    def known(self) -> bool:
        """True if the catalogue has it."""
        return self._row is not None

    @property
    def text(self) -> str:
        """What it means, for the code that came with it; for an unknown one what its CiA code says."""
        row = self._row
        if row is not None:
            return row.other_text if row.other_text and self.code == row.other else row.text
        if self.code is None:
            return "the message is too short to say what it is"
        return f"not in the catalogue; its CiA code means: {emcy.meaning(self.code)}"

    @property
    def advice(self) -> str:
        """What to do about it."""
        row = self._row
        return row.advice if row else "look it up in the vendor's error list for this firmware"

    @property
    def remark(self) -> str:
        """Where documents and firmware versions differ on it, and where this one differs from them all."""
        row = self._row
        if row is None or row.remark:
            return row.remark if row else ""
        differing = [f"{code:04X}h" for code in (row.code, row.other) if code not in (None, self.code)]
        return f"documents list it with {' or '.join(differing)}" if self.code != row.code else ""

    @property
    def source(self) -> str:
        """Where the text comes from, and how sure it is."""
        row = self._row
        return row.source if row else "no source"

    @property
    def expected_after_stop(self) -> bool:
        """True for an alarm that follows when a master ends its frames: no fault after our own stop."""
        return self.kind == AlarmKind.ALARM and self.number in EXPECTED_AFTER_STOP

    def __str__(self) -> str:
        """All of it in one line: 'E-0-3-2 heartbeat or RPDO lost while charging (8130h)'."""
        code = "no code" if self.code is None else f"{self.code:04X}h"
        return f"{self.display} {self.text} ({code})"

    @property
    def _row(self) -> _Row | None:
        return _TABLE.get((self.kind, self.number))


def catalogue() -> tuple[Alarm, ...]:
    """Every alarm that is known, with the code that its source gives."""
    return tuple(Alarm(row.code, kind, number) for (kind, number), row in _TABLE.items())
