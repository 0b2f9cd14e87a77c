"""The parts of the page that are text and tables, one function per section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.mapping import DUMMIES, PdoKind, Slot
from deltaq_master.session_report.diagnosis_page import clean, diagnosis
from deltaq_master.session_report.frame_statistics import BITRATES, StreamStatistics
from deltaq_master.session_report.session import ChargeRun, ObjectSeen, PdoSeen, Session
from deltaq_master.session_report.summary import figures

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_COLOURS: Final = {True: "verdict good", False: "verdict bad", None: "verdict"}
Cells = Sequence[str]


def outcome(session: Session) -> Iterator[HtmlElement]:
    """What came of it, first of all."""
    from lxml.html import builder as tag

    yield tag.H1(title_of(session))
    yield tag.P(tag.CLASS(_COLOURS[session.good]), clean(session.verdict))
    if session.charges and session.explanation.causes and session.good is False:
        likeliest = session.explanation.causes[0]
        yield tag.P(
            clean(f"Diagnosis: {likeliest.sentence}. "), tag.STRONG("Next: "), clean(likeliest.action)
        )
    yield tag.UL(
        tag.CLASS("figures"),
        *(tag.LI(tag.B(clean(value)), tag.SPAN(name)) for name, value in figures(session)),
    )
    if session.missing:
        yield tag.H2("What is not known")
        yield tag.UL(*(tag.LI(clean(text)) for text in session.missing))


def title_of(session: Session) -> str:
    """Title of the page."""
    return f"Charger node {session.node_id}: {clean(session.origin.files[0].name)}"


def charges(session: Session) -> Iterator[HtmlElement]:
    """Each charge that was recorded, with its phases."""
    from lxml.html import builder as tag

    for number, charge in enumerate(session.charges, 1):
        yield tag.H2(f"Charge {number}" if len(session.charges) > 1 else "The charge")
        yield definitions(_told(charge))
        rows = [
            (f"{band.begun:.3f}", f"{band.ended:.3f}", f"{band.ended - band.begun:.3f}", band.text)
            for band in charge.phases
        ]
        yield table(("from [s]", "to [s]", "for [s]", "phase"), rows, numbers=3)


def _told(charge: ChargeRun) -> Iterator[tuple[str, str]]:
    yield "Asked for", charge.target
    yield "Outcome", charge.outcome or "under way when the recording ended"
    yield "Cause", f"{charge.sentence} ({charge.cause})" if charge.cause else ""
    off = "not confirmed: remove AC" if charge.unconfirmed else "confirmed" if charge.off_confirmed else ""
    yield "Output off", off
    yield "At ready", "" if charge.ready is None else f"{charge.ready:.1f} s"
    yield "Returned", "" if charge.ah is None else f"{charge.ah:.3f} Ah"
    yield "Alarms", "; ".join(charge.alarms)
    yield "Warnings", "; ".join(charge.warnings)
    yield "Decided in", f"{charge.steps} steps"


def explained(session: Session) -> Iterator[HtmlElement]:
    """The diagnosis."""
    from lxml.html import builder as tag

    yield tag.H2("Diagnosis")
    yield tag.P(clean(session.explanation.verdict))
    yield tag.P(tag.CLASS("small"), f"As it stands {session.explained_at}.")
    yield from diagnosis(session.explanation)


def identity(session: Session) -> Iterator[HtmlElement]:
    """Which device it is."""
    from lxml.html import builder as tag

    yield tag.H2("Identity")
    if session.identity:
        yield _objects(session.identity)
    else:
        yield tag.P("It was not read while this was recorded.")


def configuration(session: Session) -> Iterator[HtmlElement]:
    """What objects held, as far as it was read or written."""
    from lxml.html import builder as tag

    yield tag.H2("Configuration and other objects, as they were read or written")
    if session.objects:
        yield _objects(session.objects)
    else:
        yield tag.P("None was read or written while this was recorded.")
    if session.absent:
        yield tag.P(tag.CLASS("small"), clean(f"The charger has not: {', '.join(session.absent)}."))


def _objects(objects: Iterable[ObjectSeen]) -> HtmlElement:
    rows = [
        (each.address, each.name, each.value, each.note, f"{each.how} at {each.time:.3f} s")
        for each in objects
    ]
    return table(("object", "name", "value", "meaning", "when"), rows)


def pdo_maps(session: Session) -> Iterator[HtmlElement]:
    """What the PDOs carry."""
    from lxml.html import builder as tag

    yield tag.H2("PDO maps")
    yield tag.P("RPDOs are received by the charger, TPDOs are sent by it.")
    for pdo in sorted(session.pdos, key=lambda pdo: (pdo.record.kind is PdoKind.TPDO, pdo.record.number)):
        yield tag.H3(_pdo_title(pdo))
        rows = [(_place(slot), str(slot.address), *_slot(slot)) for slot in pdo.record.mapping.slots]
        yield table(("bytes", "object", "name", "type", "one bit is"), rows)


def _pdo_title(pdo: PdoSeen) -> str:
    record = pdo.record
    timer = record.event_timer_ms
    told = [
        f"{record.name}, COB-ID {record.cob_id or 0:03X}h",
        "" if record.transmission is None else f"transmission type {record.transmission:02X}h",
        "" if timer is None else f"event timer {f'{timer} ms' if timer else 'off'}",
        "as the charger told it" if pdo.told else "assumed from the EDS",
    ]
    return ", ".join(filter(None, told))


def _place(slot: Slot) -> str:
    """Its bytes; with bits where it does not fill them."""
    last = slot.offset + slot.bits - 1
    if slot.offset % 8 or slot.bits % 8:
        return f"{slot.offset // 8}.{slot.offset % 8} to {last // 8}.{last % 8}"
    return f"{slot.offset // 8}" if slot.bits == 8 else f"{slot.offset // 8} to {last // 8}"


def _slot(slot: Slot) -> Cells:
    entry = slot.entry
    if entry is None:
        return "not in the EDS", f"{slot.bits} bits", ""
    if slot.address in DUMMIES:
        return slot.name, f"{slot.bits} bits", "filler"
    scale = "" if entry.scale is None else f"{entry.scale.factor:.10g} {entry.unit}".rstrip()
    return slot.name, entry.data_type.name, scale


def frames(session: Session) -> Iterator[HtmlElement]:
    """The statistics of the frames, and the load of the bus."""
    from lxml.html import builder as tag

    counted = session.statistics
    yield tag.H2("Frames")
    yield tag.P(
        f"{counted.frames} frames in {counted.load.seconds:.3f} s. Period is the median of the gaps, jitter their "
        "standard deviation; late is a gap of over two periods. Bits are those on the wire, stuff bits included."
    )
    heads = (
        "COB-ID",
        "what",
        "frames",
        "ours",
        "period",
        "jitter",
        "shortest",
        "longest",
        "at [s]",
        "late",
        "bits",
    )
    yield table(heads, [_stream(each) for each in counted.streams], numbers=0, right=range(2, 11))
    others = {"error frames": counted.error_frames, "CAN FD frames": counted.fd_frames}
    left_out = ", ".join(f"{count} {name}" for name, count in others.items() if count)
    if left_out:
        yield tag.P(f"Not in the load: {left_out}.")
    yield tag.H3("Load of the bus")
    known = session.origin.bitrate
    if known is None:
        yield tag.P(
            "The bit rate is not in the log, so the load is given for the usual ones; -b names the real one."
        )
    rows = [
        (f"{rate // 1000} kbit/s", _percent(counted.load.share(rate)), _percent(counted.load.peak(rate)))
        for rate in ((known,) if known is not None else BITRATES)
    ]
    at = "" if counted.load.peak_at is None else f", at {counted.load.peak_at:.0f} s"
    yield table(("bit rate", "mean", f"busiest second{at}"), rows, numbers=0, right=range(1, 3))


def _stream(each: StreamStatistics) -> Cells:
    spans = (each.period, each.jitter, each.shortest, each.longest)
    at = "" if each.longest_at is None else f"{each.longest_at:.3f}"
    return (
        each.identifier,
        each.title,
        str(each.count),
        str(each.sent),
        *("" if span is None else f"{1000 * span:.3f} ms" for span in spans),
        at,
        str(each.late) if each.period is not None else "",
        str(each.bits),
    )


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.2f} %"


def about(session: Session, sealed_with: str) -> Iterator[HtmlElement]:
    """From which files, and with what."""
    from lxml.html import builder as tag

    origin = session.origin
    yield tag.H2("About this report")
    yield definitions(
        (
            ("Made by", origin.made_by),
            ("Begun", origin.begun or "not known: the log counts from its own start"),
            ("Decisions", "as recorded beside the log" if origin.recorded else "not recorded"),
            ("Command", origin.words),
            ("Recorded with", ", ".join(f"{name} {version}" for name, version in origin.versions)),
            ("EDS", f"{origin.eds}, SHA-256 {origin.eds_sha256}"),
            *((each.name, f"{each.size} bytes, SHA-256 {each.sha256}") for each in origin.files),
            ("Sealed with key", sealed_with or "not sealed: whoever has it can change it"),
        )
    )


def table(heads: Cells, rows: Iterable[Cells], numbers: int = 0, right: Iterable[int] = ()) -> HtmlElement:
    """A table that scrolls by itself where the page is narrow; the first `numbers` columns hold numbers."""
    from lxml.html import builder as tag

    numeric = {*range(numbers), *right}
    body = [
        tag.TR(
            *(
                tag.TD(clean(text), tag.CLASS("number")) if place in numeric else tag.TD(clean(text))
                for place, text in enumerate(row)
            )
        )
        for row in rows
    ]
    return tag.DIV(
        tag.CLASS("wide"), tag.TABLE(tag.THEAD(tag.TR(*(tag.TH(head) for head in heads))), tag.TBODY(*body))
    )


def definitions(rows: Iterable[tuple[str, str]]) -> HtmlElement:
    """Names and what they are; a name without anything is left out."""
    from lxml.html import builder as tag

    told = ((name, text) for name, text in rows if text)
    return tag.DL(*(part for name, text in told for part in (tag.DT(clean(name)), tag.DD(clean(text)))))
