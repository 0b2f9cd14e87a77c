"""An audit for programs: one object of plain values, `deltaq.pdo-audit/1`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from deltaq_master.audit.findings import Finding, Report, Severity
from deltaq_master.audit.stamp import Stamp

SCHEMA: Final = "deltaq.pdo-audit/1"


def document(report: Report, stamp: Stamp, level: Severity) -> dict[str, object]:
    """The whole report. Keys may be added within a version, none changes its meaning."""
    counts = report.counts
    return {
        "schema": SCHEMA,
        "tool": {"name": stamp.tool, "version": stamp.version},
        "time": stamp.time,
        "node": report.device.node_id,
        "device": asdict(report.device),
        "compared": list(report.compared),
        "verdict": report.verdict,
        "complete": report.complete,
        "clean": report.complete and not report.counting(level),
        "level": level.value,
        "counts": {kind.value: counts.get(kind, 0) for kind in Severity},
        "findings": [finding_values(finding) for finding in report.findings],
        "accepted": [finding_values(finding) for finding in report.accepted],
        "vanished": list(report.vanished),
        "baseline": report.baseline or None,
        "incomplete": [asdict(missing) for missing in report.missing],
        "notes": list(report.notes),
        "rules": [
            {
                "id": rule.rule,
                "severity": rule.severity.value,
                "title": rule.title,
                "checks": rule.checks,
                "source": rule.source,
                "not_applied": rule.why_not or None,
            }
            for rule in report.rules
        ],
    }


def finding_values(finding: Finding) -> dict[str, object]:
    """One finding."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "object": finding.object,
        "pdo": finding.pdo or None,
        "slot": finding.slot,
        "expected": finding.expected,
        "found": finding.found,
        "text": finding.text,
        "remedy": finding.remedy,
        "evidence": list(finding.evidence),
        "fingerprint": finding.fingerprint,
    }
