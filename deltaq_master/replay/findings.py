"""The frames of a log through the decoder and the diagnosis, as canonical lines: the same log, the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from deltaq_master.charger.diagnosis import Diagnosis, Explanation, Subject
from deltaq_master.charger.plan import Accepted
from deltaq_master.charger.traffic import TrafficDecoder
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import defaults
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.recorded_values import line, plain_of

DIGITS: Final = 6
"""Of a frame's time: what the formats keep."""


class Findings:
    """Decodes and diagnoses frames; `keep` gets a canonical line for each, and at last the explanation."""

    def __init__(
        self,
        dictionary: Dictionary,
        master_id: int,
        keep: Callable[[str], None] = lambda _: None,
        accepted: Accepted | None = None,
    ) -> None:
        self._decoder = TrafficDecoder(dictionary, defaults(dictionary), master_id)
        self._diagnosis = Diagnosis(Subject(dictionary, master_id, accepted or Accepted()))
        self._keep = keep
        self._digest = hashlib.sha256()
        self.frames = 0

    @property
    def digest(self) -> str:
        """SHA-256 of all lines so far."""
        return self._digest.hexdigest()

    def take(self, frame: Frame) -> None:
        """Take a frame, its time counted from the beginning."""
        self.frames += 1
        decoded = self._decoder.decode(frame)
        self._line(
            {
                "kind": "frame",
                "time": f"{frame.time:.{DIGITS}f}",
                "cob_id": f"{frame.cob_id:03X}",
                "data": frame.data.hex().upper(),
                "sent": frame.sent,
                "text": str(decoded),
                "observations": list(decoded.observations),
            }
        )
        self._diagnosis.take(frame)

    def explain(self, now: float | None = None) -> Explanation:
        """The diagnosis as it stands, at a time at which nothing had come since the last frame."""
        if now is not None:
            self._diagnosis.passed(now)
        explanation = self._diagnosis.explain()
        told = {each.name: plain_of(getattr(explanation, each.name)) for each in fields(explanation)}
        self._line({"kind": "explanation", **told})
        return explanation

    def _line(self, plain: dict[str, Any]) -> None:
        text = line(plain)
        self._digest.update(text.encode("ascii") + b"\n")
        self._keep(text)


def causes(explanation: Explanation) -> list[str]:
    """The causes that it names, the likeliest first."""
    return [found.id for found in explanation.causes]


def recorded_causes(report: Any) -> list[str] | None:
    """Those of a recorded explanation, None if it is none."""
    if not isinstance(report, dict) or not isinstance(report.get("causes"), list):
        return None
    found = [each.get("id") for each in report["causes"] if isinstance(each, dict)]
    return [each for each in found if isinstance(each, str)]
