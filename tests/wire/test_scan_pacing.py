"""Who may send when: on a clock of the test, then with threads."""

from __future__ import annotations

import math
import threading
import time
from queue import SimpleQueue

import pytest

from deltaq_master.errors import CallError, UsageError
from deltaq_master.link.bus.network import Network
from deltaq_master.link.sdo.pacing import Pace, Pacer, Turns
from deltaq_master.link.sdo.roll_call import paced_client
from tests.wire.conftest import PATIENCE, ScriptedBus

YOUNG = 0.025


# --- turns, on a clock of the test ------------------------------------------------------------------------


def test_so_many_turns_and_then_a_wait() -> None:
    turns = Turns(Pace(most=2, young=YOUNG))
    assert turns.wait(10.0) == 0
    first = turns.take(10.0)
    turns.take(10.0)
    # Neither was sent yet: how long it takes cannot be known.
    assert turns.wait(10.0) == math.inf
    turns.sent(first, 10.001)
    assert turns.wait(10.001) == pytest.approx(YOUNG)
    assert turns.wait(10.01) == pytest.approx(0.016)
    assert turns.wait(10.026 + 1e-9) == 0


def test_an_answer_gives_the_turn_back() -> None:
    turns = Turns(Pace(most=1, young=YOUNG))
    turn = turns.take(0.0)
    turns.sent(turn, 0.0)
    turns.give_back(turn)
    assert turns.wait(0.001) == 0
    # Once more changes nothing, and neither does an abort that is sent long after.
    turns.give_back(turn)
    turns.sent(turn, 5.0)
    assert turns.wait(5.0) == 0


def test_what_is_sent_again_within_a_turn_makes_it_no_younger() -> None:
    turns = Turns(Pace(most=1, young=YOUNG))
    turn = turns.take(0.0)
    turns.sent(turn, 0.0)
    turns.sent(turn, 0.02)
    assert turns.wait(0.02) == pytest.approx(0.005)


def test_a_gap_is_kept_even_after_an_answer() -> None:
    turns = Turns(Pace(most=16, young=YOUNG, gap=0.005))
    turns.give_back(turns.take(1.0))
    assert turns.wait(1.002) == pytest.approx(0.003)
    assert turns.wait(1.005 + 1e-9) == 0


@pytest.mark.parametrize("wrong", [{"most": 0}, {"young": -1.0}, {"young": math.nan}, {"gap": math.inf}])
def test_what_bounds_nothing_is_no_pace(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="no pace"):
        Pace(**wrong)  # type: ignore[arg-type]


# --- turns among threads ----------------------------------------------------------------------------------


def test_who_waits_goes_on_when_another_was_answered() -> None:
    pacer = Pacer(Pace(most=1, young=1000.0))
    went: SimpleQueue[str] = SimpleQueue()

    def other() -> None:
        with pacer.turn():
            went.put("the other")

    thread = threading.Thread(target=other)
    with pacer.turn() as sent:
        sent()
        thread.start()
        went.put("the first")
    thread.join(PATIENCE)
    assert [went.get(timeout=PATIENCE), went.get(timeout=PATIENCE)] == ["the first", "the other"]


def test_who_waits_goes_on_when_the_other_request_has_aged() -> None:
    pacer = Pacer(Pace(most=1, young=0.01))
    went = threading.Event()

    def other() -> None:
        with pacer.turn():
            went.set()

    thread = threading.Thread(target=other)
    with pacer.turn() as sent:
        thread.start()
        sent()
        # Unanswered to the end of this block.
        assert went.wait(PATIENCE)
    thread.join(PATIENCE)


def test_known_devices_go_before_newcomers() -> None:
    pacer = Pacer(Pace(most=1, young=1000.0))
    went: SimpleQueue[str] = SimpleQueue()

    def ask(name: str, newcomer: bool) -> None:
        with pacer.turn(newcomer=newcomer):
            went.put(name)

    newcomers = [threading.Thread(target=ask, args=("newcomer", True)) for _ in range(20)]
    known = [threading.Thread(target=ask, args=("known", False)) for _ in range(3)]
    with pacer.turn():
        for thread in (*newcomers, *known):
            thread.start()
        until = time.monotonic() + PATIENCE
        while pacer._known < len(known) and time.monotonic() < until:
            time.sleep(0.001)
    for thread in (*newcomers, *known):
        thread.join(PATIENCE)
    assert [went.get(timeout=PATIENCE) for _ in range(23)] == ["known"] * 3 + ["newcomer"] * 20


def test_a_closed_pacer_gives_no_turn() -> None:
    pacer = Pacer(Pace(most=1, young=1000.0))
    refused: SimpleQueue[CallError] = SimpleQueue()

    def other() -> None:
        try:
            with pacer.turn():
                raise AssertionError("it had a turn")
        except CallError as error:
            refused.put(error)

    thread = threading.Thread(target=other)
    with pacer.turn():
        thread.start()
        pacer.close()
        assert "nothing was sent" in str(refused.get(timeout=PATIENCE))
    thread.join(PATIENCE)


# --- the client -------------------------------------------------------------------------------------------


def test_a_paced_client_is_a_client_like_any_other(bus: ScriptedBus, network: Network) -> None:
    bus.answer = lambda sent: bus.hear(0x585, "43 00 10 00 91 01 03 00") if sent.data[0] == 0x40 else None
    with paced_client(network, 5, Pacer(Pace(most=1, gap=0.001))) as client:
        assert client.upload(0x1000, 0) == bytes.fromhex("91 01 03 00")
        assert client.upload(0x1000, 0) == bytes.fromhex("91 01 03 00")
    assert bus.sent == [(0x605, bytes.fromhex("40 00 10 00 00 00 00 00"))] * 2
    assert 0x585 not in network.subscribers


def test_the_time_out_counts_from_the_request_and_not_from_the_queue(
    bus: ScriptedBus, network: Network
) -> None:
    """A turn that comes later than the time-out is long leaves the request its whole time."""
    pacer = Pacer(Pace(most=1, young=1000.0))
    bus.answer = lambda sent: bus.hear(0x585, "43 00 10 00 91 01 03 00") if sent.data[0] == 0x40 else None
    read: SimpleQueue[bytes] = SimpleQueue()
    with paced_client(network, 5, pacer, timeout=0.2, tries=1) as client:
        thread = threading.Thread(target=lambda: read.put(client.upload(0x1000, 0)))
        with pacer.turn():
            thread.start()
            assert not threading.Event().wait(0.3)
            assert bus.sent == []
        assert read.get(timeout=PATIENCE) == bytes.fromhex("91 01 03 00")
        thread.join(PATIENCE)
