"""One charge as a machine for the pump: frames become events, the cycle takes its steps, watchers get views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deltaq_master.charger import events, objects
from deltaq_master.charger.charge import begin, deadline, step
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.report import Report, ReportDecoder
from deltaq_master.charger.startup import warnings
from deltaq_master.charger.state import CycleState
from deltaq_master.charger.view import AhMark, next_mark, view
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoDump, PdoRecord, defaults
from deltaq_master.protocol.boot import Found
from deltaq_master.protocol.emcy import EMCY_BASE, Emergency
from deltaq_master.protocol.events import Effect, Frame, Publish
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState, heartbeat_state


@dataclass(frozen=True)
class Mapped:
    """Published once the device's own mapping is known and accepted."""

    dump: PdoDump
    found: Found
    """Everything that the boot read."""
    commands: frozenset[int]
    """COB-IDs of the RPDOs that the charge sends, and nobody else."""


class ChargeSession:
    """A `protocol.events.Machine` around the pure charge cycle."""

    def __init__(self, plan: ChargePlan, now: float) -> None:
        """Begin to listen at `now`."""
        self.plan = plan
        self.state: CycleState = begin(plan, now)
        self._marks: tuple[AhMark, ...] = ()
        self._decoder: ReportDecoder | None = None
        self._status: frozenset[int] = frozenset()
        self._ah: frozenset[int] = frozenset()
        self._heartbeat = HEARTBEAT_BASE + plan.node_id
        self._emcy = EMCY_BASE + plan.node_id
        self._master = HEARTBEAT_BASE + plan.master_id
        # Until the device has told its mapping, its EDS says on which COB-IDs another master would command it.
        expected = defaults(plan.dictionary)
        self._commands = frozenset(r.cob_id for r in expected.rpdos if r.enabled and r.cob_id is not None)

    @property
    def node_id(self) -> int:
        """Node-ID of the charger."""
        return self.plan.node_id

    @property
    def deadline(self) -> float:
        """When it wants a tick at the latest [s]."""
        return deadline(self.plan, self.state)

    @property
    def cob_ids(self) -> frozenset[int]:
        """What it listens to: the charger's own messages, and those that only a master sends."""
        own = {self._heartbeat, self._emcy, self._master}
        reported = self._decoder.cob_ids if self._decoder else frozenset()
        return self._commands | own | reported

    def handle(self, event: object, now: float) -> Iterable[Effect]:
        """Take a frame or an event; the effects end with a view of the charge if it has changed."""
        if isinstance(event, Frame):
            meaning = self._meaning(event)
            if meaning is None:
                return ()
            event = meaning
        before = self.state
        self.state, effects = step(self.plan, before, event, now)
        return (*effects, *self._publish(before, now))

    def _publish(self, before: CycleState, now: float) -> Iterable[Effect]:
        state = self.state
        if state is before:
            return
        if state.dump is not before.dump and state.dump is not None and state.boot is not None:
            self._adopt(state.dump)
            yield Publish(Mapped(state.dump, state.boot.found, self._commands))
        if state != before:
            self._marks = next_mark(self._marks, state, now)
            noted = warnings(state.layout) if state.layout else ()
            yield Publish(view(self.plan, state, self._marks, noted, now))

    def _adopt(self, dump: PdoDump) -> None:
        self._decoder = ReportDecoder(dump)
        self._status = _carrying(dump, (objects.STATUS,))
        self._ah = _carrying(dump, objects.AH_RETURNED)
        assert self.state.layout is not None  # it comes with the dump
        self._commands = self.state.layout.cob_ids

    def _meaning(self, frame: Frame) -> events.Event | None:
        """The event that a frame is, None for one that says nothing to this charge."""
        cob_id = frame.cob_id
        if frame.sent:
            return None
        if cob_id == self._heartbeat:
            state = heartbeat_state(frame.data)
            if state is None:
                return None
            return events.BootUp() if state is NmtState.INITIALISING else events.Heard(state)
        if cob_id == self._emcy:
            return events.EmergencyHeard(Emergency.parse(frame.data))
        if cob_id == self._master or cob_id in self._commands:
            return events.Foreign(cob_id, frame.data)
        if self._decoder is not None:
            report: Report | None = self._decoder.decode(cob_id, frame.data, self.state.report)
            if report is not None:
                return events.Reported(report, cob_id in self._status, cob_id in self._ah)
        return None


def _carrying(dump: PdoDump, addresses: Iterable[Address]) -> frozenset[int]:
    """COB-IDs of the TPDOs that map one of these objects."""

    def carries(record: PdoRecord) -> bool:
        return any(slot.address in addresses for slot in record.mapping.slots)

    return frozenset(r.cob_id for r in dump.tpdos if r.enabled and r.cob_id is not None and carries(r))
