"""Write the measured parts of docs/pdo-maps.md: our dump of the simulated charger, and canopen's PdoMap.read beside it.

    python tools/pdo_comparison.py            write them
    python tools/pdo_comparison.py --check    exit code 1 if they are not what a run says now

Both read the same device, with the shipped EDS from which three objects were taken out. A part lies between
`<!-- run: NAME -->` and `<!-- end: NAME -->`; the text around it is written by hand.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import canopen

from deltaq_master.audit.dump_text import text_of
from deltaq_master.audit.dump_words import bytes_of
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.pdo_reading import PdoReading
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.device.device import on_bus
from deltaq_master.link.pdo.finding import read_pdos
from tools.generated_page import DOCS, filled, table, write_or_check

PAGE = DOCS / "pdo-maps.md"
INTERFACE = "deltaq_sim"
NODE_ID = 10
LACKING = ("2FFA", "4201", "2276")
"""Objects that this charger maps in RPDO1, and that EDS files for it are known to lack."""
FRAME = bytes.fromhex("00 4C 00 00 52 A0 00 01")
"""RPDO1 with 82 V, 10 A, 76 % and ready 1."""

Row = tuple[str, ...]


def reduced(text: str) -> str:
    """The text of an EDS without some objects."""
    objects = "|".join(LACKING)
    sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    kept = [each for each in sections if not re.match(rf"\[({objects})(sub[0-9A-F]+)?\]", each)]
    return re.sub(rf"^[0-9]+=0x({objects})\n", "", "".join(kept), flags=re.MULTILINE)


@contextmanager
def reduced_eds() -> Iterator[Path]:
    """A file with that text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reduced.eds"
        path.write_text(reduced(eds_path().read_text(encoding="ascii")), encoding="ascii")
        yield path


def ours(eds: Path) -> PdoReading:
    """What we read of the simulated charger."""
    with open_network(INTERFACE) as network, on_bus(network, load(eds, NODE_ID)) as device:
        device.nmt.wait_heard(5.0)
        return read_pdos(device)


def theirs(eds: Path) -> tuple[int, dict[int, Row]]:
    """What canopen reads of RPDO1: its length in bytes, and by object its bytes and what FRAME says there."""
    logging.getLogger("canopen").setLevel(logging.CRITICAL)  # it logs what it leaves out
    network = canopen.Network()
    network.connect(interface=INTERFACE)
    try:
        node = network.add_node(NODE_ID, str(eds))
        node.nmt.wait_for_heartbeat(5.0)
        pdo = node.rpdo[1]
        pdo.read()
        length = len(pdo.data)
        pdo.data = bytearray(FRAME)
        found: dict[int, Row] = {}
        for variable in pdo.map:
            first, last = variable.offset // 8, (variable.offset + variable.length - 1) // 8
            place = f"{first}-{last}" if last > first else f"{first}"
            found[variable.index] = (place, f"{variable.phys:g} {variable.od.unit}".strip())
        return length, found
    finally:
        network.disconnect()
        logging.getLogger("canopen").setLevel(logging.NOTSET)


def dump() -> list[str]:
    """The first two PDOs as `deltaq -i sim pdo dump` prints them."""
    blocks = text_of(ours(eds_path())).split("\n\n")
    return ["```", *"\n\n".join(blocks[:2]).splitlines(), "```"]


def comparison() -> list[str]:
    """Each slot of RPDO1: where it is, and where canopen puts it."""
    with reduced_eds() as eds:
        record = ours(eds).dump.rpdo(1)
        length, found = theirs(eds)
    raws = record.mapping.codec.decode(FRAME)
    rows: list[Row] = []
    for slot, raw in zip(record.mapping.slots, raws, strict=True):
        name, value = f"{slot.address} (unknown)", f"{raw:X}h, not to be interpreted"
        if slot.entry is not None:
            phys = slot.entry.phys(raw)
            assert isinstance(phys, int | float)
            name, value = slot.name, f"{phys:g} {slot.entry.unit}".strip()
        place, said = found.get(slot.address.index, ("left out", ""))
        rows.append((name, bytes_of(slot), value, place, said))
    head = ("object", "its bytes", "in the frame", "canopen's bytes", "as canopen reads it")
    whole = f"A frame of this PDO has {record.mapping.length} bytes; canopen would send {length}."
    return [*(line.replace("|  |", "| |") for line in table(head, rows)), "", whole]


PARTS: dict[str, Callable[[], list[str]]] = {"dump": dump, "comparison": comparison}


def measured(page: str) -> str:
    """The page with its parts made anew. Raises LookupError for a part that it has no place for."""
    return filled(page, "run", PARTS)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it has drifted."""
    drifted = "what a run says: run python tools/pdo_comparison.py"
    return write_or_check(arguments, __doc__, PAGE, measured, drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
