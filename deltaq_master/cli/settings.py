"""The global options of one command: which bus, which charger, how to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    # For the type checker alone: these bring in canopen and python-can, which `deltaq --help` does without.
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.master import Charger, Master

SIMULATED = ("sim", "deltaq_sim")
"""Names of the simulated charger as an interface."""


@dataclass(frozen=True, slots=True)
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

    def dictionary(self) -> Dictionary:
        """The object dictionary of the charger. Raises FileError for an EDS that cannot be used."""
        from deltaq_master.dictionary.eds import load
        from deltaq_master.dictionary.shipped import eds_path

        return load(self.eds or eds_path(), self.node_id)

    def open(self) -> Master:
        """Open the bus; nothing is sent. Raises UsageError or BusError."""
        from deltaq_master.master import Master

        return Master.open(
            self.interface, self.channel, self.bitrate, node_id=self.master_id, **self.bus_options()
        )

    def charger(self, master: Master) -> Charger:
        """The charger that is meant."""
        return master.charger(self.node_id, self.eds)

    def bus_options(self) -> dict[str, str]:
        """Options that only the simulated charger takes, checked. Raises UsageError."""
        if self.sim:
            if self.interface not in SIMULATED:
                raise UsageError("--sim is about the simulated charger", "add -i sim, or leave it out")
            from deltaq_master.simulator.options import Options

            Options.parse(self.sim)
        return dict(self.sim)


def settings(context: typer.Context) -> Settings:
    """The settings of the command that runs."""
    found = context.find_object(Settings)
    assert found is not None  # the callback before every verb has put them there
    return found


def key_values(words: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a dict; a fault may be given again, anything else not. Raises UsageError."""
    found: dict[str, str] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key:
            raise UsageError(f"--sim {word}: a simulator option is KEY=VALUE", "for example --sim speed=400")
        if key in found and key != "fault":
            raise UsageError(f"--sim {key} is given twice", "give it once")
        found[key] = f"{found[key]},{value}" if key in found else value
    return found
