"""One simulated bus segment: several devices that hear each other, with the face of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from deltaq_master.errors import UsageError
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.charger import Measurement, SimulatedCharger

SDO_ANSWER, SDO_REQUEST = 0x580, 0x600


class Device(Protocol):
    """What can be on a bus: one device, or a segment of them."""

    @property
    def deadline(self) -> float:
        """When `advance` has something to do at the latest [s]."""

    def receive(self, frame: Frame, now: float) -> None:
        """Take a frame from the wire; answers come out of `advance`."""

    def advance(self, now: float) -> list[Frame]:
        """Every frame due by `now`, in order, answers included."""


class Addressed(Device, Protocol):
    """A device with a node-ID."""

    @property
    def id(self) -> int:
        """Its node-ID."""


class Segment:
    """Pure: frames and times go in, frames come out. What one device sends, the others hear.

    An SDO request goes straight to the devices of that node-ID, and an answer to none of them: with 127
    devices they cost little more than with one.
    """

    def __init__(self, devices: Sequence[Addressed] = (), chargers: Sequence[SimulatedCharger] = ()) -> None:
        """Chargers, then devices, in the order in which they speak at one moment."""
        self.chargers = tuple(chargers)
        """Those that `measure` is about, in the order of their node-IDs."""
        self._devices: tuple[Addressed, ...] = (*self.chargers, *devices)
        self._due = [device.deadline for device in self._devices]
        self._servers: dict[int, list[int]] = {}
        for place, device in enumerate(self._devices):
            self._servers.setdefault(SDO_REQUEST + device.id, []).append(place)
        self._everyone = range(len(self._devices))

    @property
    def deadline(self) -> float:
        """When `advance` has something to do at the latest [s]."""
        return min(self._due, default=math.inf)

    def receive(self, frame: Frame, now: float) -> None:
        """Take a frame from the wire; answers come out of `advance`."""
        self._hand_on(frame, now, None)

    def advance(self, now: float) -> list[Frame]:
        """Every frame due by `now`, in order, answers included."""
        frames: list[Frame] = []
        while (when := self.deadline) <= now:
            for place in self._everyone:
                if self._due[place] <= when:
                    said = self._devices[place].advance(when)
                    self._due[place] = self._devices[place].deadline
                    frames += said
                    for frame in said:
                        self._hand_on(frame, when, place)
        return frames

    def measure(self, now: float, node: int | None = None) -> Measurement:
        """The pack of a charger, by default the first, as its own management system measures it.

        Raises UsageError where there is no such charger.
        """
        if not self.chargers:
            raise UsageError("this simulated bus has no charger", "leave charger=no out")
        for place, charger in enumerate(self.chargers):
            if node in (None, charger.id):
                measured = charger.measure(now)
                self._due[place] = charger.deadline
                return measured
        nodes = f"{self.chargers[0].id} to {self.chargers[-1].id}"
        raise UsageError(f"this simulated bus has no charger at node {node}", f"there are: {nodes}")

    def _hand_on(self, frame: Frame, now: float, sender: int | None) -> None:
        if SDO_ANSWER < frame.cob_id <= SDO_REQUEST + 0x7F and not frame.extended:
            places: Sequence[int] = self._servers.get(frame.cob_id, ())
        else:
            places = self._everyone
        for place in places:
            if place != sender:
                device = self._devices[place]
                device.receive(frame, now)
                self._due[place] = device.deadline
