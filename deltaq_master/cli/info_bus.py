"""`deltaq info --bus`: what this way to the bus can do, and how it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deltaq_master.cli.talk import show, show_json

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings
    from deltaq_master.link.bus.abilities import Abilities, Measured
    from deltaq_master.link.bus.interfaces import Interface

SCHEMA = "deltaq.bus/1"


def show_bus(chosen: Settings) -> int:
    """Open the bus, measure by reading 1000h, and print. Raises BusError, SdoError or SilentError."""
    from deltaq_master.errors import BusError, SdoTimeoutError
    from deltaq_master.link.bus.abilities import abilities, measured
    from deltaq_master.link.bus.interfaces import interface

    dictionary = chosen.dictionary()
    with chosen.device(dictionary) as device:
        bus = device.network.bus
        assert bus is not None  # the network is open
        found = abilities(bus)
        channel = str(getattr(bus, "channel", "") or "")
        here: Interface | None = None
        if found.interface in ("SocketCan", "SocketcanBus"):
            try:
                here = interface(channel)
            except BusError:
                here = None
        try:
            figures = measured(device.node)
        except SdoTimeoutError as error:
            raise device.missing(error) or error from error
    if chosen.json:
        whole: dict[str, Any] = {"schema": SCHEMA, "abilities": found, "measured": figures, "interface": here}
        chosen.report("bus", whole)
        show_json(whole)
    else:
        for name, text in (*_able(found), *_figures(figures), *_queue(here)):
            show(f"{name:<16} {text}")
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
    ]


def _figures(figures: Measured) -> list[tuple[str, str]]:
    trip = f"{figures.median * 1000:.2f} ms median, {figures.longest * 1000:.2f} ms longest"
    clock = f"steps of {figures.step * 1e6:.2g} us; waits of 10 ms late by up to {figures.late * 1000:.1f} ms"
    return [("round trip", f"{trip} ({figures.reads} SDO reads of 1000h)"), ("clock", clock)]


def _queue(here: Interface | None) -> list[tuple[str, str]]:
    if here is None:
        return [("queue", "not known: the interface does not tell its length")]
    return [("queue", f"{here.queue} frames in the kernel")]
