"""The master's pump and the simulated charger on one virtual clock: a charge of hours in a moment.

No thread and no sleep: frames go straight from one core to the other, and SDO transfers are exchanged frame by
frame with the simulator's server. Everything that was on the wire is kept in `frames`.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.session import ChargeSession, Mapped
from deltaq_master.charger.view import ChargeView
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.pump.pump import Pump
from deltaq_master.protocol.events import Frame, Read, ReadDone, Transfer, TransferFailed, WriteDone
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.options import Options

START = 1000.0
SDO_TIME = 0.001
"""Time of one SDO round trip."""
SDO_TIMEOUT = 1.0
"""Two requests of half a second each, as the SDO client does."""


@functools.cache
def dictionary() -> Dictionary:
    """The shipped EDS for node 10."""
    return load(eds_path(), 10)


def plan(**changes: Any) -> ChargePlan:
    """The README's charge: 84 V, 10 A, limits 84.2 V and 12 A, at most 12 h."""
    settings: dict[str, Any] = {
        "dictionary": dictionary(),
        "limits": Limits(84.2, 12.0),
        "target": Target(84.0, 10.0),
        "duration": 12 * 3600.0,
    }
    return ChargePlan(**(settings | changes))


@dataclass(frozen=True)
class _Pending:
    """An SDO request that waits for its answer."""

    transfer: Transfer
    address: bytes
    answer: Callable[[object], None]


class Rig:
    """One charge of a plan against a simulated charger with these options."""

    def __init__(
        self,
        plan_: ChargePlan | None = None,
        options: Mapping[str, str] | None = None,
        drop: Callable[[Frame], bool] = lambda frame: False,
        alone: float = 0.0,
    ) -> None:
        """`drop` says which frames are lost on the wire; the charger is `alone` for some seconds before we come."""
        self.now = START
        self.plan = plan_ or plan()
        self.frames: list[Frame] = []
        self.views: list[ChargeView] = []
        self.mapped: Mapped | None = None
        self._drop = drop
        self._pending: list[_Pending] = []
        self._order = itertools.count()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self.charger = SimulatedCharger(Options.parse(options or {"speed": "400"}), dictionary(), self.now)
        self.charger.advance(START + alone)
        self.now += alone
        self.pump = Pump(self._send, self._transfer, clock=None, master_id=self.plan.master_id)
        self.session = ChargeSession(self.plan, self.now)
        self.pump.add(self.session, self._publish)
        self._deadline = self.now
        self.frozen = False

    # --- driving ------------------------------------------------------------------------------------------

    @property
    def view(self) -> ChargeView:
        """The latest view."""
        return self.views[-1]

    @property
    def phases(self) -> list[Phase]:
        """Phases in the order in which they were entered."""
        return [phase for phase, _ in itertools.groupby(view.phase for view in self.views)]

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do something `moment` seconds after now."""
        heapq.heappush(self._later, (self.now + moment, next(self._order), action))

    def post(self, event: object) -> None:
        """Give the charge an event."""
        self.pump.post(self.session, event)
        self._deadline = self.now

    def inject(self, cob_id: int, data: bytes) -> None:
        """A frame of somebody else on the wire."""
        frame = Frame(cob_id, data, self.now)
        self.frames.append(frame)
        self.pump.queue.put(frame)
        self._deadline = self.now
        self.charger.receive(frame, self.now)
        self._from_charger()

    def run(self, seconds: float = math.inf, until: Callable[[Rig], bool] | None = None) -> Rig:
        """Let time pass: for some seconds, or until something holds, or until the charge has let go."""
        end = self.now + seconds
        while self.now < end:
            if until is not None and until(self):
                return self
            if seconds == math.inf and until is None and self.views and self.session.state.released:
                return self
            later = self._later[0][0] if self._later else math.inf
            pump = math.inf if self.frozen else self._deadline
            self.now = max(self.now, min(end, later, pump, self.charger.deadline))
            if later <= self.now:
                heapq.heappop(self._later)[2]()
            self._from_charger()
            if not self.frozen and self._deadline <= self.now:
                self._deadline = self.pump.step(self.now)
        return self

    # --- what the pump is given ---------------------------------------------------------------------------

    def _send(self, cob_id: int, data: bytes) -> None:
        frame = Frame(cob_id, data, self.now, sent=True)
        self.frames.append(frame)
        if not self._drop(frame):
            self.charger.receive(frame._replace(sent=False), self.now)
        self._from_charger()

    def _transfer(self, node_id: int, transfer: Transfer, answer: Callable[[object], None]) -> None:
        address = transfer.index.to_bytes(2, "little") + bytes((transfer.sub,))
        if isinstance(transfer, Read):
            request = b"\x40" + address + bytes(4)
        else:
            command = 0x23 | (4 - len(transfer.data)) << 2
            request = bytes((command,)) + address + transfer.data.ljust(4, b"\0")
        pending = _Pending(transfer, address, answer)
        self._pending.append(pending)
        self.at(SDO_TIMEOUT, lambda: self._unanswered(pending))
        self._send(0x600 + node_id, request)

    def _unanswered(self, pending: _Pending) -> None:
        if pending in self._pending:
            self._pending.remove(pending)
            index, sub = pending.transfer.index, pending.transfer.sub
            self._answered(pending.answer, TransferFailed(index, sub, None, "no answer"))

    def _match(self, frame: Frame) -> None:
        for pending in self._pending:
            if frame.cob_id == 0x580 + self.plan.node_id and frame.data[1:4] == pending.address:
                self._pending.remove(pending)
                outcome = _read_answer(pending.transfer, frame.data)
                self.at(SDO_TIME, functools.partial(self._answered, pending.answer, outcome))
                return

    def _answered(self, answer: Callable[[object], None], outcome: object) -> None:
        answer(outcome)
        self._deadline = self.now

    def _publish(self, value: object) -> None:
        if isinstance(value, Mapped):
            self.mapped = value
        elif isinstance(value, ChargeView):
            self.views.append(value)
        else:
            raise AssertionError(value)

    def _from_charger(self) -> None:
        for frame in self.charger.advance(self.now):
            self.frames.append(frame)
            if not self._drop(frame):
                self.pump.queue.put(frame)
                self._match(frame)
                self._deadline = self.now


def _read_answer(transfer: Transfer, data: bytes) -> object:
    if data[0] == 0x80:
        code = int.from_bytes(data[4:8], "little")
        return TransferFailed(transfer.index, transfer.sub, code, "aborted")
    if data[0] == 0x60:
        return WriteDone(transfer.index, transfer.sub)
    assert data[0] & 0xE3 == 0x43, data.hex()
    return ReadDone(transfer.index, transfer.sub, data[4 : 8 - (data[0] >> 2 & 3)])
