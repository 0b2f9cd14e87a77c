"""The curves as a figure of plotly's: panels over one time axis, phases as bands, events as marks.

A plain dict, so that nothing heavy is imported; the points of the curves are beside it, one JSON text each.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final

from deltaq_master.session_report.curves import PANELS, Curve, drawn
from deltaq_master.session_report.session import Band, Event, EventKind, Session

MOST_POINTS: Final = 4000
"""Of one curve on the page; the tables have all."""
MOST_BANDS: Final = 200
MOST_EVENTS: Final = 1000
MOST_LINES: Final = 50
DAY: Final = 86_400.0
ZERO: Final = 946_684_800_000
"""Where a session begins on the axis [ms]: midnight of a first day; plotly takes small numbers for years."""
EDGE: Final = 0.015
"""Share of the session beside it, so that marks at its ends can be reached."""
PANEL_HEIGHT, ROW_HEIGHT, FOOT = 170, 22, 120
"""Pixels."""
GREY: Final = "#8a8f98"

_ROLES: Final = {
    "request": ("requested", {"color": "#e07b00", "dash": "dash", "shape": "hv", "width": 1.5}),
    "bms": ("by the BMS", {"color": "#1a9e6f", "width": 1.5}),
    "told": ("as the charger was told", {"color": "#4aa3df", "dash": "dot", "shape": "hv", "width": 1.5}),
    "untrusted": ("untrusted reading: no amperes", {"color": GREY, "dash": "dot", "width": 1.5}),
    "": ("by the charger", {"color": "#2a78c8", "width": 2}),
}
"""Legend and line of each kind of curve, by the end of its name."""
COLOURS: Final = {
    "booting": GREY,
    "armed": "#c9a400",
    "enabling": "#e07b00",
    "charging": "#2a78c8",
    "finishing": "#4aa3df",
    "stopping": "#9a6fb0",
    "complete": "#1a9e6f",
    "stopped": GREY,
    "refused": "#c0392b",
    "fault": "#c0392b",
    "pre-operational": "#c9a400",
    "inactive": GREY,
    "charging, below 80 %": "#2a78c8",
    "charging, above 80 %": "#4aa3df",
}
"""Of phases, and of what the charger reports."""
_SHARP: Final = frozenset((EventKind.CAUSE, EventKind.ALARM, EventKind.STOP))
"""Events that are drawn as lines through all panels."""


def role_of(curve: Curve) -> str:
    """What kind of curve it is: `request`, `bms`, `told`, `untrusted` or ''."""
    end = curve.kind.id.rpartition("_")[2]
    return end if end in _ROLES else ""


def line_of(curve: Curve) -> tuple[str, dict[str, Any]]:
    """Its legend and its line."""
    return _ROLES[role_of(curve)]


def points(curve: Curve) -> dict[str, Any]:
    """The points of a curve: milliseconds, as plotly counts time, and values."""
    found = drawn(curve, MOST_POINTS)
    return {"x": [_at(time) for time in found.times], "y": list(found.values)}


def figure(session: Session) -> dict[str, Any]:
    """The figure; a trace with `meta` takes its points from the curve named there."""
    panels = [panel for panel in PANELS if any(curve.kind.panel == panel for curve in session.curves)]
    decided = [band for charge in session.charges for band in charge.phases]
    rows = {"decided": decided, "reported": list(session.reported)}
    rows = {name: bands[:MOST_BANDS] for name, bands in rows.items() if bands}
    events = session.events[:MOST_EVENTS]
    kinds = list(dict.fromkeys(event.kind.value for event in events))
    height = PANEL_HEIGHT * len(panels) + ROW_HEIGHT * (len(rows) + len(kinds)) + FOOT
    layout = _layout(panels, list(rows), kinds, height, session.ended)
    layout["shapes"] = [*_bands(decided or session.reported), *_lines(events)]
    data = [*_curves(session.curves, panels), *_strips(rows), *_marks(events)]
    return {"data": data, "layout": layout}


def _layout(
    panels: list[str], rows: list[str], kinds: list[str], height: int, ended: float
) -> dict[str, Any]:
    """Axes from top to bottom: events, bands, then the panels; all on one time axis."""
    inner = height - FOOT
    # From a day on the hours alone would say too little.
    hours = "%H:%M:%S" if ended < DAY else "day %-d %H:%M"
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 62, "r": 12, "t": 34, "b": FOOT - 34},
        "hovermode": "closest",
        "barmode": "overlay",
        # A word that does not fit into its band is left to hovering.
        "uniformtext": {"minsize": 9, "mode": "hide"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "x": 0, "y": -60 / inner, "yanchor": "top", "font": {"size": 11}},
        "xaxis": {
            "type": "date",
            "range": [_at(-EDGE * ended), _at((1 + EDGE) * max(ended, 0.001))],
            "tickformatstops": [
                {"dtickrange": [None, 1000], "value": "%M:%S.%3f"},
                {"dtickrange": [1000, None], "value": hours},
            ],
            "hoverformat": "%H:%M:%S.%3f" if ended < DAY else "day %-d %H:%M:%S.%3f",
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "anchor": "free",
            "position": 0,
        },
        "annotations": [],
    }
    top = 1.0
    strips = [("events", kinds), ("bands", rows)]
    for place, (_, names) in enumerate(strips, 1):
        if names:
            share = ROW_HEIGHT * len(names) / inner
            layout[_axis(place, "yaxis")] = {
                "domain": [max(0.0, top - share), top],
                "type": "category",
                "categoryorder": "array",
                "categoryarray": names[::-1],
                "range": [-0.5, len(names) - 0.5],
                "fixedrange": True,
                "tickfont": {"size": 10},
            }
            top -= share
    share = top / max(1, len(panels))
    for place, panel in enumerate(panels, len(strips) + 1):
        layout[_axis(place, "yaxis")] = {
            "domain": [max(0.0, top - 0.93 * share), max(0.0, top - 0.16 * share)]
        }
        layout["annotations"].append(
            {
                "text": PANELS[panel],
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": top - 0.16 * share,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 12},
            }
        )
        top -= share
    return layout


def _at(time: float) -> float:
    """A time [s] on the axis."""
    return round(ZERO + 1000 * time, 3)


def _axis(place: int, word: str) -> str:
    return word if place == 1 else f"{word}{place}"


def _curves(curves: Iterable[Curve], panels: list[str]) -> Iterator[dict[str, Any]]:
    shown: set[str] = set()
    for curve in curves:
        kind = curve.kind
        legend, drawn_as = line_of(curve)
        yield {
            "type": "scatter",
            "mode": "lines",
            "name": legend,
            "legendgroup": legend,
            "showlegend": legend not in shown,
            "line": drawn_as,
            "connectgaps": False,
            "yaxis": _axis(panels.index(kind.panel) + 3, "y"),
            "hovertemplate": f"%{{y:.3~f}} {kind.unit}, {kind.title}<br>%{{x}}<extra></extra>",
            "meta": {"curve": kind.id},
        }
        shown.add(legend)


def _strips(rows: dict[str, list[Band]]) -> Iterator[dict[str, Any]]:
    by_word: dict[str, list[tuple[str, Band]]] = {}
    for row, bands in rows.items():
        for band in bands:
            by_word.setdefault(band.text, []).append((row, band))
    for word, found in by_word.items():
        yield {
            "type": "bar",
            "orientation": "h",
            "name": word,
            "showlegend": False,
            "yaxis": "y2",
            "marker": {"color": COLOURS.get(word, GREY)},
            "base": [_at(band.begun) for _, band in found],
            "x": [round(1000 * (band.ended - band.begun), 3) for _, band in found],
            "y": [row for row, _ in found],
            "text": [word] * len(found),
            "textposition": "inside",
            "insidetextanchor": "start",
            "constraintext": "inside",
            "textangle": 0,
            "textfont": {"size": 10, "color": "#fff"},
            "hovertext": [f"{row}: {word}<br>{band.begun:.3f} to {band.ended:.3f} s" for row, band in found],
            "hoverinfo": "text",
            "cliponaxis": True,
        }


def _marks(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    by_kind: dict[EventKind, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    for kind, found in by_kind.items():
        sharp = kind in _SHARP or kind is EventKind.EMCY
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": kind.value,
            "showlegend": False,
            "marker": {"size": 10, "symbol": "diamond", "color": "#c0392b" if sharp else "#2a78c8"},
            "x": [_at(event.time) for event in found],
            "y": [kind.value] * len(found),
            "hovertext": [f"{kind.value} at {event.time:.3f} s<br>{_broken(event.text)}" for event in found],
            "hoverinfo": "text",
            "cliponaxis": False,
        }


def _broken(text: str) -> str:
    """A text in lines, which plotly would else take for markup."""
    lines = (line.replace("&", "&amp;").replace("<", "&lt;") for line in textwrap.wrap(text, 44))
    return "<br>".join(lines)


def _bands(bands: Iterable[Band]) -> Iterator[dict[str, Any]]:
    for band, _ in zip(bands, range(MOST_BANDS), strict=False):
        yield {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": _at(band.begun),
            "x1": _at(band.ended),
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"width": 0},
            "fillcolor": COLOURS.get(band.text, GREY),
            "opacity": 0.12,
        }


def _lines(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    sharp = (event for event in events if event.kind in _SHARP)
    for event, _ in zip(sharp, range(MOST_LINES), strict=False):
        at = _at(event.time)
        line = {"color": "#c0392b", "width": 1, "dash": "dot"}
        yield {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": at,
            "x1": at,
            "y0": 0,
            "y1": 1,
            "line": line,
        }
