"""The charger's traffic in words: what its values mean, which of them not to believe, and who else talks.

Passive: it decodes what was on the bus, live or in a log, and notices a few things that are worth saying once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from deltaq_master.charger import objects
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.report import Report, ReportDecoder
from deltaq_master.charger.value_words import WORDS, words
from deltaq_master.dictionary.mapping import PdoDump, defaults
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import Field
from deltaq_master.protocol.nmt import NmtState, heartbeat_state
from deltaq_master.protocol.services import Decoded, Service
from deltaq_master.protocol.traffic import ServiceDecoder

if TYPE_CHECKING:
    # Its loader is not needed here, and slow to import.
    from deltaq_master.dictionary.eds import Dictionary

ASSUMED = "the mapping is assumed from the EDS, it was not read from this charger"
NO_ZERO_FIRST = "ready = 1 from the first {} on, with no 0 before it: programs known to work send 0 first [I]"
MEASUREMENT = "a measurement of the BMS, not a request"
SCALE_UNRESOLVED = "scale [U]"

_FILL = frozenset((objects.RX_FILL, objects.TX_FILL, *objects.PADDING))
_MEASURED = frozenset((objects.CURRENT, *objects.VOLTAGES))
_SAYING = frozenset((Service.TPDO, Service.SDO_ANSWER))
"""Services in which the charger tells what it measures; in the others it is told what the BMS does."""


class TrafficDecoder:
    """Decoder of the traffic around one charger, its frames to be given in their order."""

    def __init__(self, dictionary: Dictionary, dump: PdoDump, master_id: int = 1) -> None:
        """The charger's dictionary and PDOs, and the node-ID of its master."""
        self.report = Report()
        """The latest that the charger said in its TPDOs."""
        self._charger_id = dictionary.node_id
        self._master_id = master_id
        self._reports = ReportDecoder(dump)
        self._services = ServiceDecoder(self._charger_id, dictionary, dump, self._annotate)
        self._assumed = dump.source == defaults(dictionary).source
        self._ready: bool | None = None
        """Ready as it was commanded last, None before that and after a restart of the charger."""

    def decode(self, frame: Frame) -> Decoded:
        """What a frame says; nothing that can be on a bus is refused."""
        if frame.plain:
            # First, so that a current is judged by the status in its own frame.
            self.report = self._reports.decode(frame.cob_id, frame.data, self.report) or self.report
        decoded = self._services.decode(frame)
        node_id = decoded.node_id
        if node_id and node_id not in (self._charger_id, self._master_id):
            stranger = f"node {node_id} is neither the charger ({self._charger_id}) nor the master"
            return replace(decoded, notes=(*decoded.notes, f"{stranger} ({self._master_id})"))
        if node_id == self._charger_id:
            if decoded.service is Service.EMCY:
                return _with_alarm(decoded, Emergency.parse(frame.data))
            return replace(decoded, observations=tuple(self._observe(decoded, frame)))
        return decoded

    def _annotate(self, field: Field, service: Service) -> Field:
        """Add to one of the charger's values what it means, and why not to believe it."""
        address, value = field.address, field.value
        if address is None or value is None:
            return field
        if address in _FILL:
            return replace(field, told=value != 0, note="fill, to be 0" if value else "")
        notes = [field.note]
        if isinstance(value, int) and address in WORDS and field.bits == WORDS[address][0]:
            notes.append(words(address, value))
        if address in _MEASURED and service not in _SAYING:
            notes.append(MEASUREMENT)
        elif address == objects.CURRENT:
            notes.append(self.report.current_untrusted)
        if address in objects.UNRESOLVED_SCALES:
            notes.append(SCALE_UNRESOLVED)
        note = "; ".join(filter(None, notes))
        return replace(field, note=note) if note != field.note else field

    def _observe(self, decoded: Decoded, frame: Frame) -> Iterator[str]:
        if decoded.service is Service.HEARTBEAT and heartbeat_state(frame.data) is NmtState.INITIALISING:
            self._ready = None
        if decoded.number and decoded.fields and self._assumed:
            self._assumed = False
            yield ASSUMED
        for field in decoded.fields if decoded.service not in _SAYING else ():
            if field.address == objects.BATTERY_STATUS and isinstance(field.value, int):
                yield from self._observe_ready(bool(field.value & 1), decoded.title)

    def _observe_ready(self, ready: bool, by: str) -> Iterator[str]:
        if ready and self._ready is None:
            yield NO_ZERO_FIRST.format(by)
        elif self._ready is not None and ready != self._ready:
            yield f"ready goes from {self._ready:d} to {ready:d}"
        self._ready = ready


def _with_alarm(decoded: Decoded, emergency: Emergency) -> Decoded:
    alarm = Alarm.from_emergency(emergency)
    if alarm is None:
        return replace(decoded, text="error reset")
    fields = (
        *decoded.fields,
        Field("alarm", alarm.display, "", alarm.text),
        Field("advice", alarm.advice),
    )
    notes = (*decoded.notes, alarm.remark) if alarm.remark else decoded.notes
    return replace(decoded, text=str(alarm), fields=fields, notes=notes)
