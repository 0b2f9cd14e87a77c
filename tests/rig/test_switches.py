"""The charge under every position of every switch: what is inferred or unresolved must not be what it stands on."""

from __future__ import annotations

import random

import pytest

from deltaq_master.charger.battery import Battery
from deltaq_master.charger.state import Outcome
from deltaq_master.simulator.options import SWITCHES
from tests.rig.virtual import Rig, plan
from tests.rig.wire_rules import check_limits, check_stop_order

POSITIONS = [(switch.key, value) for switch in SWITCHES.values() for value in switch.values]


@pytest.mark.parametrize(("key", "value"), POSITIONS)
def test_a_charge_completes(key: str, value: object) -> None:
    rig = Rig(plan(battery=Battery(capacity=50.0)), {"speed": "400", "soc": "80", key: str(value)})
    rig.run(120, until=lambda r: r.session.state.released)
    assert rig.view.outcome is Outcome.COMPLETE
    assert rig.view.off_confirmed
    assert rig.charger.measure(rig.now).soc > 99
    check_limits(rig.frames)
    check_stop_order(rig.frames, fault=False)


FAULTS = {
    "ac-loss@3": "ac-lost",
    "alarm:0x20@3": "alarm",
    "silence@3": "reports-stale",
    "reboot@3": "rebooted",
    "second-master@3": "foreign-master",
}
DARK = ("ac-off", "dark")
"""A charger that is dead without mains cannot say that AC is lost: then it is silent."""

CROSSED = [(key, value, fault) for key, value in POSITIONS for fault in FAULTS]
SAMPLE = random.Random(419).sample(CROSSED, 30)


def _end_by(key: str, value: object, fault: str) -> None:
    rig = Rig(options={"speed": "60", "soc": "20", "fault": fault, key: str(value)})
    rig.run(60, until=lambda r: r.session.state.released)
    silent = (key, value) == DARK and fault == "ac-loss@3"
    assert rig.view.outcome is Outcome.FAULT
    assert rig.view.cause is not None
    assert rig.view.cause.id == ("reports-stale" if silent else FAULTS[fault])
    check_limits(rig.frames)
    check_stop_order(rig.frames, fault=True)


@pytest.mark.parametrize(("key", "value", "fault"), SAMPLE)
def test_a_fault_has_its_one_cause(key: str, value: object, fault: str) -> None:
    _end_by(key, value, fault)


@pytest.mark.long
@pytest.mark.parametrize(("key", "value", "fault"), CROSSED)
def test_every_fault_under_every_position(key: str, value: object, fault: str) -> None:
    _end_by(key, value, fault)
