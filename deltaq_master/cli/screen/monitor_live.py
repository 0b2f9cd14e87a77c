"""`deltaq monitor --live`: a bus on the live screen; nothing is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from deltaq_master.charger.bit_rate import BITRATE
from deltaq_master.charger.diagnosis import Subject
from deltaq_master.charger.limits import hardware_limits
from deltaq_master.cli.screen.app import show_screen
from deltaq_master.cli.screen.monitoring import MonitorShowing
from deltaq_master.cli.screen.sight import BusSight
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show
from deltaq_master.errors import BusError, TheirError
from deltaq_master.link import clock

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings


def watch(chosen: Settings) -> None:
    """Show a bus until somebody leaves; then say in one sentence what was seen. Raises BusError, TheirError."""
    dictionary = chosen.dictionary()
    bitrate = chosen.bitrate or BITRATE
    with (
        chosen.network() as network,
        chosen.hearing(network),
        ThreadPoolExecutor(1, "screen") as pool,
    ):
        sight = BusSight(Subject(dictionary, chosen.master_id), network.gate, bitrate, clock.now())
        showing = MonitorShowing(
            sight,
            f"monitor, node {chosen.node_id} on {chosen.channel or chosen.interface or 'the bus'}",
            {chosen.master_id: "master", chosen.node_id: "charger"},
            hardware_limits(dictionary),
            bitrate,
            chosen.bitrate is not None,
        )
        pool.submit(sight.follow)
        try:
            with Signals(lambda _: showing.leave()):
                problem = show_screen(showing)
        finally:
            sight.close()
        lost, gone = network.gate.lost, network.gate.gone
    seen = sight.latest
    show(f"{seen.frames} frames in {seen.time:.1f} s. {seen.explanation.verdict}")
    if gone:
        raise BusError(f"the bus was lost: {gone}")
    if lost and showing.never_there:
        raise BusError(lost)
    if lost:
        say(f"note: the bus is lost: {lost}")
    if problem:
        raise TheirError(f"the live screen has ended ({problem}); leave out --live to have lines")
