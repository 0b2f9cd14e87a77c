"""`deltaq scan --objects` and `--unknown`: what one device has, by its EDS and beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.cli import scan_show
from deltaq_master.cli.exits import ExitCode, exit_code
from deltaq_master.cli.scan_progress import ProgressLine, left
from deltaq_master.cli.scan_words import IndexRange
from deltaq_master.cli.settings import CHARGER_PROFILE, Settings, is_charger
from deltaq_master.cli.talk import say
from deltaq_master.errors import BusError, DeltaqError, SilentError, UsageError
from deltaq_master.link import clock
from deltaq_master.link.device.device import silent
from deltaq_master.link.sdo.pacing import Pace, PacedClient, Pacer
from deltaq_master.link.sdo.roll_call import paced_client
from deltaq_master.scanner.inventory import Held, inventory, readable
from deltaq_master.scanner.roll import identify
from deltaq_master.scanner.search_file import Header, SearchFile
from deltaq_master.scanner.unknown import Unlisted, search

if TYPE_CHECKING:
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.protocol.identity import Identity


@dataclass(frozen=True, slots=True)
class Device:
    """The device that is looked at."""

    node_id: int
    client: PacedClient
    identity: Identity
    dictionary: Dictionary | None
    """Its EDS; None if none was given and it is no device of the shipped one."""


@contextmanager
def on_bus(chosen: Settings, node_id: int, pace: float, timeout: float) -> Iterator[Device]:
    """Find the device; nothing but SDO reads is sent. Raises SilentError if it does not answer."""
    dictionary = replace(chosen, node_id=node_id).dictionary()
    pacer = Pacer(Pace(most=1, gap=1 / pace))
    with (
        chosen.network() as network,
        chosen.hearing(network),
        paced_client(network, node_id, pacer, timeout=timeout, od=dictionary.od) as client,
    ):
        answer = identify(node_id, client)
        if not answer.present:
            raise silent(node_id, timeout)
        ours = chosen.eds is not None or _fits(dictionary, answer.identity)
        yield Device(node_id, client, answer.identity, dictionary if ours else None)


def show_inventory(chosen: Settings, device: Device) -> ExitCode:
    """Read every object of the EDS, and show it."""
    if device.dictionary is None:
        kind = device.identity.profile_name or "of a kind that it does not tell"
        problem = f"node {device.node_id} is {kind}, and the shipped EDS is a charger's"
        raise UsageError(problem, "give its own: deltaq --eds FILE scan --objects")
    entries = readable(device.dictionary)
    rows: list[Held] = []
    ended: BusError | KeyboardInterrupt | None = None
    with closing(inventory(device.client, entries)) as found, ProgressLine() as progress:
        begun = clock.now()
        try:
            for row in found:
                rows.append(row)
                if chosen.json:
                    scan_show.show_object_json(device.node_id, row)
                progress.show(
                    f"{row.address}: {len(rows)} of {len(entries)} objects,"
                    f" {left(len(rows), len(entries), clock.now() - begun)}"
                )
        except (BusError, KeyboardInterrupt) as error:
            ended = error
    if not chosen.json:
        scan_show.show_objects(rows)
    missed = [row for row in rows if row.problem]
    absent = sum(row.absent for row in rows)
    held = len(rows) - absent - len(missed)
    say(f"note: {held} of {len(entries)} objects of the EDS are there, {absent} are absent")
    for row in missed:
        say(f"deltaq: {row.address} {row.name} not read: {row.problem}")
    if isinstance(ended, BusError):
        raise ended
    if ended is not None:
        return ExitCode.INTERRUPTED
    return ExitCode.INCOMPLETE if missed else ExitCode.DONE


def show_search(chosen: Settings, device: Device, span: IndexRange, resume: Path | None) -> ExitCode:
    """Search for objects that are not in the EDS, and show them."""
    first, last = span.first, span.last
    known = device.dictionary.indices if device.dictionary is not None else frozenset()
    if device.dictionary is None:
        say("note: without an EDS of this device every object that answers is unknown; --eds FILE gives one")
    if resume is None:
        found: list[Unlisted] = []
        code = _search(chosen, device, [i for i in range(first, last + 1) if i not in known], None, found)
    else:
        header = Header.of(device.node_id, device.identity, first, last, known)
        with SearchFile(resume, header) as file:
            found = file.found
            if file.through >= first:
                say(f"note: {resume} is done up to {file.through:04X}h; going on from there")
            for row in found if chosen.json else ():
                scan_show.show_unknown_json(device.node_id, row)
            left_over = [i for i in range(max(first, file.through + 1), last + 1) if i not in known]
            code = _search(chosen, device, left_over, file, found)
    if not chosen.json and found:
        scan_show.show_unknown(found)
    lost = sum(row.lost for row in found)
    say(f"note: {len(found) - lost} objects in {span} answer that are not in the EDS")
    if lost:
        say(f"deltaq: {lost} requests were not answered, so that these objects may be there or not")
    if code is ExitCode.DONE and lost:
        return ExitCode.INCOMPLETE
    return code


def _search(
    chosen: Settings, device: Device, indices: list[int], file: SearchFile | None, found: list[Unlisted]
) -> ExitCode:
    begun = clock.now()
    with closing(search(device.client, device.node_id, indices)) as probes, ProgressLine() as progress:
        try:
            for done, probe in enumerate(probes, 1):
                if file is None:
                    found += probe.found
                else:
                    file.add(probe)
                for row in probe.found if chosen.json else ():
                    scan_show.show_unknown_json(device.node_id, row)
                progress.show(
                    f"{probe.index:04X}h: {len(found)} found,"
                    f" {left(done, len(indices), clock.now() - begun)}; Ctrl-C keeps what was found"
                )
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        except DeltaqError as error:
            # Said here and not above, so that what was found is shown.
            say(f"deltaq: {error}")
            return ExitCode.INCOMPLETE if isinstance(error, SilentError) else exit_code(error)
    return ExitCode.DONE


def _fits(dictionary: Dictionary, identity: Identity) -> bool:
    """Whether the shipped EDS, which is a charger's, may be taken for this device."""
    return is_charger(dictionary) and identity.profile == CHARGER_PROFILE
