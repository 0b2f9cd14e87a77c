"""Draw the tables of docs/explain.md from the preconditions and masks of the diagnosis.

    python tools/explain_tables.py            write them
    python tools/explain_tables.py --check    exit code 1 if they are not what the diagnosis says now

A part lies between `<!-- drawn: NAME -->` and `<!-- end: NAME -->`; the text around it is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deltaq_master.charger.diagnosis.masking import MASKS
from deltaq_master.charger.diagnosis.table import PRECONDITIONS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explain.md"
TITLES = {row.id: row.title for row in PRECONDITIONS}


def preconditions() -> list[str]:
    """One line for each precondition, in the order in which a charge comes about."""
    lines = ["| id | what must hold | rank | rule | source |", "| --- | --- | --- | --- | --- |"]
    for row in PRECONDITIONS:
        title = f"{row.title} (suspicious)" if row.suspicious else row.title
        rule = f"{row.rule.text} {row.rule.certainty}"
        lines.append(f"| `{row.id}` | {title} | {row.rank} | {rule} | {row.rule.source} |")
    return lines


def masks() -> list[str]:
    """One line for each mask."""
    lines = ["| while this is unmet | this is unknown | because |", "| --- | --- | --- |"]
    for mask in MASKS:
        kept = [row.id for row in PRECONDITIONS if row.id not in mask.hides]
        hidden = ", ".join(f"`{row.id}`" for row in PRECONDITIONS if row.id in mask.hides)
        if len(kept) < len(mask.hides):
            hidden = f"everything but {', '.join(f'`{name}`' for name in kept)}"
        unless = "; unless it is seen in another way" if mask.unless_seen else ""
        lines.append(f"| `{mask.by}` | {hidden} | {mask.reason}{unless} |")
    return lines


def drawn(page: str) -> str:
    """The page with its tables as they are now. Raises LookupError where a place for one is missing."""
    for name, lines in (("preconditions", preconditions()), ("masks", masks())):
        begin, end = f"<!-- drawn: {name} -->", f"<!-- end: {name} -->"
        if begin not in page or end not in page:
            raise LookupError(f"the page has no place for {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "\n".join((before + begin, "", *lines, "", end + after))
    return page


def main(arguments: Sequence[str]) -> int:
    """Write or check the page."""
    page = PAGE.read_text(encoding="utf-8")
    now = drawn(page)
    if "--check" in arguments:
        return int(page != now)
    PAGE.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
