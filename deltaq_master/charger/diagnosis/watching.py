"""Taking frames: each changes a few facts, and costs next to nothing where it only says the same again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from deltaq_master.charger.alarms import Alarm
from deltaq_master.charger.diagnosis.facts import Facts, NmtSeen, Raised, Subject
from deltaq_master.charger.diagnosis.streams import Stream, written
from deltaq_master.charger.diagnosis.transfers import Transfers
from deltaq_master.charger.diagnosis.weighing import explain
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.protocol.emcy import ACTIVE_CAPACITY, EMCY_BASE, Emergency
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NMT_COB_ID, NmtCommand, NmtState, heartbeat_state
from deltaq_master.protocol.sdo_frames import ANSWER_BASE, REQUEST_BASE

if TYPE_CHECKING:
    from deltaq_master.charger.diagnosis.findings import Explanation
    from deltaq_master.protocol.events import BusLost, Frame

BEGINNING: Final = 1.0
"""Traffic without a command for so long [s] shows that the commands had not begun."""
ACK_ERROR: Final = 0x20
"""Bit of SocketCAN's error class that says: nobody acknowledged."""
IDENTIFIER: Final = 0x1FFFFFFF


class Diagnosis:
    """The machine that frames go into, from a log, a bus or a replay alike; it never sends.

    Memory is constant: for each COB-ID and each object of the EDS the latest is kept. Raises LimitError for an
    EDS without HighLimits of the requests.
    """

    def __init__(self, subject: Subject) -> None:
        self.facts = Facts(subject)
        self._streams = self.facts.streams
        transfers = Transfers(self.facts, self._remapped, self._status, self._witnessed, self._look_again)
        node_id = self.facts.node_id
        for cob_id, handler in (
            (HEARTBEAT_BASE + node_id, self._heartbeat),
            (EMCY_BASE + node_id, self._emergency),
            (REQUEST_BASE + node_id, transfers.request),
            (ANSWER_BASE + node_id, transfers.answer),
            (NMT_COB_ID, self._command),
        ):
            self._streams[cob_id] = Stream(cob_id, handler, always=True)

    def take(self, frame: Frame, since: float = 0.0) -> None:
        """Take a frame, received or sent; nothing that can be on a bus is refused.

        Times are counted from `since` [s].
        """
        cob_id, data, time, extended, remote, error, fd, sent, _ = frame
        time -= since
        facts = self.facts
        if facts.begun is None:
            facts.begun = time
        facts.now = time
        if extended or remote or error or fd:
            self._unusual(frame, time)
            return
        stream = self._streams.get(cob_id)
        if stream is None:
            stream = self._streams[cob_id] = self._new(cob_id)
        stream.take(data, time, sent)

    def lost(self, event: BusLost, now: float) -> None:
        """The bus refused a frame of ours, or its receiver died."""
        self.facts.errors.problem, self.facts.errors.lost = event.problem, now
        self.facts.now = max(self.facts.now, now)
        self.facts.chronicle.note(now, f"the bus was lost: {event.problem}")

    def passed(self, now: float) -> None:
        """Time went on, and nothing was heard: silence is known by this alone."""
        if self.facts.begun is None:
            self.facts.begun = now
        self.facts.now = max(self.facts.now, now)

    def explain(self) -> Explanation:
        """Why it does not charge, as far as it can be told now."""
        return explain(self.facts)

    # --- which frames are looked into ---------------------------------------------------------------------

    def _new(self, cob_id: int) -> Stream:
        known = self.facts.known
        if cob_id in known.tpdos:
            return Stream(cob_id, self._tpdo)
        if cob_id in known.rpdos:
            return Stream(cob_id, self._rpdo)
        if 0x701 <= cob_id <= 0x77F:
            return Stream(cob_id, self._foreign_heartbeat, always=True)
        return Stream(cob_id)

    def _unusual(self, frame: Frame, time: float) -> None:
        errors = self.facts.errors
        if not frame.error:
            self.facts.unusual += 1
            return
        errors.count += 1
        errors.time = time
        errors.identifier = frame.cob_id & IDENTIFIER
        errors.unacknowledged += bool(errors.identifier & ACK_ERROR)

    def _remapped(self) -> None:
        """A PDO has become another one: streams are looked into anew, and what was told by the old is void."""
        known = self.facts.known
        for cob_id, stream in self._streams.items():
            if not stream.always:
                tpdo, rpdo = cob_id in known.tpdos, cob_id in known.rpdos
                stream.handler = self._tpdo if tpdo else self._rpdo if rpdo else None
                stream.data = None
        self.facts.wrong_lengths.clear()
        self.facts.asked.forget(from_start=not any(cob_id in self._streams for cob_id in known.rpdos))

    def _look_again(self) -> None:
        """The next RPDOs say something new, though their bytes be the same."""
        for cob_id in self.facts.known.rpdos:
            if cob_id in self._streams:
                self._streams[cob_id].data = None

    # --- NMT and heartbeats -------------------------------------------------------------------------------

    def _command(self, _stream: Stream, data: bytes, time: float, sent: bool) -> None:
        if len(data) != 2 or data[1] not in (0, self.facts.node_id):
            return
        try:
            command = NmtCommand(data[0])
        except ValueError:
            return
        word = command.name.lower().replace("_", " ")
        self.facts.chronicle.note(time, f"NMT command: {word} ({'ours' if sent else 'heard'})")

    def _heartbeat(self, stream: Stream, data: bytes, time: float, sent: bool) -> None:
        state = heartbeat_state(data)
        if state is None or sent:
            return
        facts = self.facts
        if state is NmtState.INITIALISING:
            facts.chronicle.note(time, "the charger started anew: boot-up message")
            facts.asked.forget(from_start=True)
            facts.raised.clear()
            facts.error_reset, facts.ran, facts.turned = None, False, time
            # What is sent to it from now on is new to it, though the bytes be the same.
            self._look_again()
            state = NmtState.PRE_OPERATIONAL
        self._state(NmtSeen(state, time, "heartbeat", written(stream.cob_id, data)))

    def _state(self, seen: NmtSeen) -> None:
        facts, before = self.facts, self.facts.nmt
        facts.nmt = seen
        facts.ran |= seen.state is NmtState.OPERATIONAL
        if before is not None and before.state is seen.state:
            return
        facts.turned = seen.time
        was = before.state.word if before is not None else "unknown"
        facts.chronicle.note(seen.time, f"the charger's NMT state goes from {was} to {seen.state.word}")
        if seen.state is not NmtState.OPERATIONAL:
            facts.operational_since = math.inf
            facts.not_operational_seen = True
            self._charge_ended(seen.time, f"the charger left operational: it is {seen.state.word}")
            facts.status = None
        elif before is not None:
            facts.operational_since = seen.time

    def _foreign_heartbeat(self, stream: Stream, _data: bytes, time: float, _sent: bool) -> None:
        facts = self.facts
        limit = facts.watched_ms.get(stream.cob_id - HEARTBEAT_BASE)
        if limit is None:
            return
        gap = stream.gaps[-1] if stream.gaps else facts.elapsed
        if gap > limit / 1000:
            node_id = stream.cob_id - HEARTBEAT_BASE
            again = f", after {gap:.1f} s" if stream.count > 1 else ""
            facts.chronicle.note(time, f"the heartbeat of node {node_id} begins{again}")
            facts.heartbeat_since = facts.turned = time

    # --- PDOs ---------------------------------------------------------------------------------------------

    def _tpdo(self, stream: Stream, data: bytes, time: float, sent: bool) -> None:
        facts = self.facts
        if sent:
            return
        if facts.nmt is None or facts.nmt.state is not NmtState.OPERATIONAL:
            # Only an operational device sends PDOs (CiA 301).
            name = facts.known.tpdos[stream.cob_id].record.name
            self._state(NmtSeen(NmtState.OPERATIONAL, time, name, stream.frame()))
        place = facts.known.status_places.get(stream.cob_id)
        if place is not None and len(data) == place[0]:
            raw = int.from_bytes(data, "little") >> place[1] & 0xFFFF
            if facts.status is None or raw != facts.status.raw:
                self._status(raw, time)

    def _status(self, raw: int, time: float) -> None:
        facts, before = self.facts, self.facts.status
        if before is not None and before.raw == raw:
            return
        status = facts.status = ChargerStatus.of(raw)
        if before is None:
            return
        new = [word for word in status.words if word not in before.words]
        gone = [word for word in before.words if word not in status.words]
        text = f"the charger's status: {', '.join(new) or 'nothing new'}" + (
            f" (before: {', '.join(gone)})" if gone else ""
        )
        if before.charging and not status.charging:
            facts.chronicle.stopped(time, f"the charge ended: {text}")
        else:
            facts.chronicle.note(time, text)

    def _charge_ended(self, time: float, text: str) -> None:
        if self.facts.status is not None and self.facts.status.charging:
            self.facts.chronicle.stopped(time, f"the charge ended: {text}")

    def _rpdo(self, stream: Stream, data: bytes, time: float, _sent: bool) -> None:
        facts = self.facts
        pdo = facts.known.rpdos[stream.cob_id]
        frame = written(stream.cob_id, data)
        if len(data) != pdo.record.mapping.length:
            facts.wrong_lengths[stream.cob_id] = time, frame
            facts.asked.drop(pdo)
            return
        before = time - stream.gaps[-1] if stream.gaps else -math.inf
        facts.asked.by_frame(
            pdo, data, frame, time, facts.taken(time), facts.taken(before), self._witnessed(time)
        )

    def _witnessed(self, time: float) -> bool:
        """True if a first command of this time is the first one that there was."""
        facts = self.facts
        return facts.not_operational_seen or (facts.begun is not None and time - facts.begun >= BEGINNING)

    # --- EMCY ---------------------------------------------------------------------------------------------

    def _emergency(self, stream: Stream, data: bytes, time: float, sent: bool) -> None:
        if sent:
            return
        facts, emergency = self.facts, Emergency.parse(data)
        frame = written(stream.cob_id, data)
        alarm = Alarm.from_emergency(emergency)
        if alarm is None:
            if facts.raised:
                facts.chronicle.note(time, "the charger reset its errors")
            facts.raised.clear()
            facts.error_reset = time, frame
            return
        if emergency.key in facts.raised:
            return
        if len(facts.raised) >= ACTIVE_CAPACITY:
            facts.raised.pop(next(iter(facts.raised)))
        facts.raised[emergency.key] = Raised(emergency, time, frame)
        facts.chronicle.note(time, f"the charger raised {alarm}")
