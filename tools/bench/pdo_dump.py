"""A full dump of all PDOs of the simulated charger, beside the SDO round trips that it needs.

    python tools/bench/pdo_dump.py [--runs 100]

Both run on one bus, in turns, through the same SDO client: once as `read_pdos`, once as the bare uploads of the
objects that it had asked for, in their order, with nothing done with the answers. The simulated charger answers
at once, so that what is beside the round trips weighs more here than with a real one, which takes milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import SdoAbortError
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.device.device import on_bus
from deltaq_master.link.pdo.finding import read_pdos

INTERFACE = "deltaq_sim"
NODE_ID = 10
WANTED = 1.1


def took(what: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def main(arguments: Sequence[str]) -> None:
    """Time both in turns, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100, help="dumps to make")
    runs: int = parser.parse_args(arguments).runs
    dumps: list[float] = []
    bare: list[float] = []
    with open_network(INTERFACE) as network, on_bus(network, load(eds_path(), NODE_ID)) as device:
        device.nmt.wait_heard(5.0)  # its power-on is over
        asked: list[Address] = []
        reading = read_pdos(device, progress=asked.append)
        client = device.node.sdo

        def uploads() -> None:
            for address in asked:
                with suppress(SdoAbortError):  # the numbers behind the last PDO
                    client.upload(address.index, address.sub)

        for run in range(runs):
            # Whoever is first in a turn is not always the same.
            for which in (dumps, bare) if run % 2 else (bare, dumps):
                which.append(took((lambda: read_pdos(device)) if which is dumps else uploads))
    print(f"{len(reading.dump.records)} PDOs, {len(asked)} SDO round trips [ms], median of {runs} (least)")
    for name, times in (("the dump", dumps), ("bare uploads", bare)):
        print(f"{1000 * statistics.median(times):9.1f} ({1000 * min(times):.1f})  {name}")
    # The two of one turn had the same machine beside them.
    ratio = statistics.median(dump / alone for dump, alone in zip(dumps, bare, strict=True))
    print(f"{ratio:9.2f}  times as long, median of the turns (wanted: at most {WANTED})")


if __name__ == "__main__":
    main(sys.argv[1:])
