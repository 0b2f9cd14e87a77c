"""Findings that somebody has accepted: a file that says so, and a report that tells them from new ones."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

import msgspec

from deltaq_master.audit.findings import Report, ordered
from deltaq_master.errors import FileError

SCHEMA: Final = "deltaq.pdo-baseline/1"


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding of a baseline; only the fingerprint decides, the rest is for people."""

    fingerprint: str
    rule: str
    object: str
    text: str
    pdo: str | None = None
    reason: str = ""
    """Why it is accepted, in the words of whoever did."""


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A baseline file."""

    schema: str
    accepted: tuple[Accepted, ...]
    device: str = ""
    """Which device it was written for, for people."""
    time: str = ""


def read_baseline(data: bytes, name: str) -> Baseline:
    """A baseline out of a file's bytes. Raises FileError that names what is wrong."""
    try:
        found = msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        remedy = "write one with --write-baseline"
        raise FileError(name, f"is no baseline: {error}", remedy=remedy) from None
    if found.schema != SCHEMA:
        raise FileError(name, f"is a {found.schema!r}, not a {SCHEMA!r}", remedy="write it anew")
    return found


def accepting(report: Report, baseline: Baseline, name: str) -> Report:
    """The report with what the baseline accepts set apart, and with what of it is no more.

    In an incomplete report nothing has vanished: it may only not have been read.
    """
    known = {each.fingerprint: each for each in baseline.accepted}
    findings = ordered((*report.findings, *report.accepted))
    present = {finding.fingerprint for finding in findings}
    gone = [each for print_, each in known.items() if print_ not in present] if report.complete else []
    return replace(
        report,
        findings=tuple(each for each in findings if each.fingerprint not in known),
        accepted=tuple(each for each in findings if each.fingerprint in known),
        vanished=tuple(f"{each.rule}, {each.object}: {each.text}" for each in gone),
        baseline=name,
    )


def baseline_of(report: Report, time: str, before: Baseline | None = None) -> str:
    """A baseline that accepts everything in a report; reasons given `before` are kept."""
    reasons = {each.fingerprint: each.reason for each in before.accepted} if before else {}
    document = {
        "schema": SCHEMA,
        "device": report.device.words,
        "time": time,
        "accepted": [
            {
                "fingerprint": finding.fingerprint,
                "rule": finding.rule,
                "object": finding.object,
                "pdo": finding.pdo or None,
                "text": finding.text,
                "reason": reasons.get(finding.fingerprint, ""),
            }
            for finding in (*report.findings, *report.accepted)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
