"""PDO parameters of a device by SDO (14xxh, 16xxh, 18xxh, 1Axxh): read whatever answers, write in CiA 301's order.

One PDO that cannot be read is a problem of that PDO: it says why, and hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import DISABLED, NO_RTR, TO_MAPPING
from deltaq_master.dictionary.mapping import PdoDump, PdoRecord, assemble, reading_plan
from deltaq_master.dictionary.ordering import needed, unused_slot
from deltaq_master.errors import SdoAbortError
from deltaq_master.link.device.transaction import change
from deltaq_master.link.sdo.reading import Progress, Reader

if TYPE_CHECKING:
    from deltaq_master.dictionary.entry import Catalogue
    from deltaq_master.link.device.node import Node
    from deltaq_master.link.pdo.pdo_map import PdoMap


def read_dump(node: Node, *maps: PdoMap, progress: Progress | None = None) -> PdoDump:
    """Read the parameters of all PDOs of the EDS (or of these) from the device; failures are its problems.

    Raises BusError and CallError, which are no one PDO's affair.
    """
    asked = {pdo.com_record.od.index for pdo in maps}
    reader = Reader(node.sdo, progress)
    plan = reading_plan(node.dictionary, reader.found)
    reader.read(a for a in plan if not asked or a.index & ~TO_MAPPING in asked)
    return dump_of(node, reader)


def dump_of(node: Node, reader: Reader, dictionary: Catalogue | None = None) -> PdoDump:
    """The PDOs of a device out of all that was read of it, each with the reasons for what is missing.

    `dictionary` is another one than the node's own, for PDOs that this one does not have.
    """
    absent = {address: reason for address, reason in reader.absent.items() if not _optional(address)}
    failures = reader.failures | absent
    dump = assemble(dictionary or node.dictionary, reader.found, f"node {node.id}")
    return PdoDump(tuple(_explained(record, failures) for record in dump.records), dump.source)


def _optional(address: Address) -> bool:
    """True for what a device need not have: everything but COB-ID, transmission type and the used slots."""
    return not address.index & TO_MAPPING and address.sub not in (1, 2)


def _explained(record: PdoRecord, failures: dict[Address, str]) -> PdoRecord:
    """The record with the reason added to each of its problems, and a problem for a timer that failed."""
    problems = list(record.problems)
    for address, reason in failures.items():
        if address.index not in (record.communication_index, record.mapping_index):
            continue
        for place, problem in enumerate(problems):
            if problem.startswith(f"{address} "):
                problems[place] = f"{problem}: {reason}"
                break
        else:
            problems.append(f"{address}: {reason}")
    return replace(record, problems=tuple(problems)) if failures else record


def save_parameters(node: Node, pdo: PdoMap) -> None:
    """Make the device hold what a map holds, as one change: in CiA 301's order, read back, undone if it fails.

    Raises ChangeError, UsageError for more slots than a device with a fixed number of them has, and, with
    nothing written, whatever a transfer raises that reads what is there.
    """
    wanted = dict(_parameters(node, pdo))
    found: dict[Address, bytes | None] = {}
    for address in needed(wanted, found):
        try:
            found[address] = node.sdo.upload(address.index, address.sub)
        except SdoAbortError:
            if not unused_slot(address, found):
                raise
            found[address] = None
    change(node.sdo, node.id, {a: data for a, data in found.items() if data is not None}, wanted)


def _parameters(node: Node, pdo: PdoMap) -> Iterator[tuple[Address, bytes]]:
    """The objects of a PDO with what they shall hold; what is not said or is read-only is left alone."""
    communication = pdo.com_record.od.index
    mapping = communication + TO_MAPPING
    flags = (0 if pdo.enabled else DISABLED) | (0 if pdo.rtr_allowed else NO_RTR)
    yield Address(communication, 1), ((pdo.cob_id or 0) | flags).to_bytes(4, "little")
    for sub, value, size in (
        (2, pdo.trans_type, 1),
        (3, pdo.inhibit_time, 2),
        (5, pdo.event_timer, 2),
        (6, pdo.sync_start_value, 1),
    ):
        entry = node.dictionary.get(Address(communication, sub))
        if value is not None and entry is not None and entry.writable:
            yield entry.address, value.to_bytes(size, "little")
    words = pdo.mapping.words
    yield Address(mapping), bytes([len(words)])
    for sub, word in enumerate(words, 1):
        yield Address(mapping, sub), word.to_bytes(4, "little")
