"""Write docs/object-dictionary.md from the shipped EDS.

    python tools/object_dictionary.py            write it
    python tools/object_dictionary.py --check    exit code 1 if it is not what the EDS says now

Areas and their introductions are the headings of the EDS, certainty and sources its comments; everything
else is what `deltaq_master.dictionary` reads from it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import PdoRecord, defaults
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.entry import Entry
from tools.generated_page import DOCS, ROOT, table, write_or_check

EDS = ROOT / "eds" / "ICL1500-85.eds"
PAGE = DOCS / "object-dictionary.md"
NODE_ID = 10

HEAD = f"""\
# The object dictionary of the ICL1500-85

Written by `tools/object_dictionary.py` from [`eds/{EDS.name}`](../eds/{EDS.name}): correct that file, not this
page. It is not the vendor's file; [its README](../eds/README.md) says where it is from, what the sources' keys
mean, and how to correct it from a real charger.

[C] certain: a document says so, or it was seen on the wire. [I] inferred. [U] unresolved. A sub-object without
a word on it shares its object's. Below each table stands what the sources say.
Defaults and limits are raw; value = raw × scale. *never* stands where no tool may write without being told to
for that very object, and the description says why.
"""
COLUMNS = (
    "object",
    "name",
    "type",
    "access",
    "PDO",
    "default",
    "scale",
    "limits",
    "write",
    "certainty and source",
    "what it is",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a comment: how sure, by whose word, and what."""

    tag: str
    sources: str
    text: str


@dataclass(slots=True)
class Area:
    """A heading of the EDS, and the sections below it."""

    title: str
    introduction: str
    sections: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Remarks:
    """What only the text of an EDS says: headings, comments, and defaults as they are written."""

    areas: list[Area]
    statements: dict[str, list[Statement]]
    written: dict[str, str]


def remarks(text: str) -> Remarks:
    """Headings (framed by rules), the comment directly above each section, and DefaultValue of each."""
    found = Remarks([], {}, {})
    block: list[str] = []
    section = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith(";"):
            block.append(line[1:].removeprefix(" "))
            continue
        if header := re.fullmatch(r"\[([0-9A-F]{4}(?:sub[0-9A-F]+)?)\]", line):
            section = header[1]
            found.areas[-1].sections.append(section)
            found.statements[section] = list(statements(block))
        elif len(block) > 2 and block[0].startswith("---"):
            found.areas.append(Area(" ".join(block[1].split()), " ".join(block[3:])))
        elif line.startswith("DefaultValue="):
            found.written[section] = line.partition("=")[2]
        block = []
    return found


def statements(block: Sequence[str]) -> Iterator[Statement]:
    """Statements of a comment, each begun by its tag."""
    for part in re.split(r" (?=\[[CIU]\](?: [^ :][^:]*)?: )", " ".join(line.strip() for line in block)):
        if match := re.fullmatch(r"\[([CIU])\](?: ([^:]+))?: (.*)", part):
            yield Statement(match[1], match[2] or "", match[3])


def scale(entry: Entry) -> str:
    """`1/256 V` for powers of two, `0.1 V` for the rest."""
    if entry.factor is None:
        return entry.unit
    inverse = 1 / entry.factor
    power_of_two = inverse > 1 and inverse == int(inverse) and int(inverse) & (int(inverse) - 1) == 0
    return f"{f'1/{inverse:.0f}' if power_of_two else f'{entry.factor:.15g}'} {entry.unit}".strip()


def limits(entry: Entry) -> str:
    if entry.low is None and entry.high is None:
        return ""
    low, high = ("" if limit is None else f"{limit:.15g}" for limit in (entry.low, entry.high))
    value = (
        f" = {entry.high * entry.factor:g} {entry.unit}" if entry.factor and entry.high is not None else ""
    )
    return f"{low} to {high}{value}"


def certainty(found: Sequence[Statement]) -> str:
    """`[C] N, G; [U] DBC`, one part for each tag."""
    by_tag: dict[str, dict[str, None]] = {}
    for statement in found:
        named = statement.sources.split(", ") if statement.sources else []
        by_tag.setdefault(statement.tag, {}).update(dict.fromkeys(named))
    return "; ".join(f"[{tag}] {', '.join(sources)}".strip() for tag, sources in by_tag.items())


def address(section: str) -> Address:
    index, _, sub = section.partition("sub")
    return Address(int(index, 16), int(sub or "0", 16))


def objects(area: Area, dictionary: Dictionary, said: Remarks) -> Iterator[Sequence[str]]:
    """Rows of an area; mapping entries that map nothing are left out."""
    for section in area.sections:
        place = address(section)
        entry = dictionary.get(place)
        certain = certainty(said.statements[section])
        if "sub" not in section and f"{section}sub0" in said.statements:
            name = dictionary[place].parent_name
            yield f"**{place.index:04X}h**", f"**{name}**", *[""] * 7, certain, ""
        elif entry is None:
            raise LookupError(f"{place} stands in the EDS, and is not loaded")
        elif not (is_mapping(place) and entry.default == 0):
            yield (
                str(place),
                entry.name,
                entry.data_type.name,
                str(entry.access),
                "yes" if entry.pdo_mappable else "",
                said.written.get(section, ""),
                scale(entry),
                limits(entry),
                "*never*" if entry.refuse_write else "",
                certain,
                entry.description,
            )


def is_mapping(place: Address) -> bool:
    return place.index & 0xFE00 in (0x1600, 0x1A00) and place.sub > 0


def notes(area: Area, said: Remarks) -> Iterator[str]:
    for section in area.sections:
        place = str(address(section)) if "sub" in section else f"{address(section).index:04X}h"
        for statement in said.statements[section]:
            sources = f" ({statement.sources})" if statement.sources else ""
            yield f"- {place} [{statement.tag}] {statement.text}{sources}"


def layout(record: PdoRecord, cob_id: str) -> list[str]:
    """What lies where in the frames of one PDO."""
    rows = []
    for slot in record.mapping.slots:
        first, last = slot.offset // 8, (slot.offset + slot.bits - 1) // 8
        place = f"{first}" if first == last else f"{first}-{last}"
        rows.append((place, str(slot.address), slot.name, scale(slot.entry) if slot.entry else ""))
    timer = f", every {record.event_timer_ms} ms" if record.event_timer_ms else ""
    return [f"### {record.name}: {cob_id}{timer}", "", *table(("byte", "object", "name", "scale"), rows), ""]


def page() -> str:
    """The whole page."""
    said = remarks(EDS.read_text(encoding="ascii"))
    dictionary = load(EDS, NODE_ID)
    lines = [HEAD, "## Default PDO mapping", ""]
    lines += ["That of one unit. Others have others: read yours before sending anything.", ""]
    for record in defaults(dictionary).records:
        if record.enabled:
            lines += layout(record, said.written[f"{record.communication_index:04X}sub1"])
    for area in said.areas:
        lines += [f"## {area.title}", ""]
        lines += [area.introduction, ""] if area.introduction else []
        lines += [*table(COLUMNS, objects(area, dictionary, said)), "", *notes(area, said), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it has drifted."""
    drifted = "what the EDS says: run python tools/object_dictionary.py"
    return write_or_check(arguments, __doc__, PAGE, lambda _: page(), drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
