"""Changing what the PDOs of a device are, as one change: looked at first, planned, checked, made or undone.

plan = plan_remap(device.node, profile, nmt=device.nmt)
print(*plan.steps, *plan.refusals, *plan.warnings, sep="\\n")
dump = remap(device.node, plan)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import PdoDump, assemble, reading_plan
from deltaq_master.dictionary.ordering import (
    PDO_PARAMETERS,
    Step,
    Values,
    as_padded,
    group_of,
    needed,
    order,
    unknown,
    with_fixed_counts,
)
from deltaq_master.dictionary.pdo_profile import PdoProfile, values_of
from deltaq_master.errors import ChangeError, RefusedError, SdoAbortError, UsageError
from deltaq_master.link.device.handling import Handling
from deltaq_master.link.device.restarts import Restarts
from deltaq_master.link.device.transaction import change
from deltaq_master.link.pdo.parameters import dump_of, read_dump
from deltaq_master.link.sdo.reading import Progress, Reader
from deltaq_master.protocol.guard import Policy, check_write
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.protocol.remap_rules import objections

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.device.node import Node
    from deltaq_master.link.device.reported import ReportedNmt
    from deltaq_master.link.pdo.pdo_map import PdoMap

DEVICE_TYPE: Final = Address(0x1000)
SERVICES: Final = {Address(0x1005): "SYNC", Address(0x1012): "TIME", Address(0x1014): "EMCY"}
"""Objects with the COB-ID of a service that a PDO might collide with."""
HEARTBEAT_WAIT: Final = 1.5
"""How long to listen for the NMT state of a device [s]: most report it every second."""
FORCE: Final = "or force it"


@dataclass(frozen=True)
class RemapPlan:
    """What a remap comes to, as planned from what the device held."""

    node_id: int
    profile: PdoProfile
    dump: PdoDump
    """The PDOs as they were found."""
    after: PdoDump
    """The PDOs as they would be."""
    before: Values
    wanted: Values
    fixed: frozenset[int]
    """Mapping parameters whose number of slots cannot be written, by the EDS."""
    steps: tuple[Step, ...]
    """The writes in their order; none where the device is as wanted."""
    refusals: tuple[str, ...]
    """Why it must not be done."""
    warnings: tuple[str, ...]
    """What is done, and worth a look."""

    def check(self) -> None:
        """Raise RefusedError where there are refusals."""
        if self.refusals:
            raise RefusedError(f"the remap of node {self.node_id}", "; ".join(self.refusals))


def plan_remap(
    node: Node,
    profile: PdoProfile,
    *,
    nmt: ReportedNmt,
    policy: Policy | None = None,
    allow: Collection[Address] = (),
    force: bool = False,
    progress: Progress | None = None,
) -> RemapPlan:
    """Read what has to be known, by SDO reads alone, and plan; what forbids it is in the plan's `refusals`.

    `allow` names protected objects that may be written; `force` does without the NMT state, and with a device
    that is busy. Raises SdoTimeoutError for a device that does not answer, CallError while one of the PDOs is
    claimed by a sender, BusError.
    """
    with suppress(SdoAbortError):  # it is there, and that was asked
        node.sdo.upload(DEVICE_TYPE.index, DEVICE_TYPE.sub)
    return _Planner(node, profile, allow, progress).plan(nmt, policy or Policy(), force)


def remap(node: Node, plan: RemapPlan, handling: Handling | None = None) -> PdoDump:
    """Carry a plan out; afterwards the node's maps are the device's, which is also the answer.

    Raises RefusedError, with nothing written, where the plan has refusals or the device has changed since;
    CallError; ChangeError if it failed, and whatever else ends it (Ctrl-C) when it is undone.
    """
    plan.check()
    if plan.steps:
        _check_free(node, plan.wanted)
        for address, data in plan.before.items():
            if node.sdo.upload(address.index, address.sub) != data:
                reason = f"{address} has changed since the plan was made"
                raise RefusedError(f"the remap of node {node.id}", reason, "plan it again")
        handling = handling or Handling()
        counted = (
            Restarts(cast("Network", node.network), node.id) if handling.restarts is None else nullcontext()
        )
        with counted as restarts:
            if restarts is not None:
                handling = replace(handling, restarts=restarts)
            try:
                change(node.sdo, node.id, plan.before, plan.wanted, handling, plan.fixed)
            except ChangeError as error:
                if not error.undone:
                    node.install(read_dump(node))
                raise
    dump = read_dump(node)
    node.install(dump)
    return dump


class _Planner:
    """Reads and judges for one plan."""

    def __init__(
        self, node: Node, profile: PdoProfile, allow: Collection[Address], progress: Progress | None
    ) -> None:
        self._node = node
        self._dictionary: Dictionary = node.dictionary
        self._profile = profile
        self._allow = frozenset(allow)
        self._reader = Reader(node.sdo, progress)
        self._refusals: list[str] = []
        self._warnings: list[str] = []

    def plan(self, nmt: ReportedNmt, policy: Policy, force: bool) -> RemapPlan:
        reader = self._reader
        reader.read(reading_plan(self._dictionary, reader.found))
        dump = dump_of(self._node, reader)
        wanted = self._wanted()
        reader.read(needed(wanted, reader.found))
        before = self._before(wanted)
        fixed = frozenset(self._fixed(wanted))
        steps: tuple[Step, ...] = ()
        if not self._missing(wanted, before):
            wanted = self._fitted(wanted, before, fixed)
            steps = order(wanted, before, fixed)
        _check_free(self._node, [step.address for step in steps])
        self._guard(steps, before)
        after = assemble(self._dictionary, {**reader.found, **wanted}, f"{self._profile.name}, planned")
        for objection in objections(self._profile, after, self._services()):
            (self._refusals if objection.forbidden else self._warnings).append(objection.text)
        if steps:
            state = (*self._state(nmt), *self._busy(policy))
            (self._warnings if force else self._refusals).extend(state)
        return RemapPlan(
            self._node.id,
            self._profile,
            dump,
            after,
            before,
            wanted,
            fixed,
            steps,
            tuple(dict.fromkeys(self._refusals)),
            tuple(dict.fromkeys(self._warnings)),
        )

    def _wanted(self) -> dict[Address, bytes]:
        try:
            return values_of(self._profile, self._reader.found)
        except UsageError as error:
            self._refusals.append(error.problem)
            return {}

    def _before(self, wanted: Values) -> dict[Address, bytes]:
        groups = {group_of(address) for address in wanted}
        return {
            address: data
            for address, data in self._reader.found.items()
            if data is not None and address.index in PDO_PARAMETERS and group_of(address) in groups
        }

    def _fixed(self, wanted: Values) -> Iterator[int]:
        for address in wanted:
            entry = self._dictionary.get(Address(address.index))
            mapping = address.index in PDO_PARAMETERS and address.index & 0x200
            if mapping and entry is not None and not entry.writable:
                yield address.index

    def _missing(self, wanted: Values, before: Values) -> bool:
        reasons = self._reader.absent | self._reader.failures
        missing = unknown(wanted, before)
        for address in missing:
            self._refusals.append(f"{address} could not be read: {reasons.get(address, 'no answer of use')}")
        return bool(missing)

    def _fitted(
        self, wanted: dict[Address, bytes], before: Values, fixed: frozenset[int]
    ) -> dict[Address, bytes]:
        try:
            return with_fixed_counts(as_padded(wanted, before), before, fixed)
        except UsageError as error:
            self._refusals.append(error.problem)
            return wanted

    def _guard(self, steps: Iterable[Step], before: Values) -> None:
        for step in steps:
            entry = self._dictionary.get(step.address)
            if entry is None:
                self._refusals.append(f"{step.address} is not in {self._dictionary.path.name}")
                continue
            try:
                check_write(entry, step.data, present=before.get(step.address), named=self._allow)
            except RefusedError as error:
                self._refusals.append(str(error))

    def _services(self) -> dict[int, str]:
        """COB-IDs of the device that are no PDO's, as far as it says them."""
        self._reader.read(address for address in SERVICES if self._dictionary.get(address) is not None)
        words = ((self._reader.found.get(address), name) for address, name in SERVICES.items())
        return {int.from_bytes(word, "little") & 0x7FF: name for word, name in words if word is not None}

    def _state(self, nmt: ReportedNmt) -> Iterator[str]:
        if nmt.reported is None:
            nmt.wait_heard(HEARTBEAT_WAIT)
        state = nmt.reported
        if state is None:
            yield (
                f"its NMT state is not known: it sent no heartbeat within {HEARTBEAT_WAIT:g} s; "
                f"see 1017h, {FORCE}"
            )
        elif state not in (NmtState.PRE_OPERATIONAL, NmtState.INITIALISING):
            yield f"it is {state.word}, and PDOs are changed in pre-operational; send it there first, {FORCE}"

    def _busy(self, policy: Policy) -> Iterator[str]:
        self._reader.read(address for address in policy.status if address not in self._reader.found)
        busy = policy.busy(self._reader.found)
        if busy:
            yield f"{busy}; end that first, {FORCE}"


def _check_free(node: Node, addresses: Iterable[Address]) -> None:
    """Raise CallError while one of the PDOs that these are of is claimed or sent."""
    for index in sorted({group_of(address) for address in addresses}):
        for pdo in _maps(node):
            if pdo.com_record.od.index == index:
                pdo.check_free("remap")


def _maps(node: Node) -> tuple[PdoMap, ...]:
    return (*node.rpdo.all, *node.tpdo.all)
