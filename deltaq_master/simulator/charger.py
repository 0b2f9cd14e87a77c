"""The simulated charger, whole: a CANopen node with a power stage, a pack and a fault script.

It is a hypothesis with sources, not the charger: no unit was at hand. docs/simulator.md lists what it models,
from where, how sure, and what it does not model.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import UsageError
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.simulator.alarms import PDO_LENGTH, Alarms
from deltaq_master.simulator.bench import Bench
from deltaq_master.simulator.bms import BmsCheck
from deltaq_master.simulator.channel import Trouble
from deltaq_master.simulator.commands import GUARDED
from deltaq_master.simulator.control import Control
from deltaq_master.simulator.faults import Faults
from deltaq_master.simulator.model import Model
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.objects import Value
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.output import Output
from deltaq_master.simulator.pack import Pack, PackState
from deltaq_master.simulator.pdos import Pdo
from deltaq_master.simulator.telemetry import Telemetry
from deltaq_master.simulator.wired import Wired
from deltaq_master.units import quantity

AUTO_OPERATIONAL = 1 << 3
"""1F80h bit 3 (G)."""

# What the EDS gives no default for. Form of 100Ah from G; every number and text here is an example.
_IDENTITY: tuple[tuple[int, int, Value], ...] = (
    (0x1008, 0, "ICL1500-85"),
    (0x100A, 0, "001.008.00000#00008"),
    (0x1018, 2, 0x00D4A081),
    (0x1018, 3, 0x00010800),
    (0x2251, 0, "000-0000-00"),
    (0x2260, 0, "Delta-Q"),
    (0x2261, 0, "simulated"),
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The pack, as its own management system sees it."""

    voltage: float = quantity("V")
    current: float = quantity("A", "into the pack")
    soc: float = quantity("%")
    temperature: float = quantity("°C")


class SimulatedCharger(Wired):
    """A node whose application is a power stage with a pack at its output."""

    def __init__(
        self, options: Options, dictionary: Dictionary | Model, now: float, *, serial: int = 1
    ) -> None:
        """Power on at `now` [s]; `serial` is 1018h:04."""
        if dictionary.node_id != options.node:
            raise UsageError(
                f"the simulated charger is node {options.node}, its EDS was loaded for {dictionary.node_id}"
            )
        self.options = options
        self._bench = Bench(options.ac, options.battery == "yes")
        trouble = Trouble(Random(options.seed))
        self._node = node = Node(Model.of(dictionary), now, trouble)
        self._initial_values(serial)
        pack = Pack(options.cells, options.ah, options.mohm, options.temperature)
        state = PackState(options.soc / 100, options.temperature)
        self._output = Output(pack, state, options.speed, now)
        self._alarms = Alarms(node, options)
        self._control = Control(options, node, self._output, self._alarms, self._bench)
        Telemetry(options, node, self._output, self._alarms, self._bench, self._control)
        if options.bms_check == "on":
            BmsCheck(node, self._output, self._alarms, self._control.consider)
        node.power_on(self)
        if not self._bench.powered and options.ac_off == "dark":
            node.power_off()
        Faults(options, node, trouble, self._bench, self._alarms, self._control)

    def _initial_values(self, serial: int) -> None:
        objects, options = self._node.objects, self.options
        for index, sub, value in (*_IDENTITY, (0x1018, 4, serial)):
            objects.begin_with(index, sub, value)
        heartbeat = objects.integer(0x1016, 1) & 0xFFFF
        objects.begin_with(0x1016, 1, options.master << 16 | heartbeat)
        if options.auto_operational == "yes":
            objects.begin_with(0x1F80, 0, AUTO_OPERATIONAL)

    def measure(self, now: float) -> Measurement:
        """What a battery management system on the pack measures now: the truth, not what the charger reports."""
        self._node.schedule.run(now)
        self._control.settle()
        state = self._output.state
        return Measurement(self._output.volts, self._output.amps, 100 * state.soc, state.temperature)

    # --- Application of the node -------------------------------------------------------------------------

    def started(self) -> None:
        """The node is up."""
        self._alarms.started()
        self._control.plan_local()
        if self._node.objects.integer(0x1F80) & AUTO_OPERATIONAL:
            self._node.enter(NmtState.OPERATIONAL)

    def stopped(self) -> None:
        """The node has lost power, or resets."""
        self._control.power_off()

    def nmt_changed(self) -> None:
        """Outside operational no RPDO is received, and no remote charge goes on (2011h: 17)."""
        if self._node.state is not NmtState.OPERATIONAL:
            self._control.watchdog.stop()
        self._control.consider()

    def heartbeat_found(self) -> None:
        """The master is there."""
        self._control.heartbeat_found()

    def heartbeat_lost(self) -> None:
        """The master is gone: EMCY first, then the state of 1029h:01 (CAP1) [C]."""
        self._control.heartbeat_lost()
        self._node.enter_error_state()

    def may_receive(self, address: Address) -> bool:
        """The guarded objects need the master's heartbeat, by PDO too [I]."""
        return self._node.hears_master or address not in GUARDED

    def received(self, pdo: Pdo) -> None:
        """An RPDO is through."""
        self._alarms.end(PDO_LENGTH)
        if self._node.hears_master:
            self._control.watchdog.feed(pdo.number)
        self._control.command()

    def wrong_length(self) -> None:
        """E-0-4-6, until a right one comes [I]."""
        self._alarms.begin(PDO_LENGTH)
        self._control.consider()
