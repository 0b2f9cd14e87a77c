"""An explanation as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

from lxml import html
from lxml.html import builder as E  # noqa: N812  the name that lxml's own documents use

from deltaq_master.charger.diagnosis import Explanation
from deltaq_master.session_report.diagnosis_page import clean, diagnosis

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.35rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.verdict { font-size: 1.15rem; font-weight: 600; padding: .75rem 1rem; background: #f2f2f2; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .5rem; border-bottom: 1px solid #ccc; }
code { font-size: .85em; overflow-wrap: anywhere; }
.met { color: #0a5c0a; } .unmet { color: #a30000; font-weight: 600; } .unknown { color: #555; }
.small { color: #444; font-size: .9em; }
@media (max-width: 40rem) { td, th { display: block; border: 0; } tr { border-bottom: 1px solid #ccc; } }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #eee; } .verdict { background: #222; }
  .met { color: #7d7; } .unmet { color: #f88; } .unknown, .small { color: #bbb; }
}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(explanation: Explanation, origin: str) -> bytes:
    """The page; `origin` says what was looked at."""
    title = f"Why node {explanation.node_id} does not charge"
    body = E.BODY(
        E.H1(title),
        E.P(E.CLASS("small"), clean(f"{origin}: {explanation.frames} frames{_span(explanation)}")),
        E.P(E.CLASS("verdict"), clean(explanation.verdict)),
        *diagnosis(explanation),
    )
    document = E.HTML(
        E.HEAD(
            E.META(charset="utf-8"),
            E.META(name="viewport", content="width=device-width, initial-scale=1"),
            E.META({"http-equiv": "Content-Security-Policy", "content": POLICY}),
            E.TITLE(title),
            E.STYLE(STYLE),
        ),
        body,
        lang="en",
    )
    written: bytes = html.tostring(document, doctype="<!DOCTYPE html>", encoding="utf-8", pretty_print=True)
    return written


def _span(explanation: Explanation) -> str:
    if explanation.begun is None or explanation.ended is None:
        return ""
    return f", from {explanation.begun:.3f} s to {explanation.ended:.3f} s"
