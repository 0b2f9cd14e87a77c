"""The sidecar of a snapshot: a JSON file beside the DCF, about the device that it was taken of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from deltaq_master.configuration.identity import Identity
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Values
from deltaq_master.errors import FileError, UsageError

SCHEMA: Final = "deltaq.snapshot/1"


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that something was made from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What is known about a snapshot besides its values; addresses are written `1017h:00`, bytes in hexadecimal."""

    schema: Literal["deltaq.snapshot/1"] = SCHEMA
    taken: str
    """When it was taken: ISO 8601, UTC."""
    tool: str
    """Name and version of the program that took it."""
    file: Origin
    """The DCF."""
    eds: Origin
    node: int
    identity: Identity
    objects: int
    """How many objects are in the DCF."""
    absent: dict[str, str] = field(default_factory=dict)
    """Objects of the EDS that the device does not have, with its words."""
    failures: dict[str, str] = field(default_factory=dict)
    """Objects that could not be read, and why."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Configuration that was read and that the file cannot hold, and why."""
    further: dict[str, str] = field(default_factory=dict)
    """What else was read: process data, measurements, and what is in `left_out`."""

    def further_values(self) -> dict[Address, bytes]:
        """`further` by address. Raises UsageError or ValueError for what is no address or no bytes."""
        return {Address.parse(key): bytes.fromhex(text) for key, text in self.further.items()}


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a file is: `charger.dcf.json` beside `charger.dcf`."""
    return path.with_name(f"{path.name}.json")


def written(values: Values) -> dict[str, str]:
    """Values as a sidecar and a journal write them."""
    return {str(address): data.hex(" ").upper() for address, data in values.items()}


def digest(data: bytes) -> str:
    """The checksum of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def encode(sidecar: Sidecar) -> bytes:
    """The sidecar as the bytes of its file."""
    return json.dumps(asdict(sidecar), indent=2, ensure_ascii=False).encode() + b"\n"


def read_sidecar(path: Path, data: bytes) -> Sidecar | None:
    """The sidecar of a file whose bytes are these; None if it has none.

    Raises FileError for a sidecar that cannot be read, and for a file that is not what its sidecar was written
    for: cut off, or changed.
    """
    beside = sidecar_path(path)
    try:
        text = beside.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(beside, f"cannot be read: {error.strerror}") from error
    remedy = f"take a whole copy of both, or delete {beside.name}: the device is then not known"
    try:
        sidecar = msgspec.json.decode(text, type=Sidecar)
        sidecar.further_values()
        for key in (*sidecar.failures, *sidecar.absent):
            Address.parse(key)
    except (msgspec.DecodeError, ValueError, UsageError) as error:
        raise FileError(beside, f"is no whole sidecar of a snapshot: {error}", remedy=remedy) from error
    if sidecar.file.sha256 != digest(data):
        problem = f"is not the file that {beside.name} was written for: it was cut off, or changed"
        raise FileError(path, problem, remedy=remedy)
    return sidecar
