"""From every state, after every sequence of events: safe states ask for nothing, and no frame leaves a limit."""

from __future__ import annotations

import random

import pytest

from deltaq_master.charger.charge import step
from deltaq_master.charger.phases import ASKING, ENDED, SAFE, SILENT, Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.sending import request
from deltaq_master.charger.state import CycleState
from deltaq_master.protocol.events import Effect, Hold, Renew, Send
from tests.unit.charger.walk import STEP, every_event, plan, states

# Coverage is measured by the other tests; here it would only take the time of two hundred thousand steps.
pytestmark = pytest.mark.no_cover

MAX_VOLTS = 84.0
MAX_AMPS = 10.0


def check(
    chosen: ChargePlan, before: CycleState, state: CycleState, effects: tuple[Effect, ...], now: float
) -> None:
    """What must hold after every single step, whatever happened before."""
    asked = request(chosen, state, now)
    if state.phase in SAFE:
        assert not asked.ready, state
        assert asked.current == 0, state
    if state.phase is Phase.STOPPING:
        assert asked.current == 0, state
    if state.phase in ASKING:
        assert state.asked < float("inf")
        assert state.armed <= state.asked - 0.5 + 1e-9
    if state.phase in ENDED:
        assert state.outcome is not None
        assert state.outcome.value == state.phase.value
        assert state.cause is not None
    assert 0 < asked.voltage <= max(MAX_VOLTS, chosen.limits.max_voltage)
    assert 0 <= state.current <= MAX_AMPS
    if before.released and state.released:
        assert not effects
    for effect in effects:
        if isinstance(effect, Renew):
            _check_frame(effect)
            assert state.phase not in SILENT
            if state.phase in SAFE | {Phase.STOPPING}:
                assert effect.data[5:7] == b"\0\0", effect
            if state.phase in SAFE:
                assert effect.data[7] == 0, effect
        if isinstance(effect, Send):
            assert effect == Send(0x000, b"\x01\x0a")
        if isinstance(effect, Hold) and effect.on:
            assert before.phase in (Phase.WAITING, Phase.LISTENING, Phase.BOOTING)


def _check_frame(effect: Renew) -> None:
    """RPDO1 of this unit, read by hand: fill, SOC, 4201h, volts x 256, amperes x 16, ready."""
    assert effect.cob_id == 0x20A
    fill, _soc, override, v0, v1, a0, a1, ready = effect.data
    assert (fill, override) == (0, 0)
    assert 0 < (v0 + 256 * v1) / 256 <= MAX_VOLTS + 0.2
    assert (a0 + 256 * a1) / 16 <= MAX_AMPS
    assert ready in (0, 1)


def walk_all(chosen: ChargePlan, start: CycleState, begun: float, depth: int, share: float = 1.0) -> None:
    """Every sequence of up to `depth` events, equal states merged; of the last level only a seeded share."""
    source = random.Random(419)
    level = {start}
    for height in range(1, depth + 1):
        now = begun + height * STEP
        following: set[CycleState] = set()
        for state in level:
            if height == depth and source.random() >= share:
                continue
            for event in every_event(now):
                after, effects = step(chosen, state, event, now)
                check(chosen, state, after, effects, now)
                following.add(after)
        level = following


def walk_unmerged(sequences: int) -> None:
    """Seeded sequences of fifty events each, with gaps from none to one that outlives every time-out."""
    source = random.Random(419)
    chosen = plan(external=False)
    beginnings = states(external=False)
    for _ in range(sequences):
        state, now = source.choice(beginnings)
        for _ in range(50):
            now += source.choice((0.0, 0.05, STEP, 0.6, 2.0))
            before = state
            state, effects = step(chosen, state, source.choice(every_event(now)), now)
            check(chosen, before, state, effects, now)


@pytest.mark.parametrize("external", [False, True])
def test_every_sequence_of_two_and_three_events_and_a_share_of_those_of_four(external: bool) -> None:
    for start, begun in states(external):
        walk_all(plan(external), start, begun, 4, share=0.02)


def test_seeded_sequences_of_fifty_events() -> None:
    walk_unmerged(500)


@pytest.mark.long
@pytest.mark.parametrize("external", [False, True])
def test_every_sequence_of_four_events(external: bool) -> None:
    for start, begun in states(external):
        walk_all(plan(external), start, begun, 4)


@pytest.mark.long
def test_ten_thousand_seeded_sequences_of_fifty_events() -> None:
    walk_unmerged(10_000)
