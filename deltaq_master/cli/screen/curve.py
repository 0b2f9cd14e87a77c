"""One curve of the screen: all that happened since the beginning, in a fixed number of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

POINTS: Final = 240
"""Points of a curve; where they run out, neighbours become one, so that memory is bounded and nothing lost."""
FIRST_STEP: Final = 1.0
"""Seconds of a point at first; doubled each time that neighbours become one."""
BLOCKS: Final = " ▁▂▃▄▅▆▇█"


class Curve:
    """The mean of a value over steps of time; a step without a value is a gap."""

    def __init__(self, name: str, unit: str, floor: float | None, least: float) -> None:
        """`floor` is the lower end of the scale, None for the lowest value; `least` its smallest span."""
        self.name = name
        self.unit = unit
        self._floor = floor
        self._least = least
        self._step = FIRST_STEP
        self._begun: float | None = None
        self._sums: list[float] = []
        self._counts: list[int] = []

    def take(self, time: float, value: float | None) -> None:
        """Take a value, None for one that is not known or not believed; times never fall."""
        if self._begun is None:
            self._begun = time
        place = int((time - self._begun) / self._step)
        while place >= POINTS:
            self._halve()
            place = int((time - self._begun) / self._step)
        missing = place + 1 - len(self._sums)
        self._sums += [0.0] * missing
        self._counts += [0] * missing
        if value is not None:
            self._sums[place] += value
            self._counts[place] += 1

    def _halve(self) -> None:
        self._step *= 2
        self._sums = [sum(self._sums[place : place + 2]) for place in range(0, len(self._sums), 2)]
        self._counts = [sum(self._counts[place : place + 2]) for place in range(0, len(self._counts), 2)]

    @property
    def values(self) -> tuple[float | None, ...]:
        """The means in their order, None for gaps; at most POINTS of them."""
        pairs = zip(self._sums, self._counts, strict=True)
        return tuple(total / count if count else None for total, count in pairs)

    @property
    def scale(self) -> tuple[float, float] | None:
        """The lower and the upper end of what is drawn, None while there is no value."""
        known = [value for value in self.values if value is not None]
        if not known:
            return None
        low, high = min(known), max(known)
        if self._floor is not None:
            return min(self._floor, low), max(high, self._floor + self._least)
        missing = max(0.0, self._least - (high - low)) / 2
        return low - missing, high + missing

    def lines(self, width: int, height: int) -> list[str]:
        """The curve as `height` lines of `width` block characters, the highest first; its ends stand beside it."""
        scale = self.scale
        if scale is None:
            low, high = 0.0, 0.0
            drawn = [" " * width] * height
        else:
            low, high = scale
            drawn = drawing(self.values, width, height, low, high)
        ends = [""] * height
        ends[-1] = "" if scale is None else f"{low:.1f}"
        ends[0] = f"{self.name} {self.unit}" if scale is None or height == 1 else f"{high:.1f} {self.unit}"
        return [f"{end:<{END_WIDTH}}{line}" for end, line in zip(ends, drawn, strict=True)]


END_WIDTH: Final = 9
"""Columns beside a curve, for the ends of its scale."""


def drawing(values: Sequence[float | None], width: int, height: int, low: float, high: float) -> list[str]:
    """Values as columns of block characters, the oldest at the left; more than fit are drawn as their means."""
    if width < 1:
        return [""] * height
    columns = [_mean(part) for part in _parts(values, width)]
    steps = height * (len(BLOCKS) - 1)
    levels = [
        0 if value is None else 1 + round((value - low) / ((high - low) or 1) * (steps - 1))
        for value in columns
    ]
    lines = []
    for row in reversed(range(height)):
        bottom = row * (len(BLOCKS) - 1)
        blocks = (BLOCKS[max(0, min(len(BLOCKS) - 1, level - bottom))] for level in levels)
        lines.append("".join(blocks).ljust(width))
    return lines


def _parts(values: Sequence[float | None], width: int) -> list[Sequence[float | None]]:
    count = len(values)
    if count <= width:
        return [values[place : place + 1] for place in range(count)]
    return [values[place * count // width : (place + 1) * count // width] for place in range(width)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
