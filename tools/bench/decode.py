"""How long a TPDO1 takes to become values: ours beside canopen's and cantools' own ways.

    python tools/bench/decode.py [--rounds N]

Each contender starts from the eight bytes of a received frame and ends with current, voltage and status decoded.
The contenders take turns, and the best round of each counts. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from timeit import Timer

import canopen
import cantools.database
from cantools.database.can.database import Database

from deltaq_master.charger.report import Report, ReportDecoder
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.mapping import defaults
from deltaq_master.dictionary.shipped import eds_path

COB_ID = 0x18A
DATA = bytes.fromhex("7C 13 46 4E 70 00 00 00")
"""19.484 A, 78.273 V, AC detected, enabled, remote, inactive: from a capture of the charger."""
NUMBER = 20_000
"""Decodes in one round."""
TARGETS = {"canopen": 4.0, "canopen, reads alone": 4.0, "cantools": 1.5}
"""How many times as long the others must take."""

DBC = """\
VERSION ""
BU_: Charger Master
BO_ 394 TPDO1: 8 Charger
 SG_ Current : 0|16@1+ (0.00390625,0) [0|255.99609375] "A" Master
 SG_ Voltage : 16|16@1+ (0.00390625,0) [0|255.99609375] "V" Master
 SG_ Fault : 32|1@1+ (1,0) [0|1] "" Master
 SG_ Alarm : 33|1@1+ (1,0) [0|1] "" Master
 SG_ Hardware_Shutdown : 34|1@1+ (1,0) [0|1] "" Master
 SG_ Derating : 35|1@1+ (1,0) [0|1] "" Master
 SG_ AC_Connected : 36|1@1+ (1,0) [0|1] "" Master
 SG_ Enabled : 37|1@1+ (1,0) [0|1] "" Master
 SG_ Override : 38|2@1+ (1,0) [0|3] "" Master
 SG_ Indication : 40|4@1+ (1,0) [0|15] "" Master
 SG_ Cycle : 44|4@1+ (1,0) [0|15] "" Master
VAL_ 394 Override 0 "local" 1 "remote" ;
VAL_ 394 Indication 0 "inactive" 1 "below 80" 2 "above 80" 3 "finishing" 4 "complete" 5 "resting" ;
VAL_ 394 Cycle 0 "none" 1 "charge" 2 "maintenance" ;
"""


def ours() -> Callable[[], object]:
    """A frame into a `Report`."""
    decoder, last = ReportDecoder(defaults(load(eds_path(), 10))), Report()

    def decode() -> Report | None:
        return decoder.decode(COB_ID, DATA, last)

    report = decode()
    assert report is not None
    assert report.status is not None
    check(report.current, report.voltage, report.status.raw)
    return decode


def with_canopen(arrives: bool) -> Callable[[], object]:
    """A frame into canopen's PdoMap (if it `arrives`), and its three variables, held, read as users read them."""
    node = canopen.RemoteNode(10, str(eds_path()))
    canopen.Network().add_node(node)
    node.tpdo.read(from_od=True)  # type: ignore[no-untyped-call]
    pdo = node.tpdo[1]
    current, voltage, status = (pdo[name] for name in ("Charging Current", "Battery Voltage Q8.8", 0x2006))

    def read() -> tuple[object, ...]:
        return current.phys, voltage.phys, status.raw

    def take_and_read() -> tuple[object, ...]:
        pdo.on_message(COB_ID, bytearray(DATA), 0.0)
        return read()

    check(*take_and_read())
    return take_and_read if arrives else read


def with_cantools() -> Callable[[], object]:
    """A frame into cantools' dict, with choices in words."""
    database = cantools.database.load_string(DBC, "dbc")
    assert isinstance(database, Database)
    message = database.get_message_by_name("TPDO1")

    def decode() -> object:
        return message.decode(DATA)

    values = message.decode(DATA)
    assert isinstance(values, dict)
    check(values["Current"], values["Voltage"], 0x70 if str(values["Override"]) == "remote" else None)
    return decode


def check(current: object, voltage: object, status: object) -> None:
    """All contenders must say the same before they are timed."""
    if (current, voltage, status) != (19.484375, 78.2734375, 0x70):
        raise SystemExit(f"a contender decodes wrongly: {current} A, {voltage} V, {status}")


def main() -> int:
    """Time all contenders in turns, print, and compare with the targets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each contender (default: 15)")
    rounds: int = parser.parse_args().rounds
    contenders = {
        "deltaq_master": Timer(ours()),
        "canopen": Timer(with_canopen(arrives=True)),
        "canopen, reads alone": Timer(with_canopen(arrives=False)),
        "cantools": Timer(with_cantools()),
    }
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, timer in contenders.items():
            best[name] = min(best[name], timer.timeit(NUMBER) / NUMBER)
    reference = best["deltaq_master"]
    print("TPDO1 into current, voltage and status, one frame:")
    missed = False
    for name, seconds in best.items():
        target = TARGETS.get(name)
        verdict = "" if target is None else f"   target {target:.1f} x"
        missed |= target is not None and seconds / reference < target
        print(f"  {name:<22}{seconds * 1e9:8.0f} ns{seconds / reference:7.2f} x{verdict}")
    print("missed" if missed else "met")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
