"""What a PDO audit is told about this charger beyond its EDS; certainty as everywhere: [C], [I], [U]."""

from __future__ import annotations

from typing import Final

from deltaq_master.charger import objects
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.knowledge import Command, CommandTimeout, Family, Knowledge, MasterWatch

_MEASUREMENT: Final = (
    "send true values or leave this RPDO out, and FFFFh for what is not known: the charger takes it as the battery's "
    "own measurement (G [C]), and newer firmware raises an alarm where it disagrees; accept the finding in a baseline"
)

KNOWLEDGE: Final = Knowledge(
    device="Delta-Q charger (CiA 419)",
    commands=(
        Command("Battery Status", (objects.BATTERY_STATUS,)),
        Command("current request", objects.CURRENT_REQUESTS),
        Command("voltage request", objects.VOLTAGE_REQUESTS),
    ),
    further_commands=objects.COMMANDS,
    timeout=CommandTimeout(
        words="about 500 ms of silence (505.7 ms in CAP1 [C])",
        doubt="Which RPDO keeps this time-out, and that it is in force although this reads 0, is inferred [I]",
        remedy=(
            "send this RPDO every 100 ms, never rely on the time-out alone, and settle it on the unit "
            "(docs/settle-unknowns.md); accept the finding in a baseline until then"
        ),
    ),
    integrity=objects.INTEGRITY,
    fillers=frozenset((objects.RX_FILL, objects.TX_FILL, *objects.PADDING)),
    received=tuple((address, _MEASUREMENT) for address in (objects.CURRENT, *objects.VOLTAGES)),
    families=(
        # 2100h is left out: its 16 bits end at 64 V. 2104h is REAL32.
        Family("battery voltage", (*objects.VOLTAGES, Address(0x2104), objects.BATTERY_VOLTAGE)),
        Family("voltage request", objects.VOLTAGE_REQUESTS),
        Family("current request", objects.CURRENT_REQUESTS),
    ),
    watch=MasterWatch(longest_ms=2000, source="2000 ms: E31, G, and 2.014 s in CAP1 [C]"),
)
"""What the audit needs to know of every charger of this profile."""
