"""What can be wrong, one thing at a time: the change of the script, and the precondition that it leaves unmet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.charger.diagnosis.scripted import (
    AMPS_0,
    AMPS_INVALID,
    HOT,
    LABEL,
    VOLTS_60,
    VOLTS_200,
    Script,
)


@dataclass(frozen=True)
class Scenario:
    """One thing that is wrong."""

    name: str
    cause: str
    changes: dict[str, Any] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    """What follows from it, is true, and may be named after it."""
    charges: bool = False
    """True if the charger charges all the same."""


def _beside(*names: str) -> frozenset[str]:
    return frozenset(names)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("no AC", "ac", {"faults": ("ac-loss@boot+0",)}),
    Scenario("stuck in pre-operational", "operational", {"start": False}),
    Scenario("no heartbeat", "master-heartbeat", {"heartbeat": None}),
    Scenario("heartbeat from the wrong node-ID", "master-heartbeat", {"heartbeat": 5}),
    Scenario("6000h never 0", "ready-edge", {"zero_first": False}),
    Scenario("6000h back to 0", "ready", {"back": True}),
    Scenario("6070h 0", "current", {"amps": AMPS_0}),
    Scenario("6070h invalid", "current", {"amps": AMPS_INVALID}),
    # 84 V x 256 = 21504 = 5400h, which 2271h counts as 21504/1024 V = 21.0 V.
    Scenario("V x 256 in 2271h", "voltage-scale", {"by_sdo": "00540000"}),
    Scenario("voltage below the battery's", "voltage-battery", {"volts": VOLTS_60}),
    Scenario("voltage over the maximum", "voltage-maximum", {"volts": VOLTS_200}, charges=True),
    Scenario("length 7 instead of 8", "rpdo-length", {"length": 7}, _beside("alarm")),
    Scenario("RPDO at 1 Hz", "rpdo", {"period": 1.0}, _beside("alarm")),
    Scenario(
        "mapping differs", "mapping", {"faults": ("wrong-mapping:cia419",)}, _beside("rpdo-length", "alarm")
    ),
    Scenario("alarm 05h", "alarm", {"faults": ("alarm:5@boot+4",)}),
    Scenario("alarm 20h", "alarm", {"faults": ("alarm:0x20@boot+4",)}),
    Scenario("alarm 0Dh", "alarm", {"faults": ("alarm:0x0D@boot+4",)}),
    Scenario("hardware shutdown", "shutdown", {"faults": ("hardware-fault:7@boot+4",)}, _beside("alarm")),
    Scenario("derated by AC", "derating", {"faults": ("derate:1@boot+0",)}, charges=True),
    Scenario("derated by temperature", "derating", {"faults": ("derate:4@boot+0",)}, charges=True),
    Scenario("local algorithm installed", "local", {"options": (("algorithm", "1"),)}, charges=True),
    Scenario("wrong device", "device", {"faults": ("wrong-identity",)}),
    Scenario("wrong vendor", "device", {"faults": ("wrong-vendor",)}),
    Scenario("two masters", "one-master", {"second": True}, charges=True),
    Scenario("charger silent", "charger-heard", {"faults": ("silence@boot+4",)}),
    Scenario("bus without ACK", "bus", {"errors": True}),
    Scenario("battery full", "full", {"options": (("soc", "100"), ("speed", "100"))}),
    Scenario("temperature 70 °C by wrong scale", "temperature", {"rpdo2": HOT}, charges=True),
    Scenario("4201h labels another cycle", "cycle-label", {"label": LABEL}, charges=True),
    Scenario("no battery", "battery", {"options": (("battery", "no"),)}),
    Scenario("not enabled", "enabled", {"faults": ("disabled@boot+4",)}),
    Scenario("local in spite of the heartbeat", "remote", {"faults": ("override-lost@boot+4",)}),
    Scenario("measurements that disagree", "bms-agrees", {"rpdo2": "0000FFFF00320080"}, charges=True),
    Scenario("two chargers with one node-ID", "one-charger", {"twin": True}),
)

BY_SDO_ALONE = frozenset(
    (
        "voltage below the battery's",
        "voltage over the maximum",
        "length 7 instead of 8",
        "RPDO at 1 Hz",
        "mapping differs",
        "4201h labels another cycle",
        "two masters",
    )
)
"""What is in RPDO1, and so cannot be in a script that commands by SDO alone."""


NEVER_TOGETHER = frozenset(
    (
        # While the second device speaks under its node-ID, the charger is not silent.
        frozenset(("charger silent", "two chargers with one node-ID")),
        # The second master's heartbeat is the one that was missing.
        frozenset(("no heartbeat", "two masters")),
        frozenset(("heartbeat from the wrong node-ID", "two masters")),
        # Asked for more, the charger goes on charging.
        frozenset(("voltage over the maximum", "battery full")),
    )
)


def script_of(*scenarios: Scenario) -> Script | None:
    """The script in which all of this is wrong at once, None where that cannot be."""
    if frozenset(each.name for each in scenarios) in NEVER_TOGETHER:
        return None
    script, used = Script(), set[str]()
    by_sdo = any("by_sdo" in each.changes for each in scenarios)
    for each in scenarios:
        if by_sdo and each.name in BY_SDO_ALONE:
            return None
        for name, value in each.changes.items():
            if name in ("faults", "options"):
                script = replace(script, **{name: getattr(script, name) + value})
            elif name in used:
                return None
            else:
                script = replace(script, **{name: value})
                used.add(name)
    return script
