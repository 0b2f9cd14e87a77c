"""COB-IDs that are not for PDOs, and whose they are (CiA 301)."""

from __future__ import annotations

from typing import Final

RESTRICTED: Final = (
    range(0x080),
    range(0x101, 0x181),
    range(0x581, 0x600),
    range(0x601, 0x680),
    range(0x6E0, 0x800),
)
"""CAN-IDs that no PDO may have (CiA 301, restricted CAN-IDs)."""


def restricted(cob_id: int) -> bool:
    """True for a COB-ID that CiA 301 keeps for other services."""
    return any(cob_id in span for span in RESTRICTED)
