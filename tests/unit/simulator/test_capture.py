"""The simulated charger beside a recording of the real one.

The lines are the first 8.2 s of CAP2 (python-can's TRC form, milliseconds kept), of an ICL1500-85 at
500 kbit/s: the public repository I-am-Invictus/honda-cb550, extra/can1_log.trc, Apache-2.0.
"""

from __future__ import annotations

import pytest

from deltaq_master.protocol.events import Frame
from tests.unit.simulator.virtual_wire import Make

CAP2 = """
0.207551 70A 7F
1.207741 70A 7F
2.207819 70A 7F
3.207931 70A 7F
4.207981 70A 7F
5.207953 70A 7F
5.805352 701 05
5.809869 08A 00 00 00 00 00 00 00 00
5.814536 000 01 0A
5.904808 701 05
6.004658 701 05
6.008242 18A 74 13 45 4E 70 00 00 00
6.104674 701 05
6.204701 701 05
6.208021 70A 05
6.208218 28A 00 00 00 00 00 00 00 00
6.209682 38A 00 00 00 00 BA 07 FF 00
6.209854 18A 74 13 46 4E 70 00 00 00
6.304726 701 05
6.404752 701 05
6.408177 18A 74 13 45 4E 70 00 00 00
6.504772 701 05
6.604801 701 05
6.608232 18A 74 13 43 4E 70 00 00 00
6.704876 701 05
6.804925 701 05
6.808236 18A 74 13 45 4E 70 00 00 00
6.815854 20A 00 4C 01 00 52 A0 00 01
6.816976 30A 00 00 00 0A 00 52 30 02
6.904933 701 05
7.004966 701 05
7.008209 18A 74 13 43 4E 70 00 00 00
7.065895 20A 00 4C 01 00 52 A0 00 01
7.066274 30A 00 00 00 0A 00 52 30 02
7.104980 701 05
7.205004 701 05
7.208073 70A 05
7.208291 28A 00 00 00 00 00 00 00 00
7.209737 38A 00 00 00 00 B5 07 FF 00
7.209929 18A 74 13 44 4E 70 00 00 00
7.305039 701 05
7.316364 20A 00 4C 01 00 52 A0 00 01
7.317018 30A 00 00 00 0A 00 52 30 02
7.405068 701 05
7.408270 18A 74 13 43 4E 70 00 00 00
7.505097 701 05
7.566068 20A 00 4C 01 00 52 A0 00 01
7.566448 30A 00 00 00 0A 00 52 30 02
7.605127 701 05
7.608198 18A 74 13 44 4E 70 00 00 00
7.705150 701 05
7.805172 701 05
7.809636 18A 74 13 44 4E 70 00 00 00
7.816076 20A 00 4C 01 00 52 A0 00 01
7.816478 30A 00 00 00 0A 00 52 30 02
7.905192 701 05
8.005216 701 05
8.008256 18A 74 13 45 4E 70 00 00 00
8.066062 20A 00 4C 01 00 52 A0 00 01
8.066467 30A 00 00 00 0A 00 52 30 02
8.105238 701 05
8.205560 701 05
"""

# The simulated unit boots at 0.2 s, the real one's grid is 7.6 ms later.
SHIFT = 0.0076
FROM_CHARGER = {0x70A, 0x08A, 0x18A, 0x28A, 0x38A}


def _frames() -> list[Frame]:
    lines = (line.split(maxsplit=2) for line in CAP2.strip().splitlines())
    return [Frame(int(name, 16), bytes.fromhex(data), float(time) - SHIFT) for time, name, data in lines]


def test_same_frames_at_the_same_times(wire: Make) -> None:
    """Every frame of the recording comes, in its order, within 15 ms, and no other (boot-up apart)."""
    bus = wire(soc="70.3", ac="123.6")
    recorded = _frames()
    for frame in recorded:
        bus.run(frame.time - bus.now)
        if frame.cob_id not in FROM_CHARGER:
            bus.send(frame.cob_id, frame.data)
    heard = bus.heard[1:]
    expected = [frame for frame in recorded if frame.cob_id in FROM_CHARGER and frame.time > 0.5]
    assert [frame.cob_id for frame in heard] == [frame.cob_id for frame in expected]
    for ours, theirs in zip(heard, expected, strict=True):
        assert ours.time == pytest.approx(theirs.time, abs=0.015), theirs
        assert len(ours.data) == len(theirs.data)
        if ours.cob_id == 0x18A:
            # Current and voltage of the real unit flicker by some hundredths.
            assert _u16(ours.data, 0) == pytest.approx(_u16(theirs.data, 0), abs=12)
            assert _u16(ours.data, 2) == pytest.approx(_u16(theirs.data, 2), abs=8)
            assert ours.data[4:] == theirs.data[4:]
        elif ours.cob_id == 0x38A:
            assert _u16(ours.data, 4) == pytest.approx(_u16(theirs.data, 4), abs=32)
            assert (ours.data[:4], ours.data[6:]) == (theirs.data[:4], theirs.data[6:])
        else:
            assert ours.data == theirs.data


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
