"""A charge shown to systemd: it is ready, it is alive, and messages with fields in the journal."""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.charger.phases import Phase
from deltaq_master.charger.view import ChargeView
from deltaq_master.cli.charge_show import State, Summary, figures, measured, state_of
from deltaq_master.link import clock
from deltaq_master.link.notify import Notifier
from deltaq_master.link.pump.alive import ALIVE, Heart
from deltaq_master.link.pump.pump import Pump
from deltaq_master.service.journal import Journal, Priority
from deltaq_master.service.mark import Mark

QUIET = (Phase.LISTENING, Phase.WAITING, Phase.BOOTING)
"""Phases before the first RPDO."""
STATUS_PERIOD = 1.0
"""How often `systemctl status` gets another line [s]."""
RECORD_PERIOD = 60.0
"""How often the measurements are written to the journal [s], while nothing but values change."""


class Served:
    """Shows a charge to systemd: ready, alive, status, and a message with fields for every change."""

    def __init__(self, notifier: Notifier, journal: Journal, mark: Mark) -> None:
        self._notifier = notifier
        self._journal = journal
        self._mark = mark
        self._said: frozenset[str] = frozenset()
        self._phase = ""
        self._cause = ""
        self._status_at = self._record_at = 0.0

    def begins(self, pump: Pump) -> None:
        """The bus is open and the pump runs: from now on systemd watches the pump."""
        self._notifier.tell(READY="1", STATUS="listening for another master")
        if self._notifier.watchdog is not None:
            pump.add(Heart(self._notifier.watchdog, clock.now()), self._beat)

    def _beat(self, value: object) -> None:
        if value is ALIVE:
            self._notifier.tell(WATCHDOG="1")

    def during(self, follow: Callable[[], None]) -> None:
        """Follow it, in this thread."""
        follow()

    def show(self, view: ChargeView, time: float) -> None:
        """Take a view."""
        if view.phase not in QUIET and not view.ended:
            self._mark.set()
        state = state_of(view, time)
        news = state.phase != self._phase
        if news or time - self._status_at >= STATUS_PERIOD:
            self._status_at = time
            self._notifier.tell(STATUS=_line(state))
        if news or time - self._record_at >= RECORD_PERIOD:
            self._phase, self._record_at = state.phase, time
            self._tell(_line(state), state, Priority.INFO)
        self._tell_news(state)

    def _tell_news(self, state: State) -> None:
        alarms = {f"alarm: {text}": Priority.WARNING for text in state.alarms}
        notes = alarms | {f"warning: {text}": Priority.NOTICE for text in state.warnings}
        for text, priority in notes.items():
            if text not in self._said:
                self._tell(text, state, priority)
        self._said = frozenset(notes)
        cause = state.cause.text if state.cause is not None else ""
        if cause and cause != self._cause:
            self._notifier.tell(STATUS=f"ending: {cause}")
            self._tell(f"because {cause}", state, Priority.NOTICE)
        self._cause = cause

    def _tell(self, text: str, state: State, priority: Priority) -> None:
        self._journal.tell(
            text,
            priority,
            DELTAQ_EVENT="state",
            DELTAQ_PHASE=state.phase,
            DELTAQ_NMT=state.nmt,
            DELTAQ_VOLTAGE=state.voltage,
            DELTAQ_CURRENT=state.current,
            DELTAQ_AH=state.ah,
            DELTAQ_SOC=state.soc,
            DELTAQ_CAUSE=state.cause.id if state.cause is not None else None,
        )

    def end(self, summary: Summary) -> None:
        """Take the summary: the charge has ended, and nothing is sent any more."""
        self._mark.clear()
        self._notifier.tell(STOPPING="1", STATUS=figures(summary))
        bad = Priority.ERROR if summary.outcome in ("fault", "refused") else Priority.NOTICE
        self._journal.tell(
            f"{figures(summary)}: {summary.sentence}",
            Priority.CRITICAL if summary.unconfirmed else bad,
            DELTAQ_EVENT="summary",
            DELTAQ_OUTCOME=summary.outcome,
            DELTAQ_CAUSE=summary.cause.id,
            DELTAQ_OFF_CONFIRMED=str(summary.off_confirmed).lower(),
            DELTAQ_DURATION=summary.duration,
            DELTAQ_AH=summary.ah,
            DELTAQ_VOLTAGE=summary.voltage,
        )

    def close(self) -> None:
        """Let go of both sockets."""
        self._notifier.close()
        self._journal.close()


def _line(state: State) -> str:
    return f"{state.phase} {measured(state)}".rstrip()
