"""Objects of a device by SDO (`node.sdo[0x6070]`): canopen's, checked for length and limits.

Looking at one asks the device nothing: `len()`, `in` and iteration answer from the dictionary, and only
`.raw`, `.phys`, `.data` and the like go on the bus. What a device has in an array, `array[0].raw` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from canopen import objectdictionary
from canopen.sdo import base

from deltaq_master.errors import LimitError
from deltaq_master.link.sdo.errors import SdoBadAnswer

if TYPE_CHECKING:
    from deltaq_master.link.sdo.client import SdoClient


class SdoVariable(base.SdoVariable):
    """One value of the device."""

    sdo_node: SdoClient

    def get_data(self) -> bytes:
        """Read the value; SdoAnswerError if its length is not that of the object's type."""
        data = super().get_data()
        if self.od.fixed_size and len(data) * 8 != len(self.od):
            raise SdoBadAnswer(
                self.sdo_node.node_id,
                self.od.index,
                self.od.subindex,
                f"answered with {len(data)} bytes instead of the {len(self.od) // 8} of its type",
                (f"data {data.hex(' ').upper()}",),
            )
        return data

    def set_data(self, data: bytes) -> None:
        """Write the value; LimitError, and nothing sent, if it lies outside the limits of the EDS."""
        self._check(data)
        super().set_data(data)

    def _check(self, data: bytes) -> None:
        low, high = self.od.min, self.od.max
        if (low is None and high is None) or not self.od.fixed_size or len(data) * 8 != len(self.od):
            return
        value = self.od.decode_raw(data)
        assert isinstance(value, int | float), "types of a fixed size are numbers"
        # Comparisons turned round would let NaN pass.
        if low is not None and not value >= low:
            word, limit = "at least", low
        elif high is not None and not value <= high:
            word, limit = "at most", high
        else:
            return
        factor, unit = self.od.factor, self.od.unit
        place = f"{self.od.index:04X}h:{self.od.subindex:02X}"
        text = f"{word} {limit * factor:g} {unit}".rstrip()
        raise LimitError(self.name, value * factor, text, unit, f"limit of {place} in the EDS")


class SdoRecord(base.SdoRecord):
    """A record of the device."""

    sdo_node: SdoClient

    def __getitem__(self, subindex: int | str) -> SdoVariable:
        return SdoVariable(self.sdo_node, self.od[subindex])


class SdoArray(base.SdoArray):
    """An array of the device; the EDS says how long."""

    sdo_node: SdoClient

    def __getitem__(self, subindex: int | str) -> SdoVariable:
        return SdoVariable(self.sdo_node, self.od[subindex])

    def __iter__(self) -> Iterator[int]:
        return iter([sub for sub in self.od if sub != 0])

    def __len__(self) -> int:
        return len(self.od.subindices) - (0 in self.od.subindices)

    def __contains__(self, subindex: object) -> bool:
        return subindex in self.od.subindices or subindex in self.od.names


def variable_of(
    client: SdoClient,
    entry: objectdictionary.ODVariable | objectdictionary.ODRecord | objectdictionary.ODArray,
) -> SdoVariable | SdoRecord | SdoArray:
    """The object of a device that belongs to an entry of its dictionary."""
    if isinstance(entry, objectdictionary.ODRecord):
        return SdoRecord(client, entry)
    if isinstance(entry, objectdictionary.ODArray):
        return SdoArray(client, entry)
    return SdoVariable(client, entry)
