"""What a charge is asked for: the options of the command line, tightened by a battery profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from deltaq_master.charger.limits import Target
from deltaq_master.charger.profile import Profile, Wanted, profile_of
from deltaq_master.errors import FileError, UsageError


def read_profile(path: Path | None) -> Profile:
    """The profile in a file, an empty one without a file. Raises FileError."""
    if path is None:
        return Profile()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(path, "is no UTF-8 text") from error
    return profile_of(text, str(path))


def target_of(wanted: Wanted) -> Target:
    """The target of a charge. Raises UsageError if a part of it is not said."""
    if wanted.voltage is None or wanted.current is None:
        raise UsageError(
            "a charge needs a voltage and a current to ask for",
            "give --voltage and --current, or a battery profile with [charge]",
        )
    return Target(wanted.voltage, wanted.current)


def overruled(asked: Wanted, merged: Wanted) -> Iterator[str]:
    """The options that give way to a stricter profile, in words."""
    for field in fields(Wanted):
        option, value, unit = getattr(asked, field.name), getattr(merged, field.name), field.metadata["unit"]
        if option is not None and value != option:
            yield f"{field.name} {option:g} {unit} gives way to the battery profile's stricter {value:g} {unit}"
