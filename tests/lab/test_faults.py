"""The faults of tests/rig/test_endings.py again: the same table, in separate processes, on interfaces of their own.

The charges run all at the same time, two processes each. Three run always, the rest with `-m long`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab import interfaces
from tests.lab.bench import TRIES, Bench, StalledError, result
from tests.lab.programs import Program
from tests.lab.recording import Recording
from tests.rig import test_endings as rig
from tests.rig.wire_rules import check_limits, check_start_order, check_stop_order

SLACK = 2.0
"""Seconds that a recording may differ by, with a dozen processes on one processor."""
ALWAYS = {"ac-loss@3", "silence@3", "reboot@3"}
(MARK,) = (mark for mark in rig.test_faults_of_the_charger.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
FAULTS: list[tuple[str, str, bool]] = MARK.args[1]
TOGETHER = 6
"""Charges at a time: with more, the guest's processor is late for all of them."""


@dataclass
class Running:
    """A charge with a fault, under way."""

    bench: Bench
    master: Program
    recording: Recording


def begun(bench: Bench, fault: str) -> Running:
    """A charge with a fault, started; nobody waits for anything yet."""
    recording = bench.record()
    # Fuller than in the rig: over-voltage:10 would take minutes there, which are nothing on a virtual clock.
    options = rig.SLOW | {"soc": "60", "fault": fault}
    bench.simulate([f"{key}={value}" for key, value in options.items()])
    return Running(bench, bench.charge(), recording)


class Charges:
    """Runs the charges of this session, some at a time, in the order in which the tests ask for them."""

    def __init__(self, faults: list[str], factory: pytest.TempPathFactory) -> None:
        self._waiting = faults
        self._factory = factory
        self._running: dict[str, Running] = {}
        self._benches: list[Bench] = []

    def of(self, fault: str) -> Running:
        """The charge with this fault, started if it does not run yet, and the next ones with it."""
        if fault not in self._running:
            self.end()
            place = self._waiting.index(fault)
            self._start(self._waiting[place : place + TOGETHER])
        return self._running[fault]

    def result(self, fault: str) -> tuple[int, dict[str, Any]]:
        """How the charge with this fault ended; where the machine stalled, how it ends on another try."""
        for _ in range(TRIES - 1):
            with contextlib.suppress(StalledError):
                return result(self.of(fault).master)
            bench = self._running[fault].bench
            bench.clear()
            self._running[fault] = begun(bench, fault)
        return result(self.of(fault).master)

    def _start(self, faults: list[str]) -> None:
        for number, fault in enumerate(faults, 1):
            channel = f"vcan{number}"
            interfaces.ip(f"link add {channel} type vcan")
            interfaces.ip(f"link set {channel} up")
            bench = Bench(channel, channel, channel, self._factory.mktemp("fault"))
            self._benches.append(bench)
            self._running[fault] = begun(bench, fault)

    def end(self) -> None:
        """End what still runs, and take the interfaces away."""
        for bench in self._benches:
            bench.end()
            interfaces.ip(f"link delete {bench.master}")
        self._benches.clear()
        self._running.clear()


@pytest.fixture(scope="module")
def charges(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charges]:
    ours = [
        item
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    ]
    made = Charges([str(item.callspec.params["fault"]) for item in ours], tmp_path_factory)
    yield made
    made.end()


@pytest.mark.parametrize(
    ("fault", "cause", "confirmed"),
    [pytest.param(*row, id=row[0], marks=() if row[0] in ALWAYS else pytest.mark.long) for row in FAULTS],
)
def test_faults_of_the_charger(fault: str, cause: str, confirmed: bool, charges: Charges) -> None:
    status, said = charges.result(fault)
    assert status == 1
    assert said["outcome"] == "fault"
    assert said["cause"]["id"] == cause
    assert said["off_confirmed"] is confirmed
    assert said["unconfirmed"] is not confirmed
    # An abort of ours ends a read that was not answered; the rules are about the rest.
    frames = [
        frame for frame in charges.of(fault).recording.end() if frame.cob_id != 0x60A or frame.data[0] != 0x80
    ]
    if not fault.startswith("second-master"):  # whose frames cannot be told from ours on a virtual interface
        check_start_order(frames, slack=SLACK)
        check_limits(frames)
        check_stop_order(frames, fault=True, slack=SLACK)
