"""can0 for the command line in this process, on a kernel that the test plays (tests/wire/scripted_socketcan.py)."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from deltaq_master.cli import main
from deltaq_master.cli.bus_notes import AT_ONCE
from deltaq_master.link.bus.gate import Gate
from deltaq_master.link.bus.interfaces import Interface, parsed
from deltaq_master.link.socketcan.socketcan import SocketCan
from tests.wire.scripted_socketcan import ScriptedKernel

CAN0 = ("-i", "socketcan", "-c", "can0")
PATIENCE = 10.0
Script = Callable[["ScriptedCan"], None]


class ScriptedCan:
    """An interface that is heard, lost and brought back by a script, beside the command under test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernel = ScriptedKernel(now=time.time())
        self.bitrate = 500_000
        self._watched = threading.Event()
        self._gate: Gate | None = None
        subscribe = Gate.subscribe_frames

        def watched(gate: Gate, *args: object) -> None:
            subscribe(gate, *args)  # type: ignore[arg-type]
            self._gate = gate
            self._watched.set()

        monkeypatch.setattr(Gate, "subscribe_frames", watched)
        monkeypatch.setattr(
            "deltaq_master.link.bus.opening.SocketCan", lambda channel: SocketCan(channel, self.kernel)
        )
        monkeypatch.setattr("deltaq_master.link.bus.silence.interface", self.interface)

    @property
    def gate(self) -> Gate:
        """The gate of the command's bus."""
        assert self._gate is not None
        return self._gate

    def interface(self, name: str) -> Interface:
        """What `ip` would say of it."""
        data = {"state": "ERROR-ACTIVE", "bittiming": {"bitrate": self.bitrate}}
        link = {
            "ifname": name,
            "flags": ["UP"],
            "link_type": "can",
            "linkinfo": {"info_kind": "can", "info_data": data},
        }
        return next(parsed(json.dumps([link])))

    def run(self, script: Script, *words: str) -> int:
        """The exit status of a command, on can0, while a script plays."""
        broken: list[BaseException] = []

        def play() -> None:
            try:
                assert self._watched.wait(PATIENCE)
                script(self)
            except BaseException as error:  # noqa: BLE001  raised again by the test's own thread
                broken.append(error)
                self.end()

        player = threading.Thread(target=play)
        player.start()
        try:
            status = main([*CAN0, *words])
        finally:
            player.join()
        if broken:
            raise broken[0]
        return status

    def hear(self, cob_id: int, data: str) -> None:
        """Somebody sends a frame; returns when the gate has had it."""
        before = self.gate.counts.received
        self.kernel.now = time.time()
        self.kernel.hear(cob_id, data)
        self.until(lambda: self.gate.counts.received > before)

    def down(self) -> None:
        """`ip link set can0 down`."""
        self.kernel.is_up = False
        self.lose(errno.ENETDOWN)

    def out(self) -> None:
        """The adapter is pulled out; its interface goes down first."""
        self.kernel.present = False
        self.lose(errno.ENETDOWN)
        self.lose(errno.ENODEV)

    def back(self) -> None:
        """The interface is there and up, with a new socket if the old one's is gone."""
        removed = not self.kernel.present
        sockets = len(self.kernel.raws)
        self.kernel.is_up = self.kernel.present = True
        if removed:
            self.until(lambda: len(self.kernel.raws) > sockets)

    def lose(self, number: int) -> None:
        """The raw socket is told an error once; returns when the gate has had it."""
        before = self.gate.counts.receive_errors
        self.kernel.fail(number)
        self.until(lambda: self.gate.counts.receive_errors > before)

    def later(self) -> None:
        """Let the time pass in which a loss would count as an interface that was not there from the beginning."""
        time.sleep(AT_ONCE + 0.1)

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that takes a moment."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, "it does not come"
            time.sleep(0.005)

    def end(self) -> None:
        """SIGTERM to the command."""
        os.kill(os.getpid(), signal.SIGTERM)
