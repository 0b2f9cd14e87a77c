"""What is known about a kind of device beyond its EDS, as data for jobs that must not know the device itself."""

from __future__ import annotations

from dataclasses import dataclass

from deltaq_master.dictionary.address import Address


@dataclass(frozen=True, slots=True)
class Command:
    """Something that the device is told by RPDO, under one or more names."""

    name: str
    addresses: tuple[Address, ...]
    """Its objects; one of them is enough."""


@dataclass(frozen=True, slots=True)
class Family:
    """Objects that are one quantity in different scales."""

    name: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class MasterWatch:
    """How the device is to notice that its master is gone: an entry of 1016h."""

    longest_ms: int
    """The longest time that is still a watch."""
    source: str
    """Where that time is from, and how sure it is."""


@dataclass(frozen=True, slots=True)
class CommandTimeout:
    """The silence after which the device drops its commands, as far as it is known."""

    words: str
    """The time as a person says it, with its source and certainty."""
    doubt: str
    """What of it is not certain, as a sentence."""
    remedy: str
    """What to do while the device does not show it."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that an audit may be told of a kind of device; `Knowledge()` knows nothing."""

    device: str = ""
    """What kind of device: `Delta-Q charger (CiA 419)`."""
    commands: tuple[Command, ...] = ()
    """What must be mapped in an enabled RPDO for the device to do its work."""
    further_commands: frozenset[Address] = frozenset()
    """Other objects that make it do something."""
    timeout: CommandTimeout | None = None
    integrity: frozenset[Address] = frozenset()
    """CRC and sequence objects."""
    fillers: frozenset[Address] = frozenset()
    """Objects that only fill a PDO up, so that it does not matter how often they are mapped."""
    received: tuple[tuple[Address, str], ...] = ()
    """What to do about objects that it takes by RPDO although their access is not meant for that."""
    families: tuple[Family, ...] = ()
    """Quantities that it has in several scales."""
    watch: MasterWatch | None = None

    def meant(self, address: Address) -> str:
        """What to do about an object that is received against its access, '' where nothing is known of it."""
        return next((remedy for known, remedy in self.received if known == address), "")

    @property
    def command_objects(self) -> frozenset[Address]:
        """Every object that makes the device do something."""
        named = (address for command in self.commands for address in command.addresses)
        return self.further_commands.union(named)
