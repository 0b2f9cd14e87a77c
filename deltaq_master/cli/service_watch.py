"""`deltaq service watch`: listens to a bus for ever, and tells the journal what is worth keeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from deltaq_master.cli.settings import settings
from deltaq_master.cli.signals import Signals
from deltaq_master.service.journal import Priority

if TYPE_CHECKING:
    from deltaq_master.link.bus.gate import Turn
    from deltaq_master.protocol.events import Frame
    from deltaq_master.protocol.services import Decoded

LOOK = 0.5
"""How often to look whether the bus is still there [s]."""
SILENT = 2.5
"""Silence of the charger that is told [s]: its heartbeat comes every second."""


class Watch:
    """What is worth a message: alarms, changes of state, commands of a master, silence. It reads no clock."""

    def __init__(self, node_id: int, now: float) -> None:
        self._node_id = node_id
        self._states: dict[int, str] = {}
        self._heard = now
        self._silent = False
        self.status = "nothing heard yet"
        """What it sees, on one line."""

    def frame(self, frame: Frame, decoded: Decoded) -> Iterator[tuple[str, Priority, str]]:
        """Messages for a frame: text, priority, kind."""
        from deltaq_master.protocol.services import Service

        if decoded.node_id == self._node_id and decoded.service not in (Service.NMT, Service.SDO_REQUEST):
            self._heard = frame.time
            if self._silent:
                self._silent = False
                yield f"node {self._node_id} is heard again", Priority.NOTICE, "heard"
        match decoded.service:
            case Service.EMCY:
                grave = Priority.NOTICE if decoded.text == "error reset" else Priority.WARNING
                yield str(decoded), grave, "emcy"
            case Service.HEARTBEAT if decoded.node_id:
                if self._states.get(decoded.node_id) != decoded.text:
                    self._states[decoded.node_id] = decoded.text
                    self.status = ", ".join(f"node {node}: {text}" for node, text in self._states.items())
                    yield str(decoded), Priority.INFO, "state"
            case Service.NMT:
                yield str(decoded), Priority.INFO, "nmt"
        for text in decoded.observations:
            yield text, Priority.NOTICE, "observation"

    def turn(self, turn: Turn) -> Iterator[tuple[str, Priority, str]]:
        """Messages for a bus that is lost or back; what its nodes were is not known any more."""
        self._states.clear()
        if turn.lost:
            self.status = f"the bus is lost: {turn.lost}"
            yield self.status, Priority.WARNING, "bus-lost"
        else:
            self.status = "the bus is heard again"
            yield self.status, Priority.NOTICE, "bus-back"

    def tick(self, now: float) -> Iterator[tuple[str, Priority, str]]:
        """Messages for the passing of time."""
        if not self._silent and now - self._heard > SILENT:
            self._silent = True
            self._states.pop(self._node_id, None)
            self.status = f"node {self._node_id} is silent"
            yield f"node {self._node_id} has been silent for {SILENT:g} s", Priority.NOTICE, "silent"


def watch(context: typer.Context) -> int:
    """What the unit of a watching service runs; it may be tried at a terminal.

    It listens, never transmits, and writes alarms, changes of state, commands
    of a master, silence and losses of the bus to the journal, with fields.

    \b
    Example:
      deltaq -i socketcan -c can0 service watch
    """
    from queue import Empty, SimpleQueue

    from deltaq_master.charger.traffic import TrafficDecoder
    from deltaq_master.dictionary.mapping import defaults
    from deltaq_master.errors import BusError
    from deltaq_master.link import clock
    from deltaq_master.link.bus.gate import Turn
    from deltaq_master.link.notify import Notifier
    from deltaq_master.link.pump.alive import SHARE
    from deltaq_master.service.journal import Journal

    chosen = settings(context)
    dictionary = chosen.dictionary()
    decoder = TrafficDecoder(dictionary, defaults(dictionary), chosen.master_id)
    notifier = Notifier()
    heard: SimpleQueue[Frame | Turn] = SimpleQueue()
    journal = Journal(DELTAQ_CHANNEL=chosen.channel or "", DELTAQ_NODE=str(chosen.node_id))
    period = min(LOOK, (notifier.watchdog or LOOK * SHARE) / SHARE)

    try:
        with Signals(_ended), chosen.network() as network:
            seen = Watch(chosen.node_id, clock.now())
            network.gate.subscribe_turns(heard.put)
            network.gate.subscribe_frames(heard.put)
            notifier.tell(READY="1", STATUS=seen.status)
            fed = 0.0
            while not network.gate.gone:
                told: Iterator[tuple[str, Priority, str]] = iter(())
                with suppress(Empty):
                    found = heard.get(timeout=period)
                    told = (
                        seen.turn(found)
                        if isinstance(found, Turn)
                        else seen.frame(found, decoder.decode(found))
                    )
                for text, priority, kind in (*told, *seen.tick(clock.now())):
                    journal.tell(text, priority, DELTAQ_EVENT=kind)
                if clock.now() - fed >= period:
                    fed = clock.now()
                    notifier.tell(WATCHDOG="1", STATUS=seen.status)
            raise BusError(f"the bus was lost: {network.gate.gone}")
    except KeyboardInterrupt:
        notifier.tell(STOPPING="1")
        return 0
    finally:
        journal.close()
        notifier.close()


def _ended(_: str) -> None:
    raise KeyboardInterrupt
