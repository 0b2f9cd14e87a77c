"""A dump of a device's PDOs with all that it was made from: for documents that leave nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import EDS_DEFAULTS, PdoDump, assemble, default_values
from deltaq_master.dictionary.entry import Catalogue


@dataclass(frozen=True, slots=True)
class PdoReading:
    """What was read of a device's PDOs, or taken from its EDS."""

    node_id: int
    dump: PdoDump
    values: Mapping[Address, bytes | None] = field(default_factory=dict)
    """Every PDO parameter that was asked for, as bytes; None for one without an answer of use."""
    absent: tuple[str, ...] = ()
    """PDOs of the EDS that the device says it does not have: `RPDO5`."""
    beyond: tuple[str, ...] = ()
    """PDOs of the device that the EDS does not have."""
    problems: tuple[str, ...] = ()
    """What is not known about the device as a whole."""

    @property
    def complete(self) -> bool:
        """True when every PDO that exists was read whole."""
        return not self.problems and all(record.complete for record in self.dump.records)


def eds_reading(dictionary: Catalogue, node_id: int) -> PdoReading:
    """The same from the EDS alone: its default values."""
    values = default_values(dictionary)
    return PdoReading(node_id, assemble(dictionary, values, EDS_DEFAULTS), values)
