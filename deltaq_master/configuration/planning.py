"""The plan of a change: what would be written, in which order, and what forbids it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from deltaq_master.configuration.identity import ADDRESSES, Identity, another, remarks
from deltaq_master.configuration.selection import excluded, same
from deltaq_master.configuration.sources import Source
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import TO_MAPPING
from deltaq_master.dictionary.entry import Entry
from deltaq_master.dictionary.ordering import (
    PDO_PARAMETERS,
    Step,
    Values,
    needed,
    order,
    unknown,
    with_fixed_counts,
)
from deltaq_master.errors import LimitError, RefusedError, UsageError
from deltaq_master.link.sdo.reading import Progress, Reader
from deltaq_master.protocol.guard import Policy, check_write
from deltaq_master.protocol.nmt import NmtState

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node

_COMMAND: Final = "a command object"
_LEAVE_OUT: Final = "leave it out with --except {}"
_OTHER_DEVICE: Final = "if it is meant all the same, add --other-device"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user allows beyond what is always allowed."""

    policy: Policy = field(default_factory=Policy)
    allow: Collection[Address] = frozenset()
    """Objects that may be written although the EDS or their meaning as a watch forbids it."""
    left_out: Collection[Address] = frozenset()
    """Objects of the source that are not to be written."""
    force: bool = False
    """Although the device is at work, or operational."""
    other_device: bool = False
    """Although the values are from another device."""
    skip_absent: bool = False
    """Objects that the device or its EDS does not have are left out."""
    restoring: bool = False
    """The values were read off this very device: they may be what its EDS would not allow."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change comes to."""

    node_id: int
    identity: Identity
    source: str
    before: Values
    """What the device holds of all that the change touches."""
    wanted: Values
    """What it shall hold; only what differs."""
    fixed: frozenset[int]
    """Mapping parameters whose number of slots cannot be written, by the EDS."""
    steps: tuple[Step, ...]
    """The writes in their order; none where the device holds everything."""
    refusals: tuple[str, ...]
    """Why it may not be carried out; none if it may."""
    notes: tuple[str, ...]
    """What is to be known about it."""
    unchanged: int
    """Objects of the source that the device holds already."""

    def check(self) -> None:
        """Raise RefusedError if it may not be carried out."""
        if self.refusals:
            raise RefusedError(f"changing node {self.node_id}", "; ".join(self.refusals))


def plan(
    node: Node,
    source: Source,
    identity: Identity,
    rules: Rules | None = None,
    state: Callable[[], NmtState | None] = lambda: None,
    progress: Progress | None = None,
) -> Plan:
    """Compare a source with a device, by SDO reads alone. Raises BusError and CallError.

    `identity` is what the device said; `state` its last reported NMT state.
    """
    return _Planner(node, source, rules or Rules(), progress).plan(identity, state)


class _Planner:
    def __init__(self, node: Node, source: Source, rules: Rules, progress: Progress | None) -> None:
        self._node = node
        self._dictionary = node.dictionary
        self._source = source
        self._rules = rules
        self._policy = rules.policy
        self._reader = Reader(node.sdo, progress)
        self._refusals: list[str] = []
        self._notes = list(source.notes)
        self._passed_over = 0

    def plan(self, identity: Identity, state: Callable[[], NmtState | None]) -> Plan:
        self._compare(identity)
        asked = dict(self._askable())
        self._reader.read(asked)
        changed = {address: data for address, data in asked.items() if self._differs(address, data)}
        before, known = self._before(changed)
        fixed = frozenset(self._fixed(changed))
        steps = self._ordered(changed, before, fixed) if known else ()
        if steps:
            self._look_at_its_state(steps, state)
        if self._passed_over:
            self._notes.append(
                f"{self._passed_over} objects of {self._source.name} are no configuration (read-only, process "
                "data or programs) and are passed over"
            )
        held = sum(self._reader.found[address] is not None for address in asked)
        return Plan(
            self._node.id,
            identity,
            self._source.name,
            before,
            changed,
            fixed,
            steps,
            tuple(self._refusals),
            tuple(self._notes),
            held - len(changed),
        )

    def _ordered(self, changed: Values, before: Values, fixed: frozenset[int]) -> tuple[Step, ...]:
        try:
            return order(with_fixed_counts(changed, before, fixed), before, fixed)
        except UsageError as error:
            self._refusals.append(str(error))
            return ()

    # --- the device ---------------------------------------------------------------------------------------

    def _compare(self, identity: Identity) -> None:
        source = self._source
        for text in another(source.identity, identity, same_unit=self._rules.restoring):
            self._refuse_device(f"{source.name} is for another device: {text}")
        if source.node_id not in (None, self._node.id):
            self._refuse_device(f"{source.name} is for node {source.node_id}: its COB-IDs are that one's")
        self._notes.extend(f"note that {text}" for text in remarks(source.identity, identity))

    def _refuse_device(self, text: str) -> None:
        if self._rules.other_device:
            self._notes.append(text)
        else:
            self._refusals.append(f"{text}; {_OTHER_DEVICE}")

    def _look_at_its_state(self, steps: tuple[Step, ...], state: Callable[[], NmtState | None]) -> None:
        if self._rules.force:
            return
        self._reader.read(self._policy.status)
        busy = self._policy.busy(self._reader.found)
        if busy:
            self._refusals.append(f"{busy}; end that first, or add --force")
        pdos = any(step.address.index in PDO_PARAMETERS for step in steps)
        if pdos and state() is NmtState.OPERATIONAL:
            self._refusals.append(
                "it is operational, and PDOs would change; send it NMT pre-operational first, or add --force"
            )

    # --- the objects --------------------------------------------------------------------------------------

    def _askable(self) -> Iterator[tuple[Address, bytes]]:
        """The objects of the source that the device is asked for, and what they shall hold."""
        for address, data in sorted(self._source.values.items()):
            if address in self._rules.left_out:
                self._notes.append(f"{address} is left out, as asked")
                continue
            entry = self._dictionary.get(address)
            if entry is None:
                self._missing(f"{address} is not in {self._dictionary.path.name}", address)
                continue
            reason = excluded(entry, self._policy)
            if reason and reason != _COMMAND:
                if address in self._source.named:
                    self._refuse(entry, f"it is {reason}, no configuration")
                elif address not in ADDRESSES:
                    self._passed_over += 1
            else:
                try:
                    entry.decode(data)
                except ValueError as error:
                    self._refuse(entry, str(error))
                else:
                    yield address, data

    def _differs(self, address: Address, data: bytes) -> bool:
        """Whether an object has to be written; refused for it if it must not be."""
        entry = self._dictionary[address]
        present = self._reader.found[address]
        if present is None:
            reader = self._reader
            if address in reader.absent:
                self._missing(f"node {self._node.id} does not have {address} {entry.full_name}", address)
            else:
                self._refuse(entry, f"it cannot be read, and so not be undone: {reader.failures[address]}")
            return False
        if same(entry, present, data):
            return False
        try:
            if not self._rules.restoring:
                entry.encode(entry.decode(data))
            check_write(entry, data, present=present, named=self._rules.allow, commands=self._policy.commands)
        except LimitError as error:
            self._refuse(entry, f"{error.asked:g} {error.unit} is not {error.limit} ({error.source})")
        except UsageError as error:
            self._refuse(entry, str(error))
        except RefusedError as error:
            self._refuse(entry, error.reason, error.remedy if address not in self._policy.commands else "")
        return True

    def _before(self, changed: Values) -> tuple[dict[Address, bytes], bool]:
        """What the device holds of all that the change touches, and whether all that is needed is known."""
        asked: dict[Address, bytes | None] = {}
        reader = self._reader
        for address in needed(changed, asked):
            if address not in reader.found:
                reader.read((address,))
            asked[address] = reader.found[address]
        before = {address: data for address, data in asked.items() if data is not None}
        missing = unknown(changed, before)
        for address in missing:
            reason = reader.failures.get(address) or reader.absent[address]
            self._refusals.append(
                f"{address} belongs to a PDO that would change, and cannot be read: {reason}"
            )
        return before, not missing

    def _fixed(self, changed: Values) -> Iterator[int]:
        """Mapping parameters that change, and whose number of slots is read-only in the EDS."""
        for index in {address.index for address in changed if address.index in PDO_PARAMETERS}:
            count = self._dictionary.get(Address(index))
            if index & TO_MAPPING and count is not None and not count.writable:
                yield index

    def _missing(self, text: str, address: Address) -> None:
        if self._rules.skip_absent:
            self._notes.append(f"{text}; it is left out")
        else:
            self._refusals.append(f"{text}; {_LEAVE_OUT.format(_typed(address))} or add --skip-absent")

    def _refuse(self, entry: Entry, reason: str, remedy: str = "") -> None:
        address = entry.address
        # What the user named himself he need only not name.
        without = "" if address in self._source.named else _LEAVE_OUT.format(_typed(address))
        remedies = ", or ".join(filter(None, (remedy, without)))
        text = f"{address} {entry.full_name}: {reason}"
        self._refusals.append(f"{text}; {remedies}" if remedies else text)


def _typed(address: Address) -> str:
    return f"0x{address.index:04X}:{address.sub:02X}"
