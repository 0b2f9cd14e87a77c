"""Frames typed by hand, as candump writes them, and the diagnosis of them."""

from __future__ import annotations

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Finding, Subject
from deltaq_master.protocol.events import Frame
from tests.unit.charger.diagnosis.scripted import dictionary

BEFORE = """
0.00 70A#7F
1.00 70A#7F
1.10 701#05
1.11 08A#0000000000000000
1.20 000#010A
"""
"""A charger in pre-operational, a master's heartbeat, the error reset, NMT start: as in the capture."""

STATUS = "18A#7C13464E70000000"
"""19.484 A, 78.273 V, AC detected, enabled, remote, inactive: from the capture."""


def frames(text: str) -> list[Frame]:
    """One frame for each line: `1.20 000#010A`, with `>` before the frame for one of ours."""
    found = []
    for line in text.split("\n"):
        if line.strip():
            time, written = line.split()
            cob_id, _, data = written.removeprefix(">").partition("#")
            sent = written.startswith(">")
            found.append(Frame(int(cob_id, 16), bytes.fromhex(data), float(time), sent=sent))
    return found


def every(period: float, written: str, first: float, end: float) -> str:
    """Lines of a periodic frame."""
    count = int((end - first) / period + 1e-9) + 1
    return "\n".join(f"{first + n * period:.3f} {written}" for n in range(count))


def together(*texts: str) -> list[Frame]:
    """The frames of several texts by time."""
    return sorted((frame for text in texts for frame in frames(text)), key=lambda frame: frame.time)


def diagnosed(*texts: str, until: float | None = None, subject: Subject | None = None) -> Diagnosis:
    """The diagnosis that has taken the frames of these texts."""
    diagnosis = Diagnosis(subject or Subject(dictionary()))
    for frame in together(*texts):
        diagnosis.take(frame)
    if until is not None:
        diagnosis.passed(until)
    return diagnosis


def explained(*texts: str, until: float | None = None) -> Explanation:
    """What is said about the frames of these texts."""
    return diagnosed(*texts, until=until).explain()


def of(explanation: Explanation, name: str) -> Finding:
    """One precondition."""
    return next(found for found in explanation.preconditions if found.id == name)


def ids(explanation: Explanation) -> list[str]:
    """The causes."""
    return [found.id for found in explanation.causes]


def idle(end: float = 10.0) -> str:
    """A charger that is operational, remote, and does nothing; with its master's heartbeat."""
    return "\n".join(
        (
            BEFORE,
            every(0.1, "701#05", 1.2, end),
            every(0.2, STATUS, 1.4, end),
            every(1.0, "70A#05", 2.0, end),
        )
    )
