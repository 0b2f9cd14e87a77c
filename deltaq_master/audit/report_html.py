"""An audit as one page for people: the verdict in a sentence, what to do, and the PDOs as bytes.

Nothing is loaded from anywhere, and every text goes through lxml's builder, so that it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from deltaq_master.audit.findings import Finding, Report, Severity
from deltaq_master.audit.report_html_maps import maps
from deltaq_master.audit.report_html_style import STYLE
from deltaq_master.audit.report_junit import printable
from deltaq_master.audit.stamp import Stamp

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_WORDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
CERTAINTY: Final = (
    "[C] certain, [I] inferred, [U] unresolved: what is not certain is no reproach to the device."
)


def html(report: Report, stamp: Stamp) -> bytes:
    """The page in UTF-8."""
    from lxml.html import builder as tag
    from lxml.html import tostring

    title = f"PDO audit of node {report.device.node_id}"
    page = tag.HTML(
        tag.HEAD(
            tag.META(charset="utf-8"),
            tag.META(name="viewport", content="width=device-width, initial-scale=1"),
            tag.TITLE(title),
            tag.STYLE(STYLE),
        ),
        tag.BODY(tag.MAIN(*_sections(report, stamp, title))),
        lang="en",
    )
    text = tostring(page, doctype="<!DOCTYPE html>", encoding="UTF-8", pretty_print=True)
    assert isinstance(text, bytes)  # an encoding is given
    return text


def _sections(report: Report, stamp: Stamp, title: str) -> Iterator[HtmlElement]:
    from lxml.html import builder as tag

    yield tag.H1(title)
    yield tag.P(printable(report.verdict), tag.CLASS(f"verdict {_colour(report)}"))
    yield tag.UL(
        tag.CLASS("counts"),
        *(
            tag.LI(tag.B(str(count)), f" {word}{'' if count == 1 else 's'}", tag.CLASS(kind.value))
            for kind, word in _WORDS.items()
            for count in (report.counts.get(kind, 0),)
        ),
        tag.LI(tag.B(str(len(report.accepted))), " accepted"),
        tag.LI(tag.B(str(len(report.missing))), " missing"),
    )
    if report.missing:
        yield tag.H2("Not complete")
        yield tag.P("These could not be read or judged. Until they are, nothing here means that all is well.")
        yield tag.UL(*(tag.LI(printable(str(each))) for each in report.missing))
    if report.findings:
        yield tag.H2("Findings")
        titles = {rule.rule: rule.title for rule in report.rules}
        yield from (_article(finding, titles[finding.rule]) for finding in report.findings)
    if report.accepted or report.vanished:
        yield tag.H2("Known before")
        accepted = [tag.LI(f"Accepted: {each.place}. {printable(each.text)}") for each in report.accepted]
        gone = [tag.LI(f"No more there: {printable(each)}") for each in report.vanished]
        yield tag.UL(*accepted, *gone)
    yield tag.H2("What the device maps")
    yield tag.P("RPDOs are received by the device, TPDOs are sent by it. One column is one byte.")
    yield from maps(report)
    yield tag.H2("What was checked")
    yield _rules(report)
    yield tag.H2("About this audit")
    yield _about(report, stamp)
    yield tag.P(CERTAINTY, tag.CLASS("small"))


def _colour(report: Report) -> str:
    if not report.complete:
        return "incomplete"
    return report.findings[0].severity.value if report.findings else "clean"


def _article(finding: Finding, title: str) -> HtmlElement:
    from lxml.html import builder as tag

    rows = [("Where", f"{finding.place} ({finding.object})" if finding.pdo else finding.object)]
    rows += [
        ("Expected", finding.expected),
        ("Found", finding.found),
        ("What to do", _sentence(finding.remedy)),
    ]
    article = tag.ARTICLE(
        tag.CLASS(finding.severity.value),
        tag.H3(tag.SPAN(finding.severity.value, tag.CLASS("badge")), f" {title}"),
        tag.P(printable(finding.text)),
        _list(rows),
    )
    if finding.evidence:
        frames = "\n".join(finding.evidence)
        article.append(tag.DETAILS(tag.SUMMARY("Evidence: frames on the bus"), tag.PRE(printable(frames))))
    article.append(tag.P(f"rule {finding.rule}, fingerprint {finding.fingerprint}", tag.CLASS("small")))
    return article


def _rules(report: Report) -> HtmlElement:
    from lxml.html import builder as tag

    rows = []
    for rule in report.rules:
        found = sum(finding.rule == rule.rule for finding in report.findings)
        known = sum(finding.rule == rule.rule for finding in report.accepted)
        said = [f"{found} found"] if found else []
        said += [f"{known} accepted"] if known else []
        result = f"not applied: {rule.why_not}" if rule.why_not else ", ".join(said) or "nothing found"
        rows.append(tag.TR(tag.TD(rule.title), tag.TD(rule.checks), tag.TD(rule.source), tag.TD(result)))
    head = tag.TR(*(tag.TH(word) for word in ("Rule", "What it checks", "Source", "Result")))
    return tag.DIV(tag.CLASS("wide"), tag.TABLE(tag.THEAD(head), tag.TBODY(*rows)))


def _about(report: Report, stamp: Stamp) -> HtmlElement:
    device = report.device
    rows = [
        ("Device", device.words),
        (
            "Product, revision, serial",
            ", ".join(filter(None, (device.product, device.revision, device.serial))),
        ),
        ("Software", device.software),
        ("NMT state", device.state),
        ("Compared with", "; ".join(report.compared)),
        ("Baseline", report.baseline),
        ("Not looked at", "; ".join(report.notes)),
        ("Made by", f"{stamp.tool} {stamp.version}, {stamp.time}"),
    ]
    return _list([(name, text) for name, text in rows if text])


def _list(rows: list[tuple[str, str]]) -> HtmlElement:
    from lxml.html import builder as tag

    return tag.DL(*(part for name, text in rows for part in (tag.DT(name), tag.DD(printable(text)))))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
