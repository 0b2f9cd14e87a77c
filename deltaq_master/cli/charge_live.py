"""A charge on the live screen: the views are followed in a thread of their own, the terminal has the main one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from deltaq_master.charger.bit_rate import BITRATE
from deltaq_master.charger.diagnosis import Subject
from deltaq_master.cli.charge_show import LineReporter, Summary, figures
from deltaq_master.cli.screen.charging import ChargeShowing
from deltaq_master.cli.screen.sight import BusSight
from deltaq_master.cli.talk import say, show

if TYPE_CHECKING:
    from deltaq_master.charger.plan import ChargePlan
    from deltaq_master.charger.view import ChargeView
    from deltaq_master.cli.settings import Settings
    from deltaq_master.link.bus.gate import Gate


class LiveReporter:
    """Shows a charge on the screen, and goes on in lines if the screen fails."""

    def __init__(
        self, settings: Settings, plan: ChargePlan, gate: Gate, begun: float, leave: Callable[[], None]
    ) -> None:
        """Times are counted from `begun`; `leave` asks for the end, as Ctrl-C does."""
        self._leave = leave
        self._lines: LineReporter | None = None
        self._followed: Future[None] | None = None
        bitrate = settings.bitrate or BITRATE
        subject = Subject(plan.dictionary, plan.master_id, plan.accepted)
        self._sight = BusSight(subject, gate, bitrate, begun)
        bus = settings.channel or settings.interface or "the bus"
        self._showing = ChargeShowing(
            self._sight,
            plan,
            f"charge, node {plan.node_id} on {bus}",
            bitrate,
            settings.bitrate is not None,
            self._over,
            leave,
        )

    def during(self, follow: Callable[[], None]) -> None:
        """Show the screen while `follow` runs, and until it has ended; what it raises is raised."""
        from deltaq_master.cli.screen.app import show_screen

        with ThreadPoolExecutor(2, "screen") as pool:
            pool.submit(self._sight.follow)
            self._followed = pool.submit(follow)
            try:
                problem = show_screen(self._showing)
            except BaseException:
                # Nobody sees the charge any more: it must not go on.
                self._leave()
                raise
            finally:
                self._sight.close()
                for line in self._showing.talk:
                    say(line)
            if problem:
                say(f"note: the live screen has ended ({problem}); the charge goes on, and is shown in lines")
                self._lines = LineReporter()
        self._followed.result()

    def show(self, view: ChargeView, time: float) -> None:
        """Take a view; called from the thread that follows the charge."""
        self._showing.put(view, time)
        if self._lines is not None:
            self._lines.show(view, time)

    def end(self, summary: Summary) -> None:
        """Print the summary, in the terminal as it was before."""
        show(figures(summary))

    def _over(self) -> bool:
        return self._followed is not None and self._followed.done()
