"""The screen itself: a Textual app that draws the latest scene some times a second."""

from __future__ import annotations

import logging
import signal
import sys
from typing import Any, ClassVar, Final

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.driver import Driver
from textual.widgets import Static

from deltaq_master.cli.screen.panels import Curves, Gauges, Lines, Preconditions, on_one_line
from deltaq_master.cli.screen.scene import LEGEND, Line, Showing, node_line, tally

logger = logging.getLogger(__name__)

PERIOD: Final = 0.25
"""How often the screen is drawn anew [s]; a terminal that is slower than that skips some."""
WIDE: Final = 80
"""Columns from which on panels stand side by side."""
THEME: Final = "ansi-dark"
"""The terminal's own colours: it is readable on light and dark ones, and little goes over the line."""

STYLE: Final = """
Screen { layout: vertical; background: ansi_default; }
#phase { dock: top; height: 1; padding: 0 1; text-style: bold; }
#keys { dock: bottom; height: 1; padding: 0 1; }
#body { height: 1fr; scrollbar-size-vertical: 1; }
#upper, #left, #lower { layout: vertical; height: auto; }
.panel { border: round ansi_blue; height: auto; padding: 0 0; }
#gauges { height: 9; }
#curves { height: 8; }
#node-lines { text-wrap: nowrap; }
#lower .panel { height: 5; overflow-y: auto; scrollbar-size-vertical: 1; }
.-wide #upper { layout: horizontal; height: 1fr; min-height: 17; }
.-wide #left { width: 1fr; height: 1fr; min-height: 17; }
.-wide #curves { height: 1fr; min-height: 8; }
.-wide #preconditions { width: 40; height: 1fr; min-height: 16; }
.-wide #lower { layout: horizontal; height: 22%; min-height: 5; }
.-wide #lower .panel { height: 1fr; min-height: 5; width: 1fr; }
"""


class LiveScreen(App[None]):
    """One screen: phase, gauges, curves, preconditions, nodes, alarms and notes, keys."""

    CSS = STYLE
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  Textual annotates it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c,ctrl+q", "leave", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
    ]

    def __init__(self, showing: Showing, driver_class: type[Driver] | None = None) -> None:
        """Show what `showing` says, on this terminal or on another driver's."""
        # Said here already: by it NO_COLOR leaves colours out, instead of making them grey.
        super().__init__(driver_class=driver_class, ansi_color=True)
        self._showing = showing
        self._ended = False
        # Kept, not looked for: a last tick may come while the screen is taken down.
        self._phase = Static(id="phase", markup=False)
        self._gauges = Gauges(id="gauges", classes="panel")
        self._curves = Curves(id="curves", classes="panel")
        self._preconditions = Preconditions(id="preconditions", classes="panel")
        self._heartbeats = VerticalScroll(id="nodes", classes="panel")
        self._node_lines = Lines(id="node-lines")
        self._notes = VerticalScroll(id="notes", classes="panel")
        self._note_lines = Lines(id="note-lines")
        self._keys = Static(id="keys", markup=False)
        self.problem: Exception | None = None
        """What went wrong with the screen, None while nothing did."""

    def compose(self) -> ComposeResult:
        """The panels."""
        yield self._phase
        with VerticalScroll(id="body"):
            with Container(id="upper"):
                with Container(id="left"):
                    yield self._gauges
                    yield self._curves
                yield self._preconditions
            with Container(id="lower"):
                with self._heartbeats:
                    yield self._node_lines
                with self._notes:
                    yield self._note_lines
        yield self._keys

    def on_mount(self) -> None:
        """Begin to draw."""
        self.theme = THEME
        self.begin_capture_print(self)
        self._preconditions.border_subtitle = LEGEND
        self._curves.border_title = "since the beginning"
        self._heartbeats.border_title = "heartbeats, bus load estimated"
        self._notes.border_title = "alarms and notes"
        self.draw()
        self.set_interval(PERIOD, self.draw)

    def draw(self) -> None:
        """Draw the latest scene, or end."""
        if self._ended or self._showing.over:
            if not self._ended:
                self._ended = True
                self.exit()
            return
        look_again = getattr(self._driver, "look_again", None)
        if look_again is not None:
            look_again()
        scene = self._showing.scene()
        self._phase.update(on_one_line(scene.phase))
        self._keys.update(on_one_line(Line(scene.keys)))
        self._gauges.border_title = scene.title
        self._gauges.show(scene.gauges)
        self._curves.show(scene.curves)
        self._preconditions.border_title = f"preconditions, {tally(scene.preconditions)}"
        self._preconditions.show(scene.preconditions)
        names = dict(scene.node_names)
        nodes = [node_line(node, names.get(node.node_id, "")) for node in scene.nodes]
        self._node_lines.show(nodes or [Line("none heard yet")])
        self._heartbeats.border_subtitle = scene.bus
        self._note_lines.show(scene.notes or (Line("none"),))

    def action_leave(self) -> None:
        """End safely: whoever is shown says when it is over."""
        self._showing.leave()
        self.draw()

    async def action_quit(self) -> None:
        """The same."""
        self.action_leave()

    def on_print(self, event: events.Print) -> None:
        """Keep what is printed meanwhile."""
        self._showing.said(event.text)

    def _handle_exception(self, error: Exception) -> None:
        self.problem = self.problem or error
        logger.error("the live screen failed", exc_info=error)
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        # Its own traceback shows the values of all variables; ours is logged, and shown with -v.
        self._exit_renderables.clear()


def show_screen(showing: Showing) -> str:
    """Show a screen in this terminal until it is over; answers with why it could not go on, '' for a good end."""
    before = {each: signal.getsignal(each) for each in _job_signals()}
    driver: Any = None
    try:
        if sys.platform != "win32":
            from deltaq_master.cli.screen.terminal_driver import TerminalDriver

            driver = TerminalDriver
        screen = LiveScreen(showing, driver)
        try:
            screen.run(mouse=False)
        except OSError as error:
            return f"{error.strerror or error}"
        if screen.problem is not None:
            return f"{type(screen.problem).__name__}: {screen.problem}"
        return "" if showing.over else "it ended by itself"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _job_signals() -> list[signal.Signals]:
    """Signals that Textual takes, and does not give back."""
    names = ("SIGTSTP", "SIGCONT", "SIGWINCH", "SIGTTOU", "SIGTTIN")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
