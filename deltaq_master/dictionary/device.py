"""What an EDS or DCF says about the device as a whole, and whether its lists and its objects agree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from deltaq_master.dictionary.numerals import number
from deltaq_master.dictionary.objects import COMPACT_TABLES, FIRST_INDEX, LAST_TYPE, Object
from deltaq_master.dictionary.sections import NOT_IN_FILE, Reading, Section, Sections
from deltaq_master.errors import FileError

MAX_NODE_ID: Final = 127
"""Node-IDs are 1 to 127 (CiA 301)."""

NUMBERS: Final = (
    *(f"BaudRate_{rate}" for rate in (10, 20, 50, 125, 250, 500, 800, 1000)),
    *("VendorNumber", "ProductNumber", "RevisionNumber"),
    *("SimpleBootUpMaster", "SimpleBootUpSlave", "Granularity", "DynamicChannelsSupported"),
    *("GroupMessaging", "NrOfRXPDO", "NrOfTXPDO", "LSS_Supported"),
)
TEXTS: Final = ("VendorName", "ProductName", "OrderCode")
FILE_INFO: Final = (
    *("FileName", "FileVersion", "FileRevision", "EDSVersion", "Description", "LastEDS"),
    *("CreationTime", "CreationDate", "CreatedBy", "ModificationTime", "ModificationDate", "ModifiedBy"),
)
DUMMIES: Final = range(1, 8)
"""Data types that [DummyUsage] speaks of."""

_COMMISSIONING: Final = ("devicecomissioning", "devicecommissioning")
"""CiA 306 spells it with one m; so do most files."""
_LISTS: Final = ("mandatoryobjects", "optionalobjects", "manufacturerobjects")
_KNOWN: Final = frozenset(
    ("fileinfo", "deviceinfo", "dummyusage", "comments", "tools", "dynamicchannels", *_COMMISSIONING, *_LISTS)
)
_KNOWN_FORM: Final = re.compile(r"[0-9a-f]{4}objectlinks|tool[0-9]+")
_INDEX_FORM: Final = re.compile(r"([0-9a-f]{2,4})(?:sub[0-9a-f]{1,2})?")
_COMPACT_FORM: Final = re.compile(rf"([0-9a-f]{{4}})(?:{'|'.join(COMPACT_TABLES)})")
_MODULE_FORM: Final = re.compile(r"supportedmodules|m[0-9]+.*")
_COMMENT: Final = re.compile("line[0-9]+")

_NOTHING: Final = Section("", NOT_IN_FILE)


@dataclass(frozen=True, slots=True)
class Device:
    """The file's [DeviceInfo], [DeviceComissioning], [DummyUsage], [Comments] and [FileInfo]."""

    texts: dict[str, str]
    numbers: dict[str, int]
    dummies: tuple[int, ...]
    """Data types that may be mapped as fillers."""
    comments: tuple[str, ...]
    file_info: dict[str, str]
    baud_rate: int | None
    """[kbit/s]"""
    commissioned: bool
    """True for a DCF, which names its node-ID."""


def node_id_of(reading: Reading, sections: Sections) -> int:
    """Node-ID that the file is read for: the one asked for, else the one that a DCF was made for.

    Raises FileError where neither is given.
    """
    section = _commissioning(sections)
    named = number(reading, section, "nodeid")
    asked = reading.node_id
    if named is None:
        if asked is None:
            remedy = f"load it with one, 1 to {MAX_NODE_ID}"
            raise reading.broken(section.line, "the file names no node-ID", remedy=remedy)
        return asked
    line, spelling = section.keys["nodeid"][1:]
    if asked is None:
        if not 1 <= named <= MAX_NODE_ID:
            raise reading.broken(line, f"{named} is not within 1 to {MAX_NODE_ID}", key=spelling)
        return named
    if named != asked:
        reading.warn(line, f"the file is made for node-ID {named}, and loaded for {asked}")
    return asked


def read_device(reading: Reading, sections: Sections) -> Device:
    """Read what is no object. Raises FileError for a broken number."""
    info = sections.get("deviceinfo", _NOTHING)
    if info is _NOTHING:
        reading.warn(1, "the file has no [DeviceInfo], which is mandatory")
    commissioning = _commissioning(sections)
    comments = sections.get("comments", _NOTHING)
    usage = sections.get("dummyusage", _NOTHING)
    about = sections.get("fileinfo", _NOTHING)
    numbers = {key: _harmless(reading, info, key.lower()) for key in NUMBERS}
    if number(reading, info, "compactpdo"):
        line = info.keys["compactpdo"][1]
        reading.warn(line, "CompactPDO is not expanded: only PDOs with sections of their own are known")
    return Device(
        texts={key: text for key in TEXTS if (text := info.text(key.lower()))},
        numbers={key: value for key, value in numbers.items() if value is not None},
        dummies=tuple(kind for kind in DUMMIES if number(reading, usage, f"dummy{kind:04d}")),
        comments=tuple(text for key, (text, _, _) in comments.keys.items() if _COMMENT.fullmatch(key)),
        file_info={key: text for key in FILE_INFO if (text := about.text(key.lower()))},
        baud_rate=_harmless(reading, commissioning, "baudrate"),
        commissioned=commissioning is not _NOTHING,
    )


def check(reading: Reading, sections: Sections, objects: Iterable[Object]) -> None:
    """Warn where lists and objects do not agree, and of sections that nothing was read from."""
    described = {found.index: found for found in objects}
    _check_lists(reading, sections, described)
    modules = False
    for name, section in sections.items():
        if name in _KNOWN or _KNOWN_FORM.fullmatch(name) or _is_index(name):
            continue
        compact = _COMPACT_FORM.fullmatch(name)
        if compact is None and _MODULE_FORM.fullmatch(name):
            modules = modules or name != "supportedmodules" or bool(number(reading, section, "nrofentries"))
        elif compact is None:
            reading.warn(section.line, f"[{section.name}] is no known section; not read")
        elif not number(reading, sections.get(compact[1], _NOTHING), "compactsubobj"):
            reading.warn(section.line, f"[{section.name}] belongs to no CompactSubObj; not read")
    if modules:
        line = next(section.line for name, section in sections.items() if _MODULE_FORM.fullmatch(name))
        reading.warn(line, "the objects of modules are not read")


def _is_index(name: str) -> bool:
    """True for sections of objects and of data types, False where the index is none of either."""
    match = _INDEX_FORM.fullmatch(name)
    return match is not None and not LAST_TYPE < int(match[1], 16) < FIRST_INDEX


def _check_lists(reading: Reading, sections: Sections, described: dict[int, Object]) -> None:
    lists = [sections[name] for name in _LISTS if name in sections]
    if not lists:
        reading.warn(1, "the file lists no objects; all that it describes are taken")
        return
    listed: set[int] = set()
    for section in lists:
        indices = {key: number(reading, section, key) for key in section.keys if key.isdecimal()}
        expected = number(reading, section, "supportedobjects")
        if expected not in (None, len(indices)):
            line = section.keys["supportedobjects"][1]
            reading.warn(
                line, f"[{section.name}] lists {len(indices)} objects, SupportedObjects says {expected}"
            )
        for key, index in indices.items():
            if index is not None and index not in described and index >= FIRST_INDEX:
                line = section.keys[key][1]
                reading.warn(line, f"{index:04X}h is listed, but has no section; it is not known")
            listed.add(index or 0)
    for index, found in described.items():
        if index not in listed and found.line != NOT_IN_FILE:
            reading.warn(found.line, f"{index:04X}h is not listed, but has a section; it is taken")


def _harmless(reading: Reading, section: Section, key: str) -> int | None:
    """A number that nothing depends on: what is none is left out."""
    try:
        return number(reading, section, key)
    except FileError as error:
        reading.warn(error.line, f"{error.key} is not taken: it is no number")
        return None


def _commissioning(sections: Sections) -> Section:
    return next((sections[name] for name in _COMMISSIONING if name in sections), _NOTHING)
