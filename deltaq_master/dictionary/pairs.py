"""PDO parameters come in pairs: 14xxh with 16xxh, 18xxh with 1Axxh. Half a pair in an EDS is completed."""

from __future__ import annotations

from typing import Final

from deltaq_master.dictionary.dump import TO_MAPPING
from deltaq_master.dictionary.sections import NOT_IN_FILE, Reading, Section, Sections

_COMMUNICATION: Final = {
    "": {"ParameterName": "{kind} communication parameter {number}", "ObjectType": "9"},
    "sub0": {"ParameterName": "Highest sub-index supported", "DataType": "5", "AccessType": "ro"},
    "sub1": {"ParameterName": "COB-ID", "DataType": "7", "AccessType": "rw"},
    "sub2": {"ParameterName": "Transmission type", "DataType": "5", "AccessType": "rw"},
    "sub3": {"ParameterName": "Inhibit time", "DataType": "6", "AccessType": "rw"},
    "sub5": {"ParameterName": "Event timer", "DataType": "6", "AccessType": "rw"},
}
_MAPPING: Final = {
    "": {"ParameterName": "{kind} mapping parameter {number}", "ObjectType": "9"},
    "sub0": {"ParameterName": "Number of mapped objects", "DataType": "5", "AccessType": "rw"},
    **{
        f"sub{slot:x}": {"ParameterName": f"Mapped object {slot}", "DataType": "7", "AccessType": "rw"}
        for slot in range(1, 9)
    },
}


def complete_pairs(reading: Reading, sections: Sections) -> None:
    """Add what CiA 301 says about the missing half, without any default, and warn."""
    for kind, first in (("RPDO", 0x1400), ("TPDO", 0x1800)):
        for communication in range(first, first + TO_MAPPING):
            mapping = communication + TO_MAPPING
            number = communication - first + 1
            here = sections.get(f"{communication:04x}")
            there = sections.get(f"{mapping:04x}")
            if here is not None and there is None:
                _add(reading, sections, here, mapping, _MAPPING, kind, number)
            elif there is not None and here is None:
                _add(reading, sections, there, communication, _COMMUNICATION, kind, number)


def _add(
    reading: Reading,
    sections: Sections,
    half: Section,
    index: int,
    pattern: dict[str, dict[str, str]],
    kind: str,
    number: int,
) -> None:
    reading.warn(half.line, f"[{half.name}] is half of {kind}{number}: {index:04X}h is added as in CiA 301")
    for suffix, keys in pattern.items():
        section = Section(f"{index:04X}{suffix}", NOT_IN_FILE)
        section.keys = {
            key.lower(): (text.format(kind=kind, number=number), NOT_IN_FILE, key)
            for key, text in keys.items()
        }
        sections.setdefault(section.name.lower(), section)
