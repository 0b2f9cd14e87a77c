"""What the charger's objects read: measurements, status, counters (G; scales are the EDS's).

An object that the EDS does not have is passed over, so an EDS corrected from a real unit needs no change here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from deltaq_master.simulator.alarms import ALARM, FAULT, Alarms
from deltaq_master.simulator.bench import Bench
from deltaq_master.simulator.control import Control, Indication, Stage
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.objects import Cell, Value
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.output import Counter, Output

IDLE_AMPS = 4988 / 256
"""What 2002h shows while nothing flows: 137Ch, 19.48 A (CAP1) [C]; why is [U]."""
CHARGER_RISE = 0.02
"""Warming of the charger with its output [K/W] (a choice of this simulator)."""
ALGORITHM = 233
"""Id in 2241h of the vendor's generic algorithm for 84.0 V, where one is installed."""
NO_ALGORITHM = 0xFFFFFFFF

# 6080h is coarse (G); it was FFh in every frame captured, and nothing was charging [C].
_SOC = {
    Indication.BULK: 50.0,
    Indication.ABSORPTION: 81.0,
    Indication.FINISHING: 90.0,
    Indication.COMPLETE: 100.0,
}
WRAP = 1 << 16

Reading = Callable[[], float | None]


class Telemetry:
    """Hooks the readings into the object dictionary."""

    def __init__(
        self, options: Options, node: Node, output: Output, alarms: Alarms, bench: Bench, control: Control
    ) -> None:
        self._options = options
        self._objects = node.objects
        self._output = output
        self._alarms = alarms
        self._bench = bench
        self._control = control
        self._stale = IDLE_AMPS
        self._measurements()
        self._status()
        self._counters()
        if options.power_objects == "absent":
            self._objects.remove(0x4209)
            self._objects.remove(0x4212)

    # --- values ------------------------------------------------------------------------------------------

    @property
    def volts(self) -> float:
        """Battery voltage as the charger reports it [V]."""
        return (self._output.volts if self._bench.battery else 0.0) + self._bench.volts_error

    @property
    def amps(self) -> float:
        """Output current as the charger reports it [A]; wrong while nothing flows, in two models [U]."""
        amps = self._output.amps
        if self._options.idle == "offset":
            return amps + IDLE_AMPS + self._bench.amps_error
        if self._control.stage is Stage.CHARGING:
            self._stale = amps
        return self._stale + self._bench.amps_error

    @property
    def watts(self) -> float:
        """Output power [W]."""
        return self._output.amps * self._output.volts

    def _status_word(self) -> int:
        """2006h (G, DBC, CAP1/CAP2); bits 0 and 1 stayed 0 with an alarm active in CAP1."""
        control, alarms = self._control, self._alarms
        shown = self._options.alarm_bits == "on"
        indication = control.indication
        bits = (
            shown and alarms.has(FAULT),
            shown and alarms.has(ALARM),
            alarms.has(FAULT),
            control.derating,
            self._bench.powered,
            control.enabled,
            control.remote,
        )
        flags = sum(1 << place for place, bit in enumerate(bits) if bit)
        return flags | indication << 8 | (control.stage is Stage.CHARGING) << 12

    # --- hooks -------------------------------------------------------------------------------------------

    def _hook(self, index: int, sub: int, read: Callable[[Cell], Value]) -> None:
        cell = self._objects.get(index, sub)
        if cell is not None:
            cell.live = partial(self._settled, read, cell)

    def _settled(self, read: Callable[[Cell], Value], cell: Cell) -> Value:
        self._control.settle()
        return read(cell)

    def _reading(self, index: int, read: Reading, sub: int = 0) -> None:
        """A physical value in the scale of the object, None for its word for "no value"."""
        self._hook(index, sub, lambda cell: cell.raw(read()))

    def _measurements(self) -> None:
        for index in (0x2100, 0x2101, 0x2103, 0x2104, 0x2105):
            self._reading(index, lambda: self.volts)
        for index in (0x2002, 0x4214):
            self._reading(index, lambda: self.amps)
        self._reading(0x4213, lambda: self.watts)
        self._reading(0x2200, lambda: self._bench.ac)
        self._reading(0x2050, lambda: self._options.temperature + CHARGER_RISE * self.watts)
        self._reading(0x4209, lambda: self._bench.mains.watts)
        self._reading(0x4212, self._amps_available)

    def _amps_available(self) -> float:
        mains = self._bench.mains
        return min(mains.amps, mains.watts / max(self._output.volts, 1.0))

    def _status(self) -> None:
        control = self._control
        self._hook(0x2006, 0, lambda _: self._status_word())
        self._hook(0x2008, 0, lambda _: control.derating)
        self._hook(0x200B, 0, lambda _: int(control.stage is Stage.CHARGING))
        self._hook(0x2011, 0, lambda _: int(control.reason))
        self._hook(0x2241, 0, lambda _: ALGORITHM if self._options.algorithm else NO_ALGORITHM)
        self._hook(0x2242, 0, lambda _: self._options.algorithm)
        self._hook(0x2250, 0, lambda _: int(self._options.indication == "stages"))
        self._hook(0x6001, 0, lambda _: int(control.enabled))
        self._reading(0x6080, lambda: _SOC.get(control.indication))

    def _counters(self) -> None:
        self._count(1, lambda: self._output.cycle)
        self._count(2, lambda: self._output.connection)
        self._reading(0x6052, lambda: self._control.last_ah)

    def _count(self, sub: int, counter: Callable[[], Counter]) -> None:
        seconds, watt_hours = self._options.elapsed_scale, self._options.wh_scale
        self._reading(0x2009, lambda: counter().ah, sub)
        self._reading(0x2012, lambda: counter().ah, sub)
        # Sixteen bits do not last: these count through zero [I]. Their scales are [U], so a switch's.
        self._hook(0x2005, sub, lambda _: int(counter().seconds / seconds) % WRAP)
        self._hook(0x200A, sub, lambda _: int(counter().wh / watt_hours) % WRAP)
