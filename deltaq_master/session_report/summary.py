"""A session for programs: the numbers of a report without its curves, in the types that JSON has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from deltaq_master.protocol.recorded_values import line
from deltaq_master.session_report.curves import DIGITS, Curve
from deltaq_master.session_report.frame_statistics import BITRATES, FrameStatistics
from deltaq_master.session_report.seal import LINES, Piece, sealed
from deltaq_master.session_report.session import SCHEMA, PdoSeen, Session


def figures(session: Session) -> Iterator[tuple[str, str]]:
    """The few numbers that one looks for first, as texts."""
    curves = {curve.kind.id: curve for curve in session.curves}
    yield "long", _span(session.ended)
    if session.charges:
        charge = session.charges[-1]
        if charge.ready is not None:
            yield "at ready", _span(charge.ready)
        if charge.ah is not None:
            yield "returned", f"{charge.ah:.2f} Ah"
    for name, title, digits in (
        ("voltage", "at most, by the charger", 2),
        ("current", "at most, believed", 2),
    ):
        curve = curves.get(name)
        if curve is not None and curve.greatest is not None:
            yield title, f"{curve.greatest:.{digits}f} {curve.kind.unit}"
    if "current" not in curves and "current_untrusted" in curves:
        yield "current", "untrusted"
    yield "frames", str(session.statistics.frames)


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def summary(session: Session) -> dict[str, Any]:
    """All but the points of the curves; its keys are the sections of a sealed one."""
    return {
        "schema": SCHEMA,
        "node": session.node_id,
        "verdict": session.verdict,
        "good": session.good,
        "ended": session.ended,
        "origin": _plain(session.origin),
        "missing": list(session.missing),
        "charges": _plain(session.charges),
        "explanation": _plain(session.explanation),
        "explained_at": session.explained_at,
        "identity": _plain(session.identity),
        "objects": _plain(session.objects),
        "absent": list(session.absent),
        "pdos": [_pdo(pdo) for pdo in session.pdos],
        "frames": _frames(session.statistics, session.origin.bitrate),
        "reported": _plain(session.reported),
        "events": _plain(session.events),
        "curves": [_curve(curve) for curve in session.curves],
    }


def sealed_summary(session: Session, key: bytes) -> bytes:
    """The summary as one canonical JSON line, and after it the lines of its seal; each section is an entry."""
    told = {**summary(session), "sealed": True}
    parts = [
        Piece(name, f"{',' if place else '{'}{line(name)}:{line(value)}".encode("ascii"))
        for place, (name, value) in enumerate(sorted(told.items()))
    ]
    parts.append(Piece("end of the line", b"}\n"))
    return sealed(parts, LINES, key)


def _frames(counted: FrameStatistics, bitrate: int | None) -> dict[str, Any]:
    rates = BITRATES if bitrate is None else (bitrate,)
    loads = [
        {"bitrate": rate, "mean": _plain(counted.load.share(rate)), "peak": _plain(counted.load.peak(rate))}
        for rate in rates
    ]
    return {**_plain(counted), "loads": loads}


def _pdo(pdo: PdoSeen) -> dict[str, Any]:
    record = pdo.record
    return {
        "name": record.name,
        "told": pdo.told,
        "cob_id": record.cob_id,
        "transmission": record.transmission,
        "event_timer_ms": record.event_timer_ms,
        "slots": [
            {"object": str(slot.address), "name": slot.name, "offset": slot.offset, "bits": slot.bits}
            for slot in record.mapping.slots
        ],
    }


def _curve(curve: Curve) -> dict[str, Any]:
    kind = curve.kind
    return {
        "id": kind.id,
        "title": kind.title,
        "unit": kind.unit,
        "points": curve.points,
        "last": _plain(curve.last),
        "greatest": _plain(curve.greatest),
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS) if abs(value) < float("inf") else None
    return value
