"""Faults that any simulated device may have: what each of them does to its node and its line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.simulator.channel import Trouble
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.script import Fault
from deltaq_master.simulator.writes import Spoil

BABBLE_COB_ID = 0x001
"""Of the babbling node: it wins over everything but NMT, and is no service of CANopen."""

Act = Callable[[Fault], None]


def acts(node: Node, trouble: Trouble) -> dict[str, Act]:
    """What each of these faults does, by its name."""

    def babble(fault: Fault) -> None:
        node.inject(BABBLE_COB_ID, bytes(8))
        node.schedule.after("babble", 1 / fault.number, partial(babble, fault))

    def spoil(fault: Fault) -> None:
        trouble.writes[int(fault.number)] = Spoil(fault.name)

    def begin_with(fault: Fault) -> None:
        address = Address.parse(fault.word)
        cell = node.objects.get(address.index, address.sub)
        if cell is not None and cell.entry.data_type.size is not None:
            node.objects.begin_with(address.index, address.sub, int(fault.number))
            # What follows from a write follows from this, too: other frames, another heartbeat.
            cell.put(cell.value)

    return {
        "silence": lambda _: setattr(trouble, "cut", True),
        "reboot": lambda _: node.restart(),
        "nmt-preop": lambda _: node.enter(NmtState.PRE_OPERATIONAL),
        "heartbeat-stop": lambda _: setattr(trouble, "no_heartbeat", True),
        "tpdo-stop": lambda _: setattr(trouble, "no_tpdos", True),
        "sdo-slow": lambda fault: setattr(trouble, "sdo_delay", fault.number / 1000),
        "sdo-lossy": lambda fault: setattr(trouble, "sdo_loss", fault.number / 100),
        "sdo-abort": lambda fault: setattr(trouble, "sdo_abort", int(fault.number)),
        "sdo-dead": lambda fault: trouble.sdo_dead.add(int(fault.number)),
        "no-object": lambda fault: node.objects.remove(int(fault.number)),
        "wrong-identity": lambda fault: node.objects.begin_with(0x1000, 0, int(fault.number)),
        "wrong-vendor": lambda fault: node.objects.begin_with(0x1018, 1, int(fault.number)),
        "babble": babble,
        "value": begin_with,
        "fixed-counts": lambda _: node.pdos.fix_counts(),
        **{kind.value: spoil for kind in Spoil if kind},
    }
