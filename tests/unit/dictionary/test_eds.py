"""Loading a file for a node-ID, finding entries in it, and what canopen gets of it."""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from io import StringIO
from pathlib import Path

import pytest
from canopen import RemoteNode
from canopen.objectdictionary import ObjectDictionary, ODRecord, ODVariable, export_od, import_od
from hypothesis import event, given, settings
from hypothesis import strategies as st

from deltaq_master.dictionary import eds
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.mapping import defaults
from deltaq_master.errors import FileError, UsageError

Write = Callable[[str | bytes], Path]
Complete = Callable[[str], str]
Build = Callable[[str], Dictionary]

IDENTITY = """[1018]
ParameterName=Identity Object
ObjectType=0x9
SubNumber=3
[1018sub0]
ParameterName=number of entries
ObjectType=0x7
DataType=0x0005
AccessType=ro
DefaultValue=2
[1018sub1]
ParameterName=Vendor Id
DataType=0x0007
AccessType=ro
DefaultValue=0x110
[1018sub2]
ParameterName=Product Code
DataType=0x0007
AccessType=ro
"""
VOLTAGES = """[2271]
ParameterName=Voltage Request
DataType=0x0007
AccessType=rww
[2276]
ParameterName=Voltage Request
DataType=0x0006
AccessType=rww
Factor=0.00390625
Unit=V
"""


def test_entries_by_address_in_order(build: Build) -> None:
    dictionary = build(VOLTAGES + IDENTITY)
    assert [str(entry.address) for entry in dictionary] == [
        *("1000h:00", "1018h:00", "1018h:01", "1018h:02", "2271h:00", "2276h:00"),
    ]
    assert len(dictionary) == 6
    assert dictionary.indices == {0x1000, 0x1018, 0x2271, 0x2276}
    assert Address(0x2276) in dictionary
    assert Address(0x2277) not in dictionary
    assert dictionary.get(Address(0x2277)) is None
    assert dictionary.node_id == 10
    assert dictionary.path.name == "device.eds"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (Address(0x2277), "2277h:00 is not in device.eds; near it are 1018h, 2271h, 2276h"),
        (
            Address(0x1018, 5),
            "1018h:05 is not in device.eds; 1018h has 1018h:00 'Identity Object.number of entries', "
            "1018h:01 'Identity Object.Vendor Id', 1018h:02 'Identity Object.Product Code'",
        ),
        (Address(0x2000), "2000h:00 is not in device.eds; near it are 1018h, 2271h, 2276h"),
    ],
)
def test_unknown_addresses_name_what_is_there(build: Build, address: Address, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        _ = build(VOLTAGES + IDENTITY)[address]
    assert str(caught.value) == sentence


def test_an_object_without_entries_has_no_neighbours(build: Build) -> None:
    with pytest.raises(UsageError, match=r"1018h:01 is not in device.eds$"):
        _ = build("[1018]\nParameterName=Identity\nObjectType=9\n")[Address(0x1018, 1)]


@pytest.mark.parametrize(
    "text", ["Identity Object.Vendor Id", " identity object.VENDOR ID ", "0x1018:01", "1018h:1"]
)
def test_find_by_name_and_address(build: Build, text: str) -> None:
    assert build(IDENTITY).find(text).address == Address(0x1018, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Voltage Request",
            "'Voltage Request' is the name of 2271h:00 and 2276h:00; take one by its address",
        ),
        (
            "voltage request",
            "'voltage request' is the name of 2271h:00 and 2276h:00; take one by its address",
        ),
        ("Devise Type", "no object is named 'Devise Type' in device.eds; did you mean 'Device Type'?"),
        (
            "vendor id",
            "no object is named 'vendor id' in device.eds; did you mean 'Identity Object.Vendor Id'?",
        ),
        (
            "Identity Object",
            "no object is named 'Identity Object' in device.eds; name one of its sub-objects: "
            "1018h:00 'Identity Object.number of entries', 1018h:01 'Identity Object.Vendor Id', "
            "1018h:02 'Identity Object.Product Code'",
        ),
        ("xyz", "no object is named 'xyz' in device.eds; write a name or 0x6070:00"),
        ("0x2272:00", "2272h:00 is not in device.eds; near it are 1018h, 2271h, 2276h"),
    ],
)
def test_find_says_what_there_is(build: Build, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(VOLTAGES + IDENTITY).find(text)
    assert str(caught.value) == sentence


# --- node-ID ----------------------------------------------------------------------------------------------

COB_ID = "[1014]\nParameterName=COB-ID EMCY\nDataType=7\nAccessType=ro\nDefaultValue=$NODEID+0x80\n"


def test_one_file_for_two_nodes(write: Write, complete: Complete) -> None:
    path = write(complete(COB_ID))
    assert [load(path, node)[Address(0x1014)].default for node in (10, 11)] == [0x8A, 0x8B]


@pytest.mark.parametrize("node_id", [1, 127])
def test_the_first_and_the_last_node_id(write: Write, complete: Complete, node_id: int) -> None:
    assert load(write(complete(COB_ID)), node_id)[Address(0x1014)].default == 0x80 + node_id
    assert load(write(complete(COB_ID) + f"[DeviceComissioning]\nNodeID={node_id}\n")).node_id == node_id


@pytest.mark.parametrize("node_id", [0, 128, -1])
def test_refuses_what_is_no_node_id(write: Write, complete: Complete, node_id: int) -> None:
    with pytest.raises(UsageError, match=f"{node_id} is no node-ID; 1 to 127"):
        load(write(complete(COB_ID)), node_id)


def test_an_eds_needs_a_node_id(write: Write, complete: Complete) -> None:
    with pytest.raises(FileError, match="the file names no node-ID; load it with one, 1 to 127"):
        load(write(complete(COB_ID)))


@pytest.mark.parametrize("spelling", ["DeviceComissioning", "DeviceCommissioning"])
def test_a_dcf_names_its_node_id(write: Write, complete: Complete, spelling: str) -> None:
    path = write(complete(COB_ID) + f"[{spelling}]\nNodeID=0x0B\nBaudrate=500\n")
    dictionary = load(path)
    assert dictionary.node_id == dictionary.od.node_id == 11
    assert dictionary.od.bitrate == 500_000
    assert dictionary[Address(0x1014)].default == 0x8B
    assert dictionary.warnings == ()
    assert load(path, 11).warnings == ()
    other = load(path, 10)
    assert other[Address(0x1014)].default == 0x8A
    assert other.warnings == ("line 23: the file is made for node-ID 11, and loaded for 10",)


def test_a_dcf_without_a_usable_node_id(write: Write, complete: Complete) -> None:
    for node_id in (0, 128):
        path = write(complete(COB_ID) + f"[DeviceComissioning]\nNodeID={node_id}\n")
        with pytest.raises(FileError, match=f":23: NodeID: {node_id} is not within 1 to 127"):
            load(path)
    path = write(complete(COB_ID) + "[DeviceComissioning]\nNodeID=$NODEID\n")
    with pytest.raises(FileError, match=r":23: NodeID: \$NODEID needs a node-ID"):
        load(path)
    path = write(complete(COB_ID) + "[DeviceComissioning]\nNodeName=Left\n")
    with pytest.raises(FileError, match=r":22: the file names no node-ID"):
        load(path)
    assert load(path, 10).od.node_id == 10


# --- the device as a whole --------------------------------------------------------------------------------


def test_device_information_reaches_canopen(write: Write, complete: Complete) -> None:
    info = """[DeviceInfo]
VendorName=Example ; Ltd
VendorNumber=0x110
ProductNumber=
RevisionNumber=1.2
BaudRate_500=1
Granularity=8
NrOfRXPDO=8
LSS_Supported=0
CompactPDO=0x1F
"""
    body = complete("").replace("[DeviceInfo]\nVendorName=Example\n", info)
    body += "[DummyUsage]\nDummy0005=1\nDummy0006=0x0\n[Comments]\nLine1=one ; two\nLine2=three\n"
    dictionary = load(write("[FileInfo]\nFileName=a.eds\na:b=1\na:c=2\n" + body), 10)
    about = dictionary.od.device_information
    assert (about.vendor_name, about.vendor_number, about.product_number) == ("Example ; Ltd", 0x110, None)
    assert (about.granularity, about.nr_of_RXPDO, about.LSS_supported) == (8, 8, False)
    assert about.allowed_baudrates == {500_000}
    assert dictionary.od.comments == "one ; two\nthree"
    assert "Dummy0005" in dictionary.od
    assert "Dummy0006" not in dictionary.od
    assert Address(5) not in dictionary
    assert dictionary.warnings == (
        "line 9: RevisionNumber is not taken: it is no number",
        "line 14: CompactPDO is not expanded: only PDOs with sections of their own are known",
    )


def test_bit_rates_reach_canopen(write: Write, complete: Complete) -> None:
    rates = {10, 20, 50, 125, 250, 500, 800, 1000}
    lines = "".join(f"BaudRate_{rate}=1\n" for rate in rates)
    path = write(complete("").replace("[DeviceInfo]\n", "[DeviceInfo]\n" + lines))
    assert load(path, 10).od.device_information.allowed_baudrates == {1000 * rate for rate in rates}


def test_lists_and_objects_are_compared(write: Write) -> None:
    objects = "[1000]\nParameterName=A\nDataType=7\nAccessType=ro\n[1001]\nParameterName=B\nDataType=5\nAccessType=ro\n"
    lists = "[DeviceInfo]\n[MandatoryObjects]\nSupportedObjects=3\n1=0x1000\n2=0x1018\n"
    lists += "[OptionalObjects]\nSupportedObjects=1\n1=\n"
    assert load(write(lists + objects), 10).warnings == (
        "line 3: [MandatoryObjects] lists 2 objects, SupportedObjects says 3",
        "line 5: 1018h is listed, but has no section; it is not known",
        "line 13: 1001h is not listed, but has a section; it is taken",
    )
    assert load(write(objects), 10).warnings == (
        "line 1: the file has no [DeviceInfo], which is mandatory",
        "line 1: the file lists no objects; all that it describes are taken",
    )


def test_sections_that_are_not_read_are_named(build: Build) -> None:
    dictionary = build(
        "[Tools]\nItems=1\n[Tool1]\nName=x\n[1000ObjectLinks]\nObjectLinks=0\n[DynamicChannels]\nNrOfSeg=0\n"
        "[SupportedModules]\nNrOfEntries=0\n[6O70]\nParameterName=letter O\n[0005]\nParameterName=UNSIGNED8\n"
        "[607]\nParameterName=digit lost\n[2000sub100]\nParameterName=digit won\n"
    )
    assert dictionary.warnings == (
        "line 23: [6O70] is no known section; not read",
        "line 27: [607] is no known section; not read",
        "line 29: [2000sub100] is no known section; not read",
    )


@pytest.mark.parametrize(
    "modules",
    ["[SupportedModules]\nNrOfEntries=1\n", "[SupportedModules]\nNrOfEntries=0\n[M1ModuleInfo]\nx=y\n"],
)
def test_modules_are_said_to_be_missing(build: Build, modules: str) -> None:
    assert build(modules).warnings == ("line 13: the objects of modules are not read",)


def test_half_a_pdo_is_completed_for_canopen_too(build: Build) -> None:
    half = "[1400]\nParameterName=RPDO 1\nObjectType=9\n[1400sub1]\nParameterName=COB-ID\nDataType=7\nAccessType=rw\n"
    half += "DefaultValue=$NODEID+0x200\n"
    other = "[1A01]\nParameterName=TPDO 2\nObjectType=8\n[1A01sub0]\nParameterName=Number\nDataType=5\n"
    other += "AccessType=rw\nDefaultValue=0\n"
    dictionary = build(half + other)
    assert dictionary.warnings == (
        "line 13: [1400] is half of RPDO1: 1600h is added as in CiA 301",
        "line 21: [1A01] is half of TPDO2: 1801h is added as in CiA 301",
    )
    assert [entry.name for entry in dictionary if entry.address.index == 0x1600] == [
        "Number of mapped objects",
        *(f"Mapped object {slot}" for slot in range(1, 9)),
    ]
    assert [entry.address.sub for entry in dictionary if entry.address.index == 0x1801] == [0, 1, 2, 3, 5]
    assert dictionary[Address(0x1600)].default is None
    assert dictionary[Address(0x1801, 5)].full_name == "TPDO communication parameter 2.Event timer"
    node = RemoteNode(10, dictionary.od)
    assert list(node.rpdo) == [1]
    assert list(node.tpdo) == [2]


# --- canopen's dictionary of the same file ----------------------------------------------------------------


def variable(od: ObjectDictionary, name: int | str) -> ODVariable:
    """canopen's variable of an index or a name."""
    found = od[name]
    assert isinstance(found, ODVariable)
    return found


def test_canopen_gets_every_object(build: Build) -> None:
    dictionary = build(
        VOLTAGES
        + IDENTITY
        + COB_ID
        + "[2010]\nParameterName=Blob ; raw\nObjectType=2\nAccessType=wo\nStorageLocation=RAM\n"
        + "[2011]\nParameterName=Ratio\nDataType=8\nAccessType=rw\nLowLimit=0.5\nHighLimit=2.5\nDefaultValue=1.25\n"
        + "[2012]\nParameterName=Turns\nDataType=0x10\nAccessType=rw\nLowLimit=-5\nHighLimit=5\nDefaultValue=-1\n"
        + "[2013]\nParameterName=Label\nDataType=9\nAccessType=rw\nPDOMapping=1\n"
        + "DefaultValue=a ; b\nParameterValue=c\nDescription=d ; e\n"
        + "[2014]\nParameterName=Key\nDataType=0xA\nAccessType=rw\nDefaultValue=01 02\n"
        + "[2015]\nParameterName=Table\nObjectType=8\nStorageLocation=ROM\nDataType=3\nAccessType=rw\nCompactSubObj=2\n"
        + "[2016]\nParameterName=Time\nDataType=0xC\nAccessType=rw\nDefaultValue=010203040506\n"
        + "[2017]\nParameterName=COB-ID SYNC\nDataType=7\nAccessType=rw\nDefaultValue=0x600-$NODEID\n"
    )
    od = dictionary.od
    for entry in dictionary:
        var = od.get_variable(entry.address.index, entry.address.sub)
        assert var is not None
        assert (var.name, var.data_type, var.access_type) == (entry.name, entry.data_type, entry.access)
        assert (var.min, var.max, var.unit) == (entry.low, entry.high, entry.unit)
        assert (var.factor, var.description) == (entry.factor or 1, entry.description)
        assert var.pdo_mappable == entry.pdo_mappable
        assert (var.default if var.value is None else var.value) == entry.default
    assert set(od) == dictionary.indices
    emcy, sync = variable(od, 0x1014), variable(od, 0x2017)
    assert (emcy.default, emcy.relative, vars(emcy)["default_raw"]) == (0x8A, True, "$NODEID+0x80")
    assert (sync.default, sync.relative) == (0x5F6, False)
    assert vars(od["Blob ; raw"])["index"] == 0x2010
    assert vars(od[0x2010])["storage_location"] == "RAM"
    assert vars(od["Table"])["storage_location"] == "ROM"
    assert vars(variable(od, 0x2013))["default"] == "a ; b"
    assert vars(variable(od, "Label"))["value"] == "c"
    assert variable(od, "Table.Table2").subindex == 2


def test_canopen_exports_what_it_got(build: Build) -> None:
    od = build(
        COB_ID
        + "[2000]\nParameterName=Offset\nDataType=3\nAccessType=rw\nDefaultValue=0xFFFB\nParameterValue=-6\n"
        + "[2001]\nParameterName=Key\nDataType=0xA\nAccessType=rw\nDefaultValue=01 02\nParameterValue=03\n"
    ).od
    text = StringIO()
    with pytest.warns(DeprecationWarning, match="utcnow") if sys.version_info >= (3, 12) else nullcontext():
        export_od(od, text, "dcf")
    assert "DefaultValue=$NODEID+0x80\n" in text.getvalue()
    assert "DefaultValue=-5\nParameterValue=-6\n" in text.getvalue()
    assert "DefaultValue=0102\nParameterValue=03\n" in text.getvalue()


def test_a_shared_name_is_no_name_for_canopen(build: Build) -> None:
    body = "[2000]\nParameterName=Cells\nObjectType=9\n"
    for sub, name in enumerate(("Voltage", "Voltage", "Number"), 1):
        body += f"[2000sub{sub}]\nParameterName={name}\nDataType=5\nAccessType=ro\n"
    dictionary = build(VOLTAGES + body)
    assert dictionary.od[0x2271].name == dictionary.od[0x2276].name == "Voltage Request"
    with pytest.raises(KeyError):
        _ = dictionary.od["Voltage Request"]
    with pytest.raises(KeyError):
        _ = dictionary.od["Cells.Voltage"]
    assert variable(dictionary.od, "Cells.Number").subindex == 3
    with pytest.raises(UsageError, match=r"'Cells\.Voltage' is the name of 2000h:01 and 2000h:02"):
        dictionary.find("Cells.Voltage")


def test_what_canopen_loses_is_an_error(
    write: Write, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(complete(IDENTITY))
    od = load(path, 10).od
    record = od[0x1018]
    assert isinstance(record, ODRecord)
    del record[2]

    def losing(source: object, node_id: int | None) -> ObjectDictionary:
        return od

    monkeypatch.setattr(eds, "import_od", losing)
    with pytest.raises(FileError, match=r"device.eds:13: canopen lost a part of 1018h"):
        load(path, 10)


def test_neither_warnings_nor_log(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        dictionary = build(VOLTAGES + IDENTITY + "[2010]\nParameterName=Odd\nDataType=0x20\nAccessType=rw\n")
    assert caplog.records == []
    assert len(dictionary.warnings) == 1


# --- any file ---------------------------------------------------------------------------------------------

WHOLE = (
    "[FileInfo]\nFileName=a.eds\n[DeviceInfo]\nVendorName=Example\nGranularity=8\n[DummyUsage]\nDummy0005=1\n"
    "[MandatoryObjects]\nSupportedObjects=3\n1=0x1014\n2=0x1018\n3=0x2271\n[Comments]\nLine1=Hello\n"
    + COB_ID
    + IDENTITY
    + VOLTAGES
    + "[1003]\nParameterName=Error\nObjectType=8\nDataType=7\nAccessType=ro\nCompactSubObj=3\n[1003Name]\n1=First\n"
    + "[1400]\nParameterName=RPDO\nObjectType=9\n[1400sub1]\nParameterName=COB-ID\nDataType=7\nAccessType=rw\n"
    + "[2011]\nParameterName=Ratio\nDataType=8\nAccessType=rw\nLowLimit=0.5\nHighLimit=2.5\nDefaultValue=1.25\n"
    + "[DeviceComissioning]\nNodeID=10\nBaudrate=500\n"
).splitlines()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_file_is_loaded_whole_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines = list(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.sampled_from(lines))
        change = data.draw(st.sampled_from(["drop", "double", "move", "cut", "value", "insert"]))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "move":
            lines.insert(at, other)
        elif change == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, 30))]
        elif change == "value":
            value = st.sampled_from(
                ["", "0", "-1", "0xFF", "08", "$NODEID", "1.5", "x", "1e999", " ; y", "0x7FFFFFFFFF"]
            )
            lines[at] = lines[at].partition("=")[0] + "=" + data.draw(value)
        else:
            lines.insert(at, data.draw(st.text(max_size=20)))
    path = tmp_path_factory.getbasetemp() / "any.eds"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    try:
        dictionary = load(path, 10)
    except FileError as refusal:
        event(refusal.problem.partition("'")[0])
        return
    od = dictionary.od
    variables = [od[index] for index in od if index >= 0x1000]
    assert len(dictionary) == sum(1 if isinstance(found, ODVariable) else len(found) for found in variables)
    for entry in dictionary:
        var = dictionary.od.get_variable(entry.address.index, entry.address.sub)
        assert var is not None
        assert (var.name, var.data_type) == (entry.name, entry.data_type)
        assert entry.default is None or entry.default_bytes is not None
    defaults(dictionary)


@pytest.mark.long
@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer slows our half down and not canopen's")
def test_20_000_entries_take_little_longer_than_canopen_needs(write: Write, complete: Complete) -> None:
    keys = "DataType=6\nAccessType=rw\nDefaultValue=0x10\nPDOMapping=1\nLowLimit=0\nHighLimit=0x1000\n"
    body = ""
    for index in range(0x2000, 0x2000 + 1000):
        body += f"[{index:04X}]\nParameterName=Object {index:04X}\nObjectType=9\nSubNumber=20\n"
        body += "".join(f"[{index:04X}sub{sub:X}]\nParameterName=Value {sub}\n{keys}" for sub in range(20))
    path = write(complete(body))

    def seconds(action: Callable[[], object]) -> float:
        gc.collect()
        start = time.process_time()
        action()
        return time.process_time() - start

    assert len(load(path, 10)) == 20_001
    gc.disable()  # its pauses hit either half
    try:
        rounds = [
            (seconds(lambda: load(path, 10)), seconds(lambda: import_od(str(path), 10))) for _ in range(5)
        ]
    finally:
        gc.enable()
    assert min(ours for ours, _ in rounds) < 1.3 * min(theirs for _, theirs in rounds)
