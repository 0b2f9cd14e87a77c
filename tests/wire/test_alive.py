"""The watchdog is fed by the pump's own steps, and by nothing else; systemd hears it on its socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from deltaq_master.link.notify import Notifier
from deltaq_master.link.pump.alive import ALIVE, Heart
from deltaq_master.link.pump.pump import Pump
from deltaq_master.protocol.events import Effect

LIMIT = 5.0
PERIOD = 1.0


def pump() -> Pump:
    return Pump(lambda *_: None, lambda *_: None, clock=None)


def run(pump: Pump, begin: float, end: float) -> None:
    """Step in time, every 50 ms."""
    for step in range(round((end - begin) / 0.05)):
        pump.step(begin + step * 0.05)


def test_it_beats_while_the_pump_steps_and_not_without() -> None:
    beats: list[object] = []
    here = pump()
    here.add(Heart(LIMIT, 0.0), beats.append)
    run(here, 0.0, 10.0)
    assert beats == [ALIVE] * 10
    # No step, no beat: there is no other thread that would do it.
    assert len(beats) == 10


def test_a_pump_that_runs_in_fits_is_not_alive() -> None:
    beats: list[object] = []
    here = pump()
    here.add(Heart(LIMIT, 0.0), beats.append)
    here.step(0.0)
    beats.clear()
    for now in range(2, 12):
        here.step(float(now))  # each over the pump's limit for a pause
    assert beats == []


class Hanging:
    """A machine in which the pump never comes back."""

    node_id = 10
    cob_ids: frozenset[int] = frozenset()
    deadline = 3.0

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        raise KeyboardInterrupt  # as near to never as a test comes


def test_a_machine_that_hangs_starves_it() -> None:
    beats: list[object] = []
    here = pump()
    here.add(Hanging(), lambda _: None)
    here.add(Heart(LIMIT, 0.0), beats.append)
    with pytest.raises(KeyboardInterrupt):
        run(here, 0.0, 10.0)
    assert len(beats) == 3


def test_what_is_told_reaches_the_socket(tmp_path: Path) -> None:
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place))
        notifier = Notifier({"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "5000000"})
        assert notifier.watchdog == LIMIT
        notifier.tell(READY="1", STATUS="armed\nand ready")
        assert heard.recv(100) == b"READY=1\nSTATUS=armed and ready\n"
        notifier.close()


def test_it_never_waits_for_a_systemd_that_does_not_read(tmp_path: Path) -> None:
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place))
        notifier = Notifier({"NOTIFY_SOCKET": str(place)})
        for _ in range(10_000):
            notifier.tell(WATCHDOG="1")
        notifier.close()


def test_an_abstract_socket_is_one_too() -> None:
    name = f"deltaq-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name)
        notifier = Notifier({"NOTIFY_SOCKET": f"@{name}"})
        notifier.tell(READY="1")
        assert heard.recv(100) == b"READY=1\n"
        notifier.close()


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    assert Notifier({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}).watchdog is None
    Notifier({}).tell(READY="1")  # nobody listens, nothing happens
