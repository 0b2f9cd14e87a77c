"""What a tool must not do to this charger: write its commands, or change it while it charges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.guard import Policy

STATUS_BYTES: Final = 2


def _busy(found: Mapping[Address, bytes | None]) -> str:
    data = found.get(objects.STATUS)
    if data is None or len(data) != STATUS_BYTES:
        return f"{objects.STATUS} cannot be read, so it is not known whether it charges"
    status = ChargerStatus.of(int.from_bytes(data, "little"))
    return "" if status.off else f"it charges: {', '.join(status.words)}"


POLICY: Final = Policy(
    commands=objects.COMMANDS,
    harmless=frozenset((objects.BATTERY_STATUS, *objects.CURRENT_REQUESTS)),
    status=(objects.STATUS,),
    busy=_busy,
)
"""The policy of every charger of this profile."""
