"""Rules that need to know the kind of device: what it must be told, and what it notices when nobody tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deltaq_master.audit.context import Context, Hit, listed
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import COB_ID, EVENT
from deltaq_master.dictionary.mapping import PdoRecord
from deltaq_master.protocol.knowledge import Command

CONSUMER_HEARTBEAT: Final = 0x1016
WATCHED: Final = Address(CONSUMER_HEARTBEAT, 1)
MOST_NODES: Final = 127


def command_not_mapped(context: Context) -> Iterator[Hit]:
    """Commands that no enabled RPDO carries, in one finding."""
    mapped = _mapped(context)
    lacking = [command for command in context.knowledge.commands if not mapped & set(command.addresses)]
    # A command may be in an RPDO that could not be read; then the audit is incomplete, and says so.
    if not lacking or context.unread:
        return
    anywhere = {
        slot.address: record.name
        for record in context.observation.dump.rpdos
        for slot in record.mapping.slots
    }
    found = []
    for command in lacking:
        off = [f"{a} in {anywhere[a]}, which is disabled" for a in command.addresses if a in anywhere]
        found.append(f"{command.name}: {listed(off) or 'nowhere'}")
    names = listed(command.name for command in lacking)
    yield Hit(
        lacking[0].addresses[0],
        f"{names} in an enabled RPDO",
        "; ".join(found),
        f"No enabled RPDO carries the {names} ({'; '.join(found)}), so the device cannot be commanded by PDO.",
        explains=frozenset(_lost(context, lacking)),
    )


def why_no_commands(context: Context) -> str:
    """Why no command can be looked for."""
    return "" if context.knowledge.commands else "no commands are known for this kind of device"


def no_event_timer(context: Context) -> Iterator[Hit]:
    """RPDOs with commands whose silence the device does not say that it notices."""
    timeout = context.knowledge.timeout
    assert timeout is not None  # or the rule does not apply
    for record in context.observation.dump.rpdos:
        carried = _commands(context, record)
        if not record.enabled or not carried:
            continue
        address = Address(record.communication_index, EVENT)
        held = context.number(address)
        absent = address in context.observation.absent
        if held == 0 or absent:
            found = "absent" if absent else "0 ms (off)"
            yield Hit(
                address,
                f"the time-out that is known: {timeout.words}",
                found,
                f"{record.name} carries {context.listed(carried)}, and its event timer {address} is {found}, "
                f"while the device drops its commands after {timeout.words}. {timeout.doubt}.",
                record,
                remedy=timeout.remedy,
                explains=frozenset((address,)),
            )


def why_no_timeout(context: Context) -> str:
    """Why no event timer can be asked for."""
    return "" if context.knowledge.timeout else "no command time-out is known for this kind of device"


def watchdog_off(context: Context) -> Iterator[Hit]:
    """A heartbeat consumer that does not watch over the master, or too late."""
    watch = context.knowledge.watch
    assert watch is not None  # or the rule does not apply
    master = context.master_id
    expected = f"node {master} watched for 1 to {watch.longest_ms} ms ({watch.source})"
    words = [(sub, context.number(Address(CONSUMER_HEARTBEAT, sub))) for sub in range(1, MOST_NODES + 1)]
    entries = [(sub, word >> 16 & 0x7F, word & 0xFFFF) for sub, word in words if word is not None]
    watching = [(sub, time) for sub, node, time in entries if node == master and time]
    if any(time <= watch.longest_ms for _, time in watching):
        return
    if watching:
        sub, time = watching[0]
        found, problem = f"{time} ms", f"notices only after {time} ms that node {master} is gone"
    else:
        sub = 1
        others = [f"node {node} for {time} ms" for _, node, time in entries if node and time]
        found = listed(others) if others else "absent" if WATCHED in context.observation.absent else "off"
        problem = f"does not notice when the master (node {master}) is gone"
    address = Address(CONSUMER_HEARTBEAT, sub)
    yield Hit(
        address,
        expected,
        found,
        f"The device {problem}: its heartbeat consumer {address} is {found}.",
        further=tuple(Address(CONSUMER_HEARTBEAT, sub) for sub, _, _ in entries),
    )


def why_no_watch(context: Context) -> str:
    """Why the heartbeat consumer cannot be judged."""
    if context.knowledge.watch is None:
        return "how this kind of device watches over its master is not known"
    known = WATCHED in context.observation.absent or context.held(WATCHED) is not None
    return "" if known else f"{WATCHED} was not read"


def _commands(context: Context, record: PdoRecord) -> list[Address]:
    wanted = context.knowledge.command_objects
    return list(dict.fromkeys(slot.address for slot in record.mapping.slots if slot.address in wanted))


def _mapped(context: Context) -> set[Address]:
    return {
        slot.address
        for record in context.observation.dump.rpdos
        if record.enabled
        for slot in record.mapping.slots
    }


def _lost(context: Context, lacking: list[Command]) -> Iterator[Address]:
    """Where the commands should be: the parameters that keep them from being there."""
    gone = {address for command in lacking for address in command.addresses}
    for wanted in context.ideal.observation.dump.rpdos:
        for sub, slot in enumerate(wanted.mapping.slots, 1):
            if wanted.enabled and slot.address in gone:
                yield Address(wanted.mapping_index, sub)
                count = context.number(Address(wanted.mapping_index))
                if count is not None and count < sub:
                    yield Address(wanted.mapping_index)
                if (context.number(Address(wanted.communication_index, COB_ID)) or 0) >> 31:
                    yield Address(wanted.communication_index, COB_ID)
