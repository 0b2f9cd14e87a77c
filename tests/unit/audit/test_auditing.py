"""What an audit asks for, who was audited, and devices that are no charger."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from deltaq_master.audit.auditing import audit, further_objects, identity, mapped_objects
from deltaq_master.charger.audit_knowledge import KNOWLEDGE
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.protocol.knowledge import Knowledge
from deltaq_master.protocol.nmt import NmtState
from tests.unit.audit.looking import at, observed, report

ROOT = Path(__file__).resolve().parents[3]

TINY = """[FileInfo]
FileName=tiny.eds
[DeviceInfo]
VendorName=Example
[MandatoryObjects]
SupportedObjects=1
1=0x1000
[1000]
ParameterName=Device type
DataType=0x0007
AccessType=ro
DefaultValue=0x00000191
"""

MODULE = (
    TINY.replace("SupportedObjects=1\n", "SupportedObjects=5\n2=0x1800\n3=0x1A00\n4=0x1400\n5=0x1600\n")
    + """[1800]
ParameterName=TPDO1
ObjectType=0x9
[1800sub0]
ParameterName=Highest
DataType=0x0005
AccessType=ro
DefaultValue=6
[1800sub1]
ParameterName=COB-ID
DataType=0x0007
AccessType=rw
DefaultValue=$NODEID+0x40000180
[1800sub2]
ParameterName=Type
DataType=0x0005
AccessType=rw
DefaultValue=0xFF
[1800sub3]
ParameterName=Inhibit
DataType=0x0006
AccessType=rw
DefaultValue=50
[1800sub6]
ParameterName=SYNC start
DataType=0x0005
AccessType=rw
DefaultValue=0
[1A00]
ParameterName=TPDO1 mapping
ObjectType=0x9
[1A00sub0]
ParameterName=Count
DataType=0x0005
AccessType=rw
DefaultValue=0
[1A00sub1]
ParameterName=Slot
DataType=0x0007
AccessType=rw
DefaultValue=0
"""
)


def tiny(tmp_path: Path, text: str) -> Dictionary:
    path = tmp_path / "tiny.eds"
    path.write_text(text, encoding="ascii")
    return load(path, 5)


def test_what_is_read_beside_the_parameters(dictionary: Dictionary) -> None:
    wanted = further_objects(dictionary, KNOWLEDGE)
    # The first PDOs that the EDS does not have, to know whether the device has more; 1000h last of all.
    assert [str(each) for each in wanted[:2]] == ["1408h:01", "1808h:01"]
    assert [str(each) for each in wanted[-7:]] == [
        *("1018h:01", "1018h:02", "1018h:03", "1018h:04"),
        *("1008h:00", "100Ah:00", "1000h:00"),
    ]
    assert {at("1014"), at("1016:01"), at("1200:02"), at("2104"), at("2276"), at("6060")} <= set(wanted)
    plain = further_objects(dictionary, Knowledge())
    assert not {at("1016:01"), at("2104")} & set(plain)


def test_what_heard_tpdos_map_is_read_once(dictionary: Dictionary) -> None:
    seen = observed(dictionary, frames={0x18A: "00" * 8}, state=NmtState.OPERATIONAL)
    # 2101h is known already, 2FFAh:02 is mapped twice; TPDO2 was not heard.
    assert [str(each) for each in mapped_objects(seen, dictionary)] == ["2002h:00", "2006h:00", "2FFAh:02"]


def test_who_was_audited(dictionary: Dictionary) -> None:
    found = identity(observed(dictionary))
    assert (found.device_type, found.vendor, found.name) == ("000001A3h", "00000110h", "ICL1500-85")
    assert (found.software, found.state) == ("001.008", "pre-operational")
    assert found.words == "node 10 (ICL1500-85, 1000h 000001A3h, vendor 00000110h)"
    unknown = identity(observed(dictionary, first={}, state=None))
    assert (unknown.words, unknown.state) == ("node 10", "")


def test_a_device_without_pdos_is_never_clean(tmp_path: Path) -> None:
    dictionary = tiny(tmp_path, TINY)
    found = audit(observed(dictionary, first={"1000": "91 01 00 00"}), dictionary)
    assert [str(each) for each in found.missing] == [
        "PDOs: tiny.eds has no PDO parameters, so there was nothing to read"
    ]
    assert further_objects(dictionary, Knowledge()) == (at("1000"),)


def test_what_was_not_asked_for_is_missing(dictionary: Dictionary) -> None:
    seen = observed(dictionary)
    values = {address: data for address, data in seen.values.items() if address != at("1803:04")}
    found = audit(replace(seen, values=values), dictionary, knowledge=KNOWLEDGE)
    assert [str(each) for each in found.missing] == ["TPDO4 reserved entry (1803h:04): it was not asked for"]


def test_words_for_every_parameter(tmp_path: Path) -> None:
    dictionary = tiny(tmp_path, MODULE)
    changes = {
        "1000": "91 01 00 00",
        "1800:00": "05",
        "1800:01": "85 09 00 00",  # bits above the ID
        "1800:03": "64 00",
        "1800:06": "01",
    }
    found = audit(observed(dictionary, changes, first={}), dictionary).findings
    said = [(each.object, each.expected, each.found) for each in found]
    assert said == [
        ("1800h:00", "6", "5"),
        ("1800h:01", "185h, enabled, no RTR", "185h, enabled, bits 11 to 28 not 0 (00000985h)"),
        ("1800h:03", "50 x 100 us", "100 x 100 us"),
        ("1800h:06", "0", "1"),
    ]


def test_an_object_without_a_fixed_length_has_some(dictionary: Dictionary) -> None:
    # 1008h is a text; the EDS does not let it be mapped either.
    found = report(dictionary, {"1A02:03": "00 00 08 10"}).findings
    assert {each.rule for each in found if each.pdo == "TPDO3"} == {"not-mappable", "bit-length"}


def test_the_audit_needs_no_charger() -> None:
    code = (
        "import json, sys; import deltaq_master.audit.auditing, deltaq_master.audit.report_html,"
        "deltaq_master.audit.report_sarif, deltaq_master.audit.report_junit, deltaq_master.audit.baseline;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout)
    heavy = {"lxml", "cantools", "deltaq_master.charger", "deltaq_master.link"}
    assert "deltaq_master.audit.rules" in modules
    assert not heavy & set(modules)
