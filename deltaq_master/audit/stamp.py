"""When and with what an audit was made: given to its reports, which have no clock of their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stamp:
    """The tool and the time that stand in a report."""

    version: str
    time: str
    """ISO 8601 in UTC: `2026-01-31T12:00:00Z`."""
    tool: str = "deltaq pdo verify"
