"""Objects, their values and limits: what is taken as it stands, repaired, or refused with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.entry import Access, DataType, Entry, Value
from deltaq_master.errors import FileError

Write = Callable[[str | bytes], Path]
Complete = Callable[[str], str]
Build = Callable[[str], Dictionary]

# The first line of a body behind the head of conftest.py.
BODY = 13


def one(build: Build, keys: str, sub: int = 0) -> tuple[Entry, list[str]]:
    """The entry [2000] with these keys, and what was said about it without the line's number."""
    body = "[2000]\nParameterName=Value\n"
    for default in ("DataType=0x0006", "AccessType=rw"):
        if default.partition("=")[0] not in keys:
            body += default + "\n"
    dictionary = build(body + keys)
    return dictionary[Address(0x2000, sub)], [w.partition(": ")[2] for w in dictionary.warnings]


def test_everything_that_an_eds_says(build: Build) -> None:
    dictionary = build(
        """[2271]
ParameterName=Voltage Request
ObjectType=0x7
DataType=0x0007
AccessType=rww
DefaultValue=0x15000
PDOMapping=1
LowLimit=0
HighLimit=87040
ObjFlags=0x1
Factor=0.0009765625
Unit=V
Description=Output voltage; Q10
Denotation=Target
"""
    )
    assert dictionary.warnings == ()
    assert dictionary[Address(0x2271)] == Entry(
        address=Address(0x2271),
        name="Voltage Request",
        data_type=DataType.UNSIGNED32,
        access=Access.RWW,
        pdo_mappable=True,
        default=86016,
        low=0,
        high=87040,
        factor=1 / 1024,
        unit="V",
        description="Output voltage; Q10",
        flags=1,
        parent_name="",
        denotation="Target",
    )


def test_what_it_does_not_say(build: Build) -> None:
    entry, warnings = one(
        build, "DefaultValue=\nLowLimit=\nHighLimit=\nFactor=\nUnit=\nPDOMapping=\nObjFlags=\n"
    )
    assert entry == Entry(Address(0x2000), "Value", DataType.UNSIGNED16, Access.RW)
    assert warnings == []


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("0x0001", "1", 1),
        ("0x0002", "-5", -5),
        ("0x0003", "-320", -320),
        ("0x0010", "-8388608", -8388608),
        ("0x0015", "-9223372036854775808", -9223372036854775808),
        ("0x0005", "0x4C", 0x4C),
        ("0x0007", "$NODEID+0x80", 0x8A),
        ("0x0007", "0x40000180 + $nodeid ; its COB-ID", 0x4000018A),
        ("0x0007", "0x600-$NODEID", 0x5F6),
        ("0x001B", "0xFFFFFFFFFFFFFFFF", 0xFFFFFFFFFFFFFFFF),
        ("0x0008", "-1.5", -1.5),
        ("0x0011", "1e-3", 0.001),
        ("0x0008", "; none", None),
        ("0x0006", "; none", None),
        ("0x0009", "ICL1500 ; 85 V", "ICL1500 ; 85 V"),
        ("0x000B", "Größe", "Größe"),
        ("0x000A", "01 02 ff", b"\x01\x02\xff"),
        ("0x000A", "0x0102", b"\x01\x02"),
        ("0x000F", "AA55", b"\xaa\x55"),
        ("0x000C", "010203040506", b"\x01\x02\x03\x04\x05\x06"),
        ("7", "1", 1),
        ("00000007", "1", 1),
    ],
)
def test_defaults_of_every_kind(build: Build, kind: str, text: str, value: Value | None) -> None:
    entry, warnings = one(build, f"DataType={kind}\nDefaultValue={text}\n")
    assert entry.default == value
    assert type(entry.default) is type(value)
    assert warnings == []


@pytest.mark.parametrize(
    ("kind", "text", "value", "warning"),
    [
        ("0x0002", "0xFF", -1, "DefaultValue=0xFF: taken for the bits of INTEGER8, which are -1"),
        (
            "0x0003",
            "0x8000",
            -32768,
            "DefaultValue=0x8000: taken for the bits of INTEGER16, which are -32768",
        ),
        ("0x0002", "0x100", None, "DefaultValue=0x100 is not taken: INTEGER8 holds -128 to 127"),
        ("0x0002", "-129", None, "DefaultValue=-129 is not taken: INTEGER8 holds -128 to 127"),
        ("0x0005", "256", None, "DefaultValue=256 is not taken: UNSIGNED8 holds 0 to 255"),
        ("0x0005", "-1", None, "DefaultValue=-1 is not taken: UNSIGNED8 holds 0 to 255"),
        ("0x0001", "2", None, "DefaultValue=2 is not taken: BOOLEAN holds 0 to 1"),
        ("0x0005", "08", 8, "DefaultValue=08: no octal number, read as 8"),
        ("0x0005", "010", 8, "DefaultValue=010: read as octal, which is 8"),
        ("0x0008", "0x3FC00000", 1.5, "DefaultValue=0x3FC00000: taken for the bits of REAL32, which are 1.5"),
        (
            "0x0011",
            "0xC000000000000000",
            -2.0,
            "DefaultValue=0xC000000000000000: taken for the bits of REAL64, which are -2",
        ),
        ("0x0008", "0x1FFFFFFFF", None, "DefaultValue=0x1FFFFFFFF is not taken: REAL32 holds no such number"),
        ("0x0008", "1e39", None, "DefaultValue=1e39 is not taken: REAL32 holds no such number"),
        ("0x0011", "1e999", None, "DefaultValue=1e999 is not taken: REAL64 holds no such number"),
        ("0x000A", "hello", None, "DefaultValue=hello is not taken: OCTET_STRING is written in hexadecimal"),
        ("0x000C", "0102", None, "DefaultValue=0102 is not taken: TIME_OF_DAY has 6 bytes"),
    ],
)
def test_defaults_that_are_repaired_or_not_taken(
    build: Build, kind: str, text: str, value: Value | None, warning: str
) -> None:
    entry, warnings = one(build, f"DataType={kind}\nDefaultValue={text}\n")
    assert entry.default == value
    assert warnings == [warning]


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("0x0008", "-1.5", "2.5"),
        ("0x0010", "-8388608", "8388607"),
        ("0x0001", "0", "1"),
        ("0x0018", "1", "0xFFFFFFFFFF"),
    ],
)
def test_limits_of_every_number(build: Build, kind: str, low: str, high: str) -> None:
    entry, warnings = one(build, f"DataType={kind}\nLowLimit={low}\nHighLimit={high}\n")
    assert (entry.low, entry.high) == (float(low), float(high) if "0x" not in high else int(high, 0))
    assert warnings == []


def test_limits_that_are_repaired_or_not_taken(build: Build) -> None:
    entry, warnings = one(build, "DataType=0x0002\nLowLimit=0x80\nHighLimit=0x7F\n")
    assert (entry.low, entry.high) == (-128, 127)
    assert warnings == ["LowLimit=0x80: taken for the bits of INTEGER8, which are -128"]
    entry, warnings = one(build, "DataType=0x0005\nHighLimit=0xFFFF\n")
    assert entry.high is None
    assert warnings == ["HighLimit=0xFFFF is not taken: UNSIGNED8 holds 0 to 255"]
    entry, warnings = one(build, "DataType=0x0009\nLowLimit=0\n")
    assert entry.low is None
    assert warnings == ["LowLimit=0 is not taken: VISIBLE_STRING has no limits"]
    entry, warnings = one(build, "LowLimit=2\nHighLimit=1\n")
    assert (entry.low, entry.high) == (2, 1)
    assert warnings == ["[2000] has its LowLimit over its HighLimit: no value fits"]


def test_a_dcf_s_value_wins_over_the_default(build: Build) -> None:
    entry, _ = one(build, "DefaultValue=1\nParameterValue=2\n")
    assert entry.default == 2
    entry, _ = one(build, "DefaultValue=1\nParameterValue=\n")
    assert entry.default == 1
    entry, _ = one(build, "DefaultValue=1\nParameterValue=0\n")
    assert entry.default == 0


@pytest.mark.parametrize(
    ("text", "access", "warnings"),
    [
        ("RWW", "rww", []),
        ("const ; for good", "const", []),
        ("R", "ro", ["AccessType=R: taken for ro"]),
        ("w", "wo", ["AccessType=w: taken for wo"]),
        ("wr", "rw", ["AccessType=wr: taken for rw"]),
        ("", "ro", ["[2000] has no AccessType, taken for ro"]),
    ],
)
def test_access(build: Build, text: str, access: str, warnings: list[str]) -> None:
    entry, said = one(build, f"AccessType={text}\n")
    assert (entry.access, said) == (access, warnings)


@pytest.mark.parametrize(
    ("keys", "line", "problem"),
    [
        (
            "DataType=6\nAccessType=maybe\n",
            4,
            "AccessType: 'maybe' is no access; one of ro, wo, rw, rwr, rww, const",
        ),
        ("DataType=U16\nAccessType=rw\n", 3, "DataType: 'U16' is no number"),
        ("datatype=\nAccessType=rw\n", 1, "[2000] has no DataType"),
        ("DataType=6\nAccessType=rw\nDefaultValue=ten\n", 5, "DefaultValue: 'ten' is no number"),
        ("DataType=8\nAccessType=rw\nHIGHLIMIT=1,5\n", 5, "HIGHLIMIT: '1,5' is no number"),
        ("DataType=8\nAccessType=rw\nHighLimit=0xyz\n", 5, "HighLimit: '0xyz' is no number"),
        ("DataType=6\nAccessType=rw\nFactor=1/16\n", 5, "Factor: '1/16' is no number over 0"),
        ("DataType=6\nAccessType=rw\nFactor=0\n", 5, "Factor: '0' is no number over 0"),
        ("DataType=6\nAccessType=rw\nFactor=1e999\n", 5, "Factor: '1e999' is no number over 0"),
        (
            "ObjectType=8\nDataType=6\nAccessType=rw\nCompactSubObj=255\n",
            6,
            "CompactSubObj: 255 is not within 0 to 254",
        ),
    ],
)
def test_broken_values_are_named_with_their_line(
    write: Write, complete: Complete, keys: str, line: int, problem: str
) -> None:
    path = write(complete("[2000]\nParameterName=Value\n" + keys))
    with pytest.raises(FileError) as caught:
        load(path, 10)
    assert str(caught.value) == f"{path}:{BODY - 1 + line}: {problem}"


def test_a_name_is_made_where_there_is_none(build: Build) -> None:
    dictionary = build("[2000]\nDataType=5\nAccessType=ro\n")
    assert dictionary[Address(0x2000)].name == "2000h"
    assert dictionary.warnings == ("line 13: [2000] has no ParameterName, called 2000h",)


def test_unknown_keys_are_said_once(build: Build) -> None:
    _, warnings = one(
        build,
        "DataType=5\nAccessType=rw\nHighLimt=5\n[2001]\nParameterName=B\nDataType=5\nAccessType=ro\nhighlimt=6\n",
    )
    assert warnings == ["HighLimt is no known key (2 times in the file); not read"]


def test_domain_needs_no_data_type(build: Build) -> None:
    entry, warnings = one(build, "ObjectType=0x2\nDataType=\nAccessType=rw\n")
    assert (entry.data_type, warnings) == (DataType.DOMAIN, [])
    entry, _ = one(build, "ObjectType=0x2\nDataType=0x0009\nAccessType=rw\n")
    assert entry.data_type is DataType.VISIBLE_STRING


def test_unknown_data_types_are_bytes(build: Build) -> None:
    entry, warnings = one(build, "DataType=0x00A0\n")
    assert entry.data_type is DataType.DOMAIN
    assert warnings == ["[2000] has an unknown DataType, taken for DOMAIN"]


@pytest.mark.parametrize("name", ["A0", "00A0"])
def test_data_types_of_canfestival_s_editor(build: Build, name: str) -> None:
    definition = f"[{name}]\nParameterName=INTEGER16[0-100]\nObjectType=0x5\n[{name}sub1]\nDefaultValue=0x3\n"
    entry, warnings = one(build, "DataType=0x00A0\n" + definition)
    assert entry.data_type is DataType.INTEGER16
    assert warnings == []


# --- objects with sub-objects -----------------------------------------------------------------------------

RECORD = """[1018]
ParameterName=Identity Object
ObjectType=0x9
SubNumber=2
ObjFlags=0x1
[1018sub0]
ParameterName=number of entries
DataType=0x0005
AccessType=ro
DefaultValue=1
[1018sub1]
ParameterName=Vendor Id
DataType=0x0007
AccessType=ro
ObjFlags=0x2
DefaultValue=0x110
"""


def test_record(build: Build) -> None:
    dictionary = build(RECORD)
    assert dictionary.warnings == ()
    vendor = dictionary[Address(0x1018, 1)]
    assert (vendor.full_name, vendor.default, vendor.parent_name) == (
        "Identity Object.Vendor Id",
        0x110,
        "Identity Object",
    )
    # flags of the object hold for its sub-objects
    assert (dictionary[Address(0x1018)].flags, vendor.flags) == (1, 3)


def test_order_of_sections_does_not_matter(build: Build) -> None:
    head, zero, one_ = RECORD.split("[1018sub")
    assert list(build("[1018sub" + one_ + "[1018sub" + zero + head)) == list(build(RECORD))


def test_sub_indices_are_hexadecimal(build: Build) -> None:
    dictionary = build(
        "[2000]\nParameterName=A\nObjectType=9\n[2000subfE]\nParameterName=B\nDataType=5\nAccessType=ro\n"
    )
    assert [entry.address.sub for entry in dictionary][1:] == [0xFE]
    assert dictionary.od["A.B"].index == 0x2000


def test_missing_sub_objects_are_noticed(build: Build) -> None:
    assert build(RECORD.replace("SubNumber=2", "SubNumber=3")).warnings == (
        "line 16: [1018] has 2 sub-objects, SubNumber says 3",
    )
    dictionary = build("[1018]\nParameterName=Identity Object\nObjectType=9\n")
    assert dictionary.warnings == ("line 13: [1018] has no sub-objects, nothing of it can be reached",)
    assert dictionary.get(Address(0x1018)) is None


def test_sub_objects_without_an_object(write: Write, complete: Complete) -> None:
    dictionary = load(write(complete("[2001sub1]\nParameterName=B\nDataType=5\nAccessType=ro\n")), 10)
    assert dictionary[Address(0x2001, 1)].full_name == "2001h.B"
    assert dictionary.warnings == (
        "line 13: 2001h is not listed, but has a section; it is taken",
        "line 13: [2001sub1] has no [2001]; read as part of a RECORD",
    )


@pytest.mark.parametrize("kind", ["ObjectType=0x7\n", "", "ObjectType=0x2\n"])
def test_a_variable_with_sub_objects_is_a_record(build: Build, kind: str) -> None:
    dictionary = build(RECORD.replace("ObjectType=0x9\n", kind))
    assert dictionary[Address(0x1018, 1)].default == 0x110
    number = {"ObjectType=0x2\n": 2}.get(kind, 7)
    assert dictionary.warnings == (
        f"line 13: [1018] has sub-objects, read as RECORD and not as type {number}",
    )


def test_objects_of_no_kind(build: Build) -> None:
    _, warnings = one(build, "ObjectType=0x0\n")
    assert warnings == ["[2000] is no object that holds a value, read as VAR and not as type 0"]


COMPACT = """[1003]
ParameterName=Error
ObjectType=0x8
DataType=0x0007
AccessType=ro
ObjFlags=0x1
DefaultValue=$NODEID
CompactSubObj=3
"""


def test_compact_sub_objects_are_expanded(build: Build) -> None:
    dictionary = build(COMPACT)
    assert dictionary.warnings == ()
    assert [(str(e.address), e.full_name, e.default) for e in dictionary][1:] == [
        ("1003h:00", "Error.NrOfObjects", 3),
        ("1003h:01", "Error.Error1", 10),
        ("1003h:02", "Error.Error2", 10),
        ("1003h:03", "Error.Error3", 10),
    ]
    assert dictionary[Address(0x1003, 3)].data_type is DataType.UNSIGNED32
    assert dictionary[Address(0x1003, 3)].refuse_write


def test_compact_sub_objects_have_tables_of_their_own(build: Build) -> None:
    dictionary = build(
        COMPACT
        + "[1003Name]\nNrOfEntries=1\n02=Second\n[1003Value]\nNrOfEntries=2\n1=5\n2=0x20\n[1003Denotation]\n3=Here\n"
    )
    assert dictionary.warnings == ()
    assert [(e.name, e.default, e.denotation) for e in dictionary][2:] == [
        ("Error1", 5, ""),
        ("Second", 0x20, ""),
        ("Error3", 10, "Here"),
    ]


def test_compact_records_and_values_for_all(build: Build) -> None:
    body = COMPACT.replace("0x8", "0x9") + "ParameterValue=7\n[1003Value]\n2=8\n"
    assert [e.default for e in build(body)][1:] == [3, 7, 8, 7]


def test_sub_objects_described_apart_win(build: Build) -> None:
    body = COMPACT + "[1003sub0]\nParameterName=Number of Errors\nDataType=5\nAccessType=rw\nDefaultValue=0\n"
    dictionary = build(body)
    assert dictionary[Address(0x1003)].name == "Number of Errors"
    assert dictionary[Address(0x1003)].default == 0
    assert len(dictionary) == 5


def test_compact_tables_that_lead_nowhere(build: Build) -> None:
    dictionary = build(COMPACT + "[1003Name]\n4=Fourth\nx=y\n0=Zero\n[2000Value]\n1=1\n")
    assert dictionary.warnings == (
        "line 22: [1003Name] has 4, which is no sub-object; not read",
        "line 23: [1003Name] has x, which is no sub-object; not read",
        "line 24: [1003Name] has 0, which is no sub-object; not read",
        "line 25: [2000Value] belongs to no CompactSubObj; not read",
    )


def test_compact_variable_is_an_array(build: Build) -> None:
    dictionary = build(COMPACT.replace("ObjectType=0x8", "ObjectType=0x7"))
    assert len(dictionary) == 5
    assert dictionary.warnings == ("line 13: [1003] has sub-objects, read as ARRAY and not as type 7",)


def test_a_file_without_objects(write: Write) -> None:
    with pytest.raises(FileError, match="describes no object; an EDS or DCF file is needed"):
        load(write("[FileInfo]\nFileName=a.eds\n"), 10)
