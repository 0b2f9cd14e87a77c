"""`deltaq monitor`: what is said on the bus, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show, show_json

if TYPE_CHECKING:
    from deltaq_master.protocol.events import Frame
    from deltaq_master.protocol.services import Decoded

SCHEMA = "deltaq.monitor/1"
LOOK = 0.5
"""How often to look whether a silent bus is still there [s]."""


def monitor(
    context: typer.Context,
    log: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LOGFILE]",
            help="A log that python-can reads (.trc, .log, .asc, .blf, .csv, ...), instead of a bus.",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="A screen instead of lines, where stdout is a terminal."),
    ] = False,
) -> int:
    """Decode the traffic, live or from a log; never transmit.

    A line per frame: time, identifier, direction, data, and what it means.
    What must not be believed is marked: this charger shows 19.5 A while
    nothing flows. PDOs are decoded by the mapping in the EDS, because asking
    the charger for its own would be transmitting.

    \b
    Examples:
      deltaq -i socketcan -c can0 monitor
      deltaq -i socketcan -c can0 monitor --live
      deltaq monitor ride.trc
      deltaq --json monitor ride.trc | jq 'select(.service == "EMCY")'

    On SocketCAN a bus that is lost (interface down, adapter unplugged) is said
    and waited for, and its frames go on when it is back.

    Ctrl-C ends it (q too, on the screen), with exit code 0: nothing was driven.
    """
    from deltaq_master.charger.traffic import TrafficDecoder
    from deltaq_master.dictionary.mapping import defaults

    chosen = settings(context)
    if live and _on_screen(chosen, log):
        return 0
    dictionary = chosen.dictionary()
    decoder = TrafficDecoder(dictionary, defaults(dictionary), chosen.master_id)
    printer = show_frame_json if chosen.json else show_frame
    try:
        with Signals(_interrupt):
            for frame in _logged(log) if log is not None else _live(chosen):
                printer(frame, decoder.decode(frame))
    except KeyboardInterrupt:
        pass
    return 0


def _on_screen(chosen: Settings, log: Path | None) -> bool:
    """Show the bus on the live screen; False where there can be none, and lines must do. Raises UsageError."""
    from deltaq_master.cli.screen.terminal import hindrance
    from deltaq_master.errors import UsageError

    if log is not None:
        raise UsageError("--live shows a bus, and a log is none", "leave out --live, or the log")
    if chosen.json:
        raise UsageError("--live and --json exclude each other", "give one of them")
    hindered = hindrance()
    if hindered:
        say(f"note: no live screen here, lines instead: {hindered}")
        return False
    from deltaq_master.cli.screen.monitor_live import watch

    watch(chosen)
    return True


def _interrupt(_: str) -> None:
    raise KeyboardInterrupt


def _logged(path: Path) -> Iterator[Frame]:
    from deltaq_master.link.bus.logs import read_log

    return read_log(path)


def _live(chosen: Settings) -> Iterator[Frame]:
    """Frames of the bus as they come, their times counted from when we began; it is said when the bus is lost.

    Raises BusError for one that was lost from the beginning, or will not come back.
    """
    from queue import Empty, SimpleQueue

    from deltaq_master.cli.bus_notes import AT_ONCE, Turns
    from deltaq_master.errors import BusError
    from deltaq_master.link import clock
    from deltaq_master.link.bus.gate import Turn

    heard: SimpleQueue[Frame | Turn] = SimpleQueue()
    with chosen.network() as network, chosen.hearing(network) as hearing:
        begun = clock.now()
        turns = Turns(begun, SCHEMA if chosen.json else "")
        network.gate.subscribe_turns(heard.put)
        network.gate.subscribe_frames(heard.put)
        say("note: listening; Ctrl-C ends it")
        silent = True
        while True:
            try:
                found = heard.get(timeout=LOOK)
            except Empty:
                if network.gate.gone:
                    raise BusError(f"the bus was lost: {network.gate.gone}") from None
                hearing.look()
                continue
            if isinstance(found, Turn):
                if found.lost and silent and found.time - begun < AT_ONCE:
                    raise BusError(found.lost)
                turns.take(found)
                continue
            silent = False
            yield found._replace(time=found.time - begun)


def show_frame(frame: Frame, decoded: Decoded) -> None:
    """One frame on one line, and below it what is said once."""
    identifier = f"{frame.cob_id:08X}" if frame.extended else f"{frame.cob_id:03X}"
    length = len(frame.data) if frame.length < 0 else frame.length
    direction = "Tx" if frame.sent else "Rx"
    data = frame.data.hex(" ").upper()
    show(f"{frame.time:12.6f}  {identifier:>8}  {direction}  {length}  {data:<23}  {decoded}")
    for observation in decoded.observations:
        show(f"{'':12}  ! {observation}")


def show_frame_json(frame: Frame, decoded: Decoded) -> None:
    """One frame as one object."""
    show_json(
        {
            "schema": SCHEMA,
            "time": frame.time,
            "cob_id": frame.cob_id,
            "sent": frame.sent,
            "extended": frame.extended,
            "remote": frame.remote,
            "error": frame.error,
            "fd": frame.fd,
            "data": frame.data.hex(" ").upper(),
            "service": str(decoded.service),
            "number": decoded.number,
            "node": decoded.node_id,
            "text": decoded.text,
            "fields": [_field(field) for field in decoded.fields],
            "notes": decoded.notes,
            "observations": decoded.observations,
        }
    )


def _field(field: Any) -> dict[str, Any]:
    return {
        "object": str(field.address) if field.address else None,
        "name": field.name,
        "value": field.value,
        "unit": field.unit,
        "note": field.note,
    }
