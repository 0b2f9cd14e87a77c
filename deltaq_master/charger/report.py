"""What the charger reports in its TPDOs, as values with units.

`Report.current` is the reading of 2002h as it came, and a reading is not yet a current: this charger shows
19.45 to 19.49 A while nothing flows [C]. Whoever shows or uses it asks `Report.current_untrusted` first, or,
with more to go by than one frame, `charger/trust.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import Any, NamedTuple

from deltaq_master.charger import objects
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import DataType, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoMapping, PdoRecord, Slot
from deltaq_master.protocol.fields import decodable
from deltaq_master.units import quantity

IDLE_READING = "untrusted: charge indication is 0, and this reading is known to lie then"
UNKNOWN_READING = "untrusted: charge indication is not known yet"


@dataclass(frozen=True, slots=True)
class Supply:
    """The charger's own side: error word, mains, its idea of the state of charge."""

    error: int | None = None
    """2060h as it came, 0 for none; `Alarm.from_word` reads it.

    An EMCY is the better source: this word stayed 0 in the one frame that was seen after an alarm [C].
    """
    ac_voltage: float | None = quantity("V", "mains voltage, RMS; from 2200h", default=None)
    soc: int | None = quantity("%", "coarse state of charge; from 6080h", default=None)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the battery got in the present cycle."""

    elapsed: float | None = quantity("s", "time in the cycle; 2005h:01, whose scale is [U]", default=None)
    ah: float | None = quantity("Ah", "charge returned; from 2009h:01", default=None)
    wh: float | None = quantity("Wh", "energy returned; 200Ah:01, whose scale is [U]", default=None)


@dataclass(frozen=True, slots=True)
class Report:
    """The latest that the charger said of itself; None is what it did not say, or has no value for."""

    current: float | None = quantity(
        "A", "reading of 2002h as it came: not amperes while `current_untrusted` says why", default=None
    )
    voltage: float | None = quantity("V", "measured battery voltage; from 2101h or an alias", default=None)
    status: ChargerStatus | None = None
    supply: Supply = Supply()
    returned: Returned = Returned()

    @property
    def idle(self) -> bool:
        """True when nothing flows by the charger's own indication, and while it is not known."""
        return self.status is None or self.status.indication == 0

    @property
    def current_untrusted(self) -> str:
        """Why `current` is not to be taken for amperes, '' where this report alone does not speak against it.

        The fuller rule, that it must have moved with the request since the start, is in `charger/trust.py`.
        """
        if not self.idle:
            return ""
        return UNKNOWN_READING if self.status is None else IDLE_READING


class ReportDecoder:
    """Decoder of one charger's TPDOs into reports, compiled once from the mapping that the charger uses.

    Any mapping will do; what it does not carry stays None. A TPDO that is disabled, has a 29-bit COB-ID, more
    than 64 bits, or a mapping that is not known whole or has nothing for a report, is left out.
    """

    def __init__(self, dump: PdoDump) -> None:
        self._decoders: dict[int, _Decoder] = {}
        for record in dump.tpdos:
            cob_id = heard_on(record)
            decoder = _compile(record.mapping) if cob_id is not None else None
            if cob_id is not None and decoder is not None:
                self._decoders.setdefault(cob_id, decoder)
        self.cob_ids = frozenset(self._decoders)
        """COB-IDs of the TPDOs that tell something for a report."""

    def decode(self, cob_id: int, data: bytes, last: Report) -> Report | None:
        """The last report with what this frame says; None for a foreign COB-ID or a wrong length."""
        decoder = self._decoders.get(cob_id)
        return None if decoder is None else decoder(data, last)


def heard_on(record: PdoRecord) -> int | None:
    """COB-ID by which a PDO's frames are told and taken apart, None where that cannot be done."""
    return record.cob_id if record.enabled and not record.extended and decodable(record) else None


_Decoder = Callable[[bytes, Report], Report | None]
_Convert = Callable[[int], Any]
_Part = type[Report] | type[Supply] | type[Returned]


def _quantity(entry: Entry) -> _Convert | None:
    """Scaled value, None for the raw value that means 'no valid value'; nothing without a scale."""
    scale, invalid = entry.scale, entry.invalid
    return None if scale is None else lambda raw: None if raw == invalid else raw * scale.factor


def _percent(entry: Entry) -> _Convert | None:
    """Percent, as CiA 419 counts them, None for the raw value that means 'no valid value'."""
    invalid = entry.invalid
    return (lambda raw: None if raw == invalid else raw) if entry.data_type is DataType.UNSIGNED8 else None


def _status(entry: Entry) -> _Convert | None:
    return ChargerStatus.of if entry.data_type is DataType.UNSIGNED16 else None


def _word(entry: Entry) -> _Convert | None:
    return (lambda raw: raw) if entry.data_type is DataType.UNSIGNED32 else None


_FIELDS: dict[Address, tuple[_Part, str, Callable[[Entry], _Convert | None]]] = {
    objects.CURRENT: (Report, "current", _quantity),
    **dict.fromkeys(objects.VOLTAGES, (Report, "voltage", _quantity)),
    objects.STATUS: (Report, "status", _status),
    objects.ERROR: (Supply, "error", _word),
    objects.AC_VOLTAGE: (Supply, "ac_voltage", _quantity),
    objects.CHARGER_SOC: (Supply, "soc", _percent),
    objects.ELAPSED: (Returned, "elapsed", _quantity),
    **dict.fromkeys(objects.AH_RETURNED, (Returned, "ah", _quantity)),
    objects.WH_RETURNED: (Returned, "wh", _quantity),
}
"""Which object fills which field, and how; of two objects for one field in one TPDO the first here counts."""

_FAST = (objects.CURRENT, objects.VOLTAGES[0], objects.STATUS)
"""What the fast path takes: 16 bits each, in this order, with nothing else of a report beside them."""


class _Step(NamedTuple):
    """One field of a report, out of one slot."""

    slot: Slot
    entry: Entry
    part: _Part
    name: str
    convert: _Convert


def _compile(mapping: PdoMapping) -> _Decoder | None:
    """Decoder of one TPDO, None for one that tells nothing of a report."""
    steps: dict[tuple[_Part, str], _Step] = {}
    for address, (part, name, conversion) in _FIELDS.items():
        for slot in mapping.slots_of(address):
            entry = slot.entry
            convert = conversion(entry) if entry is not None and not slot.opaque else None
            if entry is not None and convert is not None:
                steps.setdefault((part, name), _Step(slot, entry, part, name, convert))
    taken = sorted(steps.values(), key=lambda step: step.slot.offset)
    return (_fast(mapping, taken) or _general(mapping, taken)) if taken else None


def _general(mapping: PdoMapping, steps: Sequence[_Step]) -> _Decoder:
    length, unpack = mapping.length, mapping.codec.decode
    own, supply, returned = (
        tuple(
            (step.name, mapping.slots.index(step.slot), step.convert) for step in steps if step.part is part
        )
        for part in (Report, Supply, Returned)
    )

    def decode(data: bytes, last: Report) -> Report | None:
        if len(data) != length:
            return None
        raws = unpack(data)
        changes = {name: convert(raws[place]) for name, place, convert in own}
        if supply:
            told = {name: convert(raws[place]) for name, place, convert in supply}
            changes["supply"] = replace(last.supply, **told)
        if returned:
            told = {name: convert(raws[place]) for name, place, convert in returned}
            changes["returned"] = replace(last.returned, **told)
        return replace(last, **changes)

    return decode


def _fast(mapping: PdoMapping, steps: Sequence[_Step]) -> _Decoder | None:
    """The same, several times as fast, for current, voltage and status as they lie in the charger's TPDO1."""
    alike = all(step.entry.data_type is DataType.UNSIGNED16 for step in steps)
    aligned = all(slot.bits % 8 == 0 for slot in mapping.slots)
    if tuple(step.slot.address for step in steps) != _FAST or not alike or not aligned:
        return None
    taken = [step.slot for step in steps]
    layout = "".join("H" if slot in taken else f"{slot.bits // 8}x" for slot in mapping.slots)
    length, unpack = mapping.length, Struct(f"<{layout}").unpack
    ampere, volt = (step.entry.scale.factor for step in steps[:2] if step.entry.scale)
    status_of = ChargerStatus.of

    def decode(data: bytes, last: Report) -> Report | None:
        if len(data) != length:
            return None
        current, voltage, status = unpack(data)
        return Report(
            None if current == 0xFFFF else current * ampere,
            None if voltage == 0xFFFF else voltage * volt,
            status_of(status),
            last.supply,
            last.returned,
        )

    return decode
