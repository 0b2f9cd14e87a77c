"""Draw the tables of docs/explain.md from the preconditions and masks of the diagnosis.

    python tools/explain_tables.py            write them
    python tools/explain_tables.py --check    exit code 1 if they are not what the diagnosis says now

A part lies between `<!-- drawn: NAME -->` and `<!-- end: NAME -->`; the text around it is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from deltaq_master.charger.diagnosis.masking import MASKS
from deltaq_master.charger.diagnosis.table import PRECONDITIONS
from tools.generated_page import DOCS, filled, table, write_or_check

PAGE = DOCS / "explain.md"


def preconditions() -> list[str]:
    """One line for each precondition, in the order in which a charge comes about."""
    rows = []
    for row in PRECONDITIONS:
        title = f"{row.title} (suspicious)" if row.suspicious else row.title
        rule = f"{row.rule.text} {row.rule.certainty}"
        rows.append((f"`{row.id}`", title, str(row.rank), rule, row.rule.source))
    return table(("id", "what must hold", "rank", "rule", "source"), rows)


def masks() -> list[str]:
    """One line for each mask."""
    rows = []
    for mask in MASKS:
        kept = [row.id for row in PRECONDITIONS if row.id not in mask.hides]
        hidden = ", ".join(f"`{row.id}`" for row in PRECONDITIONS if row.id in mask.hides)
        if len(kept) < len(mask.hides):
            hidden = f"everything but {', '.join(f'`{name}`' for name in kept)}"
        unless = "; unless it is seen in another way" if mask.unless_seen else ""
        rows.append((f"`{mask.by}`", hidden, mask.reason + unless))
    return table(("while this is unmet", "this is unknown", "because"), rows)


def drawn(page: str) -> str:
    """The page with its tables as they are now. Raises LookupError where a place for one is missing."""
    return filled(page, "drawn", {"preconditions": preconditions, "masks": masks})


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it has drifted."""
    drifted = "what the diagnosis says: run python tools/explain_tables.py"
    return write_or_check(arguments, __doc__, PAGE, drawn, drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
