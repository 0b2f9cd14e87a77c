"""Observations for the tests of the audit: the charger as its EDS has it, with what a test changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deltaq_master.audit.auditing import audit
from deltaq_master.audit.findings import Finding, Report
from deltaq_master.charger.audit_knowledge import KNOWLEDGE
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import assemble
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.protocol.observation import Observation

CHARGER = {
    "1000": "A3 01 00 00",
    "1008": "49 43 4C 31 35 30 30 2D 38 35",  # ICL1500-85
    "100A": "30 30 31 2E 30 30 38",  # 001.008
    "1014": "8A 00 00 00",
    "1016:01": "D0 07 01 00",  # node 1, 2000 ms
    "1016:02": "D0 07 21 00",
    "1018:01": "10 01 00 00",
    "1018:02": "81 A0 D4 00",
    "1018:03": "00 08 01 00",
    "1018:04": "01 00 00 00",
    "1200:01": "0A 06 00 00",
    "1200:02": "8A 05 00 00",
    "2101": "00 47",  # 71 V x 256
    "2103": "BC 1B",  # 7100
    "2104": "00 00 8E 42",  # 71.0
    "2105": "C6 02",  # 710
    "6060": "FF FF FF FF",  # no value
    "2271": "FF FF FF FF",
    "2276": "FF FF",
    "6070": "00 00",
    "2070": "00 00",
}
"""What the simulated charger says beside its PDOs, as bytes on the wire."""

EVIDENCE = {
    "1400:05": ("60A#40.00.14.05.00.00.00.00", "58A#4B.00.14.05.00.00.00.00"),
    "1601:01": ("60A#40.01.16.01.00.00.00.00", "58A#43.01.16.01.08.01.FA.2F"),
    "1601:02": ("60A#40.01.16.02.00.00.00.00", "58A#43.01.16.02.08.01.FA.2F"),
    "1601:03": ("60A#40.01.16.03.00.00.00.00", "58A#43.01.16.03.10.00.02.20"),
    "1601:04": ("60A#40.01.16.04.00.00.00.00", "58A#43.01.16.04.10.00.01.21"),
}
"""Frames as they were on the bus."""

ABSENT = "aborted: the device has no such object (0602 0000h)"
NOTES = {
    ("no-event-timer", "warning", "RPDO1", "1400h:05"),
    ("wrong-direction", "warning", "RPDO2 slot 3", "1601h:03"),
    ("wrong-direction", "warning", "RPDO2 slot 4", "1601h:04"),
    ("duplicate-slot", "info", "RPDO2 slot 2", "1601h:02"),
}
"""What is to be found on the mapping of the notes, and nothing else."""


def at(text: str) -> Address:
    """`1601:03`, `1000`."""
    index, _, sub = text.partition(":")
    return Address(int(index, 16), int(sub or "0", 16))


def observed(
    dictionary: Dictionary,
    changes: Mapping[str, str | None] | None = None,
    *,
    first: Mapping[str, str] | None = None,
    failures: Mapping[str, str] | None = None,
    state: NmtState | None = NmtState.PRE_OPERATIONAL,
    frames: Mapping[int, str] | None = None,
) -> Observation:
    """A device with the PDO defaults of its EDS; a change to None makes the object absent."""
    values: dict[Address, bytes | None] = {
        entry.address: entry.default_bytes for entry in dictionary if entry.address.index in PDO_PARAMETERS
    }
    absent: dict[Address, str] = {}
    for text, data in ({**(CHARGER if first is None else first)} | dict(changes or {})).items():
        values[at(text)] = None if data is None else bytes.fromhex(data)
        if data is None:
            absent[at(text)] = ABSENT
    for text in failures or {}:
        values[at(text)] = None
    return Observation(
        dictionary.node_id,
        assemble(dictionary, values, f"node {dictionary.node_id}"),
        values,
        absent,
        {at(text): reason for text, reason in (failures or {}).items()},
        {cob_id: bytes.fromhex(data) for cob_id, data in (frames or {}).items()},
        {at(text): frames for text, frames in EVIDENCE.items()},
        state,
    )


def report(dictionary: Dictionary, changes: Mapping[str, str | None] | None = None, **options: Any) -> Report:
    """The audit of a charger with changes; options of `audit` and of `observed`."""
    judging = {
        key: options.pop(key) for key in ("profile", "dbc", "master_id", "knowledge") if key in options
    }
    judging.setdefault("knowledge", KNOWLEDGE)
    return audit(observed(dictionary, changes, **options), dictionary, **judging)


def rows(findings: tuple[Finding, ...]) -> set[tuple[str, str, str, str]]:
    """Rule, severity, place and object of findings."""
    return {(each.rule, each.severity.value, each.place, each.object) for each in findings}


def new(
    dictionary: Dictionary, changes: Mapping[str, str | None], **options: Any
) -> set[tuple[str, str, str, str]]:
    """What is found because of changes: beside the findings of the notes' mapping."""
    return rows(report(dictionary, changes, **options).findings) - NOTES
