"""A wire in virtual time with any simulated devices on it, and what a test sends by hand."""

from __future__ import annotations

from pathlib import Path

from deltaq_master.dictionary.eds import load
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.device import SimulatedDevice
from deltaq_master.simulator.script import parse
from deltaq_master.simulator.segment import Device

EDS = Path(__file__).resolve().parents[2] / "eds"
IO, GAUGE = EDS / "cia401.eds", EDS / "cia404.eds"


def device(path: Path = IO, node_id: int = 5, faults: str = "", serial: int = 1) -> SimulatedDevice:
    """A device that is switched on at 0 s."""
    return SimulatedDevice(load(path, node_id), 0.0, parse(faults), serial=serial)


class Bus:
    """The wire and its clock."""

    def __init__(self, on_it: Device) -> None:
        self.device = on_it
        self.now = 0.0
        self.heard: list[Frame] = []

    def run(self, seconds: float) -> list[Frame]:
        """Let time pass; everything heard meanwhile."""
        self.now += seconds
        frames = self.device.advance(self.now)
        self.heard += frames
        return frames

    def send(self, cob_id: int, data: str) -> list[str]:
        """Send now; what is said at once, as `COB-ID DATA`."""
        self.device.receive(Frame(cob_id, bytes.fromhex(data), self.now), self.now)
        return [f"{frame.cob_id:03X} {frame.data.hex(' ').upper()}" for frame in self.run(0.0)]

    def times(self, cob_id: int) -> list[float]:
        """When frames with this COB-ID were heard."""
        return [round(frame.time, 6) for frame in self.heard if frame.cob_id == cob_id]
