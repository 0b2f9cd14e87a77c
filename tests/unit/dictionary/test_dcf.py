"""DCFs: the file's own text with values in it, as our loader and as canopen read it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from canopen.objectdictionary import ODVariable, import_od

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dcf import parameter_text, write_dcf
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import UsageError

Write = Callable[[str | bytes], Path]
Build = Callable[[str], Dictionary]


def _var(index: str, kind: int, *keys: str, access: str = "rw") -> str:
    head = f"[{index}]\nParameterName=Object {index}\nDataType=0x{kind:04X}\nAccessType={access}\n"
    return head + "".join(f"{key}\n" for key in keys)


# Comments, blanks and spellings that must still be there afterwards.
SMALL = """\
; of a small device
[FileInfo]
FileName=small.eds
[DeviceInfo]
VendorName=Example
[MandatoryObjects]
SupportedObjects=1
1=0x1000
[OptionalObjects]
SupportedObjects=2
1=0x1017
2=0x2000

[1000]
ParameterName=Device Type
DataType=7
AccessType=ro

; about 1017h
[1017]
ParameterName = Heartbeat
DataType=6
AccessType=rw

; about 2000h
[2000]
ParameterName=Gain
DataType=3
AccessType=rw
parametervalue=7 ; by hand
DefaultValue=1
"""
SMALL_DCF = """\
; of a small device
[FileInfo]
FileName=my.dcf
LastEDS=device.eds
[DeviceInfo]
VendorName=Example
[MandatoryObjects]
SupportedObjects=1
1=0x1000
[OptionalObjects]
SupportedObjects=2
1=0x1017
2=0x2000

[1000]
ParameterName=Device Type
DataType=7
AccessType=ro

; about 1017h
[1017]
ParameterName = Heartbeat
DataType=6
AccessType=rw
ParameterValue=0x01F4

; about 2000h
[2000]
ParameterName=Gain
DataType=3
AccessType=rw
ParameterValue=-2
DefaultValue=1

[DeviceComissioning]
NodeID=10
NodeName=Charger left
Baudrate=500
"""


def _read_back(tmp_path: Path, text: str) -> Dictionary:
    path = tmp_path / "written.dcf"
    path.write_text(text, encoding="utf-8")
    return load(path)


def _canopen_reads(tmp_path: Path) -> Callable[[int, int], object]:
    od = import_od(str(tmp_path / "written.dcf"))

    def value(index: int, sub: int) -> object:
        found = od[index]
        var = found if isinstance(found, ODVariable) else found[sub]
        return var.value

    return value


def test_every_line_stays_and_values_are_put_in(write: Write) -> None:
    values = {Address(0x1017): b"\xf4\x01", Address(0x2000): b"\xfe\xff"}
    dictionary = load(write(SMALL), 10)
    written = write_dcf(dictionary, values, bitrate_kbits=500, node_name="Charger\n left", file_name="my.dcf")
    assert written == SMALL_DCF


def test_values_that_are_not_given_are_taken_out(write: Write, tmp_path: Path) -> None:
    dictionary = load(write(SMALL), 10)
    assert dictionary.parameter_values == {Address(0x2000): b"\x07\x00"}
    written = write_dcf(dictionary, {})
    assert "by hand" not in written
    assert _read_back(tmp_path, written).parameter_values == {}


def test_a_dcf_of_a_dcf_has_one_of_everything(tmp_path: Path, write: Write) -> None:
    first = _read_back(tmp_path, SMALL_DCF.replace("[DeviceComissioning]", "[DeviceCommissioning]"))
    values = {Address(0x2000): b"\x05\x00"}
    written = write_dcf(first, values, bitrate_kbits=250)
    again = written.replace("ParameterValue=5", "ParameterValue=-2").replace("rate=250", "rate=500")
    assert again == SMALL_DCF.replace("ParameterValue=0x01F4\n", "")


def test_commissioning_in_both_spellings_keeps_both(write: Write, tmp_path: Path) -> None:
    both = SMALL_DCF + "[DeviceCommissioning]\nNodeID=11\n"
    written = write_dcf(load(write(both), 12), {})
    assert (
        "[DeviceComissioning]\nNodeID=12\nNodeName=Charger left\nBaudrate=500\n[DeviceCommissioning]"
        in written
    )
    assert _read_back(tmp_path, written).node_id == 12


TYPES = (
    *(_var("2001", 1), _var("2002", 2), _var("2003", 0x15), _var("2004", 5), _var("2005", 0x1B)),
    *(_var("2006", 8), _var("2007", 0x11), _var("2008", 9), _var("2009", 0x0B), _var("200A", 0x0A)),
    _var("200B", 0x0F, "ObjectType=2"),
)


@pytest.mark.parametrize(
    ("index", "data", "text", "theirs"),
    [
        (0x2001, "01", "1", 1),
        (0x2002, "80", "-128", -128),
        (0x2003, "FE FF FF FF FF FF FF FF", "-2", -2),
        (0x2004, "0A", "0x0A", 10),
        (0x2005, "FF FF FF FF FF FF FF FF", "0xFFFFFFFFFFFFFFFF", 0xFFFF_FFFF_FFFF_FFFF),
        (0x2006, "CD CC CC 3D", "0.1", 0.1),
        (0x2006, "00 00 00 80", "-0", 0.0),
        (0x2006, "DB 0F 49 40", "3.1415927", 3.1415927),
        (0x2006, "A4 70 9D 3F", "1.23", 1.23),
        (0x2006, "02 00 C8 42", "100.000015", 100.000015),
        (0x2007, "9A 99 99 99 99 99 B9 3F", "0.1", 0.1),
        (0x2008, "61 20 3B 62", "a ;b", "a"),  # canopen takes what is behind a blank and ; for a comment
        (0x2008, "64 E9 6A 5B E0", "déj[à", "déj[à"),
        (0x2009, "3A 26 62 00", "☺b", "☺b"),
        (0x200A, "DE AD BE EF", "DEADBEEF", b"\xde\xad\xbe\xef"),
        (0x200B, "0A", "0A", b"\n"),
    ],
)
def test_values_of_every_kind(
    build: Build, tmp_path: Path, index: int, data: str, text: str, theirs: object
) -> None:
    dictionary = build("".join(TYPES))
    values = {Address(index): bytes.fromhex(data)}
    written = write_dcf(dictionary, values)
    assert f"\nParameterValue={text}\n" in written
    assert _read_back(tmp_path, written).parameter_values == values
    assert _canopen_reads(tmp_path)(index, 0) == theirs


@pytest.mark.parametrize(
    ("index", "data", "reason"),
    [
        (0x2004, "0A 00", "is UNSIGNED8 of 1 bytes, not of 2: 0a 00"),
        (0x2006, "00 00 80 7F", "inf is no number"),
        (0x2007, "00 00 00 00 00 00 F8 7F", "nan is no number"),
        (0x2008, "", "the text '' has no place in a line"),
        (0x2008, "61 0A 62", r"the text 'a\nb' has no place in a line"),
        (0x2008, "61 00 62", r"the text 'a\x00b' has no place in a line"),
        (0x2008, "61 20", "the text 'a ' has no place in a line"),
        (0x2009, "61", "is no UTF-16 text: 61"),
        (0x200B, "", "it is empty"),
    ],
)
def test_what_no_dcf_can_hold_is_refused(build: Build, index: int, data: str, reason: str) -> None:
    dictionary = build("".join(TYPES))
    entry = dictionary[Address(index)]
    with pytest.raises(UsageError) as caught:
        parameter_text(entry, bytes.fromhex(data))
    said = str(caught.value)
    assert said.startswith(f"{entry.address} Object {index:04X} cannot be written into a DCF: ")
    assert said.endswith(f"{reason}; leave it out")


def test_zeros_behind_a_text_are_not_kept(build: Build, tmp_path: Path) -> None:
    written = write_dcf(build("".join(TYPES)), {Address(0x2008): b"ab\0\0"})
    assert _read_back(tmp_path, written).parameter_values == {Address(0x2008): b"ab"}


def test_an_unknown_address_is_refused(build: Build) -> None:
    with pytest.raises(UsageError, match=r"2999h:00 is not in device\.eds"):
        write_dcf(build("".join(TYPES)), {Address(0x2999): b"\0"})


COMPACT = """\
[2100]
ParameterName=Channel
ObjectType=8
DataType=3
AccessType=rw
DefaultValue=1
CompactSubObj=4
ParameterValue=9
[2100Value]
NrOfEntries=2
1=5
04=8
[2101]
ParameterName=Other
ObjectType=8
DataType=5
AccessType=rw
CompactSubObj=2
"""


def test_compact_sub_objects_go_into_their_table(build: Build, tmp_path: Path) -> None:
    dictionary = build(COMPACT)
    assert dictionary.parameter_values == {
        Address(0x2100, 1): b"\x05\0",
        Address(0x2100, 2): b"\x09\0",
        Address(0x2100, 3): b"\x09\0",
        Address(0x2100, 4): b"\x08\0",
    }
    values = {Address(0x2100, 2): b"\xff\xff", Address(0x2100, 3): b"\x07\0", Address(0x2101, 2): b"\x03"}
    written = write_dcf(dictionary, values)
    assert "[2100Value]\nNrOfEntries=2\n2=-1\n3=7\n" in written
    assert "[2101Value]\nNrOfEntries=1\n2=0x03\n" in written
    assert "ParameterValue" not in written
    assert _read_back(tmp_path, written).parameter_values == values


def test_their_number_gets_a_section(build: Build, tmp_path: Path) -> None:
    values = {Address(0x2101): b"\x01"}
    written = write_dcf(build(COMPACT), values)
    assert "[2101sub0]\nParameterName=NrOfObjects\n" in written
    assert _read_back(tmp_path, written).parameter_values == values
    assert _canopen_reads(tmp_path)(0x2101, 0) == 1


def test_half_a_pdo_gets_its_other_half(build: Build, tmp_path: Path) -> None:
    half = """\
[1600]
ParameterName=RPDO1 mapping
ObjectType=9
SubNumber=2
[1600sub0]
ParameterName=Number
DataType=5
AccessType=rw
[1600sub01]
ParameterName=Slot 1
DataType=7
AccessType=rw
"""
    dictionary = build(half)
    values = {
        Address(0x1400, 1): b"\x0a\x02\0\0",
        Address(0x1400, 2): b"\xff",
        Address(0x1600, 1): b"\x10\0\0\x60",
    }
    written = write_dcf(dictionary, values)
    assert written.count("[1400]") == 1
    again = _read_back(tmp_path, written)
    assert again.parameter_values == values
    assert not [warning for warning in again.warnings if "half of" in warning]
    assert _canopen_reads(tmp_path)(0x1400, 2) == 0xFF


@pytest.mark.parametrize(
    "encoded",
    [SMALL.replace("Gain", "Größe").encode("latin-1"), SMALL.replace("Gain", "Größe").encode("utf-16")],
)
def test_other_encodings_and_line_ends(write: Write, tmp_path: Path, encoded: bytes) -> None:
    dictionary = load(write(encoded.replace(b"\n", b"\r\n") if b"\0" not in encoded else encoded), 10)
    again = _read_back(tmp_path, write_dcf(dictionary, {Address(0x2000): b"\x02\0"}))
    assert again.parameter_values == {Address(0x2000): b"\x02\0"}
    assert again[Address(0x2000)].name == "Größe"
    assert again.warnings == ()


def test_a_file_without_a_line_end_and_without_file_info(tmp_path: Path, write: Write) -> None:
    bare = "[2000]\nParameterName=Gain\nDataType=5\nAccessType=rw"
    written = write_dcf(load(write(bare), 10), {Address(0x2000): b"\x02"})
    assert written.startswith(bare + "\nParameterValue=0x02\n")
    assert written.endswith("\n[DeviceComissioning]\nNodeID=10\n\n[FileInfo]\nLastEDS=device.eds\n")


def test_the_shipped_eds_comes_back_value_by_value(tmp_path: Path) -> None:
    dictionary = load(eds_path(), 11)
    values = {entry.address: data for entry in dictionary if (data := entry.default_bytes)}
    assert len(values) > 300
    written = write_dcf(dictionary, values, bitrate_kbits=500)
    again = _read_back(tmp_path, written)
    assert again.parameter_values == values
    assert again.warnings == ()
    od = import_od(str(tmp_path / "written.dcf"))
    assert (od.node_id, od.bitrate) == (11, 500_000)
    theirs = {address: again[address].decode(data) for address, data in values.items()}
    read = _canopen_reads(tmp_path)
    assert {address: read(address.index, address.sub) for address in values} == theirs
    kept = iter(written.splitlines())
    assert all(line in kept for line in eds_path().read_text().splitlines())
