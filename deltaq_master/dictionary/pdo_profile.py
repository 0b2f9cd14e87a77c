"""PDO profiles: what somebody wants the PDOs of a device to be, from a TOML file, a DCF or an EDS.

One door to two rooms: `wanted_pdos.py` has the values, `profile_text.py` knows the TOML.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.device import node_id_of
from deltaq_master.dictionary.dump import PdoDump, defaults
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.profile_text import profile_of
from deltaq_master.dictionary.sections import Reading, read_sections
from deltaq_master.dictionary.wanted_pdos import PdoProfile, PdoWanted, profile_of_dump, values_of
from deltaq_master.errors import FileError

__all__ = ["PdoProfile", "PdoWanted", "profile_of", "profile_of_dump", "read_profile", "values_of"]

_IDENTITY: Final = (Address(0x1000), Address(0x1018, 1), Address(0x1018, 2))
"""Objects whose values a DCF and the EDS of its device have in common."""


def read_profile(path: str | PathLike[str], dictionary: Dictionary) -> PdoProfile:
    """A profile of a file: TOML by its suffix, else a DCF or EDS, whose values are taken for all its PDOs.

    Raises FileError for a file that cannot be read, is wrong, or is for another device or node-ID.
    """
    path = Path(path)
    if path.suffix.lower() != ".toml":
        return _of_dictionary(path, dictionary)
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(path, "is no UTF-8 text", remedy="TOML is UTF-8") from None
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None
    return profile_of(text, str(path), dictionary)


def _of_dictionary(path: Path, dictionary: Dictionary) -> PdoProfile:
    node_id = _made_for(path)
    if node_id not in (None, dictionary.node_id):
        problem = f"it is made for node-ID {node_id}, and node {dictionary.node_id} is meant"
        raise FileError(path, problem, remedy="take the file of this node, or the node-ID of the file")
    theirs = load(path, dictionary.node_id)
    for address in _IDENTITY:
        there, here = theirs.get(address), dictionary.get(address)
        values = [entry.default for entry in (there, here) if entry is not None and entry.default is not None]
        if len(values) == 2 and values[0] != values[1]:
            problem = f"it is for another device: its {address} is {values[0]!r}, {values[1]!r} is expected"
            raise FileError(path, problem, remedy=f"take a file that goes with {dictionary.path.name}")
    dump = defaults(theirs)
    for record in dump.records:
        if record.count is not None and record.count != len(record.words):
            index = record.mapping_index
            problem = f"{record.name} maps {record.count} objects, and {len(record.words)} of them are given"
            raise FileError(path, problem, key=f"[{index:X}sub{len(record.words) + 1:X}]")
    return profile_of_dump(PdoDump(dump.records, path.name), path.stem)


def _made_for(path: Path) -> int | None:
    """The node-ID that a DCF names, None for an EDS. Raises FileError."""
    reading = Reading(path, None)
    sections = read_sections(reading)
    try:
        return node_id_of(reading, sections)
    except FileError:
        return None
