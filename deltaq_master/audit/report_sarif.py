"""An audit as SARIF 2.1.0, for tools that collect findings; each points to its object, and to its line in the EDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deltaq_master.audit.findings import Finding, Looked, Report, Severity
from deltaq_master.audit.places import Places
from deltaq_master.audit.stamp import Stamp

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
FINGERPRINT: Final = "deltaqPdoAudit/v1"

Json = dict[str, object]


def sarif(report: Report, stamp: Stamp, places: Places) -> Json:
    """The log as plain values. Accepted findings are in it as suppressed results."""
    number = {rule.rule: place for place, rule in enumerate(report.rules)}
    results = [_result(each, number, report, places) for each in report.findings]
    results += [
        _result(each, number, report, places)
        | {"suppressions": [{"kind": "external", "justification": f"accepted in {report.baseline}"}]}
        for each in report.accepted
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": stamp.tool,
                        "version": stamp.version,
                        "rules": [_rule(rule) for rule in report.rules],
                    }
                },
                "invocations": [_invocation(report, stamp)],
                "artifacts": [{"location": {"uri": places.uri}}],
                "results": results,
                "columnKind": "utf16CodeUnits",
                "properties": {
                    "device": report.device.words,
                    "compared": list(report.compared),
                    "vanished": list(report.vanished),
                    "notes": list(report.notes),
                },
            }
        ],
    }


def _invocation(report: Report, stamp: Stamp) -> Json:
    notifications = [
        {"level": "error", "message": {"text": f"not read: {missing}"}} for missing in report.missing
    ]
    return {
        "executionSuccessful": report.complete,
        "endTimeUtc": stamp.time,
        "toolExecutionNotifications": notifications,
    }


def _rule(rule: Looked) -> Json:
    return {
        "id": rule.rule,
        "name": "".join(word.capitalize() for word in rule.rule.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.checks},
        "help": {"text": f"What to do: {rule.remedy}. Source: {rule.source}."},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"applied": not rule.why_not, "reason": rule.why_not},
    }


def _result(finding: Finding, number: Mapping[str, int], report: Report, places: Places) -> Json:
    artifact: Json = {"artifactLocation": {"uri": places.uri, "index": 0}}
    if (line := places.line(finding.address)) is not None:
        artifact["region"] = {"startLine": line}
    where = "/".join(filter(None, (f"node {report.device.node_id}", finding.pdo, finding.object)))
    return {
        "ruleId": finding.rule,
        "ruleIndex": number[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.text} What to do: {finding.remedy}."},
        "locations": [
            {
                "physicalLocation": artifact,
                "logicalLocations": [
                    {"name": finding.place, "fullyQualifiedName": where, "kind": "parameter"}
                ],
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {
            "expected": finding.expected,
            "found": finding.found,
            "evidence": list(finding.evidence),
        },
    }
