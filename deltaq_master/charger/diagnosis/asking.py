"""What the charger was asked for, by RPDO or by SDO: the latest value of each object, and the way ready took."""

from __future__ import annotations

from typing import Final

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis.chronicle import Chronicle
from deltaq_master.charger.diagnosis.known import KnownPdo, Seen
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry

MEASURED: Final = frozenset(
    (objects.CURRENT, *objects.VOLTAGES, objects.BATTERY_TEMPERATURE, objects.BATTERY_VOLTAGE)
)
"""What an RPDO tells the charger of the battery."""
TOLD: Final = objects.COMMANDS | MEASURED
NEWS: Final = 1.0
"""Change of a voltage request [V] that is worth remembering."""


class Ready:
    """6000h as it was commanded."""

    def __init__(self) -> None:
        self.value: Seen | None = None
        """The latest command."""
        self.zero: Seen | None = None
        """The last 0 that the charger took."""
        self.first_one: Seen | None = None
        """The 1 before which the charger had taken no 0, None while there is none."""
        self.zero_sent = False
        """True if a 0 was on the bus at all, taken or not."""
        self.witnessed = False
        """True if the beginning of the commands was seen, so that no 0 can have come before."""
        self.back: Seen | None = None
        """The command that took ready away, None while it is 1 or never was."""

    def tell(self, seen: Seen, taken: bool, taken_before: bool, witnessed: bool) -> None:
        """Take a command; `taken_before` says whether the charger took the last frame of the one before it."""
        before, self.value = self.value, seen
        if before is None:
            self.witnessed = witnessed
        if not seen.raw & 1:
            self.zero_sent = True
            if taken:
                self.zero = seen
            if before is not None and before.raw & 1:
                self.back = seen
            return
        self.back = None
        if before is not None and before.raw & 1:
            return
        if before is not None and taken_before:
            self.zero = before
        self.first_one = seen if self.zero is None else None


class Asked:
    """The latest value of every command object, and of what the charger was told of the battery."""

    def __init__(self, chronicle: Chronicle) -> None:
        self.values: dict[Address, Seen] = {}
        self.ready = Ready()
        self._chronicle = chronicle
        self._from_start = True

    def forget(self, from_start: bool) -> None:
        """Nothing is known to be asked any more; `from_start` says whether nothing was asked before, either."""
        self.values.clear()
        self.ready = Ready()
        self._from_start = from_start

    def drop(self, pdo: KnownPdo) -> None:
        """A frame of this RPDO could not be taken: what it said before is asked no more."""
        for slot in pdo.record.mapping.slots:
            self.values.pop(slot.address, None)
            if slot.address == objects.BATTERY_STATUS and self.ready.value is not None:
                self.ready = Ready()
                self._from_start = False

    def by_frame(
        self,
        pdo: KnownPdo,
        data: bytes,
        frame: str,
        time: float,
        taken: bool,
        taken_before: bool,
        witnessed: bool,
    ) -> None:
        """Take an RPDO of the right length."""
        word = int.from_bytes(data, "little")
        source = pdo.record.name
        for slot in pdo.record.mapping.slots:
            if slot.address not in TOLD or slot.opaque or slot.entry is None:
                continue
            raw = word >> slot.offset & (1 << slot.bits) - 1
            seen = Seen(raw, time, source, frame)
            self._take(slot.address, slot.entry, seen, taken, taken_before, witnessed)

    def by_write(self, entry: Entry, seen: Seen, witnessed: bool) -> None:
        """Take a write that the charger has confirmed."""
        if entry.address in TOLD:
            self._take(entry.address, entry, seen, True, True, witnessed)

    def latest(self, addresses: tuple[Address, ...]) -> tuple[Address, Seen] | None:
        """The latest of several names of one thing."""
        found = [(address, self.values[address]) for address in addresses if address in self.values]
        return max(found, key=lambda each: each[1].time, default=None)

    def _take(
        self, address: Address, entry: Entry, seen: Seen, taken: bool, taken_before: bool, witnessed: bool
    ) -> None:
        before = self.values.get(address)
        self.values[address] = seen
        if address == objects.BATTERY_STATUS:
            self.ready.tell(seen, taken, taken_before, witnessed and self._from_start)
        if before is not None and before.raw == seen.raw:
            return
        self._note(address, entry, before, seen)

    def _note(self, address: Address, entry: Entry, before: Seen | None, seen: Seen) -> None:
        if address in objects.CURRENT_REQUESTS:
            if before is not None and bool(before.raw) == bool(seen.raw):
                return
            name = "the current request"
        elif address in objects.VOLTAGE_REQUESTS:
            if before is not None and abs(before.raw - seen.raw) * (entry.factor or 1.0) < NEWS:
                return
            name = "the voltage request"
        elif address == objects.BATTERY_STATUS:
            name = "ready (6000h)"
        elif address == objects.OVERRIDE:
            name = "the label of the cycle (4201h)"
        else:
            return
        shown = quantity_of(entry, seen.raw)
        was = f"goes from {quantity_of(entry, before.raw)} to" if before is not None else "is first seen as"
        self._chronicle.note(seen.time, f"{name} {was} {shown} ({seen.source})")


def value_of(entry: Entry, raw: int) -> float | None:
    """The value of a raw number in the entry's unit, None for the one that means 'no valid value'."""
    size = entry.data_type.size
    if size is None or raw >> 8 * size:
        return None
    value = entry.decode(raw.to_bytes(size, "little"))
    if not isinstance(value, int | float) or value != value or value == entry.invalid:
        return None
    phys = entry.phys(value)
    return float(phys) if isinstance(phys, int | float) else None


def quantity_of(entry: Entry, raw: int) -> str:
    """A raw number for people: '82.0 V', '1'."""
    value = value_of(entry, raw)
    if value is None:
        return "no valid value"
    return f"{round(value, 2)} {entry.unit}" if entry.unit else f"{value:g}"
