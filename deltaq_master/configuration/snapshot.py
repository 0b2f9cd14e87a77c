"""A snapshot: what a device is set to, as a DCF, with a sidecar that says what it was taken of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deltaq_master.configuration.files import write_whole
from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.reading import read_device
from deltaq_master.configuration.selection import is_configuration, is_worth_reading
from deltaq_master.configuration.sidecar import Origin, Sidecar, digest, encode, sidecar_path, written
from deltaq_master.configuration.sources import is_concise
from deltaq_master.configuration.writing import for_a_manager
from deltaq_master.dictionary import concise
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dcf import parameter_text, write_dcf
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.ordering import Values
from deltaq_master.errors import FileError, UsageError
from deltaq_master.link.sdo.reading import Progress
from deltaq_master.protocol.guard import Policy
from deltaq_master.protocol.identity import NUMBERS

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node

TOOL: Final = "deltaq-master"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of a device."""

    dictionary: Dictionary
    identity: Identity
    values: Values
    """Its configuration, and the numbers of its identity."""
    further: Values
    """Process data, measurements and other objects that are no configuration."""
    absent: dict[Address, str] = field(default_factory=dict)
    failures: dict[Address, str] = field(default_factory=dict)


def take(
    node: Node, identity: Identity, policy: Policy | None = None, progress: Progress | None = None
) -> Snapshot:
    """Read all that a device can be asked for. Raises BusError and CallError; the rest is in the snapshot."""
    rules = policy or Policy()
    dictionary = node.dictionary
    wanted = [entry.address for entry in dictionary if is_worth_reading(entry, rules)]
    device = read_device(node, wanted, identity, progress)
    kept = {
        address
        for address in device.values
        if address in NUMBERS.values() or is_configuration(dictionary[address], rules)
    }
    return Snapshot(
        dictionary,
        identity,
        {address: data for address, data in device.values.items() if address in kept},
        {address: data for address, data in device.values.items() if address not in kept},
        device.absent,
        device.failures,
    )


def write(
    path: Path, snapshot: Snapshot, taken: datetime, *, bitrate: int | None = None, overwrite: bool = False
) -> Sidecar:
    """Write the file and then its sidecar, each whole or not at all; answers with what the sidecar says.

    `bitrate` [bit/s] goes into a DCF. Raises UsageError for files that are there and may not be replaced,
    FileError if the disk refuses.
    """
    beside = sidecar_path(path)
    if not overwrite and beside.exists():
        raise UsageError(f"{beside} exists", "take another name, or add --overwrite")
    left_out: dict[Address, str] = {}
    if is_concise(path):
        snapshot = _writable(snapshot)
    make = _concise if is_concise(path) else _dcf
    data = make(path, snapshot, bitrate, left_out)
    dictionary = snapshot.dictionary
    further = {**snapshot.further, **{a: snapshot.values[a] for a in left_out}}
    sidecar = Sidecar(
        taken=taken.isoformat(timespec="seconds"),
        tool=f"{TOOL} {version(TOOL)}",
        file=Origin(path.name, digest(data)),
        eds=origin_of(dictionary),
        node=dictionary.node_id,
        identity=snapshot.identity,
        objects=len(snapshot.values) - len(left_out),
        absent=_texts(snapshot.absent),
        failures=_texts(snapshot.failures),
        left_out=_texts(left_out),
        further=written(further),
    )
    write_whole(path, data, overwrite=overwrite)
    write_whole(beside, encode(sidecar))
    return sidecar


def origin_of(dictionary: Dictionary) -> Origin:
    """The file that a dictionary was loaded from. Raises FileError if it has gone."""
    path = dictionary.path
    try:
        return Origin(path.name, digest(path.read_bytes()))
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error


def _writable(snapshot: Snapshot) -> Snapshot:
    """The same with what a manager cannot write, the numbers of the identity, among what was read besides."""
    fixed = {a: data for a, data in snapshot.values.items() if not snapshot.dictionary[a].writable}
    values = {a: data for a, data in snapshot.values.items() if a not in fixed}
    return replace(snapshot, values=values, further={**snapshot.further, **fixed})


def _dcf(path: Path, snapshot: Snapshot, bitrate: int | None, left_out: dict[Address, str]) -> bytes:
    dictionary = snapshot.dictionary
    for address, data in snapshot.values.items():
        try:
            parameter_text(dictionary[address], data)
        except UsageError as error:
            left_out[address] = error.problem
    values = {address: data for address, data in snapshot.values.items() if address not in left_out}
    name = " ".join((snapshot.identity.name or "").split())
    text = write_dcf(
        dictionary,
        values,
        bitrate_kbits=None if bitrate is None else bitrate // 1000,
        node_name=name,
        file_name=path.name,
    )
    return text.encode()


def _concise(_: Path, snapshot: Snapshot, __: int | None, left_out: dict[Address, str]) -> bytes:
    steps = for_a_manager(snapshot.dictionary, snapshot.values, snapshot.further, left_out)
    return concise.encode((step.address, step.data) for step in steps)


def _texts(reasons: dict[Address, str]) -> dict[str, str]:
    return {str(address): reason for address, reason in reasons.items()}
