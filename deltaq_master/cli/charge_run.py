"""Carrying out a charge from the command line: signals in, views out, one exit code at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from deltaq_master.charger.phases import ENDED
from deltaq_master.charger.plan import ChargePlan
from deltaq_master.charger.state import Cause, Outcome
from deltaq_master.charger.view import ChargeView
from deltaq_master.cli.bms import Readings
from deltaq_master.cli.charge_show import Reporter, Summary, reporter, summary_of
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.explain_charge import Companion, show_briefly
from deltaq_master.cli.explain_show import json_of
from deltaq_master.cli.settings import Settings
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import TheirError
from deltaq_master.link import clock
from deltaq_master.master import ChargeRun, Master

if TYPE_CHECKING:
    from deltaq_master.cli.service_served import Served
    from deltaq_master.configuration.sources import Source

TICK = 0.5
"""How long to wait for a view before looking again whether the charge is over [s]."""
ABSENT = ("no-device", "bus-lost")
"""Causes of a refusal that mean: there was nobody to charge with."""


class Requests:
    """What signals ask for: an end in order, and after an end that holds the bus, to let go of it."""

    def __init__(self) -> None:
        self.run: ChargeRun | None = None
        self.first = ""
        """The first signal that came, '' for none."""
        self._held = False

    def asked(self, name: str) -> None:
        """Take a signal. Before the charge there is nothing to end in order."""
        if self.run is None:
            raise KeyboardInterrupt if name == "SIGINT" else SystemExit(ExitCode.DONE)
        self.first = self.first or name
        if self._held:
            self.run.release()
        else:
            self.run.stop(f"interrupted ({name})")

    def holding(self, run: ChargeRun) -> None:
        """The charge has ended, and the bus is held; only Ctrl-C at a terminal has a second word."""
        if not self._held:
            self._held = True
            if self.first not in ("", "SIGINT"):
                run.release()
            else:
                say("note: the bus is held at ready 0 and 0 A; Ctrl-C lets go of it")


def run_charge(
    settings: Settings,
    plan: ChargePlan,
    bms: str | None,
    config: Source | None = None,
    live: bool = False,
    served: Served | None = None,
) -> ExitCode:
    """Charge by a plan, show it, and say how it went; settings are written before, if there are any.

    `live` shows it on a screen, where there can be one; `served` tells it to systemd instead.
    """
    requests = Requests()
    opened = Readings(bms) if bms is not None else nullcontext()
    with opened as source, Signals(requests.asked), settings.open(hearing=False) as master:
        charger = settings.charger(master)
        if config is not None:
            from deltaq_master.cli.charge_config import configure_first

            with settings.hearing(master.network):
                configured = configure_first(settings, charger, plan, config)
            if configured is not ExitCode.DONE:
                return configured
        begun = clock.now()
        companion = Companion(plan, master.network.gate)
        screen = _screen(settings, plan, bms, master, begun, requests) if live else None
        with charger.begin(plan, source) as run:
            shown = served or reporter(settings.json, screen)
            requests.run = run
            if served is not None:
                served.begins(master.pump)
            # Here, because the summary is the last word.
            with settings.hearing(master.network):
                shown.during(lambda: _watch(run, plan, shown, requests, begun, companion))
            summary, code = _judge(run, requests.first, begun)
            why = companion.explanation(Outcome(summary.outcome), summary.cause.id)
            settings.report("summary", summary)
            if why is not None:
                settings.report("explanation", json_of(why))
            if why is not None and settings.json:
                show_json(json_of(why))
            shown.end(summary)
    if why is not None and not settings.json:
        show_briefly(why)
    if code in (ExitCode.FAILED, ExitCode.NO_DEVICE):
        say(f"deltaq: {summary.outcome}: {summary.sentence}")
    return code


def _screen(
    settings: Settings, plan: ChargePlan, bms: str | None, master: Master, begun: float, requests: Requests
) -> Callable[[], Reporter] | None:
    """What makes the live screen, None where none can be shown."""
    from deltaq_master.cli.screen.terminal import hindrance

    if settings.json or hindrance(data_on_stdin=bms == "-"):
        return None
    from deltaq_master.cli.charge_live import LiveReporter

    gate = master.network.gate
    return lambda: LiveReporter(settings, plan, gate, begun, lambda: requests.asked("SIGINT"))


def _watch(
    run: ChargeRun, plan: ChargePlan, shown: Reporter, requests: Requests, begun: float, companion: Companion
) -> None:
    """Show views until nothing is sent any more."""
    while (view := run.next_view(TICK)) is not None or not run.over:
        if view is None:
            continue
        companion.follow(view, begun)
        shown.show(view, view.time - begun)
        if plan.holds and view.phase in ENDED and not view.released:
            requests.holding(run)


def _judge(run: ChargeRun, signal: str, begun: float) -> tuple[Summary, ExitCode]:
    try:
        view = run.result
    except TheirError as error:
        return summary_of(None, Outcome.FAULT, Cause("broken", str(error)), begun), ExitCode.FAILED
    assert view.outcome is not None
    assert view.cause is not None
    return summary_of(view, view.outcome, view.cause, begun), code_of(view, signal)


def code_of(view: ChargeView, signal: str) -> ExitCode:
    """The exit code of a charge that is over, ended by a signal or by itself."""
    cause = view.cause.id if view.cause else ""
    if view.unconfirmed or view.outcome is Outcome.FAULT:
        return ExitCode.FAILED
    if view.outcome is Outcome.REFUSED:
        return ExitCode.NO_DEVICE if cause in ABSENT else ExitCode.FAILED
    interrupted = view.outcome is Outcome.STOPPED and cause == "request" and signal == "SIGINT"
    return ExitCode.INTERRUPTED if interrupted else ExitCode.DONE
