"""A battery reading from one line of JSON, as a BMS bridge writes it.

    {"voltage": 78.4, "current": 9.9, "temperature": 24.5, "soc": 61, "max_cell_voltage": 3.93}

The keys are the fields of `BatteryReading`, in its units. All of them may be left out: what is missing was not
measured, a missing `ready` is true, and a missing `time` is that of the line's arrival.
"""

from __future__ import annotations

from dataclasses import fields

import msgspec

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.errors import LimitError, UsageError

KEYS = tuple(field.name for field in fields(BatteryReading))


def reading_of(line: bytes, arrived: float) -> BatteryReading:
    """The reading that a line holds; `arrived` [s, `time.monotonic()`] is its time where it names none.

    Raises UsageError for what is no JSON object, for a key that no reading has, and for a value that none can be.
    """
    try:
        values = msgspec.json.decode(line, type=dict[str, object])
        unknown = [key for key in values if key not in KEYS]
        if unknown:
            raise UsageError(f"a reading has no {unknown[0]!r}", f"it has {', '.join(KEYS)}")
        return msgspec.convert({"time": arrived, **values}, BatteryReading)
    except msgspec.DecodeError as error:
        raise UsageError(f"this is no reading: {error}") from None
    except LimitError as error:
        problem = f"this is no reading: {error.name} {error.asked:g} is not {error.limit}"
        raise UsageError(problem) from None
