"""PDO parameters of a device by SDO (14xxh, 16xxh, 18xxh, 1Axxh): read whatever answers, write in CiA 301's order.

One PDO that cannot be read is a problem of that PDO: it says why, and hides no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoDump, PdoRecord, assemble, reading_plan
from deltaq_master.errors import SdoAbortError, UsageError
from deltaq_master.link.reading import COMMUNICATION_TO_MAPPING, Progress, Reader
from deltaq_master.link.sdo_errors import SdoBadAnswer
from deltaq_master.protocol.aborts import AbortCode

if TYPE_CHECKING:
    from deltaq_master.link.node import Node
    from deltaq_master.link.pdo_map import PdoMap

_DISABLED: Final = 1 << 31
_NO_RTR: Final = 1 << 30


def read_dump(node: Node, *maps: PdoMap, progress: Progress | None = None) -> PdoDump:
    """Read the parameters of all PDOs of the EDS (or of these) from the device; failures are its problems.

    Raises BusError and CallError, which are no one PDO's affair.
    """
    asked = {pdo.com_record.od.index for pdo in maps}
    reader = Reader(node.sdo, progress)
    plan = reading_plan(node.dictionary, reader.found)
    reader.read(a for a in plan if not asked or a.index & ~COMMUNICATION_TO_MAPPING in asked)
    return dump_of(node, reader)


def dump_of(node: Node, reader: Reader) -> PdoDump:
    """The PDOs of a device out of all that was read of it, each with the reasons for what is missing."""
    absent = {address: reason for address, reason in reader.absent.items() if not _optional(address)}
    failures = reader.failures | absent
    dump = assemble(node.dictionary, reader.found, f"node {node.id}")
    return PdoDump(tuple(_explained(record, failures) for record in dump.records), dump.source)


def _optional(address: Address) -> bool:
    """True for what a device need not have: everything but COB-ID, transmission type and the used slots."""
    return not address.index & COMMUNICATION_TO_MAPPING and address.sub not in (1, 2)


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


def write_parameters(node: Node, pdo: PdoMap) -> None:
    """Write what a map holds: disabled first, then its slots and timers, enabled last; then read it back.

    Raises whatever a transfer raises, SdoAnswerError if the device then says something else, UsageError for
    more slots than a device with a fixed number of them has.
    """
    communication = pdo.com_record.od.index
    mapping = communication + COMMUNICATION_TO_MAPPING
    written: dict[Address, bytes] = {}

    def put(index: int, sub: int, value: int, size: int) -> None:
        written[Address(index, sub)] = data = value.to_bytes(size, "little")
        node.sdo.download(index, sub, data)

    cob_word = (pdo.cob_id or 0) | (0 if pdo.rtr_allowed else _NO_RTR)
    put(communication, 1, cob_word | _DISABLED, 4)
    words = list(pdo.mapping.words)
    fixed = _fixed_count(node, mapping)
    if fixed is not None:
        if len(words) > fixed:
            raise UsageError(f"{pdo.name} has {fixed} slots, which its device does not let change")
        words += [0] * (fixed - len(words))
    for sub, word in enumerate(words, 1):
        put(mapping, sub, word, 4)
    if fixed is None:
        put(mapping, 0, len(words), 1)
    for sub, value, size in (
        (2, pdo.trans_type, 1),
        (3, pdo.inhibit_time, 2),
        (5, pdo.event_timer, 2),
        (6, pdo.sync_start_value, 1),
    ):
        entry = node.dictionary.get(Address(communication, sub))
        if value is not None and entry is not None and entry.writable:
            put(communication, sub, value, size)
    if pdo.enabled:
        put(communication, 1, cob_word, 4)
    for address, data in written.items():
        held = node.sdo.upload(address.index, address.sub)
        if held != data:
            problem = f"holds {held.hex(' ').upper()} after {data.hex(' ').upper()} was written"
            raise SdoBadAnswer(node.id, address.index, address.sub, problem)


def _fixed_count(node: Node, mapping: int) -> int | None:
    """Set the number of slots to 0, or learn the number that the device does not let change."""
    try:
        node.sdo.download(mapping, 0, b"\x00")
    except SdoAbortError as error:
        if error.code != AbortCode.READ_ONLY:
            raise
        return node.sdo.upload(mapping, 0)[0]
    return None
