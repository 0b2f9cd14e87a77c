"""Battery readings from lines of JSON, typed as a BMS bridge writes them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from deltaq_master.charger.battery import BatteryReading
from deltaq_master.charger.reading_lines import reading_of
from deltaq_master.errors import UsageError


def test_every_key() -> None:
    line = (
        b'{"time": 12.5, "voltage": 78.4, "current": -0.5, "temperature": 24.5, "soc": 61, "ready": false,'
        b' "max_current": 5, "max_voltage": 83.5, "max_cell_voltage": 3.93}\n'
    )
    reading = reading_of(line, 99.0)
    assert reading == BatteryReading(12.5, 78.4, -0.5, 24.5, 61.0, False, 5.0, 83.5, 3.93)
    assert len(fields(BatteryReading)) == 9, "a new field wants its key in this test and in the documents"


def test_what_is_missing_was_not_measured_and_arrived_now() -> None:
    assert reading_of(b"{}", 99.0) == BatteryReading(99.0)
    assert reading_of(b"{}", 99.0).ready


def test_null_is_not_measured() -> None:
    assert reading_of(b'{"voltage": null}', 1.0).voltage is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"oops", "this is no reading: JSON is malformed"),
        (b'{"voltage": 78', "this is no reading: Input data was truncated"),
        (b"[78.4]", "Expected `object`, got `array`"),
        (b'{"volts": 78.4}', "a reading has no 'volts'; it has time, voltage, current"),
        (b'{"voltage": "78.4"}', "got `str` - at `$.voltage`"),
        (b'{"voltage": true}', "got `bool` - at `$.voltage`"),
        (b'{"voltage": NaN}', "this is no reading: JSON is malformed"),
        (b'{"voltage": 1e999}', "out of range"),
        (b'{"ready": 1}', "got `int` - at `$.ready`"),
        (b'{"time": null}', "got `null` - at `$.time`"),
        (b'{"max_current": -1}', "this is no reading: max_current -1 is not 0 or more"),
        (b"\xff\xfe", "this is no reading: JSON is malformed"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        reading_of(line, 1.0)
    assert said in str(caught.value)
