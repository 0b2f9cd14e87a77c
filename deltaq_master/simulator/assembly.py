"""What the options put on a simulated bus: chargers, and devices over EDS files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.device import SimulatedDevice
from deltaq_master.simulator.model import Model, Mould
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.segment import Segment


@cache
def shipped(node_id: int) -> Dictionary:
    """The shipped EDS; reading it takes longer than everything else about a bus."""
    return load(eds_path(), node_id)


def assemble(options: Options, now: float, eds: Path | None = None) -> Segment:
    """Every device that the options name, switched on at `now` [s]; `eds` is the chargers', by default ours.

    Raises FileError for an EDS that cannot be used.
    """
    chargers = _chargers(options, now, eds) if options.charger == "yes" else ()
    moulds = {path: _mould(path) for path in {each.path for each in options.device}}
    others = (
        SimulatedDevice(
            moulds[each.path].model(each.node), now, each.faults, serial=number, seed=options.seed + number
        )
        for number, each in enumerate(options.device, 1)
    )
    return Segment(tuple(others), tuple(chargers))


def _chargers(options: Options, now: float, eds: Path | None) -> Iterator[SimulatedCharger]:
    first = load(eds, options.node) if eds else shipped(options.node)
    yield SimulatedCharger(options, first, now)
    if options.chargers > 1:
        mould = _mould(str(eds or eds_path()))
        for serial, node in enumerate(options.nodes[1:], 2):
            own = replace(options, node=node, fault=())
            yield SimulatedCharger(own, mould.model(node), now, serial=serial)


def _mould(path: str) -> Mould:
    # Read each time anew: a test, or a person at work on an EDS, changes it between two buses.
    first, second = (Model.of(load(Path(path), node_id)) for node_id in (1, 2))
    return Mould(first, second)
