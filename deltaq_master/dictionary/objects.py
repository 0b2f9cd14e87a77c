"""Objects and sub-objects of an EDS or DCF, out of its sections (CiA 306, object descriptions)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.dictionary.items import Item, name_of, read_item
from deltaq_master.dictionary.numerals import number
from deltaq_master.dictionary.sections import NOT_IN_FILE, Key, Reading, Section, Sections
from deltaq_master.dictionary.values import default

DOMAIN, VAR, ARRAY, RECORD = 2, 7, 8, 9
"""Object types of CiA 301 that hold values."""

MAX_COMPACT: Final = 254
"""Sub-objects of a CompactSubObj at most: FFh has another meaning."""

COMPACT_TABLES: Final = ("name", "value", "denotation")
"""What follows the index in the names of the sections that tell compact sub-objects apart."""

FIRST_INDEX: Final = 0x1000
"""Below lie data types and dummies, which are no objects of the device."""

LAST_TYPE: Final = 0x025F
"""Indices up to here are data types; those up to FIRST_INDEX are reserved."""

_DECIMAL_SUB: Final = re.compile("[0-9]{1,3}")
_OBJECT: Final = re.compile(r"([0-9a-f]{4})(?:sub([0-9a-f]{1,2}))?")
_KINDS: Final = {VAR: "VAR", ARRAY: "ARRAY", RECORD: "RECORD"}
_KEYS: Final = frozenset(
    (
        *("parametername", "objecttype", "datatype", "accesstype", "pdomapping", "objflags"),
        *("defaultvalue", "parametervalue", "lowlimit", "highlimit", "subnumber", "compactsubobj"),
        *("denotation", "uploadfile", "downloadfile", "paramrefd", "storagelocation"),
        *("factor", "unit", "description"),
    )
)
"""Keys of an object: CiA 306's, StorageLocation of a known editor, and the three that canopen added."""


@dataclass(slots=True)
class Object:
    """One object with all its sub-objects, by sub-index."""

    index: int
    name: str
    kind: int
    line: int
    storage: str
    items: list[Item]

    @property
    def plain(self) -> bool:
        """True for VAR and DOMAIN, which have no sub-objects."""
        return self.kind in (VAR, DOMAIN)


def read_objects(reading: Reading, sections: Sections) -> list[Object]:
    """All objects by index. Raises FileError for a broken number, access or data type, and for none at all."""
    return _Objects(reading, sections).read()


class _Objects:
    def __init__(self, reading: Reading, sections: Sections) -> None:
        self._reading = reading
        self._sections = sections
        self._strange: Counter[str] = Counter()
        self._first: dict[str, Key] = {}
        self._item = partial(read_item, reading, sections)

    def read(self) -> list[Object]:
        heads: dict[int, Section] = {}
        subs: dict[int, dict[int, Section]] = {}
        for name, section in self._sections.items():
            match = _OBJECT.fullmatch(name)
            if match is None or (index := int(match[1], 16)) < FIRST_INDEX:
                continue
            if match[2] is None:
                heads[index] = section
            else:
                subs.setdefault(index, {})[int(match[2], 16)] = section
            if not section.keys.keys() <= _KEYS:
                for key in section.keys.keys() - _KEYS:
                    self._strange[key] += 1
                    self._first.setdefault(key, section.keys[key])
        for index in subs.keys() - heads.keys():
            heads[index] = self._head(index, next(iter(subs[index].values())))
        if not heads:
            raise self._reading.broken(
                NOT_IN_FILE, "describes no object", remedy="an EDS or DCF file is needed"
            )
        for key, times in self._strange.items():
            _, line, spelling = self._first[key]
            self._reading.warn(line, f"{spelling} is no known key ({times} times in the file); not read")
        return [self._object(index, heads[index], subs.get(index, {})) for index in sorted(heads)]

    def _head(self, index: int, first: Section) -> Section:
        self._reading.warn(first.line, f"[{first.name}] has no [{index:04X}]; read as part of a RECORD")
        head = Section(f"{index:04X}", first.line)
        head.keys["parametername"] = f"{index:04X}h", first.line, "ParameterName"
        head.keys["objecttype"] = str(RECORD), first.line, "ObjectType"
        return head

    def _object(self, index: int, head: Section, subs: dict[int, Section]) -> Object:
        compact = number(self._reading, head, "compactsubobj") or 0
        if not 0 <= compact <= MAX_COMPACT:
            line, spelling = head.keys["compactsubobj"][1:]
            raise self._reading.broken(line, f"{compact} is not within 0 to {MAX_COMPACT}", key=spelling)
        kind = self._kind(head, ARRAY if compact else RECORD if subs else VAR)
        name = name_of(self._reading, head, f"{index:04X}h")
        storage = head.text("storagelocation")
        found = Object(index, name, kind, head.line, storage, [])
        if found.plain:
            found.items.append(self._item(Address(index), head, domain=kind == DOMAIN))
            return found
        flags = number(self._reading, head, "objflags") or 0
        items = {
            sub: self._item(Address(index, sub), section, parent=name, flags=flags)
            for sub, section in subs.items()
        }
        if compact:
            items = self._compact(index, head, name, compact) | items
        else:
            self._check_number(head, len(subs))
        found.items.extend(items[sub] for sub in sorted(items))
        return found

    def _kind(self, head: Section, likely: int) -> int:
        """Object type; where sub-objects are there, it is an ARRAY or a RECORD whatever the file says."""
        kind = number(self._reading, head, "objecttype")
        if kind is None:
            kind = VAR
        has_subs = likely != VAR
        if kind in (ARRAY, RECORD) or (kind in (VAR, DOMAIN) and not has_subs):
            return kind
        reason = "has sub-objects" if has_subs else "is no object that holds a value"
        self._reading.warn(
            head.line, f"[{head.name}] {reason}, read as {_KINDS[likely]} and not as type {kind}"
        )
        return likely

    def _check_number(self, head: Section, subs: int) -> None:
        expected = number(self._reading, head, "subnumber")
        if not subs:
            self._reading.warn(head.line, f"[{head.name}] has no sub-objects, nothing of it can be reached")
        elif expected not in (None, subs):
            line = head.keys["subnumber"][1]
            self._reading.warn(line, f"[{head.name}] has {subs} sub-objects, SubNumber says {expected}")

    def _compact(self, index: int, head: Section, name: str, count: int) -> dict[int, Item]:
        """Sub-objects that share one description (CiA 306, CompactSubObj), sub-index 0 included."""
        size = Entry(
            Address(index), "NrOfObjects", DataType.UNSIGNED8, Access.RO, default=count, parent_name=name
        )
        items = {0: Item(size, count, None, None, "")}
        shared = self._item(Address(index, 1), head, parent=name)
        names, values, denotations = (self._table(index, table, count) for table in COMPACT_TABLES)
        for sub in range(1, count + 1):
            key = str(sub)
            value = default(self._reading, values, key, shared.entry.data_type)
            if value is None:
                value = shared.value
            entry = replace(
                shared.entry,
                address=Address(index, sub),
                name=names.text(key) or f"{name}{sub}",
                denotation=denotations.text(key) or shared.entry.denotation,
                default=shared.default if value is None else value,
            )
            items[sub] = replace(shared, entry=entry, value=value)
        return items

    def _table(self, index: int, table: str, count: int) -> Section:
        """One of the tables of an object with CompactSubObj, its keys as plain decimal sub-indices."""
        found = self._sections.get(f"{index:04x}{table}", Section("", NOT_IN_FILE))
        taken = Section(found.name, found.line)
        for key, written in found.keys.items():
            sub = int(key) if _DECIMAL_SUB.fullmatch(key) else 0
            if 0 < sub <= count:
                taken.keys.setdefault(str(sub), written)
            elif key != "nrofentries":
                _, line, spelling = written
                self._reading.warn(line, f"[{found.name}] has {spelling}, which is no sub-object; not read")
        return taken
