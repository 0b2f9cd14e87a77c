"""When the charger charges: remote and local mode, the ready edge, stages, and why a cycle ended."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum

from deltaq_master.protocol.nmt import NmtState
from deltaq_master.simulator.alarms import COMMAND_LOST, COMMAND_LOST_IDLE, HEARTBEAT_LOST, Alarms
from deltaq_master.simulator.bench import Bench
from deltaq_master.simulator.commands import Commands
from deltaq_master.simulator.limits import LOW_LINE, MAX_VOLTS, requested
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.output import Output
from deltaq_master.simulator.watchdog import RpdoWatchdog

DERATED = 0.5
"""What a scripted derating leaves of current and power (a choice of this simulator)."""
FULL_CELL = 4.2
"""What the installed algorithm charges each cell to [V]: 84.0 V is the vendor's generic algorithm 233."""
ABOVE = 1.0
"""A request this far below the battery's voltage starts no charge [V] (a choice of this simulator) [U].

N: 2271h written as V x 256, so 21 V for an 84 V pack, gave no charge.
"""
BULK_END = 0.8
"""State of charge where indication 1 becomes 2 (G: below and above 80 %)."""


class Stage(Enum):
    """Where a charge cycle is."""

    OFF = 0
    STARTING = 1
    CHARGING = 2
    COMPLETE = 3


class Reason(IntEnum):
    """Why the last cycle ended, 2011h (G)."""

    NONE = 0
    ALGORITHM = 1
    EXTERNAL_DISABLE = 2
    AC_REMOVED = 3
    BATTERY_REMOVED = 4
    ALGORITHM_CHANGED = 5
    FAULT = 8
    LINK_LOST = 16
    PRE_OPERATIONAL = 17


class Indication(IntEnum):
    """Charge indication, bits 8 to 11 of 2006h (G)."""

    INACTIVE = 0
    BULK = 1
    ABSORPTION = 2
    FINISHING = 3
    COMPLETE = 4
    RESTING = 5
    EQUALIZE = 6
    SUPPLY = 7


class Control:
    """Decides when the output is on."""

    def __init__(self, options: Options, node: Node, output: Output, alarms: Alarms, bench: Bench) -> None:
        self._options = options
        self._node = node
        self._output = output
        self._alarms = alarms
        self._bench = bench
        self.commands = Commands(node, options, self.command)
        self.watchdog = RpdoWatchdog(node, options, self._rpdo_changed)
        self.first_charge: Callable[[], None] = lambda: None
        """Called once, at the first charging indication."""
        self.stage = Stage.OFF
        self.reason = Reason.NONE
        self.local = False
        """The cycle is one of the installed algorithm."""
        self.last_ah: float | None = None
        """What the last cycle returned [Ah]."""
        self._charged = False
        self._edge = False
        self._warm = False
        self._commanded = False

    # --- what it says ------------------------------------------------------------------------------------

    @property
    def remote(self) -> bool:
        """Override bits: the master is in charge, from its heartbeat on (CAP1, CAP2) or with a PDO (G) [I]."""
        by_heartbeat = self._options.override == "heartbeat"
        return (
            self._node.hears_master and (by_heartbeat or self.watchdog.seen) and not self._bench.override_lost
        )

    @property
    def enabled(self) -> bool:
        """6001h bit 0: able to charge; gone under a lost command (CAP1) [C], under other alarms [I]."""
        return self._bench.powered and not self._alarms.active and not self._bench.disabled

    @property
    def indication(self) -> Indication:
        """Charge indication; which one a remote charge shows is [U]."""
        if self.stage is Stage.COMPLETE:
            return Indication.COMPLETE
        if self.stage is not Stage.CHARGING:
            return Indication.INACTIVE
        if self._bench.stall:
            return Indication.RESTING
        if self._bench.equalize:
            return Indication.EQUALIZE
        if self._options.indication == "supply" and not self.local:
            return Indication.SUPPLY
        if self._output.voltage_limited:
            return Indication.FINISHING
        return Indication.BULK if self._output.state.soc < BULK_END else Indication.ABSORPTION

    @property
    def derating(self) -> int:
        """2008h: bit 0 when low mains hold the output below the request; else what the script says."""
        if self._bench.derate:
            return self._bench.derate
        output = self._output
        if output.limits is None or self.local or output.voltage_limited:
            return 0
        return int(self._bench.ac < LOW_LINE and output.amps < (self.commands.amps or 0.0))

    # --- what happens to it ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the battery catch up with the time; a charge may have come to its end meanwhile."""
        self._output.run(self._node.schedule.now)
        if self.stage is Stage.CHARGING and self._output.finished:
            self._close(Reason.ALGORITHM)
            self.stage = Stage.COMPLETE

    def command(self) -> None:
        """A request has come; one frame sets several objects, they take effect once it is through."""
        if not self._commanded:
            self._commanded = True
            self._node.schedule.after("command", 0, self._obey)

    def _obey(self) -> None:
        """Ready must have been 0 under the heartbeat before 1 starts a charge [I]."""
        commands, options = self.commands, self._options
        self._commanded = False
        if not self._node.hears_master:
            return
        if commands.ready is False:
            self._edge = True
        elif commands.ready and self.stage is Stage.OFF and (self._edge or options.edge == "no"):
            self._edge = self.local = False
            if self._obstacle() is None and (commands.amps or options.zero_edge == "tolerated"):
                self.stage, self._warm = Stage.STARTING, False
                self._node.schedule.after("start", options.start_delay, self._warmed)
        self.consider()

    def consider(self) -> None:
        """Something has changed: end, begin or adjust the charge."""
        self.settle()
        obstacle = self._obstacle() if self.stage is not Stage.OFF else None
        if obstacle is not None:
            if self.stage is Stage.CHARGING:
                self._close(obstacle)
            self.stage = Stage.OFF
            self._node.schedule.cancel("start")
        if self.stage is Stage.STARTING and self._warm and self._worth_it():
            self._begin()
        self._drive()

    def heartbeat_found(self) -> None:
        """Remote mode begins; a local cycle ends."""
        self._node.schedule.cancel("local")
        self.watchdog.stop()
        self._alarms.link_found()
        self.consider()

    def heartbeat_lost(self) -> None:
        """Remote mode ends: output off, requests forgotten, alarm 1Eh (CAP1) [C]."""
        self.consider()
        self._edge = False
        self.watchdog.stop()
        self.commands.link_lost()
        self._alarms.begin(HEARTBEAT_LOST)
        self.plan_local()

    def plan_local(self) -> None:
        """Without a master an installed algorithm may start by itself, after a wait (G)."""
        if self._options.algorithm and self._options.local_start == "auto":
            self._node.schedule.after("local", self._options.local_wait, self._start_local)

    def power_off(self) -> None:
        """Nothing is remembered but the battery."""
        self._output.run(self._node.schedule.now)
        for name in ("command", "start", "local"):
            self._node.schedule.cancel(name)
        self.stage, self.reason, self.last_ah = Stage.OFF, Reason.NONE, None
        self.local = self._edge = self._commanded = False
        self._output.limits = None
        self.watchdog.stop()
        self.commands.reset()
        self._alarms.reset()

    # --- inside ------------------------------------------------------------------------------------------

    def _rpdo_changed(self) -> None:
        if self.watchdog.lost:
            charging = self.stage is Stage.CHARGING
            self._alarms.begin(COMMAND_LOST if charging else self._options.idle_loss)
        else:
            self._alarms.end(COMMAND_LOST, COMMAND_LOST_IDLE)
        self.consider()

    def _obstacle(self) -> Reason | None:
        """Why there may be no charge now, the first reason that holds."""
        bench, commands = self._bench, self.commands
        if self.local and self._node.hears_master:
            return Reason.ALGORITHM_CHANGED
        if not self.local and (not self.remote or self.watchdog.lost):
            return Reason.LINK_LOST
        if not self.local and self._node.state is not NmtState.OPERATIONAL:
            return Reason.PRE_OPERATIONAL
        if not bench.powered:
            return Reason.AC_REMOVED
        if not bench.battery:
            return Reason.BATTERY_REMOVED
        if self._alarms.own or bench.disabled:
            return Reason.FAULT
        # A lost master keeps no installed algorithm from charging.
        if self._alarms.active and not self.local:
            return Reason.LINK_LOST
        # Without a master nothing written to 6000h counts as ready, with one it does not (G).
        ready = commands.ready is not False if self.local else commands.ready and commands.amps is not None
        return None if ready else Reason.EXTERNAL_DISABLE

    def _warmed(self) -> None:
        self._warm = True
        self.consider()

    def _worth_it(self) -> bool:
        volts = MAX_VOLTS if self.commands.volts is None else self.commands.volts
        return bool(self.commands.amps) and volts > self._output.volts - ABOVE and not self._bench.no_start

    def _start_local(self) -> None:
        self.local = True
        if self.stage is Stage.OFF and self._obstacle() is None:
            self.settle()
            self._begin()
            self._drive()

    def _begin(self) -> None:
        self.stage, self.reason = Stage.CHARGING, Reason.NONE
        self._output.begin(self.local or self._options.complete == "taper")
        if not self._charged and not (self._bench.stall or self._bench.equalize):
            self._charged = True
            self.first_charge()

    def _close(self, reason: Reason) -> None:
        self.reason = reason
        self.last_ah = self._output.cycle.ah

    def _drive(self) -> None:
        """Set the power stage."""
        bench = self._bench
        if self.stage is not Stage.CHARGING or bench.stall:
            self._output.limits = None
            return
        mains = bench.mains
        share = DERATED if bench.derate else 1.0
        if self.local:
            self._output.limits = requested(mains, FULL_CELL * self._options.cells, mains.amps, share)
        else:
            self._output.limits = requested(mains, self.commands.volts, self.commands.amps or 0.0, share)
