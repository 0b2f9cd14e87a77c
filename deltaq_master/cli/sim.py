"""`deltaq sim`: the simulated charger on a bus of its own or on a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import SIMULATED, Settings, settings
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.simulator.segment import Segment


def sim(
    context: typer.Context,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Be an slcan hub on loopback, so that other programs have a bus; port 0 takes a free one.",
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--options", help="List what --sim takes, and end.")] = False,
) -> int:
    """Run the simulated charger until Ctrl-C, for a second terminal or any CANopen program.

    It joins the bus that -i and -c name, or with --listen makes one: several
    programs may connect to it, each with python-can's interface slcan. Its
    battery and its faults are chosen by --sim, before the verb; so are further
    devices, each from an EDS or DCF file, with or without the charger.

    \b
    Examples:
      deltaq --sim speed=400 sim --listen 127.0.0.1:29536
      deltaq -i socketcan -c can1 --sim soc=90 --sim fault=ac-loss@30 sim
      deltaq --sim charger=no --sim device=io.eds@2-9 --sim device=io.eds@20/sdo-slow:300 \\
          sim --listen 127.0.0.1:29536
      deltaq sim --options

    \b
    In another terminal, on the bus of the first example:
      deltaq -i slcan -c socket://127.0.0.1:29536 -b 500000 info

    For one process alone no hub is needed: -i sim has the charger in it.
    """
    chosen = settings(context)
    if explain:
        from deltaq_master.cli.sim_options import lines

        show("\n".join(lines()))
        return ExitCode.DONE
    if listen is None and chosen.interface in SIMULATED:
        raise UsageError(
            f"-i {chosen.interface} already has the simulated charger in it, for one process",
            "use --listen 127.0.0.1:29536, or name the interface that it shall join",
        )
    if listen is not None and (chosen.interface or chosen.channel):
        raise UsageError("--listen makes a bus of its own", "leave -i and -c out")
    return _hub(chosen, listen) if listen is not None else _served(chosen)


class _Stop:
    """Set by a signal; `serve` looks at it."""

    def __init__(self) -> None:
        self._asked = False

    def set(self, _: str) -> None:
        self._asked = True

    def is_set(self) -> bool:
        return self._asked


def _hub(chosen: Settings, address: str) -> int:
    from deltaq_master.link import clock
    from deltaq_master.simulator.hub import Hub

    hub = Hub(address, _segment(chosen, clock.now()), clock.now)
    with Signals(lambda _: hub.stop()):
        show(hub.channel)
        say(f"note: connect with -i slcan -c {hub.channel} -b 500000; Ctrl-C ends it")
        hub.run()
    return ExitCode.DONE


def _served(chosen: Settings) -> int:
    from deltaq_master.link import clock
    from deltaq_master.link.bus.opening import open_bus
    from deltaq_master.simulator.bus import serve

    stop: Any = _Stop()
    with open_bus(chosen.channel, chosen.interface, bitrate=chosen.bitrate) as bus, Signals(stop.set):
        segment = _segment(chosen, clock.now() - clock.from_monotonic(0.0))
        who = {0: "devices are", 1: "charger is"}.get(len(segment.chargers), "chargers are")
        say(f"note: the simulated {who} on {bus.channel_info}; Ctrl-C ends it")
        serve(bus, segment, stop)
    return ExitCode.DONE


def _segment(chosen: Settings, now: float) -> Segment:
    from deltaq_master.simulator.assembly import assemble
    from deltaq_master.simulator.options import Options

    words = {"node": str(chosen.node_id), "master": str(chosen.master_id), **chosen.sim}
    options = Options.parse(words)
    return assemble(options, now, chosen.eds)
