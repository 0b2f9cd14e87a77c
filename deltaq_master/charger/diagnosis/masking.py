"""Which unmet precondition hides which others: what cannot be known, or does not matter, while that one is unmet."""

from __future__ import annotations

from dataclasses import dataclass

from deltaq_master.charger.diagnosis.table import IDS

_STATUS = ("ac", "remote", "shutdown", "enabled", "derating")
_MEASURED = ("battery", "full", "voltage-battery", "bms-agrees")
_COMMANDS = (
    "ready-edge",
    "ready",
    "current",
    "voltage-scale",
    "voltage-battery",
    "voltage-maximum",
    "cycle-label",
)


@dataclass(frozen=True, slots=True)
class Mask:
    """One row: `by` hides `hides`."""

    by: str
    hides: frozenset[str]
    reason: str
    """As the end of a sentence: 'not known, because ...'."""
    unless_seen: bool = False
    """True if it hides only what was not seen in another way (by SDO)."""


def _all_but(*kept: str) -> frozenset[str]:
    return frozenset(IDS) - frozenset(kept)


MASKS: tuple[Mask, ...] = (
    Mask("bus", _all_but("bus"), "without a bus nothing on it can be known"),
    Mask(
        "charger-heard",
        _all_but("bus", "charger-heard", "one-master"),
        "nobody knows what a charger that says nothing hears, has, or does",
    ),
    Mask(
        "device",
        _all_but("bus", "charger-heard", "one-charger", "device", "one-master"),
        "what another device's frames mean is not known, and nobody should drive it",
    ),
    Mask(
        "one-charger",
        frozenset(("operational", "alarm", "device", "ready-edge", *_STATUS, *_MEASURED)),
        "two devices speak under one node-ID, and which of them said it is not known",
    ),
    Mask(
        "one-master",
        frozenset(("rpdo", *_COMMANDS)),
        "two masters contradict each other, and what the charger takes is not known",
    ),
    Mask(
        "operational",
        frozenset((*_STATUS, *_MEASURED)),
        "a charger that is not operational sends no PDOs",
        unless_seen=True,
    ),
    Mask(
        "operational",
        frozenset(("rpdo", "ready-edge", "ready", "current")),
        "a charger that is not operational takes no RPDO, and a good master sends none yet",
    ),
    Mask(
        "master-heartbeat",
        frozenset(("remote", "ready-edge", "ready", "current")),
        "without the heartbeat it is in local mode, and forgets what is asked of it",
    ),
    Mask(
        "master-heartbeat",
        frozenset(("voltage-scale", "voltage-battery", "voltage-maximum")),
        "without the heartbeat a write of it is refused",
        unless_seen=True,
    ),
    Mask(
        "mapping",
        frozenset(("rpdo", "temperature", "bms-agrees", *_COMMANDS)),
        "by a mapping that cannot be commanded the frames do not say what was meant",
    ),
    Mask("mapping", frozenset(("full",)), "what is asked for is not known", unless_seen=True),
    Mask(
        "rpdo",
        frozenset(("full", *_COMMANDS)),
        "no RPDO carried it",
        unless_seen=True,
    ),
    Mask(
        "rpdo-length",
        frozenset(("full", *_COMMANDS)),
        "a frame of the wrong length is not taken",
        unless_seen=True,
    ),
    Mask(
        "voltage-scale",
        frozenset(("voltage-battery", "voltage-maximum", "full")),
        "the number asked for is one of another scale",
    ),
    Mask("battery", frozenset(("full", "voltage-battery", "bms-agrees")), "there is no pack to compare with"),
    Mask("voltage-battery", frozenset(("full",)), "the request is too low to tell", unless_seen=True),
    Mask("voltage-maximum", frozenset(("full",)), "the request is too high to tell", unless_seen=True),
    Mask("ac", frozenset(("enabled",)), "without AC it is not able to charge"),
    Mask("alarm", frozenset(("enabled",)), "under an alarm it is not able to charge"),
    Mask("shutdown", frozenset(("enabled",)), "shut down it is not able to charge"),
)
"""In the order in which they are applied: what is hidden itself hides nothing."""
