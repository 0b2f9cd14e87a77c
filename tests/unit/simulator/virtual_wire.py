"""A wire in virtual time: a master's frames typed by hand on one side, the simulated charger on the other."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Protocol

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.model import Model
from deltaq_master.simulator.options import Options

HEARTBEAT, NMT, RPDO1, RPDO2 = 0x701, 0x000, 0x20A, 0x30A
TPDO1, TPDO2, TPDO3, EMCY, STATE = 0x18A, 0x28A, 0x38A, 0x08A, 0x70A

# RPDO1 of this unit: filler, SOC 76 %, override 0, volts x 256, amps x 16, ready.
OFF = "00 4C 00 00 00 00 00 00"
READY_0_84V_0A = "00 4C 00 00 54 00 00 00"
READY_1_84V_0A = "00 4C 00 00 54 00 00 01"
READY_1_84V_10A = "00 4C 00 00 54 A0 00 01"
READY_1_82V_10A = "00 4C 00 00 52 A0 00 01"


class Wire:
    """The bus, its clock, and a master that does exactly what a test says."""

    def __init__(self, dictionary: Dictionary | Model, options: Mapping[str, str]) -> None:
        self.charger = SimulatedCharger(Options.parse(options), dictionary, 0.0)
        self.now = 0.0
        self.heard: list[Frame] = []
        self.sent: dict[int, float] = {}
        """When each COB-ID was sent last."""
        self._cyclic: dict[int, tuple[float, float, bytes]] = {}

    def send(self, cob_id: int, data: str | bytes, **flags: bool) -> list[Frame]:
        """Send now; what the charger says at once."""
        octets = bytes.fromhex(data) if isinstance(data, str) else data
        self.sent[cob_id] = self.now
        self.charger.receive(Frame(cob_id, octets, self.now, **flags), self.now)
        return self._listen()

    def every(self, period: float, cob_id: int, data: str) -> None:
        """Send now and then every `period` seconds."""
        self.send(cob_id, data)
        self._cyclic[cob_id] = (self.now + period, period, bytes.fromhex(data))

    def end(self, *cob_ids: int) -> None:
        """Stop sending these."""
        for cob_id in cob_ids:
            del self._cyclic[cob_id]

    def run(self, seconds: float) -> list[Frame]:
        """Let time pass; everything heard meanwhile."""
        start, target = len(self.heard), self.now + seconds
        while True:
            due = min([(target, -1), *((when, cob_id) for cob_id, (when, _, _) in self._cyclic.items())])
            self.now = min(due[0], target)
            self._listen()
            if due[0] >= target:
                return self.heard[start:]
            when, period, data = self._cyclic[due[1]]
            self._cyclic[due[1]] = (when + period, period, data)
            self.send(due[1], data)

    def _listen(self) -> list[Frame]:
        frames = self.charger.advance(self.now)
        self.heard += frames
        return frames

    def all(self, cob_id: int) -> list[Frame]:
        """Every frame heard with this COB-ID."""
        return [frame for frame in self.heard if frame.cob_id == cob_id]

    def last(self, cob_id: int) -> bytes:
        """Data of the latest frame heard with this COB-ID."""
        return self.all(cob_id)[-1].data

    @property
    def status(self) -> int:
        """The 2006h word in the latest TPDO1."""
        return int.from_bytes(self.last(TPDO1)[4:6], "little")

    @property
    def indication(self) -> int:
        """Charge indication in the latest TPDO1."""
        return self.status >> 8 & 0xF

    # --- SDO, written out by hand ------------------------------------------------------------------------

    def ask(self, request: str | bytes) -> bytes:
        """The one answer to an SDO request."""
        answers = [frame.data for frame in self.send(0x60A, request) if frame.cob_id == 0x58A]
        assert len(answers) == 1, answers
        return answers[0]

    def read(self, index: int, sub: int = 0) -> bytes:
        """Bytes of an object, expedited or segmented."""
        answer = self.ask(struct.pack("<BHB4x", 0x40, index, sub))
        assert answer[1:4] == struct.pack("<HB", index, sub)
        if answer[0] & 0xF3 == 0x43:
            return answer[4 : 8 - (answer[0] >> 2 & 3)]
        assert answer[0] == 0x41, answer.hex(" ")
        data, toggle = b"", 0
        while True:
            segment = self.ask(bytes((0x60 | toggle,)) + bytes(7))
            data += segment[1 : 8 - (segment[0] >> 1 & 7)]
            if segment[0] & 1:
                return data
            toggle ^= 0x10

    def number(self, index: int, sub: int = 0) -> int:
        """Unsigned integer in an object."""
        return int.from_bytes(self.read(index, sub), "little")

    def write(self, index: int, sub: int, data: bytes) -> int:
        """Abort code of an expedited write, 0 if it was accepted."""
        command = 0x23 | (4 - len(data)) << 2
        answer = self.ask(struct.pack("<BHB4s", command, index, sub, data))
        assert answer[1:4] == struct.pack("<HB", index, sub)
        if answer[0] == 0x60:
            return 0
        assert answer[0] == 0x80
        return int(struct.unpack("<I", answer[4:])[0])

    # --- the ways of a master ----------------------------------------------------------------------------

    def remote(self) -> None:
        """Boot-up, heartbeat every 100 ms, NMT start, and the first TPDO1."""
        self.run(1.0)
        self.every(0.1, HEARTBEAT, "05")
        self.send(NMT, "01 0A")
        self.run(0.4)

    def charge(self, ready: str = READY_1_84V_10A) -> None:
        """The whole start: ready 0 for half a second, then ready 1, until the charger has begun."""
        self.remote()
        self.every(0.1, RPDO1, READY_0_84V_0A)
        self.run(0.55)
        self.every(0.1, RPDO1, ready)
        self.run(1.05)


class Make(Protocol):
    """What the fixture `wire` is."""

    def __call__(self, **options: str) -> Wire: ...
