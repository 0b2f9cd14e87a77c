"""A charging service in the guest: its battery profile, its installation, and how it is brought into mid-charge."""

from __future__ import annotations

import pytest

from tests.lab.bench import LONG, Bench, StalledError
from tests.lab.programs import wait_for
from tests.lab.recording import Recording, asks_for_current
from tests.lab.systemd.machine import CHARGE_UNIT, Unit, ours, run

PROFILE = """\
name = "20s NMC, 50 Ah"
[battery]
cells = 20
capacity = 50.0
[limits]
max_voltage = 84.2
max_current = 12.0
[charge]
voltage = 84.0
current = 10.0
duration = 3600
"""
STOP_TIME = 15.0
"""Seconds that systemd gives the safe order."""


def install(bus: Bench, *words: str) -> str:
    """Install a charging service, and return what was said."""
    profile = bus.folder / "pack.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    return ours("service", "install", "--channel", "can0", "--charge", str(profile), *words).stderr


def charge(bus: Bench, options: tuple[str, ...] = LONG) -> tuple[Unit, Recording]:
    """Start the installed service, and bring it into mid-charge."""
    recording = bus.record()
    bus.simulate(options)
    unit = Unit(CHARGE_UNIT)
    run(f"systemctl start {CHARGE_UNIT}")
    try:
        wait_for(
            "it asks for current, or has ended",
            lambda: any(map(asks_for_current, recording.frames())) or unit.shown("ActiveState") == "failed",
        )
    except pytest.fail.Exception as error:
        pytest.fail(f"{error}\n{unit.words}")
    check_running(unit)
    return unit, recording


STALLS = ("not-run", "bus-lost", "reports-stale", "alarm")
"""Causes that end a charge which nobody disturbs, where the guest, its charger or its adapters stood still."""


def check_running(unit: Unit) -> None:
    """Raise StalledError for a service that this slow machine has let down."""
    check_undisturbed(unit)
    assert unit.shown("ActiveState") == "active", unit.words


def check_undisturbed(unit: Unit) -> None:
    """Raise StalledError for a charge that ended because the machine was too slow for it."""
    for end in unit.told(DELTAQ_EVENT="summary"):
        if end["DELTAQ_CAUSE"] in STALLS:
            run(f"systemctl stop {CHARGE_UNIT}")
            raise StalledError(end["MESSAGE"])


def end_of(unit: Unit) -> dict[str, str]:
    """The last message of a charge that is over, or is about to be."""
    wait_for("it ends", lambda: bool(unit.told(DELTAQ_EVENT="summary")))
    check_undisturbed(unit)
    (end,) = unit.told(DELTAQ_EVENT="summary")
    return end
