"""What the heartbeats of one node-ID tell: state, period, and whether they can be one device's.

Two devices with one node-ID are not seen as such on the bus: their frames have the same identifiers. What betrays
them is that no single device would speak like that.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median
from typing import Final

from deltaq_master.protocol.nmt import NmtState

KEPT: Final = 64
"""Heartbeats kept of each node: enough for the longest listening that anybody does."""
TOLERANCE: Final = 0.05
"""How far two periods of one device may differ."""
UNEVEN: Final = 0.2
"""Part of a period by which two gaps must differ to belong to two devices."""
LEAST_GAPS: Final = 3
"""Gaps that it takes to see a rhythm of two."""


class Heartbeats:
    """Heartbeats and boot-up messages of one node-ID, in their order."""

    def __init__(self) -> None:
        self.state: NmtState | None = None
        """As reported last; a boot-up message means pre-operational."""
        self.boots = 0
        self._beats: list[tuple[float, NmtState]] = []
        self._boots: list[float] = []
        self._turns: list[tuple[NmtState, NmtState]] = []
        """Changes of state that nobody had commanded."""
        self._commanded = True

    def commanded(self) -> None:
        """An NMT command that reaches the node was on the bus: its next state may be another."""
        self._commanded = True

    def heard(self, state: NmtState, time: float) -> None:
        """Take a heartbeat or a boot-up message."""
        if state is NmtState.INITIALISING:
            self.boots += 1
            self._boots.append(time)
            self.state, self._commanded = NmtState.PRE_OPERATIONAL, True
            return
        before = self._beats[-1][1] if self._beats else None
        if before is not None and before is not state and not self._commanded:
            self._turns.append((before, state))
        self._commanded = False
        self.state = state
        self._beats = [*self._beats, (time, state)][-KEPT:]

    @property
    def period(self) -> float | None:
        """Time between two heartbeats [s], the median of those heard; None with fewer than two in a row."""
        gaps = self._gaps()
        return median(gaps) if gaps else None

    def doubts(self) -> tuple[str, ...]:
        """Why there may be two devices, a sentence each; none where one device could have sent it all."""
        return tuple(filter(None, (self._contradiction(), self._two_rhythms(), self._unbroken())))

    def _gaps(self) -> list[float]:
        """From one heartbeat to the next, without a boot-up message in between."""
        return [
            later - earlier
            for (earlier, _), (later, _) in pairwise(self._beats)
            if not any(earlier <= boot <= later for boot in self._boots)
        ]

    def _contradiction(self) -> str:
        for (first, second), (_, third) in pairwise(self._turns):
            if first is third:
                return (
                    f"its heartbeats say {first.word}, then {second.word}, then {third.word},"
                    " and nobody commanded it"
                )
        return ""

    def _two_rhythms(self) -> str:
        gaps = self._gaps()
        if len(gaps) < LEAST_GAPS or self._boots:
            return ""
        periods = [one + next_one for one, next_one in pairwise(gaps)]
        whole = median(periods)
        steady = all(abs(period - whole) <= TOLERANCE * whole for period in periods)
        uneven = all(abs(one - next_one) >= UNEVEN * whole for one, next_one in pairwise(gaps))
        if not (steady and uneven):
            return ""
        short, long = sorted(gaps[:2])
        return (
            f"its heartbeats come in two rhythms of {whole * 1000:.0f} ms each:"
            f" gaps of {short * 1000:.0f} and {long * 1000:.0f} ms in turn"
        )

    def _unbroken(self) -> str:
        """A device that boots begins a new raster; one whose old raster goes on did not boot."""
        times = [time for time, _ in self._beats]
        raster = [-math.inf, *self._boots, math.inf]
        for last, boot, following in zip(raster, raster[1:], raster[2:], strict=False):
            before = [time for time in times if last < time < boot]
            after = [time for time in times if boot < time < following]
            if len(before) < 2 or not after:
                continue
            period = before[-1] - before[-2]
            late = abs(after[0] - before[-1] - period)
            if late <= TOLERANCE * period < abs(after[0] - boot - period):
                return "it booted, and its heartbeat went on as if it had not"
        return ""
