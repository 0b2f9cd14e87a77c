"""An audit for a terminal: one block for each finding, gravest first, and the verdict at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from deltaq_master.audit.findings import Finding, Report

WIDTH: Final = 110
_INDENT: Final = 10


def text_of(report: Report, width: int = WIDTH) -> str:
    """The report as lines of at most `width` columns, but for evidence, which is never broken within a frame."""
    return "\n".join(_lines(report, width))


def _lines(report: Report, width: int) -> Iterator[str]:
    device = report.device
    said = (device.words, f"software {device.software}" if device.software else "", device.state)
    yield from _wrapped(", ".join(filter(None, said)), width, "")
    yield from _wrapped(f"compared with {', '.join(report.compared)}", width, "")
    for finding in report.findings:
        yield ""
        yield from _block(finding, width)
    for title, findings in (("accepted", report.accepted),):
        for finding in findings:
            yield ""
            yield _head(finding, title)
            yield from _wrapped(finding.text, width)
    yield ""
    for text in report.vanished:
        yield from _wrapped(f"no more there, though accepted in {report.baseline}: {text}", width, "")
    for rule in report.rules:
        if rule.why_not:
            yield f"not applied: {rule.rule}, as {rule.why_not}"
    for note in report.notes:
        yield from _wrapped(f"note: {note}", width, "")
    for missing in report.missing:
        yield from _wrapped(f"incomplete: {missing}", width, "")
    yield from _wrapped(report.verdict, width, "")


def _block(finding: Finding, width: int) -> Iterator[str]:
    yield _head(finding, finding.severity.value)
    yield from _wrapped(finding.text, width)
    for name, text in (("expected", finding.expected), ("found", finding.found), ("to do", finding.remedy)):
        yield from _wrapped(text, width, f"{'':{_INDENT}}{name:<10}")
    if finding.evidence:
        yield from _wrapped("  ".join(finding.evidence), width, f"{'':{_INDENT}}{'frames':<10}")


def _head(finding: Finding, word: str) -> str:
    place = f"{finding.place}, " if finding.pdo else ""
    return f"{word:<{_INDENT}}{finding.rule}: {place}{finding.object}"


def _wrapped(text: str, width: int, first: str = " " * _INDENT) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
