"""A session as one page that needs nothing else: no network, no other file.

The page is made in pieces, so that a seal can say which of them was altered: a piece per section, per event and
per curve, and what is always the same (the drawing program) by itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from deltaq_master.protocol.recorded_values import line
from deltaq_master.session_report import page_sections as sections
from deltaq_master.session_report.curves_figure import figure, points
from deltaq_master.session_report.diagnosis_page import clean
from deltaq_master.session_report.page_script import SCRIPT
from deltaq_master.session_report.page_style import STYLE
from deltaq_master.session_report.seal import PAGE, PAGE_END, Piece, key_name, sealed
from deltaq_master.session_report.session import Event, Session

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LISTED: Final = 1000
"""Events on the page; the tables have all."""
_WITHOUT_SCRIPT: Final = "The curves need JavaScript; deltaq report --svg draws them without."


def drawing_program() -> str:
    """plotly's JavaScript, as it comes with its Python package."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def page(session: Session, program: str, key: bytes | None = None) -> bytes:
    """The page in UTF-8, sealed if there is a key; `program` is what draws the curves."""
    parts = tuple(pieces(session, program, key))
    if key is not None:
        return sealed(parts, PAGE, key)
    return b"".join(part.data for part in parts) + PAGE_END


def pieces(session: Session, program: str, key: bytes | None) -> Iterator[Piece]:
    """The page but for its end, in pieces."""
    yield Piece("head of the page", _head(session, program, key))
    yield _section("outcome", sections.outcome(session))
    yield _section("place of the curves", _place())
    yield from _events(session.events)
    yield _section("charges", sections.charges(session))
    yield _section("diagnosis", sections.explained(session))
    yield _section("identity", sections.identity(session))
    yield _section("configuration", sections.configuration(session))
    yield _section("PDO maps", sections.pdo_maps(session))
    yield _section("frames", sections.frames(session))
    yield _section("about", sections.about(session, "" if key is None else key_name(key)))
    yield Piece("end of the text", b"</main>\n")
    yield Piece("figure", _data("figure", figure(session)))
    for curve in session.curves:
        yield Piece(f"curve {curve.kind.id}", _data(f"curve-{curve.kind.id}", points(curve)))
    yield Piece("drawing program", b"<script>" + program.encode() + b"</script>\n")
    yield Piece("script of the page", b"<script>" + SCRIPT.encode() + b"</script>\n")


def _head(session: Session, program: str, key: bytes | None) -> bytes:
    from lxml.html import builder as tag

    hashes = " ".join(_allowed(text) for text in (program, SCRIPT))
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    head = tag.HEAD(
        tag.META(charset="utf-8"),
        tag.META(name="viewport", content="width=device-width, initial-scale=1"),
        tag.META({"http-equiv": "Content-Security-Policy", "content": policy}),
        tag.TITLE(sections.title_of(session)),
        tag.STYLE(STYLE),
    )
    text = _written(head).replace(b"</head>", (b"" if key is None else PAGE.announcement) + b"</head>")
    return b'<!DOCTYPE html>\n<html lang="en">\n' + text + b"<body>\n<main>\n"


def _allowed(script: str) -> str:
    """What lets a browser run this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _section(title: str, parts: Iterable[HtmlElement]) -> Piece:
    from lxml.html import builder as tag

    return Piece(title, _written(tag.SECTION(*parts)))


def _place() -> Iterator[HtmlElement]:
    from lxml.html import builder as tag

    yield tag.H2("Curves")
    yield tag.DIV(id="plot")
    yield tag.NOSCRIPT(tag.P(_WITHOUT_SCRIPT))


def _events(events: tuple[Event, ...]) -> Iterator[Piece]:
    """A table, each of whose rows is a piece of its own."""
    from lxml.html import builder as tag

    begin = '<section>\n<h2>Events</h2>\n<div class="wide"><table><thead><tr><th>at [s]</th><th>what</th><th></th>'
    yield Piece("events", f"{begin}</tr></thead><tbody>\n".encode())
    for number, event in enumerate(events[:LISTED], 1):
        row = tag.TR(
            tag.TD(f"{event.time:.6f}", tag.CLASS("number")),
            tag.TD(event.kind.value, tag.CLASS(event.kind.value)),
            tag.TD(clean(event.text)),
        )
        yield Piece(f"event {number}, {event.kind.value} at {event.time:.6f} s", _written(row))
    more = len(events) - LISTED
    note = f"<p>{more} more are not listed here; --csv has all.</p>\n" if more > 0 else ""
    yield Piece("end of the events", f"</tbody></table></div>\n{note}</section>\n".encode())


def _data(name: str, value: object) -> bytes:
    # No text of a device can end the script element.
    text = line(value).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'.encode("ascii")


def _written(element: HtmlElement) -> bytes:
    from lxml.html import tostring

    text = tostring(element, encoding="unicode")
    return f"{text}\n".encode()
