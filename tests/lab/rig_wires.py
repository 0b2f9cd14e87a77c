"""The interface `deltaq_sim` on SocketCAN: a virtual interface for each channel, its simulator in another process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import can
import can.interfaces
import pytest
from can.interfaces.socketcan import SocketcanBus
from can.typechecking import CanFilters

from deltaq_master.errors import UsageError
from deltaq_master.link.bus import opening
from deltaq_master.link.socketcan.socketcan import SocketCan
from deltaq_master.simulator import bus as simulated
from deltaq_master.simulator.options import Options
from tests.lab import interfaces
from tests.lab.simulators import Simulator


class Wire:
    """A virtual interface with `deltaq sim` on it."""

    def __init__(self, name: str, words: dict[str, str]) -> None:
        self.name = name
        self.options = Options.parse(words)
        self.users = 0
        interfaces.ip(f"link add {name} type vcan")
        interfaces.ip(f"link set {name} up")
        given = [word for key, value in words.items() for word in ("--sim", f"{key}={value}")]
        self.simulator = Simulator(["-i", "socketcan", "-c", name, *given, "sim"])
        if self.simulator.failed:
            self.close()
            raise UsageError(self.simulator.words.strip())

    def close(self) -> int:
        """End the simulator and take the interface away; returns the simulator's exit status."""
        status = self.simulator.end()
        interfaces.ip(f"link delete {self.name}")
        return status


class Wires:
    """The wires by channel; each is there from its first user to its last, as the simulated bus is in a process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._wires: dict[str, Wire] = {}
        self._opening = threading.local()
        self.laid = 0
        """Wires so far; each has a name of its own."""
        self.seen: list[Wire] = []
        """Wires that somebody joined; whoever watches a test clears it first."""
        self.trouble: list[str] = []
        """What simulators said that did not end as they should."""

    def stand_in(self, patch: pytest.MonkeyPatch) -> None:
        """Be what `deltaq_sim` opens, from now on: for our code our own SocketCAN, for others python-can's."""

        def open_bus(*args: Any, ours: bool = False, **options: Any) -> can.BusABC:
            self._opening.ours = ours
            try:
                return opening.open_bus(*args, ours=ours, **options)
            finally:
                self._opening.ours = False

        patch.setattr("deltaq_master.link.bus.network.open_bus", open_bus)
        real = can.interface._get_class_for_interface

        def of_interface(name: str) -> Callable[..., can.BusABC]:
            return self.open if name == simulated.INTERFACE else real(name)

        patch.setattr(can.interface, "_get_class_for_interface", of_interface)

    def open(
        self,
        channel: Any = None,
        can_filters: CanFilters | None = None,
        receive_own_messages: bool = False,
        **options: Any,
    ) -> can.BusABC:
        """A bus on the wire of a channel; arguments and errors are those of `SimulatedBus`."""
        words = {key: str(value) for key, value in options.items() if key not in simulated._TOLERATED}
        wire = self._join(simulated.CHANNEL if channel is None else str(channel), words)
        try:
            if getattr(self._opening, "ours", False):
                return OurBus(wire, self)
            return TheirBus(wire, self, can_filters=can_filters, receive_own_messages=receive_own_messages)
        except BaseException:
            self.leave(wire)
            raise

    def _join(self, channel: str, words: dict[str, str]) -> Wire:
        try:
            options = Options.parse(words)
        except UsageError as error:
            raise simulated.SimulatorOptionError(error.problem, error.remedy) from error
        with self._lock:
            wire = self._wires.get(channel)
            if wire is None:
                self.laid += 1
                wire = self._wires[channel] = Wire(f"rig{self.laid}", words)
            elif words and options != wire.options:
                raise simulated.SimulatorOptionError(
                    f"another bus already runs the simulator on channel {channel!r} with other options"
                )
            wire.users += 1
            self.seen.append(wire)
            return wire

    def leave(self, wire: Wire) -> None:
        """Take the wire away with its last user."""
        with self._lock:
            wire.users -= 1
            if wire.users > 0:
                return
            self._wires = {channel: each for channel, each in self._wires.items() if each is not wire}
            status = wire.close()
            if status != 0:
                self.trouble.append(f"{wire.name}: exit status {status}\n{wire.simulator.words}")

    def close(self) -> None:
        """Take away what is left."""
        for wire in self._wires.values():
            wire.close()


class OurBus(SocketCan):
    """Our own SocketCAN on a wire of the rig."""

    def __init__(self, wire: Wire, wires: Wires) -> None:
        super().__init__(wire.name)
        self._leave: list[Callable[[], None]] = [lambda: wires.leave(wire)]

    def shutdown(self) -> None:
        """Close it, and leave the wire; twice is once."""
        super().shutdown()
        if self._leave:
            self._leave.pop()()


class TheirBus(SocketcanBus):
    """python-can's SocketCAN on a wire of the rig."""

    def __init__(self, wire: Wire, wires: Wires, **options: Any) -> None:
        super().__init__(wire.name, **options)
        self._leave: list[Callable[[], None]] = [lambda: wires.leave(wire)]

    def shutdown(self) -> None:
        """Close it, and leave the wire; twice is once."""
        super().shutdown()
        if self._leave:
            self._leave.pop()()
