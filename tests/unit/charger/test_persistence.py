"""What is known of the charger's settings after a power cycle."""

from __future__ import annotations

from deltaq_master.charger.persistence import remarks
from deltaq_master.dictionary.address import Address


def test_what_is_known_is_said_and_nothing_else() -> None:
    assert remarks([Address(0x1017)]) == ()
    assert remarks([Address(0x1029, 1), Address(0x2150)]) == (
        "1029h is volatile: it is gone after a power cycle [C]",
        "2150h is permanent: the charger keeps it [C]",
    )
    assert remarks([Address(0x4208), Address(0x2241)]) == (
        "4208h is permanent: the charger keeps it [C]",
        "2241h is kept only if its bit 31 was set [C]",
    )
