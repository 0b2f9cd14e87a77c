"""Which objects are a device's configuration: what may be read, written, and is not for something else."""

from __future__ import annotations

from typing import Final

from deltaq_master.dictionary.entry import DataType, Entry
from deltaq_master.protocol.guard import Policy

_ACTIONS: Final = {
    0x1003: "its error history",
    0x1010: "the command that stores its values",
    0x1011: "the command that restores its defaults",
    **dict.fromkeys(range(0x1F50, 0x1F60), "its program"),
}
"""Objects of CiA 301 and 302 that are no settings, though they can be read and written."""


def excluded(entry: Entry, policy: Policy) -> str:
    """Why an object is no configuration, in words that follow `it is`; '' for one that is."""
    if entry.address in policy.commands:
        return "a command object"
    if not (entry.readable and entry.writable):
        return f"{entry.access.value} in the EDS"
    if entry.pdo_mappable:
        return "process data (PDOMapping=1)"
    return _ACTIONS.get(entry.address.index, "")


def is_configuration(entry: Entry, policy: Policy) -> bool:
    """True for an object that a snapshot holds as a value, and an apply may write."""
    return not excluded(entry, policy)


def is_worth_reading(entry: Entry, policy: Policy) -> bool:
    """True for what a snapshot reads: all that may be read, but no programs and other large blocks."""
    return entry.readable and (entry.data_type is not DataType.DOMAIN or is_configuration(entry, policy))


def same(entry: Entry, one: bytes, other: bytes) -> bool:
    """True for bytes that are one value: zeros behind a text do not count."""
    if one == other:
        return True
    return entry.data_type.text and one.rstrip(b"\0") == other.rstrip(b"\0")
