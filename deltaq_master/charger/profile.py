"""A battery profile: what is written down once for a pack, as TOML text; options may only tighten it.

    name = "20s NMC, 50 Ah"

    [battery]
    chemistry = "li-ion"                        # li-ion, lifepo4 or lead-acid
    cells = 20                                  # in series
    capacity = 50.0                             # Ah
    voltage = { low = 60.0, high = 84.4 }       # V: outside of a window no charge begins, one under way ends
    cell_voltage = { low = 2.8, high = 4.22 }   # V, the highest cell
    temperature = { low = 0.0, high = 45.0 }    # °C

    [limits]                                    # never exceeded, whatever is asked for
    max_voltage = 84.2                          # V
    max_current = 12.0                          # A

    [charge]                                    # what is asked for, and what ends it
    voltage = 84.0                              # V
    current = 10.0                              # A
    taper = 2.5                                 # A
    max_ah = 55.0                               # Ah
    duration = 28800                            # s

Everything is optional. An unknown key, a value of another kind and a contradiction are errors with their line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import msgspec

from deltaq_master.charger.battery import Battery, Chemistry
from deltaq_master.charger.limits import Limits
from deltaq_master.dictionary.toml_text import line_of, near_match, parse_toml
from deltaq_master.errors import FileError, LimitError, UsageError
from deltaq_master.units import quantity


def _lower(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _positive(name: str, value: float | None, unit: str) -> None:
    # The comparison is written so that NaN fails it.
    if value is not None and not 0 < value < math.inf:
        raise LimitError(name, value, "a number above 0", unit, "set-points and limits must be real")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the charger, and what ends the charge; None is 'not said'.

    Raises LimitError for what is not a number above 0.
    """

    voltage: float | None = quantity("V", "voltage request", default=None)
    current: float | None = quantity("A", "current request", default=None)
    taper: float | None = quantity("A", "taper current that ends the charge", default=None)
    max_ah: float | None = quantity("Ah", "limit of the returned Ah", default=None)
    duration: float | None = quantity("s", "time limit", default=None)

    def __post_init__(self) -> None:
        for field in fields(self):
            _positive(field.name, getattr(self, field.name), field.metadata["unit"])

    def tighten(self, other: Wanted) -> Wanted:
        """The stricter of both, value by value: the lower one, and the higher taper current, which ends earlier."""
        return Wanted(
            _lower(self.voltage, other.voltage),
            _lower(self.current, other.current),
            max(filter(None, (self.taper, other.taper)), default=None),
            _lower(self.max_ah, other.max_ah),
            _lower(self.duration, other.duration),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """A pack, its limits, and the charge that it gets; shaped as its TOML text."""

    name: str = ""
    battery: Battery = Battery()
    limits: Limits | None = None
    charge: Wanted = Wanted()

    @property
    def cells_full(self) -> float:
        """Pack voltage at which every cell is at the upper end of its window [V], infinite if that is not known."""
        cells, high = self.battery.cells, self.battery.cell_voltage.high
        # Rounded, because 14 x 4.1 falls short of 57.4 in binary, and a target of 57.4 V is meant to fit.
        return math.inf if cells is None or high is None else round(cells * high, 6)

    def tighten(self, max_voltage: float | None = None, max_current: float | None = None) -> Limits:
        """The limits of a charge: the lowest of the profile's, the cells' and these options [V, A].

        Raises UsageError where neither the profile nor an option names one, LimitError for what is no number.
        """
        _positive("max-voltage", max_voltage, "V")
        _positive("max-current", max_current, "A")
        volts = _lower(max_voltage, self.limits.max_voltage if self.limits else None)
        amps = _lower(max_current, self.limits.max_current if self.limits else None)
        if volts is None or amps is None:
            raise UsageError(
                "a charge needs its limits, because none is safe for every pack",
                "give --max-voltage and --max-current, or a battery profile with [limits]",
            )
        return Limits(min(volts, self.cells_full), amps)


def profile_of(text: str, path: str) -> Profile:
    """The profile that a text holds; `path` is its name in errors.

    Raises FileError with line and key.
    """
    data = parse_toml(text, path)
    problem = next(_problems(data, Profile), None)
    if problem is None:
        try:
            profile = msgspec.convert(data, Profile)
            _check(profile)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$.")
            problem = _Problem(tuple(where.rstrip("`").split(".")), what[:1].lower() + what[1:])
        except LimitError as error:
            problem = _Problem(
                _place(data, error.name),
                " ".join(f"{error.asked:g} {error.unit} is not {error.limit}".split()),
            )
        else:
            return profile
    remedy = problem.remedy
    if problem.place[-1:] == ("chemistry",):
        remedy = f"one of {', '.join(Chemistry)}"
    key = ".".join(problem.place)
    raise FileError(path, problem.text, line=line_of(text, problem.place), key=key, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Problem:
    place: tuple[str, ...]
    text: str
    remedy: str = ""


def _problems(data: Mapping[str, Any], cls: type, place: tuple[str, ...] = ()) -> Iterator[_Problem]:
    """What msgspec would let pass: keys that nobody knows, and TOML's nan and inf."""
    known = get_type_hints(cls)
    for key, value in data.items():
        here = (*place, key)
        if key not in known:
            yield _Problem(here, "no such key", near_match(key, known))
        elif isinstance(value, float) and not math.isfinite(value):
            yield _Problem(here, f"{value} is no finite number")
        elif isinstance(value, dict):
            inner = [kind for kind in (known[key], *get_args(known[key])) if is_dataclass(kind)]
            if inner and isinstance(inner[0], type):
                yield from _problems(value, inner[0], here)


def _check(profile: Profile) -> None:
    _positive("cells", profile.battery.cells, "")
    _positive("capacity", profile.battery.capacity, "Ah")
    if profile.charge.voltage is not None and profile.charge.voltage > profile.cells_full:
        cells, high = profile.battery.cells, profile.battery.cell_voltage.high
        limit = f"at most {profile.cells_full:g} V, which are {cells} cells of {high:g} V"
        raise LimitError("voltage", profile.charge.voltage, limit, "V", "the battery's cells")


def _place(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Where a limit that was named in words is in the file."""
    key = name.replace("-", "_")
    return next(
        ((table, key) for table in ("limits", "charge", "battery") if key in data.get(table, {})), (key,)
    )
