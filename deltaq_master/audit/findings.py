"""What an audit says: findings, each with its evidence and what to do, and the report that they make."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoDump


class Severity(Enum):
    """How much a finding matters; its value is the word in every report."""

    ERROR = "error"
    """It cannot work, or not as the file says."""
    WARNING = "warning"
    """It may work, and somebody has to know about it."""
    INFO = "info"
    """Worth a look, and no trouble by itself."""

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    rule: str
    """Id of its rule: `wrong-direction`."""
    severity: Severity
    address: Address
    """The object to look at: the mapping word, the parameter, or the object itself."""
    expected: str
    found: str
    text: str
    """What it is, as a sentence."""
    remedy: str
    """What to do about it, as a sentence."""
    pdo: str = ""
    """`RPDO2`, '' where it is of no PDO."""
    slot: int | None = None
    """Number of the slot from 1 on, None where it is of none."""
    evidence: tuple[str, ...] = ()
    """The frames that show it, as they were on the bus: `60A#40.01.16.03.00.00.00.00`."""
    explains: frozenset[Address] = frozenset()
    """Parameters that differ from what is expected because of this; no finding of their own."""
    key: str = ""
    """What makes it this finding and no other besides rule, PDO and object; '' for `found`."""

    @property
    def object(self) -> str:
        """`1601h:03`."""
        return str(self.address)

    @property
    def place(self) -> str:
        """`RPDO2 slot 3`, `RPDO2`, or the object where it is of no PDO."""
        if not self.pdo:
            return self.object
        return self.pdo if self.slot is None else f"{self.pdo} slot {self.slot}"

    @property
    def fingerprint(self) -> str:
        """The same for the same finding in every audit of such a device; another once its value changes."""
        words = (self.rule, self.pdo, self.object, self.key or self.found)
        return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the audit needed and could not have."""

    place: str
    """`1601h:03`, `RPDO2`."""
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Looked:
    """A rule of this audit."""

    rule: str
    severity: Severity
    title: str
    checks: str
    remedy: str
    source: str
    """Where the rule is from, and how sure that is: [C], [I] or [U]."""
    why_not: str = ""
    """Why it was not applied; '' if it was."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who was audited, in its own words; '' for what it did not say."""

    node_id: int
    device_type: str = ""
    vendor: str = ""
    product: str = ""
    revision: str = ""
    serial: str = ""
    name: str = ""
    software: str = ""
    state: str = ""
    """NMT state that it reported."""

    @property
    def words(self) -> str:
        """`node 10 (ICL1500-85, 1000h 000001A3h, vendor 00000110h)`."""
        said = (
            self.name,
            f"1000h {self.device_type}" if self.device_type else "",
            f"vendor {self.vendor}" if self.vendor else "",
        )
        known = ", ".join(text for text in said if text)
        return f"node {self.node_id} ({known})" if known else f"node {self.node_id}"


@dataclass(frozen=True)
class Report:
    """An audit as it ended."""

    device: Identity
    compared: tuple[str, ...]
    """What the device was held against: `EDS ICL1500-85.eds`, `profile notes (TOML ...)`."""
    rules: tuple[Looked, ...]
    findings: tuple[Finding, ...]
    """Gravest first; those that a baseline accepts are not among them."""
    missing: tuple[Missing, ...]
    """Why it is incomplete; a report with any of these is never clean."""
    dump: PdoDump
    """The PDOs as they were found."""
    accepted: tuple[Finding, ...] = ()
    """Findings that the baseline accepts."""
    vanished: tuple[str, ...] = ()
    """Findings of the baseline that are no more, in its words."""
    baseline: str = ""
    """Name of the baseline, '' without any."""
    notes: tuple[str, ...] = field(default=())
    """What the audit could not look at although nothing failed."""

    @property
    def complete(self) -> bool:
        """True when all was read that the rules need."""
        return not self.missing

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings of each severity there are."""
        return Counter(finding.severity for finding in self.findings)

    def counting(self, level: Severity) -> tuple[Finding, ...]:
        """The findings of this severity and graver ones."""
        return tuple(each for each in self.findings if each.severity.rank <= level.rank)

    @property
    def verdict(self) -> str:
        """One sentence for somebody who reads no further."""
        counted = _counted(self.counts)
        accepted = f", and {len(self.accepted)} accepted before" if self.accepted else ""
        if not self.complete:
            known = f" So far {counted}{accepted}." if self.findings or self.accepted else ""
            missing = "1 thing is" if len(self.missing) == 1 else f"{len(self.missing)} things are"
            return f"{self._who} could not be audited completely: {missing} missing.{known}"
        if not self.findings:
            return f"{self._who} is as it should be: no new finding{accepted}."
        return f"{self._who} has {counted}{accepted}."

    @property
    def _who(self) -> str:
        return f"Node {self.device.node_id}" + (f" ({self.device.name})" if self.device.name else "")

    def confirmed_by(self, second: Report, rule: str) -> Report:
        """This report without findings of a rule that a second look does not show."""
        seen = {each.fingerprint for each in second.findings}
        kept = tuple(each for each in self.findings if each.rule != rule or each.fingerprint in seen)
        return replace(self, findings=kept)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gravest first, then by object."""
    return tuple(sorted(findings, key=lambda each: (each.severity.rank, each.address, each.rule, each.found)))


def _counted(counts: Mapping[Severity, int]) -> str:
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    told = [
        f"{counts[kind]} {word}{'s' if counts[kind] > 1 else ''}"
        for kind, word in words.items()
        if counts.get(kind)
    ]
    if not told:
        return "no new finding"
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
