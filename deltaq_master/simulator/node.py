"""A CANopen slave over any EDS: boot-up, NMT, heartbeat, SDO, PDO, heartbeat consumer (CiA 301).

What the device does with its objects is its `Application`; a charger is one, see charger.py.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NMT_COB_ID, NmtCommand, NmtState
from deltaq_master.simulator.channel import SdoChannel, Trouble
from deltaq_master.simulator.model import Model
from deltaq_master.simulator.objects import Objects
from deltaq_master.simulator.pdos import Pdo, Pdos
from deltaq_master.simulator.schedule import Schedule

BOOT_SECONDS = 0.2
"""From power-on or reset to the boot-up message (a choice of this simulator; never measured)."""
CONSUMER_LATENCY = 0.014
"""How late a lost heartbeat is found: EMCY 2.014 s after the last 701h at 2000 ms (CAP1) [C]."""

CONSUMER_HEARTBEAT, PRODUCER_HEARTBEAT, ERROR_BEHAVIOUR = 0x1016, 0x1017, 0x1029

_STATES = {
    NmtCommand.START: NmtState.OPERATIONAL,
    NmtCommand.STOP: NmtState.STOPPED,
    NmtCommand.PRE_OPERATIONAL: NmtState.PRE_OPERATIONAL,
}


_ON_ERROR = {0: NmtState.PRE_OPERATIONAL, 2: NmtState.STOPPED}
"""1029h:01 (CiA 301, G); 1 stays as it is."""


class Application(Protocol):
    """What makes a node a certain device."""

    def started(self) -> None:
        """The node is up, in pre-operational."""

    def stopped(self) -> None:
        """The node has lost power, or resets; its objects have their power-on values."""

    def nmt_changed(self) -> None:
        """The NMT state is another one."""

    def heartbeat_found(self) -> None:
        """A heartbeat that 1016h names has appeared, the only one."""

    def heartbeat_lost(self) -> None:
        """The last heartbeat that 1016h names is gone."""

    def may_receive(self, address: Address) -> bool:
        """Whether an RPDO may set this object now."""

    def received(self, pdo: Pdo) -> None:
        """An RPDO has been taken over into the objects."""

    def wrong_length(self) -> None:
        """An RPDO came with another length than it is mapped to, and was ignored."""


class Node:
    """One node; frames go in by `receive` and come out by `advance`."""

    def __init__(self, model: Model, now: float, trouble: Trouble) -> None:
        self.id = model.node_id
        self.schedule = Schedule(now)
        self.objects = Objects(model.entries)
        self.pdos = Pdos(self.objects, model.dummies, self._remapped)
        self.state: NmtState | None = None
        """None while it has no power or starts."""
        self._trouble = trouble
        self._channel = SdoChannel(
            self.objects, self.schedule, trouble, partial(self.send, 0x580 + self.id), self.restart
        )
        self._heard: set[int] = set()
        self._consumers: dict[int, float] = {}
        self._born = now
        self._fresh = True
        """It has never been up."""
        self._early: bytes | None = None
        """The last SDO request that came before that: it is answered after the boot-up message."""
        self._out: list[Frame] = []
        self._application: Application

    def power_on(self, application: Application) -> None:
        """Start, with the application that the node serves from now on."""
        self._application = application
        for address, cell in self.objects.cells.items():
            if address.index == PRODUCER_HEARTBEAT:
                cell.effect = lambda _: self._plan_heartbeat()
            elif address.index == CONSUMER_HEARTBEAT:
                cell.effect = lambda _: self._read_consumers()
        self.restart()

    @property
    def hears_master(self) -> bool:
        """True while a heartbeat that 1016h names is present."""
        return bool(self._heard)

    # --- frames ------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float:
        """When `advance` has something to do [s]."""
        return self.schedule.now if self._out else self.schedule.deadline

    def advance(self, now: float) -> list[Frame]:
        """Every frame due by `now`, in order, with its own time."""
        self.schedule.run(now)
        frames, self._out = self._out, []
        return frames

    def send(self, cob_id: int, data: bytes) -> None:
        """Send a frame of the node's own, now."""
        if not self._trouble.cut:
            self.inject(cob_id, data)

    def inject(self, cob_id: int, data: bytes) -> None:
        """Put a frame on the wire as if another node had sent it."""
        self._out.append(Frame(cob_id, data, self.schedule.now))

    def receive(self, frame: Frame, now: float) -> None:
        """Take a frame from the wire, after everything that was due before it."""
        self.schedule.run(now)
        if self._trouble.cut or not frame.plain:
            return
        cob_id, data = frame.cob_id, frame.data
        if self.state is None:
            # A choice: a program that opens the simulated bus and reads at once gets its answer.
            if cob_id == 0x600 + self.id and self._fresh and self.schedule.named("boot"):
                self._early = data
            return
        if cob_id == NMT_COB_ID:
            self._command(data)
        elif cob_id == 0x600 + self.id:
            if self.state is not NmtState.STOPPED:
                self._channel.handle(data)
        elif HEARTBEAT_BASE < cob_id <= HEARTBEAT_BASE + 0x7F:
            self._consume(cob_id - HEARTBEAT_BASE)
        elif self.state is NmtState.OPERATIONAL and cob_id in self.pdos.rpdos:
            self._take(self.pdos.rpdos[cob_id], data)

    # --- power and NMT -----------------------------------------------------------------------------------

    def power_off(self, first: int = 0x1000, last: int = 0xFFFF) -> None:
        """Fall silent; the objects of the index range forget what was written to them."""
        self.state = None
        self._early = None
        self._heard.clear()
        for kind in ("boot", "heartbeat", "tpdo", "consumer"):
            self._cancel(kind)
        self._channel.reset()
        self.objects.reset(first, last)
        self.pdos.reload()
        self._read_consumers()
        self._application.stopped()

    def restart(self, last: int = 0xFFFF) -> None:
        """Power-on or NMT reset; reset communication spares the objects above `last` (CiA 301)."""
        self.power_off(0x1000, last)
        self.schedule.after("boot", BOOT_SECONDS, self._boot)

    def _boot(self) -> None:
        self.state = NmtState.PRE_OPERATIONAL
        self._fresh = False
        self._born = self.schedule.now
        self.send(HEARTBEAT_BASE + self.id, bytes((NmtState.INITIALISING,)))
        self._plan_heartbeat()
        self._application.started()
        if self._early is not None:
            self._channel.handle(self._early)
            self._early = None

    def _command(self, data: bytes) -> None:
        if len(data) < 2 or data[1] not in (0, self.id):
            return
        if data[0] == NmtCommand.RESET_NODE:
            self.restart()
        elif data[0] == NmtCommand.RESET_COMMUNICATION:
            self.restart(0x1FFF)
        elif data[0] in _STATES:
            self.enter(_STATES[NmtCommand(data[0])])

    def enter(self, state: NmtState) -> None:
        """Change the NMT state; the heartbeat shows it at its next tick only (CAP1/CAP2) [C]."""
        if self.state in (None, state):
            return
        self.state = state
        self._plan_tpdos()
        self._application.nmt_changed()

    def enter_error_state(self) -> None:
        """Go where 1029h:01 says, after a communication error while operational."""
        state = _ON_ERROR.get(self.objects.integer(ERROR_BEHAVIOUR, 1))
        if state is not None and self.state is NmtState.OPERATIONAL:
            self.enter(state)

    def _cancel(self, kind: str) -> None:
        for name in self.schedule.named(kind):
            self.schedule.cancel(name)

    def _tick(self, period_ms: int) -> float:
        """Next tick of a period [s].

        Everything cyclic runs on one grid that starts at boot-up: in CAP1 and CAP2 the first TPDO1 comes on
        the grid of the heartbeat, 66 and 194 ms after NMT start, and not a full period after it [I].
        """
        count = int((self.schedule.now - self._born) * 1000 / period_ms + 1e-6) + 1
        return self._born + count * period_ms / 1000

    # --- heartbeat ---------------------------------------------------------------------------------------

    def _plan_heartbeat(self) -> None:
        period = self.objects.integer(PRODUCER_HEARTBEAT)
        self.schedule.cancel("heartbeat")
        if period and self.state is not None:
            self.schedule.at("heartbeat", self._tick(period), self._beat)

    def _beat(self) -> None:
        if self.state is not None and not self._trouble.no_heartbeat:
            self.send(HEARTBEAT_BASE + self.id, bytes((self.state,)))
        self._plan_heartbeat()

    def _read_consumers(self) -> None:
        count = self.objects.integer(CONSUMER_HEARTBEAT)
        words = [self.objects.integer(CONSUMER_HEARTBEAT, sub + 1) for sub in range(count)]
        self._consumers = {word >> 16 & 0x7F: (word & 0xFFFF) / 1000 for word in words if word & 0xFFFF}

    def _consume(self, node_id: int) -> None:
        timeout = self._consumers.get(node_id)
        if timeout is None:
            return
        self.schedule.after(f"consumer {node_id}", timeout + CONSUMER_LATENCY, partial(self._lose, node_id))
        alone = not self._heard
        self._heard.add(node_id)
        if alone:
            self._application.heartbeat_found()

    def _lose(self, node_id: int) -> None:
        self._heard.discard(node_id)
        if not self._heard:
            self._application.heartbeat_lost()

    # --- PDO ---------------------------------------------------------------------------------------------

    def _remapped(self) -> None:
        if self.state is NmtState.OPERATIONAL:
            self._plan_tpdos()

    def _plan_tpdos(self) -> None:
        self._cancel("tpdo")
        if self.state is NmtState.OPERATIONAL:
            for pdo in self.pdos.tpdos:
                if pdo.event_timer:
                    self._plan_tpdo(pdo)

    def _plan_tpdo(self, pdo: Pdo) -> None:
        when = self._tick(pdo.event_timer)
        self.schedule.at(f"tpdo {pdo.number}", when, partial(self._transmit, pdo))

    def _transmit(self, pdo: Pdo) -> None:
        if not self._trouble.no_tpdos:
            self.send(pdo.cob_id, self.pdos.pack(pdo))
        self._plan_tpdo(pdo)

    def _take(self, pdo: Pdo, data: bytes) -> None:
        if len(data) != pdo.length:
            self._application.wrong_length()
            return
        for cell, value in self.pdos.unpack(pdo, data):
            if self._application.may_receive(cell.entry.address):
                cell.put(value)
        self._application.received(pdo)
