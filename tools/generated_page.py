"""Pages of docs/ that a tool writes, whole or in their marked parts, and the check whether one has drifted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def row(*cells: str) -> str:
    """One line of a table."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table with its heading."""
    return [row(*columns), row(*("---" for _ in columns)), *(row(*cells) for cells in rows)]


def filled(page: str, verb: str, parts: Mapping[str, Callable[[], Sequence[str]]]) -> str:
    """The page with each part made anew, between `<!-- VERB: NAME -->` and `<!-- end: NAME -->`.

    Raises LookupError for a part that it has no place for.
    """
    for name, make in parts.items():
        begin, end = f"<!-- {verb}: {name} -->", f"<!-- end: {name} -->"
        before, begun, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not (begun and ended):
            raise LookupError(f"the page has no place for {name!r}")
        page = "\n".join((before + begin, "", *make(), "", end + after))
    return page


def write_or_check(
    arguments: Sequence[str], usage: str | None, path: Path, make: Callable[[str], str], drifted: str
) -> int:
    """Write what `make` makes of the page, or with --check print where it has drifted; the exit code of the tool."""
    if list(arguments) not in ([], ["--check"]):
        print(usage)
        return 2
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    wanted = make(page)
    if not arguments:
        path.write_text(wanted, encoding="utf-8")
    elif page != wanted:
        print(f"docs/{path.name} is not {drifted}")
        return 1
    return 0
