"""Objects of the charger, read one by one: rows for programs and people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deltaq_master.charger import objects
from deltaq_master.cli.meanings import meaning, untrusted
from deltaq_master.dictionary.entry import Entry
from deltaq_master.errors import SdoAbortError, SdoError, SdoTimeoutError
from deltaq_master.link.device.device import HEARTBEAT_WAIT, silent
from deltaq_master.link.sdo.reading import ABSENT
from deltaq_master.master import Charger
from deltaq_master.scanner.inventory import held
from deltaq_master.units import quantity

MANUFACTURER = 0x2000
"""First index of the manufacturer's own objects (CiA 301)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One object: its value, or why there is none."""

    object: str = quantity("", "address: 6070h:00")
    name: str = quantity("", "name in the EDS")
    value: int | float | str | None = quantity(
        "", "in `unit`; null without a valid value, or without an answer"
    )
    unit: str = quantity("", "unit of the value")
    raw: int | float | str | None = quantity("", "as it lies in the device, bytes in hexadecimal")
    shown: str = quantity("", "the value for people")
    note: str = quantity("", "what it means, or why not to believe it")
    absent: bool = quantity("", "the device has no such object", default=False)
    problem: str = quantity("", "why it could not be read, '' if it was, or is absent", default="")


def read_rows(charger: Charger, entries: Iterable[Entry]) -> Iterator[Row]:
    """Rows as they are read, by SDO reads alone. Raises SilentError for a device that is not there."""
    for entry in entries:
        try:
            yield read_row(charger, entry)
        except SdoTimeoutError as error:
            if charger.nmt.reported is None and not charger.nmt.wait_heard(HEARTBEAT_WAIT):
                raise silent(charger.node.id, error.waited + HEARTBEAT_WAIT) from error
            yield _failed(entry, error)
        except SdoError as error:
            yield _failed(entry, error)


def read_row(charger: Charger, entry: Entry) -> Row:
    """One row. Raises SdoError."""
    address = entry.address
    seen = held(entry, charger.node.sdo.upload(address.index, address.sub))
    shown, note = seen.shown, ""
    if isinstance(seen.raw, int):
        note = meaning(address, seen.raw)
        # A manufacturer's number without a unit and without a meaning here is a count, not a pattern of bits.
        if not (seen.unit or note) and address.index >= MANUFACTURER:
            shown = str(seen.raw)
        if address == objects.CURRENT:
            note = untrusted(_status(charger))
    notes = "; ".join(filter(None, (seen.note, note)))
    return Row(str(address), seen.name, seen.value, seen.unit, seen.raw, shown, notes)


def _status(charger: Charger) -> bytes | None:
    with contextlib.suppress(SdoError):
        return charger.node.sdo.upload(objects.STATUS.index, objects.STATUS.sub)
    return None


def _failed(entry: Entry, error: SdoError) -> Row:
    absent = isinstance(error, SdoAbortError) and error.code in ABSENT
    problem = "" if absent else str(error)
    shown = "absent" if absent else "not read"
    return Row(str(entry.address), entry.full_name, None, entry.unit, None, shown, problem, absent, problem)
