"""The virtual rig, recorded: a charge of hours, its log and its decisions in a moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.recording import record_of
from deltaq_master.cli.record import digest, versions
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.pump.pump import Pump
from deltaq_master.link.record.recorder import Recorder
from deltaq_master.protocol.events import Frame
from tests.rig.virtual import Rig

MOST_WAITING = 1000
"""A virtual clock outruns every disk, so it waits for the writer now and then."""


class _Recorded(list[Frame]):
    """Frames on the wire, shown to a recorder as the gate would."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def append(self, frame: Frame, /) -> None:
        """Keep a frame, and record it."""
        super().append(frame)
        while self._recorder.backlog > MOST_WAITING:
            time.sleep(0.001)
        self._recorder.frame(frame)


def recorder(log: Path, **options: Any) -> Recorder:
    """A recorder of charges, with the header that the command line writes."""
    eds = eds_path()
    header = {
        "versions": versions(),
        "words": [],
        "settings": {"node_id": 10, "master_id": 1},
        "eds": {"name": eds.name, "sha256": digest(eds)},
    }
    return Recorder(log, header, record_of=record_of, **options)


class RecordedRig(Rig):
    """A rig whose frames and steps go to a recorder."""

    def __init__(
        self, into: Recorder, plan_: ChargePlan | None = None, options: Mapping[str, str] | None = None
    ):
        super().__init__(plan_, options)
        self.frames = _Recorded(into)
        self.pump.remove(self.session)
        self.pump = Pump(
            self._send, self._transfer, clock=None, master_id=self.plan.master_id, recorded=into.machine
        )
        self.pump.add(self.session, self._publish)
