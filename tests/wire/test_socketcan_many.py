"""Leases of many chargers on one interface: none is taken for lost, and each costs the same."""

from __future__ import annotations

import random

import pytest

from deltaq_master.link.socketcan.backlog import Backlog
from deltaq_master.link.socketcan.lease import Leases
from tests.wire.scripted_socketcan import ScriptedKernel

TEN_AMPERES = bytes.fromhex("00FF000054A00001")
PERIODS = 20


def calls(chargers: int, *, confirms: bool, spread: float) -> float:
    """What the kernel is asked for each charger in a period, all with phases of their own, and nothing wrong."""
    kernel = ScriptedKernel(confirms=confirms)
    leases = Leases("can0", kernel, lambda: kernel.now)
    chance = random.Random(chargers)
    phases = [chance.uniform(0, spread) for _ in range(chargers)]
    turns = sorted((1000 + phase + 0.1 * n, who) for who, phase in enumerate(phases) for n in range(PERIODS))
    for due, who in turns:
        kernel.advance(max(due, kernel.now))
        leases.renew(0x201 + who, TEN_AMPERES, 0.1, due)
    assert leases.cob_ids == {0x201 + who for who in range(chargers)}
    return kernel.calls / chargers / PERIODS


def test_a_frame_that_leaves_while_we_look_is_none_that_waits() -> None:
    """The timers of many leases may tick between two questions to the kernel, which held us up."""
    backlog = Backlog(100)
    backlog.add([1.0])
    backlog.count(101, 103, 1.05)  # one before we looked, and two meanwhile: of those we saw none
    assert not backlog
    backlog.add([1.04, 1.04])
    backlog.count(103, 103, 1.1)
    assert not backlog


def test_frames_of_others_say_nothing_of_what_comes_after_them() -> None:
    backlog = Backlog(100)
    backlog.count(107, 107, 1.0)
    backlog.add([1.01])
    backlog.count(107, 107, 1.1)
    assert backlog.waits(1.1)
    backlog.count(107, 108, 1.2)
    assert not backlog


@pytest.mark.parametrize("confirms", [False, True], ids=["slcan", "IFF_ECHO"])
@pytest.mark.parametrize("spread", [0.001, 0.1])
def test_a_charger_costs_the_same_among_eighty(confirms: bool, spread: float) -> None:
    few, many = (calls(count, confirms=confirms, spread=spread) for count in (20, 80))
    assert many < 1.2 * few
    assert many < 12
