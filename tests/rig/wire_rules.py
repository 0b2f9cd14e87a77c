"""What a recording of the bus must show, read with hand-written code that knows nothing of ours.

Layout of this unit (SDO read in the owner's notes): 20Ah = fill, SOC, 4201h, volts x 256 (U16), amperes x 16
(U16), ready. All numbers little-endian.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from deltaq_master.protocol.events import Frame

MAX_VOLTS = 84.2
MAX_AMPS = 12.0


class Command(NamedTuple):
    """RPDO1, decoded by hand."""

    time: float
    ready: bool
    volts: float
    amps: float


def commands(frames: Iterable[Frame]) -> list[Command]:
    """Every RPDO1 that was sent."""
    found = []
    for frame in frames:
        if frame.cob_id == 0x20A and frame.sent:
            data = frame.data
            volts = (data[3] | data[4] << 8) / 256
            amps = (data[5] | data[6] << 8) / 16
            assert data[0] == 0
            assert data[2] == 0
            assert data[7] in (0, 1)
            found.append(Command(frame.time, data[7] == 1, volts, amps))
    return found


def sent(frames: Iterable[Frame], cob_id: int) -> list[Frame]:
    """Frames of ours with this COB-ID."""
    return [frame for frame in frames if frame.sent and frame.cob_id == cob_id]


def check_limits(frames: Sequence[Frame], ramp: float = 2.0) -> None:
    """Every frame that we ever sent is one of the kinds that a master sends, and within limits."""
    known = {0x000, 0x701, 0x20A, 0x30A, 0x60A}
    assert {frame.cob_id for frame in frames if frame.sent} <= known
    last = 0.0
    for command in commands(frames):
        assert 0 < command.volts <= MAX_VOLTS
        assert 0 <= command.amps <= MAX_AMPS
        assert command.amps <= last + ramp * 0.2 + 1 / 16, command
        last = command.amps if command.ready else 0.0
    assert {frame.data for frame in sent(frames, 0x701)} <= {b"\x05"}
    assert {frame.data for frame in sent(frames, 0x000)} <= {b"\x01\x0a"}
    for frame in sent(frames, 0x60A):
        read = frame.data[0] == 0x40
        disarm = frame.data == bytes.fromhex("2F 00 60 00 00 00 00 00")
        assert read or disarm, frame.data.hex(" ")


def check_start_order(frames: Sequence[Frame], *, running: bool = False, slack: float = 1e-6) -> None:
    """Reads alone; heartbeat; (6000h = 0 first if it was running); mapping; NMT start; ready 0; ready 1; ramp."""
    ours = [frame for frame in frames if frame.sent]
    heartbeat = ours.index(sent(frames, 0x701)[0])
    assert all(frame.cob_id == 0x60A and frame.data[0] == 0x40 for frame in ours[:heartbeat])
    reads = [frame.data[1:4] for frame in ours[:heartbeat]]
    assert reads[0] == b"\x00\x10\x00"  # 1000h:00
    after = [frame for frame in ours[heartbeat:] if frame.cob_id == 0x60A]
    writes = [frame for frame in after if frame.data[0] != 0x40]
    if running:
        assert after[0] is writes[0]
    else:
        assert not writes
    start = ours.index(sent(frames, 0x000)[0])
    mapping = [i for i, frame in enumerate(ours) if frame.cob_id == 0x60A and frame.data[1:3] == b"\x00\x16"]
    assert mapping
    assert max(mapping) < start
    asked = commands(frames)
    if not asked:
        return
    first = ours.index(sent(frames, 0x20A)[0])
    assert start < first
    assert not asked[0].ready
    assert asked[0].amps == 0
    edge = next((command for command in asked if command.ready), None)
    if edge is not None:
        assert edge.time - asked[0].time >= 0.5 - slack
        assert 0 < edge.amps <= 0.25  # the first ready frame carries the first ramp step [I]


def check_stop_order(frames: Sequence[Frame], *, fault: bool, slack: float = 1e-6) -> None:
    """0 A with ready 1 for at most 0.5 s (none on a fault), ready 0 with 0 A, then everything ends together.

    `slack` [s] is for recordings in real time on a busy machine.
    """
    asked = commands(frames)
    ready = [command for command in asked if command.ready]
    assert ready, "the charge never asked for anything"
    last_ready = asked.index(ready[-1])
    tail = asked[last_ready + 1 :]
    assert tail, "ready 0 was never sent"
    assert all(command.amps == 0 and not command.ready for command in tail)
    with_current = [command for command in ready if command.amps > 0]
    idle = [command for command in ready if command.time > with_current[-1].time]
    assert not (fault and idle)
    if idle:
        assert all(command.amps == 0 for command in idle)
        assert tail[0].time - idle[0].time <= 0.5 + 0.11 + slack
    last_heartbeat = sent(frames, 0x701)[-1].time
    assert abs(last_heartbeat - asked[-1].time) <= 0.1 + slack
    assert asked[-1].time - tail[0].time <= 3.0 + 0.11 + slack
    periods = [b.time - a.time for a, b in itertools.pairwise(asked)]
    assert max(periods) <= 0.1 + slack
