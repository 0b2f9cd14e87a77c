"""Carrying out a plan, and undoing one that was cut off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from deltaq_master.configuration.identity import Identity, another
from deltaq_master.configuration.journal import Unfinished
from deltaq_master.configuration.planning import Plan
from deltaq_master.dictionary.ordering import Difference, Step
from deltaq_master.errors import RefusedError
from deltaq_master.link.device.restarts import Restarts
from deltaq_master.link.device.transaction import Handling, Transaction, change

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.device.node import Node


def carry_out(plan: Plan, node: Node, handling: Handling | None = None) -> tuple[Step, ...]:
    """Make the writes of a plan as one change; answers with those that were made.

    Raises RefusedError for a plan with refusals, before anything is sent; ChangeError if it failed, which says
    what could not be undone; JournalError if there is no room for the journal; KeyboardInterrupt if it was
    stopped, after it was undone.
    """
    plan.check()
    if not plan.steps:
        return ()
    with Restarts(cast("Network", node.network), node.id) as restarts:
        handling = replace(handling or Handling(), restarts=restarts)
        return change(node.sdo, node.id, plan.before, plan.wanted, handling, plan.fixed)


def recover(
    unfinished: Unfinished,
    node: Node,
    identity: Identity,
    handling: Handling | None = None,
    *,
    other_device: bool = False,
) -> tuple[Difference, ...]:
    """Make a device what it was before a change that was cut off; what it still holds otherwise, if anything.

    Every object of the change is read, what differs is written in reverse order and read again. The journal
    stays where it is. Raises RefusedError for another device than that of the journal.
    """
    head = unfinished.head
    if head is None or not unfinished.writes:
        return ()
    unlike = another(head.identity, identity, same_unit=True)
    if head.node != node.id:
        unlike.append(f"it was node {head.node}")
    if unlike and not other_device:
        raise RefusedError(
            f"recovering node {node.id}",
            f"{unfinished.path} is about another device: {'; '.join(unlike)}",
            "connect that device, or add --other-device",
        )
    with Restarts(cast("Network", node.network), node.id) as restarts:
        handling = replace(handling or Handling(), restarts=restarts)
        before, wanted = unfinished.before, unfinished.wanted
        return Transaction(node.sdo, node.id, before, wanted, unfinished.fixed, handling).undo()
