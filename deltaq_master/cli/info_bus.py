"""`deltaq info --bus`: what this way to the bus can do, and how it measures."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deltaq_master.cli.talk import show, show_json

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings
    from deltaq_master.link.bus.abilities import Abilities, Measured
    from deltaq_master.link.bus.interfaces import Interface

SCHEMA = "deltaq.bus/1"


def show_bus(chosen: Settings) -> int:
    """Open the bus, measure by reading 1000h, and print, without figures if nothing is answered.

    Raises BusError, SdoError or SilentError.
    """
    from deltaq_master.errors import BusError, SdoTimeoutError, TheirError
    from deltaq_master.link.bus.abilities import abilities, measured
    from deltaq_master.link.bus.interfaces import interface, waiting

    dictionary = chosen.dictionary()
    with chosen.device(dictionary) as device:
        bus = device.network.bus
        assert bus is not None  # the network is open
        found = abilities(bus)
        figures: Measured | None = None
        problem: TheirError | None = None
        try:
            figures = measured(device.node)
        except SdoTimeoutError as error:
            problem = device.missing(error) or error
        except TheirError as error:
            problem = error
        here: Interface | None = None
        queued: int | None = None
        if found.interface in ("SocketCan", "SocketcanBus"):
            channel = str(getattr(bus, "channel", "") or "")
            queued = waiting(channel)
            with suppress(BusError):
                here = interface(channel)
        if chosen.json:
            whole: dict[str, Any] = {
                "schema": SCHEMA,
                "abilities": found,
                "measured": figures,
                "interface": here,
                "waiting": queued,
            }
            chosen.report("bus", whole)
            show_json(whole)
        else:
            for name, text in (*_able(found), *_figures(figures), *_queue(here, queued)):
                show(f"{name:<16} {text}")
        if problem is not None:
            raise problem
    return 0


def _able(found: Abilities) -> list[tuple[str, str]]:
    cyclic = "by this program: its jitter, and silence when it hangs"
    if found.lease:
        cyclic = "by the kernel on a lease: exact, and silence soon after this program hangs"
    elif found.cyclic:
        cyclic = "by the kernel or the adapter, without a lease: we do not use that, it would outlive a hang"
    return [
        ("interface", found.interface),
        (
            "filters",
            "in the kernel or adapter" if found.filters else "none: every frame reaches this program",
        ),
        ("cyclic frames", cyclic),
        (
            "time stamps",
            "by the kernel, on arrival" if found.stamped else "by this program, when it gets to the frame",
        ),
        (
            "bus states",
            "error-passive and bus-off are seen"
            if found.states
            else "not seen: a lost bus shows by silence alone",
        ),
        (
            "after a loss",
            "opened again by itself"
            if found.reopens
            else "not opened again: the command ends, and is to be started again",
        ),
    ]


def _figures(figures: Measured | None) -> list[tuple[str, str]]:
    if figures is None:
        return [("round trip", "not measured: nothing answers")]
    trip = f"{figures.median * 1000:.2f} ms median, {figures.longest * 1000:.2f} ms longest"
    clock = f"steps of {figures.step * 1e6:.2g} us; waits of 10 ms late by up to {figures.late * 1000:.1f} ms"
    return [("round trip", f"{trip} ({figures.reads} SDO reads of 1000h)"), ("clock", clock)]


def _queue(here: Interface | None, queued: int | None) -> list[tuple[str, str]]:
    length = (
        "its length is not known: the interface does not tell it"
        if here is None or here.queue is None
        else f"room for {here.queue} frames in the kernel"
    )
    wait = "how many wait there is not told" if queued is None else f"{queued} wait there, of all programs"
    return [("queue", f"{length}; {wait}")]
