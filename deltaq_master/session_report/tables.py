"""The data of a session as one table: a row for each time at which something was told, a column per curve."""

from __future__ import annotations

import csv
import heapq
import io
import math
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby

from deltaq_master.errors import UsageError
from deltaq_master.session_report.curves import DIGITS, Curve
from deltaq_master.session_report.session import Band, Session

Row = tuple[float, list[float | None], str, str, str]
"""Time, values in the order of the curves, phase, what the charger reported, and what happened."""
Point = tuple[float, int, float | str]
"""Time, column, and what stands in it."""
_UNITS = {"°C": "degC", "%": "percent"}


def columns(session: Session) -> list[str]:
    """Names of the columns, with their units."""
    values = [f"{curve.kind.id}_{_UNITS.get(curve.kind.unit, curve.kind.unit)}" for curve in session.curves]
    return ["time_s", *values, "phase", "reported", "event"]


def rows(session: Session) -> Iterator[Row]:
    """The rows, in the order of their times; what was not told at a time is None."""
    streams = [_points(place, curve) for place, curve in enumerate(session.curves)]
    happened = (
        (round(event.time, DIGITS), len(streams), f"{event.kind.value}: {event.text}")
        for event in session.events
    )
    phases = _Words(tuple(band for charge in session.charges for band in charge.phases))
    reported = _Words(session.reported)
    merged: Iterator[Point] = heapq.merge(*streams, happened, key=lambda told: told[:2])
    for time, group in groupby(merged, key=lambda told: told[0]):
        values: list[float | None] = [None] * len(streams)
        texts: list[str] = []
        for _, place, told in group:
            if isinstance(told, str):
                texts.append(told)
            else:
                values[place] = told
        yield time, values, phases.at(time), reported.at(time), "; ".join(texts)


def csv_of(session: Session) -> bytes:
    """The table as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns(session))
    for time, values, phase, reported, event in rows(session):
        shown = ["" if value is None else repr(value) for value in values]
        writer.writerow([f"{time:.6f}", *shown, phase, reported, event])
    return text.getvalue().encode()


def parquet_of(session: Session) -> bytes:
    """The table as Parquet. Raises UsageError where pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed",
            "pip install 'deltaq-master[parquet]', or take --csv",
        ) from error
    table = list(rows(session))
    count = len(session.curves)
    arrays = [
        pyarrow.array([row[0] for row in table], pyarrow.float64()),
        *(pyarrow.array([row[1][place] for row in table], pyarrow.float64()) for place in range(count)),
        *(pyarrow.array([row[place] for row in table], pyarrow.string()) for place in (2, 3, 4)),
    ]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(arrays, names=columns(session)), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _points(place: int, curve: Curve) -> Iterator[Point]:
    for time, value in zip(curve.times, curve.values, strict=True):
        if not math.isnan(value):
            yield round(time, DIGITS), place, round(value, DIGITS)


class _Words:
    """Which band holds at a time."""

    def __init__(self, bands: tuple[Band, ...]) -> None:
        self._bands = bands
        self._begins = [round(band.begun, DIGITS) for band in bands]

    def at(self, time: float) -> str:
        """The word of the band that began last; '' before the first, and after the end of the last of all."""
        place = bisect_right(self._begins, time) - 1
        if place < 0 or time > round(self._bands[place].ended, DIGITS):
            return ""
        return self._bands[place].text
