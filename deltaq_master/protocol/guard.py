"""Which writes are refused, whoever asks: what the EDS protects, a device's own watchdogs, commands.

A write that is wanted all the same has to name the object; commands cannot be named, they belong to whoever
keeps the device's safe order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry
from deltaq_master.errors import RefusedError

CONSUMER_HEARTBEAT = 0x1016
RPDO_COMMUNICATION = range(0x1400, 0x1600)
EVENT_TIMER = 5


def _idle(_: Mapping[Address, bytes | None]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What tools must know of a kind of device before they write to it, beyond what its EDS says."""

    commands: frozenset[Address] = frozenset()
    """Objects that make the device do something: no tool writes them."""
    harmless: frozenset[Address] = frozenset()
    """Those among them that may be written 0."""
    status: tuple[Address, ...] = ()
    """Objects to read before a change, for `busy`."""
    busy: Callable[[Mapping[Address, bytes | None]], str] = _idle
    """Why the device must not be changed now, given what was read of `status`; '' if it may."""


def is_watchdog(address: Address) -> bool:
    """True for what a device uses to notice that its master is gone: 1016h:01.. and 140nh:05 (CiA 301)."""
    if address.index == CONSUMER_HEARTBEAT:
        return address.sub > 0
    return address.index in RPDO_COMMUNICATION and address.sub == EVENT_TIMER


def check_write(
    entry: Entry,
    data: bytes,
    *,
    present: bytes | None = None,
    named: Collection[Address] = (),
    commands: Collection[Address] = (),
    harmless: Collection[Address] = (),
) -> None:
    """Raise RefusedError for a write that a rule forbids.

    `present` is the object's value in the device, where it was read; `commands` are the objects that make the
    device do something, of which those in `harmless` may be written 0.
    """
    action = f"writing {entry.full_name} ({entry.address})"
    address = entry.address
    if not entry.writable:
        raise RefusedError(action, f"its access is {entry.access.value} in the EDS")
    if address in commands and (address not in harmless or any(data)):
        raise RefusedError(
            action,
            "it is a command object, which belongs to the charge cycle",
            "use the charge command, or --force-command with limits",
        )
    if address in named:
        return
    if entry.refuse_write:
        raise RefusedError(
            action,
            f"the EDS forbids it: {entry.description or 'ObjFlags = 1'}",
            f"if you are sure, name it: --allow {_written(address)}",
        )
    if is_watchdog(address) and _weakens(address, data, present):
        raise RefusedError(
            action,
            "it would switch off or lengthen the device's own watch over its master",
            f"if you are sure, name it: --allow {_written(address)}",
        )


def _weakens(address: Address, data: bytes, present: bytes | None) -> bool:
    """True if the new time is off, longer, or for another node; unknown counts as weakened."""
    if present is None:
        return True
    new, old = int.from_bytes(data, "little"), int.from_bytes(present, "little")
    consumer = address.index == CONSUMER_HEARTBEAT
    if old & 0xFFFF == 0:
        # There was no watch that could be weakened; for an RPDO, 0 is still 'switch it off'.
        return not consumer and new == 0
    elsewhere = consumer and new >> 16 != old >> 16
    return elsewhere or new & 0xFFFF == 0 or new & 0xFFFF > old & 0xFFFF


def _written(address: Address) -> str:
    return f"0x{address.index:04X}:{address.sub:02X}"
