"""The fields inside the charger's objects, and words for their values, for documents such as a DBC.

What the bits mean is in `status.py`, with its sources; here is only where they lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.status import ChargeIndication, ChargerMode, CycleType, Override, TerminationReason
from deltaq_master.dictionary.bit_fields import BitField, BitFields

NO_VALUE: Final = "no valid value"


def _flag(name: str, bit: int, clear: str, is_set: str) -> BitField:
    return BitField(name, bit, 1, {0: clear, 1: is_set})


def _whole(bits: int, choices: Mapping[int, str]) -> tuple[BitField]:
    return (BitField("", 0, bits, choices),)


BIT_FIELDS: Final[BitFields] = {
    objects.STATUS: (
        # Reserved in older firmware: 0 proves nothing.
        _flag("Fault", 0, "none shown", "fault"),
        _flag("Alarm", 1, "none shown", "alarm"),
        _flag("Hardware Shutdown", 2, "no", "shut down"),
        _flag("Derating", 3, "no", "derating"),
        _flag("AC Connection", 4, "no AC", "AC detected"),
        _flag("Enabled", 5, "not enabled", "enabled"),
        BitField("Override", 6, 2, {each.value: each.word for each in Override}),
        BitField("Charge Indication", 8, 4, {each.value: each.word for each in ChargeIndication}),
        BitField("Charge Cycle Type", 12, 4, {each.value: each.word for each in CycleType}),
    ),
    objects.DERATE_CAUSE: (
        _flag("Derate AC Voltage", 0, "no", "yes"),
        _flag("Derate Battery Voltage", 1, "no", "yes"),
        _flag("Derate Temperature", 2, "no", "yes"),
        _flag("Derate AC Current Limit", 3, "no", "yes"),
    ),
    objects.OVERRIDE: (
        _flag("Label Equalize", 0, "no label", "equalize"),
        _flag("Label Maintenance", 1, "no label", "maintenance"),
    ),
    objects.BATTERY_STATUS: _whole(8, {0: "not ready", 1: "ready"}),
    objects.TERMINATION: _whole(8, {each.value: each.word for each in TerminationReason}),
    objects.MODE: _whole(8, {each.value: each.word for each in ChargerMode}),
    objects.ERROR: _whole(32, {0: "no error"}),
    objects.CHARGER_SOC: _whole(8, {0xFF: NO_VALUE}),
    objects.BATTERY_SOC: _whole(8, {0xFF: NO_VALUE}),
    objects.BATTERY_TEMPERATURE: _whole(16, {-0x8000: NO_VALUE}),
    objects.CURRENT: _whole(16, {0xFFFF: NO_VALUE}),
    objects.VOLTAGES[0]: _whole(16, {0xFFFF: NO_VALUE}),
    objects.AC_VOLTAGE: _whole(16, {0xFFFF: NO_VALUE}),
}
