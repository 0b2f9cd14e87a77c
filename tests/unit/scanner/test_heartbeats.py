"""Two devices with one node-ID, betrayed by their heartbeats; and all that one device may do without suspicion."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from deltaq_master.protocol.nmt import NmtState
from deltaq_master.scanner.heartbeats import KEPT, Heartbeats

BOOT, STOPPED, OP, PRE = (
    NmtState.INITIALISING,
    NmtState.STOPPED,
    NmtState.OPERATIONAL,
    NmtState.PRE_OPERATIONAL,
)


def listened(beats: Iterable[tuple[float, NmtState]]) -> Heartbeats:
    heartbeats = Heartbeats()
    for time, state in beats:
        heartbeats.heard(state, time)
    return heartbeats


def beats(*times: float, state: NmtState = OP) -> list[tuple[float, NmtState]]:
    return [(time, state) for time in times]


# --- state and period -------------------------------------------------------------------------------------


def test_before_the_first_word_nothing_is_known() -> None:
    silent = Heartbeats()
    assert (silent.state, silent.period, silent.boots, silent.doubts()) == (None, None, 0, ())


def test_a_boot_up_means_pre_operational_and_is_no_heartbeat() -> None:
    booted = listened([(0.0, BOOT), (1.0, PRE)])
    assert (booted.state, booted.period, booted.boots) == (PRE, None, 1)
    assert listened([(0.0, BOOT)]).state is PRE


def test_the_period_is_the_median_gap_without_boot_ups() -> None:
    assert listened(beats(0.0, 1.0, 2.1, 3.1)).period == pytest.approx(1.0)
    # 7 s of absence around a boot-up are no period.
    assert listened([*beats(0.0, 1.0), (8.0, BOOT), *beats(9.0, 10.0)]).period == pytest.approx(1.0)


def test_a_babbling_node_does_not_fill_the_memory() -> None:
    babbling = listened(beats(*(number * 0.001 for number in range(1000))))
    assert len(babbling._beats) == KEPT


# --- states that contradict each other --------------------------------------------------------------------


def test_states_to_and_fro_without_a_command_are_two_devices() -> None:
    (doubt,) = listened([(0.0, OP), (0.5, PRE), (1.0, OP), (1.5, PRE)]).doubts()
    assert doubt == (
        "its heartbeats say operational, then pre-operational, then operational, and nobody commanded it"
    )


def test_one_change_by_itself_is_one_devices_own() -> None:
    # 1029h: pre-operational when its master is lost.
    assert not listened([(0.0, OP), (1.0, OP), (2.0, PRE), (3.0, PRE)]).doubts()


def test_two_changes_onward_are_one_devices_own() -> None:
    assert not listened([(0.0, OP), (1.0, PRE), (2.0, STOPPED)]).doubts()


def test_changes_that_were_commanded_are_no_contradiction() -> None:
    heartbeats = Heartbeats()
    for time, state in ((0.0, OP), (1.0, PRE), (2.0, OP), (3.0, PRE)):
        heartbeats.commanded()
        heartbeats.heard(state, time)
    assert not heartbeats.doubts()


def test_a_reboot_explains_another_state() -> None:
    assert not listened([(0.0, OP), (1.0, BOOT), (2.0, PRE), (3.0, BOOT), (4.0, OP)]).doubts()


# --- two rhythms ------------------------------------------------------------------------------------------


def test_two_interleaved_rhythms_are_two_devices() -> None:
    (doubt,) = listened(beats(0.0, 0.3, 1.0, 1.3, 2.0)).doubts()
    assert doubt == ("its heartbeats come in two rhythms of 1000 ms each: gaps of 300 and 700 ms in turn")


@pytest.mark.parametrize(
    "times",
    [
        (0.0, 1.0, 2.0, 3.0, 4.0),
        (0.0, 1.02, 1.98, 3.03, 4.0),  # jitter
        (0.0, 1.0, 2.3, 3.0, 4.0),  # one was held up on its way
        (0.0, 1.0, 3.0, 4.0, 5.0),  # one was lost
        (0.0, 0.3, 1.0),  # too few to see a rhythm
        (0.0, 0.1, 2.0, 2.1, 5.0),  # irregular, yet no rhythm of two
    ],
)
def test_what_one_device_may_sound_like(times: tuple[float, ...]) -> None:
    assert not listened(beats(*times)).doubts()


# --- a boot-up that was another's -------------------------------------------------------------------------


def test_a_heartbeat_that_goes_on_through_a_boot_up_is_another_devices() -> None:
    (doubt,) = listened([*beats(0.0, 1.0, 2.0), (2.4, BOOT), *beats(3.0, 4.0)]).doubts()
    assert doubt == "it booted, and its heartbeat went on as if it had not"


@pytest.mark.parametrize(
    "heard",
    [
        [*beats(0.0, 1.0, 2.0), (2.4, BOOT), *beats(3.4, 4.4, state=PRE)],  # a new raster
        [*beats(0.0, 1.0), (1.0, BOOT), *beats(2.0, 3.0)],  # a new raster that is the old one by chance
        [*beats(1.0), (1.4, BOOT), *beats(2.0)],  # no period known before
        [*beats(0.0, 1.0), (1.4, BOOT)],  # nothing after it
    ],
)
def test_what_a_boot_up_may_look_like(heard: list[tuple[float, NmtState]]) -> None:
    assert not listened(heard).doubts()
