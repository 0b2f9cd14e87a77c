"""From one frozen request to whole frames, by the mapping that was read off this very device.

Nothing here knows a layout: the mapping is per charger configuration, and a device whose mapping leaves a doubt
about what it would be told is refused with the reason.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass

from deltaq_master.charger import objects
from deltaq_master.charger.battery import BatteryReading
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import DataType, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoRecord, Slot
from deltaq_master.errors import LimitError
from deltaq_master.protocol.boot import Refusal
from deltaq_master.protocol.cob_ids import restricted
from deltaq_master.units import Scale, quantity


@dataclass(frozen=True, slots=True)
class Request:
    """All that the charger is told in one period."""

    ready: bool
    voltage: float = quantity("V", "voltage request: the charge's own target, also while not ready")
    current: float = quantity("A", "current request")
    reading: BatteryReading | None = None
    """What is known of the battery, passed on where the mapping has a place for it."""


EVENT_DRIVEN = (0xFE, 0xFF)
"""Transmission types by which a device takes an RPDO when it comes (CiA 301); others wait for SYNC."""

DUMMIES = range(0x0001, 0x0020)
"""Indices of the data types, which a mapping uses as dummies (CiA 301)."""
FULL = 100.0


def _soc(reading: BatteryReading) -> float | None:
    """6081h knows 0 to 100 %, and FFh for 'not known' (CiA 419)."""
    return reading.soc if reading.soc is not None and reading.soc <= FULL else None


_MEASURED: dict[Address, Callable[[BatteryReading], float | None]] = {
    objects.BATTERY_SOC: _soc,
    objects.BATTERY_TEMPERATURE: lambda reading: reading.temperature,
    objects.BATTERY_VOLTAGE: lambda reading: reading.voltage,
    objects.CURRENT: lambda reading: reading.current,
    **{address: (lambda reading: reading.voltage) for address in objects.VOLTAGES},
}
_ZERO = frozenset((objects.OVERRIDE, objects.RX_FILL, *objects.PADDING))

Fill = Callable[[Request], int]


@dataclass(frozen=True, slots=True)
class CommandPdo:
    """One RPDO that we send, with the way to fill each of its slots."""

    record: PdoRecord
    fills: tuple[Fill, ...]
    commands: bool
    """False for one that carries measurements only: it is sent only when there are readings."""

    @property
    def cob_id(self) -> int:
        """COB-ID on which the device receives it."""
        assert self.record.cob_id is not None  # a record that is not complete is refused
        return self.record.cob_id

    def image(self, request: Request) -> bytes:
        """The whole frame for one request."""
        return self.record.mapping.codec.encode([fill(request) for fill in self.fills])


@dataclass(frozen=True, slots=True)
class CommandLayout:
    """The RPDOs that carry our request to this device, all of them checked."""

    pdos: tuple[CommandPdo, ...]
    current_entry: Entry
    voltage_entry: Entry
    event_timers_ms: tuple[int, ...]
    """Event timer (sub-index 5) of each RPDO that carries a command object; 0 is 'off, or not told' [U]."""

    def frames(self, request: Request) -> tuple[tuple[int, bytes], ...]:
        """COB-ID and data of all that is to be sent for one request."""
        with_reading = request.reading is not None
        return tuple((pdo.cob_id, pdo.image(request)) for pdo in self.pdos if pdo.commands or with_reading)

    @property
    def cob_ids(self) -> frozenset[int]:
        """COB-IDs that are ours to send, and nobody else's."""
        return frozenset(pdo.cob_id for pdo in self.pdos)

    def quantum(self) -> float:
        """The smallest step of the current request [A]."""
        scale = self.current_entry.scale
        return scale.factor if scale else 0.0


def layout(dump: PdoDump) -> CommandLayout | Refusal:
    """Find and check the command objects among the device's RPDOs (rule 2 of docs/architecture.md)."""
    chosen: list[PdoRecord] = []
    entries: list[Entry] = []
    for name, addresses in (
        ("Battery Status", (objects.BATTERY_STATUS,)),
        ("current request", objects.CURRENT_REQUESTS),
        ("voltage request", objects.VOLTAGE_REQUESTS),
    ):
        found = _command(dump, name, addresses)
        if isinstance(found, Refusal):
            return found
        entry, records = found
        entries.append(entry)
        chosen.extend(record for record in records if record not in chosen)
    measured = [record for record in dump.rpdos if record not in chosen and _measurements_only(record)]
    pdos = []
    for record in sorted((*chosen, *measured), key=lambda record: record.number):
        if (refusal := _sound(record)) is not None:
            if record in chosen:
                return refusal
            continue
        fills = [_fill(slot) for slot in record.mapping.slots]
        unfillable = [
            slot.name for slot, fill in zip(record.mapping.slots, fills, strict=True) if fill is None
        ]
        if unfillable and record not in chosen:
            continue
        if unfillable:
            text = f"no value is known for {', '.join(unfillable)}, which would be sent along"
            return _refusal(record, text)
        pdos.append(CommandPdo(record, tuple(fill for fill in fills if fill), record in chosen))
    if refusal := _shared(dump, pdos):
        return refusal
    timers = tuple(record.event_timer_ms or 0 for record in chosen)
    return CommandLayout(tuple(pdos), entries[1], entries[2], timers)


def _command(
    dump: PdoDump, name: str, addresses: tuple[Address, ...]
) -> tuple[Entry, list[PdoRecord]] | Refusal:
    """The one object by which something is commanded, and the enabled RPDOs that carry it."""
    anywhere = [
        (slot, record) for record in dump.rpdos for slot in record.mapping.slots if slot.address in addresses
    ]
    enabled = [(slot, record) for slot, record in anywhere if record.enabled]
    mapped = {slot.address for slot, _ in enabled}
    listed = " or ".join(str(address) for address in addresses)
    unread = [problem for record in dump.rpdos if not record.complete for problem in record.problems]
    if not enabled and unread:
        text = f"{name} ({listed}) was found in no RPDO, and not all could be read: {'; '.join(unread)}"
        return Refusal(
            "mapping", text, remedy="read again, or use an EDS that lists only the PDOs of this device"
        )
    if not anywhere:
        text = f"{name} ({listed}) is mapped in no RPDO, so it could not be commanded"
        return Refusal("mapping", text, remedy="remap the PDOs, or use the layout that the vendor configured")
    if not enabled:
        return _refusal(anywhere[0][1], f"{name} ({anywhere[0][0].address}) is mapped in a disabled RPDO")
    if len(mapped) > 1:
        both = " and ".join(sorted(str(address) for address in mapped))
        return Refusal("mapping", f"{name} is mapped as {both}: which of them rules is not known")
    slot = enabled[0][0]
    if slot.entry is None or slot.opaque:
        return _refusal(enabled[0][1], f"{name} ({slot.address}) has {slot.bits} bits, unlike in the EDS")
    if slot.entry.data_type.integer and slot.entry.scale is None and slot.address != objects.BATTERY_STATUS:
        return _refusal(
            enabled[0][1], f"{name} ({slot.address}) has no Factor in the EDS, so its unit is not known"
        )
    return slot.entry, [record for _, record in enabled]


def _measurements_only(record: PdoRecord) -> bool:
    return record.enabled and any(slot.address in _MEASURED for slot in record.mapping.slots)


def _sound(record: PdoRecord) -> Refusal | None:
    """A reason not to send this RPDO, whatever it carries."""
    if not record.complete:
        return _refusal(record, f"it could not be read whole: {'; '.join(record.problems)}")
    if record.extended:
        return _refusal(record, "its COB-ID has 29 bits, which is not supported")
    if record.cob_id is not None and restricted(record.cob_id):
        return _refusal(record, f"its COB-ID {record.cob_id:03X}h belongs to another service (CiA 301)")
    if record.transmission not in EVENT_DRIVEN:
        text = f"its transmission type is {record.transmission:02X}h, and only FEh and FFh act at once"
        return _refusal(record, text)
    if record.mapping.bits > 64:
        return _refusal(record, f"it maps {record.mapping.bits} bits, and a frame holds 64")
    for slot in record.mapping.slots:
        if slot.address in objects.INTEGRITY:
            return _refusal(record, f"it maps {slot.name} (CRC or sequence count), which is not supported")
        if slot.opaque:
            return _refusal(record, f"it maps {slot.name}, which the EDS does not know with {slot.bits} bits")
    return None


def _shared(dump: PdoDump, pdos: list[CommandPdo]) -> Refusal | None:
    """A COB-ID of ours that a second RPDO listens to: the device would read our frame by two mappings."""
    for pdo in pdos:
        others = [record for record in dump.rpdos if record.enabled and record.cob_id == pdo.cob_id]
        if len(others) > 1:
            names = " and ".join(record.name for record in others)
            return _refusal(pdo.record, f"{names} listen to the same COB-ID {pdo.cob_id:03X}h")
    return None


def _refusal(record: PdoRecord, text: str) -> Refusal:
    place = Address(record.mapping_index)
    return Refusal("mapping", f"RPDO{record.number}: {text}", place)


def _fill(slot: Slot) -> Fill | None:
    """How a slot is filled from a request, None where no value is known that could be sent."""
    entry = slot.entry
    if slot.address in _ZERO or slot.address.index in DUMMIES:
        return lambda request: 0
    assert entry is not None  # a slot that the EDS does not know was refused before
    if slot.address == objects.BATTERY_STATUS:
        return lambda request: int(request.ready)
    if slot.address in objects.CURRENT_REQUESTS:
        return lambda request: encode(entry, request.current)
    if slot.address in objects.VOLTAGE_REQUESTS:
        return lambda request: encode(entry, request.voltage)
    if slot.address in _MEASURED:
        return _measured(entry, _MEASURED[slot.address])
    return None


def _measured(entry: Entry, value_of: Callable[[BatteryReading], float | None]) -> Fill:
    def fill(request: Request) -> int:
        value = value_of(request.reading) if request.reading else None
        if value is not None:
            try:
                return encode(entry, value)
            except LimitError:
                pass  # a measurement that the object cannot hold is no measurement
        return (entry.invalid or 0) if entry.invalid is not None else _float_bits(math.nan)

    return fill


def encode(entry: Entry, value: float) -> int:
    """Raw integer (for REAL32 its bits) of a value, never decoding to more than was asked."""
    if entry.data_type is DataType.REAL32:
        try:
            single = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            single = math.inf
        if not math.isfinite(single):
            raise LimitError(entry.name, value, "a number that 32 bits hold", entry.unit, "REAL32")
        return _float_bits(single) if single <= value else _float_bits(single) - (1 if value > 0 else -1)
    plain = Scale(1.0, entry.unit, entry.bits or 0, entry.data_type.signed)
    return (entry.scale or plain).encode(value, entry.name)


def _float_bits(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")
