"""Which objects of its EDS a device has, and what they hold: any device, by SDO reads alone."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry, Value
from deltaq_master.link.sdo.reading import Reader
from deltaq_master.protocol.fields import value_field
from deltaq_master.units import quantity

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient


@dataclass(frozen=True, slots=True)
class Held:
    """One object of the EDS: what the device holds there, or why that is not known."""

    address: Address
    name: str = quantity("", "name in the EDS, its object's before it")
    value: int | float | str | None = quantity(
        "", "in `unit`; None without a valid value or without an answer"
    )
    unit: str = quantity("", "unit of the value")
    raw: int | float | str | None = quantity("", "as it lies in the device, bytes in hexadecimal")
    shown: str = quantity("", "the value for people")
    note: str = quantity("", "what is to be known about it", default="")
    absent: bool = quantity("", "the device says that it has no such object", default=False)
    problem: str = quantity("", "why it could not be read, '' if it was, or is absent", default="")


def readable(dictionary: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that may be read, in their order."""
    return tuple(entry for entry in dictionary if entry.readable)


def inventory(client: TransferClient, entries: Iterable[Entry]) -> Generator[Held]:
    """Read these entries one after another, and give each as it comes.

    A device that stops answering is not asked on; the rest says so. Raises BusError and CallError.
    """
    reader = Reader(client)
    for entry in entries:
        address = entry.address
        reader.read((address,))
        data = reader.found[address]
        if data is not None:
            yield held(entry, data)
        elif address in reader.absent:
            note = reader.absent[address]
            yield Held(address, entry.full_name, None, entry.unit, None, "absent", note, absent=True)
        else:
            problem = reader.failures[address]
            yield Held(address, entry.full_name, None, entry.unit, None, "not read", problem, problem=problem)


def held(entry: Entry, data: bytes) -> Held:
    """What the bytes of an object say by its EDS; bytes that do not fit it are shown as they are."""
    try:
        raw = entry.decode(data)
    except ValueError as error:
        text = data.hex(" ").upper()
        return Held(entry.address, entry.full_name, text, "", text, text, str(error))
    field = value_field(entry, raw)
    shown = field.shown or "(empty)"
    return Held(entry.address, entry.full_name, field.value, field.unit, _plain(raw), shown, field.note)


def _plain(raw: Value) -> int | float | str:
    return raw.hex(" ").upper() if isinstance(raw, bytes) else raw
