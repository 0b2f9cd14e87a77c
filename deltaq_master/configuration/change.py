"""Changing a device from a program: values are collected, and written as one change or not at all.

with Change(node, policy) as change:
    change[0x1017] = 500
    change["Error Behaviour.Communication Error"] = 1
    change[0x1400, 5] = 400
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from deltaq_master.configuration.applying import carry_out
from deltaq_master.configuration.identity import read_identity
from deltaq_master.configuration.planning import Plan, Rules
from deltaq_master.configuration.planning import plan as make_plan
from deltaq_master.configuration.sources import with_words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Entry, Value
from deltaq_master.dictionary.mapping import PdoDump
from deltaq_master.dictionary.ordering import PDO_PARAMETERS, Step
from deltaq_master.link.pdo.parameters import read_dump
from deltaq_master.protocol.guard import Policy
from deltaq_master.protocol.nmt import NmtState

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node
    from deltaq_master.link.device.transaction import Handling

Key = int | str | tuple[int, int] | Address | Entry
"""How an object is named: index (sub-index 0), name or written address, index and sub-index, or the object itself."""


class Change:
    """Values for one device, written as one transaction when the `with` block is left without an exception."""

    def __init__(
        self,
        node: Node,
        policy: Policy | None = None,
        state: Callable[[], NmtState | None] = lambda: None,
        handling: Handling | None = None,
        *,
        force: bool = False,
        mapped: Callable[[PdoDump], None] = lambda _: None,
    ) -> None:
        """`state` is the last reported NMT state; `force` changes a device that is at work.

        `mapped` is told the device's PDOs when they have changed, after the node's own maps were filled anew.
        """
        self._node = node
        self._rules = Rules(policy or Policy(), force=force)
        self._state = state
        self._handling = handling
        self._mapped = mapped
        self._values: dict[Address, bytes] = {}
        self.steps: tuple[Step, ...] = ()
        """The writes that were made, once they were."""

    def __setitem__(self, key: Key, value: Value) -> None:
        """Want a value, in the object's unit. Raises LimitError or UsageError; nothing is sent yet."""
        entry = self._entry(key)
        self._values[entry.address] = entry.encode(entry.raw(value))

    def set_raw(self, key: Key, raw: Value) -> None:
        """Want a raw value. Raises LimitError or UsageError; nothing is sent yet."""
        entry = self._entry(key)
        self._values[entry.address] = entry.encode(raw)

    def allow(self, *keys: Key) -> None:
        """Name objects that may be written although the EDS protects them, or they are a watch over the master."""
        allowed = {self._entry(key).address for key in keys}
        self._rules = replace(self._rules, allow=allowed.union(self._rules.allow))

    def plan(self) -> Plan:
        """What would be written now, by SDO reads alone. Raises SdoTimeoutError if the device does not answer."""
        source = with_words(None, self._values.items())
        return make_plan(self._node, source, read_identity(self._node.sdo), self._rules, self._state)

    def apply(self) -> tuple[Step, ...]:
        """Write it; answers with the writes that were made, none if the device holds everything already.

        Raises RefusedError before anything is sent; ChangeError if it failed, which says what was not undone.
        """
        plan = self.plan()
        try:
            self.steps = carry_out(plan, self._node, self._handling)
            self._values.clear()
        finally:
            if any(step.address.index in PDO_PARAMETERS for step in plan.steps) and not plan.refusals:
                dump = read_dump(self._node)
                self._node.install(dump)
                self._mapped(dump)
        return self.steps

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.apply()

    def _entry(self, key: Key) -> Entry:
        dictionary = self._node.dictionary
        match key:
            case Entry():
                return key
            case str():
                return dictionary.find(key)
            case Address():
                return dictionary[key]
            case tuple():
                return dictionary[Address(*key)]
            case _:
                return dictionary[Address(key)]
