"""In which order values go into a device: PDOs as CiA 301 wants them changed, everything else by its index.

A PDO is disabled (bit 31 of its COB-ID), its number of slots set to 0, the slots written, their number set, then
the other parameters, then its COB-ID, which enables it. All PDOs that change are disabled before the first is
enabled, so that two of them can exchange their COB-IDs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, MAX_SLOTS, PdoKind
from deltaq_master.errors import UsageError

Values = Mapping[Address, bytes]
"""Objects with the bytes that they hold, or shall hold."""

PDO_PARAMETERS: Final = range(0x1400, 0x1C00)
"""Indices of the communication and mapping parameters of all PDOs (CiA 301)."""

_MAPPING: Final = 0x200
"""Set in the index of mapping parameters, clear in that of the communication parameters of the same PDO."""
_DISABLED: Final = 1 << 31


class Step(NamedTuple):
    """One write of a change."""

    address: Address
    data: bytes
    why: str
    """`disable RPDO1`, `RPDO1 slot 3`; '' for a plain object."""


class Difference(NamedTuple):
    """An object that does not hold what it should."""

    address: Address
    expected: bytes
    found: bytes | None
    """None where it could not be read."""
    reason: str = ""
    """Why it could not be read, or could not be made what it should be."""

    def __str__(self) -> str:
        found = "not read" if self.found is None else self.found.hex(" ").upper()
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.address} should be {self.expected.hex(' ').upper()}, is {found}{reason}"


def pdo_name(index: int) -> str:
    """`RPDO1`, for the index of any of its parameters."""
    kind = PdoKind.RPDO if index < PdoKind.TPDO.first_communication_index else PdoKind.TPDO
    return f"{kind.value}{(index & ~_MAPPING) - kind.first_communication_index + 1}"


def needed(wanted: Values, present: Values) -> Iterator[Address]:
    """Addresses that must be known before `order` can be asked, that `present` does not hold yet.

    `present` is looked at while the plan runs, so one loop that stores each answer reads everything.
    """
    yield from (address for address in wanted if address not in present)
    for index in _pdos(wanted):
        yield from (a for a in (Address(index, COB_ID),) if a not in present)
        if any(address.index == index | _MAPPING for address in wanted):
            count = Address(index | _MAPPING)
            yield from (a for a in (count,) if a not in present)
            most = max(_count(present.get(count)), _count(wanted.get(count)))
            slots = (Address(count.index, sub) for sub in range(1, most + 1))
            yield from (address for address in slots if address not in present)


def with_fixed_counts(wanted: Values, present: Values, fixed: Collection[int]) -> dict[Address, bytes]:
    """The same change for a device that does not let the number of slots change in these mapping parameters.

    Slots that would be too many are mapped to nothing (0). Raises UsageError where it has too few.
    """
    changed = dict(wanted)
    for index in fixed:
        count = Address(index)
        room = _count(present[count])
        asked = _count(wanted.get(count, present[count]))
        if asked > room:
            raise UsageError(
                f"{pdo_name(index)} is to map {asked} objects, and its device has {room} fixed slots",
                "map fewer objects",
            )
        if count in changed:
            changed[count] = present[count]
            changed |= {Address(index, sub): bytes(4) for sub in range(asked + 1, room + 1)}
    return changed


def order(
    wanted: Values, present: Values, fixed: Collection[int] = (), *, backwards: bool = False
) -> tuple[Step, ...]:
    """The writes that make a device that holds `present` hold `wanted`; none where it does already.

    `fixed` are mapping parameters whose number of slots cannot be written. `backwards` begins with what a
    forward order writes last, which is how a change is undone.
    """
    changed = {address: data for address, data in wanted.items() if present[address] != data}
    plain = [Step(a, changed[a], "") for a in sorted(changed) if a.index not in PDO_PARAMETERS]
    pdos = [_Pdo(index, changed, wanted, present, fixed) for index in _pdos(changed)]
    if backwards:
        plain.reverse()
        pdos.reverse()
    parameters = [
        *(step for pdo in pdos for step in pdo.disable()),
        *(step for pdo in pdos for step in pdo.fill()),
        *(step for pdo in pdos for step in pdo.enable()),
    ]
    return (*parameters, *plain) if backwards else (*plain, *parameters)


class _Pdo:
    """The writes of one PDO."""

    def __init__(
        self, index: int, changed: Values, wanted: Values, present: Values, fixed: Collection[int]
    ) -> None:
        self._name = pdo_name(index)
        self._index = index
        self._mapping = index | _MAPPING
        self._changed = changed
        self._held: Values = {**present, **wanted}
        self._present = present
        self._fixed = self._mapping in fixed
        self._cob_id = Address(index, COB_ID)
        word = int.from_bytes(present[self._cob_id], "little")
        self._off = (word | _DISABLED).to_bytes(4, "little")

    def disable(self) -> Iterator[Step]:
        if self._present[self._cob_id] != self._off:
            yield Step(self._cob_id, self._off, f"disable {self._name}")

    def fill(self) -> Iterator[Step]:
        if any(address.index == self._mapping for address in self._changed):
            yield from self._slots()
        for address in sorted(self._changed):
            if address.index == self._index and address != self._cob_id:
                yield Step(address, self._changed[address], f"{self._name} parameter")

    def _slots(self) -> Iterator[Step]:
        count = Address(self._mapping)
        if not self._fixed and self._present[count] != b"\0":
            yield Step(count, b"\0", f"{self._name} without slots")
        used = range(1, _count(self._held[count]) + 1)
        further = (address.sub for address in self._changed if address.index == self._mapping)
        for sub in sorted({*used, *further} - {0}):
            address = Address(self._mapping, sub)
            yield Step(address, self._held[address], f"{self._name} slot {sub}")
        if not self._fixed and self._held[count] != b"\0":
            yield Step(count, self._held[count], f"{self._name} number of slots")

    def enable(self) -> Iterator[Step]:
        word = self._held[self._cob_id]
        if word != self._off:
            off = int.from_bytes(word, "little") & _DISABLED
            yield Step(self._cob_id, word, f"{self._name} COB-ID" if off else f"enable {self._name}")


def _pdos(addresses: Collection[Address]) -> list[int]:
    """Indices of the communication parameters of the PDOs that these addresses belong to."""
    return sorted({a.index & ~_MAPPING for a in addresses if a.index in PDO_PARAMETERS})


def _count(data: bytes | None) -> int:
    return min(data[0], MAX_SLOTS) if data else 0
