"""A scripted kernel in real time, with a simulated charger on its bus: for a master that is used whole."""

from __future__ import annotations

import errno
import threading
import time
from typing import NamedTuple

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.link.socketcan.kernel import Cyclic, Raw
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.options import Options
from tests.wire.scripted_socketcan import ScriptedCyclic, ScriptedKernel, failed

STEP = 0.003
"""How often the bus lives [s]."""
OPTIONS = {"soc": "50", "start-delay": "0"}
COMMAND = 0x20A
BUS_OFF = 0x2000_0040


class Asked(NamedTuple):
    """RPDO1 as it was on the wire, decoded by hand: amperes x 16 in bytes 5 and 6, ready in byte 7."""

    time: float
    ready: bool
    amps: float


class SharedCyclic(ScriptedCyclic):
    """A broadcast manager's socket that threads share with the bus."""

    def __init__(self, kernel: LivingKernel) -> None:
        super().__init__(kernel)
        self._order = kernel.order

    def command(self, message: bytes) -> None:
        with self._order:
            super().command(message)
            self.commands.clear()

    def left(self, can_id: int) -> int:
        with self._order:
            return super().left(can_id)

    def expired(self) -> set[int]:
        with self._order:
            return super().expired()

    def close(self) -> None:
        with self._order:
            super().close()


class LivingKernel(ScriptedKernel):
    """One interface, from `with` to its end; of what was carried it keeps what the master asked for."""

    def __init__(self, dictionary: Dictionary, *, confirms: bool) -> None:
        super().__init__(confirms=confirms, now=time.time())
        self.order = threading.RLock()
        self.asked: list[Asked] = []
        """The test may clear it."""
        self._charger = SimulatedCharger(Options.parse(OPTIONS), dictionary, self.now)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="the bus")

    def raw(self, channel: str, *, own: bool = True, errors: bool = True) -> Raw:
        with self.order:
            self.raws = self.open_raws
            return super().raw(channel, own=own, errors=errors)

    def cyclic(self, channel: str) -> Cyclic:
        with self.order:
            if not self.present:
                raise failed(errno.ENODEV)
            self.cyclics = [SharedCyclic(self)]
            return self.cyclics[0]

    def transmit(self, sender: object, can_id: int, data: bytes, length: int) -> None:
        with self.order:
            super().transmit(sender, can_id, data, length)

    @property
    def open_raws(self) -> list:  # type: ignore[type-arg]
        """Raw sockets that are open."""
        return [raw for raw in self.raws if not raw.closed]

    def __enter__(self) -> LivingKernel:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._over.wait(STEP):
            with self.order:
                self.advance(time.time())
                self.carry()
                carried, self.carried = self.carried, []
                for moment, cob_id, data in carried:
                    if cob_id == COMMAND:
                        self.asked.append(Asked(moment, data[7] == 1, (data[5] | data[6] << 8) / 16))
                    self._charger.receive(Frame(cob_id, data, self.now), self.now)
                for frame in self._charger.advance(self.now):
                    if self.up("") and self.acknowledges:
                        self.hear(frame.cob_id, frame.data.hex())

    # --- what a test does to it -------------------------------------------------------------------------------

    def lose(self, what: str) -> None:
        """Take the bus away: cable off, interface down, adapter out, or an error frame that says bus off."""
        with self.order:
            match what:
                case "cable":
                    self.acknowledges = False
                case "down":
                    self.is_up = False
                    self.queue.clear()
                    self.fail(errno.ENETDOWN)
                case "out":
                    self.present = False
                    self.queue.clear()
                    self.fail(errno.ENODEV)
                case _:
                    self.hear(BUS_OFF)

    def give_back(self) -> None:
        """And have it there again."""
        with self.order:
            self.acknowledges = self.is_up = self.present = True
