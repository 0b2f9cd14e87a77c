"""Words of the command line that are neither plain numbers nor plain texts."""

from __future__ import annotations

import re

import typer

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?")


def seconds(text: str) -> float:
    """A time: `90`, `90s`, `45m`, `1.5h` or `1h30m`, in seconds."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise typer.BadParameter(f"{text!r} is no time; write 90s, 45m, 2h or 1h30m")
    return sum(
        float(number) * unit
        for number, unit in zip(match.groups(), _UNITS.values(), strict=True)
        if number is not None
    )


def integer(text: str) -> int:
    """A whole number, decimal or hexadecimal: `416` or `0x1A0`."""
    try:
        return int(text, 0)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no whole number; write 416 or 0x1A0") from None


def spoken(duration: float) -> str:
    """A time for people: `41 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(duration)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
