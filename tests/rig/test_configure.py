"""Changing a charger from a program: `with charger.configure() as change:`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deltaq_master import Limits, Master
from deltaq_master.configuration.change import Change
from deltaq_master.dictionary.address import Address
from deltaq_master.errors import CallError, ChangeError, LimitError, RefusedError, UsageError
from deltaq_master.master import Charger


@pytest.fixture
def charger(request: pytest.FixtureRequest) -> Iterator[Charger]:
    options = getattr(request, "param", {})
    with Master.open("sim", f"configure {request.node.name}", **options) as master:
        found = master.charger(10)
        assert found.nmt.wait_heard(2.0)
        yield found


def test_values_are_written_together_when_the_block_is_left(charger: Charger) -> None:
    with charger.configure() as change:
        change[0x1017] = 500
        change["Error Behaviour.Communication Error"] = 1
        change[0x1800, 5] = 250
        change[Address(0x2302)] = charger.read("0x2302")
        change[charger.dictionary[Address(0x2E00)]] = 2
        change.set_raw(0x1F80, 8)
        plan = change.plan()
        assert [step.address for step in plan.steps if not step.why] == [
            *(Address(0x1017), Address(0x1029, 1), Address(0x1F80), Address(0x2E00)),
        ]
        assert charger.read(Address(0x1017)) == 1000, "nothing is written yet"
    assert change.steps == plan.steps
    assert charger.read(Address(0x1017)) == 500
    assert charger.read(Address(0x1029, 1)) == 1
    # The node's maps, and what the charge packs by, are those of the device now.
    assert charger.node.tpdo.numbered(1).event_timer == 250
    assert next(r for r in charger.dump.tpdos if r.number == 1).event_timer_ms == 250
    with charger.configure() as change:
        change[0x1017] = 500
    assert change.steps == ()


def test_an_exception_in_the_block_writes_nothing(charger: Charger) -> None:
    def leave_with_an_error(change: Change) -> None:
        with change:
            change[0x1017] = 500
            raise KeyError("of the program")

    with pytest.raises(KeyError):
        leave_with_an_error(charger.configure())
    assert charger.read(Address(0x1017)) == 1000


@pytest.mark.parametrize(
    ("key", "raw"), [(0x4208, 1), ((0x1016, 1), 0), (0x6000, 1), (0x6081, 1), ((0x1018, 1), 1)]
)
def test_what_is_not_named_or_no_setting_is_refused(
    key: int | tuple[int, int], raw: int, charger: Charger
) -> None:
    change = charger.configure()
    change[0x1017] = 500
    change.set_raw(key, raw)
    with pytest.raises(RefusedError):
        change.apply()
    assert charger.read(Address(0x1017)) == 1000


@pytest.mark.parametrize(("key", "raw"), [(0x4208, 1), ((0x1016, 1), 0)])
def test_what_is_named_is_written(key: int | tuple[int, int], raw: int, charger: Charger) -> None:
    change = charger.configure()
    change.set_raw(key, raw)
    change.allow(key)
    assert len(change.apply()) == 1


def test_what_does_not_fit_raises_at_once(charger: Charger) -> None:
    change = charger.configure()
    with pytest.raises(LimitError):
        change[0x1017] = 70_000
    with pytest.raises(UsageError):
        change["Producer Heartbeat"] = 1
    with pytest.raises(UsageError):
        change[0x5FFF] = 1


@pytest.mark.parametrize("charger", [{"fault": "write-abort-at:3"}], indirect=True)
def test_a_failure_undoes_it_and_the_maps_stay_the_devices(charger: Charger) -> None:
    change = charger.configure()
    change[0x1800, 5] = 250
    change[0x1017] = 500
    with pytest.raises(ChangeError) as caught:
        change.apply()
    assert caught.value.undone
    assert charger.read(Address(0x1017)) == 1000
    assert charger.node.tpdo.numbered(1).event_timer == charger.read(Address(0x1800, 5))


def test_not_while_it_is_being_charged(charger: Charger) -> None:
    with (
        charger.charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=60),
        pytest.raises(CallError, match="is being charged; stop that charge first"),
    ):
        charger.configure()
    charger.configure()
