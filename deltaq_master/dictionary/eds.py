"""EDS and DCF files (CiA 306), loaded for one node-ID through canopen's parser, with nothing lost on the way.

The file is read by `sections.py` and `objects.py`, which know its lines and repair what real files do;
canopen gets the text of `canonical.py` and builds its own objects; then both are compared, entry by entry.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from io import StringIO
from os import PathLike
from pathlib import Path

from canopen.objectdictionary import ObjectDictionary, ODArray, ODRecord, ODVariable, import_od

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.canonical import canonical
from deltaq_master.dictionary.device import MAX_NODE_ID, Device, check, node_id_of, read_device
from deltaq_master.dictionary.entry import Entry, Value
from deltaq_master.dictionary.items import Item
from deltaq_master.dictionary.objects import Object, read_objects
from deltaq_master.dictionary.pairs import complete_pairs
from deltaq_master.dictionary.sections import Reading, read_sections
from deltaq_master.errors import FileError, UsageError


class Dictionary:
    """What a device has, for one node-ID: entries by address, in index order, and canopen's own dictionary."""

    def __init__(
        self,
        path: Path,
        node_id: int,
        od: ObjectDictionary,
        objects: Iterable[Object],
        warnings: Iterable[str],
    ) -> None:
        self.path = path
        self.node_id = node_id
        self.od = od
        """canopen's object dictionary of the same file. A name that two objects share is in none of its
        look-ups by name: canopen would take the last one without a word."""
        self.warnings = tuple(warnings)
        """`line N: ...` for all that was repaired, guessed or not read; empty for a clean file."""
        self._objects = {found.index: found for found in objects}
        self._entries = {
            item.entry.address: item.entry for found in self._objects.values() for item in found.items
        }
        self.indices = frozenset(self._objects)
        """Indices of all objects."""
        self.parameter_values: dict[Address, bytes] = {
            item.entry.address: item.entry.default_bytes or b""
            for found in self._objects.values()
            for item in found.items
            if item.value is not None
        }
        """ParameterValue of each entry that has one, as bytes: what a DCF sets, nothing in an EDS."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, address: object) -> bool:
        return address in self._entries

    def __getitem__(self, address: Address) -> Entry:
        """The entry at an address. Raises UsageError that names what is there instead."""
        entry = self._entries.get(address)
        if entry is None:
            raise UsageError(f"{address} is not in {self.path.name}", self._neighbours(address.index))
        return entry

    def get(self, address: Address) -> Entry | None:
        """The entry at an address, None where there is none."""
        return self._entries.get(address)

    def find(self, text: str) -> Entry:
        """The entry of a name or of an address as it is written: `Identity Object.Vendor Id`, `0x1018:01`.

        Raises UsageError with near matches, or with the addresses of all entries of that name.
        """
        text = text.strip()
        if Address.written(text):
            return self[Address.parse(text)]
        found = self._names.get(text) or self._names_in_any_case.get(text.casefold(), [])
        if len(found) == 1:
            return found[0]
        if found:
            addresses = " and ".join(str(entry.address) for entry in found)
            raise UsageError(f"{text!r} is the name of {addresses}", "take one by its address")
        raise UsageError(f"no object is named {text!r} in {self.path.name}", self._near(text))

    @cached_property
    def _names(self) -> dict[str, list[Entry]]:
        names: dict[str, list[Entry]] = {}
        for entry in self:
            names.setdefault(entry.full_name, []).append(entry)
        return names

    @cached_property
    def _names_in_any_case(self) -> dict[str, list[Entry]]:
        names: dict[str, list[Entry]] = {}
        for entry in self:
            names.setdefault(entry.full_name.casefold(), []).append(entry)
        return names

    def _near(self, text: str) -> str:
        folded = text.casefold()
        for found in self._objects.values():
            if found.name.casefold() == folded:
                return f"name one of its sub-objects: {self._listed(found)}"
        near = difflib.get_close_matches(folded, self._names_in_any_case, 3)
        near += [name for name in self._names_in_any_case if name.endswith("." + folded)]
        names = (self._names_in_any_case[name][0].full_name for name in near)
        return f"did you mean {' or '.join(map(repr, names))}?" if near else "write a name or 0x6070:00"

    def _neighbours(self, index: int) -> str:
        found = self._objects.get(index)
        if found is not None:
            return f"{index:04X}h has {self._listed(found)}" if found.items else ""
        near = sorted(self._objects, key=lambda other: abs(other - index))[:3]
        return "near it are " + ", ".join(f"{other:04X}h" for other in sorted(near))

    @staticmethod
    def _listed(found: Object) -> str:
        return ", ".join(f"{item.entry.address} {item.entry.full_name!r}" for item in found.items)


class _NamedText(StringIO):
    name = "canonical.eds"
    """canopen chooses its parser by the name."""


def load(path: str | PathLike[str], node_id: int | None = None) -> Dictionary:
    """Load an EDS or DCF for a node-ID, by default the one that a DCF names.

    Raises FileError with path and line for a file that cannot be used, UsageError for a node-ID that is none.
    """
    if node_id is not None and not 1 <= node_id <= MAX_NODE_ID:
        raise UsageError(f"{node_id} is no node-ID", f"1 to {MAX_NODE_ID}")
    reading = Reading(path, node_id)
    device, objects, node_id = _read(reading)
    od = import_od(_NamedText(canonical(device, objects, node_id)), node_id)
    _align(reading, od, device, objects)
    return Dictionary(reading.path, node_id, od, objects, reading.warnings)


def _read(reading: Reading) -> tuple[Device, list[Object], int]:
    sections = read_sections(reading)
    node_id = reading.node_id = node_id_of(reading, sections)
    complete_pairs(reading, sections)
    objects = read_objects(reading, sections)
    device = read_device(reading, sections)
    check(reading, sections, objects)
    return device, objects, node_id


def _align(reading: Reading, od: ObjectDictionary, device: Device, objects: list[Object]) -> None:
    """Compare canopen's objects with ours, and set on them what its parser cannot carry."""
    names = Counter(found.name for found in objects)
    od.names = {f"Dummy{kind:04d}": od.indices[kind] for kind in device.dummies}
    for found in objects:
        theirs = od.indices.get(found.index)
        if found.plain and isinstance(theirs, ODVariable):
            _set(theirs, found.items[0])
        elif isinstance(theirs, ODRecord | ODArray) and len(theirs.subindices) == len(found.items):
            inside = Counter(item.entry.name for item in found.items)
            for item in found.items:
                _set(theirs.subindices[item.entry.address.sub], item)
            theirs.name = found.name
            theirs.names = {var.name: var for var in theirs.subindices.values() if inside[var.name] == 1}
        else:
            raise FileError(reading.path, f"canopen lost a part of {found.index:04X}h", line=found.line)
        if names[found.name] == 1:
            od.names[found.name] = theirs
    od.comments = "\n".join(device.comments)
    vars(od.device_information).update(
        vendor_name=device.texts.get("VendorName"),
        product_name=device.texts.get("ProductName"),
        order_code=device.texts.get("OrderCode"),
        granularity=device.numbers.get("Granularity"),
    )


def _set(theirs: ODVariable, item: Item) -> None:
    entry = item.entry
    known = vars(theirs)
    known.update(
        name=entry.name,
        min=entry.low,
        max=entry.high,
        factor=1 if entry.factor is None else entry.factor,
        unit=entry.unit,
        description=entry.description,
        pdo_mappable=entry.pdo_mappable,
    )
    # canopen's export writes the raw texts.
    if item.default is not None:
        known["default"] = item.default
        known.setdefault("default_raw", _written(item.default))
    if item.value is not None:
        known["value"] = item.value
        known["value_raw"] = _written(item.value)


def _written(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
