"""The live view of a charge in a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deltaq_master.charger.view import ChargeView
from deltaq_master.cli.charge_show import State, Summary, coming, figures, state_of
from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.talk import show

REFRESH = 4
"""How often the terminal is drawn anew [1/s]."""
COLOURS = {"charging": "green", "finishing": "green", "complete": "green", "fault": "red", "refused": "red"}


class LiveReporter:
    """One panel that follows the charge."""

    def __init__(self) -> None:
        self._live = Live(refresh_per_second=REFRESH)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, view: ChargeView, time: float) -> None:
        """Take a view; it is drawn with the next refresh."""
        self._live.update(panel(state_of(view, time)))

    def end(self, summary: Summary) -> None:
        """Leave the panel as it was last, and print the summary below it."""
        self._live.stop()
        show(figures(summary))


def panel(state: State) -> RenderableType:
    """The charge at one moment, at most 80 columns wide."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right", min_width=9)
    table.add_column()
    soc = state.soc if state.soc is not None else state.charger_soc
    current = "untrusted" if state.current is None and state.current_note else _number(state.current, "A", 2)
    asked = f"asked {state.requested_voltage:.2f} V" if state.ready else ""
    table.add_row("voltage", _number(state.voltage, "V", 2), asked)
    table.add_row("current", current, f"asked {state.requested_current:.2f} A" if state.ready else "")
    table.add_row("power", _number(state.power, "W", 0), "")
    table.add_row("returned", _number(state.ah, "Ah", 2), "")
    table.add_row("SOC", _number(soc, "%", 0), "as the charger says" if state.soc is None and soc else "")
    table.add_row("mains", _number(state.ac_voltage, "V", 0), "")
    table.add_row("time", spoken(state.time), coming(state))
    if state.cause is not None:
        table.add_row("because", "", state.cause.text)
    notes = [Text(f"alarm: {text}", style="bold red") for text in state.alarms]
    notes += [Text(f"warning: {text}", style="yellow") for text in state.warnings]
    title = Text(state.phase, style=f"bold {COLOURS.get(state.phase, 'cyan')}")
    return Panel(Group(table, *notes), title=title, title_align="left", width=80)


def _number(value: float | None, unit: str, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f} {unit}"
