"""The curves as a picture, for mails and documents: PNG or SVG, the same bytes for the same session."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from deltaq_master.session_report.curves import PANELS, drawn
from deltaq_master.session_report.curves_figure import COLOURS, GREY, MOST_BANDS, MOST_LINES, line_of
from deltaq_master.session_report.diagnosis_page import clean
from deltaq_master.session_report.session import EventKind, Session

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS: Final = 4000
"""Of one curve: more than a picture has columns."""
WIDTH, PANEL, STRIP = 10.0, 1.7, 0.5
"""Inches."""
DOTS: Final = 150
"""Per inch, of a PNG."""
_DASHES: Final = {"dash": "--", "dot": ":"}
_SHARP: Final = (EventKind.CAUSE, EventKind.ALARM, EventKind.STOP)


def picture(session: Session, form: str) -> bytes:
    """The picture; `form` is `png` or `svg`."""
    import matplotlib as mpl

    # Names inside an SVG are else drawn by lot.
    with mpl.rc_context({"svg.hashsalt": "deltaq", "svg.fonttype": "none", "font.size": 9}):
        made = _figure(session)
        into = io.BytesIO()
        nothing = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        made.savefig(into, format=form, dpi=DOTS, metadata=nothing)
    return into.getvalue()


def _figure(session: Session) -> Figure:
    from matplotlib.figure import Figure

    panels = [panel for panel in PANELS if any(curve.kind.panel == panel for curve in session.curves)]
    unit, per_unit = _unit(session.ended)
    sizes = [STRIP, *([PANEL] * len(panels))]
    figure = Figure(figsize=(WIDTH, sum(sizes) + 1.2), layout="constrained")
    axes = figure.subplots(len(sizes), 1, sharex=True, height_ratios=sizes, squeeze=False)[:, 0]
    figure.suptitle(clean(_title(session)), fontsize=10, wrap=True)
    _strip(axes[0], session, per_unit)
    for panel, place in zip(panels, axes[1:], strict=True):
        _panel(place, session, panel, per_unit)
    axes[-1].set_xlabel(f"time [{unit}]")
    axes[-1].set_xlim(0, max(session.ended / per_unit, 1e-6))
    return figure


def _title(session: Session) -> str:
    return f"node {session.node_id}, {session.origin.files[0].name}: {session.verdict}"


def _unit(ended: float) -> tuple[str, float]:
    """A unit of time that fits, and its seconds."""
    if ended < 600:
        return "s", 1.0
    return ("min", 60.0) if ended < 3 * 3600 else ("h", 3600.0)


def _strip(place: Axes, session: Session, per_unit: float) -> None:
    """Two rows of bands: what was decided, and what the charger reported."""
    decided = [band for charge in session.charges for band in charge.phases]
    rows = {"reported": list(session.reported), "decided": decided}
    shown = [(name, bands) for name, bands in rows.items() if bands]
    for height, (_, bands) in enumerate(shown):
        for band in bands[:MOST_BANDS]:
            begun, long = band.begun / per_unit, (band.ended - band.begun) / per_unit
            place.barh(height, long, left=begun, color=COLOURS.get(band.text, GREY), height=0.8)
            if band.ended - band.begun > 0.08 * session.ended:
                place.text(
                    begun + long / 2, height, band.text, ha="center", va="center", fontsize=7, color="white"
                )
    place.set_yticks(range(len(shown)), [name for name, _ in shown])
    place.spines[:].set_visible(False)
    place.tick_params(length=0)


def _panel(place: Axes, session: Session, panel: str, per_unit: float) -> None:
    place.set_title(PANELS[panel], loc="left", fontsize=9)
    place.grid(True, color="#dddddd", linewidth=0.6)
    for curve in session.curves:
        if curve.kind.panel != panel:
            continue
        legend, style = line_of(curve)
        points = drawn(curve, MOST_POINTS)
        place.plot(
            [time / per_unit for time in points.times],
            [float("nan") if value is None else value for value in points.values],
            label=legend,
            color=style["color"],
            linestyle=_DASHES.get(style.get("dash", ""), "-"),
            linewidth=style["width"] * 0.7,
            drawstyle="steps-post" if style.get("shape") == "hv" else "default",
        )
    sharp = [event for event in session.events if event.kind in _SHARP]
    for event in sharp[:MOST_LINES]:
        place.axvline(event.time / per_unit, color="#c0392b", linewidth=0.8, linestyle=":")
    place.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7, frameon=False)
