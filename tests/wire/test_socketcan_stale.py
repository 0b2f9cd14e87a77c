"""How many frames may come out late, whenever the cable goes: leases with phases of their own, as the pump's are."""

from __future__ import annotations

import random

import pytest

from deltaq_master.link.socketcan.lease import Leases
from deltaq_master.link.socketcan.losses import LossError
from tests.wire.scripted_socketcan import ScriptedKernel

HEARTBEAT, COMMAND, SECOND, SDO = 0x701, 0x20A, 0x30A, 0x60A
OFF = bytes.fromhex("00FF000054000000")
TEN_AMPERES = bytes.fromhex("00FF000054A00001")
START = 1000.0
PERIOD = 0.1
LIFE = 1.5
"""How long nobody acknowledges before the master is killed [s]."""

Occasion = tuple[float, str, int, float]
"""When, what, of which COB-ID, and when it was due."""


def occasions(chance: random.Random, cut: float, *, late: bool) -> list[Occasion]:
    """Renewals of heartbeat and RPDOs, an urgent change near the cut perhaps, and frames of others."""
    found: list[Occasion] = []
    phases = {COMMAND: 0.3, HEARTBEAT: chance.choice((0.3, chance.uniform(-0.3, 0.1)))}
    if chance.random() < 0.5:
        phases[SECOND] = 0.3
    for cob_id, phase in phases.items():
        for number in range(30):
            due = START + phase + number * PERIOD
            wait = chance.choice((0.001, 0.02, 0.06, 0.12)) if late and chance.random() < 0.3 else 0.0005
            found.append((due + wait, "renew", cob_id, due))
    if chance.random() < 0.4:
        moment = cut + chance.choice((chance.uniform(-0.003, 0.003), chance.uniform(-0.2, 0.2)))
        found.append((moment, "urgent", COMMAND, moment))
    if chance.random() < 0.3:
        found += [(START + chance.uniform(0, 2), "other", SDO, 0.0) for _ in range(20)]
    return sorted(found)


def stale(seed: int, *, confirms: bool, late: bool, killed: bool) -> int:
    """Commands for current that wait for a cable that goes at random, when the master is dead as well."""
    chance = random.Random(seed)
    kernel = ScriptedKernel(confirms=confirms)
    leases = Leases("can0", kernel, lambda: kernel.now)
    cut = START + 0.3 + chance.choice((chance.uniform(-0.01, 0.02), chance.uniform(0, 1.0)))
    kill = cut + (chance.uniform(0, 0.6) if killed else LIFE)
    renewed = dict.fromkeys((COMMAND, SECOND, HEARTBEAT), 0.0)
    wishes = {COMMAND: TEN_AMPERES, SECOND: TEN_AMPERES, HEARTBEAT: b"\x05"}
    for moment, what, cob_id, due in occasions(chance, cut, late=late):
        if moment > kill:
            break
        if moment > cut and kernel.acknowledges:
            kernel.advance(max(cut, kernel.now))
            kernel.acknowledges = False
        kernel.advance(max(moment, kernel.now))
        if what == "other":
            kernel.transmit("others", SDO, bytes(8), 8)
            continue
        if what == "urgent":
            wishes[COMMAND] = OFF
        elif due <= renewed[cob_id]:
            continue  # periods that were missed are skipped
        renewed[cob_id] = kernel.now
        try:
            leases.renew(cob_id, wishes[cob_id], PERIOD, due)
        except LossError:
            assert not kernel.acknowledges
    kernel.advance(max(cut, kernel.now))
    kernel.acknowledges = False
    kernel.advance(kernel.now + 5)
    return sum(cob_id == COMMAND and data == TEN_AMPERES for _, cob_id, data, _ in kernel.queue)


@pytest.mark.parametrize("confirms", [False, True], ids=["slcan", "IFF_ECHO"])
def test_two_where_the_program_ran_until_the_loss_was_noticed(confirms: bool) -> None:
    found = [stale(seed, confirms=confirms, late=False, killed=False) for seed in range(1500)]
    assert max(found) == 2


@pytest.mark.parametrize(("confirms", "most"), [(False, 3), (True, 2)], ids=["slcan", "IFF_ECHO"])
def test_one_more_on_slcan_where_it_was_starved_or_killed_at_once(confirms: bool, most: int) -> None:
    """The frame in the adapter is counted as sent, and two more may follow it."""
    found = [stale(seed, confirms=confirms, late=True, killed=seed % 2 == 0) for seed in range(1500)]
    assert max(found) == most
