"""An interface with a sound controller, for tests to spoil."""

from __future__ import annotations

from deltaq_master.link.bus.interfaces import Interface

CAN0 = Interface(
    name="can0",
    kind="can",
    driver="gs_usb",
    up=True,
    state="ERROR-ACTIVE",
    modes=(),
    listen_only=True,
    echo=True,
    received=10,
    sent=0,
    bitrate=500_000,
    queue=10,
    restart_ms=100,
    sent_errors=0,
    received_errors=0,
    bus_errors=0,
    bus_off=0,
)
