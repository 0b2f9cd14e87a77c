"""The frames of a log, one by one, into curves, marks, bands, counts and the diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deltaq_master.charger import objects
from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.diagnosis import Diagnosis, Subject
from deltaq_master.charger.diagnosis.asking import value_of
from deltaq_master.charger.diagnosis.known import KnownPdo, Seen
from deltaq_master.charger.report import Report, ReportDecoder
from deltaq_master.charger.trust import Trust
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoRecord
from deltaq_master.protocol.emcy import EMCY_BASE, Emergency
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NMT_COB_ID, NmtState, heartbeat_state
from deltaq_master.protocol.sdo_frames import ANSWER_BASE
from deltaq_master.protocol.traffic import ServiceDecoder
from deltaq_master.session_report.curves import Curves
from deltaq_master.session_report.frame_statistics import Counting
from deltaq_master.session_report.objects_seen import TextsRead
from deltaq_master.session_report.session import Band, Event, EventKind

_TOLD = {
    **dict.fromkeys(objects.VOLTAGE_REQUESTS, "voltage_request"),
    **dict.fromkeys(objects.CURRENT_REQUESTS, "current_request"),
    **dict.fromkeys((*objects.VOLTAGES, objects.BATTERY_VOLTAGE), "voltage_told"),
    objects.CURRENT: "current_told",
    objects.BATTERY_TEMPERATURE: "temperature_told",
    objects.BATTERY_SOC: "soc_told",
}
"""What the charger is told, and the curve that it goes into."""
_REPORTED = {
    **dict.fromkeys(objects.VOLTAGES, "voltage"),
    objects.CURRENT: "current",
    objects.STATUS: "status",
    objects.CHARGER_SOC: "soc",
    objects.AC_VOLTAGE: "ac_voltage",
    **dict.fromkeys(objects.AH_RETURNED, "ah"),
}
"""What the charger tells."""


class Following:
    """Takes the frames of a log in their order, their times counted from its beginning."""

    def __init__(self, subject: Subject, curves: Curves, events: Callable[[Event], None]) -> None:
        self.diagnosis = Diagnosis(subject)
        self.counting = Counting(self._title)
        self.texts = TextsRead(subject.dictionary.node_id)
        self._node_id = subject.dictionary.node_id
        self._dictionary = subject.dictionary
        self._curves = curves
        self._event = events
        self._report = Report()
        self._trust = Trust()
        self._state: NmtState | None = None
        self._ready: int | None = None
        self._raised: frozenset[object] = frozenset()
        self._bands: list[Band] = []
        self._band, self._since, self.last = "", 0.0, 0.0
        self._requests: dict[Address, Seen] = {}
        self._records: tuple[PdoRecord, ...] | None = None
        self._learn()

    def take(self, frame: Frame) -> None:
        """Take a frame."""
        self.last = frame.time
        self.diagnosis.take(frame)
        self.counting.take(frame)
        if not frame.plain:
            return
        facts, cob_id = self.diagnosis.facts, frame.cob_id
        if facts.known.tpdos is not self._tpdos:
            self._learn()
        if cob_id in self._tpdos and not frame.sent:
            self._reported(frame, self._tpdos[cob_id])
        elif cob_id in facts.known.rpdos:
            self._told(frame, facts.known.rpdos[cob_id])
        elif cob_id == ANSWER_BASE + self._node_id:
            self._written(frame.time)
        elif cob_id == NMT_COB_ID:
            self._command(frame)
        self.texts.take(frame)
        self._changed(frame)

    def bands(self) -> tuple[Band, ...]:
        """What the charger said that it does, up to the last frame."""
        open_ = (Band(self._since, self.last, self._band),) if self._band else ()
        return (*self._bands, *open_)

    # --- values -------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        """Take the PDOs as they are known now."""
        known = self.diagnosis.facts.known
        self._tpdos = known.tpdos
        records = tuple(pdo.record for pdo in (*known.rpdos.values(), *known.tpdos.values()))
        if records == self._records:
            return
        self._records = records
        self._decoder = ReportDecoder(PdoDump(records, "the log"))
        self._services = ServiceDecoder(self._node_id, self._dictionary, PdoDump(records, "the log"))
        self._carried = {
            cob_id: {
                _REPORTED[slot.address] for slot in pdo.record.mapping.slots if slot.address in _REPORTED
            }
            for cob_id, pdo in known.tpdos.items()
        }

    def _reported(self, frame: Frame, pdo: KnownPdo) -> None:
        report = self._decoder.decode(frame.cob_id, frame.data, self._report)
        if report is None or len(frame.data) != pdo.record.mapping.length:
            return
        self._report, carried, time = report, self._carried[frame.cob_id], frame.time
        values = {
            "voltage": report.voltage,
            "soc": report.supply.soc,
            "ac_voltage": report.supply.ac_voltage,
            "ah": report.returned.ah,
        }
        for name in carried & values.keys():
            self._curves.add(name, time, values[name])
        if "status" in carried:
            self._trust_anew(report)
        if "current" in carried:
            trusted = self._trust.trusted
            self._curves.add("current", time, report.current if trusted else None)
            self._curves.add("current_untrusted", time, None if trusted else report.current)
        if carried & {"current", "voltage"}:
            volts, amperes = report.voltage, report.current
            known = self._trust.trusted and volts is not None and amperes is not None
            self._curves.add("power", time, (volts or 0.0) * (amperes or 0.0) if known else None)

    def _trust_anew(self, report: Report) -> None:
        """The same rule by which a charge believes the current, with the request that was on the bus."""
        status = report.status
        if status is None or not status.charging:
            self._trust = Trust(rest=report.current)
        elif self._ready:
            asked = self.diagnosis.facts.asked.latest(objects.CURRENT_REQUESTS)
            amperes = None if asked is None else self._value(*asked)
            self._trust = self._trust.charging(report.current, amperes or 0.0)

    def _told(self, frame: Frame, pdo: KnownPdo) -> None:
        if len(frame.data) != pdo.record.mapping.length:
            return
        values = self.diagnosis.facts.asked.values
        word = int.from_bytes(frame.data, "little")
        for slot in pdo.record.mapping.slots:
            curve = _TOLD.get(slot.address)
            if curve is None or slot.opaque or slot.entry is None:
                continue
            self._curves.add(curve, frame.time, _told_value(slot.entry, word >> slot.offset, slot.bits))
            if slot.address in values:
                self._requests[slot.address] = values[slot.address]

    def _written(self, time: float) -> None:
        """An SDO write may have set a request."""
        for address, seen in self.diagnosis.facts.asked.values.items():
            if address in _TOLD and self._requests.get(address) is not seen:
                self._requests[address] = seen
                if seen.by_sdo:
                    self._curves.add(_TOLD[address], time, self._value(address, seen))

    def _value(self, address: Address, seen: Seen) -> float | None:
        return self.diagnosis.facts.value(address, seen)

    # --- marks and bands ----------------------------------------------------------------------------------

    def _changed(self, frame: Frame) -> None:
        """Tell what this frame has changed."""
        facts, time = self.diagnosis.facts, frame.time
        state = None if facts.nmt is None else facts.nmt.state
        booted = frame.cob_id == HEARTBEAT_BASE + self._node_id and not frame.sent
        if booted and heartbeat_state(frame.data) is NmtState.INITIALISING:
            self._event(Event(time, EventKind.NMT, "boot-up message of the charger"))
        if state is not self._state and state is not None:
            self._state = state
            self._event(Event(time, EventKind.NMT, f"the charger is {state.word}"))
        seen = facts.asked.ready.value
        ready = None if seen is None else seen.raw & 1
        if ready != self._ready:
            if ready is not None:
                self._event(Event(time, EventKind.READY, f"ready (6000h) is {ready}"))
            self._ready = ready
        raised = frozenset(facts.raised)
        if raised != self._raised or frame.cob_id == EMCY_BASE + self._node_id:
            for text in self._emergencies(frame, raised):
                self._event(Event(time, EventKind.EMCY, text))
            self._raised = raised
        self._turn(time, self._doing(state))

    def _emergencies(self, frame: Frame, raised: frozenset[object]) -> Iterator[str]:
        if frame.cob_id != EMCY_BASE + self._node_id or frame.sent:
            return
        alarm = Alarm.from_emergency(Emergency.parse(frame.data))
        if alarm is None:
            yield "error reset"
        elif raised != self._raised:
            yield str(alarm)

    def _doing(self, state: NmtState | None) -> str:
        if state is None:
            return ""
        status = self.diagnosis.facts.status
        if state is not NmtState.OPERATIONAL or status is None:
            return state.word
        return status.indication.word

    def _turn(self, time: float, word: str) -> None:
        if word == self._band:
            return
        if self._band:
            self._bands.append(Band(self._since, time, self._band))
        self._band, self._since = word, time

    def _command(self, frame: Frame) -> None:
        if len(frame.data) == 2 and frame.data[1] in (0, self._node_id):
            by = "ours" if frame.sent else "heard"
            self._event(Event(frame.time, EventKind.NMT, f"NMT: {self._services.decode(frame).text} ({by})"))

    def _title(self, frame: Frame) -> str:
        if frame.cob_id in self.diagnosis.facts.known.tpdos and frame.sent:
            return "a TPDO of the charger, sent by us"
        decoded = self._services.decode(frame)
        return f"node {decoded.node_id} {decoded.title}" if decoded.node_id else decoded.title


def _told_value(entry: Entry, shifted: int, bits: int) -> float | None:
    return value_of(entry, shifted & (1 << bits) - 1)
