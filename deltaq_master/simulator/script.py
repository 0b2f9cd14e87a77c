"""The fault script: `NAME[:ARGUMENT][@WHEN]`, several separated by commas.

WHEN is `SECONDS` after the first charging indication, or `boot+SECONDS` after power-on, both in real seconds
whatever the speed; without it the fault is there from power-on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches

from deltaq_master.errors import UsageError

CIA419, ENNOID, OPAQUE = LAYOUTS = ("cia419", "ennoid", "opaque")
BOTH, HEARTBEAT, RPDO = ROLES = ("both", "heartbeat", "rpdo")
WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the script."""

    name: str
    number: float = 0.0
    """Its argument, where that is a number."""
    word: str = ""
    """Its argument, where that is a word."""
    boot: bool = True
    """True: the time counts from power-on; False: from the first charging indication."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the catalogue."""

    name: str
    effect: str
    argument: str = ""
    """What the argument is; empty: there is none."""
    default: float | None = None
    """None: a number must be given."""
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()
    """Legal words, the default first, where the argument is no number."""

    @property
    def usage(self) -> str:
        """`NAME:ARGUMENT` as a person writes it."""
        if not self.argument:
            return self.name
        argument = "|".join(self.words) or self.argument.upper()
        needed = self.default is None and not self.words
        return f"{self.name}:{argument}" if needed else f"{self.name}[:{argument}]"


_KINDS = (
    Kind("ac-loss", "the mains voltage goes to 0 (see the switch ac-off)"),
    Kind("alarm", "alarm with this Delta-Q id: EMCY, charging ends", "id", None, 1, 255),
    Kind("hardware-fault", "fault with this Delta-Q id: EMCY, hardware shut down", "id", 7, 1, 255),
    Kind("silence", "the cable is pulled: it neither hears nor is heard"),
    Kind("reboot", "power-on again, in pre-operational, with nothing remembered"),
    Kind("nmt-preop", "it falls back to pre-operational by itself"),
    Kind("no-start", "it accepts everything and never starts to charge"),
    Kind("stall", "it reports Resting (5) and delivers nothing"),
    Kind("equalize", "it reports Equalize (6)"),
    Kind("disabled", "the enabled bit goes, and the output with it"),
    Kind("override-lost", "the override bits say local, and the output ends"),
    Kind("derate", "derating with this cause (2008h), half of current and power", "cause", 4, 1, 15),
    Kind("battery-loss", "the battery is disconnected: 0 V, 0 A"),
    Kind("over-voltage", "2101h reads this much too high", "volts", 2, 0, 100),
    Kind("over-current", "2002h reads this much too high", "amps", 5, 0, 100),
    Kind("heartbeat-stop", "its heartbeat ends, everything else goes on"),
    Kind("tpdo-stop", "its TPDOs end, everything else goes on"),
    Kind("sdo-slow", "each SDO answer comes this many milliseconds late", "ms", 200, 0, 60_000),
    Kind("sdo-lossy", "this share of the SDO answers is lost (seeded)", "percent", 20, 0, 100),
    Kind("sdo-abort", "every SDO request is aborted with this code", "code", 0x08000000, 1, WORD),
    Kind("sdo-dead", "SDO requests to this object are not answered", "index", None, 1, 0xFFFF),
    Kind("no-object", "the device does not have this object: 06020000h", "index", None, 1, 0xFFFF),
    Kind("wrong-identity", "1000h reads this", "type", 0x000F0191, 0, WORD),
    Kind("wrong-vendor", "1018h:01 reads this", "vendor", 0x0000029C, 0, WORD),
    Kind("wrong-mapping", "RPDOs mapped for another configuration", "layout", words=LAYOUTS),
    Kind("second-master", "another master's heartbeat, RPDO1 or both, every 100 ms", "role", words=ROLES),
    Kind("babble", "a node floods the bus with 001h, so many frames a second", "hz", 1000, 1, 10_000),
)
FAULTS = {kind.name: kind for kind in _KINDS}
"""The catalogue, by name."""


def parse(script: str) -> tuple[Fault, ...]:
    """Faults of a script; UsageError names what is wrong and what would do."""
    return tuple(_parse_one(part.strip()) for part in script.split(",") if part.strip())


def _parse_one(text: str) -> Fault:
    call, at, when = text.partition("@")
    name, colon, argument = call.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        near = get_close_matches(name, FAULTS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"simulator fault {name!r} is unknown", f"{hint}there are: {', '.join(FAULTS)}")
    boot, seconds = _when(text, when) if at else (True, 0.0)
    number, word = _argument(kind, text, argument if colon else None)
    return Fault(name, number, word, boot, seconds)


def _when(text: str, when: str) -> tuple[bool, float]:
    boot = when.startswith("boot+")
    seconds = number_of(when.removeprefix("boot+"))
    if not 0 <= seconds < math.inf:
        raise UsageError(
            f"simulator fault {text!r}: {when!r} is no time",
            "write @SECONDS after the first charging indication, or @boot+SECONDS",
        )
    return boot, seconds


def _argument(kind: Kind, text: str, argument: str | None) -> tuple[float, str]:
    default = 0.0 if not kind.argument else kind.default
    if argument is None and (kind.words or default is not None):
        return default or 0.0, kind.words[0] if kind.words else ""
    if argument is None or not kind.argument:
        problem = f"needs its {kind.argument}" if kind.argument else "takes no argument"
        raise UsageError(f"simulator fault {text!r}: {kind.name} {problem}", f"write {kind.usage}")
    if kind.words:
        if argument in kind.words:
            return 0.0, argument
        legal = " or ".join(kind.words)
    else:
        number = number_of(argument)
        if kind.low <= number <= kind.high:
            return number, ""
        legal = f"a number within {kind.low:g} to {kind.high:g}"
    raise UsageError(
        f"simulator fault {text!r}: {argument!r} cannot be the {kind.argument}", f"it must be {legal}"
    )


def number_of(text: str) -> float:
    """Number in a word, also hexadecimal; NaN if it is none."""
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return math.nan
