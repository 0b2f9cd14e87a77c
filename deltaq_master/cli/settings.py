"""The global options of one command: which bus, which charger, how to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    # For the type checker alone: these bring in canopen and python-can, which `deltaq --help` does without.
    from deltaq_master.cli.bus_notes import Hearing
    from deltaq_master.cli.record import CommandRecording
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.bus.silence import Expected
    from deltaq_master.link.device.device import Device
    from deltaq_master.link.record.recorder import Recorder
    from deltaq_master.master import Charger, Master
    from deltaq_master.protocol.guard import Policy

SIMULATED = ("sim", "deltaq_sim")
"""Names of the simulated charger as an interface."""
CHARGER_PROFILE = 419
"""Device profile of battery chargers (CiA 419), the lower word of 1000h."""


@dataclass(frozen=True)
class Settings:
    """What stands before the verb. A bus that is not named is left to python-can's own settings."""

    interface: str | None = None
    channel: str | None = None
    bitrate: int | None = None
    node_id: int = 10
    master_id: int = 1
    eds: Path | None = None
    json: bool = False
    sim: Mapping[str, str] = field(default_factory=dict)
    recording: CommandRecording | None = None

    def dictionary(self) -> Dictionary:
        """The object dictionary of the device, read once. Raises FileError for an EDS that cannot be used."""
        return self._dictionary

    @cached_property
    def _dictionary(self) -> Dictionary:
        from deltaq_master.dictionary.eds import load
        from deltaq_master.dictionary.shipped import eds_path

        return load(self.eds or eds_path(), self.node_id)

    @contextmanager
    def open(self, *, hearing: bool = True) -> Iterator[Master]:
        """Open the bus; nothing is sent. Raises UsageError or BusError.

        With `hearing` it is said at the end what is known of a bus on which nothing was heard.
        """
        from deltaq_master.master import Master

        options = self.bus_options()
        recorder = self._recorder()
        with Master.open(
            self.interface, self.channel, self.bitrate, node_id=self.master_id, **options
        ) as master:
            if recorder is not None:
                master.record(recorder)
            with self.hearing(master.network) if hearing else nullcontext():
                yield master

    @contextmanager
    def network(self) -> Iterator[Network]:
        """The bus alone, for jobs that need no master; nothing is sent. Raises UsageError or BusError."""
        from deltaq_master.link.bus.network import open_network

        options = self.bus_options()
        recorder = self._recorder()
        with open_network(self.interface, self.channel, self.bitrate, **options) as network:
            if recorder is not None:
                network.gate.subscribe_frames(recorder.frame)
                network.gate.subscribe_turns(recorder.turn)
            yield network

    def hearing(self, network: Network) -> Hearing:
        """What says at the end of its `with` block what is known of a bus on which nothing was heard."""
        from deltaq_master.cli.bus_notes import Hearing

        return Hearing(self, network)

    @property
    def expected(self) -> Expected:
        """What is known of the device's bit rate: by option -b, by its kind, by its EDS."""
        from deltaq_master.link.bus.silence import Expected

        dictionary = self.dictionary()
        allowed = tuple(sorted(dictionary.od.device_information.allowed_baudrates))
        if self.bitrate is not None and self.opened_at is None:
            return Expected(self.bitrate, "was named with -b", allowed)
        if is_charger(dictionary):
            from deltaq_master.charger.bit_rate import BITRATE, SOURCE

            return Expected(BITRATE, SOURCE, allowed)
        return Expected(allowed=allowed)

    @property
    def opened_at(self) -> int | None:
        """Bit rate that an adapter was opened with [bit/s]; None where `ip` or nobody sets it."""
        return None if self.interface in (*SIMULATED, "socketcan", None) else self.bitrate

    def _recorder(self) -> Recorder | None:
        """The recorder that was asked for, made before the bus is opened. Raises FileError."""
        if self.recording is None:
            return None
        from deltaq_master.dictionary.shipped import eds_path

        told = {
            "interface": self.interface,
            "channel": self.channel,
            "bitrate": self.bitrate,
            "node_id": self.node_id,
            "master_id": self.master_id,
            "sim": dict(self.sim),
        }
        return self.recording.begin(told, self.eds or eds_path())

    def report(self, name: str, value: object) -> None:
        """Record a result of the command, if it is recorded."""
        if self.recording is not None:
            self.recording.report(name, value)

    @contextmanager
    def device(self, dictionary: Dictionary) -> Iterator[Device]:
        """Any device with an EDS, on its bus; nothing is sent. Raises UsageError or BusError."""
        from deltaq_master.link.device.device import on_bus

        with (
            self.network() as network,
            on_bus(network, dictionary) as device,
            self.hearing(network),
        ):
            yield device

    def charger(self, master: Master) -> Charger:
        """The charger that is meant."""
        return master.charger(self.node_id, self.dictionary())

    def bus_options(self) -> dict[str, str]:
        """Options that only the simulated charger takes, checked. Raises UsageError."""
        if self.sim:
            if self.interface not in SIMULATED:
                raise UsageError("--sim is about the simulated charger", "add -i sim, or leave it out")
            from deltaq_master.simulator.options import Options

            Options.parse(self.sim)
        return dict(self.sim)


def is_charger(dictionary: Dictionary) -> bool:
    """True for an EDS of a battery charger (CiA 419), for which this package knows more than its EDS says."""
    from deltaq_master.dictionary.address import Address

    entry = dictionary.get(Address(0x1000))
    default = None if entry is None else entry.default
    return isinstance(default, int) and default & 0xFFFF == CHARGER_PROFILE


def policy_of(dictionary: Dictionary) -> Policy:
    """What a tool must not do to this kind of device; the charger's code is imported for a charger alone."""
    if is_charger(dictionary):
        from deltaq_master.charger.policy import POLICY

        return POLICY
    from deltaq_master.protocol.guard import Policy

    return Policy()


def settings(context: typer.Context) -> Settings:
    """The settings of the command that runs."""
    found = context.find_object(Settings)
    assert found is not None  # the callback before every verb has put them there
    return found


def key_values(words: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a dict; faults and devices may be given again, others not. Raises UsageError."""
    found: dict[str, str] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key:
            raise UsageError(f"--sim {word}: a simulator option is KEY=VALUE", "for example --sim speed=400")
        if key in found and key not in ("fault", "device"):
            raise UsageError(f"--sim {key} is given twice", "give it once")
        found[key] = f"{found[key]},{value}" if key in found else value
    return found
