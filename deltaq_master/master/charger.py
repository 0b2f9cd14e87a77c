"""One charger on a bus: its objects, its NMT state, and charging it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from deltaq_master.charger import objects
from deltaq_master.charger.battery import Battery
from deltaq_master.charger.limits import Limits, Target
from deltaq_master.charger.phases import Phase
from deltaq_master.charger.plan import Accepted, ChargePlan, Consent, Timing
from deltaq_master.charger.policy import POLICY
from deltaq_master.charger.session import Mapped
from deltaq_master.configuration.change import Change
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry, Value
from deltaq_master.dictionary.mapping import PdoDump, defaults
from deltaq_master.dictionary.pdo_profile import PdoProfile
from deltaq_master.errors import (
    BootError,
    CallError,
    SdoAnswerError,
    TheirError,
)
from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device.node import Node
from deltaq_master.link.device.reported import ReportedNmt
from deltaq_master.link.device.transaction import Handling, Journal
from deltaq_master.link.pdo.maps import RemapPlan, plan_remap, remap
from deltaq_master.link.pump.feed import Feed
from deltaq_master.link.pump.poll import Source
from deltaq_master.link.pump.pump import Pump
from deltaq_master.link.sdo.worker import TransferWorkers
from deltaq_master.master.presence import check_profile, held, write_once_noticed
from deltaq_master.master.run import ChargeRun
from deltaq_master.protocol.guard import check_write, is_watchdog
from deltaq_master.protocol.presence import Presence

TRANSFER_TIME = 1.2
"""How long an SDO transfer that is under way may take to end when a charger is closed [s]."""
CHARGER_ID = 10
"""Node-ID of the charger in every implementation found."""


class Charger:
    """One charger: `node` is canopen's view of it, `nmt` the truth about its state."""

    def __init__(
        self,
        network: Network,
        pump: Callable[[], Pump],
        workers: TransferWorkers,
        node: Node,
        master_id: int,
        closed: Callable[[Charger], None],
    ) -> None:
        """Made by `Master.charger`; `pump` starts the pump when it is first needed, `closed` is told of the end."""
        self._network = network
        self._pump = pump
        self._workers = workers
        self._master_id = master_id
        self._closed = closed
        self.node = node
        """A `canopen.RemoteNode` with our SDO client and our PDO maps; what is written through it is unguarded."""
        self.dump: PdoDump = defaults(node.dictionary)
        """The PDO mapping: read off the device after a boot, until then what the EDS says."""
        self._run: ChargeRun | None = None
        network.add_node(node)
        self.nmt = ReportedNmt(network, node.id)
        workers.attach(node.id, node.sdo)

    @property
    def dictionary(self) -> Dictionary:
        """What the EDS says of it."""
        return self.node.dictionary

    # --- charging -----------------------------------------------------------------------------------------

    def charge(
        self,
        voltage: float,
        current: float,
        *,
        limits: Limits,
        battery: Battery | None = None,
        readings: Source | None = None,
        duration: float | None = None,
        max_ah: float | None = None,
        taper: float | None = None,
        consent: Consent = Consent.NONE,
        accepted: Accepted | None = None,
        timing: Timing | None = None,
    ) -> ChargeRun:
        """Charge to `voltage` [V] with up to `current` [A]; returns at once, with the charge under way.

        `duration` [s], `max_ah` [Ah] and `taper` [A] end it; `readings` gives `BatteryReading`s, without which
        the charger's own measurement is used. Raises LimitError or UsageError before anything is sent.
        """
        plan = ChargePlan(
            dictionary=self.dictionary,
            limits=limits,
            target=Target(voltage, current),
            master_id=self._master_id,
            battery=battery or Battery(),
            external=readings is not None,
            duration=duration,
            max_ah=max_ah,
            taper=taper,
            consent=consent,
            accepted=accepted or Accepted(),
            timing=timing or Timing(),
        )
        return self.begin(plan, readings)

    def boot(self, *, limits: Limits, **options: Any) -> ChargeRun:
        """Boot the charger and keep it armed at ready 0 and 0 A; returns when it is.

        `run.charge(Target(...))` then charges. `options` are those of `ChargePlan`. Raises BootError with the
        cause if the charger is refused.
        """
        plan = ChargePlan(self.dictionary, limits, master_id=self._master_id, **options)
        run = self.begin(plan)
        for view in run:
            if view.phase is Phase.ARMED:
                return run
        cause = run.result.cause
        raise BootError(self.node.id, (cause.text,) if cause else ())

    def begin(self, plan: ChargePlan, readings: Source | None = None) -> ChargeRun:
        """Carry out a plan; `readings` is needed where the plan says that battery data is external."""
        if self._run is not None and not self._run.over:
            raise CallError(f"node {self.node.id} is being charged already; stop that charge first")
        self._run = ChargeRun(self._pump(), plan, self._mapped, self._ended, readings)
        return self._run

    def leave(self) -> None:
        """Ask a charge for an end by the safe order; returns at once, and `close` then waits for it."""
        if self._run is not None:
            self._run.leave()

    def close(self) -> None:
        """End a charge by the safe order and take the node off the bus."""
        if self._run is not None:
            self._run.close()
        self.nmt.close()
        self._workers.detach(self.node.id, TRANSFER_TIME)
        self._network.nodes.pop(self.node.id, None)
        self.node.remove_network()
        self._closed(self)

    def _mapped(self, mapped: Mapped) -> None:
        """The node's maps become the device's, and those that the pump sends become the pump's."""
        self.dump = mapped.dump
        self.node.install(mapped.dump)
        for pdo in self.node.rpdo.all:
            if pdo.enabled and pdo.cob_id in mapped.commands:
                pdo.claim("the charge")

    def _ended(self) -> None:
        for pdo in self.node.rpdo.all:
            pdo.release()

    def remap(
        self,
        profile: PdoProfile,
        *,
        allow: Iterable[Address] = (),
        force: bool = False,
        handling: Handling | None = None,
    ) -> RemapPlan:
        """Make its PDOs what a profile says, as one change; charges are packed for the new layout from then on.

        Answers with what was done. Raises CallError while it is charged; RefusedError with nothing written;
        ChangeError if it failed, which says whether it was undone; SdoTimeoutError, BusError. `link.pdo` has
        the plan alone, `plan_remap`.
        """
        self._check_free()
        plan = plan_remap(self.node, profile, nmt=self.nmt, policy=POLICY, allow=tuple(allow), force=force)
        self.dump = remap(self.node, plan, handling)
        return plan

    def configure(self, *, journal: Journal | None = None, force: bool = False) -> Change:
        """Several objects as one change, written when the `with` block is left without an exception.

            with charger.configure() as change:
                change[0x1017] = 500

        `journal` keeps on disk what is needed to undo it (`configuration.journal.DiskJournal`); `force` changes a
        charger that charges by itself. Raises CallError while a charge of ours runs.
        """
        self._check_free()
        return Change(
            self.node,
            POLICY,
            lambda: self.nmt.reported,
            Handling(journal),
            force=force,
            mapped=self._remapped,
        )

    def _remapped(self, dump: PdoDump) -> None:
        self.dump = dump

    def _check_free(self) -> None:
        if self._run is not None and not self._run.over:
            raise CallError(f"node {self.node.id} is being charged; stop that charge first")

    # --- single objects -----------------------------------------------------------------------------------

    def read(self, entry: Entry | Address | str | int) -> Value:
        """Read an object by SDO, by name, address or index: in its unit where the EDS gives a scale, else raw.

        Raises SdoError; UsageError for a name that the EDS does not know.
        """
        known = self._entry(entry)
        data = self.node.sdo.upload(known.address.index, known.address.sub)
        try:
            return known.phys(known.decode(data))
        except ValueError as error:
            address = known.address
            raise SdoAnswerError(self.node.id, address.index, address.sub, str(error)) from None

    def write(
        self,
        entry: Entry | Address | str | int,
        value: Value,
        *,
        raw: bool = False,
        allow: Iterable[Address] = (),
        heartbeat: bool = False,
    ) -> None:
        """Write an object by SDO, in its unit (or raw), if no rule forbids it.

        `allow` names protected objects that may be written all the same; `heartbeat` puts our heartbeat on the
        bus for it, after listening for another master. Raises RefusedError or LimitError before anything is
        sent, SdoError if the device refuses.
        """
        known = self._entry(entry)
        data = known.encode(value if raw else known.raw(value))
        present = self._present(known.address) if is_watchdog(known.address) else None
        check_write(
            known,
            data,
            present=present,
            named=tuple(allow),
            commands=objects.COMMANDS,
            harmless=(objects.BATTERY_STATUS, *objects.CURRENT_REQUESTS),
        )
        if heartbeat:
            with self.presence() as told:
                write_once_noticed(self.node, known.address, data, told)
        else:
            self.node.sdo.download(known.address.index, known.address.sub, data)

    def _present(self, address: Address) -> bytes | None:
        try:
            return self.node.sdo.upload(address.index, address.sub)
        except TheirError:
            return None

    def _entry(self, entry: Entry | Address | str | int) -> Entry:
        if isinstance(entry, Entry):
            return entry
        if isinstance(entry, str):
            return self.dictionary.find(entry)
        return self.dictionary[Address(entry) if isinstance(entry, int) else entry]

    @contextmanager
    def presence(self, listening: float = Timing().listening) -> Iterator[Feed[object]]:
        """Our heartbeat for the time of a `with` block, after listening for another master [s].

        The charger goes into remote mode by it. The feed tells `Absent` if it has to end early. Raises
        RefusedError if another master is heard, or if 1000h is another profile's: a wrong device never hears us.
        """
        check_profile(self.node)
        commands = frozenset(r.cob_id for r in self.dump.rpdos if r.enabled and r.cob_id is not None)
        machine = Presence(self.node.id, self._master_id, commands, listening, clock.now())
        with held(self._pump(), machine, listening) as told:
            yield told
