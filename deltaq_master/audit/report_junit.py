"""An audit as JUnit XML, the dialect that Jenkins reads: one test case for each rule, and one for completeness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deltaq_master.audit.findings import Finding, Looked, Report, Severity
from deltaq_master.audit.stamp import Stamp

if TYPE_CHECKING:
    from lxml.etree import _Element

CLASS: Final = "pdo-audit"
COMPLETE: Final = "complete"
"""The test case that is an error when something could not be read."""


def junit(report: Report, stamp: Stamp, level: Severity) -> bytes:
    """The XML. A finding of `level` or graver fails its rule; graver or not, each is in the output of its rule."""
    from lxml.builder import E
    from lxml.etree import tostring

    counting = set(report.counting(level))
    cases = [_complete(report), *(_case(report, rule, counting) for rule in report.rules)]
    failed = sum(case.find("failure") is not None for case in cases)
    suite = E.testsuite(
        E.properties(
            *(E.property(name=name, value=printable(value)) for name, value in _properties(report, stamp))
        ),
        *cases,
        name=f"PDO audit of node {report.device.node_id}",
        tests=str(len(cases)),
        failures=str(failed),
        errors="0" if report.complete else "1",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time="0",
        timestamp=stamp.time.removesuffix("Z"),
    )
    text = tostring(E.testsuites(suite), pretty_print=True, xml_declaration=True, encoding="UTF-8")
    assert isinstance(text, bytes)  # an encoding is given
    return text


def _properties(report: Report, stamp: Stamp) -> list[tuple[str, str]]:
    device = report.device
    return [
        ("tool", f"{stamp.tool} {stamp.version}"),
        ("device", device.words),
        ("software", device.software),
        *(("compared with", name) for name in report.compared),
        *(("vanished from the baseline", text) for text in report.vanished),
        *(("note", text) for text in report.notes),
    ]


def _complete(report: Report) -> _Element:
    from lxml.builder import E

    case = E.testcase(classname=CLASS, name=COMPLETE, time="0")
    if not report.complete:
        text = "\n".join(str(missing) for missing in report.missing)
        message = "something could not be read: this audit is not complete"
        case.append(E.error(printable(text), type="incomplete", message=message))
    return case


def _case(report: Report, rule: Looked, counting: set[Finding]) -> _Element:
    from lxml.builder import E

    case = E.testcase(classname=CLASS, name=rule.rule, time="0")
    if rule.why_not:
        case.append(E.skipped(message=printable(rule.why_not)))
        return case
    found = [each for each in report.findings if each.rule == rule.rule]
    failing = [each for each in found if each in counting]
    if failing:
        message = failing[0].text if len(failing) == 1 else f"{len(failing)} findings: {rule.title}"
        text = "\n\n".join(_told(each) for each in failing)
        case.append(E.failure(printable(text), type=failing[0].severity.value, message=printable(message)))
    quiet = [_told(each) for each in found if each not in counting]
    quiet += [f"accepted: {_told(each)}" for each in report.accepted if each.rule == rule.rule]
    if quiet:
        case.append(E("system-out", printable("\n\n".join(quiet))))
    return case


def _told(finding: Finding) -> str:
    lines = (
        f"{finding.severity.value}: {finding.text}",
        f"object:   {finding.object}",
        f"expected: {finding.expected}",
        f"found:    {finding.found}",
        f"evidence: {'  '.join(finding.evidence) or 'none'}",
        f"to do:    {finding.remedy}",
    )
    return "\n".join(lines)


def printable(text: str) -> str:
    """A text without the characters that XML cannot hold: what a device calls itself may have any."""
    return "".join(
        each if each in "\n\t" or (each >= " " and not "\x7f" <= each <= "\x9f") else "\ufffd"
        for each in text
    )
