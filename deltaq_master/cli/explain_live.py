"""A diagnosis on a bus: listen, then read what is needed, by SDO reads alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Subject
from deltaq_master.charger.diagnosis.questions import questions
from deltaq_master.cli.bus_notes import Turns
from deltaq_master.cli.explain_show import json_of
from deltaq_master.cli.talk import say
from deltaq_master.link import clock
from deltaq_master.link.device.device import on_bus
from deltaq_master.link.sdo.reading import Reader
from deltaq_master.protocol.events import BusLost, Frame

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings
    from deltaq_master.link.bus.gate import Turn

LOOK = 0.1
"""How often to look at the clock while the bus is silent [s]."""
AFTER = 0.3
"""How long to listen after the last read [s]: for what the charger says every 0.2 s."""


def listened(chosen: Settings, subject: Subject, listen: float, passive: bool) -> Explanation:
    """The diagnosis of a bus; nothing is sent to one on which nothing was heard, or that is lost. Raises BusError.

    A bus that is lost counts, and is listened to again if it comes back within the time.
    """
    diagnosis = Diagnosis(subject)
    heard: SimpleQueue[Frame | Turn] = SimpleQueue()
    with chosen.network() as network, chosen.hearing(network):
        begun = clock.now()
        turns = Turns(begun)
        gate = network.gate

        def kept(until: float) -> Iterator[Frame | Turn]:
            while (left := until - clock.now()) > 0 and not gate.gone:
                with suppress(Empty):
                    yield heard.get(timeout=min(left, LOOK))
            while not heard.empty():
                yield heard.get()

        def follow(seconds: float) -> None:
            for found in kept(clock.now() + seconds):
                if isinstance(found, Frame):
                    diagnosis.take(found, begun)
                    continue
                turns.take(found)
                if found.lost:
                    diagnosis.lost(BusLost(found.lost), found.time - begun)
            diagnosis.passed(clock.now() - begun)

        gate.subscribe_turns(heard.put)
        gate.subscribe_frames(heard.put)
        diagnosis.passed(0.0)
        say(f"note: listening for {listen:g} s{'' if passive else ', then reading by SDO'}")
        follow(listen)
        if not passive and diagnosis.facts.received and not gate.lost:
            with on_bus(network, subject.dictionary) as device:
                reader = Reader(device.node.sdo)
                reader.read(questions(subject.dictionary, reader.found))
                follow(AFTER)
        explanation = diagnosis.explain()
        # Now, because a replay asks how things stood at this moment, and closing a bus takes a while.
        chosen.report("explanation", json_of(explanation))
    return explanation
