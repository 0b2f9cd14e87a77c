"""Which settings of this charger survive a power cycle, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from deltaq_master.dictionary.address import Address

VOLATILE: Final = (0x1029,)
PERMANENT: Final = (0x4208, 0x2150)
ALGORITHM: Final = 0x2241


def remarks(addresses: Iterable[Address]) -> tuple[str, ...]:
    """What is known about these objects, in sentences; none about all others, which is [U]."""
    indices = {address.index for address in addresses}
    told = [
        *(
            f"{index:04X}h is volatile: it is gone after a power cycle [C]"
            for index in VOLATILE
            if index in indices
        ),
        *(f"{index:04X}h is permanent: the charger keeps it [C]" for index in PERMANENT if index in indices),
    ]
    if ALGORITHM in indices:
        told.append(f"{ALGORITHM:04X}h is kept only if its bit 31 was set [C]")
    return tuple(told)
