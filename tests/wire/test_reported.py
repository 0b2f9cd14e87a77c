"""What a node reported of its NMT state, apart from what we commanded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import can
import pytest

from deltaq_master.errors import BusError
from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device.reported import ReportedNmt
from deltaq_master.protocol.nmt import NmtCommand, NmtState
from tests.wire.conftest import PATIENCE, ScriptedBus

OPERATIONAL = frozenset({NmtState.OPERATIONAL})
RESTARTED = frozenset({NmtState.INITIALISING})


@pytest.fixture
def nmt(network: Network) -> Iterator[ReportedNmt]:
    reported = ReportedNmt(network, 10)
    yield reported
    reported.close()


def test_before_its_first_word_nothing_is_known(nmt: ReportedNmt) -> None:
    assert nmt.reported is nmt.age is nmt.commanded is None
    assert not nmt.wait_heard(0)
    assert not nmt.wait_for(frozenset(NmtState), 0)


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ("00", NmtState.INITIALISING),
        ("04", NmtState.STOPPED),
        ("05", NmtState.OPERATIONAL),
        ("7F", NmtState.PRE_OPERATIONAL),
    ],
)
def test_what_it_said_last(nmt: ReportedNmt, bus: ScriptedBus, data: str, state: NmtState) -> None:
    bus.hear(0x70A, "05" if data != "05" else "7F")
    bus.hear(0x70A, data)
    bus.settle()
    assert nmt.reported is state
    assert nmt.wait_heard(0)


def test_how_old_it_is(nmt: ReportedNmt, bus: ScriptedBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 50.0)
    bus.hear(0x70A, "05")
    bus.settle()
    assert nmt.age == 0.0
    monkeypatch.setattr(clock, "now", lambda: 52.5)
    assert nmt.age == 2.5


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (NmtCommand.START, b"\x01\x0a"),
        (NmtCommand.PRE_OPERATIONAL, b"\x80\x0a"),
        (NmtCommand.RESET_NODE, b"\x81\x0a"),
    ],
)
def test_a_command_is_not_a_report(
    nmt: ReportedNmt, bus: ScriptedBus, command: NmtCommand, data: bytes
) -> None:
    nmt.command(command)
    assert bus.sent == [(0x000, data)]
    assert nmt.commanded is command
    assert nmt.reported is None


def test_a_command_that_the_bus_refused_was_not_given(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    nmt.command(NmtCommand.START)
    bus.refusal = can.CanOperationError("no buffer space")
    with pytest.raises(BusError):
        nmt.command(NmtCommand.STOP)
    assert nmt.commanded is NmtCommand.START


@pytest.mark.parametrize(
    ("cob_id", "data", "flags"),
    [
        (0x70B, "05", {}),
        (0x70A, "", {}),
        (0x70A, "05 00", {}),
        (0x70A, "06", {}),
        (0x70A, "05", {"is_extended_id": True}),
        (0x70A, "", {"is_remote_frame": True}),
        (0x70A, "05", {"is_error_frame": True}),
    ],
)
def test_what_is_no_heartbeat_of_this_node(
    nmt: ReportedNmt, bus: ScriptedBus, cob_id: int, data: str, flags: dict[str, bool]
) -> None:
    bus.hear(0x70A, "04")
    bus.hear(cob_id, data, **flags)
    bus.settle()
    assert nmt.reported is NmtState.STOPPED


def test_our_own_frame_is_not_its_word(nmt: ReportedNmt, network: Network) -> None:
    network.send_frame(0x70A, b"\x05")
    assert nmt.reported is None


def test_after_close_nothing_is_heard(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    nmt.close()
    bus.hear(0x70A, "05")
    bus.settle()
    assert nmt.reported is None


class Talking:
    """A node that says the same every millisecond or so, until told to be quiet."""

    def __init__(self, bus: ScriptedBus, data: str) -> None:
        self._bus, self._data = bus, data
        self._quiet = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Talking:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._quiet.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._quiet.wait(0.001):
            self._bus.hear(0x70A, self._data)
            self._bus.settle()


def test_waiting_for_a_state(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    with Talking(bus, "05"):
        assert nmt.wait_heard(PATIENCE)
        assert nmt.wait_for(OPERATIONAL, PATIENCE)
        assert nmt.wait_for(OPERATIONAL | {NmtState.STOPPED}, PATIENCE)
        assert not nmt.wait_for(RESTARTED, 0.005)


def test_who_waits_is_woken_at_once(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    begun = time.monotonic()
    with Talking(bus, "05"):
        assert nmt.wait_heard(PATIENCE)
        assert nmt.wait_for(OPERATIONAL, PATIENCE)
    assert time.monotonic() - begun < PATIENCE


def test_an_old_word_is_no_answer(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    bus.hear(0x70A, "05")
    bus.settle()
    assert nmt.reported is NmtState.OPERATIONAL
    assert not nmt.wait_for(OPERATIONAL, 0.002)


def test_an_answer_that_comes_at_once_is_not_missed(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    # A boot-up message comes once; it may be here before anybody has begun to wait for it.
    bus.answer = lambda message: bus.hear(0x70A, "00")
    nmt.command(NmtCommand.RESET_NODE)
    bus.settle()
    assert nmt.reported is NmtState.INITIALISING
    assert nmt.wait_for(RESTARTED, 0.002)


def test_a_word_from_before_the_command_is_no_answer_to_it(nmt: ReportedNmt, bus: ScriptedBus) -> None:
    bus.hear(0x70A, "05")
    bus.settle()
    nmt.command(NmtCommand.START)
    assert not nmt.wait_for(OPERATIONAL, 0.002)
