"""Dump the PDO mappings of a device and verify them against its EDS: an example of the API, to be read and changed.

    python tools/scan_pdos.py -i sim
    python tools/scan_pdos.py -i socketcan -c can0 --node 10
    python tools/scan_pdos.py -i slcan -c /dev/ttyACM0 -b 500000 --node 5 --eds drive.eds

SDO reads alone: no heartbeat, no NMT. It needs the libraries of deltaq_master, not the installed command, which
does more: `deltaq pdo dump` and `deltaq pdo verify`. Exit code 0 clean, 1 findings, 2 usage, 3 no bus or no device,
4 incomplete.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deltaq_master import (
    BusError,
    DeltaqError,
    Knowledge,
    SilentError,
    UsageError,
    observe,
    open_device,
    read_pdos,
)
from deltaq_master.audit.auditing import audit, further_objects
from deltaq_master.audit.dump_text import text_of
from deltaq_master.dictionary.shipped import eds_path


def scan(options: argparse.Namespace) -> int:
    """Read, print, verify. Raises DeltaqError."""
    knowledge = Knowledge()  # of any device: its EDS says all that is known
    if options.eds is None:
        from deltaq_master.charger.audit_knowledge import KNOWLEDGE

        knowledge = KNOWLEDGE

    bus = (options.interface, options.channel, options.bitrate)
    with open_device(*bus, node_id=options.node, eds=options.eds or eds_path()) as device:
        dictionary = device.node.dictionary
        # Every PDO that the device has, also those that the EDS does not list.
        reading = read_pdos(device)
        # The same parameters and a few further objects, with the SDO frames as evidence, and TPDOs if it sends any.
        seen = observe(device, further_objects(dictionary, knowledge))

    print(text_of(reading))
    report = audit(seen, dictionary, knowledge=knowledge)
    for finding in report.findings:
        print(f"\n{finding.severity.value}: {finding.rule}: {finding.pdo} {finding.object}")
        print(f"  {finding.text}")
        print(f"  expected {finding.expected}, found {finding.found}")
        print(f"  to do: {finding.remedy}")
    print(f"\n{report.verdict}")
    if not (reading.complete and report.complete):
        return 4
    return 1 if report.findings else 0


def main(arguments: Sequence[str]) -> int:
    """Parse the command line, and turn errors into one sentence and an exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-i", "--interface", help="python-can's name of the interface; sim is the simulator")
    parser.add_argument("-c", "--channel", help="its channel: can0, /dev/ttyACM0, ...")
    parser.add_argument("-b", "--bitrate", type=int, help="bit rate, where the interface sets it")
    parser.add_argument("-n", "--node", type=int, default=10, help="node-ID of the device (10)")
    parser.add_argument("--eds", type=Path, help="its EDS or DCF, instead of the charger's")
    try:
        return scan(parser.parse_args(arguments))
    except DeltaqError as error:
        print(f"scan_pdos: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 3 if isinstance(error, BusError | SilentError) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
