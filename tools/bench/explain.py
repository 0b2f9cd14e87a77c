"""What explaining costs: a day of traffic from a log, each frame by itself, and beside a charge under way.

    python tools/bench/explain.py [--quick]

The day is synthetic: a charger that charges, with every frame that this unit sends, a master's heartbeat and RPDOs
at 100 ms, and the noise of its measurements; about 3 million frames, as a candump log. canopen and cantools decode
the same TPDOs and do nothing else. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import can
import canopen
import cantools.database
from cantools.database.can.database import Database

from deltaq_master.charger.diagnosis import Diagnosis, State, Subject
from deltaq_master.charger.phases import Phase
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.logs import read_log
from deltaq_master.link.bus.network import Network
from deltaq_master.protocol.events import Frame

ROOT = Path(__file__).resolve().parents[2]
DAY = 86_400
DAY_LIMIT = 180.0
"""Seconds that a day's log may take."""
COST_LIMIT = 0.10
"""Share of a frame's time through the master that explaining may add."""
GROWTH_LIMIT = 4.0
"""MiB by which the memory may grow between a tenth of the log and its end: what the interpreter itself moves."""
ROUNDS = 7

DBC = """\
VERSION ""
BU_: Charger Master
BO_ 394 TPDO1: 8 Charger
 SG_ Current : 0|16@1+ (0.00390625,0) [0|255.99609375] "A" Master
 SG_ Voltage : 16|16@1+ (0.00390625,0) [0|255.99609375] "V" Master
 SG_ Status : 32|16@1+ (1,0) [0|65535] "" Master
BO_ 650 TPDO2: 8 Charger
 SG_ Elapsed : 0|16@1+ (10,0) [0|655350] "s" Master
 SG_ Ah : 16|32@1+ (0.125,0) [0|536870911.875] "Ah" Master
 SG_ Wh : 48|16@1+ (1,0) [0|65535] "Wh" Master
BO_ 906 TPDO3: 8 Charger
 SG_ Error : 0|32@1+ (1,0) [0|4294967295] "" Master
 SG_ AC : 32|16@1+ (0.0625,0) [0|4095.9375] "V" Master
 SG_ SOC : 48|8@1+ (1,0) [0|255] "%" Master
"""


def day(seconds: int) -> Iterator[Frame]:
    """The traffic of a charge that goes on and on; 33 frames in a second."""
    heartbeat, own = b"\x05", b"\x05"
    yield Frame(0x70A, b"\x00", 0.0)
    for tenth in range(10):
        yield Frame(0x20A, bytes.fromhex("004C000054A00000"), 0.3 + tenth * 0.1)
    for second in range(2, seconds):
        for tenth in range(10):
            now = second + tenth / 10
            yield Frame(0x701, heartbeat, now)
            yield Frame(0x20A, bytes.fromhex("004C000054A00001"), now + 0.001)
            if tenth % 2:
                yield Frame(0x30A, bytes((0, 0, second & 3, 10, second & 7, 0x50, 0xC8, 0)), now + 0.002)
            if tenth % 2 == 0:
                noise = (second * 7 + tenth) & 7
                yield Frame(0x18A, bytes((noise, 10, noise, 0x4F, 0x70, 0x11, 0, 0)), now + 0.003)
        yield Frame(0x28A, (second // 10 & 0xFFFF).to_bytes(2, "little") + bytes(6), second + 0.95)
        yield Frame(0x38A, bytes((0, 0, 0, 0, 0xA0 + (second & 3), 7, 50, 0)), second + 0.96)
        yield Frame(0x70A, own, second + 0.97)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Seconds that it took, and the frames that it took in."""
    begun = time.perf_counter()
    count = work()
    return time.perf_counter() - begun, count


# --- decoding alone ---------------------------------------------------------------------------------------


def by_canopen(frames: list[Frame]) -> int:
    """canopen's PdoMap and its variables, held, for every TPDO."""
    node = canopen.RemoteNode(10, str(eds_path()))
    network = canopen.Network()
    network.add_node(node)
    node.tpdo.read(from_od=True)  # type: ignore[no-untyped-call]
    maps = {number: node.tpdo[number] for number in (1, 2, 3)}
    held = {0x18A: list(maps[1])[:3], 0x28A: list(maps[2])[:3], 0x38A: list(maps[3])[:3]}
    arriving = {0x18A: maps[1], 0x28A: maps[2], 0x38A: maps[3]}
    for frame in frames:
        arriving[frame.cob_id].on_message(frame.cob_id, bytearray(frame.data), frame.time)
        for variable in held[frame.cob_id]:
            _ = variable.phys
    return len(frames)


def by_cantools(frames: list[Frame]) -> int:
    """cantools' dict for every TPDO."""
    database = cantools.database.load_string(DBC, "dbc")
    assert isinstance(database, Database)
    messages = {0x18A: "TPDO1", 0x28A: "TPDO2", 0x38A: "TPDO3"}
    decoders = {cob_id: database.get_message_by_name(name) for cob_id, name in messages.items()}
    for frame in frames:
        decoders[frame.cob_id].decode(frame.data)
    return len(frames)


def by_diagnosis(dictionary: Dictionary, frames: list[Frame]) -> int:
    """Every frame, and the explanation at the end."""
    diagnosis = Diagnosis(Subject(dictionary))
    for frame in frames:
        diagnosis.take(frame)
    explanation = diagnosis.explain()
    if explanation.state is not State.CHARGING:
        raise SystemExit(f"the diagnosis of the day is wrong: {explanation.verdict}")
    return len(frames)


# --- a log ------------------------------------------------------------------------------------------------


def write_log(path: Path, seconds: int) -> int:
    """The day as candump writes it."""
    count = 0
    with path.open("w") as file:
        for count, frame in enumerate(day(seconds), 1):  # noqa: B007  the last count is the answer
            file.write(f"({frame.time + 1.7e9:.6f}) can0 {frame.cob_id:03X}#{frame.data.hex().upper()}\n")
    return count


def explain_log(dictionary: Dictionary, path: Path, count: int) -> float:
    """Explain a log; the growth of the memory [MiB] from a tenth of it to its end."""
    diagnosis = Diagnosis(Subject(dictionary))
    early = 0
    for number, frame in enumerate(read_log(path)):
        diagnosis.take(frame)
        if number == count // 10:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    diagnosis.explain()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early) / 1024


# --- beside a charge --------------------------------------------------------------------------------------


def through_the_master(explaining: bool, number: int) -> float:
    """Seconds for one received frame through gate and pump to a charge under way, and perhaps to a diagnosis."""
    sys.path.insert(0, str(ROOT))
    from tests.rig.virtual import Rig, dictionary

    rig = Rig(options={"speed": "1", "soc": "20"}).run(
        60, until=lambda r: r.session.state.phase is Phase.CHARGING
    )
    network = Network()
    gate = network.gate
    gate.queue = rig.pump.queue
    frames: SimpleQueue[Frame] = SimpleQueue()
    diagnosis = Diagnosis(Subject(dictionary()))
    if explaining:
        gate.subscribe_frames(frames.put)
    status = can.Message(arbitration_id=0x18A, data=bytes.fromhex("000A004F70110000"), is_extended_id=False)
    other = can.Message(arbitration_id=0x18A, data=bytes.fromhex("020A014F70110000"), is_extended_id=False)
    now, messages = rig.now, (status, other)
    # The processor's time: what else this machine does is of no interest here.
    begun = time.process_time()
    for count in range(number):
        gate.on_message_received(messages[count & 1])
        # Time stands still, so that nothing but the frame is handled.
        rig.pump.step(now)
        while not frames.empty():
            diagnosis.take(frames.get(), now)
    took = time.process_time() - begun
    if rig.session.state.phase is not Phase.CHARGING:
        raise SystemExit(f"the charge beside the diagnosis has ended: {rig.view.cause}")
    return took / number


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the day, and few rounds")
    quick: bool = parser.parse_args().quick
    dictionary = load(eds_path(), 10)
    missed = False

    frames = list(day(2000 if quick else 8000))
    tpdos = [frame for frame in frames if frame.cob_id in (0x18A, 0x28A, 0x38A)]
    print("frames per second, from memory:")
    for name, work in (
        ("explaining all frames", lambda: by_diagnosis(dictionary, frames)),
        ("explaining TPDOs alone", lambda: by_diagnosis(dictionary, tpdos)),
        ("canopen, decoding TPDOs", lambda: by_canopen(tpdos)),
        ("cantools, decoding TPDOs", lambda: by_cantools(tpdos)),
    ):
        seconds, count = min(timed(work) for _ in range(1 if quick else 3))
        print(f"  {name:<28}{count / seconds:12,.0f}")

    length = DAY // 50 if quick else DAY
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "day.log"
        count = write_log(log, length)
        begun = time.perf_counter()
        growth = explain_log(dictionary, log, count)
        took = time.perf_counter() - begun
        reading = timed(lambda: sum(1 for _ in read_log(log)))[0]
    scaled = took * DAY / length
    print(f"a log of {count} frames: {took:.1f} s, {count / took:,.0f} frames per second; reading alone")
    print(
        f"  {reading:.1f} s; a day takes {scaled:.0f} s (target {DAY_LIMIT:g} s), memory grows {growth:.1f} MiB"
    )
    missed |= scaled > DAY_LIMIT or growth > GROWTH_LIMIT

    number = 3_000 if quick else 20_000
    plain = beside = float("inf")
    for _ in range(ROUNDS):
        # In turns, so that whatever else this machine does falls on both.
        plain = min(plain, through_the_master(False, number))
        beside = min(beside, through_the_master(True, number))
    cost = beside / plain - 1
    print(
        f"a TPDO1 through gate, pump and charge: {plain * 1e6:.1f} us, with the diagnosis {beside * 1e6:.1f} us:"
    )
    print(f"  {cost:+.1%} (target {COST_LIMIT:.0%})")
    missed |= cost > COST_LIMIT
    print("missed" if missed else "met")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
