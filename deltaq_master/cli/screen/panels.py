"""The panels of the screen: each draws its part of a scene anew if that has changed, for the room that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget
from textual.widgets import Static

from deltaq_master.cli.screen.curve import END_WIDTH, Curve
from deltaq_master.cli.screen.scene import (
    BAD,
    DOUBTFUL,
    GOOD,
    QUIET,
    Gauge,
    Line,
    Precondition,
    columns_of,
    gauge_line,
)

STYLES: Final = {GOOD: "green", BAD: "bold red", DOUBTFUL: "yellow", QUIET: "dim"}
"""Tones as the terminal's own colours; without colour bold and dim are left, and the words."""
CURVE_STYLES: Final = ("cyan", "green", "magenta")


def styled(line: Line) -> Text:
    """A line in its tone."""
    return Text(line.text, style=STYLES.get(line.tone, ""))


def on_one_line(line: Line) -> Text:
    """A line in its tone, cut off with a sign where it is too long."""
    return Text(line.text, style=STYLES.get(line.tone, ""), no_wrap=True, overflow="ellipsis")


class Gauges(Static):
    """Name, value and bar of each measurement."""

    _gauges: tuple[Gauge, ...] = ()

    def show(self, gauges: tuple[Gauge, ...]) -> None:
        """Take the measurements of now."""
        if gauges != self._gauges:
            # With another number of lines the room that is needed is another one too.
            self.refresh(layout=len(gauges) != len(self._gauges))
            self._gauges = gauges

    def render(self) -> RenderResult:
        """A line for each."""
        width = self.content_size.width or 38
        lines = [styled(gauge_line(each, width)) for each in self._gauges]
        return Text("\n", no_wrap=True).join(lines) if lines else Text("nothing is known yet")


class Curves(Widget):
    """Every curve in the room that there is, at least a line for each."""

    _curves: tuple[Curve, ...] = ()
    _drawn: tuple[str, ...] = ()

    def show(self, curves: tuple[Curve, ...]) -> None:
        """Take the curves, which grow; they are drawn anew where that can be seen."""
        self._curves = curves
        if self._lines_of_each() != self._drawn:
            self.refresh()

    def _lines_of_each(self) -> tuple[str, ...]:
        width, height = self.content_size
        each = max(1, height // max(1, len(self._curves)))
        return tuple(line for curve in self._curves for line in curve.lines(max(0, width - END_WIDTH), each))

    def render(self) -> RenderResult:
        """The curves below each other."""
        self._drawn = self._lines_of_each()
        each = len(self._drawn) // max(1, len(self._curves))
        text = Text(no_wrap=True)
        for place, line in enumerate(self._drawn):
            text.append(line[:END_WIDTH])
            text.append(f"{line[END_WIDTH:]}\n", style=CURVE_STYLES[place // each % len(CURVE_STYLES)])
        text.rstrip()
        return text


class Preconditions(Static):
    """Each precondition with its mark, in columns."""

    _rows: tuple[Precondition, ...] = ()

    def show(self, preconditions: tuple[Precondition, ...]) -> None:
        """Take how they stand now."""
        if preconditions != self._rows:
            self.refresh(layout=len(preconditions) != len(self._rows))
            self._rows = preconditions

    def render(self) -> RenderResult:
        """As many columns as fit."""
        width = self.content_size.width or 38
        text = Text(no_wrap=True)
        for row in columns_of(self._rows, width):
            room = width // len(columns_of(self._rows, width)[0])
            for each in row:
                text.append(f"{each.mark} {each.label}".ljust(room)[:room], style=STYLES.get(each.tone, ""))
            text.append("\n")
        text.rstrip()
        return text


class Lines(Static):
    """Lines of text, broken where they are too long."""

    _lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Take other lines."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self.update(Text("\n").join(styled(line) for line in lines))
