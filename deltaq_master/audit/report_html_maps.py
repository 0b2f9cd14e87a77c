"""The PDOs of a report as grids of bytes, with the slots that have findings marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from deltaq_master.audit import dump_words as words
from deltaq_master.audit.findings import Finding, Report
from deltaq_master.audit.report_junit import printable
from deltaq_master.dictionary.mapping import PdoRecord, Slot

if TYPE_CHECKING:
    from lxml.html import HtmlElement

BITS: Final = 64
"""Columns of a grid: the bits of a frame."""
BYTE: Final = 8
_SHORT: Final = re.compile(r"^(U|I|R)[A-Z]+([0-9]+)$")


def maps(report: Report) -> Iterator[HtmlElement]:
    """A grid for each enabled PDO, then a line about the others."""
    from lxml.html import builder as tag

    known = (*report.findings, *report.accepted)
    others: dict[str, list[str]] = {}
    for record in report.dump.records:
        if record.enabled:
            yield tag.H4(_title(record))
            yield _grid(record, {each.slot: each for each in reversed(known) if each.pdo == record.name})
        else:
            said = "disabled" if record.cob_word is not None else "not read"
            others.setdefault(said, []).append(record.name)
    for said, names in others.items():
        yield tag.P(f"{', '.join(words.spans(names))}: {said}.", tag.CLASS("small"))


def _title(record: PdoRecord) -> str:
    told = [
        f"{record.name}, COB-ID {words.cob_id(record)}",
        words.transmission(record.kind, record.transmission),
    ]
    if record.event_timer_ms is not None:
        told.append(f"event timer {words.milliseconds(record.event_timer_ms)}")
    if record.problems:
        told.append("incomplete")
    return ", ".join(told)


def _grid(record: PdoRecord, findings: dict[int | None, Finding]) -> HtmlElement:
    from lxml.html import builder as tag

    cells = [_cell(str(byte), BYTE, "byte") for byte in range(BITS // BYTE)]
    for number, slot in enumerate(record.mapping.slots, 1):
        finding = findings.get(number)
        for part, bits in enumerate(_parts(slot)):
            cell = _cell("", bits, "" if finding is None else finding.severity.value)
            again = " (continued)" if part else ""
            cell.append(tag.B(f"{slot.address}{again}"))
            cell.append(tag.SPAN(printable(f"byte {words.bytes_of(slot)}: {slot.name}{_unit(slot)}")))
            if finding is not None and not part:
                cell.append(tag.SPAN(f" [{finding.severity.value}: {finding.rule}]"))
            cells.append(cell)
    free = -record.mapping.bits % BITS
    if free or not record.mapping.slots:
        cells.append(_cell("not mapped", free or BITS, "free"))
    return tag.DIV(tag.CLASS("map"), *cells)


def _parts(slot: Slot) -> Iterator[int]:
    """Its bits, cut where a row of the grid ends."""
    place, left = slot.offset, slot.bits
    while left > 0:
        bits = min(left, BITS - place % BITS)
        yield bits
        place, left = place + bits, left - bits


def _unit(slot: Slot) -> str:
    if slot.entry is None:
        return ", unknown to the EDS"
    # A cell may be one byte wide: U8, I16, R32.
    kind = _SHORT.sub(r"\1\2", slot.entry.data_type.name)
    told = ", ".join(filter(None, (kind, words.scale(slot.entry))))
    return f" ({told})"


def _cell(text: str, bits: int, kind: str) -> HtmlElement:
    from lxml.html import builder as tag

    cell = tag.DIV(text, style=f"grid-column: span {bits}")
    if kind:
        cell.set("class", kind)
    return cell
