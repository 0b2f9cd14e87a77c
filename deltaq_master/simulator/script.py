"""The fault script: `NAME[:ARGUMENT][@WHEN]`, several separated by commas.

WHEN is `SECONDS` after the first charging indication, or `boot+SECONDS` after power-on, both in real seconds
whatever the speed; without it the fault is there from power-on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import UsageError

CIA419, ENNOID, OPAQUE = LAYOUTS = ("cia419", "ennoid", "opaque")
BOTH, HEARTBEAT, RPDO = ROLES = ("both", "heartbeat", "rpdo")
WORD = 0xFFFFFFFF
WRITE = "k"
"""Argument that counts SDO writes."""


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
    any_device: bool = False
    """True where a device without an application may have it, too."""
    assigns: bool = False
    """True where the argument is `ADDRESS=NUMBER`."""

    @property
    def counted(self) -> bool:
        """True where its argument counts SDO writes, and it has no time of its own."""
        return self.argument == WRITE

    @property
    def usage(self) -> str:
        """`NAME:ARGUMENT` as a person writes it."""
        if not self.argument:
            return self.name
        argument = "|".join(self.words) or self.argument.upper()
        needed = self.default is None and not self.words
        return f"{self.name}:{argument}" if needed else f"{self.name}[:{argument}]"


def _write(name: str, effect: str) -> Kind:
    return Kind(name, effect, WRITE, None, 1, 1_000_000, any_device=True)


_KINDS = (
    Kind("ac-loss", "the mains voltage goes to 0 (see the switch ac-off)"),
    Kind("alarm", "alarm with this Delta-Q id: EMCY, charging ends", "id", None, 1, 255),
    Kind("hardware-fault", "fault with this Delta-Q id: EMCY, hardware shut down", "id", 7, 1, 255),
    Kind("silence", "the cable is pulled: it neither hears nor is heard", any_device=True),
    Kind("reboot", "power-on again, in pre-operational, with nothing remembered", any_device=True),
    Kind("nmt-preop", "it falls back to pre-operational by itself", any_device=True),
    Kind("no-start", "it accepts everything and never starts to charge"),
    Kind("stall", "it reports Resting (5) and delivers nothing"),
    Kind("equalize", "it reports Equalize (6)"),
    Kind("disabled", "the enabled bit goes, and the output with it"),
    Kind("override-lost", "the override bits say local, and the output ends"),
    Kind("derate", "derating with this cause (2008h), half of current and power", "cause", 4, 1, 15),
    Kind("battery-loss", "the battery is disconnected: 0 V, 0 A"),
    Kind("over-voltage", "2101h reads this much too high", "volts", 2, 0, 100),
    Kind("over-current", "2002h reads this much too high", "amps", 5, 0, 100),
    Kind("heartbeat-stop", "its heartbeat ends, everything else goes on", any_device=True),
    Kind("tpdo-stop", "its TPDOs end, everything else goes on", any_device=True),
    Kind(
        "sdo-slow", "each SDO answer comes this many milliseconds late", "ms", 200, 0, 60_000, any_device=True
    ),
    Kind(
        "sdo-lossy", "this share of the SDO answers is lost (seeded)", "percent", 20, 0, 100, any_device=True
    ),
    Kind(
        "sdo-abort",
        "every SDO request is aborted with this code",
        "code",
        0x08000000,
        1,
        WORD,
        any_device=True,
    ),
    Kind(
        "sdo-dead", "SDO requests to this object are not answered", "index", None, 1, 0xFFFF, any_device=True
    ),
    _write("write-abort-at", "the K-th SDO write is aborted with 08000000h"),
    _write("write-lost-at", "the K-th SDO write is lost: not carried out, not answered"),
    _write("write-unanswered-at", "the K-th SDO write is carried out, and not answered"),
    _write("write-wrong-at", "the K-th SDO write is confirmed, and stored with its lowest bit turned over"),
    _write("write-reboot-at", "power-on again instead of the K-th SDO write"),
    _write("write-silence-at", "the cable is pulled instead of the K-th SDO write"),
    Kind(
        "no-object",
        "the device does not have this object: 06020000h",
        "index",
        None,
        1,
        0xFFFF,
        any_device=True,
    ),
    Kind("wrong-identity", "1000h reads this", "type", 0x000F0191, 0, WORD, any_device=True),
    Kind("wrong-vendor", "1018h:01 reads this", "vendor", 0x0000029C, 0, WORD, any_device=True),
    Kind(
        "value",
        "this object reads this number from power-on, unchecked",
        "address=number",
        assigns=True,
        any_device=True,
    ),
    Kind("fixed-counts", "the numbers of slots of its PDOs are read-only: 06010002h", any_device=True),
    Kind("wrong-mapping", "RPDOs mapped for another configuration", "layout", words=LAYOUTS),
    Kind("second-master", "another master's heartbeat, RPDO1 or both, every 100 ms", "role", words=ROLES),
    Kind(
        "babble",
        "a node floods the bus with 001h, so many frames a second",
        "hz",
        1000,
        1,
        10_000,
        any_device=True,
    ),
)
FAULTS = {kind.name: kind for kind in _KINDS}
"""The catalogue, by name."""


def parse(script: str) -> tuple[Fault, ...]:
    """Faults of a script; UsageError names what is wrong and what would do."""
    return tuple(parse_one(part.strip()) for part in script.split(",") if part.strip())


def parse_one(text: str) -> Fault:
    """One fault; UsageError names what is wrong and what would do."""
    call, at, when = text.partition("@")
    name, colon, argument = call.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        near = get_close_matches(name, FAULTS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"simulator fault {name!r} is unknown", f"{hint}there are: {', '.join(FAULTS)}")
    if at and kind.counted:
        raise UsageError(
            f"simulator fault {text!r}: {name} counts writes, not seconds", f"write {kind.usage}"
        )
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
    elif kind.assigns:
        address, _, value = argument.partition("=")
        number = float(number_of(value))
        if Address.written(address) and number.is_integer():
            return number, str(Address.parse(address))
        legal = "an address and a whole number, as 0x1018:04=7"
    else:
        number = number_of(argument)
        if kind.low <= number <= kind.high and (number == int(number) or not kind.counted):
            return number, ""
        legal = f"a {'whole ' * kind.counted}number within {kind.low:g} to {kind.high:g}"
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
