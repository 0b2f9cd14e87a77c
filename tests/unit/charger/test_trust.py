"""When 2002h may be believed, under both models of what it shows while nothing flows.

The 19.48 A are from the captures; whether they are a stale value or a constant offset is not known [U].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from deltaq_master.charger.trust import EXCESS, FOLLOW, MOVE, Trust
from deltaq_master.units import units_of

IDLE = 19.48
RAMP = [round(0.2 * n, 1) for n in range(1, 51)]  # 2 A/s, a report every 100 ms, to 10 A
"""Requests in amperes."""


def after(readings: Iterable[tuple[float | None, float]], trust: Trust | None = None) -> Trust:
    """Trust after these pairs of reading and request."""
    trust = trust or Trust()
    for reading, request in readings:
        trust = trust.charging(reading, request)
    return trust


def lagging(requests: list[float], steps: int) -> list[float]:
    """What flows when the charger follows some reports late."""
    return [0.0] * steps + requests[: len(requests) - steps]


def test_the_constants_are_those_of_the_documents() -> None:
    assert (MOVE, FOLLOW, EXCESS) == (1.0, 0.5, 1.0)


def test_nothing_is_believed_before_it_has_moved() -> None:
    assert not Trust().trusted
    assert not after([(10.0, 10.0)]).trusted
    assert not after([(10.0, 10.0)] * 100).trusted


def test_a_true_reading_is_believed_once_it_followed_an_ampere() -> None:
    assert not after([(0.2, 0.2), (1.1, 1.1)]).trusted
    assert after([(0.2, 0.2), (1.2, 1.2)]).trusted


@pytest.mark.parametrize(("lag", "within"), [(0, 8), (1, 10), (5, 15), (20, 45), (40, 75)])
def test_a_stale_value_that_becomes_true_is_believed_once_it_has_followed(lag: int, within: int) -> None:
    requests = RAMP + [10.0] * 50
    readings = [IDLE, IDLE, *lagging(requests, lag)[2:]]
    trust = Trust()
    for reading, request in zip(readings[:within], requests, strict=False):
        trust = trust.charging(reading, request)
        assert not (trust.trusted and reading == IDLE)
    assert trust.trusted


def test_a_stale_value_that_stays_is_never_believed() -> None:
    assert not after((IDLE, request) for request in RAMP).trusted
    whole = [0.2 * n for n in range(1, 126)]  # past 19.48 A, to 25 A
    assert not after((IDLE, request) for request in whole).trusted


def test_a_stale_value_that_trembles_as_in_the_captures_is_never_believed() -> None:
    whole = [0.2 * n for n in range(1, 126)]
    trembling = [(19.45, 19.46, 19.48, 19.49, 19.45)[n % 5] for n in range(len(whole))]
    assert not after(zip(trembling, whole, strict=True)).trusted


@pytest.mark.parametrize("last", [10.0, 14.3, 25.0])
@pytest.mark.parametrize("lag", [0, 3])
def test_a_constant_offset_is_never_believed(last: float, lag: int) -> None:
    requests = [min(0.2 * n, last) for n in range(1, 150)]
    flowing = lagging(requests, lag)
    assert not after(
        (current + IDLE, request) for current, request in zip(flowing, requests, strict=True)
    ).trusted


@pytest.mark.parametrize("limit", [2.0, 5.0, 14.3])
def test_a_constant_offset_under_a_power_limit_is_never_believed(limit: float) -> None:
    requests = [0.2 * n for n in range(1, 126)]
    assert not after((min(request, limit) + IDLE, request) for request in requests).trusted


def test_a_charger_that_saturates_was_believed_on_the_way() -> None:
    # 1200 W at 84 V are 14.3 A, whatever more is asked for.
    requests = [0.2 * n for n in range(1, 126)]
    trust = after((min(request, 14.3), request) for request in requests)
    assert trust.trusted


def test_a_reading_that_does_not_follow_by_half_is_not_believed() -> None:
    assert not after([(0.0, 0.0), (0.9, 2.0)]).trusted
    assert after([(0.0, 0.0), (1.0, 2.0)]).trusted


def test_what_comes_late_counts_from_where_it_began() -> None:
    # The reading stands while the request rises, and rises while the request stands.
    assert after([(0.0, 0.0), (0.0, 1.0), (0.75, 1.5)]).trusted
    assert after([(0.0, 1.0), (0.5, 1.0), (0.5, 2.0)]).trusted


def test_a_reading_far_above_the_request_is_not_believed() -> None:
    assert not after([(0.0, 0.0), (3.1, 2.0)]).trusted
    assert after([(0.0, 0.0), (3.0, 2.0)]).trusted


def test_a_reading_that_falls_begins_anew() -> None:
    trust = after([(IDLE, 0.25), (0.25, 0.5)])
    assert (trust.anchor_reading, trust.anchor_request) == (0.25, 0.5)
    assert not trust.trusted
    assert after([(1.5, 1.5)], trust).trusted


def test_a_request_that_falls_begins_anew() -> None:
    trust = after([(5.0, 5.0), (5.0, 2.0)])
    assert (trust.anchor_reading, trust.anchor_request) == (5.0, 2.0)
    assert not after([(5.0, 3.5)], trust).trusted


def test_its_units() -> None:
    assert units_of(Trust) == {"trusted": "", "anchor_request": "A", "anchor_reading": "A", "rest": "A"}


def test_what_was_not_said_changes_nothing() -> None:
    trust = after([(0.2, 0.2)])
    assert after([(None, 5.0)], trust) is trust
    assert Trust().charging(None, 5.0) == Trust()


def test_once_believed_it_stays_so_for_this_charge() -> None:
    trust = after([(0.2, 0.2), (1.2, 1.2)])
    for later in ((IDLE, 10.0), (0.0, 10.0), (None, 0.0)):
        assert trust.charging(*later) is trust


@pytest.mark.parametrize("model", [lambda amperes: IDLE, lambda amperes: amperes + IDLE])
def test_neither_model_is_believed_while_the_charger_is_slow_to_start(
    model: Callable[[float], float],
) -> None:
    # The first indication may come long after ready 1, when the ramp is over.
    assert not after((model(0.0), 10.0) for _ in range(300)).trusted


def test_a_charge_that_shows_only_after_the_ramp_is_trusted_by_where_it_went() -> None:
    # At rest 19.48 A were read; the ramp had ended when the charge began, and 10.0 A are asked for and read.
    assert Trust(rest=19.48).charging(10.0, 10.0).trusted
    assert not Trust(rest=19.48).charging(29.48, 10.0).trusted  # a constant offset
    assert not Trust(rest=19.48).charging(19.48, 19.5).trusted  # a stale value beside a like request
    assert not Trust(rest=19.48).charging(0.5, 0.5).trusted  # too little asked for to tell
    assert not Trust().charging(10.0, 10.0).trusted
