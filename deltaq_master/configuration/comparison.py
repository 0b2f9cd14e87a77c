"""What differs between two of: a device, a file, the defaults of the EDS."""

from __future__ import annotations

from dataclasses import dataclass

from deltaq_master.configuration.selection import is_configuration, same
from deltaq_master.configuration.sources import Source
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.ordering import Values
from deltaq_master.protocol.guard import Policy


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a comparison; None for the bytes of a source that has none of it."""

    address: Address
    entry: Entry | None
    """None for an object that the EDS does not have."""
    a: bytes | None
    b: bytes | None
    reason: str = ""
    """Why there are none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and what could not be compared."""

    rows: tuple[Row, ...]
    """What differs: other bytes, absent in a device, or in one of two files alone."""
    incomplete: tuple[Row, ...]
    """Objects that could not be read, now or when the snapshot was taken."""
    alike: int
    """Objects that were compared and are the same."""
    one_sided: int
    """Objects of which one of the two says nothing, which is no difference."""


def to_read(other: Source, dictionary: Dictionary, policy: Policy, *, everything: bool) -> list[Address]:
    """What a device is asked for, to be compared with another source."""
    said = {*all_values(other, everything), *other.failures}
    return [
        entry.address
        for entry in dictionary
        if entry.readable and entry.address in said and (everything or is_configuration(entry, policy))
    ]


def compare(
    a: Source, b: Source, dictionary: Dictionary, policy: Policy, *, everything: bool = False
) -> Comparison:
    """Compare the configuration of two sources, or with `everything` whatever both know."""
    rows: list[Row] = []
    incomplete: list[Row] = []
    alike = one_sided = 0
    one, other = all_values(a, everything), all_values(b, everything)
    failures = a.failures | b.failures
    absent = a.absent | b.absent
    for address in sorted({*one, *other, *failures}):
        entry = dictionary.get(address)
        if not everything and entry is not None and not is_configuration(entry, policy):
            continue
        reason = failures.get(address) or absent.get(address, "")
        row = Row(address, entry, one.get(address), other.get(address), reason)
        if row.a is not None and row.b is not None:
            if _alike(row):
                alike += 1
            else:
                rows.append(row)
        elif address in failures:
            incomplete.append(row)
        elif address in absent or (a.is_file and b.is_file):
            rows.append(row)
        else:
            one_sided += 1
    return Comparison(tuple(rows), tuple(incomplete), alike, one_sided)


def all_values(source: Source, everything: bool) -> Values:
    """The values of a source, with all that it read besides if `everything` is compared."""
    return {**source.further, **source.values} if everything else source.values


def _alike(row: Row) -> bool:
    assert row.a is not None
    assert row.b is not None
    return row.a == row.b if row.entry is None else same(row.entry, row.a, row.b)
