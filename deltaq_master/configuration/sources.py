"""Where values come from: a DCF, a concise DCF, the EDS's defaults, or words of the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from deltaq_master.configuration.identity import ADDRESSES, Identity, as_known, identity_of
from deltaq_master.configuration.sidecar import Sidecar, read_sidecar
from deltaq_master.dictionary import concise
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.ordering import Values
from deltaq_master.errors import FileError, UsageError

CONCISE_SUFFIXES: Final = (".cdc", ".cdcf", ".concise", ".bin")
"""Names of files that are read and written as concise DCF (CiA 302-3); everything else is a DCF."""
_MOST_REMARKS: Final = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Values, and what is known of the device that they are for."""

    name: str
    values: Values
    identity: Identity = field(default_factory=Identity)
    node_id: int | None = None
    """Node-ID that they are for, None if they do not say."""
    sidecar: Sidecar | None = None
    """Of a snapshot."""
    further: Values = field(default_factory=dict)
    """What a snapshot read besides, for comparisons only."""
    named: frozenset[Address] = frozenset()
    """Objects that the user named himself, in the call and not in a file."""
    notes: tuple[str, ...] = ()
    """What is to be known about them."""
    is_file: bool = True
    """True for a file, whose objects are all meant; False for a device, or the defaults of an EDS."""
    failures: dict[Address, str] = field(default_factory=dict)
    """Objects that should be among them and could not be read, and why."""
    absent: dict[Address, str] = field(default_factory=dict)
    """Objects that the device does not have, with its words."""


def is_concise(path: Path) -> bool:
    """True for the name of a concise DCF."""
    return path.suffix.lower() in CONCISE_SUFFIXES


def read_file(path: Path, dictionary: Dictionary) -> Source:
    """The values of a DCF or concise DCF, with its sidecar if there is one.

    Raises FileError for a file that cannot be used: cut off, changed, or without a value in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    sidecar = read_sidecar(path, data)
    source = _concise(path, data) if is_concise(path) else _dcf(path, dictionary)
    if sidecar is None:
        unknown = "" if source.identity.known else "which device it is for, and "
        note = f"{path.name} has no sidecar: nothing says {unknown}whether it is whole"
        return replace(source, notes=(*source.notes, note))
    if sidecar.failures:
        missing = f"{len(sidecar.failures)} objects could not be read when {path.name} was taken"
        source = replace(source, notes=(*source.notes, missing))
    return replace(
        source,
        identity=sidecar.identity,
        node_id=sidecar.node,
        sidecar=sidecar,
        further=sidecar.further_values(),
        failures=_reasons(sidecar.failures),
        absent=_reasons(sidecar.absent),
    )


def _reasons(texts: dict[str, str]) -> dict[Address, str]:
    return {Address.parse(key): text for key, text in texts.items()}


def defaults_of(dictionary: Dictionary) -> Source:
    """The defaults of the EDS (of a DCF: what it sets)."""
    values = {entry.address: data for entry in dictionary if (data := entry.default_bytes) is not None}
    return Source(dictionary.path.name, values, is_file=False)


def with_words(source: Source | None, words: Iterable[tuple[Address, bytes]]) -> Source:
    """A source with values that the user gave in the call, which go before those of the file."""
    given = dict(words)
    if source is None:
        return Source("the values given", given, named=frozenset(given))
    return replace(source, values={**source.values, **given}, named=frozenset(given))


def _concise(path: Path, data: bytes) -> Source:
    try:
        entries = concise.decode(data)
    except UsageError as error:
        raise FileError(path, error.problem, remedy=error.remedy) from error
    # What is written last stays: a PDO is disabled first, and enabled in the end.
    return Source(path.name, dict(entries))


def _dcf(path: Path, dictionary: Dictionary) -> Source:
    try:
        file = load(path)
        node_id: int | None = file.node_id
    except FileError:
        # A DCF without [DeviceComissioning], or an EDS; if it is neither, this says why.
        file = load(path, dictionary.node_id)
        node_id = None
    if not file.parameter_values:
        remedy = "name a DCF, or a snapshot"
        raise FileError(path, "has no ParameterValue: it is an EDS, and sets nothing", remedy=remedy)
    remarks = [f"{path.name}, {text}" for text in file.warnings[:_MOST_REMARKS]]
    if len(file.warnings) > _MOST_REMARKS:
        remarks.append(f"{path.name} has {len(file.warnings) - _MOST_REMARKS} more of such lines")
    return Source(path.name, file.parameter_values, _identity(file), node_id, notes=tuple(remarks))


def _identity(file: Dictionary) -> Identity:
    """What a DCF says itself about its device: its values, else its defaults, else its [DeviceInfo]."""
    about = file.od.device_information
    defaults = {
        entry.address: data
        for entry in file
        if entry.address in ADDRESSES and (data := entry.default_bytes) is not None
    }
    vague = as_known(identity_of(defaults))
    sure = identity_of(file.parameter_values)
    return Identity(
        vague.device_type if sure.device_type is None else sure.device_type,
        sure.vendor if sure.vendor is not None else vague.vendor or about.vendor_number or None,
        sure.product if sure.product is not None else vague.product or about.product_number or None,
        sure.revision,
        sure.serial,
    )
