"""CANopen master for the Delta-Q ICL1500-85 battery charger (CiA 419).

Names are imported when they are first used, so that `import deltaq_master` costs nothing; python-can and canopen
come with `Master` and `Charger`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deltaq_master.charger.battery import Battery, BatteryReading, Chemistry, Window
    from deltaq_master.charger.limits import Limits, Target
    from deltaq_master.charger.phases import Phase
    from deltaq_master.charger.plan import Accepted, ChargePlan, Consent, Timing
    from deltaq_master.charger.state import Cause, Outcome
    from deltaq_master.charger.view import ChargeView
    from deltaq_master.errors import (
        BootError,
        BusError,
        CallError,
        ChangeError,
        DeltaqError,
        FileError,
        LimitError,
        NodeError,
        OurError,
        RefusedError,
        SdoAbortError,
        SdoAnswerError,
        SdoError,
        SdoTimeoutError,
        SilentError,
        TheirError,
        UsageError,
    )
    from deltaq_master.link.device.device import Device, open_device
    from deltaq_master.link.device.observing import observe
    from deltaq_master.link.pdo.finding import read_pdos
    from deltaq_master.master import Charger, ChargeRun, Master
    from deltaq_master.protocol.knowledge import Knowledge

__all__ = [
    "Accepted",
    "Battery",
    "BatteryReading",
    "BootError",
    "BusError",
    "CallError",
    "Cause",
    "ChangeError",
    "ChargePlan",
    "ChargeRun",
    "ChargeView",
    "Charger",
    "Chemistry",
    "Consent",
    "DeltaqError",
    "Device",
    "FileError",
    "Knowledge",
    "LimitError",
    "Limits",
    "Master",
    "NodeError",
    "OurError",
    "Outcome",
    "Phase",
    "RefusedError",
    "SdoAbortError",
    "SdoAnswerError",
    "SdoError",
    "SdoTimeoutError",
    "SilentError",
    "Target",
    "TheirError",
    "Timing",
    "UsageError",
    "Window",
    "observe",
    "open_device",
    "read_pdos",
]

_HOMES = {
    "charger.battery": ("Battery", "BatteryReading", "Chemistry", "Window"),
    "charger.limits": ("Limits", "Target"),
    "charger.phases": ("Phase",),
    "charger.plan": ("Accepted", "ChargePlan", "Consent", "Timing"),
    "charger.state": ("Cause", "Outcome"),
    "charger.view": ("ChargeView",),
    "link.device.device": ("Device", "open_device"),
    "link.device.observing": ("observe",),
    "link.pdo.finding": ("read_pdos",),
    "protocol.knowledge": ("Knowledge",),
    "master": ("Charger", "ChargeRun", "Master"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
