"""A DCF (CiA 306): the dictionary's own file, line by line as it is, with the values of one device in it."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from typing import Final

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import DataType, Entry
from deltaq_master.dictionary.objects import RECORD, VAR
from deltaq_master.dictionary.ordering import Values
from deltaq_master.dictionary.sections import Reading, Section, Sections, read_lines, read_sections
from deltaq_master.errors import UsageError

_COMMISSIONING: Final = "DeviceComissioning"
"""With one m, as CiA 306 and canopen spell it."""
_HOLDS_VALUES: Final = re.compile(r"[0-9a-f]{4}(?:sub[0-9a-f]{1,2})?")
_TABLE_OF_VALUES: Final = re.compile(r"[0-9a-f]{4}value")
_SHORTEST, _EXACT = 6, 9
"""Digits with which a REAL32 is tried, and with which any of them is exact."""


def write_dcf(
    dictionary: Dictionary,
    values: Values,
    *,
    bitrate_kbits: int | None = None,
    node_name: str = "",
    file_name: str = "",
) -> str:
    """Text of a DCF for the dictionary's node-ID whose ParameterValues are exactly `values`.

    Every other line of the dictionary's file stays as it is, comments too; line ends become LF. To be written as
    UTF-8. Sub-objects of a CompactSubObj go into its table of values, which canopen does not read. Texts come back
    without the zeros behind them. Raises UsageError for an address that the dictionary does not have and for a
    value that no DCF can hold (`parameter_text`), FileError for a file that has gone since it was loaded.
    """
    text = _Text(dictionary)
    text.drop_values()
    for address in sorted(values):
        text.set_value(dictionary[address], parameter_text(dictionary[address], values[address]))
    text.write_tables()
    text.commission(bitrate_kbits, " ".join(node_name.split()))
    text.name_files(file_name)
    return text.joined()


def parameter_text(entry: Entry, data: bytes) -> str:
    """An object's bytes as a DCF's ParameterValue: unsigned integers in hexadecimal, signed ones in decimal.

    Raises UsageError for what cannot be written in one: bytes that are not of the data type, nothing at all, a
    REAL that is no finite number, a text with line ends or with blanks at its ends.
    """
    kind = entry.data_type
    try:
        value = entry.decode(data)
    except ValueError as error:
        raise _unwritable(entry, str(error)) from None
    if isinstance(value, str):
        if not value or value != value.strip() or set(value) & set("\r\n\0"):
            raise _unwritable(entry, f"the text {value!r} has no place in a line")
        return value
    if isinstance(value, bytes):
        if not value:
            raise _unwritable(entry, "it is empty")
        return value.hex().upper()
    if kind.floating:
        if not math.isfinite(value):
            raise _unwritable(entry, f"{value} is no number")
        return _shortest(float(value), kind)
    return f"0x{value:0{2 * (kind.size or 1)}X}" if kind.integer and not kind.signed else str(value)


def _shortest(value: float, kind: DataType) -> str:
    if kind is DataType.REAL32:
        for digits in range(_SHORTEST, _EXACT):
            text = f"{value:.{digits}g}"
            if struct.pack("<f", float(text)) == struct.pack("<f", value):
                return text
        return f"{value:.{_EXACT}g}"
    return repr(value)


def _unwritable(entry: Entry, reason: str) -> UsageError:
    return UsageError(
        f"{entry.address} {entry.full_name} cannot be written into a DCF: {reason}", "leave it out"
    )


class _Text:
    """The lines of the dictionary's file, while values are put into them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._reading = Reading(dictionary.path, dictionary.node_id)
        lines = read_lines(self._reading)
        # One list for each line, by its number, so that what is put behind one does not move those below.
        self._lines: list[list[str]] = [[], *([line] for line in lines)]
        if not lines[-1]:
            self._lines.pop()
        self._sections: Sections = read_sections(self._reading)
        self._tables: dict[int, dict[str, str]] = {}

    def joined(self) -> str:
        return "".join(f"{line}\n" for made in self._lines for line in made)

    def drop_values(self) -> None:
        """Take out the values that a DCF has already."""
        for name, section in self._sections.items():
            if _HOLDS_VALUES.fullmatch(name) and "parametervalue" in section.keys:
                # The key stays known, so that a new value takes the place of the old one.
                self._lines[section.keys["parametervalue"][1]] = []
            elif _TABLE_OF_VALUES.fullmatch(name):
                for _, line, _ in section.keys.values():
                    self._lines[line] = []
                section.keys.clear()

    def set_value(self, entry: Entry, text: str) -> None:
        index, sub = entry.address.index, entry.address.sub
        head = self._sections.get(f"{index:04x}")
        if head is None:
            # Half of a PDO that was added when the file was read: it needs sections of its own.
            self._add(f"{index:04X}", {"ParameterName": entry.parent_name, "ObjectType": f"0x{RECORD:X}"})
            for other in self._dictionary:
                if other.address.index == index:
                    self._add_sub_object(other)
        section = self._sections.get(f"{index:04x}sub{sub:x}") if entry.parent_name else head
        if section is None and head is not None and sub:
            self._tables.setdefault(index, {})[str(sub)] = text
            return
        # Sub-index 0 of a CompactSubObj has no place in its table.
        self._set(section or self._add_sub_object(entry), "ParameterValue", text)

    def write_tables(self) -> None:
        """Write the tables of compact sub-objects, now that their values are known."""
        for index, texts in self._tables.items():
            self._put(f"{index:04X}Value", {"NrOfEntries": str(len(texts)), **texts})

    def commission(self, bitrate_kbits: int | None, node_name: str) -> None:
        misspelt = self._sections.get("devicecommissioning")
        if misspelt is not None and _COMMISSIONING.lower() not in self._sections:
            self._lines[misspelt.line][:1] = [f"[{_COMMISSIONING}]"]
            self._sections[_COMMISSIONING.lower()] = misspelt
        keys = {"NodeID": str(self._dictionary.node_id)}
        if node_name:
            keys["NodeName"] = node_name
        if bitrate_kbits is not None:
            keys["Baudrate"] = str(bitrate_kbits)
        self._put(_COMMISSIONING, keys)

    def name_files(self, file_name: str) -> None:
        keys = {"FileName": file_name} if file_name else {}
        about = self._sections.get("fileinfo")
        if about is None or not about.text("lasteds"):
            keys["LastEDS"] = self._dictionary.path.name
        self._put("FileInfo", keys)

    # --- lines --------------------------------------------------------------------------------------------

    def _put(self, name: str, keys: Mapping[str, str]) -> None:
        section = self._sections.get(name.lower()) or self._add(name, {})
        for key, text in keys.items():
            self._set(section, key, text)

    def _set(self, section: Section, key: str, text: str) -> None:
        """Replace the line of a key, or put a new one behind the section's last key."""
        line = f"{key}={text}"
        if key.lower() in section.keys:
            self._lines[section.keys[key.lower()][1]][:1] = [line]
        else:
            last = max((number for _, number, _ in section.keys.values()), default=section.line)
            self._lines[last].append(line)

    def _add(self, name: str, keys: Mapping[str, str]) -> Section:
        self._lines.append([""])
        section = Section(name, len(self._lines))
        self._lines.append([f"[{name}]", *(f"{key}={text}" for key, text in keys.items())])
        self._sections[name.lower()] = section
        return section

    def _add_sub_object(self, entry: Entry) -> Section:
        keys = {
            "ParameterName": entry.name,
            "ObjectType": f"0x{VAR:X}",
            "DataType": f"0x{entry.data_type:04X}",
            "AccessType": str(entry.access),
            "PDOMapping": str(int(entry.pdo_mappable)),
        }
        return self._add(f"{entry.address.index:04X}sub{entry.address.sub:X}", keys)
