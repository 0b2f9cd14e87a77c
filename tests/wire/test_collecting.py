"""What the garbage collector passes over while pumps run, and that it is given back."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator

import pytest

from deltaq_master import Master
from deltaq_master.link.pump.collecting import give_back, set_aside

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_exists_is_passed_over_until_the_last_has_ended() -> None:
    before = [object()]
    set_aside()
    after = [object()]
    try:
        assert gc.get_freeze_count() > 0
        assert not any(each is before for each in gc.get_objects())
        assert any(each is after for each in gc.get_objects())
        set_aside()
        assert not any(each is after for each in gc.get_objects())
        give_back()
        assert gc.get_freeze_count() > 0
    finally:
        give_back()
    assert gc.get_freeze_count() == 0
    assert any(each is before for each in gc.get_objects())


def test_what_the_program_has_set_aside_itself_stays() -> None:
    gc.freeze()
    set_aside()
    give_back()
    assert gc.get_freeze_count() > 0


def test_a_master_does_it_while_its_pump_runs() -> None:
    with Master.open("deltaq_sim", f"collecting {next(_numbers)}") as master:
        charger = master.charger()
        assert gc.get_freeze_count() == 0
        assert master.pump.alive
        assert not any(each is charger for each in gc.get_objects())
        other = Master.open("deltaq_sim", f"collecting {next(_numbers)}")
        assert other.pump.alive
        other.close()
        other.close()
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
