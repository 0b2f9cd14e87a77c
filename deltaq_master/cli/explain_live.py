"""A diagnosis on a bus: listen, then read what is needed, by SDO reads alone."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Subject
from deltaq_master.charger.diagnosis.questions import questions
from deltaq_master.cli.talk import say
from deltaq_master.link import clock
from deltaq_master.link.device.device import on_bus
from deltaq_master.link.sdo.reading import Reader
from deltaq_master.protocol.events import BusLost, Frame

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings

LOOK = 0.1
"""How often to look at the clock while the bus is silent [s]."""
AFTER = 0.3
"""How long to listen after the last read [s]: for what the charger says every 0.2 s."""


def listened(chosen: Settings, subject: Subject, listen: float, passive: bool) -> Explanation:
    """The diagnosis of a bus. Raises BusError; nothing is sent to a bus on which nothing was heard."""
    diagnosis = Diagnosis(subject)
    frames: SimpleQueue[Frame] = SimpleQueue()
    with chosen.network() as network:
        begun = clock.now()

        def take(until: float) -> Iterator[Frame]:
            while (left := until - clock.now()) > 0:
                try:
                    yield frames.get(timeout=min(left, LOOK))
                except Empty:
                    if network.gate.lost:
                        diagnosis.lost(BusLost(network.gate.lost), clock.now() - begun)
                        return
            while not frames.empty():
                yield frames.get()

        def follow(seconds: float) -> None:
            for frame in take(clock.now() + seconds):
                diagnosis.take(frame, begun)
            diagnosis.passed(clock.now() - begun)

        network.gate.subscribe_frames(frames.put)
        diagnosis.passed(0.0)
        say(f"note: listening for {listen:g} s{'' if passive else ', then reading by SDO'}")
        follow(listen)
        if not passive and diagnosis.facts.received:
            with on_bus(network, subject.dictionary) as device:
                reader = Reader(device.node.sdo)
                reader.read(questions(subject.dictionary, reader.found))
                follow(AFTER)
    return diagnosis.explain()
