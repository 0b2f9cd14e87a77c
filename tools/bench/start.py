"""How long the master itself takes from the charger's boot-up message to the first charging indication.

    python tools/bench/start.py [--runs 5]

The simulated charger is reset while the master listens; from the recording of the bus, frame by frame, the time
until the first charging indication is cut into parts, each with its owner. What is not the master's own is taken
away: the 0.5 s for which ready 0 must be sent, the ramp, and the charger's delays. Listening takes nothing here,
since a boot-up message with nothing foreign before it ends it at once.
The simulated charger answers SDO requests at once; a real one takes some milliseconds for each of the reads.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

import can

from deltaq_master import Limits, Master
from deltaq_master.protocol.events import Frame

INTERFACE = "deltaq_sim"
NODE_ID = 10
RESET = bytes((0x81, NODE_ID))
START = bytes((0x01, NODE_ID))
READY = 0x01
"""Bit 0 of the last byte of this unit's RPDO1 (6000h)."""
INDICATION = 0x0F
"""Charge_Indication in byte 5 of TPDO1."""
ARMED = 0.5
"""Seconds for which ready 0 must be on the wire; what the cycle adds for its jitter is the master's own."""

Sign = Callable[[Frame], bool]

SIGNS: tuple[tuple[str, Sign], ...] = (
    ("boot-up message (70Ah 00)", lambda frame: frame.cob_id == 0x70A and frame.data == b"\0"),
    ("first SDO read", lambda frame: frame.cob_id == 0x60A),
    ("heartbeat (701h)", lambda frame: frame.cob_id == 0x701),
    ("NMT start", lambda frame: frame.cob_id == 0x000 and frame.data == START),
    ("first TPDO1", lambda frame: frame.cob_id == 0x18A),
    ("first RPDO1, ready 0", lambda frame: frame.cob_id == 0x20A),
    ("first ready 1", lambda frame: frame.cob_id == 0x20A and bool(frame.data[7] & READY)),
    ("first charging indication", lambda frame: frame.cob_id == 0x18A and bool(frame.data[5] & INDICATION)),
)
"""What marks the parts in a recording, in the order in which they come."""

PARTS = (
    ("master", "the boot-up message is taken in"),
    ("master", "identity: SDO reads, answered at once by the simulated charger"),
    ("master", "configuration: SDO reads of all PDOs"),
    ("charger", "from NMT start to its first status; 66 and 194 ms were measured on a real one"),
    ("master", "from the first status to the first RPDO"),
    ("master", f"ready 0, of which {ARMED:g} s are required"),
    ("charger", "from ready 1 to its indication: its start delay, its 200 ms TPDO1, the ramp"),
)
"""Between two signs: whose time it is, and what happens."""


def record() -> list[Frame]:
    """A recording of the bus from a reset of the charger to its first charging indication."""
    frames: list[Frame] = []
    with Master.open(INTERFACE) as master, can.Bus(interface=INTERFACE) as other:
        charger = master.charger(NODE_ID)
        charger.nmt.wait_heard(5.0)  # its own power-on is over
        with charger.charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=3600.0) as run:
            master.network.gate.subscribe_frames(frames.append)
            other.send(can.Message(arbitration_id=0x000, data=RESET, is_extended_id=False))
            for view in run:
                if view.report.status is not None and view.report.status.charging:
                    break
    return frames


def moments(frames: Sequence[Frame]) -> list[float]:
    """Time of each sign in a recording [s]; each is looked for after the one before."""
    found, rest = [], iter(frames)
    for name, sign in SIGNS:
        frame = next((frame for frame in rest if sign(frame)), None)
        if frame is None:
            raise SystemExit(f"the recording has no {name}")
        found.append(frame.time)
    return found


def main(arguments: Sequence[str]) -> None:
    """Record some starts, and print the median of each part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="starts to record")
    runs: int = parser.parse_args(arguments).runs
    recorded = [[after - before for before, after in pairwise(moments(record()))] for _ in range(runs)]
    print(f"From boot-up to the first charging indication [ms], median of {runs} starts")
    for (owner, what), parts, (sign, _) in zip(PARTS, zip(*recorded, strict=True), SIGNS[1:], strict=True):
        print(f"{1000 * statistics.median(parts):9.1f}  {owner:8} until {sign:26} {what}")
    own = [
        sum(part for part, (owner, _) in zip(parts, PARTS, strict=True) if owner == "master") - ARMED
        for parts in recorded
    ]
    whole = [sum(parts) for parts in recorded]
    print(f"{1000 * statistics.median(whole):9.1f}  all of it")
    print(
        f"{1000 * statistics.median(own):9.1f}  the master's own (at most {1000 * max(own):.1f}; wanted: under 150)"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
