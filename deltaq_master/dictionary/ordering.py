"""In which order values go into a device: PDOs as CiA 301 wants them changed, everything else by its index.

A PDO is disabled (bit 31 of its COB-ID), its number of slots set to 0, the slots written, their number set, then
the other parameters, then its COB-ID, which enables it. All PDOs that change are disabled before the first is
enabled, so that two of them can exchange their COB-IDs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, DISABLED, MAX_SLOTS, TO_MAPPING, PdoKind
from deltaq_master.dictionary.plain_order import plain_writes
from deltaq_master.errors import UsageError

Values = Mapping[Address, bytes]
"""Objects with the bytes that they hold, or shall hold."""

PDO_PARAMETERS: Final = range(0x1400, 0x1C00)
"""Indices of the communication and mapping parameters of all PDOs (CiA 301)."""


class Step(NamedTuple):
    """One write of a change."""

    address: Address
    data: bytes
    why: str
    """`disable RPDO1`, `RPDO1 slot 3`; '' for a plain object."""
    spare: bool = False
    """True for a slot beyond the number of slots: the device works without this write."""

    @property
    def group(self) -> int:
        """What it fails together with: the index of a PDO's communication parameters, or its own index."""
        return group_of(self.address)

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return f"{self.address} = {self.data.hex(' ').upper()}{why}"


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
    kind, number = PdoKind.at(index)
    return kind.numbered(number)


def group_of(address: Address) -> int:
    """What an object is changed together with: its PDO (as index of the communication parameters), or itself."""
    return address.index & ~TO_MAPPING if address.index in PDO_PARAMETERS else address.index


def needed(wanted: Values, present: Mapping[Address, bytes | None]) -> Iterator[Address]:
    """Addresses to read before `order` is asked, that `present` does not hold yet; None in it is a failed read.

    `present` is looked at while the plan runs, so one loop that stores each answer reads everything.
    """
    yield from (address for address in wanted if address not in present)
    for index in _pdos(wanted):
        yield from (a for a in (Address(index, COB_ID),) if a not in present)
        if any(address.index == index | TO_MAPPING for address in wanted):
            count = Address(index | TO_MAPPING)
            yield from (a for a in (count,) if a not in present)
            most = max(_count(present.get(count)), _count(wanted.get(count)))
            slots = (Address(count.index, sub) for sub in range(1, most + 1))
            yield from (address for address in slots if address not in present)


def unused_slot(address: Address, present: Mapping[Address, bytes | None]) -> bool:
    """True for a slot beyond the number of slots: a device need not show what it does not use."""
    in_mapping = address.index in PDO_PARAMETERS and bool(address.index & TO_MAPPING)
    return in_mapping and address.sub > _count(present.get(Address(address.index)))


def unknown(wanted: Values, present: Values) -> tuple[Address, ...]:
    """What of `needed` is not in `present` and cannot be done without."""
    missing = dict.fromkeys(needed(wanted, present))
    return tuple(address for address in missing if not unused_slot(address, present))


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


def as_padded(wanted: Values, present: Values) -> dict[Address, bytes]:
    """The same change where the device has as many slots as wanted but for some at the end that map nothing (0).

    They mean the same; a device with a fixed number of slots has no other way to say it.
    """
    changed = dict(wanted)
    for count, number in wanted.items():
        if count.sub == 0 and count.index in PDO_PARAMETERS and count.index & TO_MAPPING:
            room = range(_count(number) + 1, _count(present.get(count)) + 1)
            surplus = {Address(count.index, sub): bytes(4) for sub in room}
            if surplus and all(present.get(address) == data for address, data in surplus.items()):
                changed |= {count: present[count], **surplus}
    return changed


def order(
    wanted: Values, present: Values, fixed: Collection[int] = (), *, backwards: bool = False
) -> tuple[Step, ...]:
    """The writes that make a device that holds `present` hold `wanted`; none where it does already.

    `present` holds what `needed` names; what is missing counts as different. `fixed` are mapping parameters
    whose number of slots cannot be written. `backwards` begins with what a forward order writes last, which
    is how a change is undone.
    """
    changed = {address: data for address, data in wanted.items() if present.get(address) != data}
    others = {a: data for a, data in changed.items() if a.index not in PDO_PARAMETERS}
    plain = [Step(*write) for write in plain_writes(others, present, backwards=backwards)]
    pdos = [_Pdo(index, changed, wanted, present, fixed) for index in _pdos(changed)]
    if backwards:
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
        self._mapping = index | TO_MAPPING
        self._changed = changed
        self._held: Values = {**present, **wanted}
        self._present = present
        self._fixed = self._mapping in fixed
        self._cob_id = Address(index, COB_ID)
        held = present.get(self._cob_id) or self._held[self._cob_id]
        self._off = (int.from_bytes(held, "little") | DISABLED).to_bytes(4, "little")

    def disable(self) -> Iterator[Step]:
        if self._present.get(self._cob_id) != self._off:
            yield Step(self._cob_id, self._off, f"disable {self._name}")

    def fill(self) -> Iterator[Step]:
        if any(address.index == self._mapping for address in self._changed):
            yield from self._slots()
        for address in sorted(self._changed):
            if address.index == self._index and address != self._cob_id:
                yield Step(address, self._changed[address], f"{self._name} parameter")

    def _slots(self) -> Iterator[Step]:
        count = Address(self._mapping)
        if not self._fixed and self._present.get(count) != b"\0":
            yield Step(count, b"\0", f"{self._name} without slots")
        used = _count(self._held[count])
        further = (address.sub for address in self._changed if address.index == self._mapping)
        for sub in sorted({*range(1, used + 1), *further} - {0}):
            address = Address(self._mapping, sub)
            spare = sub > used
            why = f"{self._name} {'unused slot' if spare else 'slot'} {sub}"
            yield Step(address, self._held[address], why, spare)
        if not self._fixed and self._held[count] != b"\0":
            yield Step(count, self._held[count], f"{self._name} number of slots")

    def enable(self) -> Iterator[Step]:
        word = self._held[self._cob_id]
        if word != self._off:
            off = int.from_bytes(word, "little") & DISABLED
            yield Step(self._cob_id, word, f"{self._name} COB-ID" if off else f"enable {self._name}")


def _pdos(addresses: Collection[Address]) -> list[int]:
    """Indices of the communication parameters of the PDOs that these addresses belong to."""
    return sorted({group_of(a) for a in addresses if a.index in PDO_PARAMETERS})


def _count(data: bytes | None) -> int:
    """Number of slots; none for a multiplex PDO, whose sub-index 0 says something else (over 64)."""
    return data[0] if data and data[0] <= MAX_SLOTS else 0
