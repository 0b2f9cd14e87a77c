"""Rows of objects as aligned text."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deltaq_master.cli.objects import Row
from deltaq_master.cli.talk import show

WIDE = 1000
"""Width [columns] where nobody looks: lines in a file or a pipe are not broken."""


def show_rows(rows: Iterable[Row], title: str = "", raw: bool = False) -> None:
    """Print rows on stdout: object, name, value, and what it means."""
    table = Table.grid(padding=(0, 2))
    for style in ("dim", "", "bold", ""):
        table.add_column(style=style)
    for row in rows:
        shown = str(row.raw) if raw and row.raw is not None else row.shown
        # Texts of a device may hold what looks like markup.
        table.add_row(row.object, Text(row.name), Text(shown), Text(row.note))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as printed:
        if title:
            console.print(Text(title, style="bold underline"))
        console.print(table)
    show("\n".join(line.rstrip() for line in printed.get().splitlines()))
