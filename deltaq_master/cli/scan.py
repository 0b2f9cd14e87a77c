"""`deltaq scan`: who is on the bus, what they are, and which objects one of them has."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.parsing import seconds
from deltaq_master.cli.scan_words import IndexRange, NodeIds, indices, node_ids
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.signals import Signals

if TYPE_CHECKING:
    from deltaq_master.cli.bus_notes import Turns
    from deltaq_master.scanner.scan import Result, Scan

PACE = 200.0
"""SDO requests per second to one device."""

WHO = "Who is there"
WHAT = "What one device has"


def scan(
    context: typer.Context,
    log: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LOGFILE]",
            help="A log that python-can reads (.trc, .log, .asc, .blf, .csv, ...), instead of a bus.",
        ),
    ] = None,
    listen: Annotated[
        float | None,
        typer.Option(
            "--listen",
            metavar="TIME",
            parser=seconds,
            rich_help_panel=WHO,
            help="How long to listen first; 2.5s by default.",
        ),
    ] = None,
    active: Annotated[
        bool,
        typer.Option(
            "--active", rich_help_panel=WHO, help="Then ask every node-ID what it is, by SDO reads alone."
        ),
    ] = False,
    nodes: Annotated[
        NodeIds | None,
        typer.Option(
            "--nodes",
            metavar="LIST",
            parser=node_ids,
            rich_help_panel=WHO,
            help="Which node-IDs --active asks: 1-20,30; all 127 by default.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="TIME", parser=seconds, help="How long to wait for an answer; 0.5s."
        ),
    ] = None,
    objects: Annotated[
        bool,
        typer.Option(
            "--objects",
            rich_help_panel=WHAT,
            help="Read all objects of the EDS from one device: which it has, and what they hold.",
        ),
    ] = False,
    unknown: Annotated[
        IndexRange | None,
        typer.Option(
            "--unknown",
            metavar="RANGE",
            parser=indices,
            rich_help_panel=WHAT,
            help="Search one device for objects that are not in the EDS: 2000-5FFF.",
        ),
    ] = None,
    node: Annotated[
        int | None,
        typer.Option(
            "--node",
            metavar="ID",
            min=1,
            max=127,
            rich_help_panel=WHAT,
            help="Which device; else the node-ID before the verb.",
        ),
    ] = None,
    pace: Annotated[
        float | None,
        typer.Option(
            "--pace",
            metavar="N",
            min=0.1,
            rich_help_panel=WHAT,
            help="At most so many SDO requests a second to this device; 200.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="FILE",
            rich_help_panel=WHAT,
            help="Keep the search of --unknown in this file, and go on with it if it is there.",
        ),
    ] = None,
) -> int:
    """Find out who is on the bus; without further words by listening alone.

    Who sends heartbeats, EMCY or SDO answers is there; a PDO may have been
    given any COB-ID, so its sender is only likely. With --active, 1000h and
    1018h of every node-ID are read, never more than 16 requests in 20 ms that
    nobody answered, in less than a second. Two devices with one node-ID are
    suspected where they contradict each other. With --objects or --unknown
    one device is read; that is SDO reads too, and nothing is written.

    \b
    Examples:
      deltaq -i sim scan
      deltaq -i socketcan -c can0 scan --active
      deltaq -i socketcan -c can0 --json scan --active --nodes 1-20,30
      deltaq -i socketcan -c can0 --eds io.eds scan --objects --node 5
      deltaq -i socketcan -c can0 scan --unknown 2000-5FFF --resume found.jsonl
      deltaq scan ride.trc

    Exit code 3 if nobody was heard or answered, 4 if only a part could be
    read, 130 after Ctrl-C, which shows what was found until then.
    """
    chosen = settings(context)
    one_device = objects or unknown is not None
    _refuse(log is not None and (active or one_device), "a log cannot be asked", "leave LOGFILE out")
    _refuse(
        one_device and active, "--active is about all nodes", "ask with one command and read with another"
    )
    _refuse(nodes is not None and not active, "--nodes is about --active", "add --active, or leave it out")
    _refuse(not one_device and node is not None, "--node is about one device", "add --objects or --unknown")
    _refuse(not one_device and pace is not None, "--pace is about one device", "add --objects or --unknown")
    _refuse(unknown is None and resume is not None, "--resume is about --unknown", "add --unknown 2000-5FFF")
    _refuse(timeout == 0, "--timeout is 0 s", "give a time, for example 0.5s")
    from deltaq_master.scanner.roll import TIMEOUT
    from deltaq_master.scanner.scan import LISTENING

    waited = TIMEOUT if timeout is None else timeout
    with Signals(_interrupt):
        if one_device:
            return _one(chosen, node or chosen.node_id, objects, unknown, pace or PACE, waited, resume)
        if log is not None:
            return _logged(chosen, log)
        return _bus(chosen, LISTENING if listen is None else listen, active, nodes, waited)


def _one(
    chosen: Settings,
    node_id: int,
    objects: bool,
    unknown: IndexRange | None,
    pace: float,
    timeout: float,
    resume: Path | None,
) -> int:
    from deltaq_master.cli.scan_objects import on_bus, show_inventory, show_search

    code = ExitCode.DONE
    try:
        with on_bus(chosen, node_id, pace, timeout) as device:
            if objects:
                code = show_inventory(chosen, device)
            if unknown is not None and code is not ExitCode.INTERRUPTED:
                code = max(code, show_search(chosen, device, unknown, resume))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


def _logged(chosen: Settings, path: Path) -> int:
    from deltaq_master.link.bus.logs import read_log
    from deltaq_master.scanner.scan import scan_log

    return _tell(chosen, scan_log(read_log(path)), False)


def _bus(chosen: Settings, listen: float, active: bool, nodes: NodeIds | None, timeout: float) -> int:
    from deltaq_master.cli.bus_notes import Turns
    from deltaq_master.cli.scan_show import SCHEMA
    from deltaq_master.errors import BusError
    from deltaq_master.link import clock
    from deltaq_master.scanner.scan import Scan

    ended: BusError | KeyboardInterrupt | None = None
    with chosen.network() as network, chosen.hearing(network), Scan(network) as running:
        turns = Turns(clock.now(), SCHEMA if chosen.json else "", "kind")
        turns.follow(network.gate)
        try:
            _listen(running, listen, turns)
            if active:
                _ask(running, nodes, timeout)
        except (BusError, KeyboardInterrupt) as error:
            ended = error
        result = running.result
    if ended is None:
        return _tell(chosen, result, active)
    _show(chosen, result)
    if isinstance(ended, BusError):
        raise ended
    return ExitCode.INTERRUPTED


def _listen(running: Scan, listen: float, turns: Turns) -> None:
    from deltaq_master.cli.scan_progress import ProgressLine

    with ProgressLine() as progress, closing(running.listen(listen)) as heard:
        for count in heard:
            turns.look()
            progress.show(f"listening for {listen:g} s: {count} heard")


def _ask(running: Scan, nodes: NodeIds | None, timeout: float) -> None:
    from deltaq_master.cli.scan_progress import ProgressLine
    from deltaq_master.scanner.roll import ALL_NODES

    wanted = ALL_NODES if nodes is None else nodes.values
    present = 0
    with ProgressLine() as progress, closing(running.ask(wanted, timeout=timeout)) as answers:
        progress.show(f"asking {len(wanted)} node-IDs")
        for done, answer in enumerate(answers, 1):
            present += answer.present
            progress.show(f"asking {len(wanted)} node-IDs: {done} done, {present} there")


def _tell(chosen: Settings, result: Result, asked: bool) -> int:
    """Print a whole scan; its exit code. Raises BusError if nobody is there."""
    from deltaq_master.cli.scan_show import nobody
    from deltaq_master.errors import BusError

    _show(chosen, result)
    if not result.present:
        raise BusError(*nobody(result.foreign, asked))
    whole = all(node.answer is None or node.answer.complete for node in result.nodes)
    return ExitCode.DONE if whole else ExitCode.INCOMPLETE


def _show(chosen: Settings, result: Result) -> None:
    from deltaq_master.cli.scan_show import show_nodes, show_nodes_json

    (show_nodes_json if chosen.json else show_nodes)(result, _vendor(chosen))


def _vendor(chosen: Settings) -> tuple[int, str] | None:
    """The vendor that an EDS names, where one was given."""
    if chosen.eds is None:
        return None
    about = chosen.dictionary().od.device_information
    return (about.vendor_number, about.vendor_name) if about.vendor_number and about.vendor_name else None


def _refuse(wrong: bool, problem: str, remedy: str) -> None:
    from deltaq_master.errors import UsageError

    if wrong:
        raise UsageError(problem, remedy)


def _interrupt(_: str) -> None:
    raise KeyboardInterrupt
