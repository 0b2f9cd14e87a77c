"""The SDO server on a line that may be slow, lossy or dead, and its time-out."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from deltaq_master.simulator.objects import Code, Objects
from deltaq_master.simulator.schedule import Schedule
from deltaq_master.simulator.server import TIMEOUT, SdoServer
from deltaq_master.simulator.writes import Spoil, Writes


@dataclass(slots=True)
class Trouble:
    """What is wrong with a node and its line; the fault script sets it."""

    random: Random
    cut: bool = False
    """The cable is pulled."""
    no_heartbeat: bool = False
    no_tpdos: bool = False
    sdo_delay: float = 0.0
    """How late answers come [s]."""
    sdo_loss: float = 0.0
    """Share of lost answers, 0 to 1."""
    sdo_abort: int = 0
    """Abort code for every request, 0 for none."""
    sdo_dead: set[int] = field(default_factory=set)
    """Indices whose requests are not answered."""
    writes: dict[int, Spoil] = field(default_factory=dict)
    """What happens to the first, second, ... SDO write."""


class SdoChannel:
    """Requests in; answers out by `reply`, at once or late."""

    def __init__(
        self,
        objects: Objects,
        schedule: Schedule,
        trouble: Trouble,
        reply: Callable[[bytes], None],
        restart: Callable[[], None],
    ) -> None:
        self._objects = objects
        self._server = SdoServer(objects)
        self._writes = Writes(trouble.writes)
        self._restart = restart
        self._schedule = schedule
        self._trouble = trouble
        self._reply = reply
        self._late = 0

    def reset(self) -> None:
        """Forget the transfer under way and the answers on their way."""
        self._server.reset()
        for name in self._schedule.named("sdo"):
            self._schedule.cancel(name)

    def handle(self, request: bytes) -> None:
        """Take one request."""
        trouble = self._trouble
        index, sub = struct.unpack("<HB", request[1:4].ljust(3, b"\0"))
        spoil = self._writes.hear(request, self._server.begins(request))
        if index in trouble.sdo_dead or spoil is Spoil.LOST:
            return
        if trouble.sdo_abort and request[:1] != b"\x80":
            self._answer([struct.pack("<BHBI", 0x80, index, sub, trouble.sdo_abort)])
            return
        if spoil is Spoil.SILENCE:
            trouble.cut = True
        elif spoil is Spoil.REBOOT:
            self._restart()
        elif spoil is Spoil.ABORT and request[:1] != b"\x80":
            self._server.reset()
            self._answer([struct.pack("<BHBI", 0x80, index, sub, Code.GENERAL)])
        else:
            self._serve(request, spoil)

    def _serve(self, request: bytes, spoil: Spoil) -> None:
        trouble = self._trouble
        self._objects.stores_wrong = spoil is Spoil.WRONG
        answers = self._server.handle(request)
        if spoil is not Spoil.UNANSWERED or self._server.busy:
            self._answer(answers)
        if self._server.busy:
            self._schedule.after("sdo time-out", TIMEOUT + trouble.sdo_delay, self._expire)
        else:
            self._schedule.cancel("sdo time-out")

    def _expire(self) -> None:
        self._answer(self._server.expire())

    def _answer(self, answers: list[bytes]) -> None:
        trouble = self._trouble
        last = None if self._server.busy or not answers else answers[-1]
        for answer in answers:
            if trouble.sdo_loss and trouble.random.random() < trouble.sdo_loss:
                continue
            if trouble.sdo_delay:
                # Each answer has its own name, so that a later one does not replace it.
                self._late += 1
                name = f"sdo answer {self._late}"
                self._schedule.after(name, trouble.sdo_delay, partial(self._send, answer, answer is last))
            else:
                self._send(answer, answer is last)

    def _send(self, answer: bytes, last: bool) -> None:
        if last:
            self._writes.done()
        self._reply(answer)
