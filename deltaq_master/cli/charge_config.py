"""`deltaq charge --config FILE`: the settings that a charger has forgotten, written before it is charged with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deltaq_master.cli.config_change import carried_out
from deltaq_master.cli.config_device import Shown, journal_for
from deltaq_master.cli.config_options import rules_of
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings
from deltaq_master.cli.talk import say
from deltaq_master.configuration import planning
from deltaq_master.configuration.identity import Identity, read_identity
from deltaq_master.configuration.sources import Source, read_file
from deltaq_master.errors import RefusedError, SdoTimeoutError
from deltaq_master.link.bus.another_master import another_master
from deltaq_master.link.device.device import silent

if TYPE_CHECKING:
    from deltaq_master.charger.plan import ChargePlan
    from deltaq_master.link.bus.network import Network
    from deltaq_master.master import Charger


def settings_in(chosen: Settings, file: Path) -> Source:
    """The values of a file. Raises FileError before anything is opened."""
    return read_file(file, chosen.dictionary())


def configure_first(chosen: Settings, charger: Charger, plan: ChargePlan, source: Source) -> ExitCode:
    """Make the charger hold what a file says; anything but DONE means that it must not be charged with.

    It is asked who it is by reads alone, another master is listened for, and only then is anything written.
    Raises RefusedError for another master, SilentError for a charger that is not there.
    """
    identity = _identity(charger, plan.timing.waiting)
    journal = journal_for(chosen, charger.dictionary, identity, f"charge with {source.name}", None)
    journal.check()
    shown = Shown()
    wanted = planning.plan(
        charger.node, source, identity, rules_of(chosen), lambda: charger.nmt.reported, shown.reading
    )
    shown.end()
    if wanted.steps and not wanted.refusals:
        commands = frozenset(r.cob_id for r in charger.dump.rpdos if r.enabled and r.cob_id is not None)
        network = cast("Network", charger.node.network)
        heard = another_master(network, charger.node.id, plan.master_id, commands, plan.timing.listening)
        if heard:
            raise RefusedError(f"changing node {charger.node.id}", heard, "end the other master first")
    code = carried_out(wanted, charger.node, journal).code
    if code is not ExitCode.DONE:
        say(f"deltaq: not charged: {source.name} could not be applied")
    return code


def _identity(charger: Charger, waiting: float) -> Identity:
    """Who it is; one that has only just been switched on is waited for."""
    try:
        return read_identity(charger.node.sdo)
    except SdoTimeoutError as error:
        if charger.nmt.reported is None and not charger.nmt.wait_heard(waiting):
            raise silent(charger.node.id, error.waited + waiting) from error
    return read_identity(charger.node.sdo)
