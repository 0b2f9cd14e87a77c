"""A master that may do everything wrong, against the simulated charger, on a virtual clock: the frames for a diagnosis.

Every byte that the master sends is typed here by hand from the charger's documents, none comes from our encoder.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Subject
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.options import Options

START = 100.0
HEARTBEAT_AT = 1.0
NMT_AT = 1.3
COMMANDS_AT = 2.0
READY_AT = 3.0
BACK_AT = 5.0
READS_AT = 7.0
END_AT = 8.0

# 2FFA:1 = 0, 6081h = 76 %, 4201h, 2276h (1/256 V), 6070h (1/16 A), 6000h: facts/charger.md, section 5.
HEAD = "004C"
NO_LABEL, LABEL = "00", "01"
VOLTS_84, VOLTS_60 = "0054", "003C"
VOLTS_200 = "00C8"
AMPS_10, AMPS_0, AMPS_INVALID = "A000", "0000", "FFFF"
# RPDO2: two fillers, 2002h, 2101h, 6010h. 70 °C is 560 = 0230h; FFFFh and 8000h are 'not known'.
HOT = "0000FFFFFFFF3002"

READS = (
    "00100000", "18100100", "16100100", "16100200", "06200000", "08200000", "11200000", "42220000", "41220000",
    "01210000", "60200000",
    "00140100", "00140200", "00140500", "00160000", "00160100", "00160200", "00160300", "00160400", "00160500",
    "00160600", "01140100", "01140200", "01140500", "01160000", "01160100", "01160200", "01160300", "01160400",
    "01160500", "02140100", "02140200", "02140500", "02160000", "02160100", "02160200", "02160300",
    "03140100", "03140200", "03140500", "03160000", "03160100",
    "04140100", "04140200", "04140500", "04160000", "05140100", "05140200", "05140500", "05160000",
    "06140100", "06140200", "06140500", "06160000", "07140100", "07140200", "07140500", "07160000",
    "00180100", "00180200", "001A0000", "001A0100", "001A0200", "001A0300", "001A0400", "001A0500",
)  # fmt: skip
"""Index and sub-index of what is read by SDO, as bytes 1 to 4 of the request."""


@functools.cache
def dictionary() -> Dictionary:
    """The shipped EDS for node 10."""
    return load(eds_path(), 10)


@dataclass(frozen=True)
class Script:
    """What the master does; as it stands it does everything right, and the charger charges."""

    heartbeat: int | None = 1
    """Node-ID of the heartbeat, None for no heartbeat."""
    start: bool = True
    """Send NMT start."""
    zero_first: bool = True
    back: bool = False
    """Take ready away after two seconds."""
    label: str = NO_LABEL
    volts: str = VOLTS_84
    amps: str = AMPS_10
    length: int = 8
    period: float = 0.2
    by_sdo: str = ""
    """Command by SDO writes instead of RPDOs: the four bytes of 2271h."""
    rpdo2: str = ""
    second: bool = False
    """A second master, 30 ms later than the first, with 5 A."""
    twin: bool = False
    """A second device with the charger's node-ID, in pre-operational, 0.4 s later than the first."""
    errors: bool = False
    """From the middle on there are only error frames: nobody acknowledges."""
    faults: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    reads: bool = True
    """Read objects by SDO at the end, as a live diagnosis does."""


def command(script: Script, ready: bool) -> bytes:
    """RPDO1."""
    text = HEAD + script.label + script.volts + script.amps + ("01" if ready else "00")
    return bytes.fromhex(text)[: script.length]


def _write(text: str) -> tuple[int, bytes]:
    return 0x60A, bytes.fromhex(text)


def _periodic(first: float, period: float, end: float = END_AT) -> Iterator[float]:
    moment, count = first, 0
    while moment < end:
        yield moment
        count += 1
        moment = first + count * period


def _sent(script: Script) -> list[tuple[float, int, bytes]]:
    """What the masters put on the bus, by time."""
    frames: list[tuple[float, int, bytes]] = []
    if script.heartbeat is not None:
        frames += [(t, 0x700 + script.heartbeat, b"\x05") for t in _periodic(HEARTBEAT_AT, 0.1)]
    if script.start:
        frames.append((NMT_AT, 0x000, bytes.fromhex("010A")))
    if script.by_sdo:
        writes = ["2F00600000000000"] if script.zero_first else []
        writes += [f"23712200{script.by_sdo}", f"2B706000{script.amps}0000", "2F00600001000000"]
        if script.back:
            writes.append("2F00600000000000")
        frames += [(COMMANDS_AT + 0.5 * n, *_write(text)) for n, text in enumerate(writes)]
    else:
        for moment in _periodic(COMMANDS_AT, script.period):
            ready = moment >= READY_AT - 1e-9 or not script.zero_first
            if script.back and moment >= BACK_AT:
                ready = False
            frames.append((moment, 0x20A, command(script, ready)))
    if script.rpdo2:
        frames += [(t, 0x30A, bytes.fromhex(script.rpdo2)) for t in _periodic(COMMANDS_AT, 0.2)]
    if script.second:
        other = bytes.fromhex("004C000054500001")
        frames += [(t, 0x701, b"\x05") for t in _periodic(HEARTBEAT_AT + 0.03, 0.1)]
        frames += [(t, 0x20A, other) for t in _periodic(COMMANDS_AT + 0.03, 0.2)]
    if script.reads:
        frames += [(READS_AT + 0.005 * n, *_write("40" + text + "000000")) for n, text in enumerate(READS)]
    return sorted(frames, key=lambda frame: frame[0])


def traffic(script: Script) -> list[Frame]:
    """Everything that was on the bus."""
    words = dict(script.options) | ({"fault": ",".join(script.faults)} if script.faults else {})
    charger = SimulatedCharger(Options.parse(words), dictionary(), START)
    heard: list[Frame] = []
    for moment, cob_id, data in [*_sent(script), (END_AT, -1, b"")]:
        now = START + moment
        while charger.deadline <= now:
            heard += charger.advance(charger.deadline)
        if cob_id < 0:
            break
        frame = Frame(cob_id, data, now)
        heard.append(frame)
        charger.receive(frame, now)
        heard += charger.advance(now)
    if script.twin:
        twin = [Frame(0x70A, b"\x7f", START + t) for t in _periodic(0.6, 1.0)]
        heard = sorted([*heard, *twin], key=lambda frame: frame.time)
    if script.errors:
        sound = [frame for frame in heard if frame.time < START + 4.0]
        return sound + [Frame(0x20, bytes(8), START + t, error=True) for t in _periodic(4.0, 0.1)]
    return heard


def explained(script: Script) -> Explanation:
    """The diagnosis of this script, at its end."""
    diagnosis = Diagnosis(Subject(dictionary()))
    for frame in traffic(script):
        diagnosis.take(frame)
    diagnosis.passed(START + END_AT)
    return diagnosis.explain()
