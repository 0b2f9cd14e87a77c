"""The shipped EDS against the facts: the vendor's object table, the notes, the recordings, the data sheet.

The file is read here by configparser alone; nothing of ours stands between it and the facts.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from configparser import RawConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EDS = ROOT / "eds" / "ICL1500-85.eds"
TABLE = Path(__file__).parent / "data" / "objects.tsv"

TEXT = EDS.read_text(encoding="ascii")
SECTION = re.compile(r"([0-9A-F]{4})(?:sub([0-9A-F]+))?")
STATEMENT = re.compile(r"; \[(?P<tag>[CIU])\](?: (?P<sources>[^:]+))?: (?P<text>\S.*)")
SOURCES = {"N", "G", "E31", "E31/E34", "DBC", "CAP1", "CAP2", "DW", "OL", "S301", "S419", "SPEC"}
CODES = {"BOOLEAN": 1, "INTEGER8": 2, "INTEGER16": 3, "UNSIGNED8": 5, "UNSIGNED16": 6, "UNSIGNED32": 7}
CODES |= {"REAL32": 8, "VISIBLE_STRING": 9, "DOMAIN": 15}


def read_eds() -> RawConfigParser:
    parser = RawConfigParser(inline_comment_prefixes=(";",))
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(TEXT)
    return parser


def read_comments() -> dict[str, list[str]]:
    """Comment lines directly above each section."""
    above: list[str] = []
    comments = {}
    for line in TEXT.splitlines():
        if line.startswith("["):
            comments[line.strip("[]")] = above
        above = [*above, line] if line.startswith(";") else []
    return comments


def read_table() -> dict[tuple[int, int], dict[str, str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t")
    return {(int(row["index"], 16), int(row["sub"], 16)): row for row in rows}


FILE = read_eds()
COMMENTS = read_comments()
ROWS = read_table()
OBJECTS = [name for name in FILE.sections() if SECTION.fullmatch(name)]


def key(index: int, sub: int) -> str:
    return f"{index:04X}" if ROWS[index, sub]["kind"] == "VAR" else f"{index:04X}sub{sub:X}"


def value(index: int, sub: int, option: str) -> str | None:
    return FILE.get(key(index, sub), option, fallback=None)


def number(text: str) -> int:
    """An integer of the table or of the EDS, for the node-ID 10."""
    return int(text.replace("$NODEID+", ""), 0) + 10 if "$NODEID" in text else int(text, 0)


def test_every_row_of_the_table_is_there_and_nothing_else() -> None:
    parents = {f"{index:04X}" for index, sub in ROWS if ROWS[index, sub]["kind"] != "VAR"}
    assert sorted(OBJECTS) == sorted(parents | {key(*address) for address in ROWS})
    for (index, sub), row in ROWS.items():
        name = key(index, sub)
        assert int(FILE[name]["DataType"], 16) == CODES[row["type"]], name
        assert FILE[name]["AccessType"] == row["access"], name
        assert FILE[name]["PDOMapping"] == row["pdo_mappable"], name
        assert FILE[name]["ObjectType"] == "0x7", name
    for name in parents:
        rows = [row for (index, _), row in ROWS.items() if index == int(name, 16)]
        assert FILE[name]["ObjectType"] == {"ARRAY": "0x8", "RECORD": "0x9"}[rows[0]["kind"]], name
        assert int(FILE[name]["SubNumber"]) == len(rows), name
        assert FILE[name]["ParameterName"] == rows[0]["name"].split(" / ")[0], name


# Two entries of one name would hide each other, and a loop over the PDOs wants one spelling.
RENAMED = {(0x1003, sub): f"Standard Error Field {sub}" for sub in range(1, 11)} | {
    (0x1400, 5): "Event Timer"
}


def test_names_are_those_of_the_table_and_unique() -> None:
    renamed = {}
    for address, row in ROWS.items():
        name = value(*address, "ParameterName")
        if name != row["name"].split(" / ")[-1]:
            renamed[address] = name
    assert renamed == RENAMED
    objects = Counter(FILE[name]["ParameterName"] for name in OBJECTS if "sub" not in name)
    members = Counter((name[:4], FILE[name]["ParameterName"]) for name in OBJECTS if "sub" in name)
    assert max(objects.values()) == max(members.values()) == 1


# Where a default is not the table's, and why.
NOT_MEANT = {(0x2271, 0), (0x2276, 0), (0x2277, 0), (0x2278, 0), (0x227A, 0), (0x227B, 0)}
"""All ones = ignore, above the limit: stands in the comment."""
STATED_BY_GLOSSARY = {
    (0x1F80, 0): 0,
    (0x2072, 0): 0,
    (0x2FFA, 1): 0,
    (0x2FFA, 2): 0,
    (0x4201, 0): 0,
    (0x6010, 0): -32768,
    (0x6060, 0): 0xFFFFFFFF,
    (0x6081, 0): 0,
}
SIGNED = {(0x2051, sub): -128 for sub in range(1, 5)}
"""80h in the table, which is -128 in an INTEGER8."""
MEASURED = {(0x1801, 5): 1000, (0x1802, 5): 1000}
DISABLED = {(0x1402, 1): 0x8000040A, (0x1403, 1): 0x8000050A, (0x1803, 1): 0x8000048A}
"""Enabled in the vendor's standard; not in the notes' list of RPDOs, not seen on the bus."""
MAPPINGS = {
    # RPDO1 and RPDO2 as the notes read them, TPDO1 to TPDO3 as the recordings show them.
    0x1600: (0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008),
    0x1601: (0x2FFA0108, 0x2FFA0108, 0x20020010, 0x21010010, 0x60100010),
    0x1602: (),
    0x1A00: (0x20020010, 0x21010010, 0x20060010, 0x2FFA0208, 0x2FFA0208),
    0x1A01: (0x20050110, 0x20090120, 0x200A0110),
    0x1A02: (0x20600020, 0x22000010, 0x60800008, 0x2FFA0208),
}


def test_defaults_are_those_of_the_table_but_for_the_reasons_above() -> None:
    expected: dict[tuple[int, int], int | None] = {
        address: number(row["default"]) if row["default"] else None for address, row in ROWS.items()
    }
    expected |= dict.fromkeys(NOT_MEANT) | STATED_BY_GLOSSARY | SIGNED | MEASURED | DISABLED
    for index, words in MAPPINGS.items():
        expected |= {(index, 0): len(words)} | {(index, sub): 0 for sub in range(1, 9)}
        expected |= {(index, sub): word for sub, word in enumerate(words, 1)}
    found = {}
    for address in ROWS:
        default = value(*address, "DefaultValue")
        found[address] = None if default is None else number(default)
    assert found == expected


def test_an_invalid_default_above_the_limit_stands_in_the_comment() -> None:
    for index, sub in NOT_MEANT:
        invalid = "FFFFFFFFh" if index == 0x2271 else "FFFFh"
        assert f"default on the device: {invalid}," in "\n".join(COMMENTS[key(index, sub)])


def test_the_mapped_objects_fit_their_words() -> None:
    for index, words in MAPPINGS.items():
        assert sum(word & 0xFF for word in words) in (0, 64), f"{index:X}"
        for word in words:
            row = ROWS[word >> 16, word >> 8 & 0xFF]
            assert row["pdo_mappable"] == "1"
            assert row["type"] in (f"UNSIGNED{word & 0xFF}", f"INTEGER{word & 0xFF}")


def test_cob_ids_of_this_unit() -> None:
    stated = {
        index: value(index, 1, "DefaultValue") for index in (*range(0x1400, 0x1403), *range(0x1800, 0x1805))
    }
    assert stated == {
        0x1400: "$NODEID+0x200",
        0x1401: "$NODEID+0x300",
        0x1402: "$NODEID+0x80000400",
        0x1800: "$NODEID+0x180",
        0x1801: "$NODEID+0x280",
        0x1802: "$NODEID+0x380",
        0x1803: "$NODEID+0x80000480",
        0x1804: "0x80000000",
    }
    assert [value(0x1800 + n, 5, "DefaultValue") for n in range(4)] == ["200", "1000", "1000", "1000"]


LIMITS = {
    # 85 V and 25 A in the raw unit of each alias.
    (0x2271, 0): 87040,
    (0x2276, 0): 21760,
    (0x2277, 0): 8500,
    (0x2278, 0): 1360,
    (0x2279, 0): 85,
    (0x227A, 0): 850,
    (0x227B, 0): 1700,
    (0x2150, 0): 10880,
    (0x4208, 0): 21760,
    (0x6070, 0): 400,
    (0x2070, 0): 250,
    (0x2071, 0): 50,
    (0x2072, 0): 25,
    (0x2073, 0): 500,
    # What the other bits and values mean is known: nothing.
    (0x1029, 1): 2,
    (0x4201, 0): 3,
    (0x6000, 0): 1,
}


def test_limits() -> None:
    found = {}
    for address in ROWS:
        low, high = value(*address, "LowLimit"), value(*address, "HighLimit")
        assert (low, high is None) in ((None, True), ("0", False)), key(*address)
        if high is not None:
            found[address] = int(high)
    assert found == LIMITS


# Factors that do not follow from the table's scale: unresolved ones, and units put into the house's.
CHOSEN = {(0x2005, 1): 10.0, (0x2005, 2): 10.0, (0x2280, 2): 60.0}
CHOSEN |= {(0x2500, 0x03): 1_000_000 / 2**20, (0x2500, 0x12): 1_000_000 / 2**20}
WORDS = {
    "A": ("Amp", "Amps", "Ampere"),
    "Ah": ("Amp-hour",),
    "V": ("V", "Volt", "RMS Volt"),
    "W": ("Watt",),
    "Wh": ("Watt-hour", "MegaWatt-hour"),
    "degC": ("degree C", "degrees C"),
    "s": ("second", "Second", "Seconds", "Minutes"),
    "ms": ("millisecond", "microsecond"),
    "h": ("Hour",),
    "%": ("Percent",),
    "mOhm": ("milliohm",),
}
UNITS = {word: unit for unit, words in WORDS.items() for word in words}


def factor(scale: str) -> float:
    """Factor of a scale as the table writes it: Q8, 10 mV, 100 microsecond (as ms), 0.125, nothing."""
    if scale.startswith("Q"):
        return 2.0 ** -int(scale[1:])
    figure, _, prefixed = scale.partition(" ")
    return float(figure or 1) * (0.001 if prefixed else 1.0)


def test_every_scaled_object_has_factor_unit_and_description() -> None:
    scaled = {address: row for address, row in ROWS.items() if row["unit"]}
    assert len(scaled) == 95
    for address, row in scaled.items():
        name = key(*address)
        assert float(FILE[name]["Factor"]) == CHOSEN.get(address, factor(row["scale"])), name
        assert FILE[name]["Unit"] == UNITS[row["unit"]], name
        assert FILE[name]["Description"], name
    others = set(OBJECTS) - {key(*address) for address in scaled}
    assert not [name for name in others if "Factor" in FILE[name] or "Unit" in FILE[name]]


def test_what_must_not_be_written_says_so_and_why() -> None:
    guarded = {key(*address) for address, row in ROWS.items() if row["note"].startswith("never write")}
    assert {name for name in OBJECTS if "ObjFlags" in FILE[name]} == guarded
    for name in guarded:
        assert FILE[name]["ObjFlags"] == "0x1"
        assert len(FILE[name]["Description"]) > len("Never write: ")
        assert FILE[name]["Description"].startswith("Never write: ")
    assert {"2032", "2150", "2241", "2275", "4000", "4002", "4208", "1F50sub1", "2501sub1"} < guarded


def test_every_object_has_its_source_and_certainty() -> None:
    for name in OBJECTS:
        comment = COMMENTS[name]
        assert comment or "sub" in name, name
        for line in comment:
            statement = STATEMENT.fullmatch(line)
            assert statement or (line.startswith(";     ") and line is not comment[0]), f"{name}: {line}"
            if statement:
                named = (statement["sources"] or "").split(", ") if statement["sources"] else []
                assert set(named) <= SOURCES, f"{name}: {line}"
                assert named or statement["tag"] != "C", f"{name} is certain by nobody's word: {line}"


def test_the_lists_name_every_object_in_order() -> None:
    listed = []
    for name in ("MandatoryObjects", "OptionalObjects", "ManufacturerObjects"):
        count = int(FILE[name]["SupportedObjects"])
        assert len(FILE[name]) == count + 1
        listed.append([int(FILE[name][str(n)], 16) for n in range(1, count + 1)])
    mandatory, optional, manufacturer = listed
    assert mandatory == [0x1000, 0x1001, 0x1018]
    assert all(0x2000 <= index < 0x6000 for index in manufacturer)
    assert not [index for index in optional if 0x2000 <= index < 0x6000]
    assert sorted(mandatory + optional + manufacturer) == sorted({index for index, _ in ROWS})
    split = [SECTION.fullmatch(name) for name in OBJECTS]
    order = [(int(m[1], 16), int(m[2] or "-1", 16)) for m in split if m]
    assert order == sorted(order)


def test_what_it_says_of_the_device() -> None:
    info = FILE["DeviceInfo"]
    assert int(info["VendorNumber"], 16) == 0x110 == number(FILE["1018sub1"]["DefaultValue"])
    rates = {option: info[option] for option in info if option.startswith("BaudRate_")}
    assert {rate for rate in rates if rates[rate] == "1"} == {f"BaudRate_{k}" for k in (125, 250, 500, 1000)}
    assert {rates[f"BaudRate_{k}"] for k in (10, 20, 50, 800)} == {"0"}
    assert (info["NrOfRXPDO"], info["NrOfTXPDO"], info["Granularity"], info["LSS_Supported"]) == (*"888", "0")
    assert dict(FILE["DummyUsage"]) == {f"Dummy000{n}": "0" for n in range(1, 8)}
    assert len(FILE["Comments"]) == int(FILE["Comments"]["Lines"]) + 1
    assert "NOT THE VENDOR'S FILE" in TEXT.partition("[FileInfo]")[0]
