"""What a tool must not do to this charger."""

from __future__ import annotations

import pytest

from deltaq_master.charger.policy import POLICY
from deltaq_master.dictionary.address import Address

STATUS = Address(0x2006)


def test_commands_are_no_tools_business_but_zero_is_harmless_where_it_means_off() -> None:
    assert {
        Address(0x6000),
        Address(0x6070),
        Address(0x2271),
        Address(0x2276),
        Address(0x4201),
    } <= POLICY.commands
    assert Address(0x6000) in POLICY.harmless
    assert Address(0x6070) in POLICY.harmless
    # 0 V is a request like any other.
    assert Address(0x2276) not in POLICY.harmless


@pytest.mark.parametrize(
    ("word", "busy"),
    [
        ("70 00", ""),  # CAP1: remote, enabled, nothing flows
        ("50 00", ""),
        ("70 12", "it charges: "),  # DW: charge cycle, over 80 %
        ("70 01", "it charges: "),
    ],
)
def test_a_charger_that_charges_is_busy(word: str, busy: str) -> None:
    assert POLICY.status == (STATUS,)
    reason = POLICY.busy({STATUS: bytes.fromhex(word)})
    assert reason.startswith(busy)
    assert bool(reason) is bool(busy)


@pytest.mark.parametrize("found", [{}, {STATUS: None}, {STATUS: b"\x70"}])
def test_a_charger_that_does_not_say_may_be_charging(found: dict[Address, bytes | None]) -> None:
    assert "not known whether it charges" in POLICY.busy(found)
